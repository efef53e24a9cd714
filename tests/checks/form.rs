//! Forms whose parameters are signed, against their definition: decoded one byte at a time, sorted by looking for the least.

use super::hmac_reference::hmac_sha256;
use super::keys::base64;
use super::{NOW, hex_digit};
use hookgate::verify::PARAMETERS_LIMIT;
use hookgate::{Head, Header, Refusal, Request, Scheme, Secret, Verifier, preset};

const KEY: &[u8] = b"a secret of the tests";
const URL: &str = "https://example.com/webhook";

/// Checks any bytes: one that chooses a scheme, a query up to the first line end, and a body.
pub(crate) fn check_bytes(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let at = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
    let Ok(query) = std::str::from_utf8(&rest[..at]) else { return };
    check(which % 2 == 0, query, rest.get(at + 1..).unwrap_or_default());
}

/// Checks a query and a body as Twilio signs them, or as Plivo does.
pub(crate) fn check(is_twilio: bool, query: &str, body: &[u8]) {
    let name = if is_twilio { "twilio-sha256" } else { "plivo" };
    let scheme = preset(name).expect("a preset of this crate");
    let expected = signed(&scheme, query, body);
    let text = expected.clone().unwrap_or_default();
    let nonce = if is_twilio { &b""[..] } else { b".nonce" };
    let mac = hmac_sha256(KEY, &[&text, nonce].concat());
    let verdict = verdict(&scheme, query, body, &base64(&mac));
    assert_eq!(verdict, expected.map(drop), "{name}: {query:?} {:?}", String::from_utf8_lossy(body));
}

fn verdict(scheme: &Scheme, query: &str, body: &[u8], signature: &str) -> Result<(), Refusal> {
    let secret = Secret::new(KEY.to_vec()).expect("it is not empty");
    let verifier = Verifier::at(scheme.clone(), [("one".to_string(), secret)], Some(URL)).expect("all was given");
    let mut headers = vec![Header { name: &scheme.signature_headers[0], value: signature.as_bytes() }];
    headers.extend(scheme.signed_id.iter().map(|name| Header { name, value: b"nonce" }));
    let target = format!("/webhook?{query}");
    let head = Head { method: "POST", target: &target, headers: &headers };
    verifier.verify(&Request { head, body }, NOW).map(drop)
}

/// What `scheme` signs of this query and this form, behind which Plivo's nonce comes; or why not.
pub(crate) fn signed(scheme: &Scheme, query: &str, body: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut text = URL.as_bytes().to_vec();
    if scheme.body_hash_parameter.is_some() {
        let hashed = hash_of(query);
        if hashed > 0 {
            // Whatever it says, the fuzzer's is not the right one: who finds a hash of SHA-256 may keep it.
            return Err(Refusal::SignatureMismatch);
        }
        text.extend_from_slice(format!("?{query}").as_bytes());
        let mut last = None;
        for pair in pairs(body)? {
            if last.as_ref() != Some(&pair) {
                text.extend_from_slice(&[&pair.0[..], &pair.1].concat());
            }
            last = Some(pair);
        }
        return Ok(text);
    }
    let (query, form) = (pairs(query.as_bytes())?, pairs(body)?);
    if !(query.is_empty() && form.is_empty()) {
        text.push(b'?');
    }
    let fields: Vec<Vec<u8>> = query.iter().map(|(name, value)| [&name[..], b"=", value].concat()).collect();
    text.extend_from_slice(&fields.join(&b'&'));
    if !query.is_empty() && !form.is_empty() {
        text.push(b'.');
    }
    text.extend(form.into_iter().flat_map(|(name, value)| [name, value].concat()));
    Ok(text)
}

/// How many fields of `query` are called as Twilio calls the hash of a body.
fn hash_of(query: &str) -> usize {
    let names = query.split('&').map(|field| field.split('=').next().unwrap_or_default());
    names.filter(|name| decoded(name.as_bytes()).is_some_and(|name| name == b"bodySHA256")).count()
}

/// A name and its value.
type Pair = (Vec<u8>, Vec<u8>);

/// The fields of a form, decoded, the least first.
fn pairs(form: &[u8]) -> Result<Vec<Pair>, Refusal> {
    let mut left = Vec::new();
    for field in form.split(|byte| *byte == b'&') {
        if field.is_empty() {
            continue;
        }
        if left.len() == PARAMETERS_LIMIT {
            return Err(Refusal::TooManyParameters { limit: PARAMETERS_LIMIT });
        }
        let mut halves = field.splitn(2, |byte| *byte == b'=');
        let name = decoded(halves.next().unwrap_or_default()).ok_or(Refusal::InvalidForm)?;
        left.push((name, decoded(halves.next().unwrap_or_default()).ok_or(Refusal::InvalidForm)?));
    }
    let mut sorted = Vec::new();
    while let Some(least) = left.iter().min().cloned() {
        let at = left.iter().position(|pair| *pair == least).expect("it is the least of them");
        sorted.push(left.remove(at));
    }
    Ok(sorted)
}

fn decoded(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'%' => {
                out.push(hex_digit(*text.get(at + 1)?)? * 16 + hex_digit(*text.get(at + 2)?)?);
                at += 2;
            }
            b'+' => out.push(b' '),
            byte => out.push(byte),
        }
        at += 1;
    }
    Some(out)
}
