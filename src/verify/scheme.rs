//! A signature scheme as a value: where the signature is, how it is written, what it is over, what answers it.

/// How one provider signs its deliveries. [`super::preset`] has the known ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Name in lower-case kebab, as in `--scheme`.
    pub name: String,
    /// Names of the header fields that carry the signature; one signature in all of them together.
    pub signature_headers: Vec<String>,
    /// How the field's value is built.
    pub grammar: Grammar,
    /// The MAC. Always the scheme's, never what a request names.
    pub algorithm: Algorithm,
    /// How the MAC's bytes are written.
    pub encoding: Encoding,
    /// What the MAC is computed over, in order.
    pub template: Vec<Piece>,
    /// How the secret becomes the MAC's key.
    pub secret_form: SecretForm,
    /// What a verified body has to be.
    pub payload: PayloadRule,
    /// Where the event's type stands; the first place that has one counts.
    pub event_type: Vec<Place>,
    /// Where the sender's id of the delivery stands; the first place that has one counts.
    pub delivery_id: Vec<Place>,
    /// The answer to an accepted delivery.
    pub success: Success,
}

/// How a signature header's value is built around the encoded signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// The encoded signature and nothing else.
    Bare,
    /// This text, then the encoded signature: `sha256=` and 64 hex digits. Ends with the `=` that parts the two.
    Prefix(String),
}

/// A MAC algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC (RFC 2104) with SHA-256: 32 bytes.
    HmacSha256,
}

/// How a MAC's bytes are written as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Two hex digits a byte: lower case is written, either is read.
    Hex,
}

/// One piece of what the MAC is computed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Literal(Vec<u8>),
    /// The raw body.
    Body,
}

/// How the secret, as the operator holds it, becomes the MAC's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretForm {
    /// Its bytes as they are (UTF-8 where it is text).
    Utf8,
}

/// What a verified body has to be for the receiver to accept it. The signature is always over the raw body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayloadRule {
    /// JSON.
    Json,
    /// JSON; or, where its Content-Type is `application/x-www-form-urlencoded`, a form with exactly one field of this name,
    /// which holds the JSON.
    JsonOrFormField(String),
    /// A form (`application/x-www-form-urlencoded`).
    Form,
    /// Anything but nothing.
    Any,
    /// Anything, nothing included.
    MayBeEmpty,
}

/// A place in a delivery that holds a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A header field of this name.
    Header(String),
    /// A string in the JSON payload, by its pointer (RFC 6901).
    Json(String),
}

/// The answer to an accepted delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    /// Status code, 2xx.
    pub status: u16,
    /// Content-Type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: &'static str,
}
