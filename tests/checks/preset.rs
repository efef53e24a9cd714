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
    let case = &Case { body: body(scheme, &case.body), ..case.clone() };
    let (signing, _) = keys(scheme, &case.key);
    let signer = Signer::new(scheme, &signing).expect("a secret of the scheme's form");
    let signer = signer.with_id(&case.id).with_url(&format!("https://example.com{TARGET}"));
    let fields = signer.sign(&case.body, case.now).expect("all was given");
    assert_eq!(verdict(scheme, case, &fields, &case.body, case.now), Ok(()), "{} of {case:?}", scheme.name);

    let mismatch = Err(Refusal::SignatureMismatch);
    let name = &scheme.name;
    if !case.body.is_empty() {
        let other = flipped(&case.body, bit);
        let expected = match (scheme.signs_form(), scheme.covers_body()) {
            (true, _) => of_form(scheme, &case.body, &other),
            (false, true) => mismatch,
            (false, false) => Ok(()),
        };
        assert_eq!(verdict(scheme, case, &fields, &other, case.now), expected, "bit {bit} of {name}'s body: {case:?}");
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
    #[cfg(feature = "providers")]
    check_token_age(scheme, case, &fields);
}

/// A body for `scheme` with these bytes in it: a form, where it signs one.
fn body(scheme: &Scheme, bytes: &[u8]) -> Vec<u8> {
    if !scheme.signs_form() {
        return bytes.to_vec();
    }
    let escaped: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
    format!("b={escaped}&B&b=1+2&a").into_bytes()
}

/// The verdict on the form `other` that comes for `body`. The same parameters in another order, or otherwise escaped, are the
/// same to who signs them; so is a name that gets a letter of its value.
#[cfg(feature = "providers")]
fn of_form(scheme: &Scheme, body: &[u8], other: &[u8]) -> Result<(), Refusal> {
    let signed = |body: &[u8]| super::form::signed(scheme, "", body);
    if signed(other)? == signed(body)? { Ok(()) } else { Err(Refusal::SignatureMismatch) }
}

#[cfg(not(feature = "providers"))]
fn of_form(_: &Scheme, _: &[u8], _: &[u8]) -> Result<(), Refusal> {
    Err(Refusal::SignatureMismatch)
}

/// Each bound of a token: at its end it is stale, and before its time it comes too early, by more than clocks may differ.
#[cfg(feature = "providers")]
fn check_token_age(scheme: &Scheme, case: &Case, fields: &[(String, String)]) {
    let Some(jwt) = &scheme.jwt else { return };
    let at = |s: i64| {
        let now = UnixTime::from_s(case.now.as_ms() / 1000 + s);
        verdict(scheme, case, fields, &case.body, now)
    };
    let leeway_s = i64::try_from(jwt.leeway_s.expect("each preset's clock is bounded")).expect("a preset's bound");
    // As long as a token of ours is good.
    let past_s = match (jwt.expires, jwt.past_s.filter(|_| jwt.made_at.is_some())) {
        (true, _) => Some(59 + leeway_s),
        (false, Some(past_s)) => Some(i64::try_from(past_s).expect("a preset's bound")),
        (false, None) => None,
    };
    match past_s {
        Some(past_s) => {
            assert_eq!(at(past_s), Ok(()), "{} after {past_s} s", scheme.name);
            let limit_s = past_s.unsigned_abs();
            assert_eq!(at(past_s + 1), Err(Refusal::Stale { age_s: limit_s + 1, limit_s }), "{}", scheme.name);
        }
        None => assert_eq!(at(i64::from(i32::MAX)), Ok(()), "{} bounds no age", scheme.name),
    }
    if jwt.made_at.is_some() && case.now.as_ms() / 1000 > leeway_s {
        assert_eq!(at(-leeway_s), Ok(()), "{}", scheme.name);
        let limit_s = leeway_s.unsigned_abs();
        let early = Err(Refusal::FromTheFuture { ahead_s: limit_s + 1, limit_s });
        assert_eq!(at(-leeway_s - 1), early, "{}", scheme.name);
    }
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
