//! JSON without a tree: is it JSON, the same on one line, the same indented, one string out of it.

mod grammar;
mod value;

pub use value::{string_at, value_at};
#[cfg(feature = "providers")]
pub(crate) mod places;

use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// Deepest nesting of arrays and objects accepted. `serde_json` stops parsing at the same depth, so that a consumer that
/// uses it can read everything that was let in.
pub const DEPTH_LIMIT: usize = 127;

/// Why bytes are not JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotJson {
    /// The bytes from `at` on are not UTF-8, which RFC 8259 §8.1 asks for.
    Encoding {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// Arrays and objects nest deeper than [`DEPTH_LIMIT`].
    Depth {
        /// The limit passed.
        limit: usize,
    },
    /// The text is not of the grammar of RFC 8259, or something follows it. Where `serde_json` noticed it:
    Grammar {
        /// Line, from 1.
        line: usize,
        /// Column in bytes: of the bad byte or one beside it; 0 where the line has none.
        column: usize,
    },
}

/// JSON text that was read: exactly one value (RFC 8259) with white space around it at most, without a byte order mark,
/// nested at most [`DEPTH_LIMIT`] deep. Only [`read`] makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct Text<'a> {
    text: Cow<'a, str>,
    /// There is no white space between its tokens.
    is_compact: bool,
}

impl Text<'_> {
    /// The text, as it came.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same with a copy of the text of its own.
    #[must_use]
    pub fn into_owned(self) -> Text<'static> {
        Text { text: Cow::Owned(self.text.into_owned()), is_compact: self.is_compact }
    }

    /// Appends it to `out` as [`write_compact`] does.
    pub fn write_compact(&self, out: &mut Vec<u8>) {
        if self.is_compact {
            out.extend_from_slice(self.text.as_bytes());
        } else {
            write_compact(&self.text, out);
        }
    }
}

/// Payloads are somebody's business: `Debug` shows the length.
impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.text.len())
    }
}

/// Reads `bytes` as JSON. Allocates nothing for what is.
///
/// # Errors
/// Says what of [`Text`]'s promise does not hold, and where.
pub fn read(bytes: &[u8]) -> Result<Text<'_>, NotJson> {
    let (text, is_compact) = judge(bytes)?;
    Ok(Text { text: Cow::Borrowed(text), is_compact })
}

/// The text of `bytes`, if [`read`] takes them.
///
/// # Errors
/// As [`read`].
pub fn check(bytes: &[u8]) -> Result<&str, NotJson> {
    judge(bytes).map(|(text, _)| text)
}

/// The text of `bytes`, and whether it is compact, if it is JSON.
fn judge(bytes: &[u8]) -> Result<(&str, bool), NotJson> {
    let text = std::str::from_utf8(bytes).map_err(|error| NotJson::Encoding { at: error.valid_up_to() })?;
    if let Some(found) = grammar::judge(bytes) {
        return Ok((text, !found.space));
    }
    let flaw = flaw(text);
    debug_assert!(flaw.is_some(), "serde_json reads what our grammar does not");
    flaw.map_or(Ok((text, false)), Err)
}

/// What is wrong with `text`, and where.
#[cold]
fn flaw(text: &str) -> Option<NotJson> {
    // Before the parser, which follows any depth here.
    if depth_exceeds(text.as_bytes(), DEPTH_LIMIT) {
        return Some(NotJson::Depth { limit: DEPTH_LIMIT });
    }
    let error = serde_json::from_str::<&RawValue>(text).err()?;
    Some(NotJson::Grammar { line: error.line(), column: error.column() })
}

fn depth_exceeds(bytes: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    for token in Tokens::new(bytes) {
        match token {
            Token::Open(_) => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            Token::Close(_) => depth = depth.saturating_sub(1),
            Token::Comma | Token::Colon | Token::Scalar(_) => {}
        }
    }
    false
}

/// Appends `json` to `out` on one line: the white space between tokens goes, the tokens stay as they are.
pub fn write_compact(json: &str, out: &mut Vec<u8>) {
    // What is kept and not yet copied begins at `kept`; what is not yet looked at, at `rest`.
    let mut kept = json.as_bytes();
    let mut rest = kept;
    out.reserve(rest.len());
    while let [first, after @ ..] = rest {
        rest = match first {
            b'"' => after_string(after),
            b' ' | b'\t' | b'\n' | b'\r' => {
                out.extend_from_slice(kept.get(..kept.len() - rest.len()).unwrap_or_default());
                kept = grammar::skip_space(after);
                kept
            }
            _ => after,
        };
    }
    out.extend_from_slice(kept);
}

/// What follows a string whose opening quote was taken; of one that does not end, nothing.
fn after_string(mut inside: &[u8]) -> &[u8] {
    loop {
        inside = grammar::skip_plain(inside);
        inside = match inside {
            [b'"', rest @ ..] => return rest,
            [b'\\', _, rest @ ..] | [_, rest @ ..] => rest,
            [] => return inside,
        };
    }
}

/// Appends `json` to `out`, indented by two spaces a level; the tokens stay as they are.
pub fn write_pretty(json: &str, out: &mut Vec<u8>) {
    let mut depth = 0_usize;
    let mut tokens = Tokens::new(json.as_bytes()).peekable();
    while let Some(token) = tokens.next() {
        token.write(out);
        match token {
            Token::Open(_) if matches!(tokens.peek(), Some(Token::Close(_))) => continue,
            Token::Open(_) => depth += 1,
            Token::Colon => out.push(b' '),
            _ => {}
        }
        let closes_next = matches!(tokens.peek(), Some(Token::Close(_)));
        if closes_next {
            depth = depth.saturating_sub(1);
        }
        if closes_next || matches!(token, Token::Open(_) | Token::Comma) {
            out.push(b'\n');
            out.resize(out.len() + 2 * depth, b' ');
        }
    }
}

/// Appends `text` to `out` as a JSON string, quotes included.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    // Most strings are.
    if grammar::is_plain(text.as_bytes()) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        return out.push(b'"');
    }
    // `Vec` refuses no write and `str` no serialization.
    let _ = serde_json::to_writer(out, text);
}

/// One token of JSON text, as its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    Open(u8),
    Close(u8),
    Comma,
    Colon,
    Scalar(&'a [u8]),
}

impl Token<'_> {
    fn write(self, out: &mut Vec<u8>) {
        match self {
            Token::Open(byte) | Token::Close(byte) => out.push(byte),
            Token::Comma => out.push(b','),
            Token::Colon => out.push(b':'),
            Token::Scalar(bytes) => out.extend_from_slice(bytes),
        }
    }
}

/// The tokens of JSON text. Of other text it makes tokens too, without judging them.
struct Tokens<'a> {
    rest: &'a [u8],
}

impl<'a> Tokens<'a> {
    fn new(json: &'a [u8]) -> Self {
        Tokens { rest: json }
    }

    fn scalar_len(&self) -> usize {
        if self.rest.first() == Some(&b'"') {
            return self.rest.len() - self.rest.get(1..).map_or(0, |inside| after_string(inside).len());
        }
        let ends =
            |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':' | b'[' | b']' | b'{' | b'}' | b'"');
        self.rest.iter().position(ends).unwrap_or(self.rest.len())
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = Token<'a>;

    fn next(&mut self) -> Option<Token<'a>> {
        while let [b' ' | b'\t' | b'\n' | b'\r', rest @ ..] = self.rest {
            self.rest = rest;
        }
        let first = *self.rest.first()?;
        let (token, len) = match first {
            b'{' | b'[' => (Token::Open(first), 1),
            b'}' | b']' => (Token::Close(first), 1),
            b',' => (Token::Comma, 1),
            b':' => (Token::Colon, 1),
            _ => {
                let len = self.scalar_len();
                (Token::Scalar(self.rest.get(..len)?), len)
            }
        };
        self.rest = self.rest.get(len..)?;
        Some(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        "[".repeat(depth) + &"]".repeat(depth)
    }

    fn compact(json: &str) -> String {
        let mut out = Vec::new();
        write_compact(json, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn one_value_with_white_space_around_it_is_json() {
        for json in
            ["{}", " [1, 2]\r\n\t", "1", "-0.5e+3", "\"x\"", "null", "true", r#""\ud800""#, r#"{"a":1,"a":2}"#, "1e999"]
        {
            assert_eq!(check(json.as_bytes()), Ok(json));
        }
    }

    #[test]
    fn what_is_not_exactly_one_value_is_refused_with_its_place() {
        for (bytes, line, column) in [
            (&b""[..], 1, 0),
            (b" ", 1, 1),
            (b"{} x", 1, 4),
            (b"{}{}", 1, 3),
            (b"[1,]", 1, 4),
            (b"{'a':1}", 1, 2),
            (b"NaN", 1, 1),
            (b"[Infinity]", 1, 2),
            (b"01", 1, 2),
            (b"+1", 1, 1),
            (b"\"\x01\"", 1, 1),
            (b"[1,\n 2", 2, 2),
            (b"\xef\xbb\xbf{}", 1, 1),
        ] {
            assert_eq!(check(bytes), Err(NotJson::Grammar { line, column }), "{:?}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn invalid_utf_8_is_refused_with_its_place_inside_a_string_too() {
        assert_eq!(check(b"{\"a\":\"\xff\"}"), Err(NotJson::Encoding { at: 6 }));
        assert_eq!(check(b"\xc3"), Err(NotJson::Encoding { at: 0 }));
    }

    #[test]
    fn nesting_is_accepted_to_its_limit_and_not_one_further() {
        assert!(check(nested(DEPTH_LIMIT).as_bytes()).is_ok());
        let too_deep = Err(NotJson::Depth { limit: 127 });
        assert_eq!(check(nested(DEPTH_LIMIT + 1).as_bytes()), too_deep);
        assert_eq!(check(nested(100_000).as_bytes()), too_deep);
        assert_eq!(check((r#"{"a":"#.repeat(128) + "1" + &"}".repeat(128)).as_bytes()), too_deep);
        // Brackets inside strings are no nesting, behind escaped quotes neither; what closed no longer counts.
        assert!(check(format!(r#"["\"{}"]"#, "[".repeat(200)).as_bytes()).is_ok());
        assert!(check(format!("[{}1]", "[],".repeat(500)).as_bytes()).is_ok());
    }

    #[test]
    fn compact_json_keeps_its_tokens() {
        let json = "{ \"a\" : [ 1.000, 1E5 ,\t\"x  \\\" \\u00e9 \" ] ,\r\n \"b\":{ } }";
        assert_eq!(compact(json), r#"{"a":[1.000,1E5,"x  \" \u00e9 "],"b":{}}"#);
    }

    #[test]
    fn pretty_json_is_the_usual_indentation() {
        let mut out = Vec::new();
        write_pretty(r#"{"a":[1,{"b":[]}],"c":{},"d":"e"}"#, &mut out);
        let expected = "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {},\n  \"d\": \"e\"\n}";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn a_string_is_found_by_its_pointer() {
        let json =
            r#"{"event_type":"push","a":{"b/c":{"~":"deep"}},"n":1,"\u0065":"escaped name","a2":"x","a2":"last"}"#;
        assert_eq!(string_at(json, "/event_type").as_deref(), Some("push"));
        assert_eq!(string_at(json, "/a/b~1c/~0").as_deref(), Some("deep"));
        assert_eq!(string_at(json, "/e").as_deref(), Some("escaped name"));
        assert_eq!(string_at(json, "/a2").as_deref(), Some("last"));
        for nothing in ["/n", "/a", "/missing", "/n/x", "", "event_type", "/"] {
            assert_eq!(string_at(json, nothing), None, "{nothing}");
        }
        assert_eq!(string_at("[1]", "/0"), None);
        let beside_half_a_pair = r#"{"\ud800":1,"event_type":"push"}"#;
        assert_eq!(string_at(beside_half_a_pair, "/event_type").as_deref(), Some("push"));
        // What is no JSON gives nothing, or something, but no panic.
        for text in ["{", "{\"a\"", "{\"a\":", "{\"a\":]", "{\"a\":[", "{,}", "{\"a\":}}", "\""] {
            assert_eq!(string_at(text, "/a"), None, "{text}");
        }
    }
}
