//! Why a verifier cannot be made: the operator's doing.

use super::check::UnusableScheme;
use super::key::UnusableSecret;
use std::fmt;

/// Why a [`Verifier`] cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerifierError {
    /// No secret was given: such a verifier could only refuse.
    NoSecret,
    /// A secret is not of the form that the scheme asks for.
    Secret {
        /// The secret's label.
        label: String,
        /// What is wrong with it.
        why: UnusableSecret,
    },
    /// The scheme cannot work.
    Scheme(UnusableScheme),
    /// The scheme's signature says nothing about the body: see [`Verifier::accepting_uncovered_body`].
    UncoveredBody,
    /// The scheme signs the URL, and none was given: what a request says of its own is a stranger's word.
    NoUrl,
    /// Not a URL that a provider posts to.
    InvalidUrl,
}

impl fmt::Display for VerifierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            VerifierError::NoSecret => "there is no secret to verify with",
            VerifierError::Secret { label, why } => return write!(f, "the secret {label} cannot be used: {why}"),
            VerifierError::Scheme(unusable) => return unusable.fmt(f),
            VerifierError::UncoveredBody => "the scheme's signature does not cover the body",
            VerifierError::NoUrl => "the scheme signs the URL that the provider posts to, which was not given",
            VerifierError::InvalidUrl => "a URL begins with http:// or https://, and has no query and no fragment",
        })
    }
}

impl std::error::Error for VerifierError {}
