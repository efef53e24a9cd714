//! Patterns of types and places in JSON, held against a table of all prefixes and a tree.

use hookgate::config::{Pattern, Pointer};
use hookgate::json::value_at;
use serde_json::Value;

/// Checks any bytes: a pattern, a line end, a type; and a pointer, a line end, JSON.
pub(crate) fn check_bytes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((first, rest)) = text.split_once('\n') else { return };
    if let Ok(pattern) = first.parse::<Pattern>() {
        // The table is as large as both multiplied.
        let rest = rest.get(..rest.len().min(1000)).unwrap_or_default();
        assert_eq!(pattern.matches(rest), matches(first.as_bytes(), rest.as_bytes()), "{first:?} {rest:?}");
        assert!("*".parse::<Pattern>().is_ok_and(|all| all.matches(rest)));
    }
    // The tree takes no half of a surrogate pair, and nothing that is nested deeper than its limit.
    if let (true, Ok(tree)) = (first.parse::<Pointer>().is_ok(), serde_json::from_str::<Value>(rest)) {
        let found = value_at(rest, first).map(|found| serde_json::from_str::<Value>(found).expect("a value of JSON"));
        assert_eq!(found.as_ref(), tree.pointer(first), "{first:?} in {rest:?}");
    }
}

/// Whether all of `text` is what `pattern` says: for each of its prefixes, which prefixes of the text are.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let mut row = vec![false; text.len() + 1];
    row[0] = true;
    for byte in pattern {
        let before = row.clone();
        for (end, is_match) in row.iter_mut().enumerate() {
            *is_match = match (*byte, end) {
                (b'*', _) => before[..=end].contains(&true),
                (_, 0) => false,
                (byte, end) => before[end - 1] && text[end - 1] == byte,
            };
        }
    }
    row[text.len()]
}
