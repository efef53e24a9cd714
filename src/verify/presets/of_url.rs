//! The URL is signed too: that which the provider was given, not that which a request says it came by.

#[cfg(feature = "providers")]
use crate::verify::scheme::Algorithm;
use crate::verify::scheme::{Encoding, TimeUnit};

#[cfg(feature = "providers")]
use super::{ASK_BY_HEAD, Body};
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
    // A plain hash, prone to length extension: what that adds to JSON is no JSON, but `hubspot-v3` is the one to choose. The
    // version is said in a header that old deliveries lack.
    #[cfg(feature = "providers")]
    Preset {
        name: "hubspot-v1",
        documentation: "HubSpot Developers, \"Validate requests\", v1; HubSpot/hubspot-api-nodejs",
        headers: &["X-HubSpot-Signature"],
        optional: &[("X-HubSpot-Signature-Version", "v1")],
        algorithm: Algorithm::Sha256,
        template: "{secret}{body}",
        event_type: &["/0/subscriptionType"],
        ..BASE
    },
    // The same with the URL, of requests for data too, which come by GET without a body. Nothing parts the URL from the body:
    // what of it could stand in the query is no JSON then, and nor is what is left.
    #[cfg(feature = "providers")]
    Preset {
        name: "hubspot-v2",
        documentation: "HubSpot Developers, \"Validate requests\", v2; HubSpot/hubspot-api-python",
        headers: &["X-HubSpot-Signature"],
        optional: &[("X-HubSpot-Signature-Version", "v2")],
        algorithm: Algorithm::Sha256,
        template: "{secret}{method}{url}{body}",
        payload: Body::JsonOrEmpty,
        event_type: &["/0/subscriptionType"],
        methods: &["POST", "GET"],
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
