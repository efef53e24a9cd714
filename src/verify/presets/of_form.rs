//! The parameters of a form are signed, sorted, behind the URL.

use super::{ASK_BY_HEAD, BASE, Body, Form, NO_WORD, Preset};
use crate::verify::scheme::{Algorithm, ContentType, Encoding, Success};
use std::borrow::Cow;

const SAME_PARAMETERS: &str =
    "the same parameters have the same MAC, in whatever order or escape they come: they are the same delivery";

/// XML that does nothing: Twilio and Plivo take an answer for what to do with a call or a message.
const NO_XML: Success =
    Success { status: 200, content_type: ContentType::Xml, body: Cow::Borrowed("<Response></Response>") };

pub(super) const PRESETS: &[Preset] = &[
    TWILIO,
    // Where a Webhooks Rule matches the URL: with its shared key, and the same else. What X-Twilio-Webhooks-Signature-Settings
    // says of the algorithm is not looked at.
    Preset {
        name: "twilio-sha256",
        aliases: &[],
        documentation: "twilio/twilio-node examples/WebhookSignatureValidation.md; Twilio Docs, \"Webhook rules\"",
        algorithm: Algorithm::HmacSha256,
        ..TWILIO
    },
    // A HEAD asks whether the URL is there. The events of the test that follows are an empty list, and signed as all are.
    Preset {
        name: "mandrill",
        aliases: &["mailchimp-transactional"],
        documentation: "Mailchimp Transactional, \"Authenticating webhook requests\"; anymail/django-anymail webhooks/mandrill.py",
        headers: &["X-Mandrill-Signature"],
        algorithm: Algorithm::HmacSha1,
        encoding: Encoding::Base64,
        template: "{url}{form_sorted}",
        payload: Body::JsonOrFormField("mandrill_events"),
        event_type: &["/0/event"],
        delivery_id: &["/0/_id"],
        replay_reason: SAME_PARAMETERS,
        success: NO_WORD,
        handshakes: &[ASK_BY_HEAD],
        ..BASE
    },
    // One signature for the account, and one for its main account.
    Preset {
        name: "plivo",
        documentation: "Plivo Docs, \"Validating signatures\", V3; plivo/plivo-python utils/signature_v3.py",
        headers: &["X-Plivo-Signature-V3"],
        grammar: Form::List(','),
        encoding: Encoding::Base64,
        template: "{url_form_sorted}.{id}",
        signed_id: Some("X-Plivo-Signature-V3-Nonce"),
        payload: Body::Form,
        replay_reason: "the nonce is signed with the rest: the same MAC is the same request, and a retry has a nonce of its own",
        success: NO_XML,
        ..BASE
    },
];

const TWILIO: Preset = Preset {
    name: "twilio",
    documentation: "Twilio Docs, \"Secure webhooks\"; twilio/twilio-python request_validator.py",
    headers: &["X-Twilio-Signature"],
    algorithm: Algorithm::HmacSha1,
    encoding: Encoding::Base64,
    template: "{url_any_port}{form_sorted}",
    body_hash_parameter: Some("bodySHA256"),
    payload: Body::JsonOrForm,
    replay_reason: SAME_PARAMETERS,
    success: NO_XML,
    ..BASE
};
