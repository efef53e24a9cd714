//! A token in a header: the secret itself. It proves who sends and nothing of what is sent, so that no replay can be told.

use super::{ASK, Ask, BASE, Body, Form, Preset, Replay, Say};
use crate::verify::scheme::{Algorithm, Encoding};

pub(super) const TOKEN: Preset = Preset {
    algorithm: Algorithm::Token,
    encoding: Encoding::Verbatim,
    template: "",
    replay_key: Replay::None,
    replay_reason: "nothing is signed: whatever told a repeat, who knows the token could change it",
    ..BASE
};

/// The user's name and the password, with a colon between them (RFC 7617).
const BASIC: Preset =
    Preset { headers: &["Authorization"], grammar: Form::Prefix("Basic "), encoding: Encoding::Base64, ..TOKEN };

pub(super) const PRESETS: &[Preset] = &[
    Preset {
        name: "gitlab-token",
        documentation: "GitLab Docs, \"Webhooks\", secret token",
        headers: &["X-Gitlab-Token"],
        event_type: &["X-Gitlab-Event"],
        delivery_id: &["X-Gitlab-Event-UUID"],
        ..TOKEN
    },
    Preset {
        name: "telegram",
        documentation: "Telegram, Bot API, \"setWebhook\", secret_token",
        headers: &["X-Telegram-Bot-Api-Secret-Token"],
        delivery_id: &["/update_id"],
        ..TOKEN
    },
    // The value is what was configured, whole: with `Bearer ` before it where that was.
    Preset {
        name: "okta",
        documentation: "Okta Developer, \"Event hooks\"; okta/okta-developer-docs event-hooks",
        headers: &["Authorization"],
        event_type: &["/data/events/0/eventType", "/eventType"],
        delivery_id: &["/eventId"],
        handshakes: &[Ask {
            method: "GET",
            signed: false,
            token: Some("x-okta-verification-challenge"),
            reply: Say::Json("verification"),
            ..ASK
        }],
        ..TOKEN
    },
    // A line of JSON an event, unless told otherwise, which together are no JSON.
    Preset {
        name: "auth0",
        documentation: "Auth0 Docs, \"Create Custom Log Streams Using Webhooks\", authorization token",
        headers: &["Authorization"],
        payload: Body::Any,
        ..TOKEN
    },
    Preset {
        name: "cloudflare-notifications",
        aliases: &["cloudflare"],
        documentation: "Cloudflare Docs, Notifications, \"Configure webhooks\" and \"Webhook payload schema\"",
        headers: &["cf-webhook-auth"],
        event_type: &["/alert_type"],
        ..TOKEN
    },
    Preset {
        name: "buildkite-token",
        documentation: "Buildkite Docs, \"Webhooks\", webhook token",
        headers: &["X-Buildkite-Token"],
        event_type: &["X-Buildkite-Event"],
        delivery_id: &["X-Request-Id"],
        ..TOKEN
    },
    Preset {
        name: "hugging-face",
        documentation: "Hugging Face, Hub documentation, \"Webhooks\", webhook secret",
        headers: &["X-Webhook-Secret"],
        event_type: &["/event/scope"],
        ..TOKEN
    },
    // A notification is its header fields alone.
    Preset {
        name: "google-calendar",
        aliases: &["google-drive"],
        documentation: "Google Calendar API, \"Push notifications\", token",
        headers: &["X-Goog-Channel-Token"],
        payload: Body::MayBeEmpty,
        event_type: &["X-Goog-Resource-State"],
        delivery_id: &["X-Goog-Message-Number"],
        ..TOKEN
    },
    Preset {
        name: "deepgram",
        documentation: "Deepgram Docs, \"Callback\", authenticating callback requests: dg-token, until October 2026",
        headers: &["dg-token"],
        delivery_id: &["/metadata/request_id"],
        ..TOKEN
    },
    Preset {
        name: "deepgram-basic",
        documentation: "Deepgram Docs, \"Callback\", authenticating callback requests: Basic Auth",
        delivery_id: &["/metadata/request_id"],
        ..BASIC
    },
    Preset {
        name: "postmark",
        documentation: "Postmark Developer, \"Webhooks overview\", protecting your webhook",
        event_type: &["/RecordType"],
        delivery_id: &["/MessageID"],
        ..BASIC
    },
    Preset {
        name: "chargebee",
        documentation: "Chargebee Docs, \"Webhook settings\", basic authentication",
        event_type: &["/event_type"],
        delivery_id: &["/id"],
        ..BASIC
    },
];
