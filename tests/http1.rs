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

use checks::{DATE, Outcome, Recorder, cut, run, whole, without_continue};
use hookgate::http1::{Buffers, Connection, Limits, Want};
use proptest::prelude::*;
use std::path::Path;
use std::time::Duration;

/// A POST with these lines behind its Host, and what follows the head.
fn post(lines: &str, rest: &str) -> String {
    format!("POST /webhook HTTP/1.1\r\nHost: a.example\r\n{lines}\r\n{rest}")
}

/// Requests that are whole and well formed, and how many bytes of body each has.
fn well_formed() -> Vec<(String, Vec<u8>)> {
    vec![
        (post("", ""), vec![]),
        (post("Content-Length: 5\r\n", "hello"), b"hello".to_vec()),
        (post("content-length:5\r\n", "hello"), b"hello".to_vec()),
        (post("Content-Length: 0\r\n", ""), vec![]),
        (post("Content-Length: 00005\r\n", "hello"), b"hello".to_vec()),
        (post("Content-Length: \t5 \r\n", "hello"), b"hello".to_vec()),
        (post("Transfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), b"hello".to_vec()),
        (post("Transfer-Encoding: CHUNKED\r\n", "2\r\nhe\r\n3;a=b;c=\"d e\"\r\nllo\r\n000\r\n\r\n"), b"hello".to_vec()),
        (
            post(
                "Transfer-Encoding: chunked\r\n",
                "A\r\n0123456789\r\na\r\nabcdefghij\r\n0\r\nX-Trailer: x\r\nY:\r\n\r\n",
            ),
            b"0123456789abcdefghij".to_vec(),
        ),
        (post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), vec![]),
        (post("Transfer-Encoding: chunked\r\n", "1 \r\nx\r\n0\r\n\r\n").replace("1 \r\n", "1;\r\n"), b"x".to_vec()),
        (post("Expect: 100-continue\r\nContent-Length: 2\r\n", "{}"), b"{}".to_vec()),
        (post("X-Empty:\r\nX-Tab:\ta\tb\r\nX-Obs: \u{e9}\r\n", ""), vec![]),
        ("POST http://a.example/webhook HTTP/1.1\r\nHost: a.example\r\n\r\n".into(), vec![]),
        ("OPTIONS * HTTP/1.1\r\nHost: a.example:80\r\n\r\n".into(), vec![]),
        ("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n".into(), vec![]),
        ("GET / HTTP/1.1\r\nHost: [::1]:5000\r\n\r\n".into(), vec![]),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n".into(), vec![]),
        ("!#$%&'*+-.^_`|~09AZaz / HTTP/1.1\r\nHost: a\r\n\r\n".into(), vec![]),
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n".into(), vec![]),
    ]
}

/// What is refused: the status, where it says so, and the bytes.
fn refused() -> Vec<(u16, &'static str, String)> {
    let mut cases: Vec<(u16, &'static str, String)> = Vec::new();
    let mut add = |status, source, bytes: String| cases.push((status, source, bytes));
    let cl_te = "RFC 9112 §6.1, §11.2: request smuggling";
    add(400, cl_te, post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
    add(400, cl_te, post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"));
    add(400, cl_te, post("Transfer-Encoding: identity\r\nContent-Length: 5\r\n", "hello"));
    for length in [
        "+5",
        "-5",
        "5 5",
        "5,5",
        "5, 5",
        "0x5",
        "5.0",
        "5e0",
        "",
        "a",
        "5;",
        "\"5\"",
        "18446744073709551616",
        "99999999999999999999999",
    ] {
        add(400, "RFC 9110 §8.6: Content-Length = 1*DIGIT", post(&format!("Content-Length: {length}\r\n"), "hello"));
    }
    add(400, "RFC 9112 §6.3: repeated Content-Length", post("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"));
    add(400, "RFC 9112 §6.3: differing Content-Length", post("Content-Length: 5\r\nContent-Length: 6\r\n", "hello!"));
    for coding in [
        "gzip",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "identity",
        "",
        "chunked;q=1",
        "\"chunked\"",
        "xchunked",
        "chunked,",
        "cow",
    ] {
        add(
            501,
            "RFC 9112 §6.1: transfer codings not understood",
            post(&format!("Transfer-Encoding: {coding}\r\n"), "0\r\n\r\n"),
        );
    }
    add(
        501,
        "http-garden: two Transfer-Encoding lines",
        post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    );
    add(
        400,
        "RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0",
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
    );
    add(400, "http-garden: vertical tab before chunked", post("Transfer-Encoding:\x0bchunked\r\n", "0\r\n\r\n"));
    add(400, "RFC 9112 §5.1: white space before the colon", post("Content-Length : 5\r\n", "hello"));
    add(400, "RFC 9112 §5.1: tab before the colon", post("Transfer-Encoding\t: chunked\r\n", "0\r\n\r\n"));
    add(400, "RFC 9112 §5.2: obs-fold", post("X-A: b\r\n c\r\n", ""));
    add(400, "RFC 9112 §5.2: obs-fold by tab", post("X-A: b\r\n\tc\r\n", ""));
    add(400, "RFC 9112 §2.2: white space before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n".into());
    add(400, "RFC 9112 §2.2: bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n".into());
    add(400, "RFC 9112 §2.2: bare LF after a field", "GET / HTTP/1.1\r\nHost: a\n\r\n".into());
    add(400, "RFC 9112 §2.2: bare LF as the last line", "GET / HTTP/1.1\r\nHost: a\r\n\n".into());
    add(400, "RFC 9112 §2.2: a whole head of bare LF", "GET / HTTP/1.1\nHost: a\n\n".into());
    add(400, "RFC 9112 §2.2: bare CR in a value", post("X-A: b\rc\r\n", ""));
    add(400, "RFC 9112 §2.2: bare CR as a line end", "GET / HTTP/1.1\rHost: a\r\n\r\n".into());
    add(400, "RFC 9112 §2.2: CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n".into());
    for control in ["\0", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x7f"] {
        add(400, "RFC 9110 §5.5: control bytes in a value", post(&format!("X-A: b{control}c\r\n"), ""));
        add(400, "RFC 9110 §5.6.2: control bytes in a name", post(&format!("X{control}A: b\r\n"), ""));
        add(400, "RFC 9112 §3.2: control bytes in a target", format!("GET /{control} HTTP/1.1\r\nHost: a\r\n\r\n"));
        add(400, "RFC 9110 §9.1: control bytes in a method", format!("G{control}T / HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    for name in ["", " ", "X A", "X(A", "X\"A", "X/A", "X\u{e9}A", "X@A", "X[A", "X{A"] {
        add(400, "RFC 9110 §5.6.2: a field name is a token", post(&format!("{name}: b\r\n"), ""));
    }
    add(400, "RFC 9112 §5: a line without a colon", post("X-A\r\n", ""));
    add(400, "RFC 9112 §3.2: no Host", "GET / HTTP/1.1\r\n\r\n".into());
    add(400, "RFC 9112 §3.2: two Hosts", post("Host: a.example\r\n", ""));
    add(400, "RFC 9112 §3.2: two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n".into());
    for host in [
        "a b", "a@b", "a/b", "http://a", "a:b", "a:80:80", "[::1", "::1", "[::1]x", "[::g]", "a\"b", "a\\b", "a?b",
        "a#b", "\u{e9}", "a%zz", "<a>", "[]",
    ] {
        add(400, "RFC 9110 §7.2: Host = uri-host [\":\" port]", format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    }
    for target in ["webhook", "", "a.example:80", "ftp://a/b", "/a#b", "/\u{e9}", "*", "http:/a", "?a"] {
        add(400, "RFC 9112 §3.2: forms of the target", format!("GET {target} HTTP/1.1\r\nHost: a\r\n\r\n"));
    }
    add(400, "RFC 9112 §3.2.4: asterisk form is for OPTIONS", "POST * HTTP/1.1\r\nHost: a\r\n\r\n".into());
    add(400, "RFC 9112 §3.2.3: authority form is for CONNECT", "POST a:80 HTTP/1.1\r\nHost: a\r\n\r\n".into());
    for line in [
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        " GET / HTTP/1.1",
        "GET / HTTP/1.1 ",
        "GET\t/\tHTTP/1.1",
        "GET / a HTTP/1.1",
        "GET /",
        "GET",
        "G(T / HTTP/1.1",
        "/ HTTP/1.1",
    ] {
        add(
            400,
            "RFC 9112 §3: request-line = method SP request-target SP HTTP-version",
            format!("{line}\r\nHost: a\r\n\r\n"),
        );
    }
    for version in ["HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "HTTP/1.9"] {
        add(505, "RFC 9110 §15.6.6", format!("GET / {version}\r\nHost: a\r\n\r\n"));
    }
    for version in [
        "http/1.1",
        "HTTP/1.10",
        "HTTP/1",
        "HTTP/11",
        "HTTP/1,1",
        "HTTP 1.1",
        "HTTPS/1.1",
        "HTTP/a.b",
        "HTTP/ 1.1",
        "SIP/2.0",
    ] {
        add(400, "RFC 9112 §2.3: HTTP-version", format!("GET / {version}\r\nHost: a\r\n\r\n"));
    }
    add(400, "RFC 9113 §3.4: the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".into());
    add(400, "TLS on a plain port", "\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03\n".into());
    for size in ["+5", "-5", "0x5", " 5", "5 ", "5\t", "", "g", "5g", ";", "ffffffffffffffffff", "5,", "5\x0b"] {
        add(
            400,
            "RFC 9112 §7.1: chunk-size = 1*HEXDIG",
            post("Transfer-Encoding: chunked\r\n", &format!("{size}\r\nhello\r\n0\r\n\r\n")),
        );
    }
    add(
        400,
        "RFC 9112 §7.1: bare LF after a chunk size",
        post("Transfer-Encoding: chunked\r\n", "5\nhello\r\n0\r\n\r\n"),
    );
    add(
        400,
        "CVE-2025-4366, http-garden: bare LF in an extension",
        post("Transfer-Encoding: chunked\r\n", "5;a\nhello\r\n0\r\n\r\n"),
    );
    add(
        400,
        "http-garden: bare CR in an extension",
        post("Transfer-Encoding: chunked\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n"),
    );
    add(
        400,
        "RFC 9112 §7.1: no CRLF after a chunk",
        post("Transfer-Encoding: chunked\r\n", "5\r\nhelloX\r\n0\r\n\r\n"),
    );
    add(400, "RFC 9112 §7.1: bare LF after a chunk", post("Transfer-Encoding: chunked\r\n", "5\r\nhello\n0\r\n\r\n"));
    add(
        400,
        "http-garden: two bytes that are not CRLF after a chunk",
        post("Transfer-Encoding: chunked\r\n", "5\r\nhelloXX0\r\n\r\n"),
    );
    add(
        400,
        "a limit of ours: the chunk-size line",
        post("Transfer-Encoding: chunked\r\n", &format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(253))),
    );
    add(
        400,
        "a limit of ours: zeros before a chunk size",
        post("Transfer-Encoding: chunked\r\n", &format!("{}5\r\nhello\r\n0\r\n\r\n", "0".repeat(256))),
    );
    add(400, "RFC 9112 §7.1.2: a trailer is a field", post("Transfer-Encoding: chunked\r\n", "0\r\nno colon\r\n\r\n"));
    add(400, "RFC 9112 §7.1.2: bare LF in a trailer", post("Transfer-Encoding: chunked\r\n", "0\r\nX: y\n\r\n"));
    add(
        400,
        "RFC 9112 §7.1.2: a control byte in a trailer",
        post("Transfer-Encoding: chunked\r\n", "0\r\nX: \0\r\n\r\n"),
    );
    add(
        400,
        "a limit of ours: the trailer section",
        post("Transfer-Encoding: chunked\r\n", &format!("0\r\nX: {}\r\n\r\n", "a".repeat(8192))),
    );
    add(413, "RFC 9110 §15.5.14, by Content-Length", post("Content-Length: 1001\r\n", ""));
    add(413, "RFC 9110 §15.5.14, at the chunk's size line", post("Transfer-Encoding: chunked\r\n", "3e9\r\n"));
    add(
        413,
        "RFC 9110 §15.5.14, at a later chunk's size line",
        post("Transfer-Encoding: chunked\r\n", "1\r\nx\r\n3e8\r\n"),
    );
    add(413, "a length no memory has", post("Content-Length: 18446744073709551615\r\n", ""));
    add(413, "a chunk no memory has", post("Transfer-Encoding: chunked\r\n", "ffffffffffffffff\r\n"));
    add(414, "RFC 9110 §15.5.15", format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(8192)));
    add(414, "RFC 9110 §15.5.15, without an end", format!("GET /{}", "a".repeat(40_000)));
    add(431, "RFC 6585 §5: one long field", post(&format!("X: {}\r\n", "a".repeat(33_000)), ""));
    add(
        431,
        "RFC 6585 §5: one field without an end",
        format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(33_000)),
    );
    add(431, "RFC 6585 §5: many fields", post(&"X: a\r\n".repeat(128), ""));
    for expectation in ["", "200-ok", "100-continue, x", "100-continue;x"] {
        add(417, "RFC 9110 §10.1.1", post(&format!("Expect: {expectation}\r\nContent-Length: 2\r\n"), "{}"));
    }
    cases
}

#[test]
fn what_is_well_formed_is_read_with_its_body_and_the_connection_goes_on() {
    for (bytes, body) in well_formed() {
        let outcome = whole(bytes.as_bytes());
        assert_eq!(outcome.seen.len(), 1, "{bytes:?}");
        assert_eq!(outcome.seen[0].2, body, "{bytes:?}");
        assert_eq!((outcome.statuses(), outcome.want), (vec![503], Want::Read), "{bytes:?}");
        let twice = whole(bytes.repeat(2).as_bytes());
        assert_eq!(twice.statuses(), [503, 503], "{bytes:?}");
    }
}

#[test]
fn what_is_refused_is_refused_once_whatever_follows_it_and_however_it_is_split() {
    let cases = refused();
    assert!(cases.len() > 150, "{}", cases.len());
    for (status, source, bytes) in cases {
        let followed = format!("{bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        let outcome = whole(followed.as_bytes());
        assert_eq!((outcome.statuses(), outcome.want), (vec![status], Want::Linger), "{source}: {bytes:?}");
        assert!(outcome.seen.is_empty(), "{source}: {bytes:?}");
        let text = String::from_utf8(outcome.output.clone()).unwrap();
        assert!(text.contains("\r\nConnection: close\r\n"), "{source}: {bytes:?}");
        if bytes.len() < 2000 {
            assert_eq!(run(followed.as_bytes().chunks(1), &Limits::default()), outcome, "{source}: {bytes:?}");
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
        self.connection.expire(&self.limits, due, DATE);
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
fn a_receiver_that_stops_closes_what_is_idle_and_answers_what_is_not() {
    let mut idle = Timed::new();
    idle.connection.drain();
    assert_eq!(idle.connection.want(), Want::Close);
    let mut busy = Timed::new();
    busy.feed(&post("Content-Length: 2\r\n", "{"), 1);
    busy.connection.drain();
    assert_eq!(busy.connection.want(), Want::Read);
    busy.feed("}", 1);
    assert!(busy.write_all(1).contains("\r\nConnection: close\r\n"));
    assert_eq!(busy.connection.want(), Want::Linger);
}

/// Streams of requests, some malformed.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let good: Vec<String> = well_formed().into_iter().map(|(bytes, _)| bytes).collect();
    let bad: Vec<String> =
        refused().into_iter().map(|(_, _, bytes)| bytes).filter(|bytes| bytes.len() < 2000).collect();
    let piece = prop_oneof![8 => prop::sample::select(good), 1 => prop::sample::select(bad)];
    prop::collection::vec(piece, 1..5).prop_map(|pieces| pieces.concat().into_bytes())
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
    fn a_prefix_of_a_well_formed_request_is_incomplete_and_never_wrong(which in 0..well_formed().len(), end in any::<usize>()) {
        let bytes = well_formed().swap_remove(which).0.into_bytes();
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
