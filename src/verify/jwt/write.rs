//! Writing a token as a provider does.

use super::{Jwt, full_url};
use crate::base64;
use crate::json::write_string;
use crate::request::Head;
use crate::time::UnixTime;
use crate::verify::encoding;
use crate::verify::scheme::{ReplayRule, Scheme};
use jsonwebtoken::Header;
use sha2::{Digest, Sha256};

/// How long a token is good for, in seconds: as long as MessageBird's.
const LIFETIME_S: i64 = 60;

/// The token that signs `body` for `scheme`, whose `jwt` it is; `sign` makes the signature of a text.
pub(in crate::verify) fn token(
    (scheme, jwt): (&Scheme, &Jwt),
    (head, url, body): (&Head<'_>, &str, &[u8]),
    id: &str,
    now: UnixTime,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Option<String> {
    let header = serde_json::to_vec(&Header::new(scheme.algorithm.in_token()?)).ok()?;
    let now_s = now.as_ms().div_euclid(1000);
    let hash = |bytes: &[u8]| encoding::encode(scheme.encoding, &Sha256::digest(bytes));
    let mut claims = Vec::new();
    claims.extend(jwt.issuer.iter().map(|issuer| ("iss", string(issuer))));
    claims.extend(jwt.made_at.iter().map(|claim| (claim.as_str(), now_s.to_string())));
    if jwt.expires {
        claims.push(("exp", now_s.saturating_add(LIFETIME_S).to_string()));
    }
    if scheme.replay_key == ReplayRule::TokenId {
        claims.push(("jti", string(id)));
    }
    claims.extend(jwt.url_hash.iter().map(|claim| (claim.as_str(), string(&hash(full_url(head, url).as_bytes())))));
    if !(jwt.unhashed_if_empty && body.is_empty()) {
        claims.push((&jwt.body_hash, string(&hash(body))));
    }
    let members: Vec<String> = claims.into_iter().map(|(name, value)| format!("{}:{value}", string(name))).collect();
    let signed = format!("{}.{}", base64_url(&header), base64_url(format!("{{{}}}", members.join(",")).as_bytes()));
    let signature = base64_url(&sign(signed.as_bytes()));
    Some(format!("{signed}.{signature}"))
}

/// `text` as JSON.
fn string(text: &str) -> String {
    let mut out = Vec::new();
    write_string(text, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Base64url without padding (RFC 7515 §2).
fn base64_url(bytes: &[u8]) -> String {
    base64::text(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}
