//! Is it JSON? One pass over the bytes, without a tree, a stack of calls or an allocation.

use super::DEPTH_LIMIT;

/// What is found in text that is JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// There is white space outside of strings.
    pub(super) space: bool,
}

/// What is found in `text`, if it is exactly one JSON value (RFC 8259) with white space around it at most, nested at most
/// [`DEPTH_LIMIT`] deep. That its bytes are UTF-8 is not looked at here.
pub(super) fn judge(text: &[u8]) -> Option<Found> {
    let mut found = Found { space: false };
    follow(text, &mut found)?;
    Some(found)
}

/// The arrays and objects around the value at hand: a bit each, the innermost last, set for an object.
#[derive(Clone, Copy)]
struct Nesting {
    objects: u128,
    depth: usize,
}

impl Nesting {
    fn enter(self, object: bool) -> Option<Self> {
        let deeper = Nesting { objects: self.objects << 1 | u128::from(object), depth: self.depth + 1 };
        (deeper.depth <= DEPTH_LIMIT).then_some(deeper)
    }

    fn leave(self) -> Self {
        Nesting { objects: self.objects >> 1, depth: self.depth - 1 }
    }

    fn in_object(self) -> bool {
        self.objects & 1 == 1
    }
}

/// `Some` where all of `text` is of the grammar.
fn follow(text: &[u8], found: &mut Found) -> Option<()> {
    let mut nesting = Nesting { objects: 0, depth: 0 };
    let mut rest = text;
    loop {
        // A value begins.
        rest = match found.skip_space(rest) {
            [b'"', inside @ ..] => string_end(inside)?,
            [b'{', inside @ ..] => {
                nesting = nesting.enter(true)?;
                match found.skip_space(inside) {
                    [b'}', after @ ..] => {
                        nesting = nesting.leave();
                        after
                    }
                    name => {
                        rest = name_end(name, found)?;
                        continue;
                    }
                }
            }
            [b'[', inside @ ..] => {
                nesting = nesting.enter(false)?;
                match found.skip_space(inside) {
                    [b']', after @ ..] => {
                        nesting = nesting.leave();
                        after
                    }
                    value => {
                        rest = value;
                        continue;
                    }
                }
            }
            [b't', b'r', b'u', b'e', after @ ..]
            | [b'n', b'u', b'l', b'l', after @ ..]
            | [b'f', b'a', b'l', b's', b'e', after @ ..] => after,
            [b'-', digits @ ..] => number_end(digits)?,
            digits => number_end(digits)?,
        };
        // A value has ended.
        loop {
            rest = found.skip_space(rest);
            if nesting.depth == 0 {
                return rest.is_empty().then_some(());
            }
            let (first, after) = rest.split_first()?;
            rest = after;
            let in_object = nesting.in_object();
            if *first == b',' {
                if in_object {
                    rest = name_end(found.skip_space(rest), found)?;
                }
                break;
            }
            if *first != if in_object { b'}' } else { b']' } {
                return None;
            }
            nesting = nesting.leave();
        }
    }
}

/// What follows a member's name and its colon.
// Inlined, as what it calls: there are two strings a member, and what a call keeps and puts back is a third of what a short one
// takes.
#[inline(always)]
fn name_end<'a>(text: &'a [u8], found: &mut Found) -> Option<&'a [u8]> {
    let rest = found.skip_space(string_end(text.strip_prefix(b"\"")?)?);
    rest.strip_prefix(b":")
}

impl Found {
    #[inline(always)]
    fn skip_space<'a>(&mut self, text: &'a [u8]) -> &'a [u8] {
        match text {
            [first, ..] if *first > b' ' => text,
            _ => self.skip_some(text),
        }
    }

    // Not inlined: most senders write none.
    #[inline(never)]
    fn skip_some<'a>(&mut self, mut text: &'a [u8]) -> &'a [u8] {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = text {
            text = rest;
            self.space = true;
        }
        text
    }
}

/// `text` without the white space that it begins with.
pub(super) fn skip_space(text: &[u8]) -> &[u8] {
    Found { space: false }.skip_space(text)
}

/// What follows a string whose opening quote was taken.
#[inline(always)]
fn string_end(mut text: &[u8]) -> Option<&[u8]> {
    loop {
        text = skip_plain(text);
        text = match text {
            [b'"', rest @ ..] => return Some(rest),
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', rest @ ..] => rest,
            [b'\\', b'u', a, b, c, d, rest @ ..] if [a, b, c, d].into_iter().all(u8::is_ascii_hexdigit) => rest,
            [byte, rest @ ..] if *byte >= b' ' && *byte != b'\\' => rest,
            _ => return None,
        };
    }
}

/// Skips what is nothing but itself inside a string, eight bytes at a time; stops at the first quote, backslash or control
/// character, or less than eight bytes before the end.
#[inline(always)]
pub(super) fn skip_plain(mut text: &[u8]) -> &[u8] {
    while let Some((eight, rest)) = text.split_first_chunk::<8>() {
        let marks = marks(*eight);
        if marks != 0 {
            let plain = usize::try_from(marks.trailing_zeros() / 8).unwrap_or(0);
            return text.get(plain..).unwrap_or_default();
        }
        text = rest;
    }
    text
}

/// Whether all of `text` is nothing but itself inside a string.
pub(super) fn is_plain(text: &[u8]) -> bool {
    match text.last_chunk::<8>() {
        // The last eight are looked at twice, in part.
        Some(last) => marks(*last) == 0 && skip_plain(text).len() < 8,
        None => text.iter().all(|byte| !matches!(byte, b'"' | b'\\' | 0..b' ')),
    }
}

/// The lowest bit that is set is the high one of the first byte that is a quote, a backslash or a control character.
#[inline(always)]
fn marks(eight: [u8; 8]) -> u64 {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);
    let eight = u64::from_le_bytes(eight);
    // Less `limit`, a byte below it has its high bit set, and so has one that had it before (Warren, "Hacker's Delight" §6-1). A
    // borrow can set bits above the first one that is right, never below it.
    let less = |limit: u8, bytes: u64| bytes.wrapping_sub(ONES * u64::from(limit));
    // With their second bit flipped, the control characters stay below 0x20, and the quote becomes 0x20.
    let control_or_quote = less(0x21, eight ^ (ONES * 2));
    let backslash = less(1, eight ^ (ONES * u64::from(b'\\')));
    (control_or_quote | backslash) & (HIGHS & !eight)
}

/// What follows a number whose sign was taken.
fn number_end(text: &[u8]) -> Option<&[u8]> {
    let mut rest = match text {
        [b'0', rest @ ..] => rest,
        _ => digits_end(text)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = digits_end(fraction)?;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        rest = digits_end(match exponent {
            [b'+' | b'-', exponent @ ..] => exponent,
            exponent => exponent,
        })?;
    }
    Some(rest)
}

/// What follows one digit or more.
fn digits_end(text: &[u8]) -> Option<&[u8]> {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    if end == 0 { None } else { text.get(end..) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_bytes_are_skipped_up_to_each_byte_that_is_not_at_each_place() {
        for special in (0..=255_u8).filter(|byte| *byte < b' ' || b"\"\\".contains(byte)) {
            for place in 0..16 {
                for beside in [b'a', b' ', 0x7f, 0x80, 0xff, b'!', b'#', b'[', b']'] {
                    let mut text = [beside; 24];
                    text[place] = special;
                    assert_eq!(skip_plain(&text), &text[place..], "{special} at {place} beside {beside}");
                }
            }
        }
        assert_eq!(skip_plain(&[b'a'; 23]), [b'a'; 7], "less than eight bytes are left to the caller");
    }

    #[test]
    fn text_is_plain_where_no_byte_of_it_is_special() {
        for length in 0..=25 {
            assert!(is_plain(&vec![b'a'; length]), "{length}");
            for place in 0..length {
                for special in [0, b'\n', 0x1f, b'"', b'\\'] {
                    let mut text = vec![b'a'; length];
                    text[place] = special;
                    assert!(!is_plain(&text), "{special} at {place} of {length}");
                }
            }
        }
    }

    #[test]
    fn an_empty_array_or_object_counts_as_a_level() {
        for (open, close) in [("[", "]"), ("{", "}")] {
            let nested = |depth: usize| "[".repeat(depth - 1) + open + close + &"]".repeat(depth - 1);
            assert_eq!(judge(nested(DEPTH_LIMIT).as_bytes()), Some(Found { space: false }));
            assert_eq!(judge(nested(DEPTH_LIMIT + 1).as_bytes()), None);
        }
    }

    #[test]
    fn white_space_is_found_outside_of_strings_only() {
        for text in ["{}", "[1,2]", r#"{"a b":" \n "}"#, "\"\u{a0}\"", "1"] {
            assert_eq!(judge(text.as_bytes()), Some(Found { space: false }), "{text}");
        }
        for text in
            [" 1", "1\n", "{ }", "[ ]", "[1 ]", "[1,\t2]", r#"{"a" :1}"#, r#"{"a":1 ,"b":2}"#, r#"{ "a":1}"#, "[\r{}]"]
        {
            assert_eq!(judge(text.as_bytes()), Some(Found { space: true }), "{text}");
        }
    }
}
