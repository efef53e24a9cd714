//! A moment, and the two ways it is written: RFC 3339 for events, IMF-fixdate (RFC 9110 §5.6.7) for answers.

use std::fmt;

/// Milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted. An argument wherever time matters: only the edge
/// of the program reads a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime {
    ms: i64,
}

impl UnixTime {
    /// The moment `s` seconds after the epoch; saturates at ±292 million years.
    #[must_use]
    pub const fn from_s(s: i64) -> Self {
        UnixTime { ms: s.saturating_mul(1000) }
    }

    /// The moment `ms` milliseconds after the epoch.
    #[must_use]
    pub const fn from_ms(ms: i64) -> Self {
        UnixTime { ms }
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn as_ms(self) -> i64 {
        self.ms
    }

    /// The moment the system's clock shows. The one function of this crate's library that reads it.
    #[must_use]
    pub fn now() -> Self {
        let ms = match std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        };
        UnixTime { ms }
    }

    /// The moment that `text` writes as RFC 3339 does, to the millisecond; what is finer is cut off. A leap second is the
    /// second after it. Nothing where it is not of that form.
    #[must_use]
    pub fn from_rfc_3339(text: &[u8]) -> Option<Self> {
        let (date_and_time, rest) = text.split_at_checked(19)?;
        let number = |from: usize, to: usize| {
            let digits = date_and_time.get(from..to)?;
            digits.iter().try_fold(0_i64, |number, digit| digit_value(*digit).map(|value| number * 10 + value))
        };
        let is = |at: usize, byte: u8| date_and_time.get(at).is_some_and(|known| known.eq_ignore_ascii_case(&byte));
        if !(is(4, b'-') && is(7, b'-') && is(10, b't') && is(13, b':') && is(16, b':')) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let leap = i64::from(year % 4 == 0 && (year % 100 != 0 || year % 400 == 0));
        let days_of_month = match month {
            2 => 28 + leap,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        if !(1..=days_of_month).contains(&day) || hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        let (ms, zone) = match rest.split_first() {
            Some((b'.', rest)) => {
                let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let (fraction, zone) = rest.split_at(digits);
                let padded = fraction.iter().copied().chain(*b"00").take(3);
                let ms = padded.fold(0, |ms, digit| ms * 10 + digit_value(digit).unwrap_or(0));
                if digits == 0 {
                    return None;
                }
                (ms, zone)
            }
            _ => (0, rest),
        };
        let offset_minutes = match zone {
            [b'Z' | b'z'] => 0,
            [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
                let two = |high: u8, low: u8| Some(digit_value(high)? * 10 + digit_value(low)?);
                let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                (hours * 60 + minutes) * if *sign == b'-' { -1 } else { 1 }
            }
            _ => return None,
        };
        // The inverse of `civil`, days_from_civil of the same paper.
        let shifted_year = year - i64::from(month <= 2);
        let era = shifted_year.div_euclid(400);
        let year_of_era = shifted_year.rem_euclid(400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        let s = days * 86_400 + hour * 3600 + (minute - offset_minutes) * 60 + second;
        Some(UnixTime { ms: s * 1000 + ms })
    }

    /// Appends it to `out` as for an HTTP `Date` field: `Sun, 06 Nov 1994 08:49:37 GMT`. It is written with every answer,
    /// and `format!` takes ten times as long.
    pub fn write_http_date(self, out: &mut Vec<u8>) {
        let civil = self.civil();
        let [w0, w1, w2] = name(b"SunMonTueWedThuFriSat", civil.weekday);
        let [m0, m1, m2] = name(b"JanFebMarAprMayJunJulAugSepOctNovDec", civil.month - 1);
        let ([d0, d1], [y0, y1], [y2, y3]) = (two(civil.day), two(civil.year / 100), two(civil.year));
        let ([h0, h1], [n0, n1], [s0, s1]) = (two(civil.hour), two(civil.minute), two(civil.second));
        out.extend_from_slice(&[
            w0, w1, w2, b',', b' ', d0, d1, b' ', m0, m1, m2, b' ', y0, y1, y2, y3, b' ', h0, h1, b':', n0, n1, b':',
            s0, s1, b' ', b'G', b'M', b'T',
        ]);
    }

    /// Appends it to `out` as RFC 3339 in UTC with milliseconds: `2026-11-24T00:03:40.123Z`.
    pub fn write_rfc_3339(self, out: &mut Vec<u8>) {
        let civil = self.civil();
        let ([y0, y1], [y2, y3]) = (two(civil.year / 100), two(civil.year));
        let ([m0, m1], [d0, d1]) = (two(civil.month), two(civil.day));
        let ([h0, h1], [n0, n1], [s0, s1]) = (two(civil.hour), two(civil.minute), two(civil.second));
        let ([f0, f1], [_, f2]) = (two(civil.ms / 10), two(civil.ms));
        out.extend_from_slice(&[
            y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, b'.', f0, f1, f2,
            b'Z',
        ]);
    }

    fn civil(self) -> Civil {
        let s = self.ms.div_euclid(1000);
        let (days, second_of_day) = (s.div_euclid(86_400), rest(s, 86_400));
        // Days to a date of the proleptic Gregorian calendar: Howard Hinnant, "chrono-Compatible Low-Level Date
        // Algorithms", civil_from_days. Years begin in March, so that the leap day is a year's last.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = rest(shifted, 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Civil {
            // Both forms have four digits for it; a year beyond them is written as the nearest that they can say.
            year: u32::try_from(era * 400 + i64::from(year_of_era + u32::from(month <= 2))).unwrap_or(0).min(9999),
            month,
            day: day_of_year - (153 * march_month + 2) / 5 + 1,
            weekday: rest(days + 4, 7),
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            ms: rest(self.ms, 1000),
        }
    }
}

struct Civil {
    year: u32,
    month: u32,
    day: u32,
    /// 0 is Sunday.
    weekday: u32,
    hour: u32,
    minute: u32,
    second: u32,
    ms: u32,
}

/// What is left over `number` times `of`: never negative.
fn rest(number: i64, of: i64) -> u32 {
    u32::try_from(number.rem_euclid(of)).unwrap_or_default()
}

/// As [`UnixTime::write_rfc_3339`].
impl fmt::Display for UnixTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        self.write_rfc_3339(&mut text);
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

/// The last two decimal digits of a part of a date.
fn two(part: u32) -> [u8; 2] {
    let part = u8::try_from(part % 100).unwrap_or_default();
    [b'0' + part / 10, b'0' + part % 10]
}

/// The value of a decimal digit.
fn digit_value(digit: u8) -> Option<i64> {
    digit.is_ascii_digit().then(|| i64::from(digit - b'0'))
}

/// The three letters at place `index` of a run of three-letter names.
fn name(names: &'static [u8], index: u32) -> [u8; 3] {
    let place = usize::try_from(index).ok().and_then(|index| names.get(index * 3..));
    place.and_then(|names| names.first_chunk()).copied().unwrap_or(*b"???")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_rfc_3339() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (784_111_777_000, "1994-11-06T08:49:37.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_164_800_001, "2024-02-29T00:00:00.001Z"),
            (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(UnixTime::from_ms(ms).to_string(), text);
        }
    }

    fn http_date(time: UnixTime) -> String {
        let mut out = Vec::new();
        time.write_http_date(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn rfc_3339_is_read_with_any_fraction_and_offset() {
        for (text, ms) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1994-11-06T08:49:37.042Z", 784_111_777_042),
            ("2020-01-01T00:00:00-07:00", 1_577_862_000_000),
            ("2000-02-29t00:00:00.5z", 951_782_400_500),
            ("2019-11-16T10:11:12.634234626Z", 1_573_899_072_634),
            ("2100-03-01T05:45:00+05:45", 4_107_542_400_000),
            ("1990-12-31T23:59:60Z", 662_688_000_000),
            ("1969-12-31T23:59:59.999Z", -1),
            ("0000-03-01T00:00:00Z", -62_162_035_200_000),
        ] {
            assert_eq!(UnixTime::from_rfc_3339(text.as_bytes()), Some(UnixTime::from_ms(ms)), "{text}");
        }
        for ms in (-1_000_000_000_000..4_200_000_000_000).step_by(77_777_777_777) {
            let moment = UnixTime::from_ms(ms);
            assert_eq!(UnixTime::from_rfc_3339(moment.to_string().as_bytes()), Some(moment));
        }
    }

    #[test]
    fn what_is_not_rfc_3339_is_no_moment() {
        for text in [
            "",
            "2020-01-01",
            "2020-01-01T00:00:00",
            "2020-01-01 00:00:00Z",
            "2020-01-01T00:00:00.Z",
            "2020-13-01T00:00:00Z",
            "2020-00-01T00:00:00Z",
            "2021-02-29T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2020-04-31T00:00:00Z",
            "2020-01-00T00:00:00Z",
            "2020-01-01T24:00:00Z",
            "2020-01-01T00:60:00Z",
            "2020-01-01T00:00:61Z",
            "2020-01-01T00:00:00+24:00",
            "2020-01-01T00:00:00+0000",
            "2020-01-01T00:00:00Zx",
            "2020-01-01T00:00:00Z ",
            "+020-01-01T00:00:00Z",
            "1700000000",
        ] {
            assert_eq!(UnixTime::from_rfc_3339(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn an_http_date_is_the_example_of_rfc_9110() {
        assert_eq!(http_date(UnixTime::from_s(784_111_777)), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(http_date(UnixTime::from_s(1_795_478_400)), "Tue, 24 Nov 2026 00:00:00 GMT");
    }

    #[test]
    fn no_moment_panics() {
        for ms in [i64::MIN, i64::MIN + 1, -1, i64::MAX] {
            assert!(!UnixTime::from_ms(ms).to_string().is_empty());
            assert!(!http_date(UnixTime::from_ms(ms)).contains("???"));
        }
        assert_eq!(UnixTime::from_s(i64::MAX), UnixTime::from_ms(i64::MAX));
    }
}
