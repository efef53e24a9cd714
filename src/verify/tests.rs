//! The verifier's verdicts, one sentence each.

use super::*;
use crate::request::Header;

const SECRET: &[u8] = b"It's a Secret to Everybody";
const BODY: &[u8] = b"Hello, World!";
/// GitHub Docs, "Validating webhook deliveries", testing values.
const SIGNATURE: &str = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
const NOW: UnixTime = UnixTime::from_s(1_700_000_000);

fn github(secrets: &[(&str, &[u8])]) -> Verifier {
    let secrets = secrets.iter().map(|(label, bytes)| (label.to_string(), Secret::new(bytes.to_vec()).unwrap()));
    Verifier::new(preset("github").unwrap(), secrets).unwrap()
}

/// The verdict on `body` with these signature headers.
fn verdict(values: &[&[u8]], body: &[u8]) -> Result<(), Refusal> {
    let headers: Vec<_> = values.iter().map(|value| Header { name: "X-Hub-Signature-256", value }).collect();
    let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body };
    let verifier = github(&[("one", SECRET)]);
    let verdict = verifier.verify(&request, NOW).map(drop);
    if let Err(refusal) = verifier.check_head(&request.head) {
        assert_eq!(verdict, Err(refusal), "the head's refusal is the whole request's");
    }
    verdict
}

#[test]
fn githubs_documented_example_verifies() {
    assert_eq!(verdict(&[SIGNATURE.as_bytes()], BODY), Ok(()));
}

#[test]
fn hex_digits_of_either_case_verify_and_white_space_around_the_value_is_stripped() {
    let digits = SIGNATURE.strip_prefix("sha256=").unwrap();
    assert_eq!(verdict(&[format!("sha256={}", digits.to_uppercase()).as_bytes()], BODY), Ok(()));
    assert_eq!(verdict(&[format!("\t {SIGNATURE} \t").as_bytes()], BODY), Ok(()));
}

#[test]
fn a_header_that_is_not_the_grammar_is_refused_by_name() {
    let digits = SIGNATURE.strip_prefix("sha256=").unwrap();
    let malformed = Err(Refusal::MalformedSignature);
    let unsupported = Err(Refusal::UnsupportedAlgorithm);
    for (value, refusal) in [
        (String::new(), malformed),
        (digits.to_string(), malformed),
        ("sha256".to_string(), malformed),
        ("sha256=".to_string(), malformed),
        (format!("sha256={}", &digits[1..]), malformed),
        (format!("sha256={digits}0"), malformed),
        (format!("sha256={digits}00"), malformed),
        (format!("sha256={}g", &digits[1..]), malformed),
        (format!("sha256= {digits}"), malformed),
        (format!("sha256=={digits}"), malformed),
        (format!("sha256={digits},sha256={digits}"), malformed),
        (format!("sha256=0x{}", &digits[2..]), malformed),
        (format!("sha256={digits}\r"), malformed),
        (format!("sha256={digits}\0"), malformed),
        (format!("sha256={}é", &digits[2..]), malformed),
        (format!("sha1={digits}"), unsupported),
        (format!("md5={digits}"), unsupported),
        (format!("SHA256={digits}"), unsupported),
        (format!("Sha256={digits}"), unsupported),
        (format!("sha256 ={digits}"), unsupported),
        (format!("sha-256={digits}"), unsupported),
        (format!("={digits}"), unsupported),
        (format!("v1,sha256={digits}"), unsupported),
        (format!("\x0bsha256={digits}"), unsupported),
    ] {
        assert_eq!(verdict(&[value.as_bytes()], BODY), refusal, "{value:?}");
    }
    assert_eq!(verdict(&[b"\xff\xfe=\xff"], BODY), unsupported);
}

#[test]
fn no_signature_header_is_missing_and_two_are_malformed_even_if_both_are_right() {
    assert_eq!(verdict(&[], BODY), Err(Refusal::MissingSignature));
    assert_eq!(verdict(&[SIGNATURE.as_bytes(), SIGNATURE.as_bytes()], BODY), Err(Refusal::RepeatedSignature));
    assert_eq!(verdict(&[SIGNATURE.as_bytes(), b"sha1=00"], BODY), Err(Refusal::RepeatedSignature));
}

#[test]
fn another_body_or_secret_is_a_mismatch() {
    assert_eq!(verdict(&[SIGNATURE.as_bytes()], b"Hello, World?"), Err(Refusal::SignatureMismatch));
    assert_eq!(verdict(&[SIGNATURE.as_bytes()], b""), Err(Refusal::SignatureMismatch));
    let headers = [Header { name: "x-hub-signature-256", value: SIGNATURE.as_bytes() }];
    let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body: BODY };
    let other = github(&[("other", b"It's a secret to everybody")]);
    assert_eq!(other.verify(&request, NOW).map(drop), Err(Refusal::SignatureMismatch));
}

#[test]
fn the_secret_that_matched_is_named() {
    let verifier = github(&[("new", b"a new secret"), ("old", SECRET)]);
    let headers = [Header { name: "X-Hub-Signature-256", value: SIGNATURE.as_bytes() }];
    let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body: BODY };
    let verified = verifier.verify(&request, NOW).unwrap();
    assert_eq!((verified.secret_label(), verified.scheme().name.as_str()), ("old", "github"));
    assert_eq!(verified.request().body, BODY);
}

#[test]
fn a_verifier_needs_a_secret_and_a_scheme_that_covers_the_body() {
    let scheme = preset("github").unwrap();
    assert_eq!(Verifier::new(scheme.clone(), []).map(drop), Err(VerifierError::NoSecret));
    let uncovered = Scheme { template: vec![Piece::Literal("v0".into())], replay_key: ReplayRule::None, ..scheme };
    let secret = Secret::new(SECRET.to_vec()).unwrap();
    let made = Verifier::new(uncovered, [("one".to_string(), secret)]);
    assert_eq!(made.map(drop), Err(VerifierError::UncoveredBody));
}

#[test]
fn a_scheme_is_a_value_that_can_be_changed_without_code() {
    let scheme = Scheme {
        signature_headers: vec!["X-Signature".into()],
        grammar: Grammar::Bare,
        template: vec![Piece::Literal("v0:".into()), Piece::Body, Piece::Literal(".".into())],
        ..preset("github").unwrap()
    };
    let secret = Secret::new(SECRET.to_vec()).unwrap();
    let signed = sign(&scheme, &secret, b"x");
    let plain = sign(&preset("github").unwrap(), &secret, b"v0:x.");
    assert_eq!(format!("sha256={}", signed[0].1), plain[0].1, "the pieces are fed in order");
    let headers = [Header { name: "x-signature", value: signed[0].1.as_bytes() }];
    let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body: b"x" };
    let verifier = Verifier::new(scheme, [("one".to_string(), secret)]).unwrap();
    assert!(verifier.verify(&request, NOW).is_ok());
    let other = Request { body: b"x.", ..request };
    assert_eq!(verifier.verify(&other, NOW).map(drop), Err(Refusal::SignatureMismatch));
}

#[test]
fn debug_of_a_verifier_shows_labels_and_no_secret() {
    let shown = format!("{:?}", github(&[("one", SECRET)]));
    assert_eq!(shown, r#"Verifier { scheme: "github", secrets: ["one"] }"#);
}
