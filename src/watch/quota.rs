//! How many lines strangers may make in the log.

use std::time::{Duration, Instant};

/// Lines that strangers can make at once, at most.
const BURST: u64 = 1000;

/// For each so much time one more: five a second, which are some 90 MB a day, whatever comes.
const A_LINE: Duration = Duration::from_millis(200);

/// What had no line of its own is summed, and told this often at most.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// A quota of lines: what is over it is counted instead.
#[derive(Debug)]
pub(super) struct Quota {
    left: u64,
    /// Up to when lines were added to what is left.
    filled: Instant,
    summed: u64,
    told: Instant,
}

impl Quota {
    pub(super) fn starting(now: Instant) -> Self {
        Quota { left: BURST, filled: now, summed: 0, told: now }
    }

    /// Whether there is a line to be had at `now`; it is taken then. Otherwise it is summed.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let lines = now.saturating_duration_since(self.filled).as_millis() / A_LINE.as_millis();
        let lines = u64::try_from(lines).unwrap_or(u64::MAX);
        if lines >= BURST - self.left {
            (self.left, self.filled) = (BURST, now);
        } else {
            self.left += lines;
            self.filled += A_LINE * u32::try_from(lines).unwrap_or(u32::MAX);
        }
        let is_left = self.left > 0;
        match is_left {
            true => self.left -= 1,
            false => self.summed += 1,
        }
        is_left
    }

    /// How many had no line since that was told last, if it is time to tell.
    pub(super) fn sum(&mut self, now: Instant) -> Option<u64> {
        if self.summed == 0 || self.due(now)? > Duration::ZERO {
            return None;
        }
        self.told = now;
        Some(std::mem::take(&mut self.summed))
    }

    /// How long it will be until there is something to tell, if there will be anything.
    pub(super) fn due(&self, now: Instant) -> Option<Duration> {
        (self.summed > 0).then(|| TOLD_EVERY.saturating_sub(now.saturating_duration_since(self.told)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_burst_there_is_a_line_every_fifth_of_a_second_and_the_rest_is_summed() {
        let start = Instant::now();
        let mut quota = Quota::starting(start);
        let taken = |quota: &mut Quota, count: u32, at: Instant| (0..count).filter(|_| quota.take(at)).count();
        assert_eq!(taken(&mut quota, 3000, start), 1000);
        assert_eq!(quota.sum(start), None, "it is not told at once");
        assert_eq!(quota.due(start), Some(TOLD_EVERY));
        assert_eq!(taken(&mut quota, 10, start + A_LINE - Duration::from_millis(1)), 0);
        assert_eq!(taken(&mut quota, 10, start + A_LINE), 1);
        assert_eq!(taken(&mut quota, 10, start + A_LINE * 4), 3);
        assert_eq!(quota.sum(start + TOLD_EVERY), Some(2000 + 10 + 9 + 7));
        assert_eq!((quota.sum(start + TOLD_EVERY * 3), quota.due(start + TOLD_EVERY * 3)), (None, None));
        assert_eq!(taken(&mut quota, 3000, start + Duration::from_secs(86_400)), 1000, "no more than a burst gathers");
    }

    #[test]
    fn an_hour_of_flood_makes_five_lines_a_second() {
        let start = Instant::now();
        let mut quota = Quota::starting(start);
        let mut lines = 0_u64;
        for ms in 0..3_600_000 {
            lines += u64::from(quota.take(start + Duration::from_millis(ms)));
        }
        assert!((18_990..=19_001).contains(&lines), "{lines}");
    }
}
