//! GitHub's form mode: signed as it was sent, and the JSON is in the field `payload`.

use crate::support::receiver::start;
use crate::support::request::{Post, signed};
use crate::support::without_white_space;

const FORM: &str = "application/x-www-form-urlencoded";
const NOT_JSON: &str = "Invalid JSON payload";

fn form(body: impl AsRef<[u8]>) -> Post {
    signed(body).header("Content-Type", FORM)
}

/// Every byte that is not a letter or a digit as %XX.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[test]
fn the_json_in_the_payload_field_is_the_event() {
    let receiver = start();
    for json in [
        "{}",
        r#"{"event_type":"push","text":"a+b&c=d%41 é😀"}"#,
        "{\r\n \"a\" : [1, 2.0e0, \"\\u00e9\"]\r\n}",
        "1",
        "null",
    ] {
        let event = receiver.accept(&form(format!("payload={}", escaped(json))));
        assert_eq!(without_white_space(event.payload()), without_white_space(json));
    }
    let event = receiver.accept(&form(format!("payload={}", escaped(r#"{"event_type":"issues"}"#))));
    assert_eq!(event.text("type").as_deref(), Some("issues"));
}

#[test]
fn plus_is_a_space_and_escapes_are_hex_of_either_case() {
    let receiver = start();
    for (body, payload) in [
        ("payload=%22a+b%2Bc%2bd%22", r#""a b+c+d""#),
        ("payload=%7b%22a%22%3a1%7d", r#"{"a":1}"#),
        ("payload=%7B%22%61%22%3A1%7D", r#"{"a":1}"#),
        ("payload=%22%25%32%30%22", r#""%20""#),
        ("payload=%22%C3%A9%22", r#""é""#),
        ("payload=%22=%22", r#""=""#),
    ] {
        assert_eq!(receiver.accept(&form(body)).payload(), payload, "{body}");
    }
}

#[test]
fn other_fields_may_stand_beside_it() {
    let receiver = start();
    for body in [
        "payload=1&x=2",
        "x=2&payload=1",
        "x=2&payload=1&y=3",
        "x=&payload=1&y",
        "payloads=2&payload=1",
        "xpayload=2&payload=1",
        "x=payload&payload=1",
        "Payload=2&payload=1",
        "x=1&x=2&payload=1",
    ] {
        assert_eq!(receiver.accept(&form(body)).payload(), "1", "{body}");
    }
}

#[test]
fn the_content_type_counts_in_any_case_and_with_parameters() {
    let receiver = start();
    for content_type in [
        FORM,
        "Application/X-WWW-Form-Urlencoded",
        "APPLICATION/X-WWW-FORM-URLENCODED",
        "application/x-www-form-urlencoded; charset=utf-8",
        "application/x-www-form-urlencoded;charset=UTF-8",
        "application/x-www-form-urlencoded ; charset=\"utf-8\"",
    ] {
        let event = receiver.accept(&signed("payload=%7B%7D").header("Content-Type", content_type));
        assert_eq!(event.payload(), "{}", "{content_type}");
    }
}

#[test]
fn a_form_without_exactly_one_payload_field_of_json_is_400() {
    let receiver = start();
    for body in [
        // Missing.
        "x=1",
        "Payload=1",
        "payloa=1",
        "payload[]=1",
        "&",
        "=1",
        "1",
        "{=1&payload=1",
        "[&payload=1",
        "x=payload=1",
        // Empty.
        "payload",
        "payload=",
        "payload=+",
        "payload=&x=1",
        // Repeated.
        "payload=1&payload=1",
        "payload=1&payload=2",
        "payload=1&x=1&payload=",
        "payload=1&payload",
        // Badly escaped.
        "payload=%",
        "payload=%7",
        "payload=1%",
        "payload=%zz",
        "payload=%7g",
        "payload=%u007b%7d",
        "payload=% 20",
        "payload=%+1",
        "payload=%-1",
        // Not JSON, not UTF-8.
        "payload=x",
        "payload=%7B%7Dx",
        "payload=%22%FF%22",
        "payload=%EF%BB%BF%7B%7D",
        "payload=%257B%257D",
        "payload=%7B%00%7D",
        "payload=NaN",
    ] {
        eprintln!("{body}");
        receiver.refuse(&form(body), 400, NOT_JSON);
    }
    receiver.refuse(&form("payload=".to_string() + &escaped(&"[".repeat(128))), 400, NOT_JSON);
    receiver.refuse(&form("payload=".to_string() + &escaped(&("[".repeat(128) + &"]".repeat(128)))), 400, NOT_JSON);
    receiver.accept(&form("payload=".to_string() + &escaped(&("[".repeat(127) + &"]".repeat(127)))));
}

/// What curl posts is called a form unless it is told otherwise.
#[test]
fn json_that_says_that_it_is_a_form_is_json() {
    let receiver = start();
    for json in [r#"{"a":"&payload=1"}"#, "[1]", "\t {}"] {
        assert_eq!(receiver.accept(&form(json)).payload(), json.trim_ascii(), "{json}");
    }
}

#[test]
fn the_signature_is_over_the_encoded_bytes() {
    let receiver = start();
    // The same field, escaped otherwise than it was signed.
    let mut forged = form("payload=%7B%7D");
    forged.body = b"payload=%7b%7d".to_vec();
    receiver.refuse(&forged, 401, "Signature mismatch - unauthorized");
    // Signed over the JSON alone.
    let mut decoded = form("{}");
    decoded.body = b"payload=%7B%7D".to_vec();
    receiver.refuse(&decoded, 401, "Signature mismatch - unauthorized");
}

#[test]
fn a_form_that_says_it_is_json_is_not_json() {
    let receiver = start();
    receiver.refuse(&signed("payload=%7B%7D").header("Content-Type", "application/json"), 400, NOT_JSON);
    receiver.refuse(&signed("payload=%7B%7D"), 400, NOT_JSON);
}
