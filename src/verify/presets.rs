//! The schemes of known providers, by name.

use super::scheme::{Algorithm, Encoding, Grammar, PayloadRule, Piece, Place, Scheme, SecretForm, Success};

/// What makes a preset.
type Make = fn() -> Scheme;

/// Every preset: its name and what makes it.
const PRESETS: &[(&str, Make)] = &[("github", github)];

/// The scheme called `name`, exactly.
#[must_use]
pub fn preset(name: &str) -> Option<Scheme> {
    PRESETS.iter().find(|(known, _)| *known == name).map(|(_, make)| make())
}

/// The names of all presets.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|(name, _)| *name)
}

/// GitHub Docs, "Validating webhook deliveries": HMAC-SHA256 of the body, `sha256=` and hex, in X-Hub-Signature-256. The
/// older X-Hub-Signature (SHA-1), which comes beside it, is never fallen back to. "Webhook events and payloads": the body is
/// JSON, or a form with the JSON in `payload`.
fn github() -> Scheme {
    Scheme {
        name: "github".into(),
        signature_headers: vec!["X-Hub-Signature-256".into()],
        grammar: Grammar::Prefix("sha256=".into()),
        algorithm: Algorithm::HmacSha256,
        encoding: Encoding::Hex,
        template: vec![Piece::Body],
        secret_form: SecretForm::Utf8,
        payload: PayloadRule::JsonOrFormField("payload".into()),
        event_type: vec![Place::Header("X-GitHub-Event".into()), Place::Json("/event_type".into())],
        delivery_id: vec![Place::Header("X-GitHub-Delivery".into())],
        success: Success { status: 200, content_type: "application/json", body: r#"{"status":"success"}"# },
    }
}
