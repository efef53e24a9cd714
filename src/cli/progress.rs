//! How far a long command has come, on stderr where that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// How often the line is written anew: fast enough for an eye.
const STEP: Duration = Duration::from_millis(100);

/// A line on stderr that is written over and over, and gone at the end.
pub(super) struct Progress {
    doing: &'static str,
    of: u64,
    begun: Instant,
    /// When the line is due next; nothing where nobody would see it.
    due: Option<Instant>,
    is_shown: bool,
}

impl Progress {
    /// Progress in `doing` something `of` so many times; 0 where that is not known.
    pub(super) fn new(doing: &'static str, of: u64) -> Self {
        let begun = Instant::now();
        // What is done in a moment needs no line.
        let due = io::stderr().is_terminal().then_some(begun + STEP);
        Progress { doing, of, begun, due, is_shown: false }
    }

    /// Says that so many are done.
    pub(super) fn at(&mut self, done: u64) {
        let Some(due) = self.due else { return };
        let now = Instant::now();
        if now < due {
            return;
        }
        self.due = Some(now + STEP);
        self.is_shown = true;
        let line = line(self.doing, done, self.of, now - self.begun);
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

fn line(doing: &str, done: u64, of: u64, taken: Duration) -> String {
    let share = match of {
        0 => String::new(),
        _ => format!(" of {of} ({} %)", done.saturating_mul(100) / of),
    };
    let per_s = u128::from(done) * 1000 / taken.as_millis().max(1);
    format!("hookgate: {doing} {done}{share}, {per_s}/s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_and_how_fast() {
        assert_eq!(
            line("exporting", 250, 1000, Duration::from_millis(500)),
            "hookgate: exporting 250 of 1000 (25 %), 500/s"
        );
        assert_eq!(line("sending", 3, 0, Duration::ZERO), "hookgate: sending 3, 3000/s");
    }
}
