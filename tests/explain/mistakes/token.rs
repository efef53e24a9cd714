//! With tokens, and with signatures that stand in the body.

use super::{Mistake, is_token};
use crate::explain::delivery::{Delivery, base64};
use hookgate::Scheme;
use hookgate::verify::Encoding;

/// In the order of docs/EXPLAIN.md.
pub(crate) const TOKENS: &[Mistake] = mistakes! {
    "The token's header is not given" => "signature-header-missing": |scheme| {
        in_header(scheme).then(|| Delivery::of(scheme).without(&scheme.signature_headers[0]))
    };
    "The token's header is given twice" => "signature-header-repeated": |scheme| {
        let mut given = Delivery::of(scheme);
        let token = given.fields.last().cloned();
        given.fields.extend(token);
        in_header(scheme).then_some(given)
    };
    "The token is given in another header" => "token-in-other-place": |scheme| {
        is_token(scheme).then(|| in_other_header(scheme, ""))
    };
    "The token is given in another header, behind `Bearer`" => "token-in-other-place": |scheme| {
        is_token(scheme).then(|| in_other_header(scheme, "Bearer "))
    };
    "The token has quotes around it" => "token-quoted": |scheme| {
        is_verbatim(scheme).then(|| Delivery::of(scheme).with_value(|value| format!("\"{value}\"")))
    };
    "The token is written in base64" => "token-in-base64": |scheme| {
        is_verbatim(scheme).then(|| Delivery::of(scheme).with_value(|value| base64(value.as_bytes())))
    };
    "The token has `Bearer` before it, which is none of it" => "signature-prefix-extra": |scheme| {
        is_verbatim(scheme).then(|| Delivery::of(scheme).with_value(|value| format!("Bearer {value}")))
    };
    "User and password are not written in base64" => "token-not-in-base64": |scheme| {
        let secret = Delivery::of(scheme).secret;
        let plain = format!("Basic {}", String::from_utf8(secret).unwrap());
        is_basic(scheme).then(|| Delivery::of(scheme).with_value(|_| plain))
    };
    "User and password lack `Basic` before them" => "signature-prefix-missing": |scheme| {
        is_basic(scheme).then(|| Delivery::of(scheme).with_value(|value| value.replace("Basic ", "")))
    };
    "User and password are behind `basic`" => "signature-prefix-case": |scheme| {
        is_basic(scheme).then(|| Delivery::of(scheme).with_value(|value| value.replace("Basic ", "basic ")))
    };
    "User and password are behind `Bearer`" => "signature-prefix-other": |scheme| {
        is_basic(scheme).then(|| Delivery::of(scheme).with_value(|value| value.replace("Basic ", "Bearer ")))
    };
    "The body does not hold its signature, or token" => "signature-header-missing": |scheme| {
        changed(scheme, |body, name| body.replace(&format!("\"{name}\":"), "\"other\":"))
    };
    "The body holds its signature, or token, twice" => "signature-header-repeated": |scheme| {
        changed(scheme, |body, name| body.replace(&format!("\"{name}\":\""), &format!("\"{name}\":\"x\",\"{name}\":\"")))
    };
    "The body with its signature, or token, is cut off" => "body-unreadable": |scheme| {
        changed(scheme, |body, _| body[..body.len() - 1].to_string())
    };
    "Every character of the signature, or token, is another" => "unknown": |scheme| {
        let given = Delivery::of(scheme);
        if in_header(scheme) {
            let other = |value: &str| match value.strip_prefix("Basic ") {
                Some(_) => "Basic AAAA".to_string(),
                None => "0".repeat(value.len()),
            };
            return Some(given.with_value(other));
        }
        changed(scheme, |body, name| body.replace(&format!("\"{name}\":\""), &format!("\"{name}\":\"0")))
    };
};

fn in_header(scheme: &Scheme) -> bool {
    !scheme.signature_headers.is_empty()
}

fn is_verbatim(scheme: &Scheme) -> bool {
    in_header(scheme) && scheme.encoding == Encoding::Verbatim
}

fn is_basic(scheme: &Scheme) -> bool {
    in_header(scheme) && scheme.encoding == Encoding::Base64
}

/// The token in another header, as it is written, behind `before`.
fn in_other_header(scheme: &Scheme, before: &str) -> Delivery {
    let mut given = Delivery::of(scheme);
    let token = match given.fields.pop() {
        Some((_, value)) => value.strip_prefix("Basic ").unwrap_or(&value).to_string(),
        None => {
            given.body = b"{\"value\":[{}]}".to_vec();
            String::from_utf8(given.secret.clone()).unwrap()
        }
    };
    given.fields.push(("X-Other".to_string(), format!("{before}{token}")));
    given
}

/// A body with its signature in it that was changed, by the name that it stands under.
fn changed(scheme: &Scheme, change: impl FnOnce(&str, &str) -> String) -> Option<Delivery> {
    let in_body = scheme.signature_in_body.as_ref()?;
    let given = Delivery::of(scheme);
    let body = change(std::str::from_utf8(&given.body).unwrap(), in_body.signature.rsplit('/').next().unwrap());
    Some(given.with_body(body))
}
