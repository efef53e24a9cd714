//! Whether a sink fails for so long that it is better left alone. Pure.

use std::time::Instant;

/// A sink is paused once so many attempts in a row failed, and not all of them at once: with many under way together, one
/// short failure ends them all.
const FAILURES: u32 = 8;
const TIMES: u32 = 3;

/// How a sink has done lately.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Attempts in a row that failed.
    failures: u32,
    /// Of those, how many began after the one before had ended.
    times: u32,
    ended: Option<Instant>,
    is_paused: bool,
}

/// What is new of a sink's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It failed, and did not before.
    Fails,
    /// It failed for so long that it is to be left alone.
    Paused,
    /// It works, and was paused.
    Resumed,
}

impl Health {
    /// Whether it is left alone, but for a probe.
    pub(super) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// An attempt that began and ended then failed.
    pub(super) fn failed(&mut self, (began, ended): (Instant, Instant)) -> Option<Change> {
        self.failures = self.failures.saturating_add(1);
        if self.ended.is_none_or(|before| began >= before) {
            self.times = self.times.saturating_add(1);
            self.ended = Some(ended);
        }
        if !self.is_paused && self.failures >= FAILURES && self.times >= TIMES {
            self.is_paused = true;
            return Some(Change::Paused);
        }
        (self.failures == 1).then_some(Change::Fails)
    }

    /// An attempt succeeded.
    pub(super) fn succeeded(&mut self) -> Option<Change> {
        let before = std::mem::take(self);
        before.is_paused.then_some(Change::Resumed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    /// The second after `start` and the one after it.
    fn second(start: Instant, number: u64) -> (Instant, Instant) {
        (start + Duration::from_secs(number), start + Duration::from_secs(number + 1))
    }

    #[test]
    fn eight_failures_one_after_the_other_pause_and_a_success_resumes() {
        let (mut health, start) = (Health::default(), Instant::now());
        assert_eq!(health.failed(second(start, 0)), Some(Change::Fails));
        for number in 1..7 {
            assert_eq!(health.failed(second(start, number)), None);
        }
        assert!(!health.is_paused());
        assert_eq!(health.failed(second(start, 7)), Some(Change::Paused));
        assert_eq!(health.failed(second(start, 8)), None);
        assert!(health.is_paused());
        assert_eq!(health.succeeded(), Some(Change::Resumed));
        assert!(!health.is_paused());
        assert_eq!(health.failed(second(start, 9)), Some(Change::Fails));
    }

    #[test]
    fn what_fails_at_once_counts_as_one_time() {
        let (mut health, start) = (Health::default(), Instant::now());
        for time in 0..2 {
            for _ in 0..100 {
                assert_ne!(health.failed(second(start, time)), Some(Change::Paused));
            }
        }
        assert_eq!(health.failed(second(start, 2)), Some(Change::Paused));
    }

    #[test]
    fn a_success_between_failures_counts_them_anew() {
        let (mut health, start) = (Health::default(), Instant::now());
        for number in 0..100 {
            if number % 8 == 7 {
                assert_eq!(health.succeeded(), None);
            } else {
                assert_ne!(health.failed(second(start, number)), Some(Change::Paused));
            }
        }
    }
}
