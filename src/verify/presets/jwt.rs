//! The signature is a JSON Web Token, which holds a hash of the body.

use super::{BASE, Body, Form, ID_IN_BODY, NO_WORD, Preset, Replay, Token};
use crate::verify::scheme::{Algorithm, Encoding};

const TOKEN_ID: &str =
    "the token's id is signed: a token that is sent again has the same; a retry with another counts as new";

/// What most say: a hash under some name, and nothing of time. A minute for clocks, where a token says by when it is to be used
/// (RFC 7519 §4.1.4: "usually no more than a few minutes").
const TOKEN: Token = Token {
    other_algorithms: &[],
    body_hash: "",
    unhashed_if_empty: false,
    url_hash: None,
    issuer: None,
    made_at: None,
    past_s: None,
    leeway_s: Some(60),
    expires: false,
};

pub(super) const PRESETS: &[Preset] = &[
    // Any of the three algorithms, by the provider's library; and a second for clocks. No body has no hash.
    Preset {
        name: "messagebird",
        documentation: "MessageBird Developers, \"Verify HTTP requests\"; messagebird/python-rest-api request_validator.py",
        headers: &["MessageBird-Signature-JWT"],
        template: "{url}{body}",
        jwt: Some(Token {
            other_algorithms: &[Algorithm::HmacSha384, Algorithm::HmacSha512],
            body_hash: "payload_hash",
            unhashed_if_empty: true,
            url_hash: Some("url_hash"),
            issuer: Some("MessageBird"),
            made_at: Some("nbf"),
            leeway_s: Some(1),
            expires: true,
            ..TOKEN
        }),
        payload: Body::MayBeEmpty,
        replay_key: Replay::TokenId,
        replay_reason: TOKEN_ID,
        methods: &["POST", "GET", "PUT", "PATCH", "DELETE"],
        ..BASE
    },
    Preset {
        name: "netlify",
        documentation: "Netlify Docs, \"Deploy notifications\", payload signature",
        headers: &["X-Webhook-Signature"],
        jwt: Some(Token { body_hash: "sha256", issuer: Some("netlify"), ..TOKEN }),
        event_type: &["X-Netlify-Event", "/state"],
        delivery_id: &["/id"],
        replay_reason: "the token says nothing but the body's hash: the same notification has the same",
        ..BASE
    },
    // Five minutes, as for a token that is kept back by somebody.
    Preset {
        name: "vonage",
        aliases: &["nexmo"],
        documentation: "Vonage Developer, \"Webhooks\", signed webhooks; Vonage/vonage-node-sdk packages/jwt",
        headers: &["Authorization"],
        grammar: Form::Prefix("Bearer "),
        jwt: Some(Token {
            body_hash: "payload_hash",
            made_at: Some("iat"),
            past_s: Some(300),
            leeway_s: Some(300),
            ..TOKEN
        }),
        delivery_id: &["/message_uuid", "/uuid"],
        replay_key: Replay::TokenId,
        replay_reason: TOKEN_ID,
        success: NO_WORD,
        ..BASE
    },
    // `iss` is the API key, which only the operator knows: --issuer says it.
    Preset {
        name: "livekit",
        documentation: "LiveKit Docs, \"Webhooks & events\"; livekit/node-sdks WebhookReceiver.ts",
        headers: &["Authorization"],
        encoding: Encoding::Base64,
        jwt: Some(Token { body_hash: "sha256", made_at: Some("nbf"), expires: true, ..TOKEN }),
        event_type: &["/event"],
        delivery_id: &["/id"],
        replay_key: Replay::Json("/id"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
    // Of its keys only those of HMAC: the others are public keys, which are fetched.
    Preset {
        name: "fusionauth",
        documentation: "FusionAuth Docs, \"Sign webhooks\"",
        headers: &["X-FusionAuth-Signature-JWT"],
        encoding: Encoding::Base64,
        jwt: Some(Token { body_hash: "request_body_sha256", ..TOKEN }),
        event_type: &["/event/type"],
        delivery_id: &["/event/id"],
        replay_key: Replay::Json("/event/id"),
        replay_reason: ID_IN_BODY,
        ..BASE
    },
];
