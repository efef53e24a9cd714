//! Reading a signature out of a request's header, strictly, and writing one.

use super::refusal::Refusal;
use super::scheme::{Encoding, Grammar, Scheme};
use crate::request::Head;

/// The longest MAC of any algorithm, in bytes.
const LONGEST_MAC_BYTES: usize = 32;

/// A decoded signature of exactly the length of its scheme's MAC.
#[derive(Debug)]
pub(super) struct Signature {
    bytes: [u8; LONGEST_MAC_BYTES],
    len: usize,
}

impl Signature {
    /// The one signature of `head` under `scheme`.
    pub(super) fn of(scheme: &Scheme, head: &Head<'_>) -> Result<Signature, Refusal> {
        let mut values = scheme.signature_headers.iter().flat_map(|name| head.values(name));
        let Some(value) = values.next() else { return Err(Refusal::MissingSignature) };
        if values.next().is_some() {
            return Err(Refusal::RepeatedSignature);
        }
        let encoded = match &scheme.grammar {
            Grammar::Bare => value,
            Grammar::Prefix(prefix) => after_prefix(prefix.as_bytes(), value)?,
        };
        let mut signature = Signature { bytes: [0; LONGEST_MAC_BYTES], len: scheme.algorithm.mac_bytes() };
        let decoded = match (scheme.encoding, signature.bytes.get_mut(..signature.len)) {
            (Encoding::Hex, Some(bytes)) => decode_hex(encoded, bytes),
            (_, None) => false,
        };
        if decoded { Ok(signature) } else { Err(Refusal::MalformedSignature) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
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

/// Fills `bytes` from exactly twice as many hex digits of either case; false where `text` is anything else.
fn decode_hex(text: &[u8], bytes: &mut [u8]) -> bool {
    hex::decode_to_slice(text, bytes).is_ok()
}

/// The value of the signature header for `mac`.
pub(super) fn write(scheme: &Scheme, mac: &[u8]) -> String {
    let encoded = match scheme.encoding {
        Encoding::Hex => hex::encode(mac),
    };
    match &scheme.grammar {
        Grammar::Bare => encoded,
        Grammar::Prefix(prefix) => format!("{prefix}{encoded}"),
    }
}
