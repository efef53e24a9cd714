//! Networks of addresses, as they are written: `192.0.2.0/24`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network of IPv4 or IPv6, or one address (RFC 4632 §3.1, RFC 4291 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its first address, as a number of IPv6: of IPv4 the mapped one (RFC 4291 §2.5.5.2).
    first: u128,
    /// How many bits its addresses have in common, of those 128.
    common_bits: u32,
    is_v4: bool,
}

/// What is no network, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvalidNetwork {
    /// Not an address, or one with something else behind it than `/` and a number of bits that it can have.
    Malformed,
    /// Bits are set behind those that are in common: the network that was meant may be this one.
    HostBits(Network),
}

/// How many bits of a mapped address come before those of IPv4.
const MAPPED_BITS: u32 = 96;

impl Network {
    /// Whether `address` is in it. An IPv4 address in IPv6's form is the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.is_v4 && self.first == number(address) & mask(self.common_bits)
    }
}

/// An address as a number of IPv6.
pub(super) fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_ipv6_mapped()),
        IpAddr::V6(address) => u128::from(address),
    }
}

fn mask(bits: u32) -> u128 {
    // Shifting by all 128 is no number of Rust's.
    u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0)
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork::Malformed)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            // A sign or a leading zero is no number of bits.
            Some(bits) if bits.len() <= 3 && bits.bytes().all(|byte| byte.is_ascii_digit()) => {
                bits.parse().map_err(|_| InvalidNetwork::Malformed)?
            }
            Some(_) => return Err(InvalidNetwork::Malformed),
        };
        if bits > most {
            return Err(InvalidNetwork::Malformed);
        }
        // ::ffff:192.0.2.0/120 is 192.0.2.0/24: so are the addresses that it is held against.
        let (canonical, mapped) = (address.to_canonical(), address.is_ipv6() && bits >= MAPPED_BITS);
        let (address, is_v4) = if mapped { (canonical, canonical.is_ipv4()) } else { (address, address.is_ipv4()) };
        let common_bits = bits + if address.is_ipv4() && most == 32 { MAPPED_BITS } else { 0 };
        let first = number(address) & mask(common_bits);
        let network = Network { first, common_bits, is_v4 };
        if first == number(address) { Ok(network) } else { Err(InvalidNetwork::HostBits(network)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = Ipv6Addr::from(self.first);
        match first.to_ipv4_mapped().filter(|_| self.is_v4) {
            Some(first) => write_network(f, first, self.common_bits.saturating_sub(MAPPED_BITS), Ipv4Addr::BITS),
            None => write_network(f, first, self.common_bits, Ipv6Addr::BITS),
        }
    }
}

fn write_network(f: &mut fmt::Formatter<'_>, first: impl fmt::Display, bits: u32, most: u32) -> fmt::Result {
    if bits == most { write!(f, "{first}") } else { write!(f, "{first}/{bits}") }
}

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidNetwork::Malformed => f.write_str("it is no address and no network such as 192.0.2.0/24"),
            InvalidNetwork::HostBits(network) => {
                write!(f, "it has bits set behind those of the network; the network is {network}")
            }
        }
    }
}

impl std::error::Error for InvalidNetwork {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_a_network_that_shares_its_first_bits() {
        for (network, inside, outside) in [
            (
                "192.0.2.0/24",
                &["192.0.2.0", "192.0.2.255", "::ffff:192.0.2.1"][..],
                &["192.0.3.0", "192.0.1.255", "::1"][..],
            ),
            ("192.0.2.7", &["192.0.2.7", "::ffff:192.0.2.7"], &["192.0.2.6", "192.0.2.8"]),
            ("0.0.0.0/0", &["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], &["::", "2001:db8::1"]),
            ("::/0", &["::", "2001:db8::1"], &["192.0.2.1", "::ffff:192.0.2.1"]),
            ("2001:db8::/32", &["2001:db8::", "2001:db8:ffff::1"], &["2001:db9::", "2001:db7:ffff::"]),
            ("::ffff:192.0.2.0/120", &["192.0.2.1", "::ffff:192.0.2.255"], &["192.0.3.1", "::1"]),
            ("128.0.0.0/1", &["128.0.0.0", "255.1.1.1"], &["127.255.255.255"]),
        ] {
            let network: Network = network.parse().unwrap();
            for (addresses, is_inside) in [(inside, true), (outside, false)] {
                for address in addresses {
                    assert_eq!(network.contains(address.parse().unwrap()), is_inside, "{address} in {network}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for text in [
            "",
            "/",
            "192.0.2.0/",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/+8",
            "192.0.2.0/-1",
            "192.0.2/24",
            "1/8",
            "192.0.2.0/24/24",
            " 192.0.2.0/24",
            "192.0.2.0/24 ",
            "example.com",
            "[::1]",
            "192.0.2.1:80",
            "::/0x1",
            "192.0.2.0/4294967304",
        ] {
            assert_eq!(text.parse::<Network>(), Err(InvalidNetwork::Malformed), "{text}");
        }
    }

    #[test]
    fn bits_behind_the_network_are_refused_with_the_network_that_may_be_meant() {
        for (text, meant) in
            [("192.0.2.1/24", "192.0.2.0/24"), ("2001:db8::1/32", "2001:db8::/32"), ("1.0.0.0/0", "0.0.0.0/0")]
        {
            let refused = text.parse::<Network>();
            assert_eq!(refused, Err(InvalidNetwork::HostBits(meant.parse().unwrap())), "{text}");
            assert!(refused.unwrap_err().to_string().ends_with(&format!("the network is {meant}")));
        }
    }

    #[test]
    fn a_network_is_written_as_it_was_read() {
        for text in ["192.0.2.0/24", "192.0.2.7", "0.0.0.0/0", "::/0", "2001:db8::/32", "::1"] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), text);
        }
    }
}
