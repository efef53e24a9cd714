//! The causes that have a name, each with what it says and what to do about it.

use crate::verify::{Algorithm, Refusal, UnusableSecret};
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
    /// The prefix, or the key, is not there.
    PrefixMissing,
    /// There is a prefix too many.
    PrefixExtra,
    /// Another prefix, or key.
    PrefixOther,
    /// The prefix, or a key, has letters of the other case.
    PrefixCase,
}

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

/// What may have happened to a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyCause {
    /// A newline was added at its end.
    NewlineAdded,
    /// A newline was taken from its end.
    NewlineRemoved,
    /// CRLF became LF.
    CrlfToLf,
    /// LF became CRLF.
    LfToCrlf,
    /// A byte order mark was put before it.
    BomAdded,
    /// The byte order mark was taken from it.
    BomRemoved,
    /// Several of these: newline at the end, line ends, byte order mark.
    Text,
    /// White space between the tokens of its JSON was taken out.
    JsonMinified,
    /// White space was put between the tokens of its JSON.
    JsonPrettyPrinted,
    /// The white space between the tokens of its JSON was exchanged.
    JsonRespaced,
    /// The keys of its JSON were sorted.
    JsonKeysSorted,
    /// The keys of its JSON were sorted where it was signed, and are not here.
    JsonKeysUnsorted,
    /// `/` became `\/`.
    JsonSlashesEscaped,
    /// `\/` became `/`.
    JsonSlashesUnescaped,
    /// Characters became `\u` escapes.
    JsonUnicodeEscaped,
    /// `\u` escapes became characters.
    JsonUnicodeUnescaped,
    /// Several of these: its JSON was read and written anew.
    JsonRewritten,
    /// The form was decoded.
    FormDecoded,
    /// The form was encoded where it had not been when it was signed.
    FormEncoded,
    /// The form was decoded and encoded again, with other escapes.
    FormReencoded,
    /// It is what one field of the form held.
    FormFieldTaken,
    /// It was compressed when it was signed, by what the head says, and is not now.
    ContentEncodingUndone,
    /// It was compressed after it was signed.
    ContentEncodingKept,
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
        _ => "signature-malformed",
    }
}

/// Name, what it says, what to do.
type Words = (&'static str, &'static str, &'static str);

impl SignatureCause {
    fn words(self) -> Words {
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

impl SecretCause {
    fn name(&self) -> &'static str {
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

    fn remedy(&self) -> &'static str {
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
            SecretCause::PrefixMissing => "lacks a prefix (whsec_) that the sender's has",
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

/// What nearly every change of a body asks for.
const AS_IT_CAME: &str = "verify the bytes as they came, before anything reads or writes them";

impl BodyCause {
    fn words(self) -> Words {
        let (name, says) = match self {
            BodyCause::NewlineAdded => ("body-newline-added", "the body ends with a newline that was not signed"),
            BodyCause::NewlineRemoved => {
                ("body-newline-removed", "the body lacks the newline at its end that was signed")
            }
            BodyCause::CrlfToLf => ("body-crlf-to-lf", "the body's line ends are LF; CRLF was signed"),
            BodyCause::LfToCrlf => ("body-lf-to-crlf", "the body's line ends are CRLF; LF was signed"),
            BodyCause::BomAdded => ("body-bom-added", "the body begins with a byte order mark that was not signed"),
            BodyCause::BomRemoved => ("body-bom-removed", "the body lacks the byte order mark that was signed"),
            BodyCause::Text => (
                "body-as-text",
                "the body was handled as text: several of line ends, last newline and byte order mark differ",
            ),
            BodyCause::JsonMinified => {
                ("json-minified", "the body's JSON lost the white space between its tokens that was signed")
            }
            BodyCause::JsonPrettyPrinted => {
                ("json-pretty-printed", "the body's JSON has white space between its tokens that was not signed")
            }
            BodyCause::JsonRespaced => {
                ("json-respaced", "the body's JSON has other white space between its tokens than was signed")
            }
            BodyCause::JsonKeysSorted => ("json-keys-sorted", "the keys of the body's JSON were sorted"),
            BodyCause::JsonKeysUnsorted => {
                ("json-keys-unsorted", "the JSON was signed with its keys sorted, and the body's are not")
            }
            BodyCause::JsonSlashesEscaped => {
                (r"json-slashes-escaped", r"the body's JSON has \/ in its strings where / was signed")
            }
            BodyCause::JsonSlashesUnescaped => {
                (r"json-slashes-unescaped", r"the body's JSON has / in its strings where \/ was signed")
            }
            BodyCause::JsonUnicodeEscaped => {
                ("json-unicode-escaped", r"the body's JSON has \u escapes where the characters themselves were signed")
            }
            BodyCause::JsonUnicodeUnescaped => {
                ("json-unicode-unescaped", r"the body's JSON has characters themselves where \u escapes were signed")
            }
            BodyCause::JsonRewritten => (
                "json-rewritten",
                "the body's JSON was read and written anew: several of white space, escapes and order differ",
            ),
            BodyCause::FormDecoded => ("form-decoded", "the body is a form that was decoded; it was signed encoded"),
            BodyCause::FormEncoded => ("form-encoded", "the body is an encoded form; it was signed decoded"),
            BodyCause::FormReencoded => {
                ("form-reencoded", "the body is a form encoded with other escapes than was signed")
            }
            BodyCause::FormFieldTaken => {
                ("form-field-taken", "the body is what one field of the form held; the whole form was signed")
            }
            BodyCause::ContentEncodingUndone => (
                "content-encoding-undone",
                "the body is not encoded, though its Content-Encoding says so: it is not what was sent",
            ),
            BodyCause::ContentEncodingKept => {
                ("content-encoding-kept", "the body is still compressed; it was signed before that")
            }
        };
        let remedy = match self {
            BodyCause::JsonKeysUnsorted | BodyCause::FormEncoded => "let the sender sign the bytes that it sends",
            BodyCause::ContentEncodingKept => {
                "let the sender sign the bytes that it sends, or undo the encoding before"
            }
            BodyCause::ContentEncodingUndone => "let the proxy pass the body on as it came, or ask the sender for none",
            _ => AS_IT_CAME,
        };
        (name, says, remedy)
    }
}
