//! The URL is signed too: that which the provider was given, not that which a request says it came by.

#[cfg(feature = "providers")]
use crate::verify::scheme::Algorithm;
use crate::verify::scheme::{Encoding, TimeUnit};

#[cfg(feature = "providers")]
use super::ASK_BY_HEAD;
use super::{At, BASE, ID_IN_BODY, Preset, Replay, Time};

pub(super) const PRESETS: &[Preset] = &[
    Preset {
        name: "square",
        documentation: "Square Developer, \"Verify and validate an event notification\"; square/square-nodejs-sdk",
        headers: &["x-square-hmacsha256-signature"],
        encoding: Encoding::Base64,
        template: "{url}{body}",
        event_type: &["/type"],
        delivery_id: &["/event_id"],
        replay_key: Replay::Json("/event_id"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
    #[cfg(feature = "providers")]
    Preset {
        name: "trello",
        documentation: "Atlassian Developer, Trello \"Webhooks\", webhook signatures",
        headers: &["X-Trello-Webhook"],
        algorithm: Algorithm::HmacSha1,
        encoding: Encoding::Base64,
        template: "{body}{url}",
        event_type: &["/action/type"],
        delivery_id: &["/action/id"],
        replay_key: Replay::Json("/action/id"),
        replay_reason: ID_IN_BODY,
        handshakes: &[ASK_BY_HEAD],
        ..BASE
    },
    // A timestamp ahead is not refused (HubSpot/hubspot-api-python, hubspot/utils/signature.py).
    Preset {
        name: "hubspot-v3",
        aliases: &["hubspot"],
        documentation: "HubSpot Developers, \"Validate requests\", v3; HubSpot/hubspot-api-python",
        headers: &["X-HubSpot-Signature-v3"],
        encoding: Encoding::Base64,
        template: "{method}{url_unescaped}{body}{timestamp}",
        timestamp: Some(Time(At::Header("X-HubSpot-Request-Timestamp"), TimeUnit::Milliseconds, Some(300), None)),
        event_type: &["/0/subscriptionType"],
        replay_reason: "the same signed bytes are a replay; an eventId is, by HubSpot's word, not unique",
        ..BASE
    },
];
