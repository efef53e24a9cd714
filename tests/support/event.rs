//! An event as the receiver prints it.

use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A line of the receiver's stdout.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) line: String,
    members: BTreeMap<String, Box<RawValue>>,
}

impl Event {
    pub(crate) fn parse(line: String) -> Self {
        let members = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in the event {line:.300}"));
        Event { line, members }
    }

    /// The JSON text of a member, untouched.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.members.get(name).unwrap_or_else(|| panic!("no {name} in {}", self.line)).get()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    /// A member that is a string, or nothing where it is null or absent.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        let value = self.members.get(name)?.get();
        serde_json::from_str(value).unwrap_or_else(|_| panic!("{name} is {value} in {}", self.line))
    }

    pub(crate) fn payload(&self) -> &str {
        self.raw("payload")
    }
}
