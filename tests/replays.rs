//! By what each preset knows a delivery that comes again: the list that `docs/SCHEMES.md` gives reasons for, written down a second
//! time, and tried. Nothing in it is by accident: whoever changes a preset has to change it here.
#![cfg(feature = "providers")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests say what went wrong by panicking"
)]

#[allow(dead_code, reason = "most checks are the properties'")]
mod checks;

use checks::NOW;
use checks::keys::keys;
use hookgate::verify::{ReplayRule, Signer, names};
use hookgate::{Head, Header, Request, Scheme, UnixTime, Verifier, preset};

/// The event's id, at this pointer of the signed body.
const BY_ID_IN_BODY: &[(&str, &str)] = &[
    ("authorize-net", "/notificationId"),
    ("boldsign", "/event/id"),
    ("box", "/id"),
    ("circleci", "/id"),
    ("coinbase-commerce", "/event/id"),
    ("fusionauth", "/event/id"),
    ("heroku", "/id"),
    ("increase", "/id"),
    ("intercom", "/id"),
    ("jaas", "/idempotencyKey"),
    ("line", "/events/0/webhookEventId"),
    ("livekit", "/id"),
    ("mux", "/id"),
    ("notion", "/id"),
    ("paddle", "/notification_id"),
    ("pagerduty", "/event/id"),
    ("slack", "/event_id"),
    ("square", "/event_id"),
    ("stripe", "/id"),
    ("telnyx", "/data/id"),
    ("trello", "/action/id"),
    ("typeform", "/event_id"),
    ("vercel", "/id"),
    ("workos", "/id"),
];

/// A signed id beside the body: in a header, in a token, or, Mailgun's, the token that is all that it signs.
const BY_SIGNED_ID: &[&str] = &[
    "gitlab",
    "mailgun",
    "messagebird",
    "openai",
    "replicate",
    "standard-webhooks",
    "standard-webhooks-v1a",
    "surge",
    "svix",
    "twitch",
    "vonage",
];

/// The MAC, or a hash of what is signed, of those that sign no time: what is sent again is the same bytes.
const BY_SAME_BYTES: &[&str] = &[
    "adyen",
    "adyen-banking",
    "asana",
    "attio",
    "bitbucket",
    "cal-com",
    "clickup",
    "cursor",
    "docusign",
    "gitea",
    "github",
    "github-sha1",
    "gocardless",
    "gogs",
    "hubspot-v1",
    "hubspot-v2",
    "jira",
    "jobber",
    "lemon-squeezy",
    // Its time stands in the body.
    "linear",
    "logto",
    "mandrill",
    "meta",
    "netlify",
    // The same.
    "pusher",
    "razorpay",
    "sentry",
    "shopify",
    "todoist",
    "twilio",
    "twilio-sha256",
    "webex",
    "woocommerce",
    "xero",
];

/// The same of those that sign a time, or a nonce, and no id: a retry that is signed anew counts as new.
const BY_SAME_SIGNATURE: &[&str] = &[
    "buildkite",
    "calendly",
    "cloudflare-stream",
    "discord",
    "elevenlabs",
    "front",
    "hubspot-v3",
    "plivo",
    "sendgrid",
    "zendesk",
    "zoom",
];

/// Nothing: the same signed bytes can be another event, or nothing is signed.
const BY_NOTHING: &[&str] = &[
    "auth0",
    "buildkite-token",
    "chargebee",
    "cloudflare-notifications",
    "deepgram",
    "deepgram-basic",
    "dropbox",
    "figma",
    "gitlab-token",
    "google-calendar",
    "hookdeck",
    "hugging-face",
    "microsoft-graph",
    "okta",
    "postmark",
    "telegram",
];

/// By what the delivery is known that `scheme` makes of `body`, with this id where it signs one, at `now`.
fn key_of(scheme: &Scheme, body: &str, id: &str, now: UnixTime) -> Option<Vec<u8>> {
    let (signing, verifying) = keys(scheme, b"a key of the tests, of 32 bytes.");
    let signer = Signer::new(scheme, &signing).unwrap().with_id(id).with_url("https://example.com/webhook?a=b");
    let (fields, body) = signer.deliver(body.as_bytes(), now).unwrap_or_else(|why| panic!("{}: {why}", scheme.name));
    let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    let head = Head { method: &scheme.methods[0], target: "/webhook?a=b", headers: &headers };
    let secrets = [("one".to_string(), verifying)];
    let url = Some("https://example.com/webhook");
    let verifier = Verifier::accepting_uncovered_body(scheme.clone(), secrets, url).unwrap();
    let verified = verifier.verify(&Request { head, body: &body }, now);
    let verified = verified.unwrap_or_else(|refusal| panic!("{}: {refusal:?}", scheme.name));
    verified.replay_key(std::str::from_utf8(&body).ok())
}

fn later() -> UnixTime {
    UnixTime::from_ms(NOW.as_ms() + 60_000)
}

/// A body of the form that `scheme` takes, which says `what`.
fn body(scheme: &Scheme, what: &str) -> String {
    match scheme.name.as_str() {
        _ if scheme.signs_form() => format!("a={what}"),
        "adyen" => {
            let item = format!(
                r#"{{"pspReference":"{what}","originalReference":"","merchantAccountCode":"m","merchantReference":"r","amount":{{"value":1,"currency":"EUR"}},"eventCode":"AUTHORISATION","success":"true","additionalData":{{}}}}"#
            );
            format!(r#"{{"notificationItems":[{{"NotificationRequestItem":{item}}}]}}"#)
        }
        "microsoft-graph" => format!(r#"{{"value":[{{"a":"{what}"}}]}}"#),
        "mailgun" => format!(r#"{{"signature":{{}},"a":"{what}"}}"#),
        _ => format!(r#"{{"a":"{what}"}}"#),
    }
}

/// JSON with `id` at `pointer`, and what else it says.
fn with_id_at(pointer: &str, id: &str, what: &str) -> String {
    let inside = pointer.rsplit('/').filter(|step| !step.is_empty()).fold(format!("\"{id}\""), |inside, step| {
        if step == "0" { format!("[{inside}]") } else { format!("{{\"{step}\":{inside}}}") }
    });
    inside.replacen('{', &format!("{{\"what\":\"{what}\","), 1)
}

#[test]
fn each_preset_is_on_one_list() {
    let lists = [BY_SIGNED_ID, BY_SAME_BYTES, BY_SAME_SIGNATURE, BY_NOTHING];
    let mut listed: Vec<&str> = lists.concat().into_iter().chain(BY_ID_IN_BODY.iter().map(|(name, _)| *name)).collect();
    listed.sort_unstable();
    let mut known: Vec<&str> = names().collect();
    known.sort_unstable();
    assert_eq!(listed, known);
}

#[test]
fn an_id_in_the_signed_body_is_known_whatever_else_the_retry_says_and_when_it_was_signed() {
    for (name, pointer) in BY_ID_IN_BODY {
        let scheme = preset(name).unwrap();
        assert_eq!(scheme.replay_key, ReplayRule::Json((*pointer).to_string()), "{name}");
        let key = |id: &str, what: &str, now| key_of(&scheme, &with_id_at(pointer, id, what), "none", now);
        let first = key("evt_1", "first", NOW);
        assert_eq!(first.as_deref(), Some(&b"jevt_1"[..]), "{name}");
        assert_eq!(key("evt_1", "retry", later()), first, "{name}");
        assert_ne!(key("evt_2", "first", NOW), first, "{name}");
        // Without an id it is known by its bytes: what lacks one is no way around.
        let without = key_of(&scheme, "{}", "none", NOW);
        assert!(without.is_some() && without == key_of(&scheme, "{}", "none", NOW), "{name}");
        assert_ne!(without, first, "{name}");
    }
}

#[test]
fn a_signed_id_is_known_whatever_the_body_is_and_when_it_was_signed() {
    for name in BY_SIGNED_ID {
        let scheme = preset(name).unwrap();
        let key = |id: &str, what: &str, now| key_of(&scheme, &body(&scheme, what), id, now);
        let first = key("msg_1", "first", NOW);
        assert!(first.is_some(), "{name}");
        assert_eq!(key("msg_1", "retry", later()), first, "{name}");
        assert_ne!(key("msg_2", "first", NOW), first, "{name}");
    }
}

#[test]
fn the_same_bytes_are_the_same_delivery_whenever_they_come() {
    for name in BY_SAME_BYTES {
        let scheme = preset(name).unwrap();
        assert_eq!(scheme.replay_key, ReplayRule::Mac, "{name}");
        let key = |what: &str, now| key_of(&scheme, &body(&scheme, what), "none", now);
        let first = key("first", NOW);
        assert!(first.is_some(), "{name}");
        assert_eq!(key("first", later()), first, "{name}");
        assert_ne!(key("second", NOW), first, "{name}");
    }
}

#[test]
fn what_signs_its_time_and_no_id_is_known_by_all_that_it_signs() {
    for name in BY_SAME_SIGNATURE {
        let scheme = preset(name).unwrap();
        assert_eq!(scheme.replay_key, ReplayRule::Mac, "{name}");
        let key = |what: &str, id: &str, now| key_of(&scheme, &body(&scheme, what), id, now);
        let first = key("first", "nonce", NOW);
        assert!(first.is_some(), "{name}");
        assert_eq!(key("first", "nonce", NOW), first, "{name}");
        assert_ne!(key("second", "nonce", NOW), first, "{name}");
        // Signed anew: for another time, or, Plivo's, with another nonce.
        assert_ne!(key("first", "another", later()), first, "{name}");
    }
}

#[test]
fn what_can_be_two_events_in_the_same_bytes_is_known_by_nothing() {
    for name in BY_NOTHING {
        let scheme = preset(name).unwrap();
        assert_eq!(scheme.replay_key, ReplayRule::None, "{name}");
        assert_eq!(key_of(&scheme, &body(&scheme, "first"), "none", NOW), None, "{name}");
    }
}
