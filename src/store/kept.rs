//! What of a request is kept, and how it is written. The one place that leaves secrets out.

use crate::base64;
use crate::json;
use crate::request::{Head, Header};
use crate::verify::{Scheme, SecretPlace};

/// Header fields that hold what lets somebody in, whatever the scheme (RFC 9110 §11.6.2 and §11.7.2, RFC 6265 §4.2).
const SECRET_HEADERS: [&str; 3] = ["Authorization", "Proxy-Authorization", "Cookie"];

/// What stands for a value of the query that is left out.
const LEFT_OUT: &str = "***";

/// Whether the header field called `name` is kept of a request under `scheme`.
fn is_kept(scheme: &Scheme, name: &str) -> bool {
    let is_secret =
        |place: SecretPlace<'_>| matches!(place, SecretPlace::Header(secret) if secret.eq_ignore_ascii_case(name));
    !SECRET_HEADERS.iter().any(|secret| secret.eq_ignore_ascii_case(name))
        && !scheme.secret_places().into_iter().any(is_secret)
}

/// Appends the header fields that are kept, in order, to `out`: a JSON array of `[name, value]`. A value that is not UTF-8 is
/// `{"base64":"…"}`.
pub(super) fn write_headers(scheme: &Scheme, headers: &[Header<'_>], out: &mut Vec<u8>) {
    out.push(b'[');
    let start = out.len();
    for header in headers.iter().filter(|header| is_kept(scheme, header.name)) {
        if out.len() > start {
            out.push(b',');
        }
        out.push(b'[');
        json::write_string(header.name, out);
        out.push(b',');
        match std::str::from_utf8(header.value) {
            Ok(value) => json::write_string(value, out),
            Err(_) => {
                out.extend_from_slice(b"{\"base64\":\"");
                base64::write(header.value, out);
                out.extend_from_slice(b"\"}");
            }
        }
        out.push(b']');
    }
    out.push(b']');
}

/// Appends the request target to `out`. Under a scheme that signs the URL it is what came; elsewhere the values of its query are
/// left out: what nobody signed is where people put tokens.
pub(super) fn write_target(scheme: &Scheme, head: &Head<'_>, out: &mut String) {
    let (path, query) = head.target.split_once('?').unwrap_or((head.target, ""));
    if query.is_empty() || scheme.covers_url() {
        return out.push_str(head.target);
    }
    out.push_str(path);
    for (number, pair) in query.split('&').enumerate() {
        out.push(if number == 0 { '?' } else { '&' });
        match pair.split_once('=') {
            Some((name, _)) => {
                out.push_str(name);
                out.push('=');
                out.push_str(LEFT_OUT);
            }
            None if pair.is_empty() => {}
            // A value without a name may be all there is: /webhook?token
            None => out.push_str(LEFT_OUT),
        }
    }
}

/// The header fields that `text` holds, as [`write_headers`] writes them; nothing where it is not of that form.
pub(super) fn read_headers(text: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let fields: Vec<(String, serde_json::Value)> = serde_json::from_str(text).ok()?;
    let value = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.into_bytes()),
        serde_json::Value::Object(object) => base64::decode(object.get("base64")?.as_str()?.as_bytes()).ok(),
        _ => None,
    };
    fields.into_iter().map(|(name, kept)| Some((name, value(kept)?))).collect()
}
