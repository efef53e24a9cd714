//! One string or number out of JSON, by its pointer (RFC 6901), arrays gone into.

use crate::json::value_at;

/// The string at `pointer` in `json`, or the text of the number there, or nothing where there is neither. Of repeated names
/// the last counts, as in most parsers.
pub(super) fn scalar_at(json: &str, pointer: &str) -> Option<String> {
    let value = value_at(json, pointer)?;
    match value.as_bytes().first()? {
        b'"' => serde_json::from_str(value).ok(),
        b'-' | b'0'..=b'9' => Some(value.to_string()),
        _ => None,
    }
}

/// Whether an array without items stands at `pointer` in `json`.
pub(super) fn is_empty_list_at(json: &str, pointer: &str) -> bool {
    let inside = value_at(json, pointer).and_then(|value| value.strip_prefix('[')?.strip_suffix(']'));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

/// Whether a value of any kind stands at `pointer` in `json`.
#[cfg(feature = "providers")]
pub(super) fn is_anything_at(json: &str, pointer: &str) -> bool {
    value_at(json, pointer).is_some()
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
