//! The pure verifier: is this request signed by a holder of one of these secrets? It does no I/O, reads no clock, allocates
//! nothing and judges the signature only; whether the body is what a receiver wants is [`crate::Receiver`]'s.

mod check;
mod encoding;
mod error;
#[cfg(feature = "providers")]
mod file;
#[cfg(feature = "providers")]
mod form;
mod handshake;
#[cfg(feature = "providers")]
mod in_body;
#[cfg(feature = "providers")]
mod jwt;
mod key;
#[cfg(feature = "providers")]
mod names;
#[cfg(feature = "providers")]
mod otherwise;
mod pointer;
mod presets;
mod refusal;
mod scheme;
mod secret;
mod sign;
mod signature;
pub mod template;
mod text;
mod timestamp;
#[cfg(feature = "providers")]
mod token;
mod verified;

pub use check::{UnusableScheme, check};
pub use error::VerifierError;
#[cfg(feature = "providers")]
pub use file::SCHEME_FILE_LIMIT_BYTES;
#[cfg(feature = "config")]
pub(crate) use file::{list, quoted};
#[cfg(feature = "providers")]
pub use form::PARAMETERS_LIMIT;
pub use handshake::{AgreedToken, Body, ECHO_LIMIT_BYTES, Handshake, Reply, SIGNED_TOKEN_LIMIT_BYTES, Said, Spot};
#[cfg(feature = "providers")]
pub use in_body::{IN_BODY_LIMIT_BYTES, InBody, SecretPlace};
#[cfg(feature = "providers")]
pub use jwt::{Jwt, TOKEN_LIMIT_BYTES};
pub use key::{SHORTEST_DECODED_BYTES, UnusableSecret};
pub use presets::{aliases, names, preset};
pub use refusal::Refusal;
#[cfg(feature = "providers")]
pub use scheme::PublicKeyRule;
pub use scheme::{
    Algorithm, ContentType, Coverage, Encoding, Grammar, PayloadRule, Piece, Place, ReplayRule, Scheme, SecretForm,
    Success, TimeUnit, Timestamp, TimestampPlace, Unprefixed,
};
pub use secret::{EmptySecret, Secret};
pub use sign::{CannotSign, Signer, sign};
pub use signature::{PUBLIC_KEY_SIGNATURES_LIMIT, SIGNATURES_LIMIT};
pub use verified::Verified;

use crate::request::{Head, Request};
use crate::time::UnixTime;
use key::Keyed;
#[cfg(feature = "providers")]
use key::MacBytes;
use signature::{Parts, Plan};
#[cfg(feature = "providers")]
use std::borrow::Cow;
use std::fmt;
use text::{Text, Url, is_base_url};

/// Verifies requests against one scheme and one or more secrets, any of which may match.
///
/// The key schedule of each secret is computed once, here, and cloned for each request.
pub struct Verifier {
    scheme: Scheme,
    plan: Plan,
    keys: Vec<Key>,
    url: Url,
    /// For the secrets that are public keys, where others are shared secrets.
    #[cfg(feature = "providers")]
    other: Option<Box<Verifier>>,
    /// The URL with the port that is its scheme's own, where the scheme signs either; `url` is without it then.
    #[cfg(feature = "providers")]
    url_with_port: Option<Url>,
}

struct Key {
    label: String,
    keyed: Keyed,
    /// The same for each other algorithm that a token may be signed with.
    #[cfg(feature = "providers")]
    others: Vec<(Algorithm, Keyed)>,
}

impl Key {
    fn new(scheme: &Scheme, label: String, secret: &Secret) -> Result<Self, UnusableSecret> {
        let key = key_of(scheme, secret)?;
        Ok(Key {
            label,
            keyed: Keyed::new(scheme.algorithm, &key)?,
            #[cfg(feature = "providers")]
            others: otherwise::keys(scheme, &key)?,
        })
    }
}

impl Verifier {
    /// A verifier for `scheme` with `secrets`, each with the label that [`Verified::secret_label`] shows.
    ///
    /// # Errors
    /// Where there is no secret or one that the scheme cannot use; where the scheme cannot work, signs the URL, or signs
    /// nothing of the body.
    pub fn new(scheme: Scheme, secrets: impl IntoIterator<Item = (String, Secret)>) -> Result<Self, VerifierError> {
        Verifier::at(scheme, secrets, None)
    }

    /// The same for a provider that posts to `url`: `https://example.com/webhook`, as the provider has it, without its query,
    /// which comes from each request. Only a scheme that signs the URL needs it.
    ///
    /// # Errors
    /// As of [`Verifier::new`], and where `url` is none.
    pub fn at(
        scheme: Scheme,
        secrets: impl IntoIterator<Item = (String, Secret)>,
        url: Option<&str>,
    ) -> Result<Self, VerifierError> {
        if check(&scheme).is_ok() && scheme.coverage() == Coverage::Nothing {
            return Err(VerifierError::UncoveredBody);
        }
        Verifier::accepting_uncovered_body(scheme, secrets, url)
    }

    /// The same for a scheme that may prove who sends and nothing of what is sent: a token, or a signature that is not over
    /// the body. Who has seen one request can send any body with what it holds, as often as he likes.
    ///
    /// # Errors
    /// As of [`Verifier::at`], but for [`VerifierError::UncoveredBody`].
    pub fn accepting_uncovered_body(
        scheme: Scheme,
        secrets: impl IntoIterator<Item = (String, Secret)>,
        url: Option<&str>,
    ) -> Result<Self, VerifierError> {
        let verifier = Verifier::of_any_number(scheme, secrets, url)?;
        if verifier.keys.is_empty() { Err(VerifierError::NoSecret) } else { Ok(verifier) }
    }

    /// A verifier that takes nothing: for a source whose secret is still to come. [`Verifier::with_secret`] gives it one.
    ///
    /// # Errors
    /// As of [`Verifier::at`], but for the secrets.
    #[cfg(feature = "providers")]
    pub fn without_secret(scheme: Scheme, url: Option<&str>) -> Result<Self, VerifierError> {
        let verifier = Verifier::of_any_number(scheme, [], url)?;
        if verifier.scheme.coverage() == Coverage::Nothing { Err(VerifierError::UncoveredBody) } else { Ok(verifier) }
    }

    /// A verifier as this one is, with this secret and no other.
    ///
    /// # Errors
    /// Where the scheme cannot use it.
    #[cfg(feature = "providers")]
    pub fn with_secret(&self, label: String, secret: Secret) -> Result<Self, VerifierError> {
        let url = Some(self.url.as_str()).filter(|url| !url.is_empty());
        Verifier::at(self.scheme.clone(), [(label, secret)], url)
    }

    fn of_any_number(
        scheme: Scheme,
        secrets: impl IntoIterator<Item = (String, Secret)>,
        url: Option<&str>,
    ) -> Result<Self, VerifierError> {
        check(&scheme).map_err(VerifierError::Scheme)?;
        if url.is_none() && scheme.covers_url() {
            return Err(VerifierError::NoUrl);
        }
        if !url.is_none_or(is_base_url) {
            return Err(VerifierError::InvalidUrl);
        }
        #[cfg(feature = "providers")]
        let (secrets, other) = {
            let (own, others): (Vec<_>, Vec<_>) =
                secrets.into_iter().partition(|(_, secret)| matches!(scheme.for_secret(secret), Cow::Borrowed(_)));
            let other = match others.first() {
                Some((_, secret)) => {
                    Some(Verifier::accepting_uncovered_body(scheme.for_secret(secret).into_owned(), others, url)?)
                }
                None => None,
            };
            match other {
                Some(other) if own.is_empty() => return Ok(other),
                other => (own, other.map(Box::new)),
            }
        };
        let keys = secrets.into_iter().map(|(label, secret)| {
            Key::new(&scheme, label.clone(), &secret).map_err(|why| VerifierError::Secret { label, why })
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        let url = url.unwrap_or_default();
        #[cfg(feature = "providers")]
        let (url, url_with_port) = otherwise::urls(&scheme, url);
        #[cfg(feature = "providers")]
        let url = url.as_str();
        Ok(Verifier {
            plan: Plan::new(&scheme),
            scheme,
            keys,
            url: Url::new(url),
            #[cfg(feature = "providers")]
            other,
            #[cfg(feature = "providers")]
            url_with_port: url_with_port.as_deref().map(Url::new),
        })
    }

    /// The scheme this verifier judges by.
    #[must_use]
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The labels of all its secrets, by which [`Verified::secret_label`] tells them apart.
    #[cfg(feature = "watch")]
    pub(crate) fn secret_labels(&self) -> impl Iterator<Item = String> {
        let others = self.other.iter().flat_map(|other| &other.keys);
        self.keys.iter().chain(others).map(|key| key.label.clone())
    }

    /// Proof that the holder of one of the secrets signed `request`, body included.
    ///
    /// `now` is what a timestamp in the head is held against, once the signature that covers it is proven. Neither accepting
    /// nor refusing allocates, but where a form or the claims of a JWT have to be read; and comparing takes the same time wherever two signatures differ.
    ///
    /// Not promised: that the body is of any form, that a timestamp inside it is fresh ([`Verified::judge_body_timestamp`],
    /// which [`crate::Delivery::new`] asks), or that this request was not sent before.
    ///
    /// # Errors
    /// What the sender did wrong; see [`Refusal`].
    pub fn verify<'a>(&'a self, request: &Request<'a>, now: UnixTime) -> Result<Verified<'a>, Refusal> {
        #[cfg(feature = "providers")]
        if let Some(in_body) = &self.scheme.signature_in_body {
            return self.verify_in_body(in_body, request);
        }
        let verdict = self.verify_alone(request, now);
        #[cfg(feature = "providers")]
        if let (Err(refusal), Some(other)) = (&verdict, &self.other) {
            return self.verify_beside(*refusal, other, request, now);
        }
        verdict
    }

    #[inline(always)]
    fn verify_alone<'a>(&'a self, request: &Request<'a>, now: UnixTime) -> Result<Verified<'a>, Refusal> {
        let mut parts = Parts::empty();
        self.plan.read(&self.scheme, &request.head, &mut parts)?;
        #[cfg(feature = "providers")]
        if self.plan.is_otherwise {
            return self.verify_otherwise(request, &parts, now);
        }
        let text = Text::new(request, (parts.timestamp, parts.id), &self.url);
        let Some((first, later)) = self.keys.split_first() else { return Err(Refusal::SignatureMismatch) };
        let (is_right, mac) = first.keyed.judge(&self.scheme, &text, &parts);
        let key = if is_right { first } else { self.any_later(later, &text, &parts)? };
        // Only now: an unsigned timestamp is the attacker's.
        if let (Some(rule), Some(signed_at)) = (&self.scheme.timestamp, parts.moment) {
            rule.judge(signed_at, now)?;
        }
        let secret_label = &key.label;
        Ok(Verified { request: *request, scheme: &self.scheme, secret_label, keyed: &key.keyed, id: parts.id, mac })
    }

    /// The key of `later` that a signature is right under.
    // Not inlined: mostly the first one is.
    #[inline(never)]
    fn any_later<'a>(&'a self, later: &'a [Key], text: &Text<'_>, parts: &Parts<'_>) -> Result<&'a Key, Refusal> {
        later.iter().find(|key| key.keyed.judge(&self.scheme, text, parts).0).ok_or(Refusal::SignatureMismatch)
    }

    /// The verdict of `other`, where this verifier's own is `refusal`: of the two refusals the one that goes further.
    #[cfg(feature = "providers")]
    #[cold]
    fn verify_beside<'a>(
        &'a self,
        refusal: Refusal,
        other: &'a Verifier,
        request: &Request<'a>,
        now: UnixTime,
    ) -> Result<Verified<'a>, Refusal> {
        let distance = |refusal: Refusal| match refusal {
            Refusal::Stale { .. } | Refusal::FromTheFuture { .. } => 2,
            Refusal::SignatureMismatch => 1,
            _ => 0,
        };
        match other.verify_alone(request, now) {
            Ok(verified) => {
                // By the same secret, whichever matched: see `Verified::replay_key`.
                let mut parts = Parts::empty();
                let _ = other.plan.read(&other.scheme, &request.head, &mut parts);
                let form = form::Form::read(&self.scheme, request).unwrap_or_default();
                let text = Text::new(request, (parts.timestamp, parts.id), &self.url);
                let text = Text { form: Some(&form), ..text };
                let first = self.keys.first().map(|key| key.keyed.sign(&self.scheme, &text));
                Ok(Verified { mac: MacBytes::of(&first.unwrap_or_default()), ..verified })
            }
            Err(another) if distance(another) > distance(refusal) => Err(another),
            Err(_) => Err(refusal),
        }
    }

    /// The same where the signature stands in the body. Its time is judged as every time that stands there is.
    #[cfg(feature = "providers")]
    #[cold]
    fn verify_in_body<'a>(&'a self, in_body: &'a InBody, request: &Request<'a>) -> Result<Verified<'a>, Refusal> {
        let signed = in_body::Signed::read(&self.scheme, in_body, request.body)?;
        let mut matching = self.keys.iter().filter_map(|key| Some((key, signed.judge(&key.keyed)?)));
        // There is one signature, so that nobody can choose the secret that a replay is known by.
        let Some((Key { label, keyed, .. }, mac)) = matching.next() else { return Err(Refusal::SignatureMismatch) };
        Ok(Verified { request: *request, scheme: &self.scheme, secret_label: label, keyed, id: &[], mac })
    }

    /// What can be refused before the body has come: what the head lacks, or has in another form than the scheme's.
    ///
    /// # Errors
    /// The refusal that [`Verifier::verify`] would give for this head with any body.
    pub fn check_head(&self, head: &Head<'_>) -> Result<(), Refusal> {
        #[cfg(feature = "providers")]
        if self.scheme.signature_in_body.is_some() {
            return Ok(());
        }
        let checked = self.plan.read(&self.scheme, head, &mut Parts::empty());
        #[cfg(feature = "providers")]
        if let (Err(_), Some(other)) = (&checked, &self.other)
            && other.check_head(head).is_ok()
        {
            return Ok(());
        }
        checked
    }
}

/// What requests are checked with under `scheme` where the operator holds `secret`.
fn key_of(scheme: &Scheme, secret: &Secret) -> Result<Secret, UnusableSecret> {
    #[cfg(feature = "providers")]
    return scheme.key(secret);
    #[cfg(not(feature = "providers"))]
    return scheme.secret_form.key(secret);
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg_attr(not(feature = "providers"), expect(unused_mut, reason = "there are no others in this build"))]
        let mut labels: Vec<&str> = self.keys.iter().map(|key| key.label.as_str()).collect();
        #[cfg(feature = "providers")]
        labels.extend(self.other.iter().flat_map(|other| &other.keys).map(|key| key.label.as_str()));
        f.debug_struct("Verifier").field("scheme", &self.scheme.name).field("secrets", &labels).finish()
    }
}

#[cfg(test)]
mod tests;
