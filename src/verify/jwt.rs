//! A signature that is a JSON Web Token (RFC 7519): signed with HMAC, it holds a hash of the body, and says by when it is to be
//! used.
//!
//! The algorithm is the scheme's. What the token's header says has to agree with it, and nothing else of that header counts: a
//! key, or where one is to be fetched, is the attacker's word. Claims are read once the signature is proven.

mod claims;
mod write;

use super::form::is_sha256_of;
use super::refusal::Refusal;
use super::scheme::{Algorithm, Scheme};
use crate::request::Head;
use crate::time::UnixTime;
use claims::Claims;
use jsonwebtoken::decode_header;
use std::borrow::Cow;
pub(super) use write::token;

/// Longest token that is read, in bytes. MessageBird's have 420, Vonage's some 600.
pub const TOKEN_LIMIT_BYTES: usize = 4096;

/// What a token says, and what of it has to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwt {
    /// Algorithms that a token may be signed with beside the scheme's own: each an HMAC with SHA-256, 384 or 512.
    pub other_algorithms: Vec<Algorithm>,
    /// The claim that holds the SHA-256 of the body, in the scheme's encoding.
    pub body_hash: String,
    /// Whether an empty body has no hash: the claim is there exactly where there is a body.
    pub unhashed_if_empty: bool,
    /// The claim that holds the SHA-256 of the URL, query included.
    pub url_hash: Option<String>,
    /// What the claim `iss` has to say; nothing where any will do.
    pub issuer: Option<String>,
    /// The claim that says when the token was made, which has to be there.
    pub made_at: Option<String>,
    /// How long ago that may be, in seconds, inclusive. Nothing: any time, as far as the token's own end allows.
    pub past_s: Option<u64>,
    /// How far this machine's clock and the signer's may be apart, in seconds: `nbf` may be so far ahead, and `exp` so long ago.
    /// Nothing: no time is judged.
    pub leeway_s: Option<u64>,
    /// Whether the token has to say when it ends, in `exp`. Where it says so, it is held to it in any case.
    pub expires: bool,
}

/// A token's text in its parts.
pub(super) struct Token<'a> {
    /// What is signed: header and claims as they stand there.
    pub(super) signed: &'a [u8],
    pub(super) signature: Vec<u8>,
    pub(super) algorithm: Algorithm,
}

impl Algorithm {
    /// It as a token's header names it (RFC 7518 §3.1).
    fn in_token(self) -> Option<jsonwebtoken::Algorithm> {
        match self {
            Algorithm::HmacSha256 => Some(jsonwebtoken::Algorithm::HS256),
            Algorithm::HmacSha384 => Some(jsonwebtoken::Algorithm::HS384),
            Algorithm::HmacSha512 => Some(jsonwebtoken::Algorithm::HS512),
            _ => None,
        }
    }

    /// Whether a token can be signed with it.
    pub(super) fn signs_tokens(self) -> bool {
        self.in_token().is_some()
    }
}

impl Jwt {
    /// The algorithms that a token of `scheme` may be signed with.
    pub(super) fn algorithms<'s>(&'s self, scheme: &'s Scheme) -> impl Iterator<Item = Algorithm> + 's {
        std::iter::once(scheme.algorithm).chain(self.other_algorithms.iter().copied())
    }

    /// The parts of `text`, which nothing is proven of.
    ///
    /// # Errors
    /// Where it is no token, or one that says it is signed by an algorithm which is none of the scheme's.
    pub(super) fn read<'a>(&self, scheme: &Scheme, text: &'a [u8]) -> Result<Token<'a>, Refusal> {
        let malformed = Refusal::MalformedSignature;
        let is_of_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
        if text.len() > TOKEN_LIMIT_BYTES || !text.iter().all(is_of_token) {
            return Err(malformed);
        }
        let points = text.iter().filter(|byte| **byte == b'.').count();
        let last = text.iter().rposition(|byte| *byte == b'.');
        let (signed, signature) = last.and_then(|at| text.split_at_checked(at)).ok_or(malformed)?;
        let header = decode_header(text).map_err(|error| match error.kind() {
            // `none`, or one that the library does not know.
            jsonwebtoken::errors::ErrorKind::Json(error) if error.is_data() => Refusal::UnsupportedAlgorithm,
            _ => malformed,
        })?;
        let named = |algorithm: &Algorithm| algorithm.in_token() == Some(header.alg);
        let algorithm = self.algorithms(scheme).find(named).ok_or(Refusal::UnsupportedAlgorithm)?;
        // RFC 7515 §4.1.11: what is critical has to be understood, and RFC 7797's payload as it is, is not.
        if points != 2 || header.crit.is_some() || header.extras.inner().contains_key("b64") {
            return Err(malformed);
        }
        let signature = base64_url(signature.get(1..).unwrap_or_default()).ok_or(malformed)?;
        if signature.len() != algorithm.signature_bytes() {
            return Err(malformed);
        }
        Ok(Token { signed, signature, algorithm })
    }

    /// Whether what the token `text` says holds of `head`, whose URL up to its query is `url`, and `body`, at `now`. Its
    /// signature is proven.
    ///
    /// # Errors
    /// The first that does not.
    pub(super) fn judge(
        &self,
        scheme: &Scheme,
        text: &[u8],
        (head, url, body): (&Head<'_>, &str, &[u8]),
        now: UnixTime,
    ) -> Result<(), Refusal> {
        let claims = Claims::read(text)?;
        let is_hash = |claim: &str, bytes: &[u8]| {
            claims.text(claim).is_some_and(|hash| is_sha256_of(bytes, scheme.encoding, hash.as_bytes()))
        };
        let issuer_is_right = self.issuer.is_none() || self.issuer.as_deref() == claims.text("iss");
        let url_is_right = self.url_hash.as_ref().is_none_or(|claim| is_hash(claim, full_url(head, url).as_bytes()));
        let body_is_right = match body.is_empty() && self.unhashed_if_empty {
            true => !claims.has(&self.body_hash),
            false => is_hash(&self.body_hash, body),
        };
        if !(issuer_is_right & url_is_right & body_is_right) {
            return Err(Refusal::SignatureMismatch);
        }
        self.judge_time(&claims, now)
    }

    fn judge_time(&self, claims: &Claims, now: UnixTime) -> Result<(), Refusal> {
        let made_at = self.made_at.as_ref().map(|claim| claims.time(claim)).transpose()?;
        let (made_at, begins_at, ends_at) = (made_at.flatten(), claims.time("nbf")?, claims.time("exp")?);
        if (self.made_at.is_some() && made_at.is_none()) || (self.expires && ends_at.is_none()) {
            return Err(Refusal::MissingTimestamp);
        }
        let Some(leeway_s) = self.leeway_s else { return Ok(()) };
        let now_s = now.as_ms().div_euclid(1000);
        for at in [made_at, begins_at].into_iter().flatten() {
            let ahead_s = at.saturating_sub(now_s);
            if let Ok(ahead_s) = u64::try_from(ahead_s)
                && ahead_s > leeway_s
            {
                return Err(Refusal::FromTheFuture { ahead_s, limit_s: leeway_s });
            }
        }
        let seconds = |from: i64, to: i64| u64::try_from(to.saturating_sub(from)).unwrap_or(0);
        // RFC 7519 §4.1.4: at that second it has ended.
        let last_s =
            |ends_at: i64| ends_at.saturating_add(i64::try_from(leeway_s).unwrap_or(i64::MAX)).saturating_sub(1);
        if let Some(ends_at) = ends_at.filter(|at| now_s > last_s(*at)) {
            // Told by its age, where it says when it was made.
            let from = made_at.or(begins_at).unwrap_or(ends_at);
            return Err(Refusal::Stale { age_s: seconds(from, now_s), limit_s: seconds(from, last_s(ends_at)) });
        }
        match (made_at.map(|at| seconds(at, now_s)), self.past_s) {
            (Some(age_s), Some(limit_s)) if age_s > limit_s => Err(Refusal::Stale { age_s, limit_s }),
            _ => Ok(()),
        }
    }

    /// The id of the token `text`, whose signature is proven.
    pub(super) fn id(text: &[u8]) -> Option<String> {
        Claims::read(text).ok()?.text("jti").filter(|id| !id.is_empty()).map(str::to_string)
    }
}

/// The URL that a request came to: what is configured, and its own query.
fn full_url<'u>(head: &Head<'_>, url: &'u str) -> Cow<'u, str> {
    match head.query() {
        None => Cow::Borrowed(url),
        Some(query) => Cow::Owned(format!("{url}?{query}")),
    }
}

/// The bytes that `text` stands for in base64url without padding (RFC 7515 §2), spare bits zero.
fn base64_url(text: &[u8]) -> Option<Vec<u8>> {
    let standard = |byte: &u8| match byte {
        b'-' => Some(b'+'),
        b'_' => Some(b'/'),
        b'+' | b'/' | b'=' => None,
        byte => Some(*byte),
    };
    crate::base64::decode(&text.iter().map(standard).collect::<Option<Vec<u8>>>()?).ok()
}

#[cfg(test)]
mod tests;
