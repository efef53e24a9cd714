//! Which events a sink takes: by source, by type, by what stands in their JSON. No language: each of the three is a list, and
//! an event has to be on every list there is.

use crate::json;
use std::fmt;
use std::str::FromStr;

/// Which events a sink takes. All of them, unless it says otherwise.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Names of sources, of which the event's has to be one; any where there is none.
    pub sources: Vec<String>,
    /// Patterns of types, of which one has to match the event's; any type, or none, where there is none.
    pub types: Vec<Pattern>,
    /// Places in the event's JSON, each with the values of which one has to stand there.
    pub json: Vec<(Pointer, Vec<Scalar>)>,
}

impl Filter {
    /// Whether an event is taken. `payload` is its JSON, if it has one. An event without a type has the empty one.
    #[must_use]
    pub fn takes(&self, source: &str, event_type: Option<&str>, payload: Option<&str>) -> bool {
        let is_value = |(pointer, values): &(Pointer, Vec<Scalar>)| {
            let found = payload.and_then(|payload| json::value_at(payload, &pointer.0));
            found.is_some_and(|found| values.iter().any(|value| value.is(found)))
        };
        self.may_take(source, event_type) && self.json.iter().all(is_value)
    }

    /// Whether an event of this source and type is taken, unless its JSON says otherwise.
    #[must_use]
    pub fn may_take(&self, source: &str, event_type: Option<&str>) -> bool {
        let is_source = self.sources.is_empty() || self.sources.iter().any(|known| known == source);
        let is_type = || self.types.iter().any(|pattern| pattern.matches(event_type.unwrap_or_default()));
        is_source && (self.types.is_empty() || is_type())
    }
}

/// A pattern of types: `*` stands for any characters, or none, and every other character for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(String);

/// Longest pattern and pointer, in bytes.
pub const PATTERN_LIMIT_BYTES: usize = 256;

/// A pattern that is empty or longer than [`PATTERN_LIMIT_BYTES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPattern;

impl FromStr for Pattern {
    type Err = InvalidPattern;

    fn from_str(text: &str) -> Result<Self, InvalidPattern> {
        if text.is_empty() || text.len() > PATTERN_LIMIT_BYTES {
            return Err(InvalidPattern);
        }
        Ok(Pattern(text.to_string()))
    }
}

impl Pattern {
    /// Whether all of `text` is what the pattern says. It takes no longer than the two lengths multiplied.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        let mut pieces = self.0.split('*');
        let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
        let Some(last) = pieces.next_back() else { return rest.is_empty() };
        // Between the first and the last piece each is taken where it first stands: later is never better.
        for piece in pieces {
            let Some((_, behind)) = rest.split_once(piece) else { return false };
            rest = behind;
        }
        rest.ends_with(last)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a pattern has from 1 to {PATTERN_LIMIT_BYTES} bytes")
    }
}

impl std::error::Error for InvalidPattern {}

/// A place in JSON (RFC 6901): `/repository/full_name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointer(String);

/// What is no JSON pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPointer;

impl FromStr for Pointer {
    type Err = InvalidPointer;

    fn from_str(text: &str) -> Result<Self, InvalidPointer> {
        // RFC 6901 §3: a tilde is the first half of ~0 or ~1.
        let is_escaped = |step: &str| step.split('~').skip(1).all(|behind| behind.starts_with(['0', '1']));
        if text.starts_with('/') && text.len() <= PATTERN_LIMIT_BYTES && is_escaped(text) {
            Ok(Pointer(text.to_string()))
        } else {
            Err(InvalidPointer)
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for InvalidPointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON pointer begins with / (RFC 6901): /repository/full_name")
    }
}

impl std::error::Error for InvalidPointer {}

/// A value that JSON has no parts in. A string is never a number: `"1"` is not `1`.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// A string, character for character once it is unescaped.
    Text(String),
    /// A whole number, however it is written: `1` is also `1.0` and `1e0`.
    Number(i64),
    /// `true` or `false`.
    Boolean(bool),
}

impl Scalar {
    /// Whether `found`, the text of one JSON value, is this one.
    fn is(&self, found: &str) -> bool {
        match self {
            Scalar::Text(text) => {
                found.starts_with('"') && serde_json::from_str(found).is_ok_and(|found: String| found == *text)
            }
            Scalar::Number(number) => match found.parse::<i64>() {
                Ok(found) => found == *number,
                // Up to here every whole number is a float of its own.
                Err(_) => number.unsigned_abs() <= 1 << 53 && found.parse() == Ok(*number as f64),
            },
            Scalar::Boolean(boolean) => found == if *boolean { "true" } else { "false" },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn a_star_stands_for_any_characters_and_everything_else_for_itself() {
        for (text, matching, others) in [
            ("push", &["push"][..], &["", "pus", "push2", "Push", "xpush", "push.x"][..]),
            ("issues.*", &["issues.opened", "issues."], &["issues", "xissues.opened", "Issues.opened"]),
            ("*", &["", "push", "issues.opened", "é"], &[]),
            ("*.paid", &["invoice.paid", ".paid", ".paid.paid"], &["invoice.paid2", "paid"]),
            ("a*b*c", &["abc", "axbxc", "abbc", "aabbcc", "abcbc"], &["ab", "ac", "acb", "abcx", ""]),
            ("a**c", &["ac", "abc"], &["a", "c"]),
            ("ab*ba", &["abba", "abxba"], &["aba", "ab", "ba"]),
            ("**", &["", "x"], &[]),
            ("a?[b]", &["a?[b]"], &["axb", "a?b"]),
        ] {
            for (types, is_match) in [(matching, true), (others, false)] {
                for event_type in types {
                    assert_eq!(pattern(text).matches(event_type), is_match, "{event_type:?} by {text}");
                }
            }
        }
    }

    #[test]
    fn a_filter_takes_what_is_on_every_list_it_has() {
        let filter = Filter {
            sources: vec!["github".into(), "gitea".into()],
            types: vec![pattern("push"), pattern("issues.*")],
            json: vec![(
                "/ref".parse().unwrap(),
                vec![Scalar::Text("refs/heads/main".into()), Scalar::Text("x".into())],
            )],
        };
        let main = Some(r#"{"ref":"refs\/heads/main"}"#);
        for (source, event_type, payload, is_taken) in [
            ("github", Some("push"), main, true),
            ("gitea", Some("issues.opened"), main, true),
            ("github", Some("push"), Some(r#"{"ref":"x"}"#), true),
            ("gitlab", Some("push"), main, false),
            ("github", Some("ping"), main, false),
            ("github", None, main, false),
            ("github", Some("push"), Some(r#"{"ref":"refs/heads/dev"}"#), false),
            ("github", Some("push"), Some(r#"{"ref":null}"#), false),
            ("github", Some("push"), Some("{}"), false),
            ("github", Some("push"), None, false),
        ] {
            assert_eq!(filter.takes(source, event_type, payload), is_taken, "{source} {event_type:?} {payload:?}");
        }
        assert!(Filter::default().takes("any", None, None));
        let star = Filter { types: vec![pattern("*")], ..Filter::default() };
        assert!(star.takes("any", None, None), "an event without a type has the empty one");
    }

    #[test]
    fn values_are_equal_where_their_kinds_are() {
        let text = |text: &str| Scalar::Text(text.into());
        for (value, found, is_equal) in [
            (text("a"), r#""a""#, true),
            (text("é"), r#""\u00e9""#, true),
            (text("1"), "1", false),
            (text("true"), "true", false),
            (text("null"), "null", false),
            (Scalar::Number(1), "1", true),
            (Scalar::Number(1), "1.0", true),
            (Scalar::Number(100), "1e2", true),
            (Scalar::Number(1), r#""1""#, false),
            (Scalar::Number(1), "1.5", false),
            (Scalar::Number(-7), "-7", true),
            (Scalar::Number(i64::MAX), "9223372036854775807", true),
            (Scalar::Number(i64::MAX), "9223372036854775808", false),
            (Scalar::Number(0), "-0", true),
            (Scalar::Boolean(true), "true", true),
            (Scalar::Boolean(true), "false", false),
            (Scalar::Boolean(true), r#""true""#, false),
            (Scalar::Boolean(false), "null", false),
            (text("a"), "[\"a\"]", false),
            (text(""), "{}", false),
        ] {
            let filter = Filter { json: vec![("/a".parse().unwrap(), vec![value.clone()])], ..Filter::default() };
            assert_eq!(filter.takes("", None, Some(&format!("{{ \"a\" : {found} }}"))), is_equal, "{value:?} {found}");
        }
    }

    #[test]
    fn a_pointer_goes_through_objects_and_lists() {
        let payload = Some(r#"{"a/b":{"~":[0,{"c":true}]}}"#);
        for (pointer, is_taken) in
            [("/a~1b/~0/1/c", true), ("/a~1b/~0/0/c", false), ("/a~1b/~0/01/c", false), ("/x", false)]
        {
            let filter =
                Filter { json: vec![(pointer.parse().unwrap(), vec![Scalar::Boolean(true)])], ..Filter::default() };
            assert_eq!(filter.takes("", None, payload), is_taken, "{pointer}");
        }
        for text in ["", "a", "a/b", "/~", "/~2", "/a~"] {
            assert_eq!(text.parse::<Pointer>(), Err(InvalidPointer), "{text}");
        }
    }
}
