//! What may be wrong with how a signature is written.

use super::Words;

/// What may be wrong with how a signature is written. The MAC is right in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureCause {
    /// Hex, where the scheme's is base64.
    Hex,
    /// Base64, where the scheme's is hex.
    Base64,
    /// Base64 of the hex digits.
    HexInBase64,
    /// Base64 with the alphabet for URLs, or without padding.
    Base64Form,
    /// Base64 whose letters were all made lower or upper case.
    Case,
    /// In DER, where the scheme's two numbers stand behind each other, or the reverse.
    Numbers,
    /// The prefix, or the key, is not there.
    PrefixMissing,
    /// There is a prefix too many.
    PrefixExtra,
    /// Another prefix, or key.
    PrefixOther,
    /// The prefix, or a key, has letters of the other case.
    PrefixCase,
}

impl SignatureCause {
    pub(super) fn words(self) -> Words {
        match self {
            SignatureCause::Hex => (
                "signature-in-hex",
                "the signature is right, and written in hex; the scheme's is base64",
                "let the sender write the MAC's bytes as base64",
            ),
            SignatureCause::Base64 => (
                "signature-in-base64",
                "the signature is right, and written in base64; the scheme's is hex",
                "let the sender write the MAC's bytes as hex",
            ),
            SignatureCause::HexInBase64 => (
                "signature-hex-in-base64",
                "the signature is right, and is base64 of hex digits",
                "let the sender encode the MAC's bytes once, not their hex digits",
            ),
            SignatureCause::Base64Form => (
                "signature-base64-form",
                "the signature is right, and its base64 is of the alphabet for URLs, or not padded",
                "let the sender write base64 with + and /, padded with =",
            ),
            SignatureCause::Case => (
                "signature-case",
                "the signature's letters were all made lower or upper case, which base64 does not survive",
                "pass the header's value on as it comes",
            ),
            SignatureCause::Numbers => (
                "signature-two-numbers",
                "the signature is right, and its two numbers are written otherwise (in DER, or behind each other)",
                "let the sender write r and s as the scheme has them; a scheme file has base64-der or base64",
            ),
            SignatureCause::PrefixMissing => (
                "signature-prefix-missing",
                "the signature lacks the prefix or key that the scheme's header has before it",
                "pass the header's whole value on: hookgate sign prints one for comparison",
            ),
            SignatureCause::PrefixExtra => (
                "signature-prefix-extra",
                "the signature is right, and has a prefix before it that the scheme's has not",
                "let the sender leave the prefix out, and name it once",
            ),
            SignatureCause::PrefixOther => (
                "signature-prefix-other",
                "the signature is right, and has another prefix or key before it than the scheme's",
                "let the sender write the scheme's: hookgate sign prints one for comparison",
            ),
            SignatureCause::PrefixCase => (
                "signature-prefix-case",
                "the signature is right, and its prefix or keys are in the wrong case",
                "pass the header's value on as it comes: prefixes and keys are matched byte for byte",
            ),
        }
    }
}
