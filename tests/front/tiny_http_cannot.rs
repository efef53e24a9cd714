//! What tiny_http 0.12 does and the receiver cannot keep it from, so that `docs/DESIGN.md` need not be believed. Each test
//! asserts today's behaviour and fails when it gets better; then its line leaves both lists.

use crate::support::client::{Answer, Client, Nothing};
use crate::support::receiver::{Receiver, start};
use crate::support::request::{signed, unsigned};
use crate::support::{PATIENCE, SECRET, SILENCE, signer};
use std::os::unix::process::ExitStatusExt;

/// A connection on which `bytes` were sent and that is still open for more.
fn having_sent(receiver: &Receiver, bytes: &[u8]) -> Client {
    let mut client = receiver.connect();
    client.write(bytes);
    client
}

/// That nothing comes. It can only be too lenient: a slow machine does not fail it.
fn expect_silence(client: &mut Client) {
    client.be_patient_for(SILENCE);
    assert_eq!(client.try_head().map(|answer| answer.text()), Err(Nothing::Silence));
    client.be_patient_for(PATIENCE);
}

/// The answer that tiny_http gives by itself: no problem document.
fn expect_bare(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_ne!(answer.header("Content-Type"), Some("application/problem+json"), "{}", answer.text());
}

/// A signed request for `{}` with `lines` among its header lines, written as they are.
fn with_lines(lines: &[u8]) -> Vec<u8> {
    let start = b"POST /webhook HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n";
    [&start[..], lines, b"\r\n\r\n{}"].concat()
}

fn signature() -> String {
    signer::signature(SECRET.as_bytes(), b"{}")
}

/// Dropping its reader allocates what was declared. 2^62 bytes are more than any machine can address.
#[test]
fn one_huge_content_length_aborts_the_process() {
    let mut receiver = start();
    let mut client = having_sent(&receiver, &unsigned("").header("Content-Length", (1_u64 << 62).to_string()).bytes());
    assert_eq!(client.try_head().map(|answer| answer.text()), Err(Nothing::Closed));
    let (status, events) = receiver.wait();
    assert_eq!(status.signal(), Some(6), "SIGABRT");
    assert!(events.is_empty());
}

/// Up to 1,024 bytes are read before it hands the request on; more, when it is answered.
#[test]
fn a_refusal_waits_for_the_body_that_it_does_not_need() {
    let receiver = start();
    for (post, status) in [
        (unsigned("{}"), 400),
        (unsigned("x".repeat(2000)), 400),
        (unsigned("{}").to("/other"), 404),
        (unsigned("{}").by("PUT"), 405),
    ] {
        let mut client = having_sent(&receiver, &post.head());
        expect_silence(&mut client);
        client.write(&post.body);
        client.answer().expect_problem(status);
    }
}

/// The loop that judges requests reads their bodies.
#[test]
fn a_body_that_stalls_holds_up_everybody() {
    let receiver = start();
    let slow = signed(format!("\"{}\"", "x".repeat(2000))).header("Expect", "100-continue");
    let mut slow_client = having_sent(&receiver, &slow.head());
    assert_eq!(slow_client.answer().status, 100);
    let mut other = having_sent(&receiver, &signed("{}").bytes());
    expect_silence(&mut other);
    slow_client.write(&slow.body);
    slow_client.answer().expect_success();
    other.answer().expect_success();
}

/// Its requests are queued without bound, and each of their answers may hold the loop as long as the send timeout.
#[test]
fn a_client_that_pipelines_and_reads_no_answer_holds_up_everybody() {
    let receiver = start();
    let request = unsigned("").header("X-Padding", "x".repeat(250)).by("GET");
    // Their answers are more than the sockets' buffers take, so that the loop comes to wait.
    let pipelining = having_sent(&receiver, &request.bytes().repeat(40_000));
    let mut held_up = (0..100).find_map(|_| {
        let mut other = having_sent(&receiver, &signed("{}").bytes());
        other.be_patient_for(SILENCE);
        (other.try_head().err() == Some(Nothing::Silence)).then_some(other)
    });
    let other = held_up.as_mut().expect("somebody waits");
    drop(pipelining);
    other.be_patient_for(PATIENCE);
    other.answer().expect_success();
}

#[test]
fn a_head_of_any_size_is_read_whole() {
    let receiver = start();
    receiver.accept(&signed("{}").header("X-Padding", "x".repeat(2 * 1024 * 1024)));
    receiver.accept(&signed("{}").to(&format!("/webhook?{}", "x".repeat(512 * 1024))));
    let many = (0..5000).fold(signed("{}"), |post, _| post.header("X-Y", "z"));
    receiver.accept(&many);
}

/// It trims what Unicode calls white space, not what HTTP does.
#[test]
fn vertical_tabs_and_form_feeds_around_a_value_are_trimmed() {
    let receiver = start();
    for trimmed in ["\x0b", "\x0c", "\x0b\x0c", "\r", "\n", "\r\r"] {
        for value in [format!("{trimmed}{}", signature()), format!("{}{trimmed}", signature())] {
            let (answer, _) = receiver.exchange(&unsigned("{}").header("X-Hub-Signature-256", value).bytes());
            answer.expect_success();
            receiver.next_event();
        }
    }
}

/// RFC 9110 §5.5: CR and NUL within a value are to be refused or replaced; RFC 9112 §3.2: so is a request without one Host.
#[test]
fn control_characters_within_a_value_and_a_missing_host_are_let_through() {
    let receiver = start();
    for note in ["a\rb", "a\0b", "a\x01b", "a\x7fb"] {
        receiver.accept(&signed("{}").header("X-Note", note));
    }
    let request = String::from_utf8(signed("{}").bytes()).unwrap();
    for host in ["", "Host: a\r\nHost: b\r\n"] {
        receiver.send_raw(request.replace("Host: localhost\r\n", host).as_bytes()).expect_success();
        receiver.next_event();
    }
}

/// RFC 9112 §5.2: obs-fold is to be refused, or taken as part of the line before.
#[test]
fn a_folded_line_is_a_header_of_its_own() {
    let receiver = start();
    for space in [" ", "\t"] {
        let lines = format!("X-Note: a\r\n{space}X-Hub-Signature-256: {}", signature());
        receiver.send_raw(&with_lines(lines.as_bytes())).expect_success();
        receiver.next_event();
    }
}

/// RFC 9110 §5.5: obs-text is opaque data, no reason to hang up.
#[test]
fn a_byte_that_is_not_ascii_in_a_header_ends_the_connection_without_an_answer() {
    let receiver = start();
    for value in ["é", "sha256=\u{ff11}", "ſha256="] {
        let mut client = having_sent(&receiver, &signed("{}").header("X-Note", value).bytes());
        assert_eq!(client.try_head().map(|answer| answer.text()), Err(Nothing::Closed));
    }
    receiver.expect_no_event();
}

#[test]
fn lines_that_end_in_a_bare_line_feed_never_end() {
    let receiver = start();
    let bytes = String::from_utf8(signed("{}").bytes()).unwrap().replace("\r\n", "\n");
    let mut client = having_sent(&receiver, bytes.as_bytes());
    expect_silence(&mut client);
    client.end();
    assert_eq!(client.try_head().map(|answer| answer.text()), Err(Nothing::Closed));
}

#[test]
fn a_bare_line_feed_within_a_value_is_part_of_it() {
    let receiver = start();
    let smuggled = format!("X-Note: a\nX-Hub-Signature-256: sha256=0\r\nX-Hub-Signature-256: {}", signature());
    receiver.send_raw(&with_lines(smuggled.as_bytes())).expect_success();
}

/// Malformed heads are answered by tiny_http, without a word about what is wrong.
#[test]
fn a_malformed_head_is_a_bare_400() {
    let receiver = start();
    for bytes in [
        with_lines(b"no colon"),
        with_lines(b"X-Note : a"),
        with_lines(b"X Note: a"),
        b"POST /webhook\r\n\r\n".to_vec(),
        b"POST /webhook HTTP/1.2\r\n\r\n".to_vec(),
        b"POST  /webhook HTTP/1.1\r\n\r\n".to_vec(),
        b"nonsense\r\n\r\n".to_vec(),
        b"\r\n\r\n".to_vec(),
    ] {
        expect_bare(&having_sent(&receiver, &bytes).answer(), 400);
    }
    receiver.expect_no_event();
}

/// Its 505 waits for the request to be let go, and the request is let go after the 505.
#[test]
fn a_request_of_http_2_holds_its_thread_and_its_connection_for_ever() {
    let receiver = start();
    let mut client = having_sent(&receiver, b"PRI * HTTP/2.0\r\n\r\n");
    client.end();
    expect_silence(&mut client);
    receiver.expect_no_event();
    expect_silence(&mut client);
}

#[test]
fn an_unknown_expectation_is_a_bare_417() {
    let receiver = start();
    expect_bare(&having_sent(&receiver, &signed("{}").header("Expect", "tea").bytes()).answer(), 417);
    receiver.expect_no_event();
}

#[test]
fn words_behind_the_version_are_ignored() {
    let receiver = start();
    let bytes = String::from_utf8(signed("{}").bytes()).unwrap().replace("HTTP/1.1\r", "HTTP/1.1 and more\r");
    receiver.send_raw(bytes.as_bytes()).expect_success();
}

/// Up to 1,024 bytes; a longer body that ends early is refused as it should.
#[test]
fn a_short_body_that_ends_early_gets_no_answer() {
    let receiver = start();
    let mut client = having_sent(&receiver, &signed("{}").header("Content-Length", "3").bytes());
    client.end();
    assert_eq!(client.try_head().map(|answer| answer.text()), Err(Nothing::Closed));
    receiver.expect_no_event();
}

/// RFC 9112 §8: a chunked body without its last chunk is incomplete. What it held still has to be signed.
#[test]
fn a_chunk_that_breaks_off_reads_as_the_end_of_the_body() {
    let receiver = start();
    let mut cut = signed("[1]").header("Transfer-Encoding", "chunked");
    cut.body = b"5\r\n[1]".to_vec();
    receiver.send(&cut).expect_success();
    assert_eq!(receiver.next_event().payload(), "[1]");
}

/// RFC 9112 §7.1: chunk-size is hex digits and nothing else; §7.1.2: trailer fields are to be taken.
#[test]
fn chunk_sizes_are_read_too_kindly_and_trailers_are_not_read_at_all() {
    let receiver = start();
    let chunked = |body: &str| {
        let mut post = signed("{}").header("Transfer-Encoding", "chunked");
        post.body = body.into();
        receiver.exchange(&post.bytes()).0
    };
    for body in ["+2\r\n{}\r\n0\r\n\r\n", " 2\r\n{}\r\n0\r\n\r\n", "2\t\r\n{}\r\n+0\r\n\r\n"] {
        chunked(body).expect_success();
        receiver.next_event();
    }
    chunked("2\r\n{}\r\n0\r\nX-Trailer: a\r\n\r\n").expect_problem(400);
    receiver.expect_no_event();
}

/// The answer says `Connection: close`, but only the client can.
#[test]
fn a_connection_is_not_closed_after_its_answer() {
    let receiver = start();
    let mut client = having_sent(&receiver, &signed("[1]").bytes());
    client.answer().expect_success();
    expect_silence(&mut client);
    client.write(&signed("[2]").bytes());
    client.answer().expect_success();
    assert_eq!([receiver.next_event().payload(), receiver.next_event().payload()], ["[1]", "[2]"]);
}

/// RFC 9112 §9.6: after `Connection: close`, further requests must not be processed.
#[test]
fn a_request_behind_an_answer_that_says_close_is_served() {
    let receiver = start();
    let (answer, rest) = receiver.exchange(&[signed("[1]").bytes(), signed("[2]").bytes()].concat());
    answer.expect_success();
    assert!(rest.starts_with(b"HTTP/1.1 200 "));
    assert_eq!([receiver.next_event().payload(), receiver.next_event().payload()], ["[1]", "[2]"]);
}

/// Behind a proxy that frames the body otherwise, that is request smuggling; here it still has to be signed.
#[test]
fn the_body_of_a_request_with_doubtful_framing_is_read_as_the_next_request() {
    let receiver = start();
    let mut doubtful = signed("{}").header("Content-Length", "999").header("Transfer-Encoding", "chunked");
    doubtful.body = signed("[\"smuggled\"]").bytes();
    let (answer, rest) = receiver.exchange(&doubtful.bytes());
    assert_eq!(answer.status, 400);
    assert!(rest.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(receiver.next_event().payload(), "[\"smuggled\"]");
}
