//! An event as CloudEvents 1.0.2 have it: structured mode, in their JSON format, on one line.

use super::{Shown, write_payload};
use crate::json;
use crate::payload::Payload;
use std::borrow::Cow;

/// The type of an event that has none: CloudEvents want one, and it may not be empty (CloudEvents 1.0.2, "type").
const TYPE_OF_NONE: &str = "hookgate.event";

/// What a body is called whose sender did not say what it is (RFC 2046 §4.5.1).
const BYTES: &str = "application/octet-stream";

/// Longest content type that is passed on, in bytes. A media type and its parameters have less than half of it.
const CONTENT_TYPE_LIMIT_BYTES: usize = 256;

/// Appends `event` to `out` as one line, line end included. `source` is the name of the source, as a relative URI reference;
/// `deliveryid` is an extension attribute, there where the sender named the delivery.
pub(in super::super) fn write_cloud_event(event: &Shown<'_>, out: &mut Vec<u8>) {
    // Our own ids and times have nothing in them that a JSON string escapes.
    out.extend_from_slice(b"{\"specversion\":\"1.0\",\"id\":\"");
    out.extend_from_slice(event.id.as_bytes());
    out.extend_from_slice(b"\",\"source\":\"");
    write_reference(event.source, out);
    out.extend_from_slice(b"\",\"type\":");
    let event_type = event.event_type.as_deref().filter(|text| !text.is_empty()).unwrap_or(TYPE_OF_NONE);
    json::write_string(&attribute(event_type), out);
    out.extend_from_slice(b",\"time\":\"");
    event.received_at.write_rfc_3339(out);
    out.extend_from_slice(b"\",\"datacontenttype\":");
    json::write_string(content_type(event), out);
    if let Some(id) = event.delivery_id.as_deref().filter(|id| !id.is_empty()) {
        out.extend_from_slice(b",\"deliveryid\":");
        json::write_string(&attribute(id), out);
    }
    write_payload(event, "data", out);
    out.extend_from_slice(b"}\n");
}

/// What `data` is. JSON that came in a field of a form is JSON here.
fn content_type<'e>(event: &Shown<'e>) -> &'e str {
    if let Payload::Json(_) = event.payload {
        return "application/json";
    }
    let stated = event.content_type.and_then(|value| std::str::from_utf8(value).ok()).map(str::trim);
    let is_media_type = |text: &&str| {
        let is_plain = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        text.len() <= CONTENT_TYPE_LIMIT_BYTES && text.contains('/') && is_plain
    };
    stated.filter(is_media_type).unwrap_or(BYTES)
}

/// Appends `name` as a URI reference of one segment (RFC 3986 §4.1): what is not unreserved there is percent-encoded. A colon
/// too, since what stands before it would be taken for a scheme.
fn write_reference(name: &str, out: &mut Vec<u8>) {
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(format!("%{byte:02X}").as_bytes());
        }
    }
}

/// `text` as an attribute can have it: control characters and noncharacters are disallowed (CloudEvents 1.0.2, "Type System"),
/// and become U+FFFD.
fn attribute(text: &str) -> Cow<'_, str> {
    let is_disallowed = |character: char| {
        let code = u32::from(character);
        character.is_control() || (0xfdd0..=0xfdef).contains(&code) || code & 0xfffe == 0xfffe
    };
    if text.contains(is_disallowed) { Cow::Owned(text.replace(is_disallowed, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixTime;

    fn shown<'a>(payload: &'a Payload<'a>) -> Shown<'a> {
        Shown {
            id: "evt_1",
            source: "github",
            event_type: Some("push".into()),
            delivery_id: Some("72d3162e".into()),
            received_at: UnixTime::from_ms(784_111_777_042),
            secret_label: "main",
            payload,
            content_type: Some(b"text/plain"),
            scheme: None,
        }
    }

    fn line(event: &Shown<'_>) -> String {
        let mut out = Vec::new();
        write_cloud_event(event, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn an_event_of_json_is_one_line_with_its_data_as_json() {
        let payload = Payload::Json(json::read(b"{ \"a\" :\n1.0e0 }").unwrap());
        assert_eq!(
            line(&shown(&payload)),
            r#"{"specversion":"1.0","id":"evt_1","source":"github","type":"push","time":"1994-11-06T08:49:37.042Z","#
                .to_string()
                + r#""datacontenttype":"application/json","deliveryid":"72d3162e","data":{"a":1.0e0}}"#
                + "\n"
        );
    }

    #[test]
    fn what_is_not_json_is_in_base64_under_the_content_type_that_it_came_with() {
        let payload = Payload::Opaque(b"abc");
        let written = line(&shown(&payload));
        assert!(
            written.ends_with(
                "\"datacontenttype\":\"text/plain\",\"deliveryid\":\"72d3162e\",\"data_base64\":\"YWJj\"}\n"
            )
        );
        for (stated, written) in [
            (None, BYTES),
            (Some(&b"nonsense"[..]), BYTES),
            (Some(b"text/\x01plain"), BYTES),
            (Some(b"text/plain; charset=\xff"), BYTES),
            (Some(&[b'/'; CONTENT_TYPE_LIMIT_BYTES + 1]), BYTES),
            (Some(b" text/plain; charset=utf-8 "), "text/plain; charset=utf-8"),
        ] {
            assert_eq!(content_type(&Shown { content_type: stated, ..shown(&payload) }), written);
        }
    }

    #[test]
    fn what_an_event_does_not_have_is_left_out_and_its_type_is_never_empty() {
        let payload = Payload::Opaque(b"");
        for none in [None, Some("".into())] {
            let event = Shown { event_type: none.clone(), delivery_id: none, ..shown(&payload) };
            let written = line(&event);
            assert!(written.contains("\"type\":\"hookgate.event\"") && !written.contains("deliveryid"), "{written}");
            assert!(written.ends_with("\"data_base64\":\"\"}\n"), "{written}");
        }
    }

    #[test]
    fn attributes_have_only_characters_that_cloud_events_allow() {
        for (given, written) in [
            ("pu\"sh", "pu\"sh"),
            ("a\u{0}b\u{1f}c\u{7f}d\u{9f}e", "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e"),
            ("\u{fdcf}\u{fdd0}\u{fdef}\u{fdf0}", "\u{fdcf}\u{fffd}\u{fffd}\u{fdf0}"),
            ("\u{fffe}\u{ffff}\u{1fffe}\u{10ffff}\u{1f600}", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}\u{1f600}"),
        ] {
            assert_eq!(attribute(given), written);
        }
    }

    #[test]
    fn a_source_is_a_uri_reference_whatever_it_is_called() {
        for (name, reference) in
            [("github", "github"), ("a.b-c_d", "a.b-c_d"), ("a:b/c d\u{e9}", "a%3Ab%2Fc%20d%C3%A9")]
        {
            let mut out = Vec::new();
            write_reference(name, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), reference);
        }
    }
}
