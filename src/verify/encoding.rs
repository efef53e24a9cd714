//! Signatures as text: decoded strictly and without a branch on any digit.

use super::scheme::Encoding;
use crate::base64;

/// Length of the longest signature, in bytes.
pub(super) const LONGEST: usize = 64;

/// Fills `out`, which is as long as a signature of the scheme, from `text`; false where that is anything but its encoding. A
/// token, for which it has no room, is only looked at.
pub(super) fn decode(encoding: Encoding, text: &[u8], out: &mut [u8]) -> bool {
    match (encoding, out.len()) {
        (Encoding::Hex, 20) => decode_hex::<40>(text, out),
        (Encoding::Hex, 32) => decode_hex::<64>(text, out),
        (Encoding::Hex, 48) => decode_hex::<96>(text, out),
        (Encoding::Hex, 64) => decode_hex::<128>(text, out),
        (Encoding::Base64, 20) => base64::decode_exactly::<28, 32, 20>(text, out),
        (Encoding::Base64, 32) => base64::decode_exactly::<44, 48, 32>(text, out),
        (Encoding::Base64, 48) => base64::decode_exactly::<64, 64, 48>(text, out),
        (Encoding::Base64, 64) => base64::decode_exactly::<88, 96, 64>(text, out),
        #[cfg(feature = "providers")]
        (Encoding::Base64Der, 64) => decode_der(text, out),
        #[cfg(feature = "providers")]
        (Encoding::Verbatim, 0) => !text.is_empty(),
        #[cfg(feature = "providers")]
        (Encoding::Base64, 0) => super::token::is_base64(text),
        _ => false,
    }
}

/// `bytes` as a signature is written.
pub(super) fn encode(encoding: Encoding, bytes: &[u8]) -> String {
    match encoding {
        Encoding::Hex => hex::encode(bytes),
        Encoding::Base64 => base64::text(bytes),
        #[cfg(feature = "providers")]
        Encoding::Base64Der => base64::text(&der(bytes)),
        #[cfg(feature = "providers")]
        Encoding::Verbatim => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Length of the longest base64 of a signature in DER, in bytes: two numbers of 33 bytes at most, and six around them.
#[cfg(feature = "providers")]
const LONGEST_DER_TEXT: usize = 96;

/// Fills `out` with r and s from the base64 of their DER; false where `text` is anything else, or one of them is zero or not
/// below the order. It branches: an ECDSA signature is checked by calculating, and compared with nothing.
#[cfg(feature = "providers")]
fn decode_der(text: &[u8], out: &mut [u8]) -> bool {
    if text.len() > LONGEST_DER_TEXT || !text.len().is_multiple_of(4) {
        return false;
    }
    let (mut der, mut len) = ([0; LONGEST_DER_TEXT / 4 * 3], 0);
    let decoded = base64::decode_each(text, |group| {
        if let Some(room) = der.get_mut(len..len + group.len()) {
            room.copy_from_slice(group);
        }
        len += group.len();
    });
    let signature = der.get(..len).filter(|_| decoded.is_ok()).map(p256::ecdsa::Signature::from_der);
    match signature {
        Some(Ok(signature)) => {
            out.copy_from_slice(&signature.to_bytes());
            true
        }
        _ => false,
    }
}

/// r and s, 32 bytes each, as DER; nothing where they are none.
#[cfg(feature = "providers")]
fn der(bytes: &[u8]) -> Vec<u8> {
    let signature = p256::ecdsa::Signature::from_slice(bytes);
    signature.map_or_else(|_| Vec::new(), |signature| signature.to_der().as_bytes().to_vec())
}

/// Fills `out` from exactly `DIGITS` hex digits of either case; false where `text` is anything else.
///
/// All digits at once and without a branch, so that the processor does sixteen in one instruction: the `hex` crate branches
/// on each, which costs a fifth of the MAC of a whole 1 KiB body where digits are random, as a signature's are.
// Not inlined: of all lengths in one function each would save the registers of all.
#[inline(never)]
fn decode_hex<const DIGITS: usize>(text: &[u8], out: &mut [u8]) -> bool {
    let Ok(text) = <&[u8; DIGITS]>::try_from(text) else { return false };
    let values = text.map(digit_value);
    let (pairs, _) = values.as_chunks();
    for (byte, [high, low]) in out.iter_mut().zip(pairs) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Every length that a signature has, in bytes.
    const LENGTHS: [usize; 4] = [20, 32, 48, 64];

    #[test]
    fn each_byte_is_a_digit_in_each_place_exactly_where_the_hex_crate_says_so() {
        for length in LENGTHS {
            for place in 0..2 * length {
                for byte in 0..=255 {
                    let mut text = b"0123456789abcdefABCDEF9876543210fedcba0987654321FEDCBA0123456789".repeat(2);
                    text.truncate(2 * length);
                    text[place] = byte;
                    let (mut ours, mut theirs) = ([0; LONGEST], [0; LONGEST]);
                    let valid = hex::decode_to_slice(&text, &mut theirs[..length]).is_ok();
                    assert_eq!(decode(Encoding::Hex, &text, &mut ours[..length]), valid, "{text:?}");
                    assert!(!valid || ours == theirs, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn another_number_of_digits_is_refused() {
        for length in LENGTHS {
            for digits in (0..=160).filter(|digits| *digits != 2 * length) {
                assert!(!decode(Encoding::Hex, &vec![b'0'; digits], &mut vec![0; length]), "{digits}");
            }
        }
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        for encoding in [Encoding::Hex, Encoding::Base64] {
            for length in LENGTHS {
                let bytes: Vec<u8> = (0..length).map(|at| u8::try_from(at * 41 % 256).unwrap()).collect();
                let mut decoded = vec![0; length];
                assert!(decode(encoding, encode(encoding, &bytes).as_bytes(), &mut decoded));
                assert_eq!(decoded, bytes);
            }
        }
    }
}
