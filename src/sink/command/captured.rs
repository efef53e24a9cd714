//! What a command prints, bounded: its beginning and its end.

use crate::sink::OUTPUT_LIMIT_BYTES;

/// How much is kept of the beginning, and of the end. What is left of the limit is for the line between them.
const PART_BYTES: usize = OUTPUT_LIMIT_BYTES / 2 - 64;

/// What was printed so far.
#[derive(Debug, Default)]
pub(super) struct Captured {
    first: Vec<u8>,
    /// What came after the first part; its last [`PART_BYTES`], and as much again before it is cut.
    last: Vec<u8>,
    left_out: u64,
}

impl Captured {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = PART_BYTES - self.first.len();
        let (first, last) = bytes.split_at(room.min(bytes.len()));
        self.first.extend_from_slice(first);
        self.last.extend_from_slice(last);
        if self.last.len() > 2 * PART_BYTES {
            self.cut();
        }
    }

    fn cut(&mut self) {
        let over = self.last.len().saturating_sub(PART_BYTES);
        self.last.drain(..over);
        self.left_out += over as u64;
    }

    /// All of it, or its first and its last part with a line between them that says how much is left out.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        if self.left_out > 0 || self.last.len() > PART_BYTES {
            self.cut();
            self.first.extend_from_slice(format!("\n… {} bytes left out …\n", self.left_out).as_bytes());
        }
        self.first.append(&mut self.last);
        self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn captured(bytes: &[u8], at_once: usize) -> Vec<u8> {
        let mut captured = Captured::default();
        bytes.chunks(at_once).for_each(|chunk| captured.push(chunk));
        captured.into_bytes()
    }

    #[test]
    fn what_is_within_the_limit_is_kept_as_it_is() {
        let bytes: Vec<u8> = (0..2 * PART_BYTES).map(|at| at.to_le_bytes()[0]).collect();
        for at_once in [1, 1000, usize::MAX] {
            assert_eq!(captured(&bytes, at_once), bytes);
        }
        assert_eq!(captured(b"", 1), b"");
    }

    #[test]
    fn of_what_is_over_it_the_beginning_and_the_end_are_kept_with_how_much_is_not() {
        for extra in [1, PART_BYTES, 10 * PART_BYTES + 7] {
            let mut bytes = vec![b'a'; PART_BYTES];
            bytes.extend(vec![b'b'; extra]);
            bytes.extend(vec![b'c'; PART_BYTES]);
            let mut expected = vec![b'a'; PART_BYTES];
            expected.extend_from_slice(format!("\n… {extra} bytes left out …\n").as_bytes());
            expected.extend(vec![b'c'; PART_BYTES]);
            for at_once in [1, 4096, usize::MAX] {
                let kept = captured(&bytes, at_once);
                assert!(kept.len() <= OUTPUT_LIMIT_BYTES);
                assert_eq!(kept, expected);
            }
        }
    }

    #[test]
    fn however_much_there_is_memory_is_bounded() {
        let mut captured = Captured::default();
        for _ in 0..1000 {
            captured.push(&[b'x'; 65536]);
            // What came at once and what there was, as a vector grows: twice that.
            assert!(captured.last.capacity() <= 2 * (65536 + 2 * PART_BYTES), "{}", captured.last.capacity());
        }
        assert!(captured.into_bytes().len() <= OUTPUT_LIMIT_BYTES);
    }
}
