//! A signature scheme as a value: where the signature is, how it is written, what it is over, what answers it.

mod derived;

use super::handshake::Handshake;
#[cfg(feature = "providers")]
use super::in_body::InBody;
#[cfg(feature = "providers")]
use super::jwt::Jwt;
pub use super::template::Piece;
use std::borrow::Cow;

/// How one provider signs its deliveries. [`super::preset`] has the known ones; [`super::check`] says which can work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Name in lower-case kebab, as in `--scheme`.
    pub name: String,
    /// The page that says so.
    pub documentation: String,
    /// Names of the header fields that carry signatures. Each may come once; those that come are read together, and any
    /// signature in them may match.
    pub signature_headers: Vec<String>,
    /// Where in the body the signature stands, for a provider that puts it there and into no header.
    #[cfg(feature = "providers")]
    pub signature_in_body: Option<InBody>,
    /// Header fields that have to be there with exactly this value: `(name, value)`.
    pub require_headers: Vec<(String, String)>,
    /// Header fields that have exactly this value where they are there: `(name, value)`.
    #[cfg(feature = "providers")]
    pub optional_headers: Vec<(String, String)>,
    /// Names that the header fields above and below go by too: `(name, other)`. A request that has no signature under the first
    /// is read under the other ones.
    #[cfg(feature = "providers")]
    pub other_names: Vec<(String, String)>,
    /// How the field's value is built.
    pub grammar: Grammar,
    /// The MAC, or the signature. Always the scheme's, never what a request names.
    pub algorithm: Algorithm,
    /// How the signature's bytes are written.
    pub encoding: Encoding,
    /// What is signed, in order.
    pub template: Vec<Piece>,
    /// How the secret becomes the key.
    pub secret_form: SecretForm,
    /// What else the secret can be: a public key, for signatures of another algorithm.
    #[cfg(feature = "providers")]
    pub public_key: Option<PublicKeyRule>,
    /// When the delivery was signed, and how far from now that may be.
    pub timestamp: Option<Timestamp>,
    /// The header field that [`Piece::Id`] stands for.
    pub signed_id: Option<String>,
    /// What a verified body has to be.
    pub payload: PayloadRule,
    /// Where the event's type stands; the first place that has one counts.
    pub event_type: Vec<Place>,
    /// Where the sender's id of the delivery stands; the first place that has one counts.
    pub delivery_id: Vec<Place>,
    /// By what a delivery that comes again is known.
    pub replay_key: ReplayRule,
    /// Why by that.
    pub replay_reason: String,
    /// Methods that deliveries come by.
    pub methods: Vec<String>,
    /// The answer to an accepted delivery.
    pub success: Success,
    /// How the provider asks the receiver to prove itself, and what it is answered.
    pub handshakes: Vec<Handshake>,
    /// Whether refusals are answered by their status alone, without a body: for providers that take no other.
    pub bare_refusals: bool,
    /// A parameter of the query that, where it is there, holds the hex SHA-256 of the body, which is no form then. The query
    /// is signed as part of the URL.
    #[cfg(feature = "providers")]
    pub body_hash_parameter: Option<String>,
    /// What the token says, where the signature is a JSON Web Token.
    #[cfg(feature = "providers")]
    pub jwt: Option<Jwt>,
}

/// How a signature header's value is built around the encoded signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// The encoded signature and nothing else.
    Bare,
    /// This text, then the encoded signature: `sha256=` and 64 hex digits. Ends with the `=` that parts the two.
    Prefix(String),
    /// A list of keys and values: `t=1492774577,v1=5257a8…`. White space around an item is not part of it; the first key
    /// separator of an item parts key and value; items of other keys are ignored, and so is one without a key separator.
    Pairs {
        /// What parts the items: one character of ASCII.
        item_separator: char,
        /// Whether a space follows it where it is written. It is read both ways.
        is_spaced: bool,
        /// What parts a key from its value: one character of ASCII.
        key_separator: char,
        /// Keys whose values are signatures. Each may come several times, and any of them may match.
        signature_keys: Vec<String>,
    },
    /// Signatures and nothing else, this character of ASCII between them. White space around one is not part of it; any of
    /// them may match.
    #[cfg(feature = "providers")]
    List(char),
}

/// What a secret is that is a public key: the same delivery then has signatures of another algorithm, under keys of their own
/// in the signature header. Which of the two a signature is judged by comes from the secret's form, never from the request.
#[cfg(feature = "providers")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeyRule {
    /// Text before the key's base64 that says what it is: `whpk_`.
    pub prefix: String,
    /// The algorithm of the signatures.
    pub algorithm: Algorithm,
    /// Keys of [`Grammar::Pairs`] whose values are such signatures.
    pub signature_keys: Vec<String>,
}

/// How a signature is made: a MAC under a shared secret, or a signature that a public key verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC (RFC 2104) with SHA-1: 20 bytes. As a MAC it is unbroken; a few providers offer nothing else.
    #[cfg(feature = "providers")]
    HmacSha1,
    /// HMAC with SHA-256: 32 bytes.
    HmacSha256,
    /// HMAC with SHA-384: 48 bytes.
    HmacSha384,
    /// HMAC with SHA-512: 64 bytes.
    HmacSha512,
    /// SHA-256 and no HMAC, of a text that has the secret in it ([`Piece::Secret`]): 32 bytes.
    ///
    /// Who sees a signature of such a text with the secret before the body can make one for the body with certain bytes added
    /// behind it, and needs no secret for that (length extension). Those bytes are padding, with zeros and a `0x80`: what they
    /// make of JSON is no JSON, which is the only body that the presets take. Choose another scheme where there is one.
    #[cfg(feature = "providers")]
    Sha256,
    /// Ed25519 (RFC 8032), strictly: a public key of small order is none, and of one signature there is no second form. 64
    /// bytes.
    #[cfg(feature = "providers")]
    Ed25519,
    /// ECDSA over P-256 with SHA-256 (FIPS 186-5): r and s, 32 bytes each. Who sees such a signature can make another for the
    /// same text (with the order less s for s): it says who signed, and is no name for what was signed.
    #[cfg(feature = "providers")]
    EcdsaP256Sha256,
    /// None: the secret itself is sent, and compared in a time that tells nothing of it. It proves who sends, and nothing of
    /// what is sent.
    #[cfg(feature = "providers")]
    Token,
}

impl Algorithm {
    /// Whether it is an HMAC.
    #[must_use]
    pub fn is_hmac(self) -> bool {
        match self {
            #[cfg(feature = "providers")]
            Algorithm::HmacSha1 => true,
            Algorithm::HmacSha256 | Algorithm::HmacSha384 | Algorithm::HmacSha512 => true,
            #[cfg(feature = "providers")]
            _ => false,
        }
    }

    /// Whether its signatures are verified with a public key, so that who verifies them cannot make any.
    #[must_use]
    pub fn has_public_key(self) -> bool {
        match self {
            #[cfg(feature = "providers")]
            Algorithm::Ed25519 | Algorithm::EcdsaP256Sha256 => true,
            _ => false,
        }
    }

    /// Length of its signatures, in bytes; of a token 0, since that has no length of its own.
    #[must_use]
    pub fn signature_bytes(self) -> usize {
        match self {
            #[cfg(feature = "providers")]
            Algorithm::Token => 0,
            #[cfg(feature = "providers")]
            Algorithm::HmacSha1 => 20,
            Algorithm::HmacSha256 => 32,
            Algorithm::HmacSha384 => 48,
            Algorithm::HmacSha512 => 64,
            #[cfg(feature = "providers")]
            Algorithm::Sha256 => 32,
            #[cfg(feature = "providers")]
            Algorithm::Ed25519 | Algorithm::EcdsaP256Sha256 => 64,
        }
    }
}

/// How a signature's bytes are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Two hex digits a byte: lower case is written, either is read.
    Hex,
    /// Base64 (RFC 4648 §4), padded, its spare bits zero.
    Base64,
    /// The same of r and s in DER (RFC 3279 §2.2.3), as ECDSA's are mostly written.
    #[cfg(feature = "providers")]
    Base64Der,
    /// As it is: a token.
    #[cfg(feature = "providers")]
    Verbatim,
}

/// How the secret, as the operator holds it, becomes the key: a MAC's, or the public key of what has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretForm {
    /// Its bytes as they are (UTF-8 where it is text).
    Utf8,
    /// The bytes that its hex digits stand for.
    Hex,
    /// The bytes that its base64 stands for, padded or not.
    Base64 {
        /// Text before the base64 that says what it is (`whsec_`), dropped where it is there.
        prefix: String,
        /// What a secret without the prefix is.
        without_prefix: Unprefixed,
    },
}

/// What a secret is that lacks the prefix of its form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unprefixed {
    /// Base64 all the same.
    Base64,
    /// Text, taken as it is.
    Utf8,
}

/// When a delivery was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timestamp {
    /// Where that stands.
    pub place: TimestampPlace,
    /// What it counts.
    pub unit: TimeUnit,
    /// How old it may be, in seconds, inclusive. Nothing: any age.
    pub past_s: Option<u64>,
    /// How far ahead of this machine's clock it may be, in seconds, inclusive. Nothing: any distance.
    pub future_s: Option<u64>,
    /// Whether a delivery without it is taken all the same: only where it stands in the body, which nobody but the signer
    /// can take it out of.
    pub accept_missing_timestamp: bool,
}

/// Where a timestamp stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimestampPlace {
    /// In the header field of this name.
    Header(String),
    /// Under this key in the signature header, whose grammar is [`Grammar::Pairs`].
    Field(String),
    /// In the body's JSON, at this pointer (RFC 6901): read after the signature, which covers it.
    Json(String),
}

/// How a timestamp is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds since 1970, in decimal digits.
    Seconds,
    /// Milliseconds since 1970, in decimal digits.
    Milliseconds,
    /// RFC 3339, with any fraction and offset.
    Rfc3339,
}

/// What a verified body has to be for the receiver to accept it. The signature is always over the raw body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadRule {
    /// JSON.
    Json,
    /// JSON; or, where its Content-Type is `application/x-www-form-urlencoded`, a form with exactly one field of this name,
    /// which holds the JSON. An array or object is JSON, whatever its Content-Type says.
    JsonOrFormField(String),
    /// JSON; or, where its Content-Type is `application/x-www-form-urlencoded`, any form.
    JsonOrForm,
    /// A form (`application/x-www-form-urlencoded`).
    Form,
    /// Anything but nothing.
    Any,
    /// Anything, nothing included.
    MayBeEmpty,
    /// JSON, or nothing.
    #[cfg(feature = "providers")]
    JsonOrEmpty,
}

impl PayloadRule {
    /// Whether a delivery may have no body.
    #[must_use]
    pub fn takes_nothing(&self) -> bool {
        match self {
            PayloadRule::MayBeEmpty => true,
            #[cfg(feature = "providers")]
            PayloadRule::JsonOrEmpty => true,
            _ => false,
        }
    }
}

/// A place in a delivery that holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A header field of this name.
    Header(String),
    /// A string or a number in the JSON payload, by its pointer (RFC 6901).
    Json(String),
}

/// What tells one delivery from another. Whatever it is, the signature covers it: what it does not cover, a stranger changes
/// at will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayRule {
    /// The id that [`Piece::Id`] puts under the signature.
    SignedId,
    /// The string or number at this pointer in the JSON payload; the MAC where there is none.
    Json(String),
    /// The MAC: the same signed bytes are the same delivery. Where a public key verifies it is SHA-256 of what is signed and
    /// not the signature, which for some algorithms a stranger can change into another that is right.
    Mac,
    /// Nothing: the same signed bytes can be two events.
    None,
    /// The token's id, its claim `jti`; the MAC where there is none.
    #[cfg(feature = "providers")]
    TokenId,
}

/// How much of a body a signature covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// All of it.
    Whole,
    /// Some fields that say what the event is; the rest is whoever's.
    Fields,
    /// Nothing of the event: who has seen one signature, or the token, can send any body with it.
    Nothing,
}

/// The answer to an accepted delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    /// Status code, 2xx.
    pub status: u16,
    /// What the body is.
    pub content_type: ContentType,
    /// The body.
    pub body: Cow<'static, str>,
}

/// What an answer's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentType {
    /// `application/json`
    Json,
    /// `text/plain`
    Text,
    /// `text/xml`
    Xml,
}

impl ContentType {
    /// The value of its Content-Type field.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ContentType::Json => "application/json",
            ContentType::Text => "text/plain",
            ContentType::Xml => "text/xml",
        }
    }
}

/// A JSON pointer, which begins with `/`, or the name of a header.
impl From<&str> for Place {
    fn from(text: &str) -> Self {
        if text.starts_with('/') { Place::Json(text.to_string()) } else { Place::Header(text.to_string()) }
    }
}
