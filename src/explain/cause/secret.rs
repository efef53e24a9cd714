//! What may be wrong with a secret.

use crate::verify::UnusableSecret;
use std::fmt;

/// What may be wrong with a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretCause {
    /// There is white space around it that is none of the secret.
    WhiteSpace,
    /// The sender's has white space around it, a newline mostly.
    WhiteSpaceMissing,
    /// There are quotes around it.
    Quoted,
    /// It has a prefix that the sender's key has not.
    PrefixExtra,
    /// It lacks a prefix that the sender's has.
    PrefixMissing,
    /// The sender decodes it as hex.
    Hex,
    /// The sender decodes it as base64.
    Base64,
    /// The sender takes it as text.
    Text,
    /// Its letters are of the other case.
    Case,
    /// It begins as an API key does.
    ApiKey {
        /// How that begins.
        prefix: &'static str,
    },
    /// The scheme cannot use it.
    Unusable(UnusableSecret),
}

impl SecretCause {
    pub(super) fn name(&self) -> &'static str {
        match self {
            SecretCause::WhiteSpace => "secret-white-space",
            SecretCause::WhiteSpaceMissing => "secret-white-space-missing",
            SecretCause::Quoted => "secret-quoted",
            SecretCause::PrefixExtra => "secret-prefix-extra",
            SecretCause::PrefixMissing => "secret-prefix-missing",
            SecretCause::Hex => "secret-is-hex",
            SecretCause::Base64 => "secret-is-base64",
            SecretCause::Text => "secret-is-text",
            SecretCause::Case => "secret-case",
            SecretCause::ApiKey { .. } => "secret-is-api-key",
            SecretCause::Unusable(_) => "secret-unusable",
        }
    }

    pub(super) fn remedy(&self) -> &'static str {
        match self {
            SecretCause::WhiteSpace => "take it out: printf writes none, echo ends with a newline",
            SecretCause::WhiteSpaceMissing => "take it out where the sender reads its secret: echo adds a newline",
            SecretCause::Quoted => "take the quotes away: what reads the file does not",
            SecretCause::PrefixExtra => "give it without the prefix, or choose the scheme that drops it",
            SecretCause::PrefixMissing => "give it with its prefix, as the provider shows it",
            SecretCause::Hex => "choose the scheme that fits, or a scheme file with secret = \"hex\"",
            SecretCause::Base64 => "choose the scheme that fits, or a scheme file with a secret in base64",
            SecretCause::Text => "choose the scheme that fits, or let the sender decode its secret",
            SecretCause::Case => "copy it again, letter for letter",
            SecretCause::ApiKey { .. } => {
                "give the webhook's own signing secret, which stands beside it at the provider"
            }
            SecretCause::Unusable(_) => "give it as the provider shows it",
        }
    }
}

impl fmt::Display for SecretCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SecretCause::WhiteSpace => "has white space around it that the sender's has not",
            SecretCause::WhiteSpaceMissing => "lacks white space, a newline mostly, that the sender's has around it",
            SecretCause::Quoted => "has quotes around it that the sender's has not",
            SecretCause::PrefixExtra => "has a prefix (whsec_ or v1,) that the sender leaves out",
            SecretCause::PrefixMissing => "lacks a prefix (whsec_ or whpk_) that the sender's has",
            SecretCause::Hex => "is hex to the sender, who signs with the bytes that its digits stand for",
            SecretCause::Base64 => "is base64 to the sender, who signs with the bytes that it stands for",
            SecretCause::Text => "is text to the sender, who signs with its characters; the scheme decodes them",
            SecretCause::Case => "has its letters in the other case than the sender's",
            SecretCause::ApiKey { prefix } => {
                return write!(f, "begins with {prefix}: it looks like an API key, and no signature matches it");
            }
            SecretCause::Unusable(why) => return write!(f, "cannot be used: {why}"),
        })
    }
}
