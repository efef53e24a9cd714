//! Signing as a provider does: for tests of a receiver, and for senders.

use super::check::{UnusableScheme, check};
#[cfg(feature = "providers")]
use super::key::PrivateKey;
use super::key::{Keyed, UnusableSecret};
use super::scheme::{Scheme, TimestampPlace};
use super::secret::Secret;
use super::text::{Text, Url, is_base_url};
use super::{Refusal, signature, timestamp};
use crate::request::{Head, Header, Request};
use crate::time::UnixTime;
use std::fmt;

/// Signs bodies under one scheme with one secret.
///
/// ```
/// use hookgate::{Secret, UnixTime, preset, verify::Signer};
///
/// let secret = Secret::new(b"8f742231b10e8888abcd99yyyzzz85a5".to_vec())?;
/// let fields = Signer::new(&preset("slack").unwrap(), &secret)?.sign(b"{}", UnixTime::from_s(1531420618))?;
/// assert_eq!(fields[0].0, "X-Slack-Request-Timestamp");
/// assert_eq!(fields[1].0, "X-Slack-Signature");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Signer {
    scheme: Scheme,
    key: Key,
    id: Option<String>,
    method: String,
    url: String,
}

/// What signs.
#[derive(Clone)]
enum Key {
    Shared(Keyed),
    #[cfg(feature = "providers")]
    Private(PrivateKey),
}

impl Key {
    /// The signature of `text`.
    fn sign(&self, scheme: &Scheme, text: &Text<'_>) -> Vec<u8> {
        match self {
            Key::Shared(keyed) => keyed.sign(scheme, text),
            #[cfg(feature = "providers")]
            Key::Private(key) => key.sign(scheme, text),
        }
    }
}

/// Header fields: their names and values.
type Fields = Vec<(String, String)>;

/// Why a delivery cannot be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CannotSign {
    /// The scheme cannot work.
    Scheme(UnusableScheme),
    /// The secret is not of the form that the scheme asks for.
    Secret(UnusableSecret),
    /// The secret is a public key: it verifies, and only the provider has what signs.
    #[cfg(feature = "providers")]
    PublicKey,
    /// The scheme signs an id, and none was given.
    NoId,
    /// The id cannot stand in the scheme's header: it is empty, has a character that no header has, or holds what parts it
    /// from the rest of what is signed.
    InvalidId,
    /// The scheme signs the URL, and none was given.
    NoUrl,
    /// Not a URL that a provider posts to.
    InvalidUrl,
    /// The scheme signs a form, or a hash of the body in the URL, and the body is neither.
    Refused(Refusal),
    /// The signature stands in the body, which header fields say nothing of: see [`Signer::deliver`].
    InBody,
    /// The signature stands in the body, and this body has no place for it: it is no JSON, or none of the scheme's form.
    NoPlace,
}

impl fmt::Display for CannotSign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CannotSign::Scheme(unusable) => return unusable.fmt(f),
            CannotSign::Secret(unusable) => return unusable.fmt(f),
            #[cfg(feature = "providers")]
            CannotSign::PublicKey => {
                "the secret is a public key, which verifies: only who has the private one can sign"
            }
            CannotSign::NoId => "the scheme signs an id, and none was given",
            CannotSign::InvalidId => "the id cannot stand in the scheme's header",
            CannotSign::NoUrl => "the scheme signs the URL that is posted to, and none was given",
            CannotSign::InvalidUrl => "a URL begins with http:// or https:// and has no fragment",
            CannotSign::Refused(refusal) => return refusal.fmt(f),
            CannotSign::InBody => "the scheme's signature stands in the body",
            CannotSign::NoPlace => "the scheme's signature stands in the body, and this body has no place for it",
        })
    }
}

impl std::error::Error for CannotSign {}

impl Signer {
    /// A signer under `scheme` with `secret`: the shared one, or the private key where a public one verifies. That is 64 bytes
    /// for Ed25519 (the public key is the second half), written as the public key or as `whsk_` and base64, and PKCS #8 for
    /// P-256.
    ///
    /// # Errors
    /// Where the scheme cannot work, or the secret is none for it.
    pub fn new(scheme: &Scheme, secret: &Secret) -> Result<Self, CannotSign> {
        check(scheme).map_err(CannotSign::Scheme)?;
        let scheme = scheme.for_secret(secret).into_owned();
        let key = key(&scheme, secret)?;
        let method = scheme.methods.first().cloned().unwrap_or_default();
        Ok(Signer { scheme, key, id: None, method, url: String::new() })
    }

    /// The same with this id for the delivery, where the scheme signs one.
    #[must_use]
    pub fn with_id(self, id: &str) -> Self {
        Signer { id: Some(id.to_string()), ..self }
    }

    /// The same for deliveries by `method`; the scheme's first unless told otherwise.
    #[must_use]
    pub fn with_method(self, method: &str) -> Self {
        Signer { method: method.to_string(), ..self }
    }

    /// The same for deliveries to `url`, query included.
    #[must_use]
    pub fn with_url(self, url: &str) -> Self {
        Signer { url: url.to_string(), ..self }
    }

    /// The header fields of a delivery of `body` that is signed at `now`: those that the scheme reads, the signature last.
    ///
    /// # Errors
    /// Where the scheme signs what the signer was not told, or has its signature in the body.
    pub fn sign(&self, body: &[u8], now: UnixTime) -> Result<Fields, CannotSign> {
        #[cfg(feature = "providers")]
        if self.scheme.signature_in_body.is_some() {
            return Err(CannotSign::InBody);
        }
        let mut fields = self.scheme.require_headers.clone();
        #[cfg(feature = "providers")]
        fields.extend(self.scheme.optional_headers.iter().cloned());
        let id = match (&self.scheme.signed_id, &self.id) {
            (None, _) if !self.scheme.signs_id() => "",
            (_, None) => return Err(CannotSign::NoId),
            (None, Some(id)) => id,
            (Some(_), Some(id)) if id.trim().is_empty() || id.trim() != id || id.chars().any(char::is_control) => {
                return Err(CannotSign::InvalidId);
            }
            (Some(name), Some(id)) => {
                fields.push((name.clone(), id.clone()));
                id
            }
        };
        let (base, target) = match self.url.split_once('?') {
            Some((base, _)) => (base, self.url.as_str()),
            None => (self.url.as_str(), self.url.as_str()),
        };
        match self.scheme.covers_url() {
            true if self.url.is_empty() => return Err(CannotSign::NoUrl),
            true if !is_base_url(base) || !self.url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') => {
                return Err(CannotSign::InvalidUrl);
            }
            _ => {}
        }
        let written = match &self.scheme.timestamp {
            Some(rule) => timestamp::text(rule.unit, now),
            None => String::new(),
        };
        if let Some(TimestampPlace::Header(name)) = self.scheme.timestamp.as_ref().map(|rule| &rule.place) {
            fields.push((name.clone(), written.clone()));
        }
        // A body that looks like JSON is none of a form: it is signed as one only by mistake.
        let as_json = [Header { name: "Content-Type", value: b"application/json" }];
        let headers = if body.starts_with(b"{") || body.starts_with(b"[") { &as_json[..] } else { &[] };
        let request = Request { head: Head { method: &self.method, target, headers }, body };
        let name = self.scheme.signature_headers.first().cloned().unwrap_or_default();
        let value = self.value(&request, (&written, id), base, now)?;
        fields.push((name, value));
        self.check_own(&fields)?;
        Ok(fields)
    }

    /// The value of the signature header for `request`, signed with this timestamp and id.
    fn value(
        &self,
        request: &Request<'_>,
        (timestamp, id): (&str, &str),
        url: &str,
        now: UnixTime,
    ) -> Result<String, CannotSign> {
        #[cfg(not(feature = "providers"))]
        let _ = now;
        #[cfg(feature = "providers")]
        if let Some(jwt) = &self.scheme.jwt {
            let plain = Scheme { template: vec![super::Piece::Body], ..self.scheme.clone() };
            let sign = |body: &[u8]| {
                self.key.sign(&plain, &Text::new(&Request { body, ..*request }, (&[], &[]), &Url::new("")))
            };
            let token = super::jwt::token((&self.scheme, jwt), (&request.head, url, request.body), id, now, sign);
            let prefix = signature::write(&self.scheme, &[], "");
            return token.map(|token| prefix + &token).ok_or(CannotSign::InvalidId);
        }
        let url = Url::new(url);
        let text = Text::new(request, (timestamp.as_bytes(), id.as_bytes()), &url);
        #[cfg(feature = "providers")]
        let form = super::form::Form::read(&self.scheme, request).map_err(CannotSign::Refused)?;
        #[cfg(feature = "providers")]
        let text = Text { form: Some(&form), ..text };
        Ok(signature::write(&self.scheme, &self.key.sign(&self.scheme, &text), timestamp))
    }

    /// The header fields and the body of a delivery of `body` that is signed at `now`. The body is another than was given where
    /// the scheme has its signature there: `body` with that in its place, and else as it was.
    ///
    /// # Errors
    /// Where the scheme signs what the signer was not told, or the body has no place for its signature.
    pub fn deliver(&self, body: &[u8], now: UnixTime) -> Result<(Fields, Vec<u8>), CannotSign> {
        #[cfg(feature = "providers")]
        if let Some(in_body) = &self.scheme.signature_in_body {
            if self.scheme.signs_id() && self.id.is_none() {
                return Err(CannotSign::NoId);
            }
            let time = self.scheme.timestamp.as_ref().map(|rule| timestamp::text(rule.unit, now)).unwrap_or_default();
            let (scheme, id) = (&self.scheme, self.id.as_deref());
            let Key::Shared(keyed) = &self.key else { return Err(CannotSign::NoPlace) };
            let sealed = super::in_body::seal(scheme, in_body, keyed, body, &time, id);
            return sealed.map(|body| (Vec::new(), body)).ok_or(CannotSign::NoPlace);
        }
        Ok((self.sign(body, now)?, body.to_vec()))
    }

    /// What is signed has to be what a verifier reads.
    fn check_own(&self, fields: &[(String, String)]) -> Result<(), CannotSign> {
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let head = Head { method: &self.method, target: "/", headers: &headers };
        match signature::Plan::new(&self.scheme).read(&self.scheme, &head, &mut signature::Parts::empty()) {
            Err(Refusal::MalformedId) => Err(CannotSign::InvalidId),
            _ => Ok(()),
        }
    }
}

/// What signs under `scheme` with `secret`.
fn key(scheme: &Scheme, secret: &Secret) -> Result<Key, CannotSign> {
    #[cfg(feature = "providers")]
    if scheme.algorithm.has_public_key() {
        return match (PrivateKey::read(scheme, secret), scheme.key(secret)) {
            (Some(key), _) => Ok(Key::Private(key)),
            (None, Ok(_)) => Err(CannotSign::PublicKey),
            (None, Err(why)) => Err(CannotSign::Secret(why)),
        };
    }
    let key = super::key_of(scheme, secret).and_then(|key| Keyed::new(scheme.algorithm, &key));
    key.map(Key::Shared).map_err(CannotSign::Secret)
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("scheme", &self.scheme.name).finish_non_exhaustive()
    }
}

/// The header fields that sign `body` under `scheme` with `secret`, where that is all there is to sign: no time, no id, no
/// URL. Nothing where it is not: see [`Signer`].
#[must_use]
pub fn sign(scheme: &Scheme, secret: &Secret, body: &[u8]) -> Vec<(String, String)> {
    #[cfg(feature = "providers")]
    if scheme.signs_token() {
        return Vec::new();
    }
    let needs_no_time = scheme.timestamp.as_ref().is_none_or(|rule| matches!(rule.place, TimestampPlace::Json(_)));
    let signer = if needs_no_time { Signer::new(scheme, secret).ok() } else { None };
    signer.and_then(|signer| signer.sign(body, UnixTime::from_s(0)).ok()).unwrap_or_default()
}
