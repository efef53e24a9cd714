//! What a kept event holds, and how that is shown. Secrets within a payload were left out when it was kept.

use super::line::{Object, begin};
use crate::base64;
use crate::json;
use crate::payload::Payload;
use crate::sink::event::printable;
use crate::store::{Event, EventId};

/// Appends `event` to `out` as `serve` prints it: one line of JSON.
pub(super) fn write_line(event: &Event, id: &EventId, out: &mut Vec<u8>) {
    let mut object = Object::new(out);
    let (event_type, delivery_id) = (event.event_type.as_deref(), event.delivery_id.as_deref());
    begin(&mut object, &id.to_string(), &event.source, event_type, delivery_id, event.received_at);
    object.text("secret", &event.secret_label);
    write_member(event, &mut object);
    object.end();
    out.push(b'\n');
}

/// Adds the payload of `event` to `object`: its JSON, or else its bytes.
pub(super) fn write_member(event: &Event, object: &mut Object<'_>) {
    match event.payload() {
        Payload::Json(text) => text.write_compact(object.member("payload")),
        Payload::Opaque(bytes) => write_base64(bytes, object.member("payload_base64")),
    }
}

/// Appends `event` to `out` for a terminal: its type first, then where and when it came from, then its payload, indented.
pub(super) fn write_pretty(event: &Event, id: &EventId, colour: bool, out: &mut Vec<u8>) {
    let (bold, dim, plain) = if colour { ("\x1b[1;32m", "\x1b[2m", "\x1b[0m") } else { ("", "", "") };
    let event_type = printable(event.event_type.as_deref().unwrap_or("(no type)"));
    let (received_at, id) = (event.received_at.to_string(), id.to_string());
    let facts = [Some(event.source.as_str()), event.delivery_id.as_deref(), Some(&received_at), Some(&id)];
    let facts = printable(&facts.into_iter().flatten().collect::<Vec<_>>().join("  "));
    out.extend_from_slice(format!("{bold}{event_type}{plain}  {dim}{facts}{plain}\n").as_bytes());
    write_payload(event, out);
    out.extend_from_slice(b"\n\n");
}

/// Appends the payload of `event` to `out` for people: JSON indented, text as it is, anything else in base64.
pub(super) fn write_payload(event: &Event, out: &mut Vec<u8>) {
    match event.payload() {
        Payload::Json(text) => json::write_pretty(&printable(text.as_str()), out),
        Payload::Opaque(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => out.extend_from_slice(printable(text).as_bytes()),
            Err(_) => base64::write(bytes, out),
        },
    }
}

/// Appends all that is kept of `event` to `object`, but for its body.
pub(super) fn write_all(event: &Event, id: &EventId, object: &mut Object<'_>) {
    let (event_type, delivery_id) = (event.event_type.as_deref(), event.delivery_id.as_deref());
    begin(object, &id.to_string(), &event.source, event_type, delivery_id, event.received_at);
    object.text("scheme", &event.scheme);
    object.text("secret", &event.secret_label);
    object.optional("peer", event.peer.as_deref());
    object.text("method", &event.method);
    object.text("target", &event.target);
    let out = object.member("headers");
    out.push(b'[');
    for (at, (name, value)) in event.headers.iter().enumerate() {
        out.extend_from_slice(if at == 0 { b"[" } else { b",[" });
        json::write_string(name, out);
        out.push(b',');
        match std::str::from_utf8(value) {
            Ok(value) => json::write_string(value, out),
            Err(_) => {
                out.extend_from_slice(b"{\"base64\":");
                write_base64(value, out);
                out.push(b'}');
            }
        }
        out.push(b']');
    }
    out.push(b']');
    object.text("body_holds", &event.payload);
    object.number("body_bytes", event.body.len() as u64);
}

/// Appends `bytes` to `out` as a JSON string in base64.
pub(super) fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    base64::write(bytes, out);
    out.push(b'"');
}
