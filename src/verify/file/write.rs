//! Writing a scheme as TOML.

use super::{ACCEPT_UNCOVERED_BODY, ENCODINGS, PAYLOADS, UNITS, UNPREFIXED};
use crate::verify::in_body::InBody;
use crate::verify::scheme::{
    Coverage, Grammar, PayloadRule, Place, PublicKeyRule, ReplayRule, Scheme, SecretForm, Success, Timestamp,
    TimestampPlace,
};
use crate::verify::template;

impl Scheme {
    /// TOML that [`Scheme::from_toml`] reads as this scheme.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut out = String::new();
        let mut line = |name: &str, value: String| out.push_str(&format!("{name} = {value}\n"));
        line("name", quoted(&self.name));
        line("documentation", quoted(&self.documentation));
        match &self.signature_in_body {
            None => line("signature_headers", list(&self.signature_headers)),
            Some(in_body) => line("signature_in_body", in_body_text(in_body)),
        }
        let pairs = [
            ("require_headers", &self.require_headers),
            ("optional_headers", &self.optional_headers),
            ("other_names", &self.other_names),
        ];
        for (name, pairs) in pairs {
            if !pairs.is_empty() {
                let pairs = pairs.iter().map(|(name, value)| format!("[{}, {}]", quoted(name), quoted(value)));
                line(name, format!("[{}]", pairs.collect::<Vec<_>>().join(", ")));
            }
        }
        line("grammar", grammar_text(&self.grammar));
        line("algorithm", quoted(self.algorithm.name()));
        line("encoding", quoted(name_of(ENCODINGS, &self.encoding)));
        match &self.jwt {
            Some(jwt) => line("jwt", super::jwt::text(jwt)),
            None => line("template", quoted(&template::text(&self.template))),
        }
        if let Some(name) = &self.body_hash_parameter {
            line("body_hash_parameter", quoted(name));
        }
        if self.coverage() == Coverage::Nothing {
            line(ACCEPT_UNCOVERED_BODY, "true".to_string());
        }
        line("secret", secret_text(&self.secret_form));
        if let Some(PublicKeyRule { prefix, algorithm, signature_keys }) = &self.public_key {
            let (prefix, algorithm, keys) = (quoted(prefix), quoted(algorithm.name()), list(signature_keys));
            line("public_key", format!("{{ prefix = {prefix}, algorithm = {algorithm}, signature_keys = {keys} }}"));
        }
        if let Some(timestamp) = &self.timestamp {
            line("timestamp", timestamp_text(timestamp));
        }
        if let Some(id) = &self.signed_id {
            line("signed_id", quoted(id));
        }
        line(
            "payload",
            match &self.payload {
                PayloadRule::JsonOrFormField(field) => format!("{{ json_or_form_field = {} }}", quoted(field)),
                rule => quoted(name_of(PAYLOADS, rule)),
            },
        );
        line("event_type", list(&places(&self.event_type)));
        line("delivery_id", list(&places(&self.delivery_id)));
        line(
            "replay_key",
            quoted(match &self.replay_key {
                ReplayRule::SignedId => "signed-id",
                ReplayRule::Mac => "mac",
                ReplayRule::None => "none",
                ReplayRule::TokenId => "jti",
                ReplayRule::Json(pointer) => pointer,
            }),
        );
        line("replay_reason", quoted(&self.replay_reason));
        line("methods", list(&self.methods));
        let Success { status, content_type, body } = &self.success;
        let content_type = quoted(content_type.as_str());
        line("success", format!("{{ status = {status}, content_type = {content_type}, body = {} }}", quoted(body)));
        if !self.handshakes.is_empty() {
            line("handshakes", super::handshake::text(&self.handshakes));
        }
        if self.bare_refusals {
            line("bare_refusals", "true".to_string());
        }
        out
    }
}

fn in_body_text(in_body: &InBody) -> String {
    let each = in_body.each.as_ref().map(|each| format!("each = {}, ", quoted(each))).unwrap_or_default();
    format!("{{ {each}at = {} }}", quoted(&in_body.signature))
}

fn grammar_text(grammar: &Grammar) -> String {
    match grammar {
        Grammar::Bare => quoted("bare"),
        Grammar::List(separator) => format!("{{ list_separator = {} }}", quoted(&separator.to_string())),
        Grammar::Prefix(prefix) => format!("{{ prefix = {} }}", quoted(prefix)),
        Grammar::Pairs { item_separator, is_spaced, key_separator, signature_keys } => format!(
            "{{ item_separator = {}, key_separator = {}, signature_keys = {} }}",
            quoted(&format!("{item_separator}{}", if *is_spaced { " " } else { "" })),
            quoted(&key_separator.to_string()),
            list(signature_keys)
        ),
    }
}

fn secret_text(form: &SecretForm) -> String {
    match form {
        SecretForm::Utf8 => quoted("utf8"),
        SecretForm::Hex => quoted("hex"),
        SecretForm::Base64 { prefix, without_prefix } => format!(
            "{{ base64_prefix = {}, without_prefix = {} }}",
            quoted(prefix),
            quoted(name_of(UNPREFIXED, without_prefix))
        ),
    }
}

fn timestamp_text(timestamp: &Timestamp) -> String {
    let place = match &timestamp.place {
        TimestampPlace::Header(name) => format!("header = {}", quoted(name)),
        TimestampPlace::Field(key) => format!("field = {}", quoted(key)),
        TimestampPlace::Json(pointer) => format!("json = {}", quoted(pointer)),
    };
    let bound = |s: Option<u64>| s.map_or_else(|| quoted("any"), |s| s.to_string());
    let missing = if timestamp.accept_missing_timestamp { ", accept_missing_timestamp = true" } else { "" };
    format!(
        "{{ {place}, unit = {}, past_s = {}, future_s = {}{missing} }}",
        quoted(name_of(UNITS, &timestamp.unit)),
        bound(timestamp.past_s),
        bound(timestamp.future_s)
    )
}

pub(super) fn name_of<'n, T: PartialEq>(known: &[(&'n str, T)], value: &T) -> &'n str {
    known.iter().find(|(_, known)| known == value).map_or("", |(name, _)| name)
}

fn places(places: &[Place]) -> Vec<String> {
    let text = |place: &Place| match place {
        Place::Header(text) | Place::Json(text) => text.clone(),
    };
    places.iter().map(text).collect()
}

pub(crate) fn list(texts: &[String]) -> String {
    format!("[{}]", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "))
}

/// `text` as a basic string of TOML.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(character))),
            _ => out.push(character),
        }
    }
    out.push('"');
    out
}
