//! A place in a question, and what stands there.

use super::{ECHO_LIMIT_BYTES, is_of_token};
use crate::payload::form_field;
use crate::request::Head;
use crate::verify::pointer;
use std::fmt;

/// What stands for any value.
pub(super) const ANY: &str = "*";

/// What stands for no value.
#[cfg(feature = "providers")]
const NOTHING: &str = "!";

/// A place in a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// The header field of this name: `X-Name`.
    Header(String),
    /// The query's field of this name, decoded: `?name`.
    Query(String),
    /// The value of the body, which is a form of this field and no other: `name=`.
    Form(String),
    /// The string or number at this pointer of the body's JSON: `/name`.
    Json(String),
}

impl Spot {
    /// What stands there, once and decoded.
    pub(super) fn read(&self, head: &Head<'_>, payload: Option<&str>, form: &[u8]) -> Option<Vec<u8>> {
        match self {
            Spot::Header(name) => {
                let mut values = head.values(name);
                values.next().filter(|_| values.next().is_none()).map(<[u8]>::to_vec)
            }
            Spot::Query(name) => form_field(head.query()?.as_bytes(), name),
            Spot::Form(name) => {
                let value = form.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
                let is_plain = !value.is_empty() && value.len() <= ECHO_LIMIT_BYTES && value.iter().all(is_of_token);
                is_plain.then(|| value.to_vec())
            }
            Spot::Json(at) => pointer::scalar_at(payload?, at).map(String::into_bytes),
        }
    }

    /// Whether `value` stands there in `payload`. What the signature does not cover holds nothing.
    pub(super) fn holds(&self, value: &str, payload: &str) -> bool {
        let Spot::Json(at) = self else { return false };
        if value == "[]" {
            return pointer::is_empty_list_at(payload, at);
        }
        #[cfg(feature = "providers")]
        if value == NOTHING {
            return !pointer::is_anything_at(payload, at);
        }
        match crate::json::string_at(payload, at) {
            Some(held) => value == ANY || held == value,
            None => pointer::scalar_at(payload, at).is_some_and(|held| value == ANY || held == value),
        }
    }
}

/// `/name` is JSON, `?name` the query, `name=` a form, anything else a header.
impl From<&str> for Spot {
    fn from(text: &str) -> Self {
        if text.starts_with('/') {
            Spot::Json(text.to_string())
        } else if let Some(name) = text.strip_prefix('?') {
            Spot::Query(name.to_string())
        } else if let Some(name) = text.strip_suffix('=') {
            Spot::Form(name.to_string())
        } else {
            Spot::Header(text.to_string())
        }
    }
}

/// As [`Spot::from`] reads it.
impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Spot::Header(text) | Spot::Json(text) => f.write_str(text),
            Spot::Query(name) => write!(f, "?{name}"),
            Spot::Form(name) => write!(f, "{name}="),
        }
    }
}
