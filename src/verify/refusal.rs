//! What a sender did wrong, and the one table from that to an answer.

use crate::json::NotJson;
use std::fmt;

/// Why a request was refused: always the sender's doing. It never holds a byte of the request, a secret, or the signature
/// that would have been right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The head is not of the grammar of HTTP/1.1, or lacks a valid Host.
    MalformedHead,
    /// The request target is longer than the limit.
    TargetTooLong,
    /// The head is longer than the limit, or has too many fields.
    HeadTooLong,
    /// Another version of HTTP than 1.0 and 1.1.
    UnsupportedVersion,
    /// An Expect other than `100-continue`.
    UnknownExpectation,
    /// The head or the body did not come in time.
    TooSlow,
    /// Content-Length and Transfer-Encoding do not tell one body from the next request.
    AmbiguousFraming,
    /// A Transfer-Encoding other than one `chunked`.
    UnsupportedTransferEncoding,
    /// The body ended early or its chunks are malformed.
    BrokenBody,
    /// No source listens on this path.
    UnknownPath,
    /// The client's address is not one that may send to this source.
    AddressNotAllowed,
    /// The client, or the source, has sent as much as its limit allows.
    TooManyRequests {
        /// When there is room again, in seconds.
        retry_after_s: u64,
    },
    /// A method that neither deliveries nor handshakes come by.
    MethodNotAllowed,
    /// The body, declared or as it came, is longer than the limit.
    BodyTooLong {
        /// The limit, in bytes.
        limit_bytes: u64,
    },
    /// A Content-Encoding other than `identity`: the signature is over what was sent, and we decode nothing.
    UnsupportedContentEncoding,
    /// No signature header.
    MissingSignature,
    /// A body of no bytes, where the scheme wants some.
    EmptyBody,
    /// A signature header came more than once.
    RepeatedSignature,
    /// More signatures than are tried.
    TooManySignatures {
        /// How many are.
        limit: usize,
    },
    /// A header that says which version of the provider's scheme this is says another, or is missing.
    UnsupportedScheme,
    /// No timestamp where the scheme signs one.
    MissingTimestamp,
    /// The timestamp came more than once, or is not written as the scheme writes it.
    MalformedTimestamp,
    /// No id where the scheme signs one.
    MissingId,
    /// The signed id came more than once, is empty, or holds what parts it from the rest of what is signed.
    MalformedId,
    /// The signature header names another algorithm than the scheme's.
    UnsupportedAlgorithm,
    /// The signature header is not of the scheme's grammar.
    MalformedSignature,
    /// A body that is neither the form that the scheme signs, nor hashed in the URL: its signature says nothing of it.
    UncoveredBody,
    /// The form that the scheme signs has more parameters than are sorted.
    TooManyParameters {
        /// How many are.
        limit: usize,
    },
    /// Well formed, but not what any of the secrets gives for this body.
    SignatureMismatch,
    /// Rightly signed, but too long ago.
    Stale {
        /// How long ago, in seconds.
        age_s: u64,
        /// The longest accepted.
        limit_s: u64,
    },
    /// Rightly signed, but for a time too far ahead of this machine's clock.
    FromTheFuture {
        /// How far ahead, in seconds.
        ahead_s: u64,
        /// The farthest accepted.
        limit_s: u64,
    },
    /// A handshake that holds no token which can be echoed, or a method that only handshakes come by without one.
    InvalidHandshake,
    /// A handshake whose agreed token is not the operator's, or that would hand over a secret.
    HandshakeRefused,
    /// Rightly signed, but not JSON.
    InvalidJson(NotJson),
    /// Not the form that the scheme wants: its field is missing or repeated, or something is badly escaped.
    InvalidForm,
}

impl Refusal {
    /// Its name, in logs and metrics: one word of a fixed set.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Refusal::MalformedHead => "malformed_head",
            Refusal::TargetTooLong => "target_too_long",
            Refusal::HeadTooLong => "head_too_long",
            Refusal::UnsupportedVersion => "unsupported_version",
            Refusal::UnknownExpectation => "unknown_expectation",
            Refusal::TooSlow => "too_slow",
            Refusal::AmbiguousFraming => "ambiguous_framing",
            Refusal::UnsupportedTransferEncoding => "unsupported_transfer_encoding",
            Refusal::BrokenBody => "broken_body",
            Refusal::UnknownPath => "unknown_path",
            Refusal::AddressNotAllowed => "address_not_allowed",
            Refusal::TooManyRequests { .. } => "too_many_requests",
            Refusal::MethodNotAllowed => "method_not_allowed",
            Refusal::BodyTooLong { .. } => "body_too_long",
            Refusal::UnsupportedContentEncoding => "unsupported_content_encoding",
            Refusal::MissingSignature => "missing_signature",
            Refusal::EmptyBody => "empty_body",
            Refusal::RepeatedSignature => "repeated_signature",
            Refusal::TooManySignatures { .. } => "too_many_signatures",
            Refusal::UnsupportedScheme => "unsupported_scheme",
            Refusal::MissingTimestamp => "missing_timestamp",
            Refusal::MalformedTimestamp => "malformed_timestamp",
            Refusal::MissingId => "missing_id",
            Refusal::MalformedId => "malformed_id",
            Refusal::UnsupportedAlgorithm => "unsupported_algorithm",
            Refusal::MalformedSignature => "malformed_signature",
            Refusal::UncoveredBody => "uncovered_body",
            Refusal::TooManyParameters { .. } => "too_many_parameters",
            Refusal::SignatureMismatch => "signature_mismatch",
            Refusal::Stale { .. } => "stale",
            Refusal::FromTheFuture { .. } => "from_the_future",
            Refusal::InvalidHandshake => "invalid_handshake",
            Refusal::HandshakeRefused => "handshake_refused",
            Refusal::InvalidJson(_) => "invalid_json",
            Refusal::InvalidForm => "invalid_form",
        }
    }

    /// The status of the answer, and its whole `detail`: as much as a stranger learns.
    #[must_use]
    pub fn answer(&self) -> (u16, &'static str) {
        match self {
            Refusal::MalformedHead => (400, "Malformed request"),
            Refusal::TooSlow => (408, "Request timed out"),
            Refusal::TargetTooLong => (414, "Request target too long"),
            Refusal::UnknownExpectation => (417, "Unknown expectation"),
            Refusal::HeadTooLong => (431, "Request header fields too large"),
            Refusal::UnsupportedVersion => (505, "HTTP version not supported"),
            Refusal::AmbiguousFraming => (400, "Ambiguous message framing"),
            Refusal::BrokenBody => (400, "Incomplete or malformed body"),
            Refusal::MissingSignature | Refusal::EmptyBody => (400, "Missing signature header or payload"),
            Refusal::UnsupportedAlgorithm => (400, "Unsupported signature algorithm"),
            Refusal::UnsupportedScheme => (400, "Unsupported signature scheme"),
            Refusal::RepeatedSignature | Refusal::TooManySignatures { .. } | Refusal::MalformedSignature => {
                (400, "Invalid signature header format")
            }
            Refusal::MissingTimestamp | Refusal::MissingId => (400, "Missing signed timestamp or id"),
            Refusal::MalformedTimestamp | Refusal::MalformedId => (400, "Invalid signed timestamp or id"),
            Refusal::UncoveredBody => (400, "Payload not covered by the signature"),
            Refusal::TooManyParameters { .. } => (400, "Too many form parameters"),
            Refusal::InvalidJson(_) | Refusal::InvalidForm => (400, "Invalid JSON payload"),
            Refusal::SignatureMismatch => (401, "Signature mismatch - unauthorized"),
            Refusal::Stale { .. } | Refusal::FromTheFuture { .. } => (401, "Timestamp out of bounds - unauthorized"),
            Refusal::InvalidHandshake => (400, "Invalid handshake"),
            Refusal::HandshakeRefused => (403, "Handshake refused"),
            Refusal::UnknownPath => (404, "Not found"),
            Refusal::AddressNotAllowed => (403, "Forbidden"),
            Refusal::TooManyRequests { .. } => (429, "Too many requests"),
            Refusal::MethodNotAllowed => (405, "Method not allowed"),
            Refusal::BodyTooLong { .. } => (413, "Payload too large"),
            Refusal::UnsupportedContentEncoding => (415, "Unsupported content encoding"),
            Refusal::UnsupportedTransferEncoding => (501, "Unsupported transfer encoding"),
        }
    }
}

/// The fact, for the operator's eyes: the log and `hookgate verify`.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = match self {
            Refusal::MalformedHead => "the head is not of the grammar of HTTP/1.1",
            Refusal::TargetTooLong => "the request target is longer than the limit",
            Refusal::HeadTooLong => "the head is longer, or has more fields, than the limit",
            Refusal::UnsupportedVersion => "only HTTP/1.0 and HTTP/1.1 are spoken",
            Refusal::UnknownExpectation => "an Expect other than 100-continue",
            Refusal::TooSlow => "the request did not come in time",
            Refusal::AmbiguousFraming => "Content-Length and Transfer-Encoding leave the body's end in doubt",
            Refusal::UnsupportedTransferEncoding => "a Transfer-Encoding other than one chunked",
            Refusal::BrokenBody => "the body ended early or its chunks are malformed",
            Refusal::UnknownPath => "no source has this path",
            Refusal::AddressNotAllowed => "the client's address may not send to this source",
            Refusal::TooManyRequests { retry_after_s } => {
                return write!(f, "more requests than the limit allows, for {retry_after_s} s more");
            }
            Refusal::MethodNotAllowed => "only POST is accepted",
            Refusal::BodyTooLong { limit_bytes } => {
                return write!(f, "the body is longer than the limit of {limit_bytes} bytes");
            }
            Refusal::UnsupportedContentEncoding => "a Content-Encoding other than identity",
            Refusal::MissingSignature => "there is no signature header",
            Refusal::EmptyBody => "the body is empty",
            Refusal::RepeatedSignature => "there is more than one signature header",
            Refusal::TooManySignatures { limit } => return write!(f, "there are more than {limit} signatures"),
            Refusal::UnsupportedScheme => "a header that says the scheme's version says another, or is missing",
            Refusal::MissingTimestamp => "there is no timestamp, which the scheme signs",
            Refusal::MalformedTimestamp => "the timestamp is not of the scheme's form",
            Refusal::MissingId => "there is no id, which the scheme signs",
            Refusal::MalformedId => "the signed id is not of the scheme's form",
            Refusal::UnsupportedAlgorithm => "the signature header names another algorithm",
            Refusal::MalformedSignature => "the signature header is not of the scheme's form",
            Refusal::UncoveredBody => {
                "the body is neither a form nor hashed in the URL, so that its signature says nothing of it"
            }
            Refusal::TooManyParameters { limit } => {
                return write!(f, "the form has more than {limit} parameters");
            }
            Refusal::SignatureMismatch => "the signature is not what any given secret makes of this body",
            Refusal::Stale { age_s, limit_s } => return write!(f, "signed {age_s} s ago, limit is {limit_s} s"),
            Refusal::FromTheFuture { ahead_s, limit_s } => {
                return write!(f, "signed {ahead_s} s ahead of this clock, limit is {limit_s} s");
            }
            Refusal::InvalidJson(NotJson::Encoding { at }) => {
                return write!(f, "the payload is not UTF-8 from byte {at} on");
            }
            Refusal::InvalidJson(NotJson::Depth { limit }) => {
                return write!(f, "the payload's JSON is nested deeper than {limit}");
            }
            Refusal::InvalidJson(NotJson::Grammar { line, column }) => {
                return write!(f, "the payload is not JSON at line {line}, column {column}");
            }
            Refusal::InvalidHandshake => "a handshake without a token that can be echoed",
            Refusal::HandshakeRefused => {
                "a handshake without the token that was agreed on, or that hands over a secret"
            }
            Refusal::InvalidForm => "the form lacks its one payload field, or something in it is badly escaped",
        };
        f.write_str(fact)
    }
}

impl std::error::Error for Refusal {}
