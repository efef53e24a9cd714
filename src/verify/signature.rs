//! Reading what a scheme wants out of a request's head, strictly: signatures, timestamp, id.

mod found;
mod written;

#[cfg(feature = "providers")]
pub(super) use written::encoded;
pub(super) use written::write;

use super::encoding::{self, LONGEST};
use super::refusal::Refusal;
use super::scheme::{Piece, Scheme, TimestampPlace};
use super::timestamp;
use crate::request::{Head, without_optional_white_space};
use crate::time::UnixTime;
use found::{Found, Role, Value, place};

/// Most signatures that are tried in one request. A provider that rotates its secrets sends two; each one more costs a
/// comparison.
pub const SIGNATURES_LIMIT: usize = 16;

/// The same where a public key verifies: each one more costs as much as a whole request, and the body's hash where that begins
/// with the signature, as Ed25519's does.
pub const PUBLIC_KEY_SIGNATURES_LIMIT: usize = 4;

/// What to look for in a head: made of a scheme once, so that each request is gone through once.
#[derive(Debug)]
pub(super) struct Plan {
    wanted: Vec<(String, Role)>,
    /// Bit n is set where a wanted name has n bytes, or n and a multiple of 64 more.
    lengths: u64,
    /// Bit n is set for the required header n.
    required: u32,
    /// Whether anything but signatures is wanted.
    has_more: bool,
    /// What may not be in an id: the byte that parts it from what follows in the template, or, where it is last, from what
    /// is before it.
    beside_id: Option<u8>,
    signature_bytes: usize,
    signatures_limit: usize,
    /// Whether something else than pieces of the request is signed: a form, a URL of two kinds, a token.
    #[cfg(feature = "providers")]
    pub(super) is_otherwise: bool,
    /// The same under the scheme's other names.
    #[cfg(feature = "providers")]
    other: Option<Box<Plan>>,
}

/// What was read out of a head. One is filled in place: to move it costs more than to read some headers.
pub(super) struct Parts<'a> {
    /// The timestamp as received; empty where the scheme has none in the head.
    pub(super) timestamp: &'a [u8],
    /// The same as a moment, where the scheme bounds it.
    pub(super) moment: Option<UnixTime>,
    /// The signed id as received; empty where the scheme has none.
    pub(super) id: &'a [u8],
    found: Found<'a>,
    /// The first signature that decodes, decoded.
    decoded: [u8; LONGEST],
    /// Its place among the encoded.
    at: usize,
    signature_bytes: usize,
}

/// A length as a bit of [`Plan::lengths`].
fn length_bit(bytes: usize) -> u64 {
    1 << (bytes % 64)
}

impl Plan {
    pub(super) fn new(scheme: &Scheme) -> Self {
        let mut wanted: Vec<(String, Role)> = Vec::new();
        for (name, at) in scheme.signature_headers.iter().zip(0..) {
            wanted.push((name.clone(), Role::Signature(at)));
        }
        if let Some(TimestampPlace::Header(name)) = scheme.timestamp.as_ref().map(|timestamp| &timestamp.place) {
            wanted.push((name.clone(), Role::Timestamp));
        }
        wanted.extend(scheme.signed_id.iter().map(|name| (name.clone(), Role::Id)));
        let mut required = 0;
        for ((name, _), at) in scheme.require_headers.iter().zip(0..) {
            wanted.push((name.clone(), Role::Required(at)));
            required |= 1 << at;
        }
        #[cfg(feature = "providers")]
        for ((name, _), at) in scheme.optional_headers.iter().zip(0..) {
            wanted.push((name.clone(), Role::Optional(at)));
        }
        let has_more = wanted.len() > scheme.signature_headers.len() || scheme.timestamp.is_some();
        let beside_id = match scheme.template.as_slice() {
            [.., Piece::Literal(text), Piece::Id] => text.bytes().last(),
            template => template.windows(2).find_map(|pair| match pair {
                [Piece::Id, Piece::Literal(text)] => text.bytes().next(),
                _ => None,
            }),
        };
        let lengths = wanted.iter().fold(0, |lengths, (name, _)| lengths | length_bit(name.len()));
        let has_public_key = scheme.algorithm.has_public_key();
        Plan {
            wanted,
            lengths,
            required,
            has_more,
            beside_id,
            signature_bytes: scheme.algorithm.signature_bytes(),
            signatures_limit: if has_public_key { PUBLIC_KEY_SIGNATURES_LIMIT } else { SIGNATURES_LIMIT },
            #[cfg(feature = "providers")]
            is_otherwise: scheme.signs_token() || scheme.signs_form() || scheme.template.contains(&Piece::UrlAnyPort),
            #[cfg(feature = "providers")]
            other: scheme.under_other_names().map(|other| Box::new(Plan::new(&other))),
        }
    }

    /// Fills `parts` with what `scheme`, of which this plan was made, wants of `head`.
    // Not inlined: beside the MAC the compiler runs out of registers for both, which costs some 20 ns a request.
    #[inline(never)]
    pub(super) fn read<'a>(&self, scheme: &Scheme, head: &Head<'a>, parts: &mut Parts<'a>) -> Result<(), Refusal> {
        for header in head.headers {
            if self.lengths & length_bit(header.name.len()) == 0 {
                continue;
            }
            // A name has one meaning.
            if let Some((_, role)) = self.wanted.iter().find(|(name, _)| header.is_named(name)) {
                parts.found.take(scheme, *role, without_optional_white_space(header.value));
            }
        }
        #[cfg(feature = "providers")]
        if parts.found.seen == 0
            && let Some(other) = &self.other
        {
            parts.found = Found::default();
            return other.read(scheme, head, parts);
        }
        self.judge(scheme, parts)
    }

    #[inline(always)]
    fn judge(&self, scheme: &Scheme, parts: &mut Parts<'_>) -> Result<(), Refusal> {
        let found = &parts.found;
        if found.seen == 0 {
            return Err(Refusal::MissingSignature);
        }
        if found.is_repeated {
            return Err(Refusal::RepeatedSignature);
        }
        if self.has_more {
            self.judge_more(scheme, parts)?;
        }
        let found = &parts.found;
        if found.count > self.signatures_limit {
            return Err(Refusal::TooManySignatures { limit: self.signatures_limit });
        }
        #[cfg(feature = "providers")]
        if let Some(jwt) = &scheme.jwt {
            return match found.count {
                0 => Err(found.foreign.unwrap_or(Refusal::MalformedSignature)),
                _ => jwt.read(scheme, found.first).map(drop),
            };
        }
        parts.signature_bytes = self.signature_bytes;
        let (out, _) = parts.decoded.split_at_mut(self.signature_bytes);
        if found.count > 0 && encoding::decode(scheme.encoding, found.first, out) {
            return Ok(());
        }
        match found.later().position(|text| encoding::decode(scheme.encoding, text, out)) {
            Some(at) => {
                parts.at = 1 + at;
                Ok(())
            }
            None => Err(found.foreign.unwrap_or(Refusal::MalformedSignature)),
        }
    }

    /// What is read beside signatures.
    // Not inlined: most schemes have none.
    #[inline(never)]
    fn judge_more(&self, scheme: &Scheme, parts: &mut Parts<'_>) -> Result<(), Refusal> {
        let found = &parts.found;
        if found.required != self.required || found.is_otherwise {
            return Err(Refusal::UnsupportedScheme);
        }
        parts.id = match (&scheme.signed_id, found.id) {
            (None, _) => &[][..],
            (Some(_), Value::None) => return Err(Refusal::MissingId),
            (Some(_), Value::One(id))
                if !id.is_empty() && self.beside_id.is_none_or(|byte| place(id, byte).is_none()) =>
            {
                id
            }
            (Some(_), _) => return Err(Refusal::MalformedId),
        };
        (parts.timestamp, parts.moment) = match &scheme.timestamp {
            Some(rule) if !matches!(rule.place, TimestampPlace::Json(_)) => match found.timestamp {
                Value::None => return Err(Refusal::MissingTimestamp),
                Value::Several => return Err(Refusal::MalformedTimestamp),
                Value::One(text) if rule.past_s.is_none() && rule.future_s.is_none() => (text, None),
                Value::One(text) => {
                    (text, Some(timestamp::moment(rule.unit, text).ok_or(Refusal::MalformedTimestamp)?))
                }
            },
            _ => (&[][..], None),
        };
        Ok(())
    }
}

impl<'a> Parts<'a> {
    #[inline(always)]
    pub(super) fn empty() -> Self {
        Parts {
            timestamp: &[],
            moment: None,
            id: &[],
            found: Found::default(),
            decoded: [0; LONGEST],
            at: 0,
            signature_bytes: 0,
        }
    }

    /// The token that the signature is, where it is one.
    #[cfg(feature = "providers")]
    pub(super) fn token(&self) -> &'a [u8] {
        self.found.first
    }

    /// Whether any of the signatures is one that `is_right` takes.
    #[inline(always)]
    pub(super) fn any_signature(&self, scheme: &Scheme, mut is_right: impl FnMut(&[u8]) -> bool) -> bool {
        let (first, _) = self.decoded.split_at(self.signature_bytes);
        is_right(first) || (self.found.count > 1 && self.any_later(scheme, &mut is_right))
    }

    /// Whether any of the tokens is one that `is_right` takes, as it is written.
    #[cfg(feature = "providers")]
    pub(super) fn any_written(&self, is_right: impl Fn(&[u8]) -> bool) -> bool {
        self.found.count > 0 && (is_right(self.found.first) || self.found.later().any(is_right))
    }

    #[cold]
    fn any_later(&self, scheme: &Scheme, is_right: &mut impl FnMut(&[u8]) -> bool) -> bool {
        let mut decoded = [0; LONGEST];
        let (out, _) = decoded.split_at_mut(self.signature_bytes);
        self.found.later().skip(self.at).any(|text| encoding::decode(scheme.encoding, text, out) && is_right(out))
    }
}
