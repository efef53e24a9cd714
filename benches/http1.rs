//! Parsing, framing and answering on one connection, without sockets: what stands between the bytes and the verdict.
//!
//! The service takes every request at once, so that neither MAC nor JSON is timed here (`benches/receive.rs` has those). Each
//! request is answered, since only then is the next one looked at.

#[allow(dead_code, reason = "other benches use the rest")]
#[path = "support/delivery.rs"]
mod delivery;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use delivery::Delivery;
use hookgate::http1::{Buffers, Connection, Limits, Service, Verdict, Want};
use hookgate::{Answer, BODY_LIMIT_BYTES, Head, Refusal, Request, UnixTime};
use std::hint::black_box;
use std::time::Duration;

const DATE: UnixTime = UnixTime::from_s(1_700_000_000);
const NOW: Duration = Duration::from_secs(1);

/// The body of a push as GitHub sends it, of 1,024 bytes.
const PUSH: &[u8; 1024] = include_bytes!("support/push.json");

/// So many requests are sent before one is answered.
const PIPELINED: usize = 16;

/// A piece that a request comes in where it comes in pieces, in bytes: far less than any network's, so that what each costs
/// is seen.
const PIECE_BYTES: usize = 64;

/// A chunk of a chunked body, in bytes.
const CHUNK_BYTES: usize = 256;

fn take(criterion: &mut Criterion) {
    let whole = push(&format!("Content-Length: {}", PUSH.len()), PUSH);
    let chunked = push("Transfer-Encoding: chunked", &chunks());
    let pipelined = whole.repeat(PIPELINED);
    let mut group = criterion.benchmark_group("http1/push/1KiB");
    for (name, bytes, piece_bytes, requests) in [
        ("whole", &whole, usize::MAX, 1),
        ("pieces", &whole, PIECE_BYTES, 1),
        ("chunked", &chunked, usize::MAX, 1),
        ("pipelined", &pipelined, usize::MAX, PIPELINED),
    ] {
        // One connection takes them all, as one of a busy client does.
        let mut peer = Peer::new(Limits { requests: u32::MAX, ..Limits::default() });
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let taken = peer.feed(black_box(bytes), piece_bytes);
                assert_eq!(taken, Taken { requests, body_bytes: requests * PUSH.len(), status: *b"503" });
                assert_eq!(peer.connection.want(), Want::Read);
            });
        });
    }
}

fn refuse(criterion: &mut Criterion) {
    let limits = Limits::default();
    // As long as a head may be, and a byte more; its end is not in sight.
    let mut head = b"POST /webhook HTTP/1.1\r\nHost: hooks.example.org\r\n".to_vec();
    while head.len() <= limits.head_bytes {
        head.extend_from_slice(format!("X-Padding: {}\r\n", "x".repeat(1000)).as_bytes());
    }
    head.truncate(limits.head_bytes + 1);
    let mut peer = Peer::new(limits);
    let mut group = criterion.benchmark_group("http1/refuse");
    group.throughput(Throughput::Bytes(head.len() as u64));
    group.bench_function("head/32KiB", |bencher| {
        bencher.iter(|| {
            peer.connection = Connection::new(&limits, NOW);
            let taken = peer.feed(black_box(&head), usize::MAX);
            assert_eq!(taken, Taken { requests: 0, body_bytes: 0, status: *b"431" });
            assert_eq!(peer.connection.want(), Want::Linger);
        });
    });
}

/// A push with GitHub's header fields, but framed by `framing`, which is a field without its line end.
fn push(framing: &str, body: &[u8]) -> Vec<u8> {
    let delivery = Delivery::signed(PUSH.to_vec());
    let mut bytes = b"POST /webhook HTTP/1.1\r\n".to_vec();
    for field in delivery.headers() {
        if field.name == "Content-Length" {
            bytes.extend_from_slice(framing.as_bytes());
        } else {
            bytes.extend_from_slice(field.name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(field.value);
        }
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(body);
    bytes
}

fn chunks() -> Vec<u8> {
    let mut bytes = Vec::new();
    for chunk in PUSH.chunks(CHUNK_BYTES) {
        bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        bytes.extend_from_slice(chunk);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"0\r\n\r\n");
    bytes
}

/// A connection, and the front that it needs.
struct Peer {
    connection: Connection,
    limits: Limits,
    buffers: Buffers,
    /// Made once: what an answer says is not http1's.
    answer: Answer,
}

/// What came of some bytes.
#[derive(Debug, PartialEq)]
struct Taken {
    requests: usize,
    body_bytes: usize,
    /// Of the last answer.
    status: [u8; 3],
}

impl Peer {
    fn new(limits: Limits) -> Self {
        let connection = Connection::new(&limits, NOW);
        Peer { connection, limits, buffers: Buffers::default(), answer: Answer::unavailable() }
    }

    /// Feeds `bytes` in pieces, answers what is asked, and throws the answers away.
    fn feed(&mut self, bytes: &[u8], piece_bytes: usize) -> Taken {
        let Peer { connection, limits, buffers, answer } = self;
        let mut taken = Taken { requests: 0, body_bytes: 0, status: *b"000" };
        for piece in bytes.chunks(piece_bytes) {
            connection.feed(piece, limits, buffers, NOW);
            connection.advance(&mut taken, limits, NOW, DATE);
            loop {
                match connection.want() {
                    Want::Answer => connection.answer(answer, limits, NOW, DATE),
                    Want::Advance => connection.advance(&mut taken, limits, NOW, DATE),
                    Want::Write => {
                        let pending = connection.pending();
                        let status = pending.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.first_chunk());
                        taken.status = *status.expect("an answer begins with its status");
                        let count = pending.len();
                        connection.wrote(count, limits, buffers, NOW);
                    }
                    Want::Read | Want::Linger | Want::Close => break,
                }
            }
        }
        taken
    }
}

impl Service for Taken {
    fn admit(&mut self, _: &Head<'_>, _: Option<u64>) -> Result<u64, Refusal> {
        Ok(BODY_LIMIT_BYTES)
    }

    fn decide(&mut self, request: &Request<'_>) -> Verdict {
        assert_eq!((request.head.method, request.head.target), ("POST", "/webhook"));
        self.requests += 1;
        self.body_bytes += request.body.len();
        Verdict::Later
    }
}

criterion_group! {
    name = benches;
    // Short, so that all of them take a minute: what is timed is small and steady.
    config = Criterion::default().warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(2));
    targets = take, refuse
}
criterion_main!(benches);
