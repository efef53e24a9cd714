//! One value out of JSON, by its pointer.

use super::{Token, Tokens};
use serde_json::value::RawValue;

/// The text of the value at `pointer` (RFC 6901) in `json`, white space around it taken off; nothing where there is none. Of
/// repeated names the last counts, as in most parsers.
#[must_use]
pub fn value_at<'j>(json: &'j str, pointer: &str) -> Option<&'j str> {
    let mut value = json;
    for step in pointer.strip_prefix('/')?.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = match value.trim_ascii_start().as_bytes().first()? {
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(value).ok()?;
                items.get(index(&step)?)?.get()
            }
            _ => member(value, &step)?,
        };
    }
    Some(value.trim_ascii())
}

/// The string at `pointer` in `json`, or nothing where there is none or it is not a string. The pointer is one of RFC 6901
/// through names of objects; arrays are not gone into. Of repeated names the last counts, as in most parsers.
#[must_use]
pub fn string_at(json: &str, pointer: &str) -> Option<String> {
    let mut value = json;
    for step in pointer.strip_prefix('/')?.split('/') {
        value = member(value, &step.replace("~1", "/").replace("~0", "~"))?;
    }
    serde_json::from_str(value).ok()
}

/// The text of the member called `name` in an object's text. A name that is no text at all (half of a surrogate pair) is
/// nobody's, and hides nothing.
fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    let mut tokens = Tokens::new(object.as_bytes());
    if tokens.next()? != Token::Open(b'{') {
        return None;
    }
    let mut found = None;
    while let Some(Token::Scalar(key)) = tokens.next() {
        let is_named = |key| serde_json::from_slice::<String>(key).is_ok_and(|key| key == name);
        if tokens.next()? != Token::Colon {
            return None;
        }
        let from = object.len() - tokens.rest.len();
        let mut depth = 0_usize;
        loop {
            match tokens.next()? {
                Token::Open(_) => depth += 1,
                Token::Close(_) => depth = depth.checked_sub(1)?,
                Token::Comma | Token::Colon | Token::Scalar(_) => {}
            }
            if depth == 0 {
                break;
            }
        }
        if is_named(key) {
            found = object.get(from..object.len() - tokens.rest.len());
        }
        if tokens.next() != Some(Token::Comma) {
            break;
        }
    }
    found
}

/// RFC 6901 §4: digits without a leading zero.
fn index(step: &str) -> Option<usize> {
    let is_number = step == "0" || (!step.starts_with('0') && step.bytes().all(|byte| byte.is_ascii_digit()));
    if is_number { step.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_value_is_found_through_objects_and_lists() {
        let json = " {\"a\" : [1, {\"b/c\" : [ ] , \"\\u00e9\":\"x\"}], \"\\ud800\": 0, \"n\": null , \"n\": false } ";
        for (pointer, found) in [
            ("/a", Some("[1, {\"b/c\" : [ ] , \"\\u00e9\":\"x\"}]")),
            ("/a/0", Some("1")),
            ("/a/1/b~1c", Some("[ ]")),
            ("/a/1/é", Some("\"x\"")),
            ("/n", Some("false")),
            ("/a/2", None),
            ("/a/00", None),
            ("/a/-", None),
            ("/a/0/x", None),
            ("/x", None),
            ("a", None),
            ("", None),
        ] {
            assert_eq!(value_at(json, pointer), found, "{pointer}");
        }
    }
}
