//! Why a signature does not match: in the log, and never in the answer.
#![cfg(feature = "explain")]

use crate::support::client::Answer;
use crate::support::receiver::start;
use crate::support::request::{Post, signed};
use std::time::Instant;

/// A delivery with a newline at its body's end that was not signed.
fn with_newline() -> Post {
    let mut post = signed("{}");
    post.body = b"{}\n".to_vec();
    post
}

#[test]
fn the_log_says_why_and_the_answer_does_not() {
    let receiver = start();
    let mut tampered = signed("{}");
    tampered.body = b"[]".to_vec();
    let answer = receiver.send(&with_newline());
    answer.expect_refusal(401, "Signature mismatch - unauthorized");
    receiver.expect_talk("refused a delivery to /webhook: body-newline-added: the body ends with a newline");
    let other = receiver.send(&tampered);
    let undated = |answer: &Answer| {
        let text = String::from_utf8_lossy(&answer.raw).into_owned();
        text.lines().filter(|line| !line.starts_with("Date: ")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(undated(&answer), undated(&other), "the answer is that to any mismatch");
    receiver.expect_no_event();
}

#[test]
fn the_log_says_it_once_a_second_at_most() {
    let receiver = start();
    let began = Instant::now();
    for _ in 0..50 {
        receiver.send(&with_newline()).expect_refusal(401, "Signature mismatch - unauthorized");
    }
    receiver.expect_talk("body-newline-added");
    let lines = receiver.talk().matches("body-newline-added").count();
    // One at once, and one for each second that has begun since.
    let most = began.elapsed().as_secs() + 1;
    assert!(u64::try_from(lines).unwrap() <= most, "{lines} lines in {most} s");
}
