//! The checksum of a row. SQLite keeps none of its pages, so that without it a bit that flipped within a value goes unseen.

use rusqlite::types::ValueRef;

/// Odd, so that multiplying by it loses nothing; its bits look random: 2^64 divided by the golden ratio (Knuth, The Art of
/// Computer Programming 6.4).
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// How far each step turns the sum, in bits: half of it, since a product's high bits are the ones that depend on all.
const TURN: u32 = 32;

/// A sum of 64 bits over values one after another, their kinds and lengths included. Whatever changes within eight bytes of a value
/// that stand together, one bit or all, changes the sum: each step can be undone. Other changes go unseen once in 2^64 times.
/// Against chance alone: whoever writes to the file can make it fit.
#[derive(Clone, Debug)]
pub(super) struct Sum {
    /// Long values are taken in four at a time, which a processor does side by side.
    lanes: [u64; 4],
}

impl Sum {
    pub(super) fn new() -> Self {
        // Apart from each other, so that it matters which of them takes in what.
        Sum { lanes: [1, 2, 3, 4] }
    }

    pub(super) fn integer(mut self, number: i64) -> Self {
        self.take(1);
        self.take(number.cast_unsigned());
        self
    }

    pub(super) fn text(self, text: &str) -> Self {
        self.bytes(2, text.as_bytes())
    }

    pub(super) fn blob(self, bytes: &[u8]) -> Self {
        self.bytes(3, bytes)
    }

    pub(super) fn optional_text(mut self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => {
                self.take(0);
                self
            }
        }
    }

    /// A value as SQLite gives it.
    pub(super) fn value(mut self, value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Null => {
                self.take(0);
                self
            }
            ValueRef::Integer(number) => self.integer(number),
            ValueRef::Real(number) => self.integer(number.to_bits().cast_signed()),
            ValueRef::Text(text) => self.bytes(2, text),
            ValueRef::Blob(bytes) => self.bytes(3, bytes),
        }
    }

    pub(super) fn finish(self) -> i64 {
        let [mut sum, rest @ ..] = self.lanes;
        for lane in rest {
            sum = step(sum, lane);
        }
        // The lowest bits of a product depend on the lowest bits alone.
        step(sum, sum >> TURN).cast_signed()
    }

    fn bytes(mut self, kind: u64, bytes: &[u8]) -> Self {
        self.take(kind);
        self.take(bytes.len() as u64);
        let (blocks, rest) = bytes.as_chunks::<32>();
        for block in blocks {
            let (words, _) = block.as_chunks::<8>();
            for (lane, word) in self.lanes.iter_mut().zip(words) {
                *lane = step(*lane, u64::from_le_bytes(*word));
            }
        }
        let (words, rest) = rest.as_chunks::<8>();
        for word in words {
            self.take(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            let mut last = [0; 8];
            for (byte, of) in last.iter_mut().zip(rest) {
                *byte = *of;
            }
            self.take(u64::from_le_bytes(last));
        }
        self
    }

    fn take(&mut self, word: u64) {
        let [lane, ..] = &mut self.lanes;
        *lane = step(*lane, word);
    }
}

fn step(sum: u64, word: u64) -> u64 {
    (sum ^ word).wrapping_mul(FACTOR).rotate_left(TURN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> i64 {
        Sum::new().blob(bytes).finish()
    }

    #[test]
    fn any_bit_that_flips_changes_it_wherever_it_is() {
        let mut bytes: Vec<u8> = (0..=255).cycle().take(333).collect();
        let right = of(&bytes);
        for bit in 0..bytes.len() * 8 {
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(of(&bytes), right, "bit {bit}");
            bytes[bit / 8] ^= 1 << (bit % 8);
        }
        assert_eq!(of(&bytes), right);
    }

    #[test]
    fn what_is_longer_or_parted_otherwise_or_of_another_kind_is_another() {
        let zeros = |count: usize| of(&vec![0; count]);
        assert!((0..100).all(|count| zeros(count) != zeros(count + 1)));
        let two = |one: &str, other: &str| Sum::new().text(one).text(other).finish();
        assert_ne!(two("a", "bc"), two("ab", "c"));
        assert_ne!(two("a", "b"), two("b", "a"));
        assert_ne!(Sum::new().text("a").finish(), of(b"a"));
        assert_ne!(Sum::new().optional_text(None).finish(), Sum::new().text("").finish());
        assert_ne!(Sum::new().integer(0).finish(), Sum::new().optional_text(None).finish());
        // Whole blocks that change places.
        let (one, other) = ([7; 32], [9; 32]);
        assert_ne!(of(&[one, other].concat()), of(&[other, one].concat()));
    }

    #[test]
    fn a_value_counts_as_it_was_written() {
        let values = [
            (Sum::new().integer(-1), ValueRef::Integer(-1)),
            (Sum::new().text("a"), ValueRef::Text(b"a")),
            (Sum::new().blob(b"a"), ValueRef::Blob(b"a")),
            (Sum::new().optional_text(None), ValueRef::Null),
        ];
        for (written, read) in values {
            assert_eq!(Sum::new().value(read).finish(), written.finish(), "{read:?}");
        }
    }

    /// A file that is written today is read in years. The number was worked out by other means.
    #[test]
    fn it_stays_what_it_is() {
        const SUM: i64 = 1_818_251_280_609_394_625;
        assert_eq!(Sum::new().integer(1).text("push").blob(&[5; 100]).optional_text(None).finish(), SUM);
    }
}
