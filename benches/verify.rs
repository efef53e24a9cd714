//! Judging one GitHub delivery, and what stands beside it.
//!
//! `bare/hmac` is the floor in the same run: the MAC under a key schedule that is kept, compared with a signature that was
//! decoded beforehand. `benches/rivals` holds the two against each other with more care, and against other libraries.

#[path = "support/delivery.rs"]
mod delivery;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use delivery::{Delivery, SECRET};
use hmac::{Hmac, KeyInit, Mac};
use hookgate::{Header, Refusal, Request, Secret, UnixTime, Verifier, preset};
use sha2::Sha256;
use std::hint::black_box;
use std::time::Duration;

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const LENGTHS: [(&str, usize); 5] =
    [("0B", 0), ("64B", 64), ("1KiB", 1024), ("16KiB", 16 * 1024), ("1MiB", 1024 * 1024)];

/// The body of a push as GitHub sends it, of 1,024 bytes.
const PUSH: &[u8; 1024] = include_bytes!("support/push.json");

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
    targets = accept, refuse, floor
}
criterion_main!(benches);
