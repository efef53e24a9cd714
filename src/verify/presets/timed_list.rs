//! The timestamp stands beside the signature, in a list of keys and values.

use super::{At, BASE, Form, ID_IN_BODY, Preset, Replay, SIGNED_AGAIN, Time};
use crate::verify::scheme::{Encoding, TimeUnit};

/// Stripe's form, which many have taken over: `t=…,v1=…` over `{t}.{body}`, five minutes on both sides.
const T_AND_V1: Preset = Preset {
    grammar: Form::Pairs(',', '=', &["v1"]),
    template: "{timestamp}.{body}",
    timestamp: Some(Time(At::Field("t"), TimeUnit::Seconds, Some(300), Some(300))),
    event_type: &["/type"],
    replay_reason: SIGNED_AGAIN,
    ..BASE
};

pub(super) const PRESETS: &[Preset] = &[
    // The secret's `whsec_` is part of it, unlike that of Standard Webhooks. `v0` is for test events, and ignored.
    Preset {
        name: "stripe",
        documentation: "Stripe Docs, \"Verify webhook signatures manually\"; stripe/stripe-go webhook/client.go",
        headers: &["Stripe-Signature"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: "a retry is signed anew, for its own time; the event's id in the signed body stays",
        ..T_AND_V1
    },
    // Five seconds of age, inclusive; a timestamp ahead is not refused (PaddleHQ/paddle-node-sdk, webhooks-validator.ts).
    Preset {
        name: "paddle",
        documentation: "Paddle Developer, \"Verify webhook signatures\"; PaddleHQ/paddle-node-sdk",
        headers: &["Paddle-Signature"],
        grammar: Form::Pairs(';', '=', &["h1"]),
        template: "{timestamp}:{body}",
        timestamp: Some(Time(At::Field("ts"), TimeUnit::Seconds, Some(5), None)),
        event_type: &["/event_type"],
        delivery_id: &["/notification_id"],
        replay_key: Replay::Json("/notification_id"),
        replay_reason: ID_IN_BODY,
        ..T_AND_V1
    },
    Preset {
        name: "calendly",
        documentation: "Calendly Developer, \"Webhook signatures\"",
        headers: &["Calendly-Webhook-Signature"],
        timestamp: Some(Time(At::Field("t"), TimeUnit::Seconds, Some(180), Some(180))),
        event_type: &["/event"],
        ..T_AND_V1
    },
    // Milliseconds, and a space behind the comma.
    Preset {
        name: "workos",
        documentation: "WorkOS Docs, \"Sync data using webhooks\"; workos/workos-node signature-provider.ts",
        headers: &["WorkOS-Signature"],
        // workos-python's verify_header finds nothing without the space.
        grammar: Form::SpacedPairs(',', '=', &["v1"]),
        timestamp: Some(Time(At::Field("t"), TimeUnit::Milliseconds, Some(180), Some(180))),
        event_type: &["/event"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: ID_IN_BODY,
        ..T_AND_V1
    },
    // The signature is `v0`. Half an hour.
    Preset {
        name: "elevenlabs",
        documentation: "ElevenLabs Docs, \"Webhooks\"; elevenlabs/elevenlabs-python webhooks_custom.py",
        headers: &["ElevenLabs-Signature"],
        grammar: Form::Pairs(',', '=', &["v0"]),
        timestamp: Some(Time(At::Field("t"), TimeUnit::Seconds, Some(1800), Some(1800))),
        ..T_AND_V1
    },
    Preset {
        name: "mux",
        documentation: "Mux Docs, \"Verify webhook signatures\"; muxinc/mux-node-sdk",
        headers: &["mux-signature"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: "the event's id stays when it is sent again; attempt beside it doesn't",
        ..T_AND_V1
    },
    Preset {
        name: "buildkite",
        documentation: "Buildkite Docs, \"Webhooks\", webhook signature",
        headers: &["X-Buildkite-Signature"],
        grammar: Form::Pairs(',', '=', &["signature"]),
        timestamp: Some(Time(At::Field("timestamp"), TimeUnit::Seconds, Some(300), Some(300))),
        event_type: &["X-Buildkite-Event", "/event"],
        delivery_id: &["X-Request-Id"],
        ..T_AND_V1
    },
    Preset {
        name: "cloudflare-stream",
        documentation: "Cloudflare Docs, Stream, \"Use webhooks\", verify webhook authenticity",
        headers: &["Webhook-Signature"],
        grammar: Form::Pairs(',', '=', &["sig1"]),
        timestamp: Some(Time(At::Field("time"), TimeUnit::Seconds, Some(300), Some(300))),
        event_type: &["/status/state"],
        ..T_AND_V1
    },
    // `s1` comes during a rotation, and a space behind the comma.
    Preset {
        name: "boldsign",
        documentation: "BoldSign Developers, \"Verify webhook events\"",
        headers: &["X-BoldSign-Signature"],
        grammar: Form::SpacedPairs(',', '=', &["s0", "s1"]),
        event_type: &["X-BoldSign-Event", "/event/eventType"],
        delivery_id: &["/event/id"],
        replay_key: Replay::Json("/event/id"),
        replay_reason: ID_IN_BODY,
        ..T_AND_V1
    },
    // Its page leaves the bound to the receiver.
    Preset {
        name: "jaas",
        aliases: &["8x8-jaas"],
        documentation: "8x8 Developer, JaaS, \"Check the webhook signatures\"",
        headers: &["X-Jaas-Signature"],
        encoding: Encoding::Base64,
        event_type: &["/eventType"],
        delivery_id: &["/idempotencyKey"],
        replay_key: Replay::Json("/idempotencyKey"),
        replay_reason: "the key that 8x8 gives for this stands in the signed body, and stays when it is sent again",
        ..T_AND_V1
    },
    // The timestamp is RFC 3339.
    Preset {
        name: "increase",
        documentation: "Increase Docs, \"Webhooks\", securing your webhooks",
        headers: &["Increase-Webhook-Signature"],
        timestamp: Some(Time(At::Field("t"), TimeUnit::Rfc3339, Some(300), Some(300))),
        event_type: &["/category"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: ID_IN_BODY,
        ..T_AND_V1
    },
];
