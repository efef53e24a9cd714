//! Hex of a MAC over the body, and nothing else signed.

#[cfg(feature = "providers")]
use super::ASK_BY_HEAD;
use super::{ASK, Ask, At, BASE, Body, Form, ID_IN_BODY, Key, Preset, Replay, Say, Time};
use crate::verify::scheme::{Algorithm, TimeUnit};

pub(super) const PRESETS: &[Preset] = &[
    // "Webhook events and payloads": the body is JSON, or a form with the JSON in `payload`. The older X-Hub-Signature
    // (SHA-1), which comes beside it, is never fallen back to.
    Preset {
        name: "github",
        documentation: "GitHub Docs, \"Validating webhook deliveries\"",
        headers: &["X-Hub-Signature-256"],
        grammar: Form::Prefix("sha256="),
        payload: Body::JsonOrFormField("payload"),
        event_type: &["X-GitHub-Event", "/event_type"],
        delivery_id: &["X-GitHub-Delivery"],
        replay_reason: "a redelivery is the same bytes; its id, X-GitHub-Delivery, is not signed",
        ..BASE
    },
    // For GitHub Enterprise Server before 2.23, which sends no other.
    #[cfg(feature = "providers")]
    Preset {
        name: "github-sha1",
        documentation: "GitHub Docs, \"Webhook events and payloads\", delivery headers: X-Hub-Signature",
        headers: &["X-Hub-Signature"],
        grammar: Form::Prefix("sha1="),
        algorithm: Algorithm::HmacSha1,
        payload: Body::JsonOrFormField("payload"),
        event_type: &["X-GitHub-Event", "/event_type"],
        delivery_id: &["X-GitHub-Delivery"],
        replay_reason: "a redelivery is the same bytes; its id, X-GitHub-Delivery, is not signed",
        ..BASE
    },
    Preset {
        name: "meta",
        aliases: &["facebook", "instagram", "messenger", "whatsapp"],
        documentation: "Meta for Developers, \"Create a webhook endpoint\", validating payloads",
        headers: &["X-Hub-Signature-256"],
        grammar: Form::Prefix("sha256="),
        event_type: &["/object"],
        handshakes: &[Ask {
            method: "GET",
            signed: false,
            when: &[("?hub.mode", "subscribe")],
            agreed_token: Some("?hub.verify_token"),
            token: Some("?hub.challenge"),
            reply: Say::Text,
        }],
        ..BASE
    },
    Preset {
        name: "bitbucket",
        documentation: "Atlassian Support, \"Manage webhooks\", securing webhooks",
        headers: &["X-Hub-Signature"],
        grammar: Form::Prefix("sha256="),
        event_type: &["X-Event-Key"],
        delivery_id: &["X-Request-UUID", "X-Request-Id"],
        ..BASE
    },
    Preset {
        name: "jira",
        documentation: "Atlassian Developer, Jira Cloud \"Webhooks\", secure admin webhooks",
        headers: &["X-Hub-Signature"],
        grammar: Form::Prefix("sha256="),
        event_type: &["/webhookEvent"],
        delivery_id: &["X-Atlassian-Webhook-Identifier"],
        ..BASE
    },
    // Forgejo sends Gitea's header beside its own, with the same signature in it.
    Preset {
        name: "gitea",
        aliases: &["forgejo"],
        documentation: "Gitea Documentation, \"Webhooks\"; Forgejo Documentation, \"Webhooks\"",
        headers: &["X-Gitea-Signature", "X-Forgejo-Signature"],
        payload: Body::JsonOrFormField("payload"),
        event_type: &["X-Gitea-Event", "X-Forgejo-Event"],
        delivery_id: &["X-Gitea-Delivery", "X-Forgejo-Delivery"],
        ..BASE
    },
    Preset {
        name: "gogs",
        documentation: "Gogs, \"Webhooks\"",
        headers: &["X-Gogs-Signature"],
        payload: Body::JsonOrFormField("payload"),
        event_type: &["X-Gogs-Event"],
        delivery_id: &["X-Gogs-Delivery"],
        ..BASE
    },
    Preset {
        name: "notion",
        documentation: "Notion Docs, \"Webhooks\"; makenotion/notion-sdk-js test/webhooks.test.ts",
        headers: &["X-Notion-Signature"],
        grammar: Form::Prefix("sha256="),
        event_type: &["/type"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: "the event's id stays when it is sent again; attempt_number beside it doesn't",
        ..BASE
    },
    Preset {
        name: "cursor",
        documentation: "Cursor Docs, \"Webhooks\", signature verification",
        headers: &["X-Webhook-Signature"],
        grammar: Form::Prefix("sha256="),
        event_type: &["X-Webhook-Event", "/event"],
        delivery_id: &["X-Webhook-ID"],
        ..BASE
    },
    // The bound is that of the SDK's own check.
    Preset {
        name: "linear",
        documentation: "Linear Developers, \"Webhooks\"; linear/linear packages/sdk/src/webhooks",
        headers: &["Linear-Signature"],
        timestamp: Some(Time(At::Json("/webhookTimestamp"), TimeUnit::Milliseconds, Some(60), Some(60))),
        event_type: &["Linear-Event", "/type"],
        delivery_id: &["Linear-Delivery"],
        ..BASE
    },
    Preset {
        name: "dropbox",
        documentation: "Dropbox for Developers, \"Webhooks\"",
        headers: &["X-Dropbox-Signature"],
        replay_key: Replay::None,
        replay_reason: "a notification says who has changes and not which: two are the same bytes",
        handshakes: &[Ask { method: "GET", signed: false, token: Some("?challenge"), reply: Say::Text, ..ASK }],
        ..BASE
    },
    // Sentry-Hook-Timestamp is not signed: it would be no protection.
    Preset {
        name: "sentry",
        documentation: "Sentry Docs, Integration Platform, \"Webhooks\"",
        headers: &["Sentry-Hook-Signature"],
        event_type: &["Sentry-Hook-Resource"],
        delivery_id: &["Request-ID"],
        ..BASE
    },
    Preset {
        name: "coinbase-commerce",
        documentation: "Coinbase Commerce, \"Webhooks\"; coinbase/coinbase-commerce-node test/testWebhook.spec.js",
        headers: &["X-CC-Webhook-Signature"],
        event_type: &["/event/type"],
        delivery_id: &["/event/id"],
        replay_key: Replay::Json("/event/id"),
        replay_reason: "the event's id stays when it is sent again; attempt_number beside it doesn't",
        ..BASE
    },
    Preset {
        name: "razorpay",
        documentation: "Razorpay Docs, \"Validate and Test Webhooks\"",
        headers: &["X-Razorpay-Signature"],
        event_type: &["/event"],
        delivery_id: &["X-Razorpay-Event-Id"],
        replay_reason: "a delivery that is sent again is the same bytes; its id, X-Razorpay-Event-Id, is not signed",
        ..BASE
    },
    Preset {
        name: "gocardless",
        documentation: "GoCardless Developers, \"Webhooks\"; gocardless/gocardless-pro-python",
        headers: &["Webhook-Signature"],
        event_type: &["/events/0/resource_type"],
        delivery_id: &["/meta/webhook_id"],
        replay_reason: "a delivery is a batch of events, and the same bytes when it is sent again",
        ..BASE
    },
    // X-Pusher-Key says which key signs: every secret that is configured is tried. The bound is that of pusher-http-python.
    Preset {
        name: "pusher",
        documentation: "Pusher Docs, Channels, \"Webhooks\"; pusher/pusher-http-python",
        headers: &["X-Pusher-Signature"],
        timestamp: Some(Time(At::Json("/time_ms"), TimeUnit::Milliseconds, Some(300), Some(300))),
        event_type: &["/events/0/name"],
        ..BASE
    },
    Preset {
        name: "lemon-squeezy",
        documentation: "Lemon Squeezy Docs, \"Signing requests\"",
        headers: &["X-Signature"],
        event_type: &["X-Event-Name", "/meta/event_name"],
        ..BASE
    },
    Preset {
        name: "clickup",
        documentation: "ClickUp Developers, \"Webhook signature\"",
        headers: &["X-Signature"],
        event_type: &["/event"],
        ..BASE
    },
    Preset {
        name: "asana",
        documentation: "Asana Developers, \"Webhooks\", security",
        headers: &["X-Hook-Signature"],
        event_type: &["/events/0/action"],
        replay_reason: "a delivery that is sent again is the same bytes; heartbeats, which hold no events, are all the same",
        handshakes: &[Ask { signed: false, token: Some("X-Hook-Secret"), reply: Say::Secret, ..ASK }],
        ..BASE
    },
    Preset {
        name: "cal-com",
        documentation: "Cal.com Docs, \"Webhooks\", verifying the authenticity of the received payload",
        headers: &["X-Cal-Signature-256"],
        event_type: &["/triggerEvent"],
        ..BASE
    },
    Preset {
        name: "attio",
        documentation: "Attio Developers, \"Webhooks\", authenticating",
        headers: &["X-Attio-Signature"],
        event_type: &["/events/0/event_type"],
        ..BASE
    },
    Preset {
        name: "logto",
        documentation: "Logto Docs, \"Secure webhooks\"",
        headers: &["logto-signature-sha-256"],
        event_type: &["/event"],
        ..BASE
    },
    // SHA-1 is all there is.
    #[cfg(feature = "providers")]
    Preset {
        name: "intercom",
        documentation: "Intercom Developers, \"Setting up webhooks\", signed notifications",
        headers: &["X-Hub-Signature"],
        grammar: Form::Prefix("sha1="),
        algorithm: Algorithm::HmacSha1,
        event_type: &["/topic"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: "the notification's id stays when it is sent again; delivery_attempts beside it doesn't",
        handshakes: &[ASK_BY_HEAD],
        ..BASE
    },
    #[cfg(feature = "providers")]
    Preset {
        name: "vercel",
        documentation: "Vercel Docs, \"Setting up webhooks\", securing webhooks",
        headers: &["x-vercel-signature"],
        algorithm: Algorithm::HmacSha1,
        event_type: &["/type"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
    #[cfg(feature = "providers")]
    Preset {
        name: "webex",
        documentation: "Webex for Developers, \"Webhooks\", handling requests: X-Spark-Signature",
        headers: &["X-Spark-Signature"],
        algorithm: Algorithm::HmacSha1,
        event_type: &["/resource"],
        ..BASE
    },
    // Several secrets sign during a rotation.
    Preset {
        name: "pagerduty",
        documentation: "PagerDuty Developers, \"Verifying webhook signatures\"; PagerDuty/go-pagerduty webhookv3",
        headers: &["X-PagerDuty-Signature"],
        grammar: Form::Pairs(',', '=', &["v1"]),
        event_type: &["/event/event_type"],
        delivery_id: &["/event/id", "X-Webhook-Id"],
        replay_key: Replay::Json("/event/id"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
    Preset {
        name: "circleci",
        documentation: "CircleCI Docs, \"Outbound webhooks\", validate webhooks",
        headers: &["circleci-signature"],
        grammar: Form::Pairs(',', '=', &["v1"]),
        event_type: &["circleci-event-type", "/type"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
    // Written in capitals; hex is read in either case.
    Preset {
        name: "authorize-net",
        documentation: "Authorize.Net Developer Center, \"Webhooks\", verifying the notification",
        headers: &["X-ANET-Signature"],
        grammar: Form::Prefix("sha512="),
        algorithm: Algorithm::HmacSha512,
        secret: Key::Hex,
        event_type: &["/eventType"],
        delivery_id: &["/notificationId"],
        replay_key: Replay::Json("/notificationId"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
];
