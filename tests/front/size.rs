//! How long a body may be.

use crate::support::receiver::start;
use crate::support::request::{Post, signed, unsigned};
use std::sync::OnceLock;

const LIMIT_BYTES: usize = 25 * 1024 * 1024;

/// A signed delivery of exactly the limit, of which little comes out. Signing that much takes seconds in a debug build, so
/// it is done once.
fn longest() -> &'static Post {
    static LONGEST: OnceLock<Post> = OnceLock::new();
    LONGEST.get_or_init(|| signed([vec![b' '; LIMIT_BYTES - 1], b"1".to_vec()].concat()))
}

/// One byte longer. Its size is refused before its signature would be.
fn too_long() -> Post {
    let mut post = longest().clone();
    post.body.push(b' ');
    post
}

#[test]
fn a_body_of_25_mib_is_accepted_and_one_byte_more_is_413() {
    let receiver = start();
    assert_eq!(receiver.accept(longest()).payload(), "1");
    // Declared; the body comes.
    assert!(!receiver.send(&too_long()).expect_problem(413).is_empty());
    receiver.expect_no_event();
}

#[test]
fn a_body_declared_too_long_is_413_before_it_comes() {
    let receiver = start();
    for declared in [LIMIT_BYTES + 1, 2 * LIMIT_BYTES] {
        for post in [unsigned(""), signed("")] {
            let answer = receiver.send(&post.header("Content-Length", declared.to_string()));
            assert!(!answer.expect_problem(413).is_empty());
        }
    }
    receiver.expect_no_event();
}

#[test]
fn a_chunked_body_is_as_good_as_a_declared_one() {
    let receiver = start();
    let body = format!("[{}1]", "1,".repeat(5000));
    for chunk_bytes in [1000, 4096, 65_536] {
        assert_eq!(receiver.accept(&signed(&body).chunked(chunk_bytes)).payload(), body);
    }
    let short = "[1,2]";
    assert_eq!(receiver.accept(&signed(short).chunked(1)).payload(), short);
    // Sizes in either case, with leading zeros, with an extension (RFC 9112 §7.1).
    let mut written_otherwise = signed(r#"{"a":"bcdef"}"#).header("Transfer-Encoding", "chunked");
    written_otherwise.body = b"00a;name=\"value\"\r\n{\"a\":\"bcde\r\n3\r\nf\"}\r\n0\r\n\r\n".to_vec();
    assert_eq!(receiver.accept(&written_otherwise).payload(), r#"{"a":"bcdef"}"#);
    written_otherwise.body = b"A\r\n{\"a\":\"bcde\r\n3\r\nf\"}\r\n000\r\n\r\n".to_vec();
    assert_eq!(receiver.accept(&written_otherwise).payload(), r#"{"a":"bcdef"}"#);
}

#[test]
fn a_chunked_body_is_signed_like_any_other() {
    let receiver = start();
    let mut forged = signed("[1,2]");
    forged.body = b"[1,3]".to_vec();
    receiver.refuse(&forged.chunked(2), 401, "Signature mismatch - unauthorized");
    let (answer, _) = receiver.exchange(&unsigned("[1,2]").chunked(2).bytes());
    answer.expect_refusal(400, "Missing signature header or payload");
    receiver.refuse(&signed("").chunked(2), 400, "Missing signature header or payload");
}

#[test]
fn a_chunked_body_over_the_limit_is_413() {
    let receiver = start();
    assert_eq!(receiver.accept(&longest().clone().chunked(1024 * 1024)).payload(), "1");
    let (answer, _) = receiver.exchange(&too_long().chunked(1024 * 1024).bytes());
    assert!(!answer.expect_problem(413).is_empty());
    receiver.expect_no_event();
}
