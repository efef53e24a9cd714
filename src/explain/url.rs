//! Other URLs that the provider may have been given.

use super::cause::Cause;
use super::tries::Tries;
use crate::request::{Head, Request};
use crate::verify::Verifier;

/// A URL without its query, in the parts that are got wrong.
struct Parts<'a> {
    is_secure: bool,
    host: &'a str,
    port: Option<&'a str>,
    path: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // A colon inside brackets is of an IPv6 address, and one before an @ of the credentials.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains([']', '@']) => (host, Some(port)),
            _ => (authority, None),
        };
        Some(Parts { is_secure: scheme == "https", host, port, path })
    }
}

/// Whether the request is right with another scheme, port, slash at the end, or without its query: one of them changed, then
/// several.
pub(super) fn variants(tries: &mut Tries<'_>) -> Option<Cause> {
    let question = tries.question;
    let parts = question.url.filter(|_| question.scheme.covers_url()).and_then(Parts::of)?;
    let mut variants = Vec::new();
    for (other_scheme, is_secure) in [(false, parts.is_secure), (true, !parts.is_secure)] {
        let scheme = if is_secure { "https" } else { "http" };
        let usual = if is_secure { "443" } else { "80" };
        let other_port = if parts.port.is_some() { None } else { Some(usual) };
        for (other_port, port) in [(false, parts.port), (true, other_port)] {
            let port = port.map_or_else(String::new, |port| format!(":{port}"));
            let other_path = parts.path.strip_suffix('/').map_or_else(|| format!("{}/", parts.path), str::to_string);
            for (other_slash, path) in [(false, parts.path), (true, other_path.as_str())] {
                let url = format!("{scheme}://{}{port}{path}", parts.host);
                for without_query in [false, true] {
                    variants.push((url.clone(), [other_scheme, other_port, other_slash, without_query]));
                }
            }
        }
    }
    let count = |changes: &[bool; 4]| changes.iter().filter(|change| **change).count();
    variants.retain(|(_, changes)| count(changes) > 0 && (!changes[3] || question.request.head.query().is_some()));
    variants.sort_by_key(|(_, changes)| count(changes));
    let (_, changes) = variants.into_iter().find(|(url, [.., without_query])| {
        let verifier =
            Verifier::accepting_uncovered_body(tries.scheme.clone(), tries.secrets.iter().cloned(), Some(url));
        let head = question.request.head;
        let target = if *without_query { head.target.split('?').next().unwrap_or_default() } else { head.target };
        let request = Request { head: Head { target, ..head }, body: question.request.body };
        verifier.is_ok_and(|verifier| tries.holds(&verifier, &request))
    })?;
    let names = ["http or https", "port", "trailing slash", "query"];
    Some(Cause::Url(names.into_iter().zip(changes).filter_map(|(name, is)| is.then_some(name)).collect()))
}
