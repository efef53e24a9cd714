//! One value out of JSON, by its pointer.

use super::member;
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
