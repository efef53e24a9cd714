//! Addresses to listen on, as they are written: what is none, and which of them are in each other's way. Names of hosts are looked
//! up elsewhere.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// Why nobody can listen on an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidAddress {
    /// It has no port behind its host, or one that is no number to 65535.
    NoPort,
    /// Before the port is no name of a host, and no address.
    NoHost,
    /// It is `unix:` without a path.
    NoPath,
    /// It is a Unix socket with TLS.
    TlsOnUnix,
    /// What it stands for is listened on already, by the address of this number.
    Taken(usize),
}

/// What an address stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place<'a> {
    Port(&'a str, u16),
    File(&'a str),
    /// Sockets of systemd's, of this name or all.
    Passed(Option<&'a str>),
}

/// Those of `addresses` that cannot be listened on, by number, each with the reason. The first of two that are in each other's way
/// can.
#[must_use]
pub fn invalid_addresses(addresses: &[String]) -> Vec<(usize, InvalidAddress)> {
    let mut invalid = Vec::new();
    let mut places: Vec<(usize, Place<'_>)> = Vec::new();
    for (number, address) in addresses.iter().enumerate() {
        match place(address) {
            Err(why) => invalid.push((number, why)),
            Ok(place) => match places.iter().find(|(_, other)| are_one(*other, place)) {
                Some((first, _)) => invalid.push((number, InvalidAddress::Taken(*first))),
                None => places.push((number, place)),
            },
        }
    }
    invalid
}

fn place(address: &str) -> Result<Place<'_>, InvalidAddress> {
    let plain = address.strip_prefix("https://");
    let (has_tls, plain) = (plain.is_some(), plain.unwrap_or(address));
    match plain.strip_prefix("unix:") {
        Some(_) if has_tls => return Err(InvalidAddress::TlsOnUnix),
        Some(path) if path.is_empty() || path.contains('\0') => return Err(InvalidAddress::NoPath),
        Some(path) => return Ok(Place::File(path)),
        None => {}
    }
    match plain.strip_prefix("systemd") {
        Some("") => return Ok(Place::Passed(None)),
        Some(name) if name.starts_with(':') => return Ok(Place::Passed(name.get(1..))),
        _ => {}
    }
    let (host, port) = plain.rsplit_once(':').ok_or(InvalidAddress::NoPort)?;
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    let port = port.parse().ok().filter(|_| is_number).ok_or(InvalidAddress::NoPort)?;
    let is_host = |byte: u8| byte.is_ascii_graphic() && !b"/?#@,\"'".contains(&byte);
    if host.is_empty() || !host.bytes().all(is_host) {
        return Err(InvalidAddress::NoHost);
    }
    Ok(Place::Port(host, port))
}

/// Whether who listens on one cannot listen on the other.
fn are_one(one: Place<'_>, other: Place<'_>) -> bool {
    match (one, other) {
        // Port 0 is another one each time.
        (Place::Port(_, 0), _) => false,
        (Place::Port(host, port), Place::Port(others_host, others_port)) => {
            port == others_port && are_one_host(host, others_host)
        }
        // All that are left, where it comes second: whether any are is known when they are passed.
        (Place::Passed(None), Place::Passed(_)) => true,
        _ => one == other,
    }
}

/// Of an address that stands for all of its kind every other one is a part. `[::]` is listened on without IPv4.
fn are_one_host(one: &str, other: &str) -> bool {
    match (ip(one), ip(other)) {
        (Some(one), Some(other)) => {
            one == other || (one.is_ipv4() == other.is_ipv4() && (one.is_unspecified() || other.is_unspecified()))
        }
        _ => one.eq_ignore_ascii_case(other),
    }
}

fn ip(host: &str) -> Option<IpAddr> {
    let bracketed = || host.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    host.parse().ok().or_else(bracketed)
}

impl fmt::Display for InvalidAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            InvalidAddress::NoPort => "it has no port from 0 to 65535 at its end",
            InvalidAddress::NoHost => "it names no host before its port",
            InvalidAddress::NoPath => "it names no file",
            InvalidAddress::TlsOnUnix => {
                "TLS on a Unix socket keeps out nobody: who may open the socket is up to its file's mode"
            }
            InvalidAddress::Taken(_) => "it is listened on already, by another one",
        })
    }
}

impl std::error::Error for InvalidAddress {}

#[cfg(test)]
mod tests {
    use super::InvalidAddress::{NoHost, NoPath, NoPort, Taken, TlsOnUnix};
    use super::*;

    fn invalid(addresses: &[&str]) -> Vec<(usize, InvalidAddress)> {
        invalid_addresses(&addresses.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn what_can_be_listened_on_is_not_told_of() {
        for address in [
            "127.0.0.1:5000",
            "0.0.0.0:0",
            "[::1]:65535",
            "localhost:80",
            "a-host.example:80",
            "https://[::]:443",
            "unix:/run/hookgate.sock",
            "unix:beside",
            "systemd",
            "systemd:web",
            "https://systemd:web",
            "systemd.example:80",
        ] {
            assert_eq!(invalid(&[address]), [], "{address}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_with_the_reason() {
        for (address, why) in [
            ("", NoPort),
            ("nonsense", NoPort),
            ("127.0.0.1", NoPort),
            ("127.0.0.1:", NoPort),
            ("127.0.0.1:65536", NoPort),
            ("127.0.0.1:+1", NoPort),
            ("127.0.0.1:-1", NoPort),
            ("127.0.0.1:http", NoPort),
            (":5000", NoHost),
            ("http://127.0.0.1:5000", NoHost),
            ("https://https://a:1", NoHost),
            ("a b:5000", NoHost),
            ("127.0.0.1:5000, 127.0.0.1:5001", NoHost),
            ("unix:", NoPath),
            ("https://unix:/run/x", TlsOnUnix),
            ("systemdx", NoPort),
        ] {
            assert_eq!(invalid(&[address]), [(0, why)], "{address}");
        }
    }

    #[test]
    fn addresses_that_are_in_each_others_way_are_told_of() {
        for pair in [
            ["127.0.0.1:5000", "127.0.0.1:5000"],
            ["127.0.0.1:5000", "https://127.0.0.1:5000"],
            ["127.0.0.1:5000", "0.0.0.0:5000"],
            ["0.0.0.0:5000", "127.0.0.1:5000"],
            ["[::]:5000", "[::1]:5000"],
            ["[::1]:5000", "[0:0::1]:5000"],
            ["localhost:5000", "LOCALHOST:5000"],
            ["unix:/a", "unix:/a"],
            ["systemd", "systemd"],
            ["systemd", "https://systemd:web"],
            ["systemd:web", "systemd:web"],
        ] {
            assert_eq!(invalid(&pair), [(1, Taken(0))], "{pair:?}");
        }
        for pair in [
            ["127.0.0.1:5000", "127.0.0.1:5001"],
            ["127.0.0.1:5000", "127.0.0.2:5000"],
            ["127.0.0.1:0", "127.0.0.1:0"],
            ["0.0.0.0:5000", "[::]:5000"],
            ["unix:/a", "unix:/b"],
            ["systemd:web", "systemd"],
            ["systemd:a", "systemd:b"],
        ] {
            assert_eq!(invalid(&pair), [], "{pair:?}");
        }
    }
}
