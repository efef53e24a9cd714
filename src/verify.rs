//! The pure verifier: is this request signed by a holder of one of these secrets? It does no I/O, reads no clock, allocates
//! nothing and judges the signature only; whether the body is what a receiver wants is [`crate::Receiver`]'s.

mod presets;
mod refusal;
mod scheme;
mod secret;
mod signature;

pub use presets::{names, preset};
pub use refusal::Refusal;
pub use scheme::{Algorithm, Encoding, Grammar, PayloadRule, Piece, Place, Scheme, SecretForm, Success};
pub use secret::{EmptySecret, Secret};

use crate::request::{Head, Header, Request};
use crate::time::UnixTime;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use signature::Signature;
use std::fmt;

/// Verifies requests against one scheme and one or more secrets, any of which may match.
///
/// The key schedule of each secret is computed once, here, and cloned for each request.
pub struct Verifier {
    scheme: Scheme,
    keys: Vec<Key>,
}

struct Key {
    label: String,
    mac: Hmac<Sha256>,
}

/// Why a [`Verifier`] cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifierError {
    /// No secret was given: such a verifier could only refuse.
    NoSecret,
    /// The scheme's template has no [`Piece::Body`]: its signature would say nothing about the body.
    UncoveredBody,
}

impl fmt::Display for VerifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            VerifierError::NoSecret => "there is no secret to verify with",
            VerifierError::UncoveredBody => "the scheme's signature does not cover the body",
        })
    }
}

impl std::error::Error for VerifierError {}

impl Verifier {
    /// A verifier for `scheme` with `secrets`, each with the label that [`Verified::secret_label`] shows.
    ///
    /// # Errors
    /// Where there is no secret, or where the scheme's signature does not cover the body.
    pub fn new(scheme: Scheme, secrets: impl IntoIterator<Item = (String, Secret)>) -> Result<Self, VerifierError> {
        if !scheme.template.contains(&Piece::Body) {
            return Err(VerifierError::UncoveredBody);
        }
        let keys: Vec<Key> =
            secrets.into_iter().map(|(label, secret)| Key { label, mac: schedule(&scheme, &secret) }).collect();
        if keys.is_empty() {
            return Err(VerifierError::NoSecret);
        }
        Ok(Verifier { scheme, keys })
    }

    /// The scheme this verifier judges by.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Proof that the holder of one of the secrets signed `request`, body included.
    ///
    /// `now` is what timestamps are held against; a scheme without one (GitHub's) takes any. Neither accepting nor
    /// refusing allocates, and comparing takes the same time wherever two signatures differ.
    ///
    /// Not promised: that the body is of any form, or that this request was not sent before.
    ///
    /// # Errors
    /// What the sender did wrong; see [`Refusal`].
    pub fn verify<'a>(&'a self, request: &Request<'a>, now: UnixTime) -> Result<Verified<'a>, Refusal> {
        // Freshness is judged where a scheme signs its time; none of today's does.
        let _ = now;
        let signature = Signature::of(&self.scheme, &request.head)?;
        let matching = self.keys.iter().find(|key| {
            let mac = mac(&key.mac, &self.scheme.template, request);
            mac.verify_slice(signature.as_bytes()).is_ok()
        });
        match matching {
            Some(key) => Ok(Verified { request: *request, scheme: &self.scheme, secret_label: &key.label }),
            None => Err(Refusal::SignatureMismatch),
        }
    }

    /// What can be refused before the body has come: an absent or malformed signature header.
    ///
    /// # Errors
    /// The refusal that [`Verifier::verify`] would give for this head with any body.
    pub fn check_head(&self, head: &Head<'_>) -> Result<(), Refusal> {
        Signature::of(&self.scheme, head).map(drop)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let labels: Vec<&str> = self.keys.iter().map(|key| key.label.as_str()).collect();
        f.debug_struct("Verifier").field("scheme", &self.scheme.name).field("secrets", &labels).finish()
    }
}

/// The header fields that sign `body` under `scheme` with `secret`: what a sender adds to its request.
#[must_use]
pub fn sign(scheme: &Scheme, secret: &Secret, body: &[u8]) -> Vec<(String, String)> {
    let request = Request { head: Head { method: "POST", target: "/", headers: &[] as &[Header<'_>] }, body };
    let mac = mac(&schedule(scheme, secret), &scheme.template, &request);
    let signature = signature::write(scheme, &mac.finalize().into_bytes());
    scheme.signature_headers.first().map(|name| (name.clone(), signature)).into_iter().collect()
}

fn schedule(scheme: &Scheme, secret: &Secret) -> Hmac<Sha256> {
    let key = match scheme.secret_form {
        SecretForm::Utf8 => secret.as_bytes(),
    };
    match scheme.algorithm {
        Algorithm::HmacSha256 => Hmac::new_from_slice(key).expect("HMAC takes keys of any length (RFC 2104 §3)"),
    }
}

/// The MAC of what `template` makes of `request`, fed piece by piece: the body is not copied.
#[inline(always)]
fn mac(schedule: &Hmac<Sha256>, template: &[Piece], request: &Request<'_>) -> Hmac<Sha256> {
    let mut mac = schedule.clone();
    for piece in template {
        mac.update(match piece {
            Piece::Literal(text) => text,
            Piece::Body => request.body,
        });
    }
    mac
}

/// A request whose signature is proven. Only [`Verifier::verify`] makes one, and what hands events on takes nothing else.
///
/// A program cannot make its own. This compiles:
/// ```
/// fn whole<'a>(head: hookgate::Head<'a>, body: &'a [u8]) -> hookgate::Request<'a> {
///     hookgate::Request { head, body }
/// }
/// ```
/// and this, one name apart, does not:
/// ```compile_fail
/// fn whole<'a>(head: hookgate::Head<'a>, body: &'a [u8]) -> hookgate::Request<'a> {
///     hookgate::Verified { head, body }
/// }
/// ```
/// Nor can it put another request under a proof. This compiles:
/// ```
/// fn swap<'a>(mut proven: hookgate::Verified<'a>, other: hookgate::Request<'a>) -> hookgate::Request<'a> {
///     let mut kept = *proven.request();
///     kept = other;
///     kept
/// }
/// ```
/// and this does not:
/// ```compile_fail
/// fn swap<'a>(mut proven: hookgate::Verified<'a>, other: hookgate::Request<'a>) -> hookgate::Request<'a> {
///     let mut kept = *proven.request();
///     proven.request = other;
///     kept
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Verified<'a> {
    request: Request<'a>,
    scheme: &'a Scheme,
    secret_label: &'a str,
}

impl<'a> Verified<'a> {
    /// The request that was proven, byte for byte.
    #[must_use]
    pub fn request(&self) -> &Request<'a> {
        &self.request
    }

    /// The scheme it was proven by.
    #[must_use]
    pub fn scheme(&self) -> &'a Scheme {
        self.scheme
    }

    /// The label of the secret that matched.
    #[must_use]
    pub fn secret_label(&self) -> &'a str {
        self.secret_label
    }

    /// The event's type: the first of the scheme's places that holds a value. `payload` is the body's JSON, if it has one.
    #[must_use]
    pub fn event_type(&self, payload: Option<&str>) -> Option<String> {
        self.first_of(&self.scheme.event_type, payload)
    }

    /// The sender's id of this delivery, from the scheme's places. A header is not covered by the signature: it names the
    /// delivery and proves nothing.
    #[must_use]
    pub fn delivery_id(&self, payload: Option<&str>) -> Option<String> {
        self.first_of(&self.scheme.delivery_id, payload)
    }

    fn first_of(&self, places: &[Place], payload: Option<&str>) -> Option<String> {
        places.iter().find_map(|place| match place {
            Place::Header(name) => {
                self.request.head.value(name).map(|value| String::from_utf8_lossy(value).into_owned())
            }
            Place::Json(pointer) => crate::json::string_at(payload?, pointer),
        })
    }
}

#[cfg(test)]
mod tests;
