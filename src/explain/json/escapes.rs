//! The strings of a JSON text with other escapes: what programs do when they write the same text.

use super::BodyCause;

/// What was done to slashes, if the request is right with that undone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Slashes {
    Kept,
    /// They were escaped: here they no longer are.
    Escaped,
    /// They were not: PHP's `json_encode` escapes them.
    Unescaped,
}

/// How characters were written when they were signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unicode {
    Kept,
    /// As themselves.
    Raw,
    /// What is not ASCII as `\u00e9`: Python's `json.dumps`, PHP's `json_encode`.
    Lower,
    /// The same as `\u00E9`.
    Upper,
    /// `<`, `>`, `&` and the line separators as `\u003c`: Go's `json.Marshal`, Rails.
    Html,
    /// `<`, `>`, `&`, `'`, `+`, the grave accent and what is not ASCII, as `\u003C`: .NET's `System.Text.Json`.
    Net,
}

impl Slashes {
    pub(super) const ALL: [Slashes; 3] = [Slashes::Kept, Slashes::Escaped, Slashes::Unescaped];

    pub(super) fn cause(self) -> Option<BodyCause> {
        match self {
            Slashes::Kept => None,
            Slashes::Escaped => Some(BodyCause::JsonSlashesUnescaped),
            Slashes::Unescaped => Some(BodyCause::JsonSlashesEscaped),
        }
    }
}

impl Unicode {
    pub(super) const ALL: [Unicode; 6] =
        [Unicode::Kept, Unicode::Raw, Unicode::Lower, Unicode::Upper, Unicode::Html, Unicode::Net];

    pub(super) fn cause(self) -> Option<BodyCause> {
        match self {
            Unicode::Kept => None,
            Unicode::Raw => Some(BodyCause::JsonUnicodeEscaped),
            _ => Some(BodyCause::JsonUnicodeUnescaped),
        }
    }

    /// Whether a character that needs no escape has one.
    fn escapes(self, character: char) -> bool {
        match self {
            Unicode::Kept | Unicode::Raw => false,
            Unicode::Lower | Unicode::Upper => !character.is_ascii(),
            Unicode::Html => "<>&\u{2028}\u{2029}".contains(character),
            Unicode::Net => !character.is_ascii() || "<>&'+`".contains(character),
        }
    }

    /// Whether an escape of this character is undone: no other program writes it.
    fn unescapes(self, character: char) -> bool {
        let needs_escape = character.is_control() || character == '"' || character == '\\';
        match self {
            Unicode::Kept => false,
            _ if needs_escape => false,
            Unicode::Lower | Unicode::Upper => !character.is_ascii(),
            Unicode::Raw | Unicode::Html | Unicode::Net => true,
        }
    }

    fn write(self, character: char, out: &mut String) {
        for unit in character.encode_utf16(&mut [0; 2]) {
            out.push_str(&match self {
                Unicode::Upper | Unicode::Net => format!("\\u{unit:04X}"),
                _ => format!("\\u{unit:04x}"),
            });
        }
    }
}

/// `text`, which is JSON, with its strings written so; nothing where one of the two would change nothing.
pub(super) fn rewritten(text: &str, slashes: Slashes, unicode: Unicode) -> Option<String> {
    let slashed = match slashes {
        Slashes::Kept => text.to_string(),
        // Outside of strings JSON has neither, and a slash behind two backslashes is not escaped.
        Slashes::Escaped | Slashes::Unescaped => with_units(text, |unit, out| match (unit, slashes) {
            (Unit::Character('/') | Unit::EscapedSlash, Slashes::Escaped) => out.push_str("\\/"),
            (Unit::EscapedSlash, Slashes::Unescaped) => out.push('/'),
            (unit, _) => unit.write(out),
        }),
    };
    if slashes != Slashes::Kept && slashed == text {
        return None;
    }
    if unicode == Unicode::Kept {
        return Some(slashed);
    }
    let written = with_units(&slashed, |unit, out| match unit {
        Unit::Character(character) if unicode.escapes(character) => unicode.write(character, out),
        Unit::EscapedCharacter(_, character) if unicode.escapes(character) => unicode.write(character, out),
        Unit::EscapedCharacter(_, character) if unicode.unescapes(character) => out.push(character),
        unit => unit.write(out),
    });
    if written == slashed { None } else { Some(written) }
}

/// A part of a JSON text, as far as escapes go.
#[derive(Clone, Copy)]
enum Unit<'a> {
    /// A character as itself, in a string or outside.
    Character(char),
    EscapedSlash,
    /// `\u` escapes, and the character that they stand for.
    EscapedCharacter(&'a str, char),
    /// Any other escape.
    Other(&'a str),
}

impl Unit<'_> {
    fn write(self, out: &mut String) {
        match self {
            Unit::Character(character) => out.push(character),
            Unit::EscapedSlash => out.push_str("\\/"),
            Unit::EscapedCharacter(text, _) | Unit::Other(text) => out.push_str(text),
        }
    }
}

/// What `write` makes of each part of `text`.
fn with_units(text: &str, mut write: impl FnMut(Unit<'_>, &mut String)) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (unit, bytes) = if first == '\\' { escape(rest) } else { (Unit::Character(first), first.len_utf8()) };
        write(unit, &mut out);
        rest = rest.get(bytes..).unwrap_or_default();
    }
    out
}

/// The escape that `text` begins with, and its length in bytes.
fn escape(text: &str) -> (Unit<'_>, usize) {
    let unit_at = |at: usize| {
        let escape = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(escape, 16).ok()
    };
    let whole = |bytes: usize| text.get(..bytes).unwrap_or(text);
    if text.starts_with("\\/") {
        return (Unit::EscapedSlash, 2);
    }
    let Some(first) = unit_at(0) else { return (Unit::Other(whole(2)), 2) };
    let units = [Some(first), unit_at(6)];
    // A pair of surrogates is one character; half of one is none, and stays.
    for (count, bytes) in [(1, 6), (2, 12)] {
        let mut decoded = char::decode_utf16(units.into_iter().take(count).flatten());
        if let (Some(Ok(character)), None) = (decoded.next(), decoded.next()) {
            return (Unit::EscapedCharacter(whole(bytes), character), bytes);
        }
    }
    (Unit::Other(whole(6)), 6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unicode(text: &str, how: Unicode) -> Option<String> {
        rewritten(text, Slashes::Kept, how)
    }

    #[test]
    fn slashes_are_escaped_and_unescaped_and_nothing_else() {
        let plain = r#"{"a/b":"\\/\\\"/","c":1}"#;
        let escaped = r#"{"a\/b":"\\\/\\\"\/","c":1}"#;
        assert_eq!(rewritten(plain, Slashes::Escaped, Unicode::Kept).as_deref(), Some(escaped));
        assert_eq!(rewritten(escaped, Slashes::Unescaped, Unicode::Kept).as_deref(), Some(plain));
        assert_eq!(rewritten(plain, Slashes::Unescaped, Unicode::Kept), None);
        assert_eq!(rewritten(escaped, Slashes::Escaped, Unicode::Kept), None);
    }

    #[test]
    fn characters_are_escaped_as_each_program_does() {
        let raw = "\"é<'\u{1f600}\\n\u{2028}\"";
        for (how, text) in [
            (Unicode::Lower, r#""\u00e9<'\ud83d\ude00\n\u2028""#),
            (Unicode::Upper, r#""\u00E9<'\uD83D\uDE00\n\u2028""#),
            (Unicode::Html, "\"é\\u003c'\u{1f600}\\n\\u2028\""),
            (Unicode::Net, r#""\u00E9\u003C\u0027\uD83D\uDE00\n\u2028""#),
        ] {
            assert_eq!(unicode(raw, how).as_deref(), Some(text));
            assert_eq!(unicode(text, Unicode::Raw).as_deref(), Some(raw));
            assert_eq!(unicode(text, how), None, "written so already");
        }
    }

    #[test]
    fn what_needs_its_escape_keeps_it() {
        for text in [r#""\u0022\u005c\u0000\ud83d\ude""#, r#""\ud83dx\ude00\ud83d""#, r#""\\u00e9""#, r#""\"""#] {
            assert_eq!(unicode(text, Unicode::Raw), None, "{text}");
        }
    }
}
