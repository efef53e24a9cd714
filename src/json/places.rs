//! Places in JSON text, found and changed without a tree: what is not meant stays as it is, byte for byte.

use super::{Token, Tokens, grammar};
use std::borrow::Cow;
use std::ops::Range;

/// A name that is looked for stands there more than once, in whatever case: two readers could take different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeated;

/// Where the value at `pointer` (RFC 6901, through names of objects) stands in the value at `within` of `json`, which
/// [`super::check`] takes; nothing where there is none.
pub(crate) fn find(json: &str, within: Range<usize>, pointer: &str) -> Result<Option<Range<usize>>, Repeated> {
    let mut value = within;
    for step in steps(pointer) {
        match member(json, value, &step)? {
            Some(found) => value = found,
            None => return Ok(None),
        }
    }
    Ok(Some(value))
}

/// Where the whole value of `json` stands.
pub(crate) fn whole(json: &str) -> Range<usize> {
    let text = json.trim_matches([' ', '\t', '\n', '\r']);
    let start = json.len() - json.trim_start_matches([' ', '\t', '\n', '\r']).len();
    start..start + text.len()
}

/// Where the items of the array at `within` stand; nothing where it is none.
pub(crate) fn items(json: &str, within: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut values = Values::of(json, within, b'[');
    std::iter::from_fn(move || values.as_mut()?.next_value())
}

/// `json` with what stands at `places`, which are in order and apart, replaced by `text`.
pub(crate) fn replaced(json: &str, places: &[Range<usize>], text: &str) -> String {
    let mut out = String::with_capacity(json.len() + places.len() * text.len());
    let mut from = 0;
    for place in places {
        out.push_str(json.get(from..place.start).unwrap_or_default());
        out.push_str(text);
        from = place.end;
    }
    out.push_str(json.get(from..).unwrap_or_default());
    out
}

/// `json` with `text` for the value at `pointer` in the value at `within`; names that are not there are put in, first in their
/// object. Nothing where something else than an object is in the way.
pub(crate) fn with(json: &str, within: Range<usize>, pointer: &str, text: &str) -> Option<String> {
    let (mut value, mut steps) = (within, steps(pointer));
    while let Some(step) = steps.next() {
        match member(json, value.clone(), &step).ok()? {
            Some(found) => value = found,
            None => {
                let inside = json.get(value.clone())?.strip_prefix('{')?;
                let is_empty = inside.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('}');
                let mut missing = vec![step];
                missing.extend(steps);
                let nested = missing.iter().rev().fold(text.to_string(), |value, name| {
                    let mut member = b"{".to_vec();
                    super::write_string(name, &mut member);
                    format!("{}:{value}}}", String::from_utf8_lossy(&member))
                });
                let member = nested.strip_prefix('{')?.strip_suffix('}')?;
                let comma = if is_empty { "" } else { "," };
                let at = value.start + 1;
                return Some(replaced(json, std::slice::from_ref(&(at..at)), &format!("{member}{comma}")));
            }
        }
    }
    Some(replaced(json, &[value], text))
}

/// The text of the string, number or boolean that stands at `place`; of null the empty text.
pub(crate) fn scalar(json: &str, place: Range<usize>) -> Option<Cow<'_, str>> {
    let value = json.get(place)?;
    match value.as_bytes().first()? {
        b'"' => string(value),
        b'{' | b'[' => None,
        b'n' => Some(Cow::Borrowed("")),
        _ => Some(Cow::Borrowed(value)),
    }
}

/// What a JSON string, its quotes included, stands for; nothing for half of a surrogate pair, and what is no string.
pub(crate) fn string(text: &str) -> Option<Cow<'_, str>> {
    let inside = text.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') { serde_json::from_str(text).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inside)) }
}

/// The names of a pointer, their escapes undone.
fn steps(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    let steps = pointer.split('/').skip(1);
    steps.map(|step| match step.contains('~') {
        true => Cow::Owned(step.replace("~1", "/").replace("~0", "~")),
        false => Cow::Borrowed(step),
    })
}

/// Where the value of the member called `name` stands in the object at `within`.
fn member(json: &str, within: Range<usize>, name: &str) -> Result<Option<Range<usize>>, Repeated> {
    let Some(mut values) = Values::of(json, within, b'{') else { return Ok(None) };
    let (mut found, mut count) = (None, 0);
    while let Some((known, value)) = values.next_member() {
        let Some(known) = string(known) else { continue };
        if known.eq_ignore_ascii_case(name) {
            count += 1;
            found = (known == name).then_some(value).or(found);
        }
    }
    if count > 1 { Err(Repeated) } else { Ok(found) }
}

/// The values of an array or an object, one after the other.
struct Values<'j> {
    json: &'j str,
    /// Where the text that `tokens` reads ends.
    end: usize,
    tokens: Tokens<'j>,
}

impl<'j> Values<'j> {
    /// Those of what begins with `open` at `within`; nothing where something else does.
    fn of(json: &'j str, within: Range<usize>, open: u8) -> Option<Self> {
        let end = within.end;
        let mut tokens = Tokens::new(json.get(within)?.as_bytes());
        (tokens.next()? == Token::Open(open)).then_some(Values { json, end, tokens })
    }

    fn at(&self) -> usize {
        self.end - self.tokens.rest.len()
    }

    /// Where the next value stands, what parts it from the one before passed over.
    fn next_value(&mut self) -> Option<Range<usize>> {
        self.tokens.rest = grammar::skip_space(self.tokens.rest);
        if let [b',', rest @ ..] = self.tokens.rest {
            self.tokens.rest = grammar::skip_space(rest);
        }
        let start = self.at();
        let mut depth = 0_usize;
        loop {
            match self.tokens.next()? {
                Token::Open(_) => depth += 1,
                Token::Close(_) => depth = depth.checked_sub(1)?,
                Token::Comma | Token::Colon | Token::Scalar(_) => {}
            }
            if depth == 0 {
                return Some(start..self.at());
            }
        }
    }

    /// The next name, in its quotes, and where its value stands.
    fn next_member(&mut self) -> Option<(&'j str, Range<usize>)> {
        let name = self.next_value()?;
        (self.tokens.next()? == Token::Colon).then_some(())?;
        Some((self.json.get(name)?, self.next_value()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'j>(json: &'j str, pointer: &str) -> Result<Option<&'j str>, Repeated> {
        super::super::check(json.as_bytes()).unwrap();
        Ok(find(json, whole(json), pointer)?.map(|place| &json[place]))
    }

    #[test]
    fn a_value_is_found_through_objects_with_its_text_untouched() {
        let json = r#" { "a" : {"b/c": [ 1 , {"d":2} ] , "~":-1.0e0 }, "e\u0066": "x\"}" ,"g":{}, "h": null } "#;
        for (pointer, text) in [
            ("/a/b~1c", Some(r#"[ 1 , {"d":2} ]"#)),
            ("/a/~0", Some("-1.0e0")),
            ("/ef", Some(r#""x\"}""#)),
            ("/g", Some("{}")),
            ("/h", Some("null")),
            ("/g/x", None),
            ("/a/b~1c/0", None),
            ("/ef/x", None),
            ("/x", None),
            ("/", None),
        ] {
            assert_eq!(found(json, pointer), Ok(text), "{pointer}");
        }
        assert_eq!(found(json, ""), Ok(Some(json.trim())), "the whole");
    }

    #[test]
    fn a_name_that_is_repeated_is_refused_where_it_is_looked_for_and_nowhere_else() {
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"b":{},"\u0061":2}"#,
            r#"{"A":1,"a":2}"#,
            r#"{"a":1,"A":{"a":2}}"#,
            r#"{"a":null,"a":1}"#,
        ] {
            assert_eq!(found(json, "/a"), Err(Repeated), "{json}");
            assert_eq!(found(json, "/x"), Ok(None), "{json}");
        }
        assert_eq!(found(r#"{"x":{"a":1},"a":2,"\ud800":3,"y":{"b":1,"b":2}}"#, "/a"), Ok(Some("2")));
        assert_eq!(found(r#"{"A":1}"#, "/a"), Ok(None));
    }

    #[test]
    fn items_are_gone_through_in_order() {
        let of = |json: &'static str| items(json, whole(json)).map(|place| &json[place]).collect::<Vec<_>>();
        assert_eq!(of(r#" [ 1 ,"a]" , [2,[ ]],{"b" : 3} ] "#), ["1", "\"a]\"", "[2,[ ]]", r#"{"b" : 3}"#]);
        assert_eq!(of("[]"), [""; 0]);
        assert_eq!(of("[ ]"), [""; 0]);
        assert_eq!(of("{}"), [""; 0]);
        assert_eq!(of("1"), [""; 0]);
    }

    #[test]
    fn a_value_is_put_where_it_belongs_and_nothing_else_changes() {
        for (json, pointer, expected) in [
            (r#"{ "a": 1, "b": [ 1.0 ] }"#, "/a", Some(r#"{ "a": "x", "b": [ 1.0 ] }"#)),
            (r#"{ "b": 2 }"#, "/a", Some(r#"{"a":"x", "b": 2 }"#)),
            ("{ }", "/a", Some(r#"{"a":"x" }"#)),
            ("{}", "/a/b~1\"/c", Some(r#"{"a":{"b/\"":{"c":"x"}}}"#)),
            (r#"{"a":{"d":1}}"#, "/a/b", Some(r#"{"a":{"b":"x","d":1}}"#)),
            (r#"{"a":1}"#, "/a/b", None),
            ("[]", "/a", None),
            (r#"{"a":1,"a":2}"#, "/a", None),
        ] {
            assert_eq!(with(json, whole(json), pointer, "\"x\"").as_deref(), expected, "{json} {pointer}");
        }
    }

    #[test]
    fn a_scalar_is_its_text() {
        for (json, text) in [
            (r#""a\u00e9\n""#, Some("aé\n")),
            ("\"\"", Some("")),
            ("-1.50e0", Some("-1.50e0")),
            ("true", Some("true")),
            ("null", Some("")),
            ("{}", None),
            ("[1]", None),
            (r#""\ud800""#, None),
        ] {
            assert_eq!(scalar(json, whole(json)).as_deref(), text, "{json}");
        }
    }
}
