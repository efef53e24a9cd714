//! Several sources, each on its path.

use super::{Received, Receiver};
use crate::access::{Proxies, Rates};
use crate::answer::Answer;
use crate::request::{Head, Request};
use crate::time::UnixTime;
use crate::verify::Refusal;
use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

/// Several receivers, told apart by their paths. They are few: each request looks through the list.
#[derive(Debug)]
pub struct Receivers {
    /// The paths, beside each other: most differ in their length already.
    paths: Vec<String>,
    receivers: Vec<Receiver>,
    proxies: Proxies,
}

/// A path that two sources have: a request could be meant for either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatedPath(pub String);

impl Receivers {
    /// All of `receivers`; whoever connects is the client.
    ///
    /// # Errors
    /// Where two have the same path.
    pub fn new(receivers: Vec<Receiver>) -> Result<Self, RepeatedPath> {
        let mut paths: Vec<String> = Vec::new();
        for receiver in &receivers {
            if paths.contains(&receiver.path) {
                return Err(RepeatedPath(receiver.path.clone()));
            }
            paths.push(receiver.path.clone());
        }
        Ok(Receivers { paths, receivers, proxies: Proxies::default() })
    }

    /// The same behind these proxies.
    #[must_use]
    pub fn with_proxies(self, proxies: Proxies) -> Self {
        Receivers { proxies, ..self }
    }

    /// All of them, in order: the first is number 0.
    pub fn iter(&self) -> impl Iterator<Item = &Receiver> {
        self.receivers.iter()
    }

    /// The receiver of this number.
    #[must_use]
    pub fn at(&self, number: usize) -> Option<&Receiver> {
        self.receivers.get(number)
    }

    /// The receiver that a request with this head is for, and its number.
    #[must_use]
    pub fn find(&self, head: &Head<'_>) -> Option<(usize, &Receiver)> {
        let path = head.path();
        let number = self.paths.iter().position(|known| known == path)?;
        Some((number, self.receivers.get(number)?))
    }

    /// Whether a request that `peer` hands to us at `now` is let in: there is a source on its path, and its access lets the
    /// client in. It is to be asked once for each request, before its body is waited for. `now` is since any one moment, the
    /// same for all calls with `rates`.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn enter(
        &self,
        head: &Head<'_>,
        peer: Option<IpAddr>,
        rates: &mut Rates,
        now: Duration,
    ) -> Result<(), Refusal> {
        let (number, receiver) = self.find(head).ok_or(Refusal::UnknownPath)?;
        if receiver.access.is_open() {
            return Ok(());
        }
        receiver.access.enter(number, self.proxies.client(head, peer), rates, now)
    }

    /// Whether the body of this request is worth waiting for, as [`Receiver::admit`] says, and how long it may be, in bytes.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn admit(&self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<u64, Refusal> {
        let (_, receiver) = self.find(head).ok_or(Refusal::UnknownPath)?;
        receiver.admit_here(head, declared_bytes)?;
        Ok(receiver.body_limit_bytes)
    }

    /// Decides one whole request, as [`Receiver::receive`] does, and says which receiver it was for. A proven delivery counts
    /// in `rates`; a handshake does not.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn receive<'a>(
        &'a self,
        request: &Request<'a>,
        rates: &mut Rates,
        (now, date): (Duration, UnixTime),
    ) -> Result<(usize, Received<'a>), Refusal> {
        let (number, receiver) = self.find(&request.head).ok_or(Refusal::UnknownPath)?;
        let received = receiver.receive_here(request, date)?;
        if let Received::Delivery(_) = received {
            receiver.access.count_proven(number, rates, now)?;
        }
        Ok((number, received))
    }

    /// The answer to a request that was refused.
    #[must_use]
    pub fn refuse(&self, head: &Head<'_>, refusal: &Refusal) -> Answer {
        match self.find(head) {
            Some((_, receiver)) => receiver.refuse(refusal),
            None => Answer::refused(refusal),
        }
    }
}

impl From<Receiver> for Receivers {
    fn from(receiver: Receiver) -> Self {
        Receivers { paths: vec![receiver.path.clone()], receivers: vec![receiver], proxies: Proxies::default() }
    }
}

impl fmt::Display for RepeatedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "two sources have the path {}", self.0)
    }
}

impl std::error::Error for RepeatedPath {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Access;
    use crate::request::Header;
    use crate::verify::{Secret, Verifier, preset, sign};

    const DATE: UnixTime = UnixTime::from_s(1_700_000_000);
    const NOW: Duration = Duration::from_secs(100);

    fn secret_of(source: &str) -> Secret {
        Secret::new(format!("the secret of {source}").into_bytes()).unwrap()
    }

    fn receiver(source: &str, path: &str) -> Receiver {
        let verifier = Verifier::new(preset("github").unwrap(), [(source.to_string(), secret_of(source))]).unwrap();
        Receiver::new(source.to_string(), path.to_string(), verifier).unwrap()
    }

    fn receivers() -> Receivers {
        let listed = Access { allow_from: vec!["192.0.2.0/24".parse().unwrap()], ..Access::default() };
        let limited = Access { rate_limit: Some("1/h".parse().unwrap()), ..Access::default() };
        Receivers::new(vec![
            receiver("a", "/a").with_body_limit_bytes(10),
            receiver("b", "/b").with_body_limit_bytes(20).with_access(listed),
            receiver("ab", "/a/b").with_access(limited),
        ])
        .unwrap()
    }

    /// Which receiver accepts what `signed_by` signs and posts to `target`.
    fn received(receivers: &Receivers, rates: &mut Rates, target: &str, signed_by: &str) -> Result<usize, Refusal> {
        let signature = sign(&preset("github").unwrap(), &secret_of(signed_by), b"{}").remove(0).1;
        let headers = [Header { name: "X-Hub-Signature-256", value: signature.as_bytes() }];
        let request = Request { head: Head { method: "POST", target, headers: &headers }, body: b"{}" };
        receivers.receive(&request, rates, (NOW, DATE)).map(|(number, received)| {
            assert_eq!(received.delivery().unwrap().source(), receivers.at(number).unwrap().source());
            number
        })
    }

    fn head(target: &str) -> Head<'_> {
        Head { method: "POST", target, headers: &[Header { name: "X-Hub-Signature-256", value: &[b'0'; 71] }] }
    }

    #[test]
    fn each_path_has_its_source_and_no_other_takes_what_is_signed_for_it() {
        let (receivers, rates) = (receivers(), &mut Rates::default());
        for (target, source, number) in [("/a", "a", 0), ("/b?a=/a", "b", 1), ("http://h/a/b", "ab", 2)] {
            assert_eq!(received(&receivers, rates, target, source), Ok(number), "{target}");
        }
        for (target, source) in [("/a", "b"), ("/b", "a"), ("/a", "ab"), ("/a/b", "a")] {
            assert_eq!(received(&receivers, rates, target, source), Err(Refusal::SignatureMismatch), "{target}");
        }
        for target in ["/", "/a/", "/A", "/a%2Fb", "/a/b/", "//a", "/c", "*", ""] {
            assert_eq!(received(&receivers, rates, target, "a"), Err(Refusal::UnknownPath), "{target}");
            assert_eq!(receivers.enter(&head(target), None, rates, NOW), Err(Refusal::UnknownPath), "{target}");
            assert_eq!(receivers.admit(&head(target), None), Err(Refusal::UnknownPath), "{target}");
            assert_eq!(receivers.refuse(&head(target), &Refusal::UnknownPath).status(), 404);
        }
    }

    #[test]
    fn two_sources_on_one_path_are_refused() {
        let made = Receivers::new(vec![receiver("a", "/x"), receiver("b", "/y"), receiver("c", "/x")]);
        assert_eq!(made.map(drop), Err(RepeatedPath("/x".to_string())));
    }

    #[test]
    fn each_source_has_its_own_limits() {
        let (receivers, rates) = (receivers(), &mut Rates::default());
        let signed = [Header { name: "X-Hub-Signature-256", value: &[b"sha256=".as_slice(), &[b'0'; 64]].concat() }];
        let head = |target| Head { headers: &signed, ..head(target) };
        assert_eq!(receivers.admit(&head("/a"), Some(10)), Ok(10));
        assert_eq!(receivers.admit(&head("/a"), Some(11)), Err(Refusal::BodyTooLong { limit_bytes: 10 }));
        assert_eq!(receivers.admit(&head("/b"), Some(20)), Ok(20));
        let (friend, stranger) = (Some("192.0.2.1".parse().unwrap()), Some("203.0.113.9".parse().unwrap()));
        assert_eq!(receivers.enter(&head("/b"), friend, rates, NOW), Ok(()));
        assert_eq!(receivers.enter(&head("/b"), stranger, rates, NOW), Err(Refusal::AddressNotAllowed));
        assert_eq!(receivers.enter(&head("/a"), stranger, rates, NOW), Ok(()));
        assert_eq!(received(&receivers, rates, "/a/b", "ab"), Ok(2));
        let late = Refusal::TooManyRequests { retry_after_s: 3600 };
        assert_eq!(received(&receivers, rates, "/a/b", "ab"), Err(late));
        assert_eq!(
            received(&receivers, rates, "/a/b", "a"),
            Err(Refusal::SignatureMismatch),
            "the signature comes first"
        );
        assert_eq!(receivers.enter(&head("/a/b"), stranger, rates, NOW), Err(late));
        assert_eq!(received(&receivers, rates, "/a", "a"), Ok(0));
    }

    #[test]
    fn the_client_is_the_one_that_a_trusted_proxy_names() {
        let proxies = Proxies { trusted: vec!["10.0.0.0/8".parse().unwrap()], ..Proxies::default() };
        let receivers = receivers().with_proxies(proxies);
        let enter = |peer: &str, value: &str| {
            let headers = [Header { name: "X-Forwarded-For", value: value.as_bytes() }];
            let head = Head { method: "POST", target: "/b", headers: &headers };
            receivers.enter(&head, Some(peer.parse().unwrap()), &mut Rates::default(), NOW)
        };
        assert_eq!(enter("10.0.0.1", "192.0.2.1"), Ok(()));
        for (peer, value) in [("203.0.113.9", "192.0.2.1"), ("10.0.0.1", "192.0.2.1, 203.0.113.9"), ("10.0.0.1", "x")] {
            assert_eq!(enter(peer, value), Err(Refusal::AddressNotAllowed), "{peer} {value}");
        }
    }
}
