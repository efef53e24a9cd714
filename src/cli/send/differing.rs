//! Bodies that all differ, made from one.

use crate::verify::{Place, ReplayRule, Scheme};
use serde_json::Value;

/// What stands in a body where the number of the delivery is to be.
pub(super) const PLACEHOLDER: &str = "{{delivery}}";

/// The member that is added to a JSON object, so that it differs.
const MEMBER: &str = "hookgate_delivery";

/// A body into which the id of each delivery is written.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Differing {
    /// What stands before each id but the first.
    parts: Vec<Vec<u8>>,
}

impl Differing {
    /// Bodies such as `body`, so that no two are one delivery under `scheme`. Where `body` has placeholders, an id stands for
    /// each; else it has to be a JSON object, and gets a member that is the id, and the id where the scheme knows deliveries by
    /// a member. Nothing where it is neither.
    pub(super) fn new(body: &[u8], scheme: &Scheme) -> Option<Self> {
        if let Some(differing) = Self::split(body) {
            return Some(differing);
        }
        let mut object: Value = serde_json::from_slice(body).ok()?;
        object.as_object_mut()?.insert(MEMBER.into(), PLACEHOLDER.into());
        let delivery_id = scheme.delivery_id.iter().find_map(|place| match place {
            Place::Json(pointer) => Some(pointer),
            Place::Header(_) => None,
        });
        let replay_key = match &scheme.replay_key {
            ReplayRule::Json(pointer) => Some(pointer),
            _ => None,
        };
        for pointer in delivery_id.into_iter().chain(replay_key) {
            set(&mut object, pointer)?;
        }
        Self::split(object.to_string().as_bytes())
    }

    fn split(body: &[u8]) -> Option<Self> {
        let mut parts = Vec::new();
        let mut from = 0;
        let mut at = 0;
        while let Some(rest) = body.get(at..).filter(|rest| !rest.is_empty()) {
            if rest.starts_with(PLACEHOLDER.as_bytes()) {
                parts.push(body.get(from..at)?.to_vec());
                at += PLACEHOLDER.len();
                from = at;
            } else {
                at += 1;
            }
        }
        if parts.is_empty() {
            return None;
        }
        parts.push(body.get(from..)?.to_vec());
        Some(Differing { parts })
    }

    /// The body of the delivery `id`, which has nothing in it that JSON escapes.
    pub(super) fn body(&self, id: &str) -> Vec<u8> {
        self.parts.join(id.as_bytes())
    }
}

/// Puts a placeholder at `pointer`, and what it takes to get there.
fn set(value: &mut Value, pointer: &str) -> Option<()> {
    let mut value = value;
    for step in pointer.strip_prefix('/')?.split('/') {
        let name = step.replace("~1", "/").replace("~0", "~");
        if value.is_null() {
            *value = if step == "0" { Value::Array(Vec::new()) } else { Value::Object(serde_json::Map::new()) };
        }
        value = match value {
            Value::Object(members) => members.entry(name).or_insert(Value::Null),
            Value::Array(items) => {
                let at: usize = step.parse().ok()?;
                if at == items.len() {
                    items.push(Value::Null);
                }
                items.get_mut(at)?
            }
            _ => return None,
        };
    }
    *value = PLACEHOLDER.into();
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::preset;

    fn body(body: &str, scheme: &str) -> Option<String> {
        let differing = Differing::new(body.as_bytes(), &preset(scheme).unwrap())?;
        Some(String::from_utf8(differing.body("id-7")).unwrap())
    }

    #[test]
    fn an_object_gets_a_member_and_what_a_delivery_is_known_by() {
        for (template, scheme, made) in [
            ("{}", "github", r#"{"hookgate_delivery":"id-7"}"#),
            (r#"{ "a" : 1 }"#, "github", r#"{"a":1,"hookgate_delivery":"id-7"}"#),
            (r#"{"id":"evt_1"}"#, "stripe", r#"{"hookgate_delivery":"id-7","id":"id-7"}"#),
            ("{}", "pagerduty", r#"{"event":{"id":"id-7"},"hookgate_delivery":"id-7"}"#),
            (
                r#"{"events":[{"a":1}]}"#,
                "line",
                r#"{"events":[{"a":1,"webhookEventId":"id-7"}],"hookgate_delivery":"id-7"}"#,
            ),
            ("{}", "line", r#"{"events":[{"webhookEventId":"id-7"}],"hookgate_delivery":"id-7"}"#),
        ] {
            assert_eq!(body(template, scheme).as_deref(), Some(made), "{template} {scheme}");
        }
    }

    #[test]
    fn a_placeholder_is_where_the_id_stands_whatever_the_body_is() {
        assert_eq!(body("a={{delivery}}&b={{delivery}}", "github").as_deref(), Some("a=id-7&b=id-7"));
        assert_eq!(body("{{{delivery}}}", "github").as_deref(), Some("{id-7}"));
        assert_eq!(body("{{delivery}}", "stripe").as_deref(), Some("id-7"));
    }

    #[test]
    fn what_is_neither_cannot_be_made_to_differ() {
        for template in ["", "[]", "1", "a=b", "\"text\"", "{"] {
            assert_eq!(body(template, "github"), None, "{template}");
        }
        assert_eq!(body(r#"{"event":1}"#, "pagerduty"), None, "there is no place for its id");
    }
}
