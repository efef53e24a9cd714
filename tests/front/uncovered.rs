//! Tokens, and signatures in the body: what comes out of them, and what does not.

use crate::support::receiver::{Receiver, setup};
use crate::support::request::unsigned;
use crate::support::{SECRET, unique};

const MISMATCH: (u16, &str) = (401, "Signature mismatch - unauthorized");

fn receiver(scheme: &str) -> Receiver {
    setup().arguments(&["--scheme", scheme, "--accept-uncovered-body"]).start()
}

#[test]
fn a_token_in_the_body_is_not_in_the_event() {
    let figma = receiver("figma");
    let body = format!(r#"{{ "passcode" :"{SECRET}", "event_type":"PING" }}"#);
    let event = figma.accept(&unsigned(body));
    assert_eq!(event.payload(), r#"{"passcode":"[redacted]","event_type":"PING"}"#);
    assert_eq!(event.text("type").as_deref(), Some("PING"));
    let graph = receiver("microsoft-graph");
    let item = format!(r#"{{"id":"1","changeType":"created","clientState":"{SECRET}"}}"#);
    let event = graph.accept(&unsigned(format!(r#"{{"value":[{item},{item}]}}"#)));
    assert!(!event.line.contains(SECRET), "{}", event.line);
    assert_eq!(event.line.matches(r#""clientState":"[redacted]""#).count(), 2, "{}", event.line);
    assert_eq!(event.text("type").as_deref(), Some("created"));
    for receiver in [figma, graph] {
        assert!(!receiver.talk().contains(SECRET), "{}", receiver.talk());
    }
}

#[test]
fn a_token_in_a_header_is_not_in_the_event_whatever_its_body_is() {
    let mut receiver = receiver("gitlab-token");
    let body = format!(r#"{{"n":{}}}"#, unique());
    let event =
        receiver.accept(&unsigned(&body).header("X-Gitlab-Token", SECRET).header("X-Gitlab-Event", "Push Hook"));
    assert_eq!((event.payload(), event.text("type").as_deref()), (body.as_str(), Some("Push Hook")));
    assert!(!event.line.contains(SECRET), "{}", event.line);
    for (value, answer) in [
        (format!("{SECRET}x"), MISMATCH),
        (SECRET.to_uppercase(), MISMATCH),
        (String::new(), (400, "Invalid signature header format")),
    ] {
        receiver.send(&unsigned("{}").header("X-Gitlab-Token", value)).expect_refusal(answer.0, answer.1);
    }
    let events = receiver.kill();
    assert!(events.is_empty(), "{events:?}");
}

#[test]
fn a_notification_without_a_body_is_an_event() {
    let receiver = receiver("google-calendar");
    let post = unsigned("").header("X-Goog-Channel-Token", SECRET).header("X-Goog-Resource-State", "sync");
    let event = receiver.accept(&post.header("X-Goog-Message-Number", "1"));
    assert_eq!((event.text("type").as_deref(), event.text("delivery_id").as_deref()), (Some("sync"), Some("1")));
}

#[test]
fn a_body_that_nobody_signed_is_refused_before_anything_comes_of_it() {
    let mut receiver = receiver("figma");
    for (body, status, detail) in [
        (r#"{"event_type":"PING"}"#.to_string(), 400, "Missing signature header or payload"),
        (r#"{"event_type":"PING","passcode":"x"}"#.to_string(), MISMATCH.0, MISMATCH.1),
        (format!(r#"{{"passcode":"{SECRET}","passcode":"x"}}"#), 400, "Invalid signature header format"),
        (format!(r#"{{"passcode":"{SECRET}""#), 400, "Invalid JSON payload"),
        (String::new(), 400, "Missing signature header or payload"),
        (format!(r#"{{"passcode":"{SECRET}","x":"{}"}}"#, "x".repeat(4 << 20)), 413, "Payload too large"),
    ] {
        receiver.send(&unsigned(body)).expect_refusal(status, detail);
    }
    let events = receiver.kill();
    assert!(events.is_empty(), "{events:?}");
}

#[test]
fn what_these_providers_ask_before_they_deliver_is_answered_and_is_no_event() {
    let mut graph = receiver("microsoft-graph");
    let asked = unsigned("").to("/webhook?validationToken=Validation%3a+Testing%20client%2D1");
    let answer = graph.send(&asked);
    assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("text/plain")), "{}", answer.text());
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{}", answer.text());
    assert_eq!(answer.body, b"Validation: Testing client-1", "{}", answer.text());
    let refused = graph.send(&unsigned("").to("/webhook?validationToken=%3Cscript%3E"));
    refused.expect_refusal(400, "Invalid handshake");
    // With a body it is a delivery, and as good as its token.
    let forged = unsigned(r#"{"value":[{"clientState":"x"}]}"#).to("/webhook?validationToken=a");
    graph.send(&forged).expect_refusal(MISMATCH.0, MISMATCH.1);
    assert!(graph.kill().is_empty());

    let mut okta = receiver("okta");
    let asked = unsigned("").by("GET").header("x-okta-verification-challenge", "Mjg5NzQ1ODcxMg");
    let answer = okta.send(&asked);
    assert_eq!((answer.status, answer.header("Content-Type")), (200, Some("application/json")), "{}", answer.text());
    assert_eq!(answer.body, br#"{"verification":"Mjg5NzQ1ODcxMg"}"#, "{}", answer.text());
    okta.send(&unsigned("").by("GET")).expect_refusal(400, "Invalid handshake");
    let escaping = unsigned("").by("GET").header("x-okta-verification-challenge", "a\"b");
    okta.send(&escaping).expect_refusal(400, "Invalid handshake");
    let delivery = unsigned("{}").header("x-okta-verification-challenge", "a");
    okta.send(&delivery).expect_refusal(400, "Missing signature header or payload");
    assert!(okta.kill().is_empty());
}
