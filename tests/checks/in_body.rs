//! Signatures and tokens in the body, against a reference that reads all of the body into a tree first.

use super::hmac_reference::hmac_sha256;
use super::json_reference::{Flaw, Json, parse};
use super::keys::{base64, keys};
use super::preset::Case;
use super::verifier::flipped;
use super::{NOW, hex};
use hookgate::verify::{Algorithm, Coverage, Encoding, IN_BODY_LIMIT_BYTES, InBody, Piece, Signer, TimestampPlace};
use hookgate::{Head, Refusal, Request, Scheme, Secret, UnixTime, Verifier, preset};

/// The key's bytes; a token is their hex digits.
const KEY: &[u8] = b"a key of the tests";

/// What stands for the right signature of the first item in what the fuzzer makes.
const PLACEHOLDER: &str = "SIGNATURE";

/// The presets whose signature stands in the body.
pub(crate) const NAMES: [&str; 4] = ["adyen", "figma", "mailgun", "microsoft-graph"];

/// Checks any bytes: one that chooses a scheme, then the body.
pub(crate) fn check_bytes(data: &[u8]) {
    let Some((choice, body)) = data.split_first() else { return };
    check_body(&preset(NAMES[usize::from(*choice) % NAMES.len()]).expect("a preset of this crate"), body);
}

/// Checks that `body` gets the reference's verdict: as it is, and with the right signature for each placeholder in it.
pub(crate) fn check_body(scheme: &Scheme, body: &[u8]) {
    assert_eq!(verdict(scheme, body), reference(scheme, body), "{}: {:?}", scheme.name, String::from_utf8_lossy(body));
    let Ok(text) = std::str::from_utf8(body) else { return };
    let Some(right) = first_signature(scheme, text) else { return };
    let signed = text.replace(PLACEHOLDER, &right);
    assert_eq!(verdict(scheme, signed.as_bytes()), reference(scheme, signed.as_bytes()), "{}: {signed}", scheme.name);
}

fn held(scheme: &Scheme) -> Secret {
    keys(scheme, KEY).1
}

fn verdict(scheme: &Scheme, body: &[u8]) -> Result<(), Refusal> {
    let secrets = [("one".to_string(), held(scheme))];
    let verifier = Verifier::accepting_uncovered_body(scheme.clone(), secrets, None).expect("a scheme that can work");
    let head = Head { method: "POST", target: "/", headers: &[] };
    verifier.verify(&Request { head, body }, NOW).map(drop)
}

/// What is found of a place in a tree.
enum Found<'j> {
    Nothing,
    Value(&'j Json),
    Repeated,
}

/// The value at `pointer`, through objects.
fn at<'j>(json: &'j Json, pointer: &str) -> Found<'j> {
    let mut value = json;
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        let Json::Object(members) = value else { return Found::Nothing };
        let is_near = |name: &[u16]| String::from_utf16(name).is_ok_and(|name| name.eq_ignore_ascii_case(&step));
        let near: Vec<_> = members.iter().filter(|(name, _)| is_near(name)).collect();
        match near[..] {
            [] => return Found::Nothing,
            [(name, found)] if String::from_utf16(name).is_ok_and(|name| name == step) => value = found,
            [_] => return Found::Nothing,
            _ => return Found::Repeated,
        }
    }
    Found::Value(value)
}

/// What of `item` is signed; nothing where a part of it is no text.
fn message(scheme: &Scheme, item: &Json) -> Result<String, Refusal> {
    let mut message = String::new();
    for piece in &scheme.template {
        match piece {
            Piece::Literal(text) => message.push_str(text),
            Piece::Json(pointer) => match at(item, pointer) {
                Found::Nothing => {}
                Found::Repeated => return Err(Refusal::RepeatedSignature),
                Found::Value(Json::Atom(text)) if text == "null" => {}
                Found::Value(Json::Atom(text)) => message.push_str(text),
                Found::Value(Json::String(text)) => {
                    message.push_str(&String::from_utf16(text).map_err(|_| Refusal::MalformedSignature)?);
                }
                Found::Value(_) => return Err(Refusal::MalformedSignature),
            },
            _ => panic!("{scheme:?}"),
        }
    }
    Ok(message)
}

/// The signature of `message` as it is written.
fn right(scheme: &Scheme, message: &str) -> String {
    let mac = hmac_sha256(KEY, message.as_bytes());
    // Mailgun's key is text that is not decoded; it is the same bytes.
    match (scheme.algorithm, scheme.encoding) {
        (Algorithm::Token, _) => hex(KEY),
        (_, Encoding::Base64) => base64(&mac),
        _ => hex(&mac),
    }
}

fn items<'j>(scheme: &Scheme, json: &'j Json) -> Result<Vec<&'j Json>, Refusal> {
    let in_body = scheme.signature_in_body.as_ref().expect("it stands there");
    let Some(each) = &in_body.each else { return Ok(vec![json]) };
    match at(json, each) {
        Found::Repeated => Err(Refusal::RepeatedSignature),
        Found::Value(Json::Array(items)) => Ok(items.iter().collect()),
        Found::Value(_) | Found::Nothing => Ok(Vec::new()),
    }
}

/// The first that does not hold, item by item; then the signatures.
fn reference(scheme: &Scheme, body: &[u8]) -> Result<(), Refusal> {
    let text = match hookgate::json::check(body) {
        Ok(text) => text,
        Err(flaw) => return Err(Refusal::InvalidJson(flaw)),
    };
    assert!(body.len() <= IN_BODY_LIMIT_BYTES);
    let json = parse(text, 127).unwrap_or_else(|flaw: Flaw| panic!("{flaw:?} in {text}"));
    let items = items(scheme, &json)?;
    if items.is_empty() {
        return Err(Refusal::MissingSignature);
    }
    let pointer = &scheme.signature_in_body.as_ref().expect("it stands there").signature;
    let mut all_right = true;
    for item in items {
        let written = match at(item, pointer) {
            Found::Repeated => return Err(Refusal::RepeatedSignature),
            Found::Nothing => return Err(Refusal::MissingSignature),
            Found::Value(Json::String(text)) if !text.is_empty() => {
                String::from_utf16(text).map_err(|_| Refusal::MalformedSignature)?
            }
            Found::Value(_) => return Err(Refusal::MalformedSignature),
        };
        let right = right(scheme, &message(scheme, item)?);
        let is_hex = scheme.algorithm != Algorithm::Token && scheme.encoding == Encoding::Hex;
        all_right &= if is_hex { written.eq_ignore_ascii_case(&right) } else { written == right };
    }
    if all_right { Ok(()) } else { Err(Refusal::SignatureMismatch) }
}

/// The right signature of the first item of `body`, where it has one.
fn first_signature(scheme: &Scheme, body: &str) -> Option<String> {
    hookgate::json::check(body.as_bytes()).ok()?;
    let json = parse(body, 127).ok()?;
    let message = message(scheme, items(scheme, &json).ok()?.first()?).ok()?;
    Some(right(scheme, &message))
}

/// A body for a scheme whose signature stands there, with `text` in each of `count` items.
fn body(scheme: &Scheme, text: &str, count: usize) -> String {
    let item = match scheme.name.as_str() {
        "adyen" => format!(
            r#"{{"NotificationRequestItem":{{"amount":{{"value":10,"currency":"EUR"}},"merchantReference":"{text}"}}}}"#
        ),
        _ => format!(r#"{{"text":"{text}"}}"#),
    };
    match &scheme.signature_in_body.as_ref().expect("it stands there").each {
        Some(each) => format!("{{\"{}\":[{}]}}", each.trim_start_matches('/'), vec![item; count].join(",")),
        None => item,
    }
}

/// Checks that what is signed for `scheme` verifies, and with bit number `bit` changed in the signature, the key or a signed
/// field does not; and that what is not signed can be any text, where the scheme says so.
pub(crate) fn check(scheme: &Scheme, in_body: &InBody, case: &Case, bit: usize) {
    let name = &scheme.name;
    let key = keys(scheme, &case.key).1;
    let signer = Signer::new(scheme, &key).expect("a secret of the scheme's form").with_id(&case.id);
    let text = hex(&case.body);
    let unsigned = body(scheme, &text, 1 + bit % 3);
    let (fields, signed) = signer.deliver(unsigned.as_bytes(), case.now).expect("it has a place for it");
    assert!(fields.is_empty(), "{fields:?}");
    let verdict = |key: &Secret, body: &[u8], now: UnixTime| {
        let secrets = [("one".to_string(), key.clone())];
        let verifier = Verifier::accepting_uncovered_body(scheme.clone(), secrets, None).expect("it can work");
        let head = Head { method: "POST", target: "/", headers: &[] };
        let verified = verifier.verify(&Request { head, body }, now)?;
        verified.judge_body_timestamp(hookgate::json::check(body).ok(), now)
    };
    assert_eq!(verdict(&key, &signed, case.now), Ok(()), "{name} of {case:?}");
    let mismatch = Err(Refusal::SignatureMismatch);
    let other = keys(scheme, &flipped(&case.key, bit)).1;
    assert_eq!(verdict(&other, &signed, case.now), mismatch, "bit {bit} of {name}'s key: {case:?}");

    // What the SDKs call the event is signed where the scheme says that something of it is, and not where it says nothing.
    let signed = String::from_utf8(signed).expect("JSON");
    let (from, to) = (format!("\"{text}\""), format!("\"{text}0\""));
    let expected = if scheme.coverage() == Coverage::Nothing { Ok(()) } else { mismatch };
    assert_eq!(verdict(&key, signed.replacen(&from, &to, 1).as_bytes(), case.now), expected, "{name} of {case:?}");

    // The signature's own bits, in the last item. A hex digit of the other case is the same digit.
    let last = in_body.signature.rsplit('/').next().unwrap_or_default();
    let start = signed.rfind(&format!("\"{last}\":\"")).expect("it is there") + last.len() + 4;
    let length = signed[start..].find('"').expect("it ends");
    let written = &signed[start..start + length];
    if let Ok(changed) = String::from_utf8(flipped(written.as_bytes(), bit)) {
        let is_same = scheme.algorithm != Algorithm::Token && scheme.encoding == Encoding::Hex;
        let is_same = is_same && changed.eq_ignore_ascii_case(written);
        let body = format!("{}{changed}{}", &signed[..start], &signed[start + length..]);
        assert_eq!(verdict(&key, body.as_bytes(), case.now).is_ok(), is_same, "{name}: {body}");
    }
    if matches!(scheme.timestamp.as_ref().map(|rule| &rule.place), Some(TimestampPlace::Json(_))) {
        check_age(scheme, |s| verdict(&key, signed.as_bytes(), UnixTime::from_ms(case.now.as_ms() + s * 1000)));
    }
}

/// Each bound of the timestamp: within it is fresh, a second on is not.
fn check_age(scheme: &Scheme, at: impl Fn(i64) -> Result<(), Refusal>) {
    let rule = scheme.timestamp.as_ref().expect("it has one");
    let bound = |s: Option<u64>| i64::try_from(s.expect("both are bounded")).expect("a preset's bound");
    let (past, future) = (bound(rule.past_s), bound(rule.future_s));
    assert_eq!((at(past), at(-future)), (Ok(()), Ok(())), "{}", scheme.name);
    assert!(matches!(at(past + 1), Err(Refusal::Stale { .. })), "{}", scheme.name);
    assert!(matches!(at(-future - 1), Err(Refusal::FromTheFuture { .. })), "{}", scheme.name);
}
