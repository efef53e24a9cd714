//! When a delivery was signed: read from text, and held against a clock.

use super::refusal::Refusal;
use super::scheme::{TimeUnit, Timestamp};
use crate::time::UnixTime;

/// The moment that `text` stands for, or nothing where it is not of that form. Seconds and milliseconds are decimal digits
/// and nothing else: no sign, no point, no white space.
pub(super) fn moment(unit: TimeUnit, text: &[u8]) -> Option<UnixTime> {
    match unit {
        TimeUnit::Seconds => number(text)?.checked_mul(1000).map(UnixTime::from_ms),
        TimeUnit::Milliseconds => number(text).map(UnixTime::from_ms),
        TimeUnit::Rfc3339 => UnixTime::from_rfc_3339(text),
    }
}

/// `moment` as it is written.
pub(super) fn text(unit: TimeUnit, moment: UnixTime) -> String {
    match unit {
        TimeUnit::Seconds => moment.as_ms().div_euclid(1000).to_string(),
        TimeUnit::Milliseconds => moment.as_ms().to_string(),
        TimeUnit::Rfc3339 => moment.to_string(),
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    // So few cannot overflow: no need to look at each step. The first eight at once: a timestamp has ten digits or thirteen.
    if let Some((first, rest)) = digits.split_first_chunk::<8>()
        && let Some(power) = POWERS.get(rest.len())
    {
        let ((high, high_is_number), (low, low_is_number)) = (eight(*first), few(rest));
        return if high_is_number & low_is_number { Some(high * power + low) } else { None };
    }
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, digit| {
        let value = digit.checked_sub(b'0').filter(|value| *value < 10)?;
        number.checked_mul(10)?.checked_add(i64::from(value))
    })
}

/// The powers of ten that nine digits are parted from others by.
const POWERS: [i64; 10] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// The number that eight digits make, and whether they are digits. Neighbours are brought together, by twos, fours and eights.
fn eight(digits: [u8; 8]) -> (i64, bool) {
    let text = u64::from_le_bytes(digits);
    // A digit is 0x30 to 0x39: so is the upper half of it, and of six more.
    let upper = 0xf0f0_f0f0_f0f0_f0f0;
    let is_number = text & upper == 0x3030_3030_3030_3030
        && text.wrapping_add(0x0606_0606_0606_0606) & upper == 0x3030_3030_3030_3030;
    let ones = text & 0x0f0f_0f0f_0f0f_0f0f;
    let twos = (ones.wrapping_mul(10) + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos.wrapping_mul(100) + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    let all = (fours.wrapping_mul(10_000) + (fours >> 32)) & 0xffff_ffff;
    (i64::try_from(all).unwrap_or_default(), is_number)
}

/// The number that nine digits at most make, and whether they are digits.
fn few(digits: &[u8]) -> (i64, bool) {
    digits.iter().fold((0, true), |(number, is_number), digit| {
        let value = digit.wrapping_sub(b'0');
        (number * 10 + i64::from(value), is_number & (value < 10))
    })
}

impl Timestamp {
    /// Whether `signed_at` is within the bounds at `now`. A bound is inclusive; where the unit is a second, so is what is
    /// counted of the clock.
    pub(super) fn judge(&self, signed_at: UnixTime, now: UnixTime) -> Result<(), Refusal> {
        let now_ms = match self.unit {
            TimeUnit::Seconds => now.as_ms().div_euclid(1000).saturating_mul(1000),
            TimeUnit::Milliseconds | TimeUnit::Rfc3339 => now.as_ms(),
        };
        let signed_ms = signed_at.as_ms();
        let apart_ms = now_ms.abs_diff(signed_ms);
        let is_past = signed_ms <= now_ms;
        match if is_past { self.past_s } else { self.future_s } {
            Some(limit_s) if apart_ms > limit_s.saturating_mul(1000) => {
                // Of a fraction of a second too much a whole one is told, so that it is more than the limit.
                let apart_s = apart_ms.div_ceil(1000);
                Err(match is_past {
                    true => Refusal::Stale { age_s: apart_s, limit_s },
                    false => Refusal::FromTheFuture { ahead_s: apart_s, limit_s },
                })
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::scheme::TimestampPlace;
    use super::*;

    const T0: i64 = 1_700_000_000;

    fn rule(unit: TimeUnit, past_s: Option<u64>, future_s: Option<u64>) -> Timestamp {
        let place = TimestampPlace::Header("X".to_string());
        Timestamp { place, unit, past_s, future_s, accept_missing_timestamp: false }
    }

    fn judge(unit: TimeUnit, signed_at_ms: i64, now_ms: i64) -> Result<(), Refusal> {
        rule(unit, Some(300), Some(60)).judge(UnixTime::from_ms(signed_at_ms), UnixTime::from_ms(now_ms))
    }

    #[test]
    fn both_bounds_are_inclusive() {
        let at = |s: i64| judge(TimeUnit::Seconds, T0 * 1000, (T0 + s) * 1000);
        assert_eq!(at(0), Ok(()));
        assert_eq!(at(300), Ok(()));
        assert_eq!(at(301), Err(Refusal::Stale { age_s: 301, limit_s: 300 }));
        assert_eq!(at(-60), Ok(()));
        assert_eq!(at(-61), Err(Refusal::FromTheFuture { ahead_s: 61, limit_s: 60 }));
    }

    #[test]
    fn a_fraction_of_a_second_counts_where_the_unit_has_one() {
        assert_eq!(judge(TimeUnit::Seconds, 0, 300_999), Ok(()), "the sender's clock had none");
        let stale = Err(Refusal::Stale { age_s: 301, limit_s: 300 });
        assert_eq!(judge(TimeUnit::Milliseconds, 0, 300_000), Ok(()));
        assert_eq!(judge(TimeUnit::Milliseconds, 0, 300_001), stale);
        assert_eq!(judge(TimeUnit::Rfc3339, 0, 300_001), stale);
        assert_eq!(judge(TimeUnit::Rfc3339, 60_001, 0), Err(Refusal::FromTheFuture { ahead_s: 61, limit_s: 60 }));
    }

    #[test]
    fn what_has_no_bound_is_not_judged_and_nothing_overflows() {
        for (past_s, future_s) in [(None, None), (Some(u64::MAX), Some(u64::MAX))] {
            for unit in [TimeUnit::Seconds, TimeUnit::Milliseconds] {
                for (signed_at, now) in [(i64::MIN, i64::MAX), (i64::MAX, i64::MIN)] {
                    let judged =
                        rule(unit, past_s, future_s).judge(UnixTime::from_ms(signed_at), UnixTime::from_ms(now));
                    assert_eq!(judged, Ok(()));
                }
            }
        }
    }

    #[test]
    fn seconds_and_milliseconds_are_digits_and_nothing_else() {
        let of = |unit, text: &str| moment(unit, text.as_bytes()).map(UnixTime::as_ms);
        assert_eq!(of(TimeUnit::Seconds, "1700000000"), Some(1_700_000_000_000));
        assert_eq!(of(TimeUnit::Seconds, "0"), Some(0));
        assert_eq!(of(TimeUnit::Milliseconds, "1700000000123"), Some(1_700_000_000_123));
        assert_eq!(of(TimeUnit::Seconds, "9223372036854775"), Some(9_223_372_036_854_775_000));
        for text in ["", " 1", "1 ", "+1", "-1", "1.0", "1e3", "Infinity", "0x1", "٣", "9223372036854776", "1,0"] {
            assert_eq!(of(TimeUnit::Seconds, text), None, "{text:?}");
        }
        assert_eq!(of(TimeUnit::Milliseconds, "9223372036854775808"), None);
    }

    #[test]
    fn each_byte_in_each_place_is_a_digit_exactly_where_it_is_one() {
        for length in 1..=19 {
            for place in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = b"1928374650918273645"[..length].to_vec();
                    text[place] = byte;
                    let is_digits = text.iter().all(u8::is_ascii_digit);
                    let number = std::str::from_utf8(&text).ok().filter(|_| is_digits).and_then(|it| it.parse().ok());
                    assert_eq!(moment(TimeUnit::Milliseconds, &text).map(UnixTime::as_ms), number, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let signed_at = UnixTime::from_ms(1_700_000_000_123);
        for (unit, text) in [
            (TimeUnit::Seconds, "1700000000"),
            (TimeUnit::Milliseconds, "1700000000123"),
            (TimeUnit::Rfc3339, "2023-11-14T22:13:20.123Z"),
        ] {
            assert_eq!(super::text(unit, signed_at), text);
            assert_eq!(moment(unit, text.as_bytes()).map(|moment| super::text(unit, moment)), Some(text.to_string()));
        }
    }
}
