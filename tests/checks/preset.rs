//! Every preset: what is signed for it verifies, and nothing beside it does.

use super::keys::{is_token, keys, with_other_bit};
use super::verifier::flipped;
use hookgate::verify::{Grammar, Signer, TimestampPlace, VerifierError};
use hookgate::{Head, Header, Refusal, Request, Scheme, UnixTime, Verifier};

/// Where deliveries are posted to, and with which query.
const URL: &str = "https://example.com/webhook";
const TARGET: &str = "/webhook?a=%3Ab&c";

/// What is signed: with what, over what, for when.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// The key's bytes, some.
    pub(crate) key: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) id: String,
    pub(crate) now: UnixTime,
}

/// Checks that what is signed for `scheme` verifies, and that it doesn't with bit number `bit`, modulo what there is to flip,
/// changed in the body, the key, or any header. Where the signature does not cover the body, the same signature is right for
/// another: that is said, and so it is checked.
pub(crate) fn check(scheme: &Scheme, case: &Case, bit: usize) {
    #[cfg(feature = "providers")]
    if let Some(in_body) = &scheme.signature_in_body {
        return super::in_body::check(scheme, in_body, case, bit);
    }
    let (signing, _) = keys(scheme, &case.key);
    let signer = Signer::new(scheme, &signing).expect("a secret of the scheme's form");
    let signer = signer.with_id(&case.id).with_url(&format!("https://example.com{TARGET}"));
    let fields = signer.sign(&case.body, case.now).expect("all was given");
    assert_eq!(verdict(scheme, case, &fields, &case.body, case.now), Ok(()), "{} of {case:?}", scheme.name);

    let mismatch = Err(Refusal::SignatureMismatch);
    let name = &scheme.name;
    if !case.body.is_empty() {
        let other = flipped(&case.body, bit);
        let mismatch = if scheme.covers_body() { mismatch } else { Ok(()) };
        assert_eq!(verdict(scheme, case, &fields, &other, case.now), mismatch, "bit {bit} of {name}'s body: {case:?}");
    }
    let other = with_other_bit(scheme, &case.key, |key| flipped(key, bit));
    match Verifier::accepting_uncovered_body(scheme.clone(), [("one".to_string(), other)], Some(URL)) {
        Ok(verifier) => {
            let found = verdict_of(&verifier, &fields, &case.body, case.now);
            assert_eq!(found, mismatch, "bit {bit} of {name}'s key: {case:?}");
        }
        Err(error) => {
            let is_no_key = scheme.algorithm.has_public_key() && matches!(error, VerifierError::Secret { .. });
            assert!(is_no_key, "bit {bit} of {name}'s key: {error}");
        }
    }
    for (at, (header, value)) in fields.iter().enumerate() {
        let Ok(changed) = String::from_utf8(flipped(value.as_bytes(), bit)) else { continue };
        let mut fields = fields.clone();
        fields[at].1.clone_from(&changed);
        if verdict(scheme, case, &fields, &case.body, case.now).is_ok() {
            // A hex digit of the other case is the same digit, and another key of signatures holds the same signature.
            let is_signature = scheme.signature_headers.contains(header) && !is_token(scheme);
            let is_same = under_first_key(scheme, &changed).eq_ignore_ascii_case(&under_first_key(scheme, value));
            assert!(is_signature && is_same, "{name}'s {header}: {changed:?} for {value:?}");
        }
        let removed: Vec<_> = [&fields[..at], &fields[at + 1..]].concat();
        let verdict = verdict(scheme, case, &removed, &case.body, case.now);
        assert_eq!(verdict.is_ok(), is_optional(scheme, header), "{name} without {header}: {verdict:?}");
    }
    check_age(scheme, case, &fields);
}

/// A list of signatures with the first of the scheme's keys in place of any of them.
fn under_first_key(scheme: &Scheme, value: &str) -> String {
    let Grammar::Pairs { key_separator, signature_keys, .. } = &scheme.grammar else { return value.to_string() };
    let named = |key: &String| format!("{key}{key_separator}");
    signature_keys.iter().fold(value.to_string(), |value, key| value.replace(&named(key), &named(&signature_keys[0])))
}

/// Each bound of a timestamp in the head: within it is fresh, a second on is not.
fn check_age(scheme: &Scheme, case: &Case, fields: &[(String, String)]) {
    let Some(rule) = scheme.timestamp.as_ref().filter(|rule| !matches!(rule.place, TimestampPlace::Json(_))) else {
        return;
    };
    let s = |s: u64| i64::try_from(s).expect("a preset's bound") * 1000;
    // As it is written: to the second where that is its unit.
    let signed_ms = case.now.as_ms();
    let at = |ms: i64| verdict(scheme, case, fields, &case.body, UnixTime::from_ms(signed_ms + ms));
    let is_stale = |verdict| matches!(verdict, Err(Refusal::Stale { limit_s, .. }) if Some(limit_s) == rule.past_s);
    match rule.past_s {
        Some(limit_s) => {
            assert_eq!(at(s(limit_s)), Ok(()), "{} after {limit_s} s", scheme.name);
            assert!(is_stale(at(s(limit_s) + 1000)), "{} a second later", scheme.name);
        }
        None => assert_eq!(at(i64::from(i32::MAX)), Ok(()), "{} bounds no age", scheme.name),
    }
    match rule.future_s {
        Some(limit_s) => {
            assert_eq!(at(-s(limit_s)), Ok(()), "{} before its time by {limit_s} s", scheme.name);
            let early = at(-s(limit_s) - 1000);
            assert!(matches!(early, Err(Refusal::FromTheFuture { .. })), "{}: {early:?}", scheme.name);
        }
        None => assert_eq!(at(-i64::from(i32::MAX)), Ok(()), "{} bounds age alone", scheme.name),
    }
}

#[cfg(feature = "providers")]
fn is_optional(scheme: &Scheme, header: &str) -> bool {
    scheme.optional_headers.iter().any(|(name, _)| name == header)
}

#[cfg(not(feature = "providers"))]
fn is_optional(_: &Scheme, _: &str) -> bool {
    false
}

fn verdict(
    scheme: &Scheme,
    case: &Case,
    fields: &[(String, String)],
    body: &[u8],
    now: UnixTime,
) -> Result<(), Refusal> {
    let secrets = [("one".to_string(), keys(scheme, &case.key).1)];
    let verifier = Verifier::accepting_uncovered_body(scheme.clone(), secrets, Some(URL)).expect("all was given");
    verdict_of(&verifier, fields, body, now)
}

fn verdict_of(verifier: &Verifier, fields: &[(String, String)], body: &[u8], now: UnixTime) -> Result<(), Refusal> {
    let scheme = verifier.scheme();
    let headers: Vec<Header<'_>> =
        fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    let head = Head { method: &scheme.methods[0], target: TARGET, headers: &headers };
    let verdict = verifier.verify(&Request { head, body }, now).map(drop);
    let of_head = verifier.check_head(&head);
    assert!(of_head.is_ok() || of_head == verdict, "the head's refusal is the whole request's");
    verdict
}
