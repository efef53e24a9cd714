//! The signature, or the token, stands in the body.

use super::token::TOKEN;
use super::{ASK, Ask, At, BASE, Key, Preset, Replay, Say, Time};
use crate::verify::scheme::{Encoding, TimeUnit};

pub(super) const PRESETS: &[Preset] = &[
    // Each notification has its own. What is not of the eight fields is not signed.
    Preset {
        name: "adyen",
        aliases: &["adyen-standard"],
        documentation: "Adyen Docs, \"Verify HMAC signatures\", payments; Adyen/adyen-node-api-library hmacValidator.ts",
        in_body: Some((Some("/notificationItems"), "/NotificationRequestItem/additionalData/hmacSignature")),
        encoding: Encoding::Base64,
        template: concat!(
            "{json:/NotificationRequestItem/pspReference}:",
            "{json:/NotificationRequestItem/originalReference}:",
            "{json:/NotificationRequestItem/merchantAccountCode}:",
            "{json:/NotificationRequestItem/merchantReference}:",
            "{json:/NotificationRequestItem/amount/value}:",
            "{json:/NotificationRequestItem/amount/currency}:",
            "{json:/NotificationRequestItem/eventCode}:",
            "{json:/NotificationRequestItem/success}"
        ),
        secret: Key::Hex,
        event_type: &["/notificationItems/0/NotificationRequestItem/eventCode"],
        delivery_id: &["/notificationItems/0/NotificationRequestItem/pspReference"],
        replay_reason: "an event is known by its pspReference, eventCode and success, all of which are signed",
        ..BASE
    },
    // The token is 50 random characters for each delivery. Mailgun says not to be too aggressive with the age: deliveries can be
    // held up on its side.
    Preset {
        name: "mailgun",
        documentation: "Mailgun Docs, \"Securing webhooks\"; mailgun/mailgun-go webhooks_test.go",
        in_body: Some((None, "/signature/signature")),
        template: "{json:/signature/timestamp}{json:/signature/token}",
        timestamp: Some(Time(At::SignedJson("/signature/timestamp"), TimeUnit::Seconds, Some(3600), Some(300))),
        event_type: &["/event-data/event"],
        delivery_id: &["/event-data/id"],
        replay_key: Replay::Json("/signature/token"),
        replay_reason: "the token is made for one delivery and signed; the event's own id is not signed",
        ..BASE
    },
    Preset {
        name: "figma",
        documentation: "Figma Developers, REST API, webhooks, \"Security\"",
        in_body: Some((None, "/passcode")),
        event_type: &["/event_type"],
        ..TOKEN
    },
    Preset {
        name: "microsoft-graph",
        documentation: "Microsoft Learn, Graph, \"Receive change notifications through webhooks\"",
        in_body: Some((Some("/value"), "/clientState")),
        event_type: &["/value/0/changeType", "/value/0/lifecycleEvent"],
        delivery_id: &["/value/0/id"],
        handshakes: &[Ask { signed: false, token: Some("?validationToken"), reply: Say::Sentence, ..ASK }],
        ..TOKEN
    },
];
