//! Where the body of a request ends.

use crate::request::{Head, Header};
use crate::verify::Refusal;

/// How the body of a request is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// This many bytes; none where nothing is declared.
    Length(u64),
    /// Chunks, to the last one.
    Chunked,
}

impl Framing {
    /// The length that was declared before the body, if one was.
    #[must_use]
    pub fn declared_bytes(self) -> Option<u64> {
        match self {
            Framing::Length(bytes) => Some(bytes),
            Framing::Chunked => None,
        }
    }
}

/// The framing that `head` declares, stricter than RFC 9112 §6 asks: whatever two readers could take differently is refused.
/// `http_1_0` tells a request of HTTP/1.0, which knows no Transfer-Encoding.
///
/// # Errors
/// [`Refusal::AmbiguousFraming`] for Content-Length beside Transfer-Encoding, a repeated, non-digit or overflowing
/// Content-Length, and Transfer-Encoding in HTTP/1.0; [`Refusal::UnsupportedTransferEncoding`] for any but exactly one
/// `chunked`.
pub fn framing(head: &Head<'_>, http_1_0: bool) -> Result<Framing, Refusal> {
    let (mut lengths, mut encodings) = (Values::None, Values::None);
    for header in head.headers {
        if header.is_named("Content-Length") {
            lengths.add(header);
        } else if header.is_named("Transfer-Encoding") {
            encodings.add(header);
        }
    }
    of_values(lengths, encodings, http_1_0)
}

/// The values of one field.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Values<'a> {
    #[default]
    None,
    One(&'a [u8]),
    /// Two or more.
    More,
}

impl<'a> Values<'a> {
    pub(super) fn add(&mut self, header: &Header<'a>) {
        *self = match *self {
            Values::None => Values::One(header.trimmed()),
            Values::One(_) | Values::More => Values::More,
        };
    }
}

/// The framing that these values of Content-Length and Transfer-Encoding declare.
pub(super) fn of_values(lengths: Values<'_>, encodings: Values<'_>, http_1_0: bool) -> Result<Framing, Refusal> {
    match (lengths, encodings) {
        (Values::None, Values::None) => Ok(Framing::Length(0)),
        (Values::One(digits), Values::None) => content_length(digits).map(Framing::Length),
        (Values::More, Values::None) | (Values::One(_) | Values::More, Values::One(_) | Values::More) => {
            Err(Refusal::AmbiguousFraming)
        }
        (Values::None, _) if http_1_0 => Err(Refusal::AmbiguousFraming),
        (Values::None, Values::One(coding)) if coding.eq_ignore_ascii_case(b"chunked") => Ok(Framing::Chunked),
        (Values::None, Values::One(_) | Values::More) => Err(Refusal::UnsupportedTransferEncoding),
    }
}

fn content_length(digits: &[u8]) -> Result<u64, Refusal> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::AmbiguousFraming);
    }
    let text = std::str::from_utf8(digits).map_err(|_| Refusal::AmbiguousFraming)?;
    text.parse().map_err(|_| Refusal::AmbiguousFraming)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[(&str, &str)]) -> Result<Framing, Refusal> {
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        framing(&Head { method: "POST", target: "/", headers: &headers }, false)
    }

    #[test]
    fn a_body_is_its_content_length_or_its_chunks_or_nothing() {
        assert_eq!(of(&[]), Ok(Framing::Length(0)));
        assert_eq!(of(&[("content-length", " 007 ")]), Ok(Framing::Length(7)));
        assert_eq!(of(&[("Content-Length", "18446744073709551615")]), Ok(Framing::Length(u64::MAX)));
        assert_eq!(of(&[("transfer-encoding", "Chunked")]), Ok(Framing::Chunked));
    }

    #[test]
    fn what_two_readers_could_take_differently_is_refused() {
        for value in ["", "+5", "-1", "5 5", "5,5", "0x5", "5.0", "٥", "18446744073709551616"] {
            assert_eq!(of(&[("Content-Length", value)]), Err(Refusal::AmbiguousFraming), "{value}");
        }
        assert_eq!(of(&[("Content-Length", "5"), ("Content-Length", "5")]), Err(Refusal::AmbiguousFraming));
        assert_eq!(of(&[("Content-Length", "5"), ("Transfer-Encoding", "chunked")]), Err(Refusal::AmbiguousFraming));
        for value in ["gzip", "gzip, chunked", "chunked, chunked", "chunked;x", "", "identity", "xchunked"] {
            assert_eq!(of(&[("Transfer-Encoding", value)]), Err(Refusal::UnsupportedTransferEncoding), "{value}");
        }
        let twice = of(&[("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")]);
        assert_eq!(twice, Err(Refusal::UnsupportedTransferEncoding));
        let headers = [Header { name: "Transfer-Encoding", value: b"chunked" }];
        let old = framing(&Head { method: "POST", target: "/", headers: &headers }, true);
        assert_eq!(old, Err(Refusal::AmbiguousFraming));
    }
}
