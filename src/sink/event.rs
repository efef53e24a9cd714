//! One event as text: a line of JSON for programs, an indented one for people; and as CloudEvents have it.

use crate::base64;
use crate::json;
use crate::payload::Payload;
use crate::receive::Delivery;
#[cfg(feature = "config")]
use crate::request::Header;
use crate::time::UnixTime;
#[cfg(feature = "providers")]
use crate::verify::Scheme;
use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};

#[cfg(feature = "config")]
mod cloud;

#[cfg(feature = "config")]
pub(super) use cloud::write_cloud_event;

/// Makes the ids of events: opaque, unique in a process and, by 64 random bits and the time of its start, between processes.
#[derive(Debug)]
pub struct EventIds {
    prefix: String,
    next: u64,
}

impl EventIds {
    /// Ids for a process that started at `now`.
    #[must_use]
    pub fn starting(now: UnixTime) -> Self {
        // `RandomState` is seeded by the operating system; hashing nothing gives its seed's worth of randomness.
        let random = RandomState::new().hash_one(());
        EventIds { prefix: format!("evt_{:011x}{random:016x}", now.as_ms()), next: 0 }
    }

    /// An id that was not given before.
    pub fn next_id(&mut self) -> String {
        let mut id = String::with_capacity(self.prefix.len() + 16);
        self.write_next(&mut id);
        id
    }

    /// Appends an id that was not given before to `out`.
    pub(super) fn write_next(&mut self, out: &mut String) {
        self.write(self.next, out);
        self.next += 1;
    }

    /// How many ids were given: each has a number, from 0 on.
    pub(super) fn given(&self) -> u64 {
        self.next
    }

    /// Appends the id of this number to `out`.
    pub(super) fn write(&self, number: u64, out: &mut String) {
        out.push_str(&self.prefix);
        // Eight hex digits at least.
        let digits = (64 - number.leading_zeros()).div_ceil(4).max(8);
        out.extend((0..digits).rev().filter_map(|digit| char::from_digit(((number >> (4 * digit)) & 15) as u32, 16)));
    }
}

/// An event as it is shown, wherever it comes from.
pub(super) struct Shown<'a> {
    pub(super) id: &'a str,
    pub(super) source: &'a str,
    pub(super) event_type: Option<Cow<'a, str>>,
    pub(super) delivery_id: Option<Cow<'a, str>>,
    pub(super) received_at: UnixTime,
    /// The label of the secret that matched.
    #[cfg(feature = "providers")]
    pub(super) secret_label: &'a str,
    pub(super) payload: &'a Payload<'a>,
    /// What the request said of its body.
    #[cfg(feature = "config")]
    pub(super) content_type: Option<&'a [u8]>,
    /// What says which parts of the payload are secrets; nothing where they were left out before.
    #[cfg(feature = "providers")]
    pub(super) scheme: Option<&'a Scheme>,
}

impl<'a> Shown<'a> {
    /// `delivery` as the event of this id.
    pub(super) fn of(delivery: &'a Delivery<'_>, id: &'a str) -> Self {
        Shown {
            id,
            source: delivery.source(),
            event_type: delivery.event_type(),
            delivery_id: delivery.delivery_id(),
            received_at: delivery.received_at(),
            #[cfg(feature = "providers")]
            secret_label: delivery.verified().secret_label(),
            payload: delivery.payload(),
            #[cfg(feature = "config")]
            content_type: content_type(delivery.verified().request().head.headers),
            #[cfg(feature = "providers")]
            scheme: Some(delivery.verified().scheme()),
        }
    }
}

/// The value of the first `Content-Type` of `headers`.
#[cfg(feature = "config")]
fn content_type<'h>(headers: &[Header<'h>]) -> Option<&'h [u8]> {
    headers.iter().find(|header| header.is_named("Content-Type")).map(|header| header.value)
}

/// Appends `event` to `out` as one line of JSON, line end included.
pub(super) fn write_line(event: &Shown<'_>, out: &mut Vec<u8>) {
    // Our own ids and times have nothing in them that a JSON string escapes.
    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(event.id.as_bytes());
    out.extend_from_slice(b"\",\"source\":");
    json::write_string(event.source, out);
    out.extend_from_slice(b",\"type\":");
    write_optional(event.event_type.as_deref(), out);
    out.extend_from_slice(b",\"delivery_id\":");
    write_optional(event.delivery_id.as_deref(), out);
    out.extend_from_slice(b",\"received_at\":\"");
    event.received_at.write_rfc_3339(out);
    out.push(b'"');
    #[cfg(feature = "providers")]
    {
        out.extend_from_slice(b",\"secret\":");
        json::write_string(event.secret_label, out);
    }
    write_payload(event, "payload", out);
    out.extend_from_slice(b"}\n");
}

/// Appends the payload as the member `name`, or what is not JSON as the member `name` and `_base64`.
fn write_payload(event: &Shown<'_>, name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    match event.payload {
        Payload::Json(text) => {
            out.extend_from_slice(b"\":");
            match redacted(event, text.as_str()) {
                Cow::Borrowed(_) => text.write_compact(out),
                Cow::Owned(text) => json::write_compact(&text, out),
            }
        }
        Payload::Opaque(bytes) => {
            out.extend_from_slice(b"_base64\":\"");
            base64::write(bytes, out);
            out.push(b'"');
        }
    }
}

/// `payload` without the secrets that the scheme has in it.
fn redacted<'p>(event: &Shown<'_>, payload: &'p str) -> Cow<'p, str> {
    #[cfg(feature = "providers")]
    if let Some(scheme) = event.scheme {
        return scheme.redacted(payload);
    }
    let _ = event;
    Cow::Borrowed(payload)
}

fn write_optional(text: Option<&str>, out: &mut Vec<u8>) {
    match text {
        Some(text) => json::write_string(text, out),
        None => out.extend_from_slice(b"null"),
    }
}

/// Appends `event` to `out` for a terminal: its type first, then where and when it came from, then its payload, indented.
pub(super) fn write_pretty(event: &Shown<'_>, colour: bool, out: &mut Vec<u8>) {
    let (bold, dim, plain) = if colour { ("\x1b[1;32m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let event_type = printable(event.event_type.as_deref().unwrap_or("(no type)"));
    let facts = [
        Some(event.source.to_string()),
        event.delivery_id.as_deref().map(String::from),
        Some(event.received_at.to_string()),
        Some(event.id.into()),
    ];
    let facts = printable(&facts.into_iter().flatten().collect::<Vec<_>>().join("  "));
    out.extend_from_slice(format!("{bold}{event_type}{plain}  {dim}{facts}{plain}\n").as_bytes());
    match event.payload {
        Payload::Json(text) => json::write_pretty(&printable(&redacted(event, text.as_str())), out),
        Payload::Opaque(bytes) => base64::write(bytes, out),
    }
    out.extend_from_slice(b"\n\n");
}

/// `text` without what could steer a terminal: control characters (but line ends and tabs, which JSON has between tokens)
/// are written as JSON escapes, and so is what turns the direction of a line round.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            _ if steers(character) => shown.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => shown.push(character),
        }
    }
    shown
}

/// Whether a terminal does something else with `character` than to show it: control characters; the marks, embeddings,
/// overrides and isolates of Unicode's bidirectional algorithm (UAX #9, 2.1 to 2.6); its separators of lines and paragraphs.
fn steers(character: char) -> bool {
    let turns =
        matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::{Head, Header, Request};
    use crate::verify::{PayloadRule, Scheme, Secret, Verifier, preset, sign};

    /// What `show` makes of `body` delivered with these headers under GitHub's scheme with `payload` as its rule.
    fn shown(
        payload: PayloadRule,
        headers: &[(&str, &str)],
        body: &[u8],
        show: impl Fn(&Delivery<'_>, &mut Vec<u8>),
    ) -> String {
        let scheme = Scheme { payload, ..preset("github").unwrap() };
        let secret = Secret::new(b"a secret of the tests".to_vec()).unwrap();
        let signature = sign(&scheme, &secret, body).remove(0).1;
        let mut fields = vec![Header { name: "X-Hub-Signature-256", value: signature.as_bytes() }];
        fields.extend(headers.iter().map(|(name, value)| Header { name, value: value.as_bytes() }));
        let request = Request { head: Head { method: "POST", target: "/", headers: &fields }, body };
        let verifier = Verifier::new(scheme, [("one".to_string(), secret)]).unwrap();
        let now = UnixTime::from_ms(784_111_777_042);
        let delivery = Delivery::new("github", verifier.verify(&request, now).unwrap(), now).unwrap();
        let mut out = Vec::new();
        show(&delivery, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// The minimal build has one secret, and no label for it.
    const SECRET: &str = if cfg!(feature = "providers") { "\"secret\":\"one\"," } else { "" };

    fn line(delivery: &Delivery<'_>, out: &mut Vec<u8>) {
        write_line(&Shown::of(delivery, "evt_1"), out);
    }

    #[test]
    fn an_event_is_one_line_of_json_with_its_tokens_untouched() {
        let headers = [("X-GitHub-Event", "pu\"sh"), ("X-GitHub-Delivery", "72d3162e")];
        assert_eq!(
            shown(PayloadRule::Json, &headers, b"{ \"a\" :\n1.0e0 }", line),
            r#"{"id":"evt_1","source":"github","type":"pu\"sh","delivery_id":"72d3162e","#.to_string()
                + r#""received_at":"1994-11-06T08:49:37.042Z","#
                + SECRET
                + r#""payload":{"a":1.0e0}}"#
                + "\n"
        );
    }

    #[test]
    fn what_is_not_json_is_printed_in_base64_and_what_is_not_there_as_null() {
        for (body, base64) in [(&b"\xff"[..], "/w=="), (b"ab", "YWI="), (b"abc", "YWJj"), (b"abcd", "YWJjZA==")] {
            let expected = format!(
                "{{\"id\":\"evt_1\",\"source\":\"github\",\"type\":null,\"delivery_id\":null,\
                 \"received_at\":\"1994-11-06T08:49:37.042Z\",{SECRET}\"payload_base64\":\"{base64}\"}}\n"
            );
            assert_eq!(shown(PayloadRule::Any, &[], body, line), expected);
        }
    }

    #[test]
    fn on_a_terminal_the_type_comes_first_and_nothing_steers_it() {
        let pretty =
            |delivery: &Delivery<'_>, out: &mut Vec<u8>| write_pretty(&Shown::of(delivery, "evt_1"), true, out);
        let body = "{\"a\":\"\u{9b}2J\u{7f}\"}".as_bytes();
        assert_eq!(
            shown(PayloadRule::Json, &[("X-GitHub-Event", "push\x1b[2J")], body, pretty),
            "\x1b[1;32mpush\\u001b[2J\x1b[0m  \x1b[2mgithub  1994-11-06T08:49:37.042Z  evt_1\x1b[0m\n\
             {\n  \"a\": \"\\u009b2J\\u007f\"\n}\n\n"
        );
    }

    #[test]
    fn ids_differ_within_a_process_and_between_two_that_start_together() {
        let now = UnixTime::from_s(1_700_000_000);
        let (mut one, mut other) = (EventIds::starting(now), EventIds::starting(now));
        let ids: std::collections::BTreeSet<_> =
            [one.next_id(), one.next_id(), other.next_id(), other.next_id()].into_iter().collect();
        assert_eq!(ids.len(), 4);
        assert!(ids.iter().all(|id| id.starts_with("evt_") && id.len() == 39));
    }
}
