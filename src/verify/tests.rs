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

/// `body` signed for the preset `name` with `secrets[signer]`, verified with all of them; what `judge` makes of it.
fn of_preset<T>(name: &str, secrets: &[&str], signer: usize, body: &str, judge: impl Fn(Verified<'_>) -> T) -> T {
    let secret = |text: &str| Secret::new(text.as_bytes().to_vec()).unwrap();
    let scheme = preset(name).unwrap();
    let signs = Signer::new(&scheme, &secret(secrets[signer])).unwrap().with_id("msg_1");
    let fields = signs.sign(body.as_bytes(), NOW).unwrap();
    let secrets = secrets.iter().map(|text| (text.to_string(), secret(text)));
    let verifier = Verifier::new(scheme, secrets).unwrap();
    let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    let head = Head { method: "POST", target: "/", headers: &headers };
    judge(verifier.verify(&Request { head, body: body.as_bytes() }, NOW).unwrap())
}

#[test]
fn a_replay_is_known_by_what_the_scheme_says() {
    let secrets = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    let key = |name: &str, body: &str| of_preset(name, &secrets, 0, body, |it| it.replay_key(Some(body)));
    assert_eq!(key("svix", "{}"), Some(b"imsg_1".to_vec()), "a signed id");
    assert_eq!(key("stripe", r#"{"id":"evt_1"}"#), Some(b"jevt_1".to_vec()), "an id in the body");
    assert_eq!(key("line", r#"{"events":[{"webhookEventId":"01"}]}"#), Some(b"j01".to_vec()), "one in a list");
    assert_eq!(key("dropbox", "{}"), None, "nothing tells two apart");
    let mac = key("github", "{}").unwrap();
    assert_eq!((mac[0], mac.len()), (b'm', 33), "the MAC");
    let without_id = key("stripe", "{}").unwrap();
    assert_eq!((without_id[0], without_id.len()), (b'm', 33), "what lacks an id is no way around");
    assert_ne!(key("github", "[]").unwrap(), mac);
}

#[test]
fn a_replay_is_known_whichever_secret_signed_it() {
    // Box signs with two keys: who takes one signature out makes no new delivery. Its MAC is that under the first secret.
    let key =
        |signer| of_preset("box", &["first secret", "second secret"], signer, "{}", |it| it.replay_key(Some("{}")));
    assert_eq!(key(0), key(1));
    assert!(key(0).is_some());
}

#[test]
fn a_timestamp_inside_the_body_is_judged_where_it_is_there() {
    let judge = |body: &str| {
        let judge = |it: Verified<'_>| it.judge_body_timestamp(crate::json::check(body.as_bytes()).ok(), NOW);
        of_preset("linear", &["a linear secret"], 0, body, judge)
    };
    let at = |ms: i64| judge(&format!(r#"{{"webhookTimestamp":{ms}}}"#));
    assert_eq!(at(NOW.as_ms()), Ok(()));
    assert_eq!(at(NOW.as_ms() - 60_000), Ok(()));
    assert_eq!(at(NOW.as_ms() - 60_001), Err(Refusal::Stale { age_s: 61, limit_s: 60 }));
    assert_eq!(at(NOW.as_ms() + 60_000), Ok(()));
    assert_eq!(at(NOW.as_ms() + 60_001), Err(Refusal::FromTheFuture { ahead_s: 61, limit_s: 60 }));
    assert_eq!(judge(r#"{"webhookTimestamp":"soon"}"#), Err(Refusal::MalformedTimestamp));
    for body in ["", "not json", "{}", r#"{"webhookTimestamp":null}"#] {
        assert_eq!(judge(body), Ok(()), "{body}: nobody but the signer could take it out");
    }
}

#[test]
fn a_signature_is_judged_before_its_time() {
    let scheme = preset("slack").unwrap();
    let secret = |text: &str| Secret::new(text.as_bytes().to_vec()).unwrap();
    let fields = Signer::new(&scheme, &secret("another")).unwrap().sign(b"{}", NOW).unwrap();
    let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body: b"{}" };
    let verifier = Verifier::new(scheme, [("one".to_string(), secret("the secret"))]).unwrap();
    let late = UnixTime::from_s(2_000_000_000);
    assert_eq!(verifier.verify(&request, late).map(drop), Err(Refusal::SignatureMismatch));
}

#[cfg(feature = "providers")]
#[path = "tests/form.rs"]
mod form;
