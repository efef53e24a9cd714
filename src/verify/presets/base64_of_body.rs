//! Base64 of a MAC over the body, and nothing else signed.

use super::{ASK, Ask, BASE, Body, Form, ID_IN_BODY, Key, NO_WORD, Preset, Replay};
use crate::verify::scheme::Encoding;

const BASE64: Preset = Preset { encoding: Encoding::Base64, ..BASE };

pub(super) const PRESETS: &[Preset] = &[
    // The prefix looks like GitHub's; what follows is base64.
    Preset {
        name: "typeform",
        documentation: "Typeform Developers, \"Secure your webhooks\"",
        headers: &["Typeform-Signature"],
        grammar: Form::Prefix("sha256="),
        event_type: &["/event_type"],
        delivery_id: &["/event_id"],
        replay_key: Replay::Json("/event_id"),
        replay_reason: ID_IN_BODY,
        ..BASE64
    },
    // X-Shopify-Triggered-At is not signed: it would be no protection.
    Preset {
        name: "shopify",
        documentation: "Shopify Developers, \"Deliver webhooks through HTTPS\"; Shopify/shopify-app-js",
        headers: &["X-Shopify-Hmac-Sha256", "shopify-hmac-sha256"],
        event_type: &["X-Shopify-Topic", "shopify-topic"],
        delivery_id: &["X-Shopify-Webhook-Id", "shopify-webhook-id"],
        replay_reason: "a delivery that is sent again is the same bytes; its ids stand in headers that are not signed",
        ..BASE64
    },
    Preset {
        name: "line",
        documentation: "LINE Developers, \"Verify webhook signature\"; line/line-bot-sdk-nodejs",
        headers: &["x-line-signature"],
        event_type: &["/events/0/type"],
        delivery_id: &["/events/0/webhookEventId"],
        replay_key: Replay::Json("/events/0/webhookEventId"),
        replay_reason: "an event's id stays when it is sent again; isRedelivery beside it doesn't",
        ..BASE64
    },
    // A ping, sent when the webhook is saved, is a form.
    Preset {
        name: "woocommerce",
        documentation: "WooCommerce Developers, \"Webhooks\", REST API",
        headers: &["X-WC-Webhook-Signature"],
        payload: Body::JsonOrForm,
        event_type: &["X-WC-Webhook-Topic"],
        delivery_id: &["X-WC-Webhook-Delivery-ID"],
        // The ping that follows saving a webhook is a form, and not signed.
        handshakes: &[Ask { signed: false, token: Some("webhook_id="), ..ASK }],
        ..BASE64
    },
    // The key looks like base64 and is taken as text. An answer has no body (Xero Developer, "Intent to receive").
    Preset {
        name: "xero",
        documentation: "Xero Developer, \"Webhooks\", creating a signature",
        headers: &["x-xero-signature"],
        event_type: &["/events/0/eventType"],
        replay_reason: "each delivery has random text in it (entropy), and is the same bytes when it is sent again",
        success: NO_WORD,
        // Intent to receive: well and badly signed requests without events; an answer with a body is a failure.
        handshakes: &[Ask { when: &[("/events", "[]")], ..ASK }],
        bare_refusals: true,
        ..BASE64
    },
    // One header for each key that is active.
    Preset {
        name: "docusign",
        documentation: "DocuSign Developers, \"How to validate a webhook message using HMAC\"",
        headers: &[
            "X-DocuSign-Signature-1",
            "X-DocuSign-Signature-2",
            "X-DocuSign-Signature-3",
            "X-DocuSign-Signature-4",
            "X-DocuSign-Signature-5",
            "X-DocuSign-Signature-6",
            "X-DocuSign-Signature-7",
            "X-DocuSign-Signature-8",
            "X-DocuSign-Signature-9",
            "X-DocuSign-Signature-10",
        ],
        payload: Body::Any,
        event_type: &["/event"],
        replay_reason: "the same signed bytes are a replay; a retry counts itself in the body (retryCount) and counts as new",
        ..BASE64
    },
    Preset {
        name: "todoist",
        documentation: "Todoist Developers, \"Webhooks\", request format; Doist/todoist-api-typescript",
        headers: &["X-Todoist-Hmac-SHA256"],
        event_type: &["/event_name"],
        delivery_id: &["X-Todoist-Delivery-ID"],
        ..BASE64
    },
    Preset {
        name: "jobber",
        documentation: "Jobber Developer Center, \"Setting up webhooks\", webhook security",
        headers: &["X-Jobber-Hmac-SHA256"],
        event_type: &["/data/webHookEvent/topic"],
        ..BASE64
    },
    Preset {
        name: "heroku",
        documentation: "Heroku Dev Center, \"App webhooks\", securing webhook requests",
        headers: &["Heroku-Webhook-Hmac-SHA256"],
        event_type: &["/resource"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: "the event's id stays when it is sent again; webhook_metadata beside it doesn't",
        ..BASE64
    },
    // The second signature comes during a rotation.
    Preset {
        name: "hookdeck",
        documentation: "Hookdeck Docs, \"Verify webhook signatures from Hookdeck\"",
        headers: &["x-hookdeck-signature", "x-hookdeck-signature-2"],
        payload: Body::Any,
        delivery_id: &["x-hookdeck-eventid"],
        replay_key: Replay::None,
        replay_reason: "it hands on what others send, whose events can be the same bytes; its own id is not signed",
        ..BASE64
    },
    // The key is hex, as the console shows it.
    Preset {
        name: "adyen-banking",
        documentation: "Adyen Docs, \"Verify HMAC signatures\", platforms; Adyen/adyen-node-api-library hmacValidator.ts",
        headers: &["HmacSignature"],
        secret: Key::Hex,
        event_type: &["/type"],
        ..BASE64
    },
];
