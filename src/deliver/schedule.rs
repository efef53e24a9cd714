//! When a failed attempt is made again. Pure: the attempt's number and a seed decide.

use crate::config::Retries;
use std::time::Duration;

/// Longest wait that a sink can ask for. Whoever asks for more is taken for mistaken.
pub const AFTER_LIMIT: Duration = Duration::from_secs(86_400);

/// How long to wait after attempt number `attempt`, from 1, which failed: anything from nothing to the limit of that attempt, all
/// of it equally likely ("full jitter"), so that events that failed together do not come again together. `after` is what the sink
/// asked for, which it gets, up to [`AFTER_LIMIT`].
#[must_use]
pub fn pause(retries: &Retries, attempt: u32, after: Option<Duration>, seed: u64) -> Duration {
    // 53 bits of it: a float has no more, and never comes to 1.
    let chance = (mix(seed) >> 11) as f64 / (1_u64 << 53) as f64;
    let pause = limit(retries, attempt).mul_f64(chance);
    after.map_or(pause, |after| pause.max(after.min(AFTER_LIMIT)))
}

/// The longest pause after this attempt: it doubles from `backoff` up to `backoff_limit`.
#[must_use]
pub fn limit(retries: &Retries, attempt: u32) -> Duration {
    let doubled = 1_u32.checked_shl(attempt.saturating_sub(1)).filter(|factor| *factor > 0);
    let limit = doubled.and_then(|factor| retries.backoff.checked_mul(factor));
    limit.map_or(retries.backoff_limit, |limit| limit.min(retries.backoff_limit))
}

/// Whether an event that failed this often is given up on.
#[must_use]
pub fn is_last(retries: &Retries, attempt: u32) -> bool {
    attempt >= retries.max_attempts
}

/// Numbers that lie close together, far apart: the finalizer of SplitMix64 (Steele, Lea, Flood 2014, "Fast Splittable
/// Pseudorandom Number Generators").
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn retries(backoff_ms: u64, limit_ms: u64) -> Retries {
        Retries {
            max_attempts: 12,
            backoff: Duration::from_millis(backoff_ms),
            backoff_limit: Duration::from_millis(limit_ms),
        }
    }

    #[test]
    fn the_limit_doubles_up_to_its_end() {
        let limits = (1..=6).map(|attempt| limit(&retries(5_000, 60_000), attempt).as_secs()).collect::<Vec<_>>();
        assert_eq!(limits, [5, 10, 20, 40, 60, 60]);
        assert_eq!(limit(&retries(100, 86_400_000), u32::MAX), Duration::from_secs(86_400));
        assert_eq!(limit(&retries(100, 86_400_000), 33), Duration::from_secs(86_400));
    }

    #[test]
    fn pauses_are_spread_over_all_of_their_range() {
        let retries = retries(1_000, 3_600_000);
        let pauses: Vec<u128> = (0..1000).map(|seed| pause(&retries, 4, None, seed).as_millis()).collect();
        for eighth in 0..8 {
            let (from, to) = (eighth * 1000, (eighth + 1) * 1000);
            let within = pauses.iter().filter(|pause| (from..to).contains(*pause)).count();
            // 125 are expected, give or take 10.5 (the binomial's deviation); 60 is six of those away.
            assert!((65..185).contains(&within), "{within} of 1000 between {from} and {to} ms");
        }
    }

    #[test]
    fn a_sink_that_names_a_time_gets_it_up_to_a_day() {
        let retries = retries(100, 1_000);
        let after = |s| pause(&retries, 1, Some(Duration::from_secs(s)), 7);
        assert_eq!(after(30), Duration::from_secs(30));
        assert_eq!(after(86_400), Duration::from_secs(86_400));
        assert_eq!(after(86_401), Duration::from_secs(86_400));
        assert_eq!(after(u64::MAX), Duration::from_secs(86_400));
        assert_eq!(after(0), pause(&retries, 1, None, 7));
    }

    #[test]
    fn the_last_attempt_is_the_one_of_that_number() {
        let retries = retries(100, 100);
        assert!(!is_last(&retries, 11) && is_last(&retries, 12) && is_last(&retries, 13));
    }

    proptest! {
        #[test]
        fn a_pause_is_within_its_limit_whatever_the_seed(
            backoff_ms in 100_u64..86_400_000, longer_ms in 0_u64..86_400_000, attempt: u32, seed: u64,
        ) {
            let retries = retries(backoff_ms, backoff_ms + longer_ms);
            let most = limit(&retries, attempt);
            prop_assert!(most >= retries.backoff && most <= retries.backoff_limit);
            let made = pause(&retries, attempt, None, seed);
            prop_assert!(made <= most);
            prop_assert_eq!(made, pause(&retries, attempt, None, seed));
        }

        #[test]
        fn a_limit_never_shrinks(backoff_ms in 100_u64..86_400_000, longer_ms in 0_u64..86_400_000, attempt in 0_u32..2000) {
            let retries = retries(backoff_ms, backoff_ms + longer_ms);
            prop_assert!(limit(&retries, attempt) <= limit(&retries, attempt + 1));
        }
    }
}
