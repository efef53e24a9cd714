//! Who may send to a source at all, and how often: decided by the client's address before the body is waited for.

mod network;
mod proxies;
mod rate;

pub use network::{InvalidNetwork, Network};
pub use proxies::{ForwardedBy, Proxies};
pub use rate::{ADDRESSES_MOST, InvalidRate, Rate, Rates};

use crate::verify::Refusal;
use std::net::IpAddr;
use std::time::Duration;

/// What a source asks of clients before it looks at what they say. Nothing, unless it is told to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    /// The only networks that may send; all may where there is none.
    pub allow_from: Vec<Network>,
    /// How many deliveries are accepted. Only proven ones count, so that nobody but the provider can use it up.
    pub rate_limit: Option<Rate>,
    /// How many requests an address may send, proven or not. Of IPv6 the first 64 bits are an address: whoever has one has
    /// them all.
    pub rate_limit_per_address: Option<Rate>,
}

impl Access {
    /// Whether nothing is asked.
    #[must_use]
    pub fn is_open(&self) -> bool {
        *self == Access::default()
    }

    /// Whether `client` may send to the source numbered `source` at `now`, which counts as one request of his. Nobody knows
    /// a client without an address: no list has him, and all of them share one limit.
    ///
    /// # Errors
    /// Where his address is not on the list; where he, or the source, has had as many as there may be.
    pub fn enter(
        &self,
        source: usize,
        client: Option<IpAddr>,
        rates: &mut Rates,
        now: Duration,
    ) -> Result<(), Refusal> {
        let is_listed = |client: IpAddr| self.allow_from.iter().any(|network| network.contains(client));
        if !self.allow_from.is_empty() && !client.is_some_and(is_listed) {
            return Err(Refusal::AddressNotAllowed);
        }
        let too_many = |wait| Refusal::TooManyRequests { retry_after_s: seconds(wait) };
        if let Some(rate) = &self.rate_limit_per_address {
            rates.take_of_address(source, client, rate, now).map_err(too_many)?;
        }
        match &self.rate_limit {
            Some(rate) => rates.look_at_source(source, rate, now).map_err(too_many),
            None => Ok(()),
        }
    }

    /// Counts a proven delivery to the source numbered `source`.
    ///
    /// # Errors
    /// Where there were as many as there may be.
    pub fn count_proven(&self, source: usize, rates: &mut Rates, now: Duration) -> Result<(), Refusal> {
        let Some(rate) = &self.rate_limit else { return Ok(()) };
        let taken = rates.take_of_source(source, rate, now);
        taken.map_err(|wait| Refusal::TooManyRequests { retry_after_s: seconds(wait) })
    }
}

/// Whole seconds, one at least: `Retry-After` has no smaller ones (RFC 9110 §10.2.3).
fn seconds(wait: Duration) -> u64 {
    let whole = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    whole.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(100);

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    #[test]
    fn only_listed_networks_enter_where_there_is_a_list() {
        let access = Access { allow_from: vec!["192.0.2.0/24".parse().unwrap()], ..Access::default() };
        let enter = |client| access.enter(0, client, &mut Rates::default(), START);
        assert_eq!(enter(address("192.0.2.7")), Ok(()));
        assert_eq!(enter(address("::ffff:192.0.2.7")), Ok(()), "the same address, as a socket of both kinds has it");
        for other in [address("192.0.3.1"), address("::1"), None] {
            assert_eq!(enter(other), Err(Refusal::AddressNotAllowed), "{other:?}");
        }
        assert_eq!(Access::default().enter(0, None, &mut Rates::default(), START), Ok(()), "no list");
    }

    #[test]
    fn an_address_that_sends_too_much_waits_and_nobody_else_does() {
        let access = Access { rate_limit_per_address: Some("2/s".parse().unwrap()), ..Access::default() };
        let mut rates = Rates::default();
        let mut enter =
            |source, client, ms| access.enter(source, address(client), &mut rates, START + Duration::from_millis(ms));
        let late = Err(Refusal::TooManyRequests { retry_after_s: 1 });
        assert_eq!([enter(0, "192.0.2.1", 0), enter(0, "192.0.2.1", 0)], [Ok(()), Ok(())]);
        assert_eq!(enter(0, "192.0.2.1", 0), late);
        assert_eq!(enter(0, "::ffff:192.0.2.1", 0), late, "the same address");
        assert_eq!([enter(0, "192.0.2.2", 0), enter(1, "192.0.2.1", 0)], [Ok(()), Ok(())]);
        assert_eq!(enter(0, "192.0.2.1", 499), late, "what is refused counts for nothing");
        assert_eq!(enter(0, "192.0.2.1", 500), Ok(()));
        assert_eq!([enter(0, "2001:db8::1", 0), enter(0, "2001:db8::2", 0)], [Ok(()), Ok(())]);
        assert_eq!(enter(0, "2001:db8::3", 0), late, "one /64 is one address");
        assert_eq!(enter(0, "2001:db8:0:1::3", 0), Ok(()), "another /64");
    }

    #[test]
    fn what_is_not_proven_uses_nothing_of_the_source_up() {
        let access = Access { rate_limit: Some("1/min".parse().unwrap()), ..Access::default() };
        let mut rates = Rates::default();
        for _ in 0..1000 {
            assert_eq!(access.enter(0, address("192.0.2.1"), &mut rates, START), Ok(()));
        }
        assert_eq!(access.count_proven(0, &mut rates, START), Ok(()));
        let late = Err(Refusal::TooManyRequests { retry_after_s: 60 });
        assert_eq!(access.enter(0, address("192.0.2.1"), &mut rates, START), late, "before its body is waited for");
        assert_eq!(access.count_proven(0, &mut rates, START), late, "it came in before the other was proven");
        assert_eq!(access.count_proven(1, &mut rates, START), Ok(()), "another source");
        assert_eq!(access.count_proven(0, &mut rates, START + Duration::from_secs(60)), Ok(()));
    }
}
