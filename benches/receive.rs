//! Deciding one whole push: all that is checked before the body, the MAC, then that it is JSON; and the last alone.

#[allow(dead_code, reason = "other benches use the rest")]
#[path = "support/delivery.rs"]
mod delivery;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};
use delivery::{Delivery, SECRET};
use hookgate::access::Rates;
use hookgate::{Header, Receiver, Receivers, Refusal, Request, Secret, UnixTime, Verifier, json, preset};
use std::hint::black_box;
use std::time::Duration;

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const LENGTHS: [(&str, usize); 3] = [("1KiB", 1024), ("16KiB", 16 * 1024), ("1MiB", 1024 * 1024)];

/// The body of a push as GitHub sends it, of 1,024 bytes.
const PUSH: &[u8; 1024] = include_bytes!("support/push.json");

fn accept(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("receive/github/accept");
    for (name, bytes) in LENGTHS {
        let deliveries: Vec<Delivery> = pushes(bytes).into_iter().map(Delivery::signed).collect();
        group.throughput(Throughput::Bytes(bytes as u64));
        decide(&mut group, name, &deliveries, |verdict| assert_eq!(verdict, Ok(())));
    }
}

/// The same of 1 KiB among several sources, of which it is the last; their paths are as long.
fn sources(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("receive/sources");
    let deliveries: Vec<Delivery> = pushes(1024).into_iter().map(Delivery::signed).collect();
    let headers: Vec<Vec<Header<'_>>> = deliveries.iter().map(Delivery::headers).collect();
    let requests: Vec<Request<'_>> = deliveries.iter().zip(&headers).map(|(it, headers)| it.request(headers)).collect();
    group.throughput(Throughput::Bytes(1024));
    for count in [1, 10] {
        let others = (1..count).map(|number| receiver(&format!("/webhoo{number}")));
        let receivers = Receivers::new(others.chain([receiver("/webhook")]).collect()).expect("their paths differ");
        let (mut rates, now) = (Rates::default(), Duration::from_secs(1));
        let mut next = requests.iter().cycle();
        group.bench_function(count.to_string(), |bencher| {
            bencher.iter(|| {
                let request = black_box(next.next().expect("they come round"));
                assert_eq!(receivers.enter(&request.head, None, &mut rates, now), Ok(()));
                let received = receivers.receive(request, &mut rates, (now, NOW));
                assert_eq!(received.map(|(number, _)| number), Ok(count - 1));
            });
        });
    }
}

fn receiver(path: &str) -> Receiver {
    let secret = Secret::new(SECRET.to_vec()).expect("it is not empty");
    let verifier =
        Verifier::new(preset("github").expect("a preset"), [("main".to_string(), secret)]).expect("a secret");
    Receiver::new("github".into(), path.into(), verifier).expect("a path")
}

fn refuse(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("receive/github/refuse/not-json");
    for (name, bytes) in LENGTHS {
        // Rightly signed, and JSON but for its last byte.
        let broken = |mut body: Vec<u8>| {
            body.pop();
            body.push(b'x');
            Delivery::signed(body)
        };
        let deliveries: Vec<Delivery> = pushes(bytes).into_iter().map(broken).collect();
        group.throughput(Throughput::Bytes(bytes as u64));
        decide(&mut group, name, &deliveries, |verdict| {
            assert!(matches!(verdict, Err(Refusal::InvalidJson(json::NotJson::Grammar { .. }))), "{verdict:?}");
        });
    }
}

fn payload(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("json/check");
    for (name, bytes) in LENGTHS {
        let bodies = pushes(bytes);
        let mut next = bodies.iter().cycle();
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let body = black_box(next.next().expect("they come round"));
                assert_eq!(json::check(body).map(str::len), Ok(bytes));
            });
        });
    }
}

/// Bodies of `bytes`, as many as [`Delivery::several`] has and for its reasons: a push, or an array of pushes and a string that
/// fills up the rest. They differ in a digit of a hash.
fn pushes(bytes: usize) -> Vec<Vec<u8>> {
    Delivery::several(bytes).iter().zip(b'0'..=b'7').map(|(_, digit)| push(bytes, digit)).collect()
}

fn push(bytes: usize, digit: u8) -> Vec<u8> {
    let hash = PUSH.windows(8).position(|window| window == b"6113728f").expect("`before` begins so");
    let mut one = PUSH.to_vec();
    one.splice(hash..=hash, [digit]);
    if bytes == one.len() {
        return one;
    }
    let mut body = vec![b'['];
    while body.len() + one.len() + b",\"\"]".len() <= bytes {
        body.extend_from_slice(&one);
        body.push(b',');
    }
    body.push(b'"');
    body.resize(bytes - b"\"]".len(), b'x');
    body.extend_from_slice(b"\"]");
    body
}

/// Times the receiver's verdict on `deliveries`, in turn; `assert` says what it has to be.
fn decide(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    deliveries: &[Delivery],
    assert: impl Fn(Result<(), Refusal>),
) {
    let receiver = receiver("/webhook");
    let headers: Vec<Vec<Header<'_>>> = deliveries.iter().map(Delivery::headers).collect();
    let requests: Vec<Request<'_>> = deliveries.iter().zip(&headers).map(|(it, headers)| it.request(headers)).collect();
    let mut next = requests.iter().cycle();
    group.bench_function(name, |bencher| {
        bencher.iter(|| assert(receiver.receive(black_box(next.next().expect("they come round")), NOW).map(drop)));
    });
}

criterion_group! {
    name = benches;
    // Short, so that all of them take a minute: what is timed is small and steady.
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = accept, sources, refuse, payload
}
criterion_main!(benches);
