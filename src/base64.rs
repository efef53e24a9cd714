//! Base64 (RFC 4648 §4): written padded, read strictly.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What [`digit_value`] gives for a byte that is no digit: more than any digit.
const NO_DIGIT: u8 = 0x80;

/// Appends `bytes` to `out` in base64, padded.
pub(crate) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (group >> (18 - 6 * place)) & 63;
            let digit = usize::try_from(index).ok().and_then(|index| ALPHABET.get(index)).unwrap_or(&b'=');
            out.push(if place <= chunk.len() { *digit } else { b'=' });
        }
    }
}

/// `bytes` in base64, padded.
pub(crate) fn text(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    write(bytes, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

/// Fills `out` from exactly `CHARS` characters that stand for `BYTES` bytes, padded, spare bits zero; false where `text` is
/// anything else.
///
/// All digits at once and without a branch on any, as hex is: where they differ from what was right is not to be timed, and
/// the processor does sixteen in one instruction. `ROUND` is the next multiple of sixteen, for that.
// Not inlined: see `decode_hex`.
#[inline(never)]
pub(crate) fn decode_exactly<const CHARS: usize, const ROUND: usize, const BYTES: usize>(
    text: &[u8],
    out: &mut [u8],
) -> bool {
    let Ok(text) = <&[u8; CHARS]>::try_from(text) else { return false };
    let (digits, padding) = text.split_at(CHARS - (CHARS / 4 * 3 - BYTES));
    // An A is a zero, in place of the padding too.
    let mut rounded = [b'A'; ROUND];
    let (start, _) = rounded.split_at_mut(digits.len());
    start.copy_from_slice(digits);
    let values = rounded.map(digit_value);
    let is_padded = padding.iter().all(|byte| *byte == b'=');
    // Six at a time to where they belong: what was written so is slow to read at once.
    let (sixes, tail) = out.as_chunks_mut::<6>();
    let mut eights = values.as_chunks::<8>().0.iter();
    for (six, eight) in sixes.iter_mut().zip(&mut eights) {
        *six = joined(eight);
    }
    let last = eights.next().map_or([0; 6], joined);
    let (wanted, beyond) = last.split_at(BYTES % 6);
    tail.copy_from_slice(wanted);
    // What is not wanted holds the spare bits.
    is_padded
        & (beyond.iter().fold(0, |seen, byte| seen | byte) == 0)
        & (values.iter().fold(0, |seen, value| seen | value) < NO_DIGIT)
}

/// The six bytes that eight digits stand for: neighbours are brought together, by twos, fours and eights.
fn joined(digits: &[u8; 8]) -> [u8; 6] {
    let digits = u64::from_be_bytes(*digits);
    let pairs = (digits & 0x003f_003f_003f_003f) | ((digits & 0x3f00_3f00_3f00_3f00) >> 2);
    let fours = (pairs & 0x0000_0fff_0000_0fff) | ((pairs & 0x0fff_0000_0fff_0000) >> 4);
    let [_, _, bytes @ ..] = ((fours & 0x00ff_ffff) | ((fours & 0x00ff_ffff_0000_0000) >> 8)).to_be_bytes();
    bytes
}

/// The bytes that `text` stands for, padded or not, or the place of the first byte that is not base64 as it should be.
pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    decode_each(text, |group| bytes.extend_from_slice(group))?;
    Ok(bytes)
}

/// Gives the bytes that `text` stands for to `take`, padded or not.
///
/// # Errors
/// The place of the first byte that is not base64 as it should be.
pub(crate) fn decode_each(text: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), usize> {
    let digits = match text {
        [digits @ .., b'=', b'='] if text.len().is_multiple_of(4) => digits,
        [digits @ .., b'='] if text.len().is_multiple_of(4) => digits,
        digits => digits,
    };
    for (at, group) in digits.chunks(4).enumerate() {
        let mut joined = 0_u32;
        for (place, digit) in group.iter().enumerate() {
            let value = digit_value(*digit);
            if value >= NO_DIGIT {
                return Err(4 * at + place);
            }
            joined = (joined << 6) | u32::from(value);
        }
        let [_, first, second, third] = (joined << (6 * (4 - group.len()))).to_be_bytes();
        match (group.len(), second, third) {
            (4, ..) => take(&[first, second, third]),
            (3, _, 0) => take(&[first, second]),
            (2, 0, 0) => take(&[first]),
            // One digit is no byte, and spare bits are zero.
            _ => return Err(digits.len()),
        }
    }
    Ok(())
}

fn digit_value(text: u8) -> u8 {
    // Sets the bit that tells lower case from upper: one range for both.
    let letter = (text | 0x20).wrapping_sub(b'a');
    let is_lower = (text & 0x20) >> 5;
    let decimal = text.wrapping_sub(b'0');
    if letter < 26 {
        letter + 26 * is_lower
    } else if decimal < 10 {
        decimal + 52
    } else if text == b'+' {
        62
    } else if text == b'/' {
        63
    } else {
        NO_DIGIT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_4648_are_written_and_read() {
        for (bytes, base64) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(text(bytes.as_bytes()), base64);
            assert_eq!(decode(base64.as_bytes()), Ok(bytes.as_bytes().to_vec()));
            assert_eq!(decode(base64.trim_end_matches('=').as_bytes()), Ok(bytes.as_bytes().to_vec()));
        }
    }

    #[test]
    fn what_is_not_base64_is_refused_with_its_place() {
        for (text, at) in
            [("Zg=", 2), ("Z", 1), ("Zg==\n", 2), ("Zm9v-A==", 4), ("Zh==", 2), ("Zm9=", 3), ("Z===", 1), (" Zg==", 0)]
        {
            assert_eq!(decode(text.as_bytes()), Err(at), "{text:?}");
        }
    }

    /// A byte's value by the alphabet as it is written in RFC 4648, table 1.
    fn value(byte: u8) -> u8 {
        ALPHABET.iter().zip(0..).find(|(known, _)| **known == byte).map_or(NO_DIGIT, |(_, value)| value)
    }

    #[test]
    fn each_byte_is_a_digit_exactly_where_the_alphabet_says_so() {
        for byte in 0..=255 {
            assert_eq!(digit_value(byte), value(byte), "{byte}");
        }
    }

    #[test]
    fn exactly_so_many_bytes_are_read_and_nothing_else() {
        fn check<const CHARS: usize, const ROUND: usize, const BYTES: usize>() {
            let bytes: Vec<u8> = (0..BYTES).map(|at| u8::try_from(at * 37 % 256).unwrap()).collect();
            let right = text(&bytes);
            let mut out = [0; 64];
            assert!(decode_exactly::<CHARS, ROUND, BYTES>(right.as_bytes(), &mut out[..BYTES]));
            assert_eq!(&out[..BYTES], bytes);
            // Any other byte in any place is another signature, or none.
            for at in 0..CHARS {
                for byte in 0..=255 {
                    let mut text = right.clone().into_bytes();
                    if text[at] != byte {
                        text[at] = byte;
                        let mut other = [0; 64];
                        let taken = decode_exactly::<CHARS, ROUND, BYTES>(&text, &mut other[..BYTES]);
                        assert_eq!(taken, decode(&text).is_ok_and(|bytes| bytes.len() == BYTES), "{text:?}");
                        assert!(!taken || other != out, "{text:?}");
                    }
                }
            }
            for text in ["", &right[1..], &right[..CHARS - 1], right.trim_end_matches('='), &format!("{right}=")] {
                let is_it = text.len() == CHARS;
                assert_eq!(decode_exactly::<CHARS, ROUND, BYTES>(text.as_bytes(), &mut out[..BYTES]), is_it, "{text}");
            }
        }
        check::<28, 32, 20>();
        check::<44, 48, 32>();
        check::<64, 64, 48>();
        check::<88, 96, 64>();
    }
}
