//! Reading a signature out of a request's header, strictly, and writing one.

use super::refusal::Refusal;
use super::scheme::{Encoding, Grammar, Scheme};
use crate::request::Head;

/// Length of a MAC of any algorithm there is, in bytes.
const MAC_BYTES: usize = 32;

/// A signature as it was decoded: of exactly the length of a MAC.
#[derive(Debug)]
pub(super) struct Signature {
    mac: [u8; MAC_BYTES],
}

impl Signature {
    /// The one signature of `head` under `scheme`.
    // Not inlined: beside the MAC the compiler runs out of registers for both, which costs some 20 ns a request.
    #[inline(never)]
    pub(super) fn of(scheme: &Scheme, head: &Head<'_>) -> Result<Signature, Refusal> {
        let mut found = None;
        for name in &scheme.signature_headers {
            for value in head.values(name) {
                if found.replace(value).is_some() {
                    return Err(Refusal::RepeatedSignature);
                }
            }
        }
        let Some(value) = found else { return Err(Refusal::MissingSignature) };
        let encoded = match &scheme.grammar {
            Grammar::Bare => value,
            Grammar::Prefix(prefix) => after_prefix(prefix.as_bytes(), value)?,
        };
        let mut signature = Signature { mac: [0; MAC_BYTES] };
        let decoded = match scheme.encoding {
            Encoding::Hex => decode_hex(encoded, &mut signature.mac),
        };
        if decoded { Ok(signature) } else { Err(Refusal::MalformedSignature) }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.mac
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

/// Fills `mac` from exactly twice as many hex digits of either case; false where `text` is anything else.
///
/// All digits at once and without a branch, so that the processor does sixteen in one instruction: the `hex` crate branches
/// on each, which costs a fifth of the MAC of a whole 1 KiB body where digits are random, as a signature's are.
fn decode_hex(text: &[u8], mac: &mut [u8; MAC_BYTES]) -> bool {
    let Ok(text) = <&[u8; 2 * MAC_BYTES]>::try_from(text) else { return false };
    let values = text.map(digit_value);
    let (pairs, _) = values.as_chunks();
    for (byte, [high, low]) in mac.iter_mut().zip(pairs) {
        *byte = (high << 4) | low;
    }
    values.iter().fold(0, |seen, value| seen | value) < NO_DIGIT
}

/// What [`digit_value`] gives for a byte that is no digit: more than any digit.
const NO_DIGIT: u8 = 0x80;

fn digit_value(text: u8) -> u8 {
    let decimal = text.wrapping_sub(b'0');
    // Sets the bit that tells lower case from upper.
    let letter = (text | 0x20).wrapping_sub(b'a');
    if decimal < 10 {
        decimal
    } else if letter < 6 {
        letter + 10
    } else {
        NO_DIGIT
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_a_digit_in_each_place_exactly_where_the_hex_crate_says_so() {
        for place in 0..2 * MAC_BYTES {
            for byte in 0..=255 {
                let mut text = *b"0123456789abcdefABCDEF9876543210fedcba0987654321FEDCBA0123456789";
                text[place] = byte;
                let (mut ours, mut theirs) = ([0; MAC_BYTES], [0; MAC_BYTES]);
                let valid = hex::decode_to_slice(text, &mut theirs).is_ok();
                assert_eq!(decode_hex(&text, &mut ours), valid, "{text:?}");
                assert!(!valid || ours == theirs, "{text:?}");
            }
        }
    }

    #[test]
    fn another_number_of_digits_is_refused() {
        for digits in [0, 1, 2, 62, 63, 65, 66, 128] {
            assert!(!decode_hex(&vec![b'0'; digits], &mut [0; MAC_BYTES]), "{digits}");
        }
    }
}
