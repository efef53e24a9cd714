//! Holds hookgate's verifier against its floor and its rivals, in one run, and says whether what is claimed of it holds.
//!
//! The floor is the bare `hmac` crate: the MAC of the body under a key schedule that is kept, compared with a signature
//! that was decoded beforehand. ring and aws-lc-rs do the whole job that hookgate does: find the signature's header, strip
//! its prefix, decode it, compute the MAC under a kept key, compare in constant time. Their MAC alone stands beside it.
//!
//! All take turns on the same deliveries, some microseconds each, in an order that rotates, so that whatever else the machine
//! does hits all alike; and since that only ever adds time, what counts of each is the time that a tenth of its turns stay
//! under.
//!
//!     cargo run --release --manifest-path benches/rivals/Cargo.toml

#[path = "../../support/delivery.rs"]
mod delivery;

use delivery::{Delivery, SECRET};
use hmac::{Hmac, KeyInit, Mac};
use hookgate::{Header, Request, Secret, UnixTime, Verifier, preset};
use sha2::Sha256;
use std::hint::black_box;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
/// How long the rounds of one length go on.
const PATIENCE: Duration = Duration::from_secs(4);
/// Requests that a turn verifies.
const TURN: usize = 32;
/// The length whose ratios are claimed, in bytes.
const CLAIMED_BYTES: usize = 1024;

/// What is claimed: that hookgate takes at most this many times as long. Than a rival, no longer; the 2 % beside it is what
/// the ratios of two runs may differ by.
const CLAIMS: [(&str, f64); 3] = [("bare hmac", 1.05), ("ring", 1.02), ("aws-lc-rs", 1.02)];

/// A request, and its signature decoded for those that compute the MAC alone.
struct Case<'a> {
    request: Request<'a>,
    tag: [u8; 32],
}

/// One way to verify, by its name.
type Contestant<'c> = (&'static str, &'c dyn Fn(&Case<'_>) -> bool);

fn main() -> ExitCode {
    let secret = Secret::new(SECRET.to_vec()).expect("it is not empty");
    let verifier =
        Verifier::new(preset("github").expect("a preset"), [("main".to_string(), secret)]).expect("a secret");
    let keyed = Hmac::<Sha256>::new_from_slice(SECRET).expect("HMAC takes keys of any length (RFC 2104 §3)");
    let ring = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET);
    let aws = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET);

    let by_hookgate = |case: &Case<'_>| verifier.verify(&case.request, NOW).is_ok();
    let by_bare_hmac = |case: &Case<'_>| keyed.clone().chain_update(case.request.body).verify_slice(&case.tag).is_ok();
    let by_ring = |case: &Case<'_>| {
        signature(case.request.head.headers)
            .is_some_and(|tag| ring::hmac::verify(&ring, case.request.body, &tag).is_ok())
    };
    let by_aws = |case: &Case<'_>| {
        signature(case.request.head.headers)
            .is_some_and(|tag| aws_lc_rs::hmac::verify(&aws, case.request.body, &tag).is_ok())
    };
    let by_bare_ring = |case: &Case<'_>| ring::hmac::verify(&ring, case.request.body, &case.tag).is_ok();
    let by_bare_aws = |case: &Case<'_>| aws_lc_rs::hmac::verify(&aws, case.request.body, &case.tag).is_ok();
    let contestants: [Contestant<'_>; 6] = [
        ("hookgate", &by_hookgate),
        ("bare hmac", &by_bare_hmac),
        ("ring", &by_ring),
        ("aws-lc-rs", &by_aws),
        ("bare ring", &by_bare_ring),
        ("bare aws-lc-rs", &by_bare_aws),
    ];

    let mut verdict = ExitCode::SUCCESS;
    for bytes in [64, CLAIMED_BYTES, 16 * 1024] {
        println!("{bytes} bytes, accepted:");
        let times = compete(&contestants, bytes);
        let [hookgate_ns, ..] = times;
        for ((name, _), ns) in contestants.iter().zip(times) {
            let ratio = hookgate_ns / ns;
            let claim = CLAIMS.iter().find(|(of, _)| bytes == CLAIMED_BYTES && of == name).map(|(_, limit)| *limit);
            let judged = match claim {
                Some(limit) if ratio > limit => {
                    verdict = ExitCode::FAILURE;
                    format!("  over the limit of {limit:.2}")
                }
                Some(limit) => format!("  within the limit of {limit:.2}"),
                None => String::new(),
            };
            println!("  {name:<14} {ns:>8.0} ns   hookgate/{name:<14} {ratio:.3}{judged}");
        }
    }
    verdict
}

/// Nanoseconds that each contestant takes for one request of `bytes`.
fn compete<const N: usize>(contestants: &[Contestant<'_>; N], bytes: usize) -> [f64; N] {
    let deliveries = Delivery::several(bytes);
    let headers: Vec<Vec<Header<'_>>> = deliveries.iter().map(Delivery::headers).collect();
    let cases: Vec<Case<'_>> = deliveries
        .iter()
        .zip(&headers)
        .map(|(delivery, headers)| Case { request: delivery.request(headers), tag: delivery.tag() })
        .collect();
    let mut times = [const { Vec::new() }; N];
    let start = Instant::now();
    for round in 0.. {
        if start.elapsed() > PATIENCE {
            break;
        }
        for turn in 0..N {
            let whose = (round + turn) % N;
            let (name, verifies) = contestants[whose];
            let begun = Instant::now();
            for case in cases.iter().cycle().take(TURN) {
                assert!(verifies(black_box(case)), "{name} refused a good signature");
            }
            times[whose].push(begun.elapsed().as_nanos() as f64 / TURN as f64);
        }
    }
    times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 10]
    })
}

/// The one signature among `headers`, as somebody who knows the rivals would write it: with the fastest decoder there is.
fn signature(headers: &[Header<'_>]) -> Option<[u8; 32]> {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case("X-Hub-Signature-256"))?;
    let mut tag = [0; 32];
    const_hex::decode_to_slice(header.value.strip_prefix(b"sha256=")?, &mut tag).ok()?;
    Some(tag)
}
