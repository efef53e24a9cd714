//! What is signed other than pieces of a request: forms, URLs of two kinds, tokens. Off the way of those that are.

use super::form::Form;
use super::jwt::Jwt;
use super::key::{Keyed, MacBytes, UnusableSecret};
use super::scheme::{Algorithm, Piece, Scheme};
use super::secret::Secret;
use super::signature::Parts;
use super::text::Text;
use super::{Refusal, Verified, Verifier};
use crate::request::Request;
use crate::time::UnixTime;
use sha2::{Digest, Sha256};

/// `key` for each algorithm that tokens of `scheme` may be signed with beside its own.
///
/// # Errors
/// As of [`Keyed::new`].
pub(super) fn keys(scheme: &Scheme, key: &Secret) -> Result<Vec<(Algorithm, Keyed)>, UnusableSecret> {
    let others = scheme.jwt.iter().flat_map(|jwt| &jwt.other_algorithms);
    others.map(|algorithm| Ok((*algorithm, Keyed::new(*algorithm, key)?))).collect()
}

/// `url` as `scheme` signs it, and as it signs it too, where it signs either: without and with the port of its own scheme, as
/// Twilio's libraries try it (twilio-node, src/webhooks/webhooks.ts: "signature generation on the back end is inconsistent").
pub(super) fn urls(scheme: &Scheme, url: &str) -> (String, Option<String>) {
    let parts = url.split_once("://").filter(|_| scheme.template.contains(&Piece::UrlAnyPort));
    let Some((name, rest)) = parts else { return (url.to_string(), None) };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    // A colon in the credentials, or in the brackets of an IPv6 address, is before no port.
    let host_at = authority.rfind('@').map_or(0, |at| at + 1);
    let colon =
        authority.rfind(':').filter(|at| *at >= host_at && !authority.get(*at..).unwrap_or_default().contains(']'));
    let (host, port) = authority.split_at(colon.unwrap_or(authority.len()));
    let usual = if name == "https" { ":443" } else { ":80" };
    let port = if port.is_empty() { usual } else { port };
    (format!("{name}://{host}{path}"), Some(format!("{name}://{host}{port}{path}")))
}

impl Verifier {
    /// [`Verifier::verify`] for such a scheme, whose head is read.
    #[cold]
    #[inline(never)]
    pub(super) fn verify_otherwise<'a>(
        &'a self,
        request: &Request<'a>,
        parts: &Parts<'a>,
        now: UnixTime,
    ) -> Result<Verified<'a>, Refusal> {
        if let Some(jwt) = &self.scheme.jwt {
            return self.verify_token(jwt, request, parts.token(), now);
        }
        let form = Form::read(&self.scheme, request)?;
        let text = Text { form: Some(&form), ..Text::new(request, (parts.timestamp, parts.id), &self.url) };
        let with_port = self.url_with_port.as_ref().map(|url| Text { url, ..text });
        let mut first = MacBytes::EMPTY;
        let matching = self.keys.iter().enumerate().find(|(at, key)| {
            let (is_right, mac) = key.keyed.judge(&self.scheme, &text, parts);
            if *at == 0 {
                // Whichever URL was signed: the same delivery has one MAC.
                first = mac;
            }
            is_right || with_port.as_ref().is_some_and(|text| key.keyed.judge(&self.scheme, text, parts).0)
        });
        let Some((_, key)) = matching else { return Err(Refusal::SignatureMismatch) };
        if let (Some(rule), Some(signed_at)) = (&self.scheme.timestamp, parts.moment) {
            rule.judge(signed_at, now)?;
        }
        Ok(Verified {
            request: *request,
            scheme: &self.scheme,
            secret_label: &key.label,
            keyed: &key.keyed,
            id: parts.id,
            mac: first,
        })
    }

    fn verify_token<'a>(
        &'a self,
        jwt: &Jwt,
        request: &Request<'a>,
        text: &'a [u8],
        now: UnixTime,
    ) -> Result<Verified<'a>, Refusal> {
        let token = jwt.read(&self.scheme, text)?;
        let is_right = |key: &&super::Key| {
            let mut others = key.others.iter();
            let keyed = match token.algorithm == self.scheme.algorithm {
                true => Some(&key.keyed),
                false => others.find(|(algorithm, _)| *algorithm == token.algorithm).map(|(_, keyed)| keyed),
            };
            keyed.is_some_and(|keyed| keyed.has_signed(token.signed, &token.signature))
        };
        let key = self.keys.iter().find(is_right).ok_or(Refusal::SignatureMismatch)?;
        jwt.judge(&self.scheme, text, (&request.head, self.url.as_str(), request.body), now)?;
        Ok(Verified {
            request: *request,
            scheme: &self.scheme,
            secret_label: &key.label,
            keyed: &key.keyed,
            id: text,
            // What was signed is the same under any secret.
            mac: MacBytes::of(&Sha256::digest(token.signed)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::preset;
    use super::*;

    #[test]
    fn a_url_of_either_port_is_signed_without_and_with_it() {
        let twilio = preset("twilio").unwrap();
        for (url, without, with) in [
            ("https://a.example/x", "https://a.example/x", "https://a.example:443/x"),
            ("http://a.example", "http://a.example", "http://a.example:80"),
            ("http://a.example:80/x", "http://a.example/x", "http://a.example:80/x"),
            ("https://a.example:8443/x", "https://a.example/x", "https://a.example:8443/x"),
            (
                "https://user:pass@a.example/x:1",
                "https://user:pass@a.example/x:1",
                "https://user:pass@a.example:443/x:1",
            ),
            ("https://user:pass@a.example:1/", "https://user:pass@a.example/", "https://user:pass@a.example:1/"),
            ("https://[::1]/", "https://[::1]/", "https://[::1]:443/"),
            ("https://[::1]:5/", "https://[::1]/", "https://[::1]:5/"),
        ] {
            assert_eq!(urls(&twilio, url), (without.to_string(), Some(with.to_string())), "{url}");
        }
        let square = preset("square").unwrap();
        assert_eq!(urls(&square, "https://a.example:443/"), ("https://a.example:443/".to_string(), None));
    }
}
