//! Who a request came from: nobody who is not trusted has a say in it.

use hookgate::access::{ForwardedBy, Proxies};
use hookgate::{Head, Header};
use std::net::IpAddr;

/// Checks any bytes: the value of a header, up to each line end one.
pub(crate) fn check_bytes(data: &[u8]) {
    let values: Vec<&[u8]> = data.split(|byte| *byte == b'\n').collect();
    for (forwarded_by, name) in [(ForwardedBy::XForwardedFor, "X-Forwarded-For"), (ForwardedBy::Forwarded, "Forwarded")]
    {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
        let proxies = Proxies { trusted: networks.to_vec(), trusts_unix: false, forwarded_by };
        let client = |values: &[&[u8]], peer: Option<IpAddr>| {
            let headers: Vec<_> = values.iter().map(|value| Header { name, value }).collect();
            proxies.client(&Head { method: "POST", target: "/", headers: &headers }, peer)
        };
        let proxy: IpAddr = [10, 0, 0, 1].into();
        let stranger: IpAddr = [203, 0, 113, 9].into();
        assert_eq!(client(&values, Some(stranger)), Some(stranger), "he speaks for himself");
        assert_eq!(client(&values, None), None, "a Unix socket that is not trusted");
        let is_trusted = |address: IpAddr| proxies.trusted.iter().any(|network| network.contains(address));
        // The client writes all that it likes; the proxy appends whom it had it from, as one field or two.
        let appended = match forwarded_by {
            ForwardedBy::XForwardedFor => "203.0.113.9",
            ForwardedBy::Forwarded => "for=203.0.113.9",
        };
        let apart: Vec<&[u8]> = values.iter().copied().chain([appended.as_bytes()]).collect();
        assert_eq!(client(&apart, Some(proxy)), Some(stranger), "{data:?}");
        let joined = [data, b", ", appended.as_bytes()].concat();
        let joined: Vec<&[u8]> = joined.split(|byte| *byte == b'\n').collect();
        assert_eq!(client(&joined, Some(proxy)), Some(stranger), "{data:?}");
        // Whom they name without us knowing is the first that is not trusted from the right; what comes before changes nothing.
        if let Some(found) = client(&values, Some(proxy)).filter(|found| !is_trusted(*found)) {
            let more: Vec<&[u8]> = [b"192.0.2.1".as_slice()].into_iter().chain(values.iter().copied()).collect();
            assert_eq!(client(&more, Some(proxy)), Some(found), "{data:?}");
        }
    }
}
