//! Properties of every preset's handshakes, on requests that come near to one: what is answered as a handshake could be no event,
//! and what is echoed is short and plain. The reference is naive, on a tree of the JSON.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what went wrong by panicking"
)]

#[allow(dead_code, reason = "each test takes what it needs of it")]
#[path = "checks/keys.rs"]
mod keys;

use hookgate::verify::{Coverage, Handshake, Reply, Signer, Spot, names};
use hookgate::{Head, Header, Received, Receiver, Refusal, Request, Scheme, Secret, UnixTime, Verifier, preset};
use keys::keys;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const URL: &str = "https://example.com/webhook";
const FORM: Header<'static> = Header { name: "content-type", value: b"application/x-www-form-urlencoded" };

const KEY: &[u8] = b"a key of the tests, of some bytes";

fn receiver(scheme: &Scheme) -> Receiver {
    let secrets = [("one".to_string(), keys(scheme, KEY).1)];
    let verifier = Verifier::accepting_uncovered_body(scheme.clone(), secrets, Some(URL)).unwrap();
    let receiver = Receiver::new(scheme.name.clone(), "/webhook".to_string(), verifier).unwrap();
    receiver.with_agreed_token(&Secret::new(b"agreed".to_vec()).unwrap())
}

fn schemes() -> Vec<Scheme> {
    names().filter_map(preset).filter(|scheme| !scheme.handshakes.is_empty()).collect()
}

/// The name of a header that some preset has a meaning for.
fn header_name() -> impl Strategy<Value = String> {
    let signatures = schemes().into_iter().flat_map(|scheme| scheme.signature_headers);
    select(
        signatures
            .chain(
                ["X-Hook-Secret", "X-Front-Challenge", "X-Okta-Verification-Challenge", "Content-Type"]
                    .map(str::to_string),
            )
            .collect::<Vec<_>>(),
    )
}

fn token() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[A-Za-z0-9_-]{1,70}",
        2 => "[ -~]{0,20}",
        1 => select(vec!["agreed", "subscribe", "v0:1700000000:{}", "<b>", "a\r\nb", "é", ""]).prop_map(str::to_string),
        1 => "a{250,260}",
    ]
}

fn target() -> impl Strategy<Value = String> {
    let names = ["challenge", "hub.mode", "hub.challenge", "hub.verify_token", "validationToken", "x"];
    let pair = (
        select(names.to_vec()),
        prop_oneof![3 => "[A-Za-z0-9_.~+=%-]{0,30}", 1 => Just("agreed".to_string()), 1 => Just("subscribe".to_string())],
    );
    vec(pair, 0..5).prop_map(|pairs| {
        let pairs: Vec<String> = pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("/webhook?{}", pairs.join("&"))
    })
}

/// A body that some provider asks with, or nearly.
fn body() -> impl Strategy<Value = Value> {
    let value = prop_oneof![
        3 => select(vec!["url_verification", "endpoint.url_validation", "webhook_callback_verification_pending", "sync"]).prop_map(|text| json!(text)),
        1 => token().prop_map(|text| json!(text)),
        1 => Just(json!([])),
        1 => Just(json!([1])),
        2 => Just(json!(1)),
        1 => Just(json!(0)),
        1 => Just(Value::Null),
    ];
    let fields = (value.clone(), value.clone(), value, token(), token(), any::<bool>());
    fields.prop_map(|(kind, event, status, challenge, plain, lists)| {
        let mut body = json!({ "type": kind, "event": event, "subscription": { "status": status } });
        body["challenge"] = json!(challenge);
        body["payload"] = json!({ "plainToken": plain });
        body["events"] = if lists { json!([]) } else { event };
        if lists {
            body.as_object_mut().unwrap().remove("event");
        }
        body
    })
}

/// Whether `body` is the question, by its tree.
fn is_asked(handshake: &Handshake, body: &Value) -> bool {
    let holds = |(spot, value): &(Spot, String)| match (spot, value.as_str()) {
        (Spot::Json(pointer), "[]") => body.pointer(pointer).is_some_and(|held| *held == json!([])),
        (Spot::Json(pointer), "!") => body.pointer(pointer).is_none(),
        (Spot::Json(pointer), value) => body.pointer(pointer).is_some_and(|held| {
            held.as_str() == Some(value) || held.as_i64().is_some_and(|it| value.parse() == Ok(it))
        }),
        _ => panic!("a signed question is known by its body"),
    };
    handshake.signed && handshake.when.iter().all(holds)
}

/// What of a token may be echoed in this reply: its longest, and its characters.
fn may_be_echoed(reply: &Reply, token: &str) -> bool {
    let (limit, more) = if matches!(reply, Reply::Mac { .. }) { (64, "-_") } else { (256, "-._~+/=") };
    let is_plain = |character: char| character.is_ascii_alphanumeric() || more.contains(character);
    (1..=limit).contains(&token.len()) && token.chars().all(is_plain)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Nobody signed any of these, so that none is an event either.
    #[test]
    fn what_is_answered_without_a_signature_could_be_no_event(
        method in select(vec!["GET", "HEAD", "POST", "PUT"]), target in target(),
        fields in vec((header_name(), token()), 0..3), is_form in any::<bool>(),
        body in prop_oneof![Just(String::new()), Just("webhook_id=42".to_string()), "webhook_id=[0-9&=a-z<]{0,6}", Just("{}".to_string())],
    ) {
        for scheme in schemes() {
            let mut headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
            headers.extend(is_form.then_some(FORM));
            let head = Head { method, target: &target, headers: &headers };
            let receiver = receiver(&scheme);
            match receiver.receive(&Request { head, body: body.as_bytes() }, NOW) {
                Ok(Received::Delivery(delivery)) => panic!("{delivery:?}"),
                Ok(Received::Handshake(answer)) => {
                    let is_signed = scheme.signature_headers.iter().any(|name| head.value(name).is_some());
                    let delivers = scheme.methods.iter().any(|it| it == method);
                    prop_assert!(!(delivers && is_signed), "{} {head:?}", scheme.name);
                    prop_assert!(answer.status() == 200 && answer.body().len() <= 256 + 19);
                    let said = answer.body().strip_prefix(r#"{"verification":""#).and_then(|rest| rest.strip_suffix("\"}"));
                    let said = said.unwrap_or(answer.body()).replace([' ', ':'], if scheme.name == "microsoft-graph" { "_" } else { " " });
                    prop_assert!(said.is_empty() || may_be_echoed(&Reply::Text, &said), "{}", answer.body());
                    prop_assert!(body.is_empty() || scheme.name == "woocommerce");
                    prop_assert!(scheme.name != "meta" || target.contains("hub.verify_token=agreed"));
                    prop_assert_eq!(receiver.admit(&head, Some(body.len() as u64)), Ok(()), "it is waited for");
                }
                // Any text is a token, and no text here is the right one.
                Err(Refusal::SignatureMismatch) => prop_assert_eq!(scheme.coverage(), Coverage::Nothing),
                Err(_) => {}
            }
        }
    }

    #[test]
    fn what_is_signed_is_a_question_where_its_body_says_so_and_an_event_elsewhere(body in body(), challenge in token()) {
        for scheme in schemes() {
            let text = match scheme.signs_form() {
                // Mandrill's, and to the others a form like any.
                true => format!("mandrill_events={}", body.to_string().bytes().map(|it| format!("%{it:02X}")).collect::<String>()),
                false => body.to_string(),
            };
            let signer = Signer::new(&scheme, &keys(&scheme, KEY).0).unwrap().with_id("an-id").with_url(URL);
            let Ok((fields, sealed)) = signer.deliver(text.as_bytes(), NOW) else {
                prop_assert!(scheme.signature_headers.is_empty(), "it stands in the body");
                continue;
            };
            let mut headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
            headers.push(Header { name: "X-Front-Challenge", value: challenge.as_bytes() });
            headers.extend(scheme.signs_form().then_some(FORM));
            let head = Head { method: "POST", target: "/webhook", headers: &headers };
            let receiver = receiver(&scheme);
            let received = receiver.receive(&Request { head, body: &sealed }, NOW);
            let Some(asked) = scheme.handshakes.iter().find(|handshake| is_asked(handshake, &body)) else {
                prop_assert!(matches!(received, Ok(Received::Delivery(_))), "{} {text}: {received:?}", scheme.name);
                continue;
            };
            let token = match &asked.token {
                Some(Spot::Json(pointer)) => body.pointer(pointer).and_then(Value::as_str).unwrap_or_default(),
                // White space around a field's value is none of it.
                Some(Spot::Header(_)) => challenge.trim_matches([' ', '\t']),
                _ => "a",
            };
            match received {
                Ok(Received::Handshake(answer)) => {
                    prop_assert!(may_be_echoed(&asked.reply, token), "{} {token:?}", scheme.name);
                    let is_said = asked.token.is_none() || answer.body().contains(token);
                    prop_assert!(is_said && answer.body().len() <= 256 + 128, "{}", answer.body());
                }
                Err(refusal) => {
                    prop_assert_eq!(refusal, Refusal::InvalidHandshake);
                    prop_assert!(!may_be_echoed(&asked.reply, token), "{} {token:?}", scheme.name);
                }
                Ok(Received::Delivery(_)) => panic!("{} takes a question for an event: {text}", scheme.name),
            }
        }
    }
}
