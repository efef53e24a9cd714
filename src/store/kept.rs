//! What of a request is kept, and how it is written. The one place that leaves secrets out.

use crate::base64;
use crate::json;
use crate::payload::Payload;
use crate::request::{Head, Header};
use crate::verify::{Scheme, SecretPlace};
use std::borrow::Cow;

/// Header fields that hold what lets somebody in, whatever the scheme (RFC 9110 §11.6.2 and §11.7.2, RFC 6265 §4.2), and the one
/// in which GitHub sent the secret itself, in base64, with some deliveries up to January 2026 (docs/FAILURES.md).
const SECRET_HEADERS: [&str; 4] = ["Authorization", "Proxy-Authorization", "Cookie", "X-GitHub-Encoded-Secret"];

/// What stands for a value of the query that is left out.
const LEFT_OUT: &str = "***";

/// Whether the header field called `name` is kept of a request under a scheme with secrets in these places.
fn is_kept(places: &[SecretPlace<'_>], name: &str) -> bool {
    let is_token =
        |place: &SecretPlace<'_>| matches!(place, SecretPlace::Header(token) if token.eq_ignore_ascii_case(name));
    !SECRET_HEADERS.iter().any(|secret| secret.eq_ignore_ascii_case(name)) && !places.iter().any(is_token)
}

/// The body that is kept: what came, unless the scheme has a token in the JSON that it is. Then that is left out.
pub(super) fn body<'b>(scheme: &Scheme, payload: &'b Payload<'_>, body: &'b [u8]) -> Cow<'b, [u8]> {
    match payload {
        Payload::Json(text) if text.as_str().as_bytes() == body => match scheme.redacted(text.as_str()) {
            Cow::Borrowed(_) => Cow::Borrowed(body),
            Cow::Owned(redacted) => Cow::Owned(redacted.into_bytes()),
        },
        _ => Cow::Borrowed(body),
    }
}

/// Appends the header fields that are kept, in order, to `out`: a JSON array of `[name, value]`. A value that is not UTF-8 is
/// `{"base64":"…"}`.
pub(super) fn write_headers(scheme: &Scheme, headers: &[Header<'_>], out: &mut Vec<u8>) {
    let places = scheme.secret_places();
    out.push(b'[');
    let start = out.len();
    for header in headers.iter().filter(|header| is_kept(&places, header.name)) {
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
    if text == "[]" {
        return Some(Vec::new());
    }
    let fields: Vec<(String, serde_json::Value)> = serde_json::from_str(text).ok()?;
    let value = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => Some(text.into_bytes()),
        serde_json::Value::Object(object) => base64::decode(object.get("base64")?.as_str()?.as_bytes()).ok(),
        _ => None,
    };
    fields.into_iter().map(|(name, kept)| Some((name, value(kept)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::verify::{Piece, preset};

    fn github() -> Scheme {
        preset("github").unwrap()
    }

    fn headers(scheme: &Scheme, fields: &[(&str, &[u8])]) -> String {
        let fields: Vec<Header<'_>> = fields.iter().map(|(name, value)| Header { name, value }).collect();
        let mut out = Vec::new();
        write_headers(scheme, &fields, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn target(scheme: &Scheme, target: &str) -> String {
        let mut out = String::new();
        write_target(scheme, &Head { method: "POST", target, headers: &[] }, &mut out);
        out
    }

    #[test]
    fn fields_are_read_as_they_are_written_in_order_whatever_their_bytes() {
        let fields: [(&str, &[u8]); 4] =
            [("B", b"2 \"\\\t"), ("a", b"\xff\x00"), ("B", "\u{e9}".as_bytes()), ("c", b"")];
        let text = headers(&github(), &fields);
        assert_eq!(text, "[[\"B\",\"2 \\\"\\\\\\t\"],[\"a\",{\"base64\":\"/wA=\"}],[\"B\",\"\u{e9}\"],[\"c\",\"\"]]");
        let read = read_headers(&text).unwrap();
        let expected: Vec<_> = fields.iter().map(|(name, value)| (name.to_string(), value.to_vec())).collect();
        assert_eq!(read, expected);
        for broken in ["", "{}", "[[\"a\"]]", "[[\"a\",1]]", "[[\"a\",{}]]", "[[\"a\",{\"base64\":\"!\"}]]"] {
            assert_eq!(read_headers(broken), None, "{broken}");
        }
    }

    #[test]
    fn fields_that_let_somebody_in_are_left_out() {
        let fields: [(&str, &[u8]); 6] = [
            ("authorization", b"x"),
            ("Proxy-Authorization", b"x"),
            ("COOKIE", b"x"),
            ("X-Github-Encoded-Secret", b"x"),
            ("x-gitlab-token", b"x"),
            ("D", b"y"),
        ];
        assert_eq!(headers(&preset("gitlab-token").unwrap(), &fields), r#"[["D","y"]]"#);
        assert_eq!(headers(&github(), &fields), r#"[["x-gitlab-token","x"],["D","y"]]"#);
    }

    #[test]
    fn a_token_in_the_body_is_left_out_and_another_body_is_kept_as_it_came() {
        let text = br#"{ "value": [{"clientState":"planted","x":1}] }"#;
        let payload = Payload::Json(json::read(text).unwrap());
        let kept = body(&preset("microsoft-graph").unwrap(), &payload, text).into_owned();
        assert_eq!(String::from_utf8(kept).unwrap(), r#"{ "value": [{"clientState":"[redacted]","x":1}] }"#);
        assert_eq!(body(&github(), &payload, text), Cow::Borrowed(&text[..]));
    }

    #[test]
    fn values_of_a_query_are_left_out_unless_they_are_signed() {
        for (came, kept) in [
            ("/a", "/a"),
            ("/a?", "/a?"),
            ("/a?b=c&d", "/a?b=***&***"),
            ("/a?token", "/a?***"),
            ("/a?&b==c&", "/a?&b=***&"),
            ("http://h/a?b=c", "http://h/a?b=***"),
        ] {
            assert_eq!(target(&github(), came), kept);
        }
        let signed = Scheme { template: vec![Piece::Url, Piece::Body], ..github() };
        assert_eq!(target(&signed, "/a?b=c&d"), "/a?b=c&d");
    }
}
