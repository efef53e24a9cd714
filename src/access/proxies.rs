//! The client's address where proxies stand before us: what a trusted one says, and never what a client does.

use super::network::Network;
use crate::request::Head;
use std::net::{IpAddr, SocketAddr};

/// The header in which trusted proxies say whom a request came from. One of them: a proxy that writes one passes the other on
/// as the client had it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardedBy {
    /// `X-Forwarded-For`, as most proxies write it.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// The proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxies {
    /// Their addresses.
    pub trusted: Vec<Network>,
    /// Whether whoever connects to a Unix socket is one.
    pub trusts_unix: bool,
    /// Where they say it.
    pub forwarded_by: ForwardedBy,
}

impl Proxies {
    /// Whom a request came from that `peer` handed to us (over a Unix socket nobody is known).
    ///
    /// Each proxy appends the address that it was handed the request by. So this is read from the right, over those that are
    /// trusted; the first that is not is the client, and whatever stands to the left of it is his to write. Nothing where a
    /// trusted proxy says what is no address: then nobody knows.
    #[must_use]
    pub fn client(&self, head: &Head<'_>, peer: Option<IpAddr>) -> Option<IpAddr> {
        let is_proxy = match peer {
            Some(peer) => self.trusts(peer),
            None => self.trusts_unix,
        };
        if !is_proxy {
            return peer;
        }
        let name = match self.forwarded_by {
            ForwardedBy::XForwardedFor => "X-Forwarded-For",
            ForwardedBy::Forwarded => "Forwarded",
        };
        let mut client = peer;
        let fields = head.headers.iter().rev().filter(|header| header.is_named(name));
        for element in fields.flat_map(|header| header.value.rsplit(|byte| *byte == b',')) {
            let element = element.trim_ascii();
            // RFC 9110 §5.6.1.2: empty elements are none.
            if element.is_empty() {
                continue;
            }
            let node = match self.forwarded_by {
                ForwardedBy::XForwardedFor => element,
                ForwardedBy::Forwarded => forwarded_for(element)?,
            };
            let address = address(node)?;
            client = Some(address);
            if !self.trusts(address) {
                break;
            }
        }
        client
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }
}

/// An address, with a port or without: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(text: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(text).ok()?;
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok().map(IpAddr::V6);
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    let address = text.parse().ok().or_else(bracketed).or_else(with_port)?;
    Some(address.to_canonical())
}

/// What an element of `Forwarded` has as `for` (RFC 7239 §4), its quotes taken off.
///
/// The element was cut at commas and is cut at semicolons without regard to quotes, so that only what has none of these in its
/// quotes is taken, nor an escape: what a client put into a parameter can then make an element unreadable, and no other.
fn forwarded_for(element: &[u8]) -> Option<&[u8]> {
    let mut found = None;
    for pair in element.split(|byte| *byte == b';') {
        let at = pair.iter().position(|byte| *byte == b'=')?;
        let (name, value) = pair.split_at_checked(at)?;
        let value = match value.get(1..)? {
            [b'"', inside @ .., b'"'] => inside,
            value => value,
        };
        if value.is_empty() || value.iter().any(|byte| b"\"\\=".contains(byte)) {
            return None;
        }
        if name.trim_ascii().eq_ignore_ascii_case(b"for") && found.replace(value).is_some() {
            return None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::Header;

    const PROXY: &str = "10.0.0.1";

    fn client_of(proxies: &Proxies, peer: Option<&str>, fields: &[(&str, &str)]) -> Option<String> {
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let head = Head { method: "POST", target: "/", headers: &headers };
        proxies.client(&head, peer.map(|peer| peer.parse().unwrap())).map(|client| client.to_string())
    }

    fn trusting(forwarded_by: ForwardedBy) -> Proxies {
        Proxies { trusted: vec!["10.0.0.0/8".parse().unwrap()], trusts_unix: false, forwarded_by }
    }

    fn by_x(values: &[&str]) -> Option<String> {
        let fields: Vec<_> = values.iter().map(|value| ("x-forwarded-for", *value)).collect();
        client_of(&trusting(ForwardedBy::XForwardedFor), Some(PROXY), &fields)
    }

    fn by_rfc(values: &[&str]) -> Option<String> {
        let fields: Vec<_> = values.iter().map(|value| ("FORWARDED", *value)).collect();
        client_of(&trusting(ForwardedBy::Forwarded), Some(PROXY), &fields)
    }

    fn is(address: &str) -> Option<String> {
        Some(address.to_string())
    }

    #[test]
    fn a_client_is_not_believed_what_he_says_of_himself() {
        let forged = [("X-Forwarded-For", "192.0.2.1"), ("Forwarded", "for=192.0.2.1")];
        for forwarded_by in [ForwardedBy::XForwardedFor, ForwardedBy::Forwarded] {
            let proxies = trusting(forwarded_by);
            assert_eq!(client_of(&proxies, Some("203.0.113.9"), &forged), is("203.0.113.9"));
            assert_eq!(client_of(&proxies, None, &forged), None, "a Unix socket that is not trusted");
        }
        assert_eq!(client_of(&Proxies::default(), Some(PROXY), &forged), is(PROXY), "no proxy is trusted");
    }

    #[test]
    fn what_stands_to_the_left_of_the_first_untrusted_hop_is_the_clients_to_write() {
        for (values, client) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            (&["192.0.2.1, 203.0.113.9"], "203.0.113.9"),
            (&["192.0.2.1,203.0.113.9 , 10.1.1.1"], "203.0.113.9"),
            (&["192.0.2.1", "203.0.113.9"], "203.0.113.9"),
            (&["192.0.2.1, 203.0.113.9", "10.2.2.2", "10.1.1.1"], "203.0.113.9"),
            (&["nonsense, 203.0.113.9"], "203.0.113.9"),
            (&["10.9.9.9, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
            (&["203.0.113.9,,\t, "], "203.0.113.9"),
            (&["203.0.113.9:4711"], "203.0.113.9"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            (&["2001:db8::1"], "2001:db8::1"),
            (&["[2001:db8::1]:80, 10.1.1.1:80"], "2001:db8::1"),
        ] {
            assert_eq!(by_x(values), is(client), "{values:?}");
        }
    }

    #[test]
    fn where_all_hops_are_trusted_the_first_of_them_is_the_client() {
        assert_eq!(by_x(&["10.3.3.3, 10.2.2.2"]), is("10.3.3.3"));
        assert_eq!(by_x(&[]), is(PROXY), "the proxy's own request, such as a look at its health");
        assert_eq!(by_x(&[" , "]), is(PROXY));
    }

    #[test]
    fn where_a_trusted_proxy_says_what_is_no_address_nobody_knows() {
        for value in
            ["unknown", "192.0.2.1, unknown", "192.0.2.1 203.0.113.9", "\"203.0.113.9\"", "203.0.113", "\u{e9}"]
        {
            assert_eq!(by_x(&[value]), None, "{value}");
        }
        for value in [
            "for=unknown",
            "for=_hidden",
            "for=192.0.2.1, by=203.0.113.9",
            "203.0.113.9",
            "for=203.0.113.9;for=192.0.2.1",
            "for=",
            "for=\"\"",
            "for=\"203.0.113.9",
            "for=203.0.113.9\"",
            "for=\"203.0.113.\\9\"",
            "for=203.0.113.9;",
        ] {
            assert_eq!(by_rfc(&[value]), None, "{value}");
        }
    }

    #[test]
    fn the_standard_header_is_read_in_the_same_way() {
        for (values, client) in [
            (&["for=203.0.113.9"][..], "203.0.113.9"),
            (&["For=\"203.0.113.9:4711\";proto=https;by=10.1.1.1"], "203.0.113.9"),
            (&["for=192.0.2.1, for=203.0.113.9;host=example.com, for=10.1.1.1"], "203.0.113.9"),
            (&["for=192.0.2.1", "proto=http;for=\"[2001:db8::1]:80\""], "2001:db8::1"),
            (&["for=\"[2001:db8::1]\""], "2001:db8::1"),
            (&["for=\"unbalanced, for=203.0.113.9"], "203.0.113.9"),
        ] {
            assert_eq!(by_rfc(values), is(client), "{values:?}");
        }
    }

    #[test]
    fn what_a_client_puts_into_a_quoted_parameter_is_no_hop() {
        // As a proxy writes it that quotes the Host it was given.
        for host in [
            "a, for=192.0.2.1",
            "a, for=192.0.2.1;b=",
            "a, for=192.0.2.1;b=\\\"c",
            "a;for=192.0.2.1",
            ", for=\\\"192.0.2.1",
        ] {
            let value = format!("for=203.0.113.9;host=\"{host}\"");
            assert_eq!(by_rfc(&[&value]), None, "{value}");
        }
    }

    #[test]
    fn only_the_header_that_the_proxies_write_is_read() {
        let fields = [("X-Forwarded-For", "203.0.113.9"), ("Forwarded", "for=192.0.2.1"), ("X-Real-IP", "192.0.2.2")];
        assert_eq!(client_of(&trusting(ForwardedBy::XForwardedFor), Some(PROXY), &fields), is("203.0.113.9"));
        assert_eq!(client_of(&trusting(ForwardedBy::Forwarded), Some(PROXY), &fields), is("192.0.2.1"));
    }

    #[test]
    fn a_unix_socket_can_be_trusted() {
        let proxies = Proxies { trusts_unix: true, ..Proxies::default() };
        assert_eq!(client_of(&proxies, None, &[("X-Forwarded-For", "192.0.2.1, 203.0.113.9")]), is("203.0.113.9"));
        assert_eq!(client_of(&proxies, None, &[]), None);
        assert_eq!(client_of(&proxies, Some(PROXY), &[("X-Forwarded-For", "203.0.113.9")]), is(PROXY));
    }
}
