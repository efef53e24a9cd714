//! Signatures that the provider makes with a private key, and anybody verifies with the public one.

use crate::verify::scheme::{Algorithm, ContentType, Encoding, Success, TimeUnit, Unprefixed};
use std::borrow::Cow;

use super::{ASK, Ask, At, BASE, ID_IN_BODY, Key, Preset, Replay, SIGNED_AGAIN, Say, Time};

pub(super) const PRESETS: &[Preset] = &[
    // Interactions and webhook events, under one key. Discord states no bound; five minutes is what Slack says, whose form this
    // is. It signs wrongly on purpose now and then, and wants 401. A PING is of type 1 where interactions come, and an event
    // is of type 1 where events do: the event it tells of is what a PING has not.
    Preset {
        name: "discord",
        documentation: "Discord Developers, \"Receiving and Responding to Interactions\" and \"Webhook Events\"; \
            discord/discord-interactions-js",
        headers: &["X-Signature-Ed25519"],
        algorithm: Algorithm::Ed25519,
        template: "{timestamp}{body}",
        secret: Key::Hex,
        timestamp: Some(Time(At::Header("X-Signature-Timestamp"), TimeUnit::Seconds, Some(300), Some(300))),
        event_type: &["/event/type", "/type"],
        delivery_id: &["/id"],
        replay_reason: SIGNED_AGAIN,
        success: Success { status: 204, content_type: ContentType::Json, body: Cow::Borrowed("") },
        handshakes: &[
            Ask { when: &[("/type", "1"), ("/event", "!")], reply: Say::Fixed(r#"{"type":1}"#), ..ASK },
            Ask { when: &[("/type", "0")], reply: Say::NoContent, ..ASK },
        ],
        ..BASE
    },
    Preset {
        name: "telnyx",
        documentation: "Telnyx Developers, \"Receiving webhooks\"; team-telnyx/telnyx-node",
        headers: &["telnyx-signature-ed25519"],
        algorithm: Algorithm::Ed25519,
        encoding: Encoding::Base64,
        template: "{timestamp}|{body}",
        secret: Key::Base64("", Unprefixed::Base64),
        timestamp: Some(Time(At::Header("telnyx-timestamp"), TimeUnit::Seconds, Some(300), Some(300))),
        event_type: &["/data/event_type"],
        delivery_id: &["/data/id"],
        replay_key: Replay::Json("/data/id"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
    // Its timestamp is bound by nothing: SendGrid and its libraries state no age, and retries go on for a day.
    Preset {
        name: "sendgrid",
        documentation: "Twilio SendGrid Docs, \"Getting Started with the Event Webhook Security Features\"; \
            sendgrid/sendgrid-nodejs packages/eventwebhook",
        headers: &["X-Twilio-Email-Event-Webhook-Signature"],
        algorithm: Algorithm::EcdsaP256Sha256,
        encoding: Encoding::Base64Der,
        template: "{timestamp}{body}",
        secret: Key::Base64("", Unprefixed::Base64),
        timestamp: Some(Time(At::Header("X-Twilio-Email-Event-Webhook-Timestamp"), TimeUnit::Seconds, None, None)),
        event_type: &["/0/event"],
        delivery_id: &["/0/sg_event_id"],
        replay_reason: "the same signed bytes are a replay; a batch has no id, and one event of it is not the batch",
        ..BASE
    },
];
