//! Tests that the time to refuse a signature does not tell how much of it was right: the method of Reparaz, Balasch and
//! Verbauwhede, "Dude, is my code constant time?" (DATE 2017).
//!
//! Two classes of wrong signatures are refused, one request at a time, in random order. Welch's t says how sure it is that
//! their mean times differ; beyond 4.5 (their limit) it is taken for shown. Slow outliers, which belong to the rest of the
//! machine, are cropped at several percentiles, and the greatest |t| of all croppings counts. What is over the limit once
//! may be chance: a leak is over it every time.
//!
//! The same instrument then times the same work followed by a comparison that stops at the first wrong byte. That it finds;
//! were it not to, its silence about ours would mean nothing.
//!
//!     cargo run --release --manifest-path benches/timing/Cargo.toml

mod welch;

use hookgate::{Head, Header, Request, Secret, UnixTime, Verifier, preset, sign};
use std::hash::{BuildHasher, RandomState};
use std::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;
use welch::Comparison;

/// Beyond this, a difference counts as shown.
const T_LIMIT: f64 = 4.5;
/// Requests timed for one comparison, of both classes together.
const SAMPLES: usize = 4_000_000;
/// Prepared before they are timed, so that preparing leaves no trace in the time: a few hundred KiB.
const BATCH: usize = 1000;
/// A difference has to show as many times.
const ATTEMPTS: usize = 3;

const SECRET: &[u8] = b"a secret of the timing test";
/// Short, so that the comparison is as great a part of the time as can be.
const BODY_BYTES: usize = 16;
/// `sha256=` and 64 digits.
const SIGNATURE_BYTES: usize = 7 + 64;
const NOW: UnixTime = UnixTime::from_s(1_700_000_000);

/// Which bytes of a signature are wrong; all others are right.
#[derive(Clone, Copy)]
enum Wrong {
    First,
    Last,
    Every,
}

/// A way to refuse a request, given its right signature.
type Refuse<'r> = &'r dyn Fn(&Request<'_>, &[u8]) -> bool;

fn main() -> ExitCode {
    let verifier =
        Verifier::new(preset("github").expect("a preset"), [("main".to_string(), secret())]).expect("a secret");
    let ours = |request: &Request<'_>, _: &[u8]| verifier.verify(request, NOW).is_err();
    let naive = |request: &Request<'_>, right: &[u8]| {
        let value = request.head.headers.last().map_or(&[][..], |header| header.value);
        // Every byte by itself, as a loop does that the compiler could not see through.
        let same = value.iter().zip(right).all(|(one, other)| black_box(one) == black_box(other));
        verifier.verify(request, NOW).is_err() && !same
    };

    let mut random = Random(RandomState::new().hash_one(0));
    println!("{SAMPLES} requests a line; a difference is shown where |t| is over {T_LIMIT}");
    let mut as_expected = true;
    for (name, refuse, classes, leaks) in [
        ("first byte wrong, last byte wrong", &ours as Refuse<'_>, [Wrong::First, Wrong::Last], false),
        ("every byte wrong, last byte wrong", &ours, [Wrong::Every, Wrong::Last], false),
        ("control that stops at the first wrong byte", &naive, [Wrong::First, Wrong::Last], true),
    ] {
        let shown = (0..ATTEMPTS).all(|_| {
            let comparison = compare(refuse, classes, &mut random);
            let [one, other] = comparison.means_ns();
            let t = comparison.greatest_t();
            println!("  {name:<44} {one:>6.1} ns, {other:>6.1} ns   |t| = {t:.2}");
            t > T_LIMIT
        });
        match (leaks, shown) {
            (false, false) | (true, true) => {}
            (false, true) => println!("hookgate-timing: error: the time tells where a signature differs"),
            (true, false) => println!("hookgate-timing: error: the instrument does not see a leak that is there"),
        }
        as_expected &= leaks == shown;
    }
    if !as_expected {
        return ExitCode::FAILURE;
    }
    println!("The time does not tell where a signature differs; of the control it does, as it should.");
    ExitCode::SUCCESS
}

/// A request before it is put where all are timed.
struct Sample {
    class: usize,
    body: [u8; BODY_BYTES],
    right: [u8; SIGNATURE_BYTES],
    sent: [u8; SIGNATURE_BYTES],
}

/// Times `refuse` on requests of both classes.
fn compare(refuse: Refuse<'_>, classes: [Wrong; 2], random: &mut Random) -> Comparison {
    // Bodies, and with them signatures, that no branch predictor learns.
    let signed: Vec<_> = (0..1024).map(|_| random.bytes()).map(|body| (body, right_signature(&body))).collect();
    let mut comparison = Comparison::default();
    for _ in 0..SAMPLES / BATCH {
        let batch: Vec<Sample> = (0..BATCH)
            .map(|_| {
                let (body, right) = signed[random.below(signed.len())];
                let class = random.below(2);
                Sample { class, body, right, sent: spoil(right, classes[class], random) }
            })
            .collect();
        comparison.add(&time(refuse, &batch));
    }
    comparison
}

/// The class of each sample and the nanoseconds that refusing it took.
fn time(refuse: Refuse<'_>, batch: &[Sample]) -> Vec<(usize, f64)> {
    let mut times = Vec::with_capacity(batch.len());
    for sample in batch {
        // Each time into the same place on the stack.
        let (body, right, sent) = black_box((sample.body, sample.right, sample.sent));
        let headers = [
            Header { name: "Content-Type", value: b"application/json" },
            Header { name: "X-Hub-Signature-256", value: &sent },
        ];
        let request =
            Request { head: Head { method: "POST", target: "/webhook", headers: black_box(&headers) }, body: &body };
        let begun = Instant::now();
        let refused = refuse(black_box(&request), black_box(&right));
        let took = begun.elapsed();
        assert!(refused, "a wrong signature was accepted");
        times.push((sample.class, took.as_nanos() as f64));
    }
    times
}

/// `right` with `wrong` bytes: each any but the right one, in two lower-case digits.
fn spoil(right: [u8; SIGNATURE_BYTES], wrong: Wrong, random: &mut Random) -> [u8; SIGNATURE_BYTES] {
    let places = match wrong {
        Wrong::First => 0..1,
        Wrong::Last => 31..32,
        Wrong::Every => 0..32,
    };
    let mut sent = right;
    for place in places {
        let digits = &mut sent[7 + 2 * place..9 + 2 * place];
        let text = str::from_utf8(digits).expect("sign writes text");
        let byte = u8::from_str_radix(text, 16).expect("sign writes hex digits");
        let other = byte.wrapping_add(1 + random.below(255) as u8);
        digits.copy_from_slice(format!("{other:02x}").as_bytes());
    }
    sent
}

fn secret() -> Secret {
    Secret::new(SECRET.to_vec()).expect("it is not empty")
}

fn right_signature(body: &[u8]) -> [u8; SIGNATURE_BYTES] {
    let fields = sign(&preset("github").expect("a preset"), &secret(), body);
    let value: Vec<u8> = fields.into_iter().flat_map(|(_, value)| value.into_bytes()).collect();
    value.try_into().expect("sha256= and 64 digits")
}

/// SplitMix64 (Steele, Lea, Flood 2014): fair enough to toss coins with.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }

    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.below(256) as u8)
    }
}
