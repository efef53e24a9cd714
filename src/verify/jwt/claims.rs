//! The claims of a token, read strictly.

use crate::verify::refusal::Refusal;
use jsonwebtoken::dangerous::insecure_decode_claims;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// A token's claims, each name once.
pub(super) struct Claims(BTreeMap<String, Value>);

impl Claims {
    /// The claims of the token `text`. The library calls it dangerous, since it proves nothing: the signature is proven
    /// before.
    pub(super) fn read(text: &[u8]) -> Result<Self, Refusal> {
        insecure_decode_claims(text).map_err(|_| Refusal::MalformedSignature)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The text of the claim called `name`, if it is text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_str()
    }

    /// The time in the claim called `name`, in seconds since 1970 (RFC 7519 §2, "NumericDate"); nothing where it is not there.
    ///
    /// # Errors
    /// Where it is none.
    pub(super) fn time(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let seconds = |value: &Value| match value {
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            _ => None,
        };
        match self.0.get(name) {
            None => Ok(None),
            Some(value) => {
                let seconds = seconds(value).filter(|seconds| *seconds >= 0);
                seconds.map(Some).ok_or(Refusal::MalformedTimestamp)
            }
        }
    }
}

/// A NumericDate may have a fraction, which is not looked at.
fn whole(seconds: f64) -> Option<i64> {
    // Past all dates that have a meaning, and far below what a double counts one by one.
    const LIMIT: f64 = 1e12;
    if (0.0..LIMIT).contains(&seconds) { format!("{:.0}", seconds.floor()).parse().ok() } else { None }
}

impl<'de> Deserialize<'de> for Claims {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Claims;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object without repeated names")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Claims, A::Error> {
                let mut claims = BTreeMap::new();
                while let Some((name, value)) = map.next_entry::<String, Value>()? {
                    if claims.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name twice"));
                    }
                }
                Ok(Claims(claims))
            }
        }

        deserializer.deserialize_map(Object)
    }
}
