//! What a scheme wants of a head, as it is found there: taken, not yet judged.

use super::SIGNATURES_LIMIT;
use crate::request::without_optional_white_space;
use crate::verify::refusal::Refusal;
use crate::verify::scheme::{Grammar, Scheme, TimestampPlace};

/// What a wanted header field is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Carries signatures; the number is its place among those that do.
    Signature(u32),
    Timestamp,
    Id,
    /// Has to hold what the scheme requires; the number is its place there.
    Required(u32),
    /// Has to hold what the scheme says, if it is there; the number is its place there.
    #[cfg(feature = "providers")]
    Optional(u32),
}

/// Nothing, a value, or more values than one.
#[derive(Clone, Copy, Default)]
pub(super) enum Value<'a> {
    #[default]
    None,
    One(&'a [u8]),
    Several,
}

impl<'a> Value<'a> {
    fn take(&mut self, value: &'a [u8]) {
        *self = if matches!(self, Value::None) { Value::One(value) } else { Value::Several };
    }
}

/// What has been found of a head so far.
#[derive(Default)]
pub(super) struct Found<'a> {
    /// Bit n is set where the signature header n was there.
    pub(super) seen: u32,
    pub(super) is_repeated: bool,
    /// Bit n is set where the required header n was there, as required.
    pub(super) required: u32,
    /// Whether one of them held something else.
    pub(super) is_otherwise: bool,
    pub(super) timestamp: Value<'a>,
    pub(super) id: Value<'a>,
    /// The first signature, as it is written; empty where there is none.
    pub(super) first: &'a [u8],
    /// The others. Mostly there are none, and filling their room takes longer than reading the one.
    later: Option<[&'a [u8]; SIGNATURES_LIMIT - 1]>,
    /// How many there were, those included for which there is no room.
    pub(super) count: usize,
    /// What is wrong with a signature header whose form is not the scheme's.
    pub(super) foreign: Option<Refusal>,
}

impl<'a> Found<'a> {
    #[inline(always)]
    pub(super) fn take(&mut self, scheme: &Scheme, role: Role, value: &'a [u8]) {
        match role {
            Role::Signature(at) => {
                let bit = 1 << at;
                self.is_repeated |= self.seen & bit != 0;
                self.seen |= bit;
                self.take_signatures(scheme, value);
            }
            Role::Timestamp => self.timestamp.take(value),
            Role::Id => self.id.take(value),
            Role::Required(at) => match scheme.require_headers.get(at as usize) {
                Some((_, required)) if required.as_bytes() == value => self.required |= 1 << at,
                _ => self.is_otherwise = true,
            },
            #[cfg(feature = "providers")]
            Role::Optional(at) => {
                let expected = scheme.optional_headers.get(at as usize);
                self.is_otherwise |= expected.is_none_or(|(_, expected)| expected.as_bytes() != value);
            }
        }
    }

    #[inline(always)]
    fn take_signatures(&mut self, scheme: &Scheme, value: &'a [u8]) {
        match &scheme.grammar {
            Grammar::Bare => self.push(value),
            Grammar::Prefix(prefix) => match after_prefix(prefix.as_bytes(), value) {
                Ok(encoded) => self.push(encoded),
                Err(refusal) => self.foreign = Some(refusal),
            },
            #[cfg(feature = "providers")]
            Grammar::List(separator) => self.take_list(u8::try_from(*separator).unwrap_or(0), value),
            Grammar::Pairs { .. } => self.take_pairs(scheme, value),
        }
    }

    // Not inlined: what takes one signature from one header stays small.
    #[inline(never)]
    fn take_pairs(&mut self, scheme: &Scheme, value: &'a [u8]) {
        let Grammar::Pairs { item_separator, key_separator, signature_keys, .. } = &scheme.grammar else { return };
        // Both are ASCII.
        let [item_separator, key_separator] =
            [*item_separator, *key_separator].map(|separator| u8::try_from(separator).unwrap_or(0));
        let time_key = match scheme.timestamp.as_ref().map(|timestamp| &timestamp.place) {
            Some(TimestampPlace::Field(key)) => Some(key.as_bytes()),
            _ => None,
        };
        let mut rest = Some(value);
        while let Some(list) = rest {
            let (item, after) = cut(list, item_separator);
            rest = after;
            let item = without_optional_white_space(item);
            // A key is short.
            let Some(at) = item.iter().position(|byte| *byte == key_separator) else { continue };
            let (key, value) = item.split_at(at);
            let value = value.get(1..).unwrap_or_default();
            if signature_keys.iter().any(|known| known.as_bytes() == key) {
                self.push(value);
            } else if Some(key) == time_key {
                self.timestamp.take(value);
            }
        }
    }

    #[cfg(feature = "providers")]
    #[cold]
    fn take_list(&mut self, separator: u8, value: &'a [u8]) {
        value.split(|byte| *byte == separator).for_each(|item| self.push(without_optional_white_space(item)));
    }

    fn push(&mut self, encoded: &'a [u8]) {
        match self.count.checked_sub(1) {
            None => self.first = encoded,
            Some(at) => self.push_later(at, encoded),
        }
        self.count += 1;
    }

    #[cold]
    fn push_later(&mut self, at: usize, encoded: &'a [u8]) {
        if let Some(place) = self.later.get_or_insert_default().get_mut(at) {
            *place = encoded;
        }
    }

    /// The signatures, as they are written, from the one after the first on.
    pub(super) fn later(&self) -> impl Iterator<Item = &'a [u8]> {
        self.later.iter().flatten().copied().take(self.count.saturating_sub(1))
    }
}

/// The place of the first `byte` in `text`.
#[inline]
pub(super) fn place(text: &[u8], byte: u8) -> Option<usize> {
    #[cfg(feature = "providers")]
    return memchr::memchr(byte, text);
    #[cfg(not(feature = "providers"))]
    return text.iter().position(|known| *known == byte);
}

/// What is before the first `separator` in `text`, and what is behind it, if there is one.
#[inline]
fn cut(text: &[u8], separator: u8) -> (&[u8], Option<&[u8]>) {
    match place(text, separator).and_then(|at| text.split_at_checked(at)) {
        Some((before, [_, behind @ ..])) => (before, Some(behind)),
        _ => (text, None),
    }
}

/// What follows `prefix`, which ends with the separator, in `value`. The separator parts the algorithm's name from the
/// signature: none means no signature, another name before it another algorithm.
fn after_prefix<'v>(prefix: &[u8], value: &'v [u8]) -> Result<&'v [u8], Refusal> {
    if let Some(rest) = value.strip_prefix(prefix) {
        return Ok(rest);
    }
    match prefix.last() {
        Some(separator) if value.contains(separator) => Err(Refusal::UnsupportedAlgorithm),
        _ => Err(Refusal::MalformedSignature),
    }
}
