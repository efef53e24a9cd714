//! Judging a signature allocates nothing, whether it accepts or refuses; checking JSON allocates nothing in proportion to it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what went wrong by panicking")]

use allocation_counter::{AllocationInfo, measure};
use hookgate::payload::{self, Payload};
use hookgate::verify::{PayloadRule, SecretForm, Signer, TimestampPlace, names};
use hookgate::{Head, Header, Receiver, Refusal, Request, Secret, UnixTime, Verifier, json, preset, sign};
use std::hint::black_box;

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const SECRET: &[u8] = b"It's a Secret to Everybody";

fn verifier() -> Verifier {
    // Two secrets, the second of which signs: both are tried.
    let secrets = [("new", &b"another"[..]), ("old", SECRET)];
    let secrets = secrets.map(|(label, bytes)| (label.to_string(), Secret::new(bytes.to_vec()).unwrap()));
    Verifier::new(preset("github").unwrap(), secrets).unwrap()
}

/// Asserts that `judge` gives `verdict` without allocating.
fn allocates_nothing<T: PartialEq + std::fmt::Debug>(verdict: T, judge: impl FnOnce() -> T) {
    let mut found = None;
    let counted = measure(|| found = Some(judge()));
    assert_eq!(found, Some(verdict));
    assert_eq!(counted, AllocationInfo::default());
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(black_box(vec![0_u8; 1000])));
    assert_eq!((counted.count_total, counted.bytes_total, counted.count_current), (1, 1000, 0));
    let grown = measure(|| black_box(&mut Vec::with_capacity(1)).extend([0_u8; 64]));
    assert!(grown.count_total >= 2, "growing is counted: {grown:?}");
}

#[test]
fn verifying_allocates_nothing_whether_it_accepts_or_refuses() {
    let verifier = verifier();
    let receiver = Receiver::new("github".to_string(), "/webhook".to_string(), self::verifier()).unwrap();
    for body_bytes in [0, 1, 64, 1024, 65_536, 1_048_576] {
        let body = vec![b'x'; body_bytes];
        let secret = Secret::new(SECRET.to_vec()).unwrap();
        let right = sign(verifier.scheme(), &secret, &body).remove(0).1;
        let (digits, forged) = (right.trim_start_matches("sha256="), format!("sha256={}", "0".repeat(64)));
        let sha1 = format!("sha1={digits}");
        let long = format!("sha256={digits}{}", "0".repeat(10_000));
        for (values, verdict) in [
            (&[right.as_str()][..], Ok("old")),
            (&[&forged], Err(Refusal::SignatureMismatch)),
            (&[], Err(Refusal::MissingSignature)),
            (&[&right, &right], Err(Refusal::RepeatedSignature)),
            (&[&sha1], Err(Refusal::UnsupportedAlgorithm)),
            (&[digits], Err(Refusal::MalformedSignature)),
            (&[&long], Err(Refusal::MalformedSignature)),
        ] {
            let mut headers = vec![Header { name: "Content-Type", value: b"application/json" }];
            headers.extend(values.iter().map(|value| Header { name: "x-hub-signature-256", value: value.as_bytes() }));
            let head = Head { method: "POST", target: "http://localhost/webhook?x", headers: &headers };
            let request = Request { head, body: &body };
            allocates_nothing(verdict, || verifier.verify(&request, NOW).map(|verified| verified.secret_label()));
            let of_head = match verdict {
                Ok(_) | Err(Refusal::SignatureMismatch) => Ok(()),
                Err(refusal) => Err(refusal),
            };
            allocates_nothing(of_head, || verifier.check_head(&head));
            allocates_nothing(of_head, || receiver.admit(&head, None));
        }
    }
}

#[test]
fn judging_any_presets_signature_allocates_nothing() {
    for name in names() {
        let scheme = preset(name).unwrap();
        let text = match &scheme.secret_form {
            SecretForm::Utf8 => "a secret of the tests",
            SecretForm::Hex => "00112233445566778899aabbccddeeff",
            SecretForm::Base64 { .. } => "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        };
        let secret = Secret::new(text.as_bytes().to_vec()).unwrap();
        let url = "https://example.com/webhook";
        let signer = Signer::new(&scheme, &secret).unwrap().with_id("msg_1").with_url(url);
        let body = b"{\"id\":1}";
        let fields = signer.sign(body, NOW).unwrap();
        let verifier = Verifier::at(scheme.clone(), [("one".to_string(), secret)], Some(url)).unwrap();
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let head = Head { method: "POST", target: "/webhook", headers: &headers };
        for (body, verdict) in [(&body[..], Ok(())), (b"{}", Err(Refusal::SignatureMismatch))] {
            allocates_nothing(verdict, || verifier.verify(&Request { head, body }, NOW).map(drop));
        }
        allocates_nothing(Ok(()), || verifier.check_head(&head));
        let late = UnixTime::from_s(i64::from(i32::MAX));
        let fresh = scheme.timestamp.as_ref().is_none_or(|rule| matches!(rule.place, TimestampPlace::Json(_)));
        allocates_nothing(fresh, || verifier.verify(&Request { head, body }, late).is_ok());
        allocates_nothing(Err(Refusal::MissingSignature), || verifier.check_head(&Head { headers: &[], ..head }));
    }
}

#[test]
fn checking_json_allocates_a_byte_a_level_at_most() {
    let flat = format!("[{}\"a string \\u00e9 without end {}\"]", "1.5, ".repeat(100_000), "x".repeat(500_000));
    let deep = "[".repeat(127) + &"]".repeat(127);
    for (text, longest) in [(&flat, 64), (&deep, 512), (&"\"x\"".to_string(), 0), (&"{}".to_string(), 64)] {
        let counted = measure(|| assert!(json::check(black_box(text.as_bytes())).is_ok()));
        assert!(counted.bytes_max <= longest, "{} bytes of JSON: {counted:?}", text.len());
        let headers = [];
        let head = Head { method: "POST", target: "/", headers: &headers };
        let rule = PayloadRule::JsonOrFormField("payload".to_string());
        let counted = measure(|| {
            assert_eq!(
                payload::read(&rule, &head, text.as_bytes()),
                Ok(Payload::Json(json::read(text.as_bytes()).unwrap()))
            );
        });
        assert!(counted.bytes_max <= longest, "{} bytes of body: {counted:?}", text.len());
    }
}
