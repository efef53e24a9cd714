//! The pure HTTP/1.1 connection: what it makes of bytes, however they are split.
#![cfg(feature = "evented")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what went wrong by panicking"
)]

#[path = "checks/http1.rs"]
mod checks;
#[path = "checks/http1_reference.rs"]
mod http1_reference;
#[path = "raw/pure.rs"]
mod pure;
#[path = "support/signer.rs"]
mod signer;
#[path = "raw/table.rs"]
mod table;

use checks::{DATE, Outcome, Recorder, cut, run, whole, without_continue};
use hookgate::http1::{Buffers, Connection, Limits, Service, Verdict, Want};
use hookgate::{Head, Refusal, Request};
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;
use table::{Case, End, Step};

/// A POST with these lines behind its Host, and what follows the head.
fn post(lines: &str, rest: &str) -> String {
    format!("POST /webhook HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n{rest}")
}

#[test]
fn the_table_of_connections_holds_however_they_are_cut() {
    for case in table::all() {
        // As much as the evented front reads at once.
        pure::check(&case, 64 * 1024);
        if case.splits && case.bytes().len() < 50_000 {
            pure::check(&case, 1);
            pure::check(&case, 7);
        }
    }
}

#[test]
fn requests_are_answered_up_to_each_limit_and_not_one_further() {
    let target = |bytes: usize| format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(bytes - 1));
    assert_eq!(whole(target(8192).as_bytes()).statuses(), [503]);
    assert_eq!(whole(target(8193).as_bytes()).statuses(), [414]);
    let fields = |count: usize| post(&"X: a\r\n".repeat(count - 1), "");
    assert_eq!(whole(fields(128).as_bytes()).statuses(), [503]);
    assert_eq!(whole(fields(129).as_bytes()).statuses(), [431]);
    let head = |bytes: usize| post(&format!("X: {}\r\n", "a".repeat(bytes - post("X: \r\n", "").len())), "");
    assert_eq!(whole(head(32 * 1024).as_bytes()).statuses(), [503]);
    assert_eq!(whole(head(32 * 1024 + 1).as_bytes()).statuses(), [431]);
    let body = |bytes: usize| post(&format!("Content-Length: {bytes}\r\n"), &"x".repeat(bytes));
    assert_eq!(run(body(1000).as_bytes().chunks(7), &Limits::default()).statuses(), [503]);
    assert_eq!(run(body(1001).as_bytes().chunks(7), &Limits::default()).statuses(), [413]);
    let chunk_line = |bytes: usize| {
        post("Transfer-Encoding: chunked\r\n", &format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(bytes - 4)))
    };
    assert_eq!(whole(chunk_line(256).as_bytes()).statuses(), [503]);
    assert_eq!(whole(chunk_line(257).as_bytes()).statuses(), [400]);
    let limits = Limits { requests: 2, ..Limits::default() };
    let outcome = run([post("", "").repeat(3).as_bytes()], &limits);
    assert_eq!((outcome.statuses(), outcome.want), (vec![503, 503], Want::Linger));
}

#[test]
fn connection_options_are_honoured() {
    for (bytes, kept) in [
        (post("Connection: close\r\n", ""), false),
        (post("Connection: Keep-Alive, Close\r\n", ""), false),
        (post("Connection: keep-alive\r\nConnection: close\r\n", ""), false),
        (post("Connection: closed\r\n", ""), true),
        ("GET / HTTP/1.0\r\n\r\n".into(), false),
        ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".into(), true),
        ("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n".into(), false),
    ] {
        let outcome = whole(bytes.as_bytes());
        let text = String::from_utf8(outcome.output.clone()).unwrap();
        assert_eq!(outcome.want, if kept { Want::Read } else { Want::Linger }, "{bytes:?}");
        assert_eq!(text.contains("Connection: close"), !kept, "{bytes:?}");
        assert_eq!(text.contains("Connection: keep-alive"), kept && bytes.contains("HTTP/1.0"), "{bytes:?}");
    }
}

#[test]
fn a_client_that_expects_it_is_told_to_continue_once_its_head_is_admitted() {
    let head = post("Expect: 100-Continue\r\nContent-Length: 2\r\n", "");
    let outcome = whole(head.as_bytes());
    assert_eq!((outcome.output.as_slice(), outcome.want), (&b"HTTP/1.1 100 Continue\r\n\r\n"[..], Want::Read));
    assert_eq!(run([head.as_bytes(), b"{", b"}"], &Limits::default()).statuses(), [100, 503]);
    let too_long = post("Expect: 100-continue\r\nContent-Length: 2000\r\n", "");
    assert_eq!(whole(too_long.as_bytes()).statuses(), [413]);
    let old = "POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    assert_eq!(whole(old.as_bytes()).statuses(), [] as [u16; 0]);
}

#[test]
fn the_answer_to_a_head_has_no_body_also_where_it_is_refused_early() {
    for bytes in ["HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n"] {
        let output = String::from_utf8(whole(bytes.as_bytes()).output).unwrap();
        assert!(output.ends_with("\r\n\r\n") && !output.contains("about:blank"), "{output}");
    }
}

/// A connection, its clock in seconds, and what it needs beside.
struct Timed {
    connection: Connection,
    limits: Limits,
    buffers: Buffers,
}

impl Timed {
    fn new() -> Self {
        let limits = Limits::default();
        Timed { connection: Connection::new(&limits, Duration::ZERO), limits, buffers: Buffers::default() }
    }

    fn feed(&mut self, bytes: &str, at: u64) {
        let now = Duration::from_secs(at);
        self.connection.feed(bytes.as_bytes(), &self.limits, &mut self.buffers, now);
        self.connection.advance(&mut Recorder::default(), &self.limits, now, DATE);
    }

    fn write_all(&mut self, at: u64) -> String {
        let text = String::from_utf8(self.connection.pending().to_vec()).unwrap();
        self.connection.wrote(text.len(), &self.limits, &mut self.buffers, Duration::from_secs(at));
        text
    }

    fn deadline(&self) -> u64 {
        self.connection.deadline().as_secs()
    }

    fn expire(&mut self) -> Want {
        let due = self.connection.deadline();
        self.connection.expire(&mut Recorder::default(), &self.limits, due, DATE);
        self.connection.want()
    }
}

#[test]
fn a_head_has_ten_seconds_from_the_start_and_dripping_gains_nothing() {
    let mut timed = Timed::new();
    assert_eq!(timed.deadline(), 10);
    for at in 1..9 {
        timed.feed("\r\n", at);
        assert_eq!(timed.deadline(), 10);
    }
    timed.feed("POST / HT", 9);
    assert_eq!(timed.deadline(), 10);
    assert_eq!(timed.expire(), Want::Write);
    assert!(timed.write_all(10).starts_with("HTTP/1.1 408 "));
    assert_eq!((timed.connection.want(), timed.deadline()), (Want::Linger, 12));
    assert_eq!(timed.expire(), Want::Close);
}

#[test]
fn a_connection_that_sends_nothing_is_closed_without_an_answer() {
    assert_eq!(Timed::new().expire(), Want::Close);
}

#[test]
fn a_body_has_thirty_seconds_in_all() {
    let mut timed = Timed::new();
    timed.feed(&post("Content-Length: 20\r\n", ""), 3);
    for at in 4..20 {
        timed.feed("x", at);
        assert_eq!(timed.deadline(), 33);
    }
    assert_eq!(timed.expire(), Want::Write);
    assert!(timed.write_all(33).starts_with("HTTP/1.1 408 "));
}

#[test]
fn between_requests_sixty_seconds_may_pass_and_then_the_next_head_has_ten() {
    let mut timed = Timed::new();
    timed.feed(&post("", ""), 1);
    assert_eq!((timed.connection.want(), timed.deadline()), (Want::Write, 11), "an answer has ten seconds");
    timed.write_all(2);
    assert_eq!((timed.connection.is_idle(), timed.deadline()), (true, 62));
    timed.feed("\r\n", 50);
    assert_eq!(timed.deadline(), 60);
    timed.feed("GET", 59);
    assert_eq!(timed.deadline(), 60);
    assert_eq!(timed.expire(), Want::Write);
}

#[test]
fn an_answer_that_is_not_taken_closes_the_connection() {
    let mut timed = Timed::new();
    timed.feed(&post("", ""), 1);
    assert_eq!(timed.expire(), Want::Close);
}

#[test]
fn an_idle_connection_holds_no_memory() {
    let mut timed = Timed::new();
    timed.feed(&post("Content-Length: 500\r\n", &"x".repeat(500)), 1);
    assert!(timed.connection.held_bytes() > 0);
    timed.write_all(1);
    assert_eq!(timed.connection.held_bytes(), 0);
}

/// Takes bodies of up to so many bytes.
struct UpTo(u64);

impl Service for UpTo {
    fn admit(&mut self, _: &Head<'_>, _: Option<u64>) -> Result<u64, Refusal> {
        Ok(self.0)
    }

    fn decide(&mut self, _: &Request<'_>) -> Verdict {
        Verdict::Later
    }
}

#[test]
fn memory_for_chunks_does_not_grow_past_the_longest_body() {
    const LIMIT: usize = 100_000;
    for piece in [1000, 3500, 6000, 6500] {
        let mut timed = Timed::new();
        let bytes = post("Transfer-Encoding: chunked\r\n", &format!("{LIMIT:x}\r\n{}", "x".repeat(LIMIT)));
        for piece in bytes.as_bytes().chunks(piece) {
            timed.connection.feed(piece, &timed.limits, &mut timed.buffers, Duration::ZERO);
            timed.connection.advance(&mut UpTo(LIMIT as u64), &timed.limits, Duration::ZERO, DATE);
        }
        // Head and chunk's line are under 100 bytes, and an answer's buffer has 2 KiB.
        let held = timed.connection.held_bytes();
        assert!((LIMIT..LIMIT + piece + 100 + 2048).contains(&held), "{held} bytes for pieces of {piece}");
    }
}

#[test]
fn lingering_ends_after_its_bytes() {
    let mut timed = Timed::new();
    timed.feed("bad\r\n\r\n", 1);
    timed.write_all(1);
    let bulk = "x".repeat(64 * 1024);
    for _ in 0..4 {
        timed.feed(&bulk, 1);
        assert_eq!(timed.connection.want(), Want::Linger);
    }
    timed.feed("x", 1);
    assert_eq!(timed.connection.want(), Want::Close);
}

#[test]
fn a_client_that_ends_its_side_gets_the_answers_to_what_it_sent_whole() {
    let mut timed = Timed::new();
    timed.feed(&post("", "GET /half"), 1);
    timed.connection.end_input();
    assert_eq!(timed.connection.want(), Want::Write);
    timed.write_all(1);
    timed.feed("", 1);
    assert_eq!(timed.connection.want(), Want::Close);
}

#[test]
fn a_bare_cr_is_refused_without_waiting_for_the_rest_of_the_head() {
    let head = post("", "");
    for malformed in [
        head.replace("\r\n\r\n", "\r\n\r\r\n"),
        head.replace("\r\n\r\n", "\r\n\r{"),
        head.replace("\r\n\r\n", "\r\r\n"),
        head.replace("\r\n", "\r"),
        "\rG".into(),
    ] {
        for piece_bytes in [1, malformed.len()] {
            let mut timed = Timed::new();
            for piece in malformed.as_bytes().chunks(piece_bytes) {
                assert_eq!(timed.connection.want(), Want::Read, "{malformed:?}");
                timed.feed(str::from_utf8(piece).unwrap(), 1);
                if timed.connection.want() != Want::Read {
                    break;
                }
            }
            assert!(timed.write_all(1).starts_with("HTTP/1.1 400 "), "{malformed:?}");
            assert_eq!(timed.connection.want(), Want::Linger, "{malformed:?}");
        }
    }
}

#[test]
fn which_refusal_a_bare_cr_gets_does_not_hang_on_how_it_came() {
    let many = "X: a\r\n".repeat(200);
    let long = format!("X: {}\r\n", "a".repeat(40 * 1024));
    for (head, status) in [
        (post("X: a\rb\r\n", "").replace("HTTP/1.1", "HTTP/2.0"), 400),
        (post(&format!("{many}X: a\rb\r\n"), ""), 400),
        (post(&format!("X: a\rb\r\n{long}"), ""), 400),
        (post(&format!("{long}X: a\rb\r\n"), ""), 431),
    ] {
        assert_eq!(whole(head.as_bytes()).statuses(), [status]);
        assert_eq!(run(head.as_bytes().chunks(1), &Limits::default()).statuses(), [status]);
        assert_eq!(run(head.as_bytes().chunks(1000), &Limits::default()).statuses(), [status]);
    }
}

#[test]
fn a_receiver_that_stops_closes_what_is_idle_and_answers_what_is_not() {
    let mut idle = Timed::new();
    idle.connection.drain();
    assert_eq!(idle.connection.want(), Want::Read);
    idle.connection.end_if_drained();
    assert_eq!(idle.connection.want(), Want::Close);
    let mut late = Timed::new();
    late.connection.drain();
    late.feed(&post("", ""), 1);
    late.connection.end_if_drained();
    assert!(late.write_all(1).contains("\r\nConnection: close\r\n"));
    let mut busy = Timed::new();
    busy.feed(&post("Content-Length: 2\r\n", "{"), 1);
    busy.connection.drain();
    busy.connection.end_if_drained();
    assert_eq!(busy.connection.want(), Want::Read);
    busy.feed("}", 1);
    assert!(busy.write_all(1).contains("\r\nConnection: close\r\n"));
    assert_eq!(busy.connection.want(), Want::Linger);
}

/// Cases that are one write, at most this long.
fn written_at_once(end: End, most_bytes: usize) -> Vec<Case> {
    let whole = |case: &Case| matches!(case.steps.as_slice(), [Step::Write(bytes)] if bytes.len() <= most_bytes);
    table::all().into_iter().filter(|case| case.end == end && case.splits && whole(case)).collect()
}

/// Streams of requests, some malformed.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let pieces = |end| written_at_once(end, 2000).iter().map(Case::bytes).collect::<Vec<_>>();
    let piece = prop_oneof![
        8 => prop::sample::select(pieces(End::Kept)),
        1 => prop::sample::select(pieces(End::Closed)),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat())
}

/// One request each, well formed.
fn well_formed() -> Vec<Vec<u8>> {
    let one = |case: &Case| case.answers.len() == 1;
    written_at_once(End::Kept, 2000).iter().filter(|case| one(case)).map(Case::bytes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_split_of_a_stream_gives_the_same_requests_and_answers(bytes in stream(), places in prop::collection::vec(any::<usize>(), 0..12)) {
        let limits = Limits::default();
        let split = run(cut(&bytes, &places), &limits);
        prop_assert_eq!(without_continue(split), without_continue(run([bytes.as_slice()], &limits)));
    }

    #[test]
    fn any_bytes_at_all_are_split_the_same(bytes in prop::collection::vec(any::<u8>(), 0..300), places in prop::collection::vec(any::<usize>(), 0..6)) {
        let limits = Limits::default();
        prop_assert_eq!(run(cut(&bytes, &places), &limits), run([bytes.as_slice()], &limits));
    }

    #[test]
    fn a_prefix_of_a_well_formed_request_is_incomplete_and_never_wrong(bytes in prop::sample::select(well_formed()), end in any::<usize>()) {
        let outcome = without_continue(whole(&bytes[..end % bytes.len()]));
        prop_assert_eq!(outcome, Outcome { seen: vec![], output: vec![], want: Want::Read });
    }
}

#[test]
fn every_seed_of_the_fuzz_target_still_holds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/http1");
    let files: Vec<_> = seeds.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 10, "{} seeds", files.len());
    for file in files {
        checks::check(&std::fs::read(file).unwrap());
    }
}
