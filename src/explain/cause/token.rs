//! What may be wrong with where a token stands, and how it is written.

use super::Words;

/// What may be wrong with where a token stands, and how it is written. It is the right one in all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenCause {
    /// In another header than the scheme's, or in a header and not in the body.
    OtherPlace,
    /// In quotes.
    Quoted,
    /// In base64, where the scheme's is verbatim.
    Base64,
    /// As it is, where the scheme's is in base64.
    Plain,
}

impl TokenCause {
    pub(super) fn words(self) -> Words {
        match self {
            TokenCause::OtherPlace => (
                "token-in-other-place",
                "the token is right, and stands in another header than where the scheme has it",
                "choose the scheme that fits, or a scheme file with that header in signature_headers",
            ),
            TokenCause::Quoted => {
                ("token-quoted", "the token is right, and has quotes around it", "let the sender leave the quotes out")
            }
            TokenCause::Base64 => (
                "token-in-base64",
                "the token is right, and written in base64; the scheme's is as it is",
                "let the sender write the token as it is, or choose the scheme that fits",
            ),
            TokenCause::Plain => (
                "token-not-in-base64",
                "the token is right, and written as it is; the scheme's is in base64",
                "let the sender write user:password in base64 (RFC 7617)",
            ),
        }
    }
}
