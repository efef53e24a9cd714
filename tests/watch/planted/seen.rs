//! What was seen, where, and whether a text stands in it, as it is or encoded.

use super::PASSCODE;
use crate::support::contains;
use std::fs;
use std::path::Path;

/// All bytes that somebody could see, and where.
#[derive(Default)]
pub(super) struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    pub(super) fn add(&mut self, place: impl Into<String>, bytes: impl AsRef<[u8]>) {
        self.0.push((place.into(), bytes.as_ref().to_vec()));
    }

    /// A file, or all files of a folder.
    pub(super) fn add_file(&mut self, path: &Path) {
        match fs::read_dir(path) {
            Ok(files) => files.for_each(|file| self.add_file(&file.unwrap().path())),
            Err(_) => self.add(path.display().to_string(), fs::read(path).unwrap()),
        }
    }

    pub(super) fn expect_without(&self, words: &[String]) {
        for (place, bytes) in &self.0 {
            for word in words {
                assert!(!contains(bytes, word.as_bytes()), "{word} in {place}: {}", String::from_utf8_lossy(bytes));
            }
        }
    }

    /// That the places are what they are taken for: one of those that `place` begins holds `word`.
    pub(super) fn expect(&self, place: &str, word: &str) {
        let mut places = self.0.iter().filter(|(name, _)| name.contains(place));
        assert!(places.any(|(_, bytes)| contains(bytes, word.as_bytes())), "no {word} in {place}");
    }
}

/// A text as it is, as hex, and as it stands in base64 of something longer, wherever it begins there.
pub(super) fn forms(text: &str) -> Vec<String> {
    let within = |before: usize| {
        let whole = base64(&[&vec![0; before], text.as_bytes()].concat());
        whole[(8 * before).div_ceil(6)..8 * (before + text.len()) / 6].to_string()
    };
    [vec![text.to_string(), hex::encode(text)], (0..3).map(within).collect()].concat()
}

#[test]
fn a_text_is_found_in_base64_of_something_longer() {
    for before in ["", "1", "12", "123"] {
        let whole = base64(format!("{before}{PASSCODE}after").as_bytes());
        assert!(forms(PASSCODE)[2..].iter().any(|form| whole.contains(form)), "{whole}");
    }
    assert_eq!(base64(b"any carnal pleas"), "YW55IGNhcm5hbCBwbGVhcw==");
}

pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let letters = bytes.chunks(3).flat_map(|chunk| {
        let bits = chunk.iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        (0..=chunk.len()).map(move |at| char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]))
    });
    let text: String = letters.collect();
    text.clone() + &"=".repeat((4 - text.len() % 4) % 4)
}
