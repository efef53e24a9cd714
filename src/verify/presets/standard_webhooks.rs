//! Standard Webhooks, and those who sign like it: `{id}.{timestamp}.{body}`, a list of signatures apart by spaces.

use super::{At, BASE, Form, ID_SIGNED, Key, Preset, Replay, Time};
#[cfg(feature = "providers")]
use crate::verify::scheme::Algorithm;
use crate::verify::scheme::{Encoding, TimeUnit, Unprefixed};

/// The specification, v1: five minutes on both sides.
const STANDARD: Preset = Preset {
    headers: &["webhook-signature"],
    grammar: Form::Pairs(' ', ',', &["v1"]),
    encoding: Encoding::Base64,
    template: "{id}.{timestamp}.{body}",
    secret: Key::Base64("whsec_", Unprefixed::Base64),
    timestamp: Some(Time(At::Header("webhook-timestamp"), TimeUnit::Seconds, Some(300), Some(300))),
    signed_id: Some("webhook-id"),
    event_type: &["/type"],
    delivery_id: &["webhook-id"],
    replay_key: Replay::SignedId,
    replay_reason: ID_SIGNED,
    ..BASE
};

/// What a secret is that begins with `whpk_`.
#[cfg(feature = "providers")]
const PUBLIC_KEY: Option<(&str, Algorithm, &[&str])> = Some(("whpk_", Algorithm::Ed25519, &["v1a"]));

pub(super) const PRESETS: &[Preset] = &[
    Preset {
        name: "standard-webhooks",
        aliases: &["brex"],
        documentation: "The Standard Webhooks specification, \"Verifying webhook authenticity\"",
        #[cfg(feature = "providers")]
        public_key: PUBLIC_KEY,
        ..STANDARD
    },
    // Signatures by a private key alone; `standard-webhooks` takes its public key too, beside shared secrets.
    #[cfg(feature = "providers")]
    Preset {
        name: "standard-webhooks-v1a",
        documentation: "The Standard Webhooks specification, \"Signature scheme\", asymmetric",
        grammar: Form::Pairs(' ', ',', &["v1a"]),
        algorithm: Algorithm::Ed25519,
        secret: Key::Base64("whpk_", Unprefixed::Base64),
        ..STANDARD
    },
    Preset {
        name: "svix",
        aliases: &["clerk", "resend"],
        documentation: "Svix Docs, \"Verifying webhooks manually\"; svix/svix-webhooks",
        headers: &["svix-signature"],
        timestamp: Some(Time(At::Header("svix-timestamp"), TimeUnit::Seconds, Some(300), Some(300))),
        signed_id: Some("svix-id"),
        // Whom Svix sends for can have it leave its own name out; its libraries take both (svix-webhooks, javascript/src/webhook.ts).
        #[cfg(feature = "providers")]
        other_names: &[
            ("svix-signature", "webhook-signature"),
            ("svix-timestamp", "webhook-timestamp"),
            ("svix-id", "webhook-id"),
        ],
        delivery_id: &["svix-id", "webhook-id"],
        #[cfg(feature = "providers")]
        public_key: PUBLIC_KEY,
        ..STANDARD
    },
    // A secret without the prefix is taken as it is.
    Preset {
        name: "openai",
        documentation: "OpenAI Platform, \"Webhooks\"; openai/openai-python tests/lib/test_webhooks.py",
        secret: Key::Base64("whsec_", Unprefixed::Utf8),
        ..STANDARD
    },
    // Replicate signs by the specification, under its header names.
    Preset {
        name: "replicate",
        documentation: "Replicate Docs, \"Verify webhooks\"",
        event_type: &["/status"],
        ..STANDARD
    },
    // The signing token; the secret token beside it is never fallen back to.
    Preset {
        name: "gitlab",
        documentation: "GitLab Docs, \"Webhooks\", signing tokens; GitLab merge request 230944",
        event_type: &["X-Gitlab-Event", "/object_kind"],
        ..STANDARD
    },
    // Its older `Surge-Signature` is what its Elixir SDK alone still reads.
    Preset {
        name: "surge",
        documentation: "Surge Docs, \"Signature Verification\"",
        replay_reason: "the message's id is signed, and is of one attempt: an event that is sent again is one more",
        ..STANDARD
    },
];
