//! Times and sizes as people write them: `"30s"`, `"25MiB"`.

use std::time::Duration;

/// Units of time, in milliseconds.
const TIMES: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// Units of size, in bytes.
const SIZES: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// The time that `text` says: a whole number and a unit, `ms`, `s`, `m`, `h` or `d`.
pub(super) fn time(text: &str) -> Option<Duration> {
    counted(text, &TIMES).map(Duration::from_millis)
}

/// The bytes that `text` says: a whole number and a unit, `B`, `KiB`, `MiB` or `GiB`.
pub(super) fn size(text: &str) -> Option<u64> {
    counted(text, &SIZES)
}

fn counted(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let unit_at = text.find(|character: char| !character.is_ascii_digit())?;
    let (count, unit) = text.split_at_checked(unit_at)?;
    let (_, factor) = units.iter().find(|(name, _)| *name == unit.trim_start_matches(' '))?;
    count.parse::<u64>().ok()?.checked_mul(*factor)
}

/// `time` as it can be written, in the largest unit that leaves no rest.
pub(super) fn write_time(time: Duration) -> String {
    write(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), &TIMES)
}

/// `bytes` as they can be written, in the largest unit that leaves no rest.
pub(super) fn write_size(bytes: u64) -> String {
    write(bytes, &SIZES)
}

fn write(count: u64, units: &[(&str, u64)]) -> String {
    let unit = units.iter().rev().find(|(_, factor)| count >= *factor && count.is_multiple_of(*factor));
    let (name, factor) = unit.copied().unwrap_or(units.first().copied().unwrap_or(("", 1)));
    format!("{}{name}", count / factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_a_number_and_a_unit() {
        for (text, ms) in
            [("30s", 30_000), ("250ms", 250), ("5 m", 300_000), ("2h", 7_200_000), ("7d", 604_800_000), ("0s", 0)]
        {
            assert_eq!(time(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for (text, bytes) in [("1B", 1), ("64KiB", 65_536), ("25 MiB", 26_214_400), ("1GiB", 1_073_741_824)] {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_and_a_unit_is_nothing() {
        for text in [
            "",
            "s",
            "30",
            "30 ",
            "-1s",
            "+1s",
            "1.5s",
            "1S",
            "30s ",
            " 30s",
            "30sec",
            "1s1s",
            "99999999999999999999s",
            "999999999999999999d",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
        for text in ["1MB", "1M", "1mib", "25", "99999999999GiB", "é", "1é"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_reads_back_as_itself() {
        for ms in [0, 1, 250, 1000, 90_000, 3_600_000, 86_400_000, 604_800_000] {
            assert_eq!(time(&write_time(Duration::from_millis(ms))), Some(Duration::from_millis(ms)));
        }
        for bytes in [0, 1, 1023, 1024, 26_214_400, 1 << 40] {
            assert_eq!(size(&write_size(bytes)), Some(bytes));
        }
        assert_eq!((write_time(Duration::from_secs(300)), write_size(26_214_400)), ("5m".into(), "25MiB".into()));
    }
}
