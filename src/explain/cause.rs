//! The causes that have a name, each with what it says and what to do about it.

mod body;
mod secret;
mod signature;
mod token;

pub use body::BodyCause;
pub use secret::SecretCause;
pub use signature::SignatureCause;
pub use token::TokenCause;

use crate::verify::{Algorithm, Refusal};
use std::fmt;

/// Why a request was refused. Its text is one line; no secret, no signature and no byte of the request is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The head lacks something, or has it in another form than the scheme's.
    Head {
        /// What the verifier says of it.
        refusal: Refusal,
        /// What the scheme wants there.
        wanted: String,
    },
    /// Nothing is wrong but its age.
    Stale {
        /// How long ago it was signed, in seconds.
        age_s: u64,
        /// The longest accepted.
        limit_s: u64,
    },
    /// Nothing is wrong but that it comes too early.
    FromTheFuture {
        /// How far ahead of this clock it was signed, in seconds.
        ahead_s: u64,
        /// The farthest accepted.
        limit_s: u64,
    },
    /// The timestamp counts something else than the scheme's does.
    TimestampUnit {
        /// What it counts.
        here: &'static str,
        /// What the scheme's counts.
        wanted: &'static str,
    },
    /// What was signed is the same moment, written in another unit than the header has it in.
    TimestampSignedOtherwise {
        /// The unit that was signed.
        signed: &'static str,
    },
    /// Something about how the signature is written.
    Signature(SignatureCause),
    /// Something about where a token stands, or how it is written.
    Token(TokenCause),
    /// The signature is of another MAC.
    Algorithm {
        /// The one it is of.
        signed: Algorithm,
        /// The scheme's.
        wanted: Algorithm,
    },
    /// Something about a secret.
    Secret {
        /// The secret's label.
        label: String,
        /// What it is.
        cause: SecretCause,
    },
    /// The secret of this label, which may be the right one, is it.
    AnotherSecret {
        /// Its label.
        label: String,
    },
    /// Another URL was signed: what differs, each in a word or two.
    Url(Vec<&'static str>),
    /// Something happened to the body.
    Body(BodyCause),
    /// No known mistake makes this signature.
    Unknown {
        /// Whether all were tried: a long body costs too much.
        all_tried: bool,
    },
}

impl Cause {
    /// Its name, in lower-case kebab: for scripts, and for docs/EXPLAIN.md.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Cause::Head { refusal, .. } => head_name(*refusal),
            Cause::Stale { .. } => "stale",
            Cause::FromTheFuture { .. } => "from-the-future",
            Cause::TimestampUnit { .. } => "timestamp-unit",
            Cause::TimestampSignedOtherwise { .. } => "timestamp-signed-in-other-unit",
            Cause::Signature(cause) => cause.words().0,
            Cause::Token(cause) => cause.words().0,
            Cause::Algorithm { .. } => "algorithm",
            Cause::Secret { cause, .. } => cause.name(),
            Cause::AnotherSecret { .. } => "another-secret",
            Cause::Url(differences) => match differences.as_slice() {
                ["http or https"] => "url-scheme",
                ["port"] => "url-port",
                ["trailing slash"] => "url-trailing-slash",
                ["query"] => "url-query",
                _ => "url",
            },
            Cause::Body(cause) => cause.words().0,
            Cause::Unknown { .. } => "unknown",
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Cause::Head { wanted, .. } => wanted.clone(),
            Cause::Stale { .. } => {
                "set both clocks by NTP; if it was held back, let the sender send it again; to judge a \
                delivery that was kept, give --now or --ignore-timestamp"
                    .to_string()
            }
            Cause::FromTheFuture { .. } => {
                "set both clocks by NTP; to judge a delivery that was kept, give --now or --ignore-timestamp"
                    .to_string()
            }
            Cause::TimestampUnit { wanted, .. } => {
                format!("let the sender write {wanted}, or choose the scheme that fits")
            }
            Cause::TimestampSignedOtherwise { .. } => {
                "let the sender sign the text that it puts into the header, byte for byte".to_string()
            }
            Cause::Signature(cause) => cause.words().2.to_string(),
            Cause::Token(cause) => cause.words().2.to_string(),
            Cause::Algorithm { wanted, .. } => {
                format!("let the sender use {}, or choose the scheme that fits", wanted.name())
            }
            Cause::Secret { cause, .. } => cause.remedy().to_string(),
            Cause::AnotherSecret { .. } => "configure that secret, beside the other or in its place".to_string(),
            Cause::Url(_) => "give --url exactly as the provider has it, and pass its query on unchanged".to_string(),
            Cause::Body(cause) => cause.words().2.to_string(),
            Cause::Unknown { all_tried: true } => {
                "compare the secret with the provider's, try others by --also-try FILE, \
                and take the body as it came, before anything reads it"
                    .to_string()
            }
            Cause::Unknown { all_tried: false } => {
                "try a shorter delivery, with the body as it came, before anything reads it".to_string()
            }
        }
    }
}

/// What it says, in one line.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Head { refusal, .. } => refusal.fmt(f),
            Cause::Stale { age_s, limit_s } => {
                write!(f, "the signature is right, and {age_s} s old by this clock; the limit is {limit_s} s")
            }
            Cause::FromTheFuture { ahead_s, limit_s } => {
                write!(f, "the signature is right, and {ahead_s} s ahead of this clock; the limit is {limit_s} s")
            }
            Cause::TimestampUnit { here, wanted } => write!(f, "the timestamp is {here}; the scheme's is {wanted}"),
            Cause::TimestampSignedOtherwise { signed } => {
                write!(f, "what was signed is the timestamp as {signed}, which is not how the request has it")
            }
            Cause::Signature(cause) => f.write_str(cause.words().1),
            Cause::Token(cause) => f.write_str(cause.words().1),
            Cause::Algorithm { signed, wanted } => {
                write!(f, "the signature is right as {}; the scheme's is {}", signed.name(), wanted.name())
            }
            Cause::Secret { label, cause } => write!(f, "the secret {label} {cause}"),
            Cause::AnotherSecret { label } => write!(f, "it is signed with the secret {label}"),
            Cause::Url(differences) => write!(f, "another URL was signed; it differs in: {}", differences.join(", ")),
            Cause::Body(cause) => f.write_str(cause.words().1),
            Cause::Unknown { all_tried: true } => f.write_str("no mistake that is known makes this signature"),
            Cause::Unknown { all_tried: false } => {
                f.write_str("no mistake that was tried makes this signature; the body is too long to try all")
            }
        }
    }
}

fn head_name(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::MissingSignature => "signature-header-missing",
        Refusal::RepeatedSignature => "signature-header-repeated",
        Refusal::TooManySignatures { .. } => "too-many-signatures",
        Refusal::MissingTimestamp => "timestamp-missing",
        Refusal::MalformedTimestamp => "timestamp-malformed",
        Refusal::MissingId => "id-missing",
        Refusal::MalformedId => "id-malformed",
        Refusal::UnsupportedScheme => "required-header",
        Refusal::UncoveredBody => "body-not-covered",
        Refusal::InvalidForm => "parameters-malformed",
        Refusal::TooManyParameters { .. } => "too-many-parameters",
        Refusal::InvalidJson(_) | Refusal::BodyTooLong { .. } => "body-unreadable",
        _ => "signature-malformed",
    }
}

/// Name, what it says, what to do.
type Words = (&'static str, &'static str, &'static str);
