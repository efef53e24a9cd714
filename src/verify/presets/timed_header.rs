//! The timestamp stands in a header of its own and is signed with the body.

use super::{ASK, Ask, At, BASE, Body, Form, ID_IN_BODY, ID_SIGNED, Preset, Replay, SIGNED_AGAIN, Say, Time};
use crate::verify::scheme::{Encoding, TimeUnit};

pub(super) const PRESETS: &[Preset] = &[
    // Events are JSON; commands and interactions are forms.
    Preset {
        name: "slack",
        documentation: "Slack API, \"Verifying requests from Slack\"; slackapi/python-slack-sdk",
        headers: &["X-Slack-Signature"],
        grammar: Form::Prefix("v0="),
        template: "v0:{timestamp}:{body}",
        timestamp: Some(Time(At::Header("X-Slack-Request-Timestamp"), TimeUnit::Seconds, Some(300), Some(300))),
        payload: Body::JsonOrForm,
        event_type: &["/event/type", "/type"],
        delivery_id: &["/event_id"],
        replay_key: Replay::Json("/event_id"),
        replay_reason: "a retry is signed anew, for its own time; the event's id in the signed body stays",
        handshakes: &[Ask {
            when: &[("/type", "url_verification")],
            token: Some("/challenge"),
            reply: Say::Text,
            ..ASK
        }],
        ..BASE
    },
    // Zoom states no bound; five minutes is Slack's, whose form this is.
    Preset {
        name: "zoom",
        documentation: "Zoom Developers, \"Using webhooks\", verify webhook events; zoom/webhook-sample",
        headers: &["x-zm-signature"],
        grammar: Form::Prefix("v0="),
        template: "v0:{timestamp}:{body}",
        timestamp: Some(Time(At::Header("x-zm-request-timestamp"), TimeUnit::Seconds, Some(300), Some(300))),
        event_type: &["/event"],
        replay_reason: SIGNED_AGAIN,
        handshakes: &[Ask {
            when: &[("/event", "endpoint.url_validation")],
            token: Some("/payload/plainToken"),
            reply: Say::Mac("plainToken", "encryptedToken"),
            ..ASK
        }],
        ..BASE
    },
    // Nothing stands between timestamp and body. Zendesk leaves the bound to the receiver. What a trigger sends is the
    // account's own text, so that an `id` in it can be a ticket's.
    Preset {
        name: "zendesk",
        documentation: "Zendesk Developer, \"Verifying webhook authenticity\"",
        headers: &["X-Zendesk-Webhook-Signature"],
        encoding: Encoding::Base64,
        template: "{timestamp}{body}",
        timestamp: Some(Time(
            At::Header("X-Zendesk-Webhook-Signature-Timestamp"),
            TimeUnit::Rfc3339,
            Some(300),
            Some(300),
        )),
        payload: Body::Any,
        event_type: &["/type"],
        delivery_id: &["X-Zendesk-Webhook-Invocation-Id"],
        replay_reason: SIGNED_AGAIN,
        ..BASE
    },
    Preset {
        name: "twitch",
        documentation: "Twitch Developers, EventSub, \"Getting events using webhooks\"; twitchdev/twitch-cli",
        headers: &["Twitch-Eventsub-Message-Signature"],
        grammar: Form::Prefix("sha256="),
        template: "{id}{timestamp}{body}",
        timestamp: Some(Time(At::Header("Twitch-Eventsub-Message-Timestamp"), TimeUnit::Rfc3339, Some(600), Some(600))),
        signed_id: Some("Twitch-Eventsub-Message-Id"),
        event_type: &["Twitch-Eventsub-Subscription-Type", "/subscription/type"],
        delivery_id: &["Twitch-Eventsub-Message-Id"],
        replay_key: Replay::SignedId,
        replay_reason: ID_SIGNED,
        // The header that says so too is not signed.
        handshakes: &[Ask {
            when: &[("/subscription/status", "webhook_callback_verification_pending")],
            token: Some("/challenge"),
            reply: Say::Text,
            ..ASK
        }],
        ..BASE
    },
    // Two keys sign, each in its header. The timestamp follows the body. A timestamp ahead is not refused
    // (box/box-node-sdk, webhooks.ts).
    Preset {
        name: "box",
        documentation: "Box Developer, \"Signatures\"; box/box-node-sdk src/managers/webhooks.ts",
        headers: &["box-signature-primary", "box-signature-secondary"],
        require: &[("box-signature-version", "1"), ("box-signature-algorithm", "HmacSHA256")],
        encoding: Encoding::Base64,
        template: "{body}{timestamp}",
        timestamp: Some(Time(At::Header("box-delivery-timestamp"), TimeUnit::Rfc3339, Some(600), None)),
        event_type: &["/trigger"],
        delivery_id: &["box-delivery-id"],
        replay_key: Replay::Json("/id"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
    Preset {
        name: "front",
        documentation: "Front Developers, \"Security\"",
        headers: &["X-Front-Signature"],
        encoding: Encoding::Base64,
        template: "{timestamp}:{body}",
        timestamp: Some(Time(At::Header("X-Front-Request-Timestamp"), TimeUnit::Milliseconds, Some(300), Some(300))),
        event_type: &["/type"],
        replay_reason: SIGNED_AGAIN,
        handshakes: &[Ask {
            when: &[("/type", "sync")],
            token: Some("X-Front-Challenge"),
            reply: Say::Json("challenge"),
            ..ASK
        }],
        ..BASE
    },
];
