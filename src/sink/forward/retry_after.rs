//! `Retry-After`: how long the one that answered wants to be left alone (RFC 9110 §10.2.3).

use crate::time::UnixTime;
use std::time::Duration;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// How long from `now` the value of the field says, as seconds or as a date; none at all where the date has passed. Nothing where
/// it is neither.
pub(super) fn read(value: &[u8], now: UnixTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than a number can say is for ever, which somebody else bounds.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let wait_ms = date(text, now)?.as_ms().saturating_sub(now.as_ms());
    Some(Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0)))
}

/// The moment that `text` writes in one of the three forms that a date has in HTTP, all of which have to be read (RFC 9110 §5.6.7).
fn date(text: &str, now: UnixTime) -> Option<UnixTime> {
    let parts: Vec<&str> = text.split([' ', '-']).filter(|part| !part.is_empty()).collect();
    let (day, month, year, time) = match *parts.as_slice() {
        // Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT
        [weekday, day, month, year, time, "GMT"] if weekday.ends_with(',') => (day, month, year, time),
        // Sun Nov  6 08:49:37 1994
        [_, month, day, time, year] => (day, month, year, time),
        _ => return None,
    };
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(day) || !is_number(year) || day.len() > 2 {
        return None;
    }
    let moment = |year: &str| UnixTime::from_rfc_3339(format!("{year}-{month:02}-{day:0>2}T{time}Z").as_bytes());
    match year.len() {
        4 => moment(year),
        // Of two digits, the century in which it is not over 50 years from now (RFC 9110 §5.6.7).
        2 => {
            let limit = UnixTime::from_ms(now.as_ms().saturating_add(FIFTY_YEARS_MS));
            let this_century = now.to_string().get(..2).and_then(|digits| digits.parse::<u32>().ok())?;
            let centuries = [this_century + 1, this_century, this_century.saturating_sub(1)];
            centuries.iter().filter_map(|century| moment(&format!("{century:02}{year}"))).find(|at| *at <= limit)
        }
        _ => None,
    }
}

/// Fifty years of 365.25 days.
const FIFTY_YEARS_MS: i64 = 50 * 31_557_600 * 1000;

#[cfg(test)]
mod tests {
    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
    const DATE_S: i64 = 784_111_777;

    fn seconds(text: &str, now_s: i64) -> Option<u64> {
        read(text.as_bytes(), UnixTime::from_s(now_s)).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_are_read_however_many() {
        assert_eq!(seconds("0", 0), Some(0));
        assert_eq!(seconds(" 120 ", 0), Some(120));
        assert_eq!(seconds("99999999999999999999999", 0), Some(u64::MAX));
    }

    #[test]
    fn a_date_is_read_in_all_three_forms_and_one_that_has_passed_asks_for_nothing() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(seconds(text, DATE_S - 90), Some(90), "{text}");
            assert_eq!(seconds(text, DATE_S + 90), Some(0), "{text}");
        }
    }

    #[test]
    fn a_year_of_two_digits_is_at_most_fifty_years_ahead() {
        let at = |text: &str, now: &str| {
            let now = UnixTime::from_rfc_3339(now.as_bytes()).unwrap();
            date(text, now).map(|date| date.to_string())
        };
        let text = "Monday, 01-Jan-40 00:00:00 GMT";
        assert_eq!(at(text, "2026-11-25T00:00:00Z").as_deref(), Some("2040-01-01T00:00:00.000Z"));
        assert_eq!(at(text, "1989-01-01T00:00:00Z").as_deref(), Some("1940-01-01T00:00:00.000Z"));
        assert_eq!(at(text, "2095-01-01T00:00:00Z").as_deref(), Some("2140-01-01T00:00:00.000Z"));
    }

    #[test]
    fn what_is_neither_says_nothing() {
        for text in [
            "",
            "-1",
            "1.5",
            "soon",
            "1 2",
            "\u{ff11}",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 6x Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 19940 08:49:37 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
        ] {
            assert_eq!(seconds(text, 0), None, "{text}");
        }
        assert_eq!(read(b"\xff", UnixTime::from_s(0)), None);
    }
}
