//! With URLs.

use super::Mistake;
use crate::explain::delivery::{Delivery, QUERY, Sender, URL};
use hookgate::Scheme;
use hookgate::verify::Piece;

/// In the order of docs/EXPLAIN.md.
pub(crate) const URLS: &[Mistake] = mistakes! {
    "The URL is http for https" => "url-scheme": |scheme| posted_to(scheme, "http://example.com:8443/hooks/in", URL);
    "The URL is https for http" => "url-scheme": |scheme| posted_to(scheme, URL, "http://example.com:8443/hooks/in");
    "The URL has a port that was not signed" => "url-port": |scheme| with_port(scheme, URL, "https://example.com/hooks/in");
    "The URL lacks `:443`, which was signed" => "url-port": |scheme| {
        with_port(scheme, "https://example.com/hooks/in", "https://example.com:443/hooks/in")
    };
    "The URL lacks another port, which was signed" => "url-port": |scheme| with_port(scheme, "https://example.com/hooks/in", URL);
    "The URL has a slash at its end" => "url-trailing-slash": |scheme| posted_to(scheme, &format!("{URL}/"), URL);
    "The URL lacks the slash at its end" => "url-trailing-slash": |scheme| posted_to(scheme, URL, &format!("{URL}/"));
    "The query was not signed" => "url-query": |scheme| {
        let sender = Sender { url: URL.to_string(), ..Sender::of(scheme) };
        scheme.covers_url().then(|| sender.to(scheme))
    };
    "The query was lost on the way" => "url-query": |scheme| {
        scheme.covers_url().then(|| Delivery { target: "/hooks/in".to_string(), ..Delivery::of(scheme) })
    };
    "The URL is http for https, and has a port that was not signed" => "url": |scheme| {
        with_port(scheme, "http://example.com:8080/hooks/in", "https://example.com/hooks/in")
    };
    "The URL is of another host" => "unknown": |scheme| posted_to(scheme, URL, "https://example.net:8443/hooks/in");
};

/// Sent to a URL with its query, and judged by another.
fn posted_to(scheme: &Scheme, configured: &str, signed: &str) -> Option<Delivery> {
    let sender = Sender { url: format!("{signed}{QUERY}"), ..Sender::of(scheme) };
    scheme.covers_url().then(|| Delivery { url: configured.to_string(), ..sender.to(scheme) })
}

/// The same, where the port matters: Twilio signs it or doesn't, and either is taken.
fn with_port(scheme: &Scheme, configured: &str, signed: &str) -> Option<Delivery> {
    posted_to(scheme, configured, signed).filter(|_| !scheme.template.contains(&Piece::UrlAnyPort))
}
