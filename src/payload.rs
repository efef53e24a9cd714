//! What a verified body holds, by its scheme's rule.

use crate::json;
use crate::request::Head;
use crate::verify::{PayloadRule, Refusal};
use std::borrow::Cow;

/// What is inside a verified body.
#[derive(Clone, PartialEq, Eq)]
pub enum Payload<'a> {
    /// JSON text: the body itself, or what a form's field held.
    Json(json::Text<'a>),
    /// Bytes of any other kind.
    Opaque(&'a [u8]),
}

impl Payload<'_> {
    /// The JSON, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<&str> {
        match self {
            Payload::Json(text) => Some(text.as_str()),
            Payload::Opaque(_) => None,
        }
    }
}

/// A payload is somebody's business: `Debug` shows its kind and length.
impl std::fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Payload::Json(text) => write!(f, "Json({text:?})"),
            Payload::Opaque(bytes) => write!(f, "Opaque({} bytes)", bytes.len()),
        }
    }
}

/// The payload in `body` under `rule`. Allocates only where a form's field has to be decoded.
///
/// # Errors
/// Where the body is not what the rule asks for.
pub fn read<'a>(rule: &PayloadRule, head: &Head<'_>, body: &'a [u8]) -> Result<Payload<'a>, Refusal> {
    check_presence(rule, body)?;
    if let Some(field) = field(rule, head, body) {
        let value = form_field(body, field).ok_or(Refusal::InvalidForm)?;
        let text = json::read(&value).map_err(Refusal::InvalidJson)?;
        return Ok(Payload::Json(text.into_owned()));
    }
    match rule {
        PayloadRule::JsonOrForm if is_form(head) => Ok(Payload::Opaque(body)),
        #[cfg(feature = "providers")]
        PayloadRule::JsonOrEmpty if body.is_empty() => Ok(Payload::Opaque(body)),
        #[cfg(feature = "providers")]
        PayloadRule::JsonOrEmpty => json::read(body).map(Payload::Json).map_err(Refusal::InvalidJson),
        PayloadRule::Json | PayloadRule::JsonOrFormField(_) | PayloadRule::JsonOrForm => {
            json::read(body).map(Payload::Json).map_err(Refusal::InvalidJson)
        }
        PayloadRule::Form if !is_form(head) => Err(Refusal::InvalidForm),
        PayloadRule::Form | PayloadRule::Any | PayloadRule::MayBeEmpty => Ok(Payload::Opaque(body)),
    }
}

/// The field of the form `body` that holds the JSON, if it is one under `rule`. What begins as an array or object does is none,
/// whatever its Content-Type says: curl calls whatever it posts a form unless told otherwise, and what writes forms escapes those
/// signs.
pub(crate) fn field<'r>(rule: &'r PayloadRule, head: &Head<'_>, body: &[u8]) -> Option<&'r str> {
    let begins_as_json = matches!(body.trim_ascii_start(), [b'{' | b'[', ..]);
    match rule {
        PayloadRule::JsonOrFormField(field) if !begins_as_json && is_form(head) => Some(field),
        _ => None,
    }
}

/// Whether there is a body where `rule` wants one: the part of it that needs no signature.
///
/// # Errors
/// [`Refusal::EmptyBody`] where there is not.
pub fn check_presence(rule: &PayloadRule, body: &[u8]) -> Result<(), Refusal> {
    if body.is_empty() && !rule.takes_nothing() { Err(Refusal::EmptyBody) } else { Ok(()) }
}

pub(crate) fn is_form(head: &Head<'_>) -> bool {
    let content_type = head.value("Content-Type").unwrap_or_default();
    let media_type = content_type.split(|byte| *byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// The decoded value of the field called `name` in a form (WHATWG URL, "application/x-www-form-urlencoded"), or nothing
/// where it is not there exactly once or an escape of it, or of any name, is not `%` and two hex digits.
#[must_use]
pub fn form_field(form: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut found = None;
    for pair in form.split(|byte| *byte == b'&') {
        let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (encoded_name, rest) = pair.split_at(at);
        if *decode_form(encoded_name)? != *name.as_bytes() {
            continue;
        }
        if found.is_some() {
            return None;
        }
        found = Some(decode_form(rest.strip_prefix(b"=").unwrap_or_default())?.into_owned());
    }
    found
}

/// A name or a value of a form, decoded: without a copy where nothing is escaped in it. Nothing where an escape is not `%` and
/// two hex digits.
pub(crate) fn decode_form(encoded: &[u8]) -> Option<Cow<'_, [u8]>> {
    if !encoded.iter().any(|byte| b"+%".contains(byte)) {
        return Some(Cow::Borrowed(encoded));
    }
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => decoded.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_first_chunk::<2>()?;
                let mut byte = [0];
                hex::decode_to_slice(digits, &mut byte).ok()?;
                decoded.extend_from_slice(&byte);
                rest = after;
            }
            _ => decoded.push(*first),
        }
    }
    Some(Cow::Owned(decoded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::NotJson;
    use crate::request::Header;

    fn under(rule: &PayloadRule, content_type: &str, body: &'static [u8]) -> Result<Payload<'static>, Refusal> {
        let headers = [Header { name: "content-type", value: content_type.as_bytes() }];
        read(rule, &Head { method: "POST", target: "/", headers: &headers }, body)
    }

    fn github(content_type: &str, body: &'static [u8]) -> Result<Payload<'static>, Refusal> {
        under(&PayloadRule::JsonOrFormField("payload".into()), content_type, body)
    }

    const FORM: &str = "application/x-www-form-urlencoded";

    fn json(text: &str) -> Result<Payload<'_>, Refusal> {
        Ok(Payload::Json(json::read(text.as_bytes()).unwrap()))
    }

    #[test]
    fn a_form_gives_the_json_of_its_field() {
        assert_eq!(github(FORM, b"payload=%7B%22a%22%3A+1%7D"), json(r#"{"a": 1}"#));
        assert_eq!(github("Application/X-WWW-Form-URLEncoded ; charset=utf-8", b"x=1&payload={}&y"), json("{}"));
        assert_eq!(github(FORM, b"%70ayload=1&broken=%zz"), json("1"));
    }

    #[test]
    fn a_form_without_exactly_one_well_escaped_field_is_refused() {
        for body in [
            &b"x={}"[..],
            b"payload={}&payload={}",
            b"payload=%7",
            b"payload=%zz",
            b"payload={}&%=1",
            b"&",
            b"Payload=1",
        ] {
            assert_eq!(github(FORM, body), Err(Refusal::InvalidForm), "{:?}", String::from_utf8_lossy(body));
        }
        let not_json = Err(Refusal::InvalidJson(NotJson::Grammar { line: 1, column: 0 }));
        assert_eq!(github(FORM, b"payload="), not_json);
        assert_eq!(github(FORM, b"payload"), not_json);
        assert_eq!(github(FORM, b"payload=%ff"), Err(Refusal::InvalidJson(NotJson::Encoding { at: 0 })));
    }

    #[test]
    fn json_that_says_that_it_is_a_form_is_json() {
        assert_eq!(github(FORM, b"{}"), json("{}"));
        assert_eq!(github(FORM, b" \r\n[\"&payload=1&\"]"), json(" \r\n[\"&payload=1&\"]"));
        let not_json = Err(Refusal::InvalidJson(NotJson::Grammar { line: 1, column: 2 }));
        assert_eq!(github(FORM, b"{=1&payload=1"), not_json);
        // A form could be this too.
        assert_eq!(github(FORM, b"1"), Err(Refusal::InvalidForm));
    }

    #[test]
    fn a_form_by_another_content_type_is_read_as_json() {
        let not_json = Err(Refusal::InvalidJson(NotJson::Grammar { line: 1, column: 1 }));
        assert_eq!(github("application/json", b"payload=%7B%7D"), not_json);
        assert_eq!(github("text/plain", b"{}"), json("{}"));
        assert_eq!(github("", b"{}"), json("{}"));
    }

    #[test]
    fn each_rule_takes_what_its_name_says() {
        assert_eq!(under(&PayloadRule::Json, FORM, b"{}"), json("{}"));
        assert_eq!(under(&PayloadRule::Any, "", b"x"), Ok(Payload::Opaque(b"x")));
        assert_eq!(under(&PayloadRule::Any, "", b""), Err(Refusal::EmptyBody));
        assert_eq!(under(&PayloadRule::MayBeEmpty, "", b""), Ok(Payload::Opaque(b"")));
        assert_eq!(under(&PayloadRule::Form, FORM, b"a=b"), Ok(Payload::Opaque(b"a=b")));
        assert_eq!(under(&PayloadRule::Form, "text/plain", b"a=b"), Err(Refusal::InvalidForm));
        assert_eq!(under(&PayloadRule::JsonOrForm, FORM, b"a=b"), Ok(Payload::Opaque(b"a=b")));
        assert_eq!(under(&PayloadRule::JsonOrForm, "text/plain", b"{}"), json("{}"));
        let not_json = Refusal::InvalidJson(NotJson::Grammar { line: 1, column: 1 });
        assert_eq!(under(&PayloadRule::JsonOrForm, "", b"a=b"), Err(not_json));
    }
}
