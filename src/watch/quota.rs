//! How many lines requests may make in the log.

use crate::time::UnixTime;
use std::time::Duration;

/// What strangers can make: a thousand lines at once, and five a second, which are some 90 MB a day, whatever comes.
pub(super) const OF_STRANGERS: Rate = Rate { burst: 1000, line_ms: 200 };

/// What those can make who hold a secret: all lines, unless more come in a row than anybody reads. At a hundred thousand events
/// a second a line for each would cost a twentieth of the receiver, and fill a disk in a day.
pub(super) const OF_EVENTS: Rate = Rate { burst: 10_000, line_ms: 1 };

/// What had no line of its own is summed, and told this often at most.
const TOLD_EVERY: Duration = Duration::from_secs(10);

/// How many lines there may be at once, and after how many milliseconds there may be one more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    burst: u64,
    line_ms: u64,
}

/// A quota of lines: what is over it is counted instead.
#[derive(Debug)]
pub(super) struct Quota {
    rate: Rate,
    left: u64,
    /// Up to when lines were added to what is left.
    filled: UnixTime,
    summed: u64,
    told: UnixTime,
}

impl Quota {
    pub(super) fn starting(rate: Rate, now: UnixTime) -> Self {
        Quota { rate, left: rate.burst, filled: now, summed: 0, told: now }
    }

    /// Whether there is a line to be had at `now`; it is taken then. Otherwise it is summed.
    pub(super) fn take(&mut self, now: UnixTime) -> bool {
        let Rate { burst, line_ms } = self.rate;
        let lines = since_ms(self.filled, now) / line_ms;
        // A clock that was set back begins anew.
        if lines >= burst - self.left || now < self.filled {
            self.left = if now < self.filled { self.left } else { burst };
            self.filled = now;
        } else {
            self.left += lines;
            let added_ms = i64::try_from(lines * line_ms).unwrap_or(i64::MAX);
            self.filled = UnixTime::from_ms(self.filled.as_ms().saturating_add(added_ms));
        }
        let is_left = self.left > 0;
        match is_left {
            true => self.left -= 1,
            false => self.summed += 1,
        }
        is_left
    }

    /// Whether there is a line to be had at `now`.
    pub(super) fn has_some(&self, now: UnixTime) -> bool {
        self.left > 0 || since_ms(self.filled, now) >= self.rate.line_ms
    }

    /// How many had no line since that was told last, if it is time to tell.
    pub(super) fn sum(&mut self, now: UnixTime) -> Option<u64> {
        if self.summed == 0 || self.due(now)? > Duration::ZERO {
            return None;
        }
        self.told = now;
        Some(std::mem::take(&mut self.summed))
    }

    /// How long it will be until there is something to tell, if there will be anything.
    pub(super) fn due(&self, now: UnixTime) -> Option<Duration> {
        let since = Duration::from_millis(since_ms(self.told, now));
        let left = if now < self.told { Duration::ZERO } else { TOLD_EVERY.saturating_sub(since) };
        (self.summed > 0).then_some(left)
    }
}

/// The time from `earlier` to `now`, in milliseconds; 0 where the clock was set back.
fn since_ms(earlier: UnixTime, now: UnixTime) -> u64 {
    u64::try_from(now.as_ms().saturating_sub(earlier.as_ms())).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixTime = UnixTime::from_s(1_700_000_000);

    fn after(ms: i64) -> UnixTime {
        UnixTime::from_ms(START.as_ms() + ms)
    }

    fn taken(quota: &mut Quota, count: u32, at: UnixTime) -> usize {
        (0..count).filter(|_| quota.take(at)).count()
    }

    #[test]
    fn after_a_burst_there_is_a_line_every_fifth_of_a_second_and_the_rest_is_summed() {
        let mut quota = Quota::starting(OF_STRANGERS, START);
        assert_eq!(taken(&mut quota, 3000, START), 1000);
        assert_eq!(quota.sum(START), None, "it is not told at once");
        assert_eq!(quota.due(START), Some(TOLD_EVERY));
        assert_eq!(taken(&mut quota, 10, after(199)), 0);
        assert_eq!(taken(&mut quota, 10, after(200)), 1);
        assert_eq!(taken(&mut quota, 10, after(800)), 3);
        assert_eq!(quota.sum(after(10_000)), Some(2000 + 10 + 9 + 7));
        assert_eq!((quota.sum(after(30_000)), quota.due(after(30_000))), (None, None));
        assert_eq!(taken(&mut quota, 3000, after(86_400_000)), 1000, "no more than a burst gathers");
    }

    #[test]
    fn an_hour_of_flood_makes_five_lines_a_second() {
        let mut quota = Quota::starting(OF_STRANGERS, START);
        let lines = (0..3_600_000).filter(|ms| quota.take(after(*ms))).count();
        assert!((18_990..=19_001).contains(&lines), "{lines}");
    }

    #[test]
    fn each_event_has_a_line_up_to_a_thousand_a_second() {
        let mut quota = Quota::starting(OF_EVENTS, START);
        assert_eq!((0..100_000).filter(|ms| quota.take(after(*ms))).count(), 100_000);
        assert_eq!(taken(&mut quota, 20_000, after(100_000)), 10_000);
        assert!(!quota.has_some(after(100_000)) && quota.has_some(after(100_001)));
    }

    #[test]
    fn a_clock_that_is_set_back_gives_no_lines_and_takes_none_away() {
        let mut quota = Quota::starting(OF_STRANGERS, START);
        assert_eq!(taken(&mut quota, 999, START), 999);
        assert_eq!(taken(&mut quota, 3, after(-86_400_000)), 1);
        assert_eq!(quota.sum(after(-86_400_000)), Some(2), "what was told in the future is told again");
        assert_eq!(taken(&mut quota, 3, after(-86_400_000 + 200)), 1);
    }
}
