//! What follows from a scheme: what it covers, and the schemes that it becomes.

use super::{Coverage, Piece, Scheme};
#[cfg(feature = "providers")]
use super::{Grammar, PublicKeyRule, SecretForm, Unprefixed};
#[cfg(feature = "providers")]
use crate::verify::key;
use crate::verify::secret::Secret;
use std::borrow::Cow;

impl Scheme {
    /// Whether the signature covers the body.
    #[must_use]
    pub fn covers_body(&self) -> bool {
        self.template.contains(&Piece::Body) || self.signs_form()
    }

    /// Whether a form's parameters are signed, not the bytes that they came in.
    #[must_use]
    pub fn signs_form(&self) -> bool {
        #[cfg(feature = "providers")]
        return self.template.iter().any(|piece| matches!(piece, Piece::FormSorted | Piece::UrlFormSorted));
        #[cfg(not(feature = "providers"))]
        return false;
    }

    /// Whether the signature is a JSON Web Token: its MAC is over the token's claims, one of which is a hash of the body.
    #[must_use]
    pub fn signs_token(&self) -> bool {
        #[cfg(feature = "providers")]
        return self.jwt.is_some();
        #[cfg(not(feature = "providers"))]
        return false;
    }

    /// Whether an id is under the signature: one in a header.
    #[cfg(not(feature = "providers"))]
    #[must_use]
    pub fn signs_id(&self) -> bool {
        self.signed_id.is_some()
    }

    /// How much of the body the signature covers.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        if self.covers_body() {
            return Coverage::Whole;
        }
        #[cfg(feature = "providers")]
        if self.template.iter().any(|piece| matches!(piece, Piece::Json(pointer) if self.is_of_event(pointer))) {
            return Coverage::Fields;
        }
        Coverage::Nothing
    }

    /// Whether `head` has a signature.
    #[cfg(not(feature = "providers"))]
    pub(in crate::verify) fn can_be_signed(&self, head: &crate::request::Head<'_>) -> bool {
        self.signature_headers.iter().any(|name| head.value(name).is_some())
    }

    /// Whether the signature covers the URL, so that the verifier has to be told it.
    #[must_use]
    pub fn covers_url(&self) -> bool {
        let is_url = |piece: &Piece| match piece {
            Piece::Url | Piece::UrlUnescaped => true,
            #[cfg(feature = "providers")]
            Piece::UrlAnyPort | Piece::UrlFormSorted => true,
            _ => false,
        };
        self.template.iter().any(is_url)
    }

    /// The scheme that judges what is signed for `secret`: this one, or that of the public key which the secret is.
    #[cfg(feature = "providers")]
    #[must_use]
    pub fn for_secret(&self, secret: &Secret) -> Cow<'_, Scheme> {
        match &self.public_key {
            Some(rule) if key::is_of_key_pair(secret.as_bytes(), &rule.prefix) => Cow::Owned(self.of_public_key(rule)),
            _ => Cow::Borrowed(self),
        }
    }

    /// The scheme of the signatures that the public key of `rule` verifies.
    #[cfg(feature = "providers")]
    pub(in crate::verify) fn of_public_key(&self, rule: &PublicKeyRule) -> Scheme {
        let mut scheme = self.clone();
        if let Grammar::Pairs { signature_keys, .. } = &mut scheme.grammar {
            signature_keys.clone_from(&rule.signature_keys);
        }
        let secret_form = SecretForm::Base64 { prefix: rule.prefix.clone(), without_prefix: Unprefixed::Base64 };
        Scheme { algorithm: rule.algorithm, secret_form, public_key: None, ..scheme }
    }

    /// The same: nothing but the scheme itself judges in this build.
    #[cfg(not(feature = "providers"))]
    pub(in crate::verify) fn for_secret(&self, _: &Secret) -> Cow<'_, Scheme> {
        Cow::Borrowed(self)
    }

    /// The same with other bounds for the timestamp's age, and for how far ahead it is where the scheme bounds that: `s`
    /// seconds each.
    #[must_use]
    pub fn with_tolerance_s(mut self, s: u64) -> Self {
        if let Some(timestamp) = &mut self.timestamp {
            let bounds_age_only = timestamp.past_s.is_some() && timestamp.future_s.is_none();
            timestamp.past_s = Some(s);
            timestamp.future_s = if bounds_age_only { None } else { Some(s) };
        }
        #[cfg(feature = "providers")]
        if let Some(jwt) = &mut self.jwt {
            (jwt.past_s, jwt.leeway_s) = (jwt.past_s.map(|_| s), Some(s));
        }
        self
    }

    /// The same with a timestamp of any age: what it says is under the signature, and judged by nobody.
    #[must_use]
    pub fn ignoring_age(mut self) -> Self {
        if let Some(timestamp) = &mut self.timestamp {
            (timestamp.past_s, timestamp.future_s) = (None, None);
        }
        #[cfg(feature = "providers")]
        if let Some(jwt) = &mut self.jwt {
            (jwt.past_s, jwt.leeway_s) = (None, None);
        }
        self
    }
}
