//! Events as lines of JSON. docs/STORE.md says what each member is, which is a contract.

use crate::json::write_string;
use crate::store::{Facts, StoreId};
use crate::time::UnixTime;

/// A JSON object that is being written, to which members are added in order.
pub(super) struct Object<'o> {
    out: &'o mut Vec<u8>,
    is_first: bool,
}

impl<'o> Object<'o> {
    pub(super) fn new(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Object { out, is_first: true }
    }

    /// A member whose value is yet to be written; `name` has nothing in it that a JSON string escapes.
    pub(super) fn member(&mut self, name: &str) -> &mut Vec<u8> {
        if !std::mem::take(&mut self.is_first) {
            self.out.push(b',');
        }
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.out
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        write_string(value, self.member(name));
    }

    pub(super) fn optional(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.member(name).extend_from_slice(b"null"),
        }
    }

    pub(super) fn number(&mut self, name: &str, value: u64) {
        self.member(name).extend_from_slice(value.to_string().as_bytes());
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }
}

/// What every line begins with, in the order of `serve`'s.
pub(super) fn begin(
    object: &mut Object<'_>,
    id: &str,
    source: &str,
    event_type: Option<&str>,
    delivery_id: Option<&str>,
    received_at: UnixTime,
) {
    object.text("id", id);
    object.text("source", source);
    object.optional("type", event_type);
    object.optional("delivery_id", delivery_id);
    object.text("received_at", &received_at.to_string());
}

/// A line of `list`.
pub(super) fn write_facts(facts: &Facts<'_>, store: &StoreId, out: &mut Vec<u8>) {
    let mut object = Object::new(out);
    begin_facts(facts, store, &mut object);
    object.end();
    out.push(b'\n');
}

/// What a line of `list` begins with.
pub(super) fn begin_facts(facts: &Facts<'_>, store: &StoreId, object: &mut Object<'_>) {
    let id = store.event(facts.number).to_string();
    begin(object, &id, facts.source, facts.event_type, facts.delivery_id, facts.received_at);
    object.number("body_bytes", facts.body_bytes);
}
