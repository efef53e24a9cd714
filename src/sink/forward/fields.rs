//! The header fields of what is posted.

use ureq::http::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};

/// Fields of the connection that the event came over, not of the event (RFC 9110 §7.6.1), and those that the connection it
/// is posted over has of its own: where it goes, how long it is, and whether to wait before it.
const OF_A_CONNECTION: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// What every field of ours begins with. A sender's own are left out: nobody but us says them.
const OURS: &str = "hookgate-";

/// What the receiver sees who posts, where the sender did not say it.
const AGENT: &str = concat!("hookgate/", env!("CARGO_PKG_VERSION"));

/// Writes the fields to `out`: those of the event, their values byte for byte, in order; but not those of a connection, ours, and
/// those that `signature` has anew. Then ours, then the signature. Names are in small letters, as HTTP/2 has them.
pub(super) fn write(
    original: &[(String, Vec<u8>)],
    (id, number): (&str, u32),
    signature: &[(String, String)],
    out: &mut HeaderMap,
) {
    let named_by_connection = named_by_connection(original);
    for (name, value) in original {
        let name = name.to_ascii_lowercase();
        let is_of_connection = OF_A_CONNECTION.contains(&name.as_str()) || named_by_connection.contains(&name);
        let is_anew = signature.iter().any(|(anew, _)| anew.eq_ignore_ascii_case(&name));
        if !is_of_connection && !is_anew && !name.starts_with(OURS) {
            append(out, &name, value);
        }
    }
    if !out.contains_key(USER_AGENT) {
        append(out, USER_AGENT.as_str(), AGENT.as_bytes());
    }
    append(out, "hookgate-id", id.as_bytes());
    append(out, "hookgate-attempt", number.to_string().as_bytes());
    for (name, value) in signature {
        append(out, name, value.as_bytes());
    }
}

/// The fields that the sender's `Connection` names as its own.
fn named_by_connection(original: &[(String, Vec<u8>)]) -> Vec<String> {
    let values = original.iter().filter(|(name, _)| name.eq_ignore_ascii_case("connection"));
    values
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase())
        .collect()
}

/// A field that HTTP/1.1 cannot carry was never received by it, and is left out.
fn append(out: &mut HeaderMap, name: &str, value: &[u8]) {
    if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_bytes(value)) {
        // It has room for 32,768, a request for 128.
        let _ = out.try_append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(original: &[(&str, &[u8])], signature: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        let original: Vec<_> = original.iter().map(|(name, value)| (name.to_string(), value.to_vec())).collect();
        let signature: Vec<_> = signature.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        let mut out = HeaderMap::new();
        write(&original, ("evt_1", 3), &signature, &mut out);
        out.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
    }

    fn pairs(fields: &[(&str, &[u8])]) -> Vec<(String, Vec<u8>)> {
        fields.iter().map(|(name, value)| (name.to_string(), value.to_vec())).collect()
    }

    #[test]
    fn fields_of_the_event_are_sent_byte_for_byte_and_ours_after_them() {
        let original: [(&str, &[u8]); 5] = [
            ("User-Agent", b"GitHub-Hookshot/1"),
            ("X-A", b"1  \t2"),
            ("Accept-Encoding", b"gzip"),
            ("X-A", b"\xff"),
            ("Content-Type", b"application/json"),
        ];
        let expected: [(&str, &[u8]); 7] = [
            ("user-agent", b"GitHub-Hookshot/1"),
            ("x-a", b"1  \t2"),
            ("x-a", b"\xff"),
            ("accept-encoding", b"gzip"),
            ("content-type", b"application/json"),
            ("hookgate-id", b"evt_1"),
            ("hookgate-attempt", b"3"),
        ];
        assert_eq!(written(&original, &[]), pairs(&expected));
    }

    #[test]
    fn fields_of_the_connection_that_it_came_over_are_not_sent() {
        let mut original: Vec<(&str, &[u8])> = OF_A_CONNECTION.iter().map(|name| (*name, &b"x"[..])).collect();
        original.extend([("CONNECTION", &b"close, X-Hop ,"[..]), ("x-hop", b"1"), ("X-End", b"2"), ("Host", b"here")]);
        let sent = written(&original, &[]);
        let names: Vec<_> = sent.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["x-end", "user-agent", "hookgate-id", "hookgate-attempt"]);
        assert_eq!(sent[1].1, AGENT.as_bytes());
    }

    #[test]
    fn a_sender_cannot_say_what_we_say() {
        let original: [(&str, &[u8]); 4] =
            [("Hookgate-Id", b"forged"), ("HOOKGATE-X", b"forged"), ("Webhook-Id", b"forged"), ("webhook-other", b"x")];
        let signed = written(&original, &[("webhook-id", "evt_1"), ("webhook-signature", "v1,x")]);
        let expected: [(&str, &[u8]); 6] = [
            ("webhook-other", b"x"),
            ("user-agent", AGENT.as_bytes()),
            ("hookgate-id", b"evt_1"),
            ("hookgate-attempt", b"3"),
            ("webhook-id", b"evt_1"),
            ("webhook-signature", b"v1,x"),
        ];
        assert_eq!(signed, pairs(&expected));
        // Unsigned, the sender's own signature is still its own.
        assert!(written(&original, &[]).contains(&("webhook-id".to_string(), b"forged".to_vec())));
    }
}
