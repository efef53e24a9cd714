//! One string or number out of JSON, by its pointer (RFC 6901), arrays gone into.

use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The string at `pointer` in `json`, or the text of the number there, or nothing where there is neither. Of repeated names
/// the last counts, as in most parsers.
pub(super) fn scalar_at(json: &str, pointer: &str) -> Option<String> {
    let value = at(json, pointer)?;
    match value.as_bytes().first()? {
        b'"' => serde_json::from_str(value).ok(),
        b'-' | b'0'..=b'9' => Some(value.to_string()),
        _ => None,
    }
}

/// Whether an array without items stands at `pointer` in `json`.
pub(super) fn is_empty_list_at(json: &str, pointer: &str) -> bool {
    let inside = at(json, pointer).and_then(|value| value.strip_prefix('[')?.strip_suffix(']'));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

/// Whether a value of any kind stands at `pointer` in `json`.
#[cfg(feature = "providers")]
pub(super) fn is_anything_at(json: &str, pointer: &str) -> bool {
    at(json, pointer).is_some()
}

/// The text of the value at `pointer` in `json`.
fn at<'j>(json: &'j str, pointer: &str) -> Option<&'j str> {
    let mut value = json;
    for step in pointer.strip_prefix('/')?.split('/') {
        let step = step.replace("~1", "/").replace("~0", "~");
        value = match value.trim_ascii_start().as_bytes().first()? {
            b'[' => {
                let items: Vec<&RawValue> = serde_json::from_str(value).ok()?;
                items.get(index(&step)?)?.get()
            }
            _ => {
                let members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(value).ok()?;
                members.get(step.as_str())?.get()
            }
        };
    }
    Some(value)
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
    fn strings_and_numbers_are_found_through_objects_and_arrays() {
        let json = r#" {"a": {"b/c": ["x", {"~": 1.0e0}]}, "n": -7, "t": true, "s": "\u00e9", "s2": "", "a2": [] } "#;
        for (pointer, found) in [
            ("/a/b~1c/0", Some("x")),
            ("/a/b~1c/1/~0", Some("1.0e0")),
            ("/n", Some("-7")),
            ("/s", Some("é")),
            ("/s2", Some("")),
            ("/t", None),
            ("/a", None),
            ("/a2/0", None),
            ("/a/b~1c/00", None),
            ("/a/b~1c/2", None),
            ("/a/b~1c/-", None),
            ("/s/x", None),
            ("/", None),
            ("n", None),
        ] {
            assert_eq!(scalar_at(json, pointer).as_deref(), found, "{pointer}");
        }
        assert_eq!(scalar_at(r#"{"a":1,"a":2}"#, "/a").as_deref(), Some("2"), "the last one counts");
        assert_eq!(scalar_at(r#"[{"id":"x"}]"#, "/0/id").as_deref(), Some("x"));
        for (list, is_empty) in [("[]", true), ("[ \n]", true), ("[[]]", false), ("{}", false), ("\"[]\"", false)] {
            assert_eq!(is_empty_list_at(&format!("{{\"a\": {list} }}"), "/a"), is_empty, "{list}");
        }
        assert!(!is_empty_list_at("{}", "/a"));
        assert_eq!(scalar_at("{", "/a"), None);
        assert_eq!(scalar_at("", "/a"), None);
    }
}
