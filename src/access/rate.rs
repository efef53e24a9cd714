//! Limits of rates: token buckets, in memory that is bounded whoever sends.

use super::network::number;
use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

/// Addresses whose rates are known at once, at most, of all sources together. Of two tables this is what fits in without their
/// growing past some 1.6 MB each. When half as many others have sent since, one that was quiet starts anew.
pub const ADDRESSES_MOST: usize = 2 * 28_672;

/// So many in a time: a bucket that holds `count` and fills up in `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    count: u32,
    period: Duration,
}

/// What is no rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRate;

/// Highest count of a rate.
const COUNT_MOST: u32 = 1_000_000;

/// The periods of a rate, in seconds.
const PERIODS: [(&str, u64); 3] = [("s", 1), ("min", 60), ("h", 3600)];

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let (count, period) = text.split_once('/').ok_or(InvalidRate)?;
        let is_number = !count.starts_with('0') && count.bytes().all(|byte| byte.is_ascii_digit());
        let count = count.parse().ok().filter(|count| is_number && *count <= COUNT_MOST).ok_or(InvalidRate)?;
        let (_, seconds) = PERIODS.iter().find(|(name, _)| *name == period).ok_or(InvalidRate)?;
        Ok(Rate { count, period: Duration::from_secs(*seconds) })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period =
            PERIODS.iter().find(|(_, seconds)| *seconds == self.period.as_secs()).map_or("", |(name, _)| *name);
        write!(f, "{}/{period}", self.count)
    }
}

impl fmt::Display for InvalidRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is no rate such as 100/s, 600/min or 1000/h, of {COUNT_MOST} at most")
    }
}

impl std::error::Error for InvalidRate {}

/// A bucket, by when it will be full: in nanoseconds times the rate's count, so that nothing is rounded.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    full_at: u128,
}

impl Bucket {
    /// The bucket with one less in it at `now`.
    ///
    /// # Errors
    /// Where it is empty: how long until there is one.
    fn less_one(self, rate: &Rate, now: Duration) -> Result<Bucket, Duration> {
        let count = u128::from(rate.count);
        let period = rate.period.as_nanos();
        let now = now.as_nanos() * count;
        let full_at = self.full_at.max(now) + period;
        match full_at.checked_sub(now + period * count).filter(|over| *over > 0) {
            None => Ok(Bucket { full_at }),
            Some(over) => Err(Duration::from_nanos(u64::try_from(over.div_ceil(count)).unwrap_or(u64::MAX))),
        }
    }
}

/// A source's number and an address's.
type Key = (usize, u128);

/// How full all buckets are. A bucket that nobody took from is full.
#[derive(Debug, Default)]
pub struct Rates {
    sources: Vec<Bucket>,
    /// Addresses that sent of late, half of [`ADDRESSES_MOST`] at most.
    young: HashMap<Key, Bucket>,
    /// Those of before; who sends is young again, the others go when the young are too many.
    old: HashMap<Key, Bucket>,
}

impl Rates {
    /// Takes one of what `client` may send to a source at `now`.
    ///
    /// # Errors
    /// Where there is none: how long until there is.
    pub(super) fn take_of_address(
        &mut self,
        source: usize,
        client: Option<IpAddr>,
        rate: &Rate,
        now: Duration,
    ) -> Result<(), Duration> {
        let key = (source, client.map_or(0, of_address));
        let bucket = self.young.get(&key).or_else(|| self.old.get(&key)).copied().unwrap_or_default();
        let taken = bucket.less_one(rate, now);
        if self.young.len() >= ADDRESSES_MOST / 2 && !self.young.contains_key(&key) {
            std::mem::swap(&mut self.young, &mut self.old);
            self.young.clear();
        }
        // Who is refused is not forgotten for it.
        self.young.insert(key, taken.unwrap_or(bucket));
        taken.map(drop)
    }

    /// Takes one of what a source accepts at `now`.
    ///
    /// # Errors
    /// Where there is none: how long until there is.
    pub(super) fn take_of_source(&mut self, source: usize, rate: &Rate, now: Duration) -> Result<(), Duration> {
        if self.sources.len() <= source {
            self.sources.resize(source + 1, Bucket::default());
        }
        let Some(bucket) = self.sources.get_mut(source) else { return Ok(()) };
        *bucket = bucket.less_one(rate, now)?;
        Ok(())
    }

    /// Whether there is one of what a source accepts at `now`.
    ///
    /// # Errors
    /// Where there is none: how long until there is.
    pub(super) fn look_at_source(&self, source: usize, rate: &Rate, now: Duration) -> Result<(), Duration> {
        let bucket = self.sources.get(source).copied().unwrap_or_default();
        bucket.less_one(rate, now).map(drop)
    }
}

/// The number by which an address is known: of IPv6 its network of 64 bits, which is what one subscriber has (RFC 6177 §2).
fn of_address(address: IpAddr) -> u128 {
    let address = address.to_canonical();
    match address {
        IpAddr::V4(_) => number(address),
        IpAddr::V6(_) => number(address) >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const START: Duration = Duration::from_secs(1_000_000);

    #[test]
    fn a_bucket_gives_all_it_holds_at_once_and_then_one_after_another() {
        for text in ["1/s", "3/s", "7/min", "1000000/s", "999999/h"] {
            let rate: Rate = text.parse().unwrap();
            let mut bucket = Bucket::default();
            for _ in 0..rate.count {
                bucket = bucket.less_one(&rate, START).unwrap();
            }
            let wait = bucket.less_one(&rate, START).unwrap_err();
            let exact = rate.period.as_nanos().div_ceil(rate.count.into());
            assert_eq!(wait.as_nanos(), exact, "{text}");
            assert!(bucket.less_one(&rate, START + wait - Duration::from_nanos(1)).is_err(), "{text}");
            bucket = bucket.less_one(&rate, START + wait).unwrap();
            assert!(bucket.less_one(&rate, START + wait).is_err(), "{text}");
        }
    }

    #[test]
    fn a_bucket_never_holds_more_than_its_count() {
        let rate: Rate = "5/s".parse().unwrap();
        let mut bucket = Bucket::default();
        for day in 0..10 {
            let now = START + Duration::from_secs(day * 86_400);
            let taken = std::iter::from_fn(|| bucket.less_one(&rate, now).ok().inspect(|less| bucket = *less)).count();
            assert_eq!(taken, 5);
        }
    }

    #[test]
    fn the_addresses_that_are_known_are_bounded_and_who_keeps_sending_stays_known() {
        let rate: Rate = "1/h".parse().unwrap();
        let mut rates = Rates::default();
        let busy = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
        assert_eq!(rates.take_of_address(0, busy, &rate, START), Ok(()));
        for number in 0..300_000_u32 {
            let stranger = Some(IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + number)));
            assert_eq!(rates.take_of_address(0, stranger, &rate, START), Ok(()));
            assert!(rates.young.len() + rates.old.len() <= ADDRESSES_MOST);
        }
        assert_eq!(rates.take_of_address(0, busy, &rate, START), Ok(()), "it was quiet while too many others came");
        for number in 0..300_000_u32 {
            let stranger = Some(IpAddr::V4(Ipv4Addr::from(0x0b00_0000 + number)));
            assert_eq!(rates.take_of_address(0, stranger, &rate, START), Ok(()));
            let again = START + Duration::from_secs(3600) * (number / 1000);
            let expected = number % 1000 == 0 && number > 0;
            if number % 100 == 0 {
                assert_eq!(rates.take_of_address(0, busy, &rate, again).is_ok(), expected, "{number}");
            }
        }
    }

    #[test]
    fn what_is_no_rate_is_refused_and_what_is_one_is_written_as_it_was_read() {
        for text in ["100/s", "600/min", "1000000/h", "1/s"] {
            assert_eq!(text.parse::<Rate>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "/",
            "1",
            "1/",
            "/s",
            "0/s",
            "01/s",
            "-1/s",
            "+1/s",
            "1/m",
            "1/sec",
            "1.5/s",
            "1 /s",
            "1000001/s",
            "4294967297/s",
        ] {
            assert_eq!(text.parse::<Rate>(), Err(InvalidRate), "{text}");
        }
    }
}
