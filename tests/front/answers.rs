//! The table of answers, a row at a time.

use crate::support::receiver::{setup, start};
use crate::support::request::{signed, signed_with, unsigned};
use crate::support::{SECRET, signer, without_white_space};

const MISSING: &str = "Missing signature header or payload";
const MISMATCH: &str = "Signature mismatch - unauthorized";
const NOT_JSON: &str = "Invalid JSON payload";

#[test]
fn a_signed_delivery_is_answered_200_and_printed_once() {
    let receiver = start();
    let body = r#"{"event_type": "push", "ref": "refs/heads/main"}"#;
    let event = receiver.accept(&signed(body));
    assert_eq!(without_white_space(event.payload()), without_white_space(body));
    receiver.expect_no_event();
}

#[test]
fn githubs_documented_signature_is_right_and_only_its_body_is_not_json() {
    let receiver = start();
    let documented = |digits: &str| unsigned("Hello, World!").header("X-Hub-Signature-256", format!("sha256={digits}"));
    let digits = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    receiver.refuse(&documented(digits), 400, NOT_JSON);
    receiver.refuse(&documented(&digits.replace("3e17", "3e16")), 401, MISMATCH);
}

#[test]
fn a_request_without_a_signature_header_or_a_body_is_400() {
    let receiver = start();
    receiver.refuse(&unsigned("{}"), 400, MISSING);
    receiver.refuse(&unsigned(""), 400, MISSING);
    receiver.refuse(&signed(""), 400, MISSING);
    // GitHub's older header, which it sends beside the other one, is not fallen back to.
    let sha1 = format!("sha1={}", "0".repeat(40));
    receiver.refuse(&unsigned("{}").header("X-Hub-Signature", sha1), 400, MISSING);
    let sha256 = signer::signature(SECRET.as_bytes(), b"{}");
    for other in ["X-Hub-Signature", "X-Hub-Signature-2", "X-Hub-Signature-2566", "X_Hub_Signature_256"] {
        receiver.refuse(&unsigned("{}").header(other, &sha256), 400, MISSING);
    }
}

#[test]
fn a_post_that_declares_no_body_has_none() {
    let receiver = start();
    let head = format!(
        "POST /webhook HTTP/1.1\r\nHost: localhost\r\nX-Hub-Signature-256: {}\r\n\r\n",
        signer::signature(SECRET.as_bytes(), b"")
    );
    receiver.send_raw(head.as_bytes()).expect_refusal(400, MISSING);
    receiver.expect_no_event();
}

#[test]
fn another_secret_is_401() {
    let receiver = start();
    for secret in ["another secret of 16+", &SECRET.to_lowercase(), &format!("{SECRET}\n"), &SECRET[1..], ""] {
        receiver.refuse(&signed_with(secret, "{}"), 401, MISMATCH);
    }
}

#[test]
fn another_body_than_the_signed_one_is_401() {
    let receiver = start();
    let body = r#"{"amount": 100, "to": "a"}"#;
    for other in [
        r#"{"amount": 900, "to": "a"}"#,
        r#"{"amount":100,"to":"a"}"#,
        r#"{"amount": 100, "to": "A"}"#,
        r#"{"to": "a", "amount": 100}"#,
        r#"{"amount": 100, "to": "a"}  "#,
        " {\"amount\": 100, \"to\": \"a\"}",
        "{\"amount\": 100, \"to\": \"a\"}\n",
        r#"{"amount": 100, "to": "\u0061"}"#,
        r#"{"amount": 100, "to": "#,
        "{}",
    ] {
        let mut forged = signed(body);
        forged.body = other.into();
        receiver.refuse(&forged, 401, MISMATCH);
    }
}

#[test]
fn any_flipped_bit_of_the_body_is_401() {
    let receiver = start();
    let body = br#"{"a":1}"#;
    for bit in 0..body.len() * 8 {
        let mut forged = signed(body);
        forged.body[bit / 8] ^= 1 << (bit % 8);
        receiver.send(&forged).expect_refusal(401, MISMATCH);
    }
    receiver.expect_no_event();
}

#[test]
fn any_changed_digit_of_the_signature_is_401() {
    let receiver = start();
    let digits = signer::digits(SECRET.as_bytes(), b"{}");
    for at in 0..digits.len() {
        let changed = if &digits[at..=at] == "0" { "1" } else { "0" };
        let forged = format!("sha256={}{changed}{}", &digits[..at], &digits[at + 1..]);
        receiver.send(&unsigned("{}").header("X-Hub-Signature-256", forged)).expect_refusal(401, MISMATCH);
    }
    receiver.expect_no_event();
}

#[test]
fn a_forged_body_is_not_looked_at_as_json() {
    let receiver = start();
    for body in [&b"not json"[..], b"\xff\xfe", b"[[[[", b"\xef\xbb\xbf{}"] {
        receiver.refuse(&signed_with("another secret of 16+", body), 401, MISMATCH);
    }
}

#[test]
fn a_receiver_listens_on_the_path_it_was_given_and_no_other() {
    let receiver = setup().path("/hooks/github").start();
    receiver.accept(&signed("{}").to("/hooks/github"));
    assert!(!receiver.send(&signed("{}").to("/webhook")).expect_problem(404).is_empty());
    receiver.expect_no_event();
}
