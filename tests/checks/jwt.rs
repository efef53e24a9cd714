//! Tokens against the words that they are defined in: any header and any claims, rightly signed or not.

use super::hmac_reference::hmac_sha256;
use super::keys::base64;
use hookgate::{Head, Header, Refusal, Request, Scheme, Secret, UnixTime, Verifier, preset};
use serde_json::Value;
use sha2::{Digest, Sha256};

const KEY: &[u8] = b"a secret of the tests";
const URL: &str = "https://example.com/webhook";
/// When tokens come.
const NOW_S: i64 = 1_700_000_000;

/// Checks any bytes: a header, claims and a body, each up to a line end. `BODY` and `URL` in the claims stand for their hashes.
pub(crate) fn check_bytes(data: &[u8]) {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default().to_vec();
    let (header, claims, body) = (line(), line(), line());
    let Ok(claims) = String::from_utf8(claims) else { return };
    let hash = |bytes: &[u8]| super::hex(&Sha256::digest(bytes));
    let claims = claims.replace("BODY", &hash(&body)).replace("URL", &hash(URL.as_bytes()));
    check(&header, claims.as_bytes(), &body);
}

/// Checks a token of this header and these claims for `body`: as MessageBird's, with HS256 alone.
pub(crate) fn check(header: &[u8], claims: &[u8], body: &[u8]) {
    let mut scheme = preset("messagebird").expect("a preset of this crate");
    scheme.jwt.as_mut().expect("it has a token").other_algorithms.clear();
    let signed = format!("{}.{}", base64_url(header), base64_url(claims));
    let right = format!("{signed}.{}", base64_url(&hmac_sha256(KEY, signed.as_bytes())));
    let wrong = format!("{signed}.{}", base64_url(&hmac_sha256(b"another", signed.as_bytes())));
    let (of_right, of_wrong) = (verdict(&scheme, &right, body), verdict(&scheme, &wrong, body));
    let shown = || format!("{} {}", String::from_utf8_lossy(header), String::from_utf8_lossy(claims));
    if of_right.is_ok() || is_judged_by_claims(of_right) {
        assert!(names_hs256(header), "{}", shown());
        assert_eq!(of_wrong, Err(Refusal::SignatureMismatch), "{}", shown());
    }
    if signed.len() < 4000 && is_plain(header) {
        assert_eq!(of_right, reference(claims, body), "{}", shown());
    }
}

fn is_judged_by_claims(verdict: Result<(), Refusal>) -> bool {
    use Refusal::{FromTheFuture, MalformedTimestamp, MissingTimestamp, SignatureMismatch, Stale};
    matches!(
        verdict,
        Err(SignatureMismatch | Stale { .. } | FromTheFuture { .. } | MissingTimestamp | MalformedTimestamp)
    )
}

fn verdict(scheme: &Scheme, token: &str, body: &[u8]) -> Result<(), Refusal> {
    let secret = Secret::new(KEY.to_vec()).expect("it is not empty");
    let verifier = Verifier::at(scheme.clone(), [("one".to_string(), secret)], Some(URL)).expect("all was given");
    let headers = [Header { name: "messagebird-signature-jwt", value: token.as_bytes() }];
    let head = Head { method: "POST", target: "/webhook", headers: &headers };
    let verdict = verifier.verify(&Request { head, body }, UnixTime::from_s(NOW_S)).map(drop);
    let of_head = verifier.check_head(&head);
    assert!(of_head.is_ok() || of_head == verdict, "the head's refusal is the whole request's");
    verdict
}

/// Whether a header says HS256 and names nothing that has to be understood.
fn names_hs256(header: &[u8]) -> bool {
    let header: Option<Value> = serde_json::from_slice(header).ok();
    header.is_some_and(|header| header["alg"] == "HS256" && header.get("crit").is_none_or(Value::is_null))
}

/// Whether a header is the one that nearly all tokens have.
fn is_plain(header: &[u8]) -> bool {
    [&br#"{"alg":"HS256"}"#[..], br#"{"alg":"HS256","typ":"JWT"}"#, br#"{"typ":"JWT","alg":"HS256"}"#].contains(&header)
}

/// The first that does not hold: an object of different names; who says so; the hashes; the times.
fn reference(claims: &[u8], body: &[u8]) -> Result<(), Refusal> {
    let text = std::str::from_utf8(claims).map_err(|_| Refusal::MalformedSignature)?;
    let read = serde_json::from_str(text).ok().filter(|_| !has_name_twice(text));
    let Some(Value::Object(claims)) = read else { return Err(Refusal::MalformedSignature) };
    let is_hash = |name: &str, bytes: &[u8]| {
        let hash = super::hex(&Sha256::digest(bytes));
        claims.get(name).and_then(Value::as_str).is_some_and(|said| said.to_ascii_lowercase() == hash)
    };
    let body_is_right =
        if body.is_empty() { !claims.contains_key("payload_hash") } else { is_hash("payload_hash", body) };
    if claims.get("iss") != Some(&Value::from("MessageBird")) || !is_hash("url_hash", URL.as_bytes()) || !body_is_right
    {
        return Err(Refusal::SignatureMismatch);
    }
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(value) => {
            let seconds = value.as_i64().or_else(|| {
                let seconds = value.as_f64().filter(|seconds| *seconds < 1e12)?;
                format!("{:.0}", seconds.floor()).parse().ok()
            });
            seconds.filter(|s| *s >= 0).map(Some).ok_or(Refusal::MalformedTimestamp)
        }
    };
    let (made_at, ends_at) = (time("nbf")?, time("exp")?);
    let (Some(made_at), Some(ends_at)) = (made_at, ends_at) else { return Err(Refusal::MissingTimestamp) };
    if made_at > NOW_S + 1 {
        return Err(Refusal::FromTheFuture { ahead_s: (made_at - NOW_S).unsigned_abs(), limit_s: 1 });
    }
    if NOW_S > ends_at {
        let limit_s = u64::try_from(ends_at - made_at).unwrap_or(0);
        return Err(Refusal::Stale { age_s: u64::try_from(NOW_S - made_at).unwrap_or(0), limit_s });
    }
    Ok(())
}

/// Whether an object has a name twice on its first level: its text, which is JSON, is gone through for what stands before a
/// colon there.
fn has_name_twice(text: &str) -> bool {
    let (mut depth, mut names) = (0, Vec::new());
    let mut characters = text.char_indices();
    let mut last = "";
    while let Some((at, character)) = characters.next() {
        match character {
            '{' | '[' => depth += 1,
            '}' | ']' => depth -= 1,
            ':' if depth == 1 => names.push(serde_json::from_str::<String>(last).expect("a name is a string")),
            '"' => {
                let mut end = at;
                while let Some((inside, character)) = characters.next() {
                    end = inside + 1;
                    match character {
                        '\\' => drop(characters.next()),
                        '"' => break,
                        _ => {}
                    }
                }
                last = &text[at..end];
            }
            _ => {}
        }
    }
    names.iter().any(|name| names.iter().filter(|known| *known == name).count() > 1)
}

fn base64_url(bytes: &[u8]) -> String {
    base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}
