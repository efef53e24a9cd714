//! Judging one GitHub delivery, and what stands beside it.
//!
//! `bare/hmac` is the floor in the same run: the MAC under a key schedule that is kept, compared with a signature that was
//! decoded beforehand. `benches/rivals` holds the two against each other with more care, and against other libraries.

#![allow(clippy::print_stdout, reason = "what was measured is printed")]

#[path = "support/delivery.rs"]
mod delivery;
#[allow(dead_code, reason = "the tests, who take more of it")]
#[path = "../tests/checks/keys.rs"]
mod keys;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use delivery::{Delivery, SECRET};
use hmac::{Hmac, KeyInit, Mac};
use hookgate::verify::{Signer, names};
use hookgate::{Head, Header, Refusal, Request, Scheme, Secret, UnixTime, Verifier, preset};
use keys::keys;
use sha2::Sha256;
use std::hint::black_box;
use std::time::{Duration, Instant};

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const LENGTHS: [(&str, usize); 5] =
    [("0B", 0), ("64B", 64), ("1KiB", 1024), ("16KiB", 16 * 1024), ("1MiB", 1024 * 1024)];

/// The body of a push as GitHub sends it, of 1,024 bytes.
const PUSH: &[u8; 1024] = include_bytes!("support/push.json");

/// A message as Twilio reports it: a form, for the schemes that sign a form's parameters.
const FORM: &[u8] = b"AccountSid=AC0123456789abcdef&ApiVersion=2010-04-01&Body=Hello%2C+World%21&From=%2B15005550006&To=%2B15005550001&";

fn accept(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify/github/accept");
    for (name, bytes) in LENGTHS {
        group.throughput(Throughput::Bytes(bytes as u64));
        judge(&mut group, name, &Delivery::several(bytes), Ok(()));
    }
}

fn refuse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("verify/github/refuse");
    for (name, bytes) in LENGTHS {
        // Right for another body, so that nothing but the MAC can tell.
        let foreign = Delivery::signed(b"another body".to_vec()).signature;
        let deliveries: Vec<Delivery> =
            Delivery::several(bytes).into_iter().map(|it| Delivery { signature: foreign.clone(), ..it }).collect();
        group.throughput(Throughput::Bytes(bytes as u64));
        judge(&mut group, name, &deliveries, Err(Refusal::SignatureMismatch));
    }
    // By the header alone: the body is not looked at.
    group.throughput(Throughput::Elements(1));
    for (name, value, refusal) in [
        ("malformed", "sha256=757107ea0eb2509fc211221cce984b8a", Refusal::MalformedSignature),
        ("unsupported", "sha1=757107ea0eb2509fc211221cce984b8a37570b6d", Refusal::UnsupportedAlgorithm),
    ] {
        let delivery = Delivery { signature: value.to_string(), body: PUSH.to_vec() };
        judge(&mut group, name, &[delivery], Err(refusal));
    }
    let unsigned = Delivery::signed(PUSH.to_vec());
    let mut headers = unsigned.headers();
    headers.pop();
    judge_requests(&mut group, "missing", &[unsigned.request(&headers)], Err(Refusal::MissingSignature));
}

fn floor(criterion: &mut Criterion) {
    let keyed = Hmac::<Sha256>::new_from_slice(SECRET).expect("HMAC takes keys of any length (RFC 2104 §3)");
    let mut group = criterion.benchmark_group("bare/hmac");
    for (name, bytes) in LENGTHS {
        let deliveries: Vec<(Vec<u8>, [u8; 32])> =
            Delivery::several(bytes).into_iter().map(|it| (it.body.clone(), it.tag())).collect();
        let mut next = deliveries.iter().cycle();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let (body, tag) = black_box(next.next().expect("they come round"));
                assert!(keyed.clone().chain_update(body).verify_slice(tag).is_ok());
            });
        });
    }
}

/// Bodies, and the most that verifying for any preset may cost over each, as a multiple of GitHub's scheme with the same
/// algorithm and body. What three headers and a list take to read is the same for all bodies, and shows over a short one.
const RATIO_LIMITS: [(&str, usize, f64); 3] = [("1KiB", 1024, 1.1), ("4KiB", 4 * 1024, 1.1), ("16KiB", 16 * 1024, 1.1)];

/// One scheme, and a delivery that is signed for it, its header fields beside those that GitHub's has.
struct Signed {
    verifier: Verifier,
    body: Vec<u8>,
    fields: Vec<(String, String)>,
}

impl Signed {
    fn new(scheme: Scheme, body: &[u8]) -> Signed {
        const URL: &str = "https://hooks.example.org/webhook";
        let (signing, secret) = keys(&scheme, SECRET);
        let signer = Signer::new(&scheme, &signing).expect("a secret of its form");
        let signer = signer.with_id("msg_p5jXN8AQM9LWM0D4loKWxJek").with_url(URL);
        let mut fields = signer.sign(body, NOW).expect("all is given");
        if scheme.signs_form() {
            fields.push(("Content-Type".to_string(), "application/x-www-form-urlencoded".to_string()));
        }
        let verifier = Verifier::accepting_uncovered_body(scheme, [("main".to_string(), secret)], Some(URL))
            .expect("all is given");
        Signed { verifier, body: body.to_vec(), fields }
    }

    fn headers(&self) -> Vec<Header<'_>> {
        let own = self.fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() });
        delivery::FIELDS
            .into_iter()
            .map(|(name, value)| Header { name, value })
            .filter(|header| {
                // What is of the scheme comes once.
                !self.fields.iter().any(|(name, _)| name.eq_ignore_ascii_case(header.name))
            })
            .chain(own)
            .collect()
    }

    /// The least time of `rounds` of 64 verdicts each, taken in turn with that of `other`.
    fn least_times(&self, other: &Signed, rounds: usize) -> (Duration, Duration) {
        let (ours, theirs) = (self.headers(), other.headers());
        let time = |it: &Signed, headers: &[Header<'_>]| {
            let request = Request { head: Head { method: "POST", target: "/webhook", headers }, body: &it.body };
            let start = Instant::now();
            for _ in 0..64 {
                assert!(it.verifier.verify(black_box(&request), NOW).is_ok());
            }
            start.elapsed()
        };
        let mut least = (Duration::MAX, Duration::MAX);
        for _ in 0..rounds {
            least = (least.0.min(time(self, &ours)), least.1.min(time(other, &theirs)));
        }
        least
    }
}

/// Every preset whose MAC is over the body beside GitHub's scheme with the same algorithm: panics where one costs more than
/// [`RATIO_LIMITS`] of it. With `--test` nothing is timed, as with criterion's own: then each has to verify, and that is all.
fn presets(_: &mut Criterion) {
    let is_timed = !std::env::args().any(|argument| argument == "--test");
    for (length, bytes, limit) in RATIO_LIMITS {
        let mut worst = (0.0, "");
        let body = PUSH.repeat(bytes / PUSH.len());
        for (name, scheme) in names().filter_map(|name| Some((name, preset(name)?))) {
            // Beside GitHub's stands what makes an HMAC over the body.
            if !scheme.covers_body() {
                continue;
            }
            if scheme.signs_form() {
                others(scheme, &FORM.repeat(bytes / FORM.len()), length, is_timed);
                continue;
            }
            // A token's MAC is over the token, in which a hash of the body stands among claims that have to be read.
            if !scheme.algorithm.is_hmac() || scheme.signs_token() {
                others(scheme, &body, length, is_timed);
                continue;
            }
            let github = Scheme { algorithm: scheme.algorithm, ..preset("github").expect("a preset") };
            let (scheme, github) = (Signed::new(scheme, &body), Signed::new(github, &body));
            let mut least = (Duration::MAX, Duration::MAX);
            let mut ratio = f64::INFINITY;
            if !is_timed {
                scheme.least_times(&github, 1);
                continue;
            }
            // What else the machine does only adds: where it seems too much, it is measured longer.
            for _ in 0..8 {
                if ratio > limit {
                    let (ours, githubs) = scheme.least_times(&github, 300);
                    least = (least.0.min(ours), least.1.min(githubs));
                    ratio = least.0.as_secs_f64() / least.1.as_secs_f64();
                }
            }
            let ours = least.0;
            println!("verify/{name}/accept/{length}: {:.0} ns, {ratio:.3} of github", ours.as_secs_f64() / 64.0 * 1e9);
            if ratio > worst.0 {
                worst = (ratio, name);
            }
        }
        if !is_timed {
            continue;
        }
        let (ratio, name) = worst;
        println!("the most over {length}: {ratio:.3} of github, for {name}; limit {limit}");
        assert!(ratio <= limit, "verifying for {name} over {length} costs {ratio:.3} of what it costs for github");
    }
}

/// A preset that GitHub's scheme says nothing of: what a public key verifies takes as long as that takes, the parameters of a
/// form are decoded and sorted before they are signed, and a token is read before the body is hashed.
fn others(scheme: Scheme, body: &[u8], length: &str, is_timed: bool) {
    let name = scheme.name.clone();
    let signed = Signed::new(scheme, body);
    let (time, _) = signed.least_times(&signed, if is_timed { 10 } else { 1 });
    if is_timed {
        println!("verify/{name}/accept/{length}: {:.0} ns", time.as_secs_f64() / 64.0 * 1e9);
    }
}

/// Times the verdict on `deliveries`, in turn. Each has to be `expected`.
fn judge(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, deliveries: &[Delivery], expected: Result<(), Refusal>) {
    let headers: Vec<Vec<Header<'_>>> = deliveries.iter().map(Delivery::headers).collect();
    let requests: Vec<Request<'_>> = deliveries.iter().zip(&headers).map(|(it, headers)| it.request(headers)).collect();
    judge_requests(group, name, &requests, expected);
}

fn judge_requests(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    requests: &[Request<'_>],
    expected: Result<(), Refusal>,
) {
    let secret = Secret::new(SECRET.to_vec()).expect("it is not empty");
    let verifier =
        Verifier::new(preset("github").expect("a preset"), [("main".to_string(), secret)]).expect("a secret");
    let mut next = requests.iter().cycle();
    group.bench_function(name, |bencher| {
        bencher.iter(|| {
            let request = black_box(next.next().expect("they come round"));
            assert_eq!(verifier.verify(request, NOW).map(drop), expected);
        });
    });
}

criterion_group! {
    name = benches;
    // Short, so that all of them take a minute: what is timed is small and steady.
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = accept, refuse, floor, presets
}
criterion_main!(benches);
