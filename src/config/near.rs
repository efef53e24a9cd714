//! The word that was meant, where one was written that nobody knows.

use crate::minimal::SCHEME;
use crate::verify::{aliases, names};

/// How many letters have to be changed, put in or taken out to make one word of the other.
pub(crate) fn slips(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, known) in row.iter_mut().skip(1).zip(other.bytes()) {
            let changed = diagonal + usize::from(letter != known);
            diagonal = *cell;
            left = changed.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// The word of `known` that `word` is most likely a slip of, if it is one of any: a part of it, or no more than half of it
/// wrong.
pub(crate) fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    // What is longer than any key is not looked through: it is no slip.
    const LONGEST_BYTES: usize = 64;
    if word.is_empty() || word.len() > LONGEST_BYTES {
        return None;
    }
    let word = word.to_ascii_lowercase().replace('-', "_");
    let distance = |known: &str| {
        let is_part = known.contains(&word) || word.contains(known);
        if is_part { 1 } else { slips(&word, known) }
    };
    let best = known.iter().copied().min_by_key(|known| distance(known))?;
    (distance(best) <= word.len().max(2) / 2).then_some(best)
}

/// What is said of a scheme's name that is none.
pub(crate) fn near_schemes(name: &str) -> String {
    format!("near it: {}", nearest_schemes(name).join(", "))
}

/// The names of schemes that `name` is most likely a slip of, nearest first.
fn nearest_schemes(name: &str) -> Vec<&'static str> {
    const SUGGESTED: usize = 3;
    let name = name.to_ascii_lowercase();
    let known = names().chain(names().flat_map(aliases).copied());
    let mut ranked: Vec<(usize, &str)> = known
        .map(|known| {
            // What was begun or written without a part of it counts as one slip.
            let is_part = !name.is_empty() && (known.contains(&name) || name.contains(known));
            (if is_part { 1 } else { slips(&name, known) }, known)
        })
        .collect();
    ranked.sort_unstable();
    let best = ranked.first().map_or(0, |(slips, _)| *slips);
    let is_near = |slips: usize| slips <= best.max(1) + 1;
    let near: Vec<_> = ranked.iter().filter(|(slips, _)| is_near(*slips)).map(|(_, name)| *name).collect();
    // Where all are far, the default is as good as any.
    if best > name.len().max(3) / 2 { vec![SCHEME] } else { near.into_iter().take(SUGGESTED).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        for (one, other, count) in [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!((slips(one, other), slips(other, one)), (count, count), "{one} {other}");
        }
    }

    #[test]
    fn the_nearest_word_is_found_and_where_none_is_near_none() {
        let known = ["name", "path", "secrets", "body_limit", "scheme"];
        for (word, found) in [
            ("pth", Some("path")),
            ("Path", Some("path")),
            ("secret", Some("secrets")),
            ("body-limit", Some("body_limit")),
            ("limit", Some("body_limit")),
            ("shceme", Some("scheme")),
            ("zzzzzz", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, &known), found, "{word}");
        }
        assert_eq!(nearest(&"a".repeat(10_000), &known), None);
        assert_eq!(nearest("x", &[]), None);
    }

    #[test]
    fn the_names_nearest_to_a_slip_are_suggested() {
        for (slip, name) in [
            ("strip", "stripe"),
            ("GitHub", "github"),
            ("git-hub", "github"),
            ("githb", "github"),
            ("standardwebhooks", "standard-webhooks"),
            ("banking", "adyen-banking"),
            ("slcak", "slack"),
            ("whatsap", "whatsapp"),
        ] {
            assert_eq!(nearest_schemes(slip).first(), Some(&name), "{slip}");
            assert!(nearest_schemes(slip).len() <= 3);
        }
        assert_eq!(nearest_schemes("zzzzzzzzzz"), ["github"], "nothing is near");
        assert_eq!(nearest_schemes(""), ["github"]);
    }
}
