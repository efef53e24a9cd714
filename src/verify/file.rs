//! A scheme as a file: TOML with the fields of [`Scheme`], read strictly and written so that it reads back as itself.

mod fields;
mod handshake;
mod jwt;
mod write;

#[cfg(feature = "config")]
pub(crate) use write::{list, quoted};

use super::check::{UnusableScheme, check};
use super::in_body::InBody;
use super::scheme::{
    Algorithm, ContentType, Coverage, Encoding, Grammar, PayloadRule, Place, PublicKeyRule, ReplayRule, Scheme,
    SecretForm, Success, TimeUnit, Timestamp, TimestampPlace, Unprefixed,
};
use super::template;
use fields::Fields;
use std::borrow::Cow;
use toml::{Table, Value};

/// Longest file of a scheme, in bytes.
pub const SCHEME_FILE_LIMIT_BYTES: usize = 64 * 1024;

/// What a file has to state where nothing of the body is signed.
const ACCEPT_UNCOVERED_BODY: &str = "accept_uncovered_body";

const ENCODINGS: &[(&str, Encoding)] = &[
    ("hex", Encoding::Hex),
    ("base64", Encoding::Base64),
    ("base64-der", Encoding::Base64Der),
    ("verbatim", Encoding::Verbatim),
];
const UNITS: &[(&str, TimeUnit)] =
    &[("s", TimeUnit::Seconds), ("ms", TimeUnit::Milliseconds), ("rfc3339", TimeUnit::Rfc3339)];
const UNPREFIXED: &[(&str, Unprefixed)] = &[("base64", Unprefixed::Base64), ("utf8", Unprefixed::Utf8)];
const CONTENT_TYPES: &[(&str, ContentType)] =
    &[("application/json", ContentType::Json), ("text/plain", ContentType::Text), ("text/xml", ContentType::Xml)];
const PAYLOADS: &[(&str, PayloadRule)] = &[
    ("json", PayloadRule::Json),
    ("json-or-form", PayloadRule::JsonOrForm),
    ("form", PayloadRule::Form),
    ("any", PayloadRule::Any),
    ("may-be-empty", PayloadRule::MayBeEmpty),
    ("json-or-empty", PayloadRule::JsonOrEmpty),
];

impl Scheme {
    /// The scheme that `text` describes.
    ///
    /// # Errors
    /// Where it is no TOML, lacks a field, has an unknown one, or describes a scheme that cannot work: names the field.
    pub fn from_toml(text: &str) -> Result<Scheme, UnusableScheme> {
        if text.len() > SCHEME_FILE_LIMIT_BYTES {
            return Err(UnusableScheme::new("file", format!("longer than {SCHEME_FILE_LIMIT_BYTES} bytes")));
        }
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line =
                error.span().map_or(1, |span| text.bytes().take(span.start).filter(|byte| *byte == b'\n').count() + 1);
            UnusableScheme::new("file", format!("not TOML at line {line}: {}", error.message()))
        })?;
        Scheme::from_table(table)
    }

    /// The scheme that `table` describes.
    pub(crate) fn from_table(table: Table) -> Result<Scheme, UnusableScheme> {
        let mut fields = Fields { of: "", table };
        let accepts_uncovered_body = fields.flag(ACCEPT_UNCOVERED_BODY)?;
        let scheme = read(&mut fields)?;
        fields.end()?;
        // Before what comes of it: an id that is not covered, say.
        if scheme.coverage() == Coverage::Nothing && scheme.algorithm != Algorithm::Token && !accepts_uncovered_body {
            let why = "it has no {body}: the signature says nothing about the body, and accept_uncovered_body = true takes that";
            return Err(UnusableScheme::new("template", why));
        }
        check(&scheme)?;
        match (scheme.coverage(), accepts_uncovered_body) {
            (Coverage::Nothing, false) => Err(UnusableScheme::new(
                ACCEPT_UNCOVERED_BODY,
                "the signature says nothing about the body: state true to take that",
            )),
            (Coverage::Nothing, true) | (_, false) => Ok(scheme),
            (_, true) => Err(UnusableScheme::new(ACCEPT_UNCOVERED_BODY, "the signature covers the body: leave it out")),
        }
    }
}

fn read(fields: &mut Fields) -> Result<Scheme, UnusableScheme> {
    let algorithm = fields.one_of("algorithm", Algorithm::ALL)?;
    let algorithm = algorithm.ok_or_else(|| fields.missing("algorithm"))?;
    // A token is as it is, and signs nothing.
    let (encoding, template) = match algorithm {
        Algorithm::Token => (Some(Encoding::Verbatim), Some(String::new())),
        _ => (None, None),
    };
    let encoding = fields.one_of("encoding", ENCODINGS)?.or(encoding).ok_or_else(|| fields.missing("encoding"))?;
    let jwt = jwt::read(fields)?;
    let template = match (&jwt, fields.text("template")?.or(template)) {
        (None, None) => return Err(fields.missing("template")),
        (None, Some(text)) => template::parse(&text).map_err(|why| UnusableScheme::new("template", why))?,
        (Some(jwt), None) => jwt.template(),
        (Some(_), Some(_)) => return Err(UnusableScheme::new("template", "a token's claims say what is signed")),
    };
    let signature_in_body = in_body(fields)?;
    let signature_headers = match (fields.texts("signature_headers")?, &signature_in_body) {
        (Some(names), _) => names,
        (None, Some(_)) => Vec::new(),
        (None, None) => return Err(fields.missing("signature_headers")),
    };
    let places =
        |names: Option<Vec<String>>| names.into_iter().flatten().map(|name| Place::from(name.as_str())).collect();
    Ok(Scheme {
        name: fields.text("name")?.ok_or_else(|| fields.missing("name"))?,
        documentation: fields.text("documentation")?.unwrap_or_default(),
        signature_headers,
        signature_in_body,
        require_headers: fields.pairs("require_headers")?,
        optional_headers: fields.pairs("optional_headers")?,
        other_names: fields.pairs("other_names")?,
        grammar: grammar(fields)?,
        algorithm,
        encoding,
        template,
        secret_form: secret(fields)?,
        public_key: public_key(fields)?,
        timestamp: timestamp(fields)?,
        signed_id: fields.text("signed_id")?,
        payload: payload(fields)?,
        event_type: places(fields.texts("event_type")?),
        delivery_id: places(fields.texts("delivery_id")?),
        replay_key: match fields.text("replay_key")?.ok_or_else(|| fields.missing("replay_key"))?.as_str() {
            "signed-id" => ReplayRule::SignedId,
            "mac" => ReplayRule::Mac,
            "none" => ReplayRule::None,
            "jti" => ReplayRule::TokenId,
            pointer if pointer.starts_with('/') => ReplayRule::Json(pointer.to_string()),
            _ => {
                return Err(
                    fields.wrong("replay_key", "signed-id, jti, mac, none, or a JSON pointer, which begins with /")
                );
            }
        },
        replay_reason: fields.text("replay_reason")?.unwrap_or_default(),
        methods: fields.texts("methods")?.unwrap_or_else(|| vec!["POST".to_string()]),
        success: success(fields)?,
        handshakes: handshake::read(fields)?,
        bare_refusals: fields.flag("bare_refusals")?,
        body_hash_parameter: fields.text("body_hash_parameter")?,
        jwt,
    })
}

fn in_body(fields: &mut Fields) -> Result<Option<InBody>, UnusableScheme> {
    let Some(mut inner) = fields.inner("signature_in_body", "")? else { return Ok(None) };
    let signature = inner.text("at")?.ok_or_else(|| inner.missing("at"))?;
    let each = inner.text("each")?;
    inner.end()?;
    Ok(Some(InBody { each, signature }))
}

fn grammar(fields: &mut Fields) -> Result<Grammar, UnusableScheme> {
    let Some(mut inner) = fields.inner("grammar", "bare")? else { return Ok(Grammar::Bare) };
    let grammar = match inner.text("prefix")? {
        Some(prefix) => Grammar::Prefix(prefix),
        None if inner.table.contains_key("list_separator") => Grammar::List(inner.character("list_separator")?),
        None => {
            let (item_separator, is_spaced) = inner.spaced_character("item_separator")?;
            Grammar::Pairs {
                item_separator,
                is_spaced,
                key_separator: inner.character("key_separator")?,
                signature_keys: inner.texts("signature_keys")?.ok_or_else(|| inner.missing("signature_keys"))?,
            }
        }
    };
    inner.end()?;
    Ok(grammar)
}

fn secret(fields: &mut Fields) -> Result<SecretForm, UnusableScheme> {
    match fields.table.get("secret").and_then(Value::as_str) {
        Some("hex") => {
            fields.table.remove("secret");
            return Ok(SecretForm::Hex);
        }
        Some("base64") => {
            fields.table.remove("secret");
            return Ok(SecretForm::Base64 { prefix: String::new(), without_prefix: Unprefixed::Base64 });
        }
        _ => {}
    }
    let Some(mut inner) = fields.inner("secret", "utf8")? else { return Ok(SecretForm::Utf8) };
    let prefix = inner.text("base64_prefix")?.ok_or_else(|| inner.missing("base64_prefix"))?;
    let without_prefix = inner.one_of("without_prefix", UNPREFIXED)?.unwrap_or(Unprefixed::Base64);
    inner.end()?;
    Ok(SecretForm::Base64 { prefix, without_prefix })
}

fn public_key(fields: &mut Fields) -> Result<Option<PublicKeyRule>, UnusableScheme> {
    let Some(mut inner) = fields.inner("public_key", "")? else { return Ok(None) };
    let rule = PublicKeyRule {
        prefix: inner.text("prefix")?.ok_or_else(|| inner.missing("prefix"))?,
        algorithm: inner.one_of("algorithm", Algorithm::ALL)?.ok_or_else(|| inner.missing("algorithm"))?,
        signature_keys: inner.texts("signature_keys")?.ok_or_else(|| inner.missing("signature_keys"))?,
    };
    inner.end()?;
    Ok(Some(rule))
}

fn timestamp(fields: &mut Fields) -> Result<Option<Timestamp>, UnusableScheme> {
    if !fields.table.contains_key("timestamp") {
        return Ok(None);
    }
    let Some(mut inner) = fields.inner("timestamp", "none")? else { return Ok(None) };
    let places = [inner.text("header")?, inner.text("field")?, inner.text("json")?];
    let place = match places {
        [Some(name), None, None] => TimestampPlace::Header(name),
        [None, Some(key), None] => TimestampPlace::Field(key),
        [None, None, Some(pointer)] => TimestampPlace::Json(pointer),
        _ => return Err(fields.wrong("timestamp", "in one place: a header, a field or json")),
    };
    let unit = inner.one_of("unit", UNITS)?.ok_or_else(|| inner.missing("unit"))?;
    let (past_s, future_s) = (inner.bound("past_s")?, inner.bound("future_s")?);
    let accept_missing_timestamp = inner.flag("accept_missing_timestamp")?;
    inner.end()?;
    Ok(Some(Timestamp { place, unit, past_s, future_s, accept_missing_timestamp }))
}

fn payload(fields: &mut Fields) -> Result<PayloadRule, UnusableScheme> {
    if let Some(Value::Table(_)) = fields.table.get("payload")
        && let Some(mut inner) = fields.inner("payload", "")?
    {
        let field = inner.text("json_or_form_field")?.ok_or_else(|| inner.missing("json_or_form_field"))?;
        inner.end()?;
        return Ok(PayloadRule::JsonOrFormField(field));
    }
    Ok(fields.one_of("payload", PAYLOADS)?.unwrap_or(PayloadRule::Json))
}

fn success(fields: &mut Fields) -> Result<Success, UnusableScheme> {
    let github =
        || Success { status: 200, content_type: ContentType::Json, body: Cow::Borrowed(r#"{"status":"success"}"#) };
    let Some(mut inner) = fields.inner("success", "")? else { return Ok(github()) };
    let status = match inner.table.remove("status") {
        Some(Value::Integer(status)) => u16::try_from(status).unwrap_or(0),
        _ => return Err(inner.missing("status")),
    };
    let content_type = inner.one_of("content_type", CONTENT_TYPES)?.unwrap_or(ContentType::Text);
    let body = inner.text("body")?.unwrap_or_default();
    inner.end()?;
    Ok(Success { status, content_type, body: Cow::Owned(body) })
}

#[cfg(test)]
mod tests {
    use super::super::{names, preset};
    use super::*;

    const SCHEME: &str = r#"
        name = "mine"
        signature_headers = ["X-Signature"]
        algorithm = "hmac-sha256"
        encoding = "hex"
        template = "{body}"
        replay_key = "mac"
    "#;

    fn of(change: &str) -> Result<Scheme, (String, String)> {
        let field = change.split_once(" = ").map_or(change, |(field, _)| field);
        let kept = SCHEME.lines().filter(|line| !line.trim().starts_with(&format!("{field} =")));
        let stated = if change.contains('=') { change } else { "" };
        let text = kept.chain([stated]).collect::<Vec<_>>().join("\n");
        Scheme::from_toml(&text).map_err(|unusable| (unusable.field, unusable.why))
    }

    #[test]
    fn every_preset_reads_back_from_its_file_as_itself() {
        for name in names() {
            let scheme = preset(name).unwrap();
            assert_eq!(Scheme::from_toml(&scheme.to_toml()), Ok(scheme), "{name}");
        }
    }

    #[test]
    fn text_of_any_characters_reads_back_as_itself() {
        let odd = "a\"b\\c\n\t\u{7f}\u{0}é{{🦀";
        let scheme = Scheme {
            documentation: odd.to_string(),
            replay_reason: odd.to_string(),
            template: vec![super::super::Piece::Literal(odd.to_string()), super::super::Piece::Body],
            ..preset("github").unwrap()
        };
        assert_eq!(Scheme::from_toml(&scheme.to_toml()), Ok(scheme));
    }

    #[test]
    fn what_is_not_stated_is_as_most_providers_have_it() {
        let scheme = of("").unwrap();
        assert_eq!(
            (scheme.grammar, scheme.secret_form, scheme.payload),
            (Grammar::Bare, SecretForm::Utf8, PayloadRule::Json)
        );
        assert_eq!((scheme.methods, scheme.success.status), (vec!["POST".to_string()], 200));
        let timed = of("timestamp = { json = \"/t\", unit = \"ms\" }").unwrap().timestamp.unwrap();
        assert_eq!((timed.past_s, timed.future_s, timed.accept_missing_timestamp), (Some(300), Some(300), false));
        assert_eq!(of("secret = \"hex\"").unwrap().secret_form, SecretForm::Hex);
    }

    #[test]
    fn what_cannot_work_is_refused_by_its_field() {
        for (change, field, why) in [
            ("name", "name", "it has to be stated"),
            ("signature_headers", "signature_headers", "it has to be stated"),
            ("algorithm", "algorithm", "it has to be stated"),
            ("encoding", "encoding", "it has to be stated"),
            ("template", "template", "it has to be stated"),
            ("replay_key", "replay_key", "it has to be stated"),
            ("name = 1", "name", "it has to be text in quotes"),
            ("algorithm = \"hmac-md5\"", "algorithm", "it has to be one of "),
            ("encoding = \"base32\"", "encoding", "it has to be one of hex, base64"),
            ("template = \"{Body}\"", "template", "unknown piece {Body}"),
            ("template = \"v0\"", "template", "it has no {body}: the signature says nothing about the body"),
            ("template = \"v0\"\naccept_uncovered_body = true", "replay_key", "the signature does not cover the body"),
            ("replay_key = \"id\"", "replay_key", "it has to be signed-id, jti, mac, none, or a JSON pointer"),
            ("replay_key = \"signed-id\"", "replay_key", "there is no signed id"),
            ("signature_header = \"X\"", "signature_header", "there is no such field"),
            ("signature_headers = \"X\"", "signature_headers", "it has to be a list of texts"),
            ("require_headers = [\"X\"]", "require_headers", "it has to be a list of names and values"),
            ("grammar = \"prefix\"", "grammar", "it has to be \"bare\", or a table in braces"),
            ("grammar = { prefix = \"v0=\", x = 1 }", "grammar.x", "there is no such field"),
            ("grammar = { item_separator = \",\" }", "grammar.key_separator", "it has to be stated"),
            ("grammar = { item_separator = \",,\" }", "grammar.item_separator", "it has to be one character"),
            ("timestamp = { header = \"X\", json = \"/t\", unit = \"s\" }", "timestamp", "it has to be in one place"),
            ("timestamp = { header = \"X\" }", "timestamp.unit", "it has to be stated"),
            ("timestamp = { header = \"X\", unit = \"s\" }", "timestamp", "the signature does not cover it"),
            ("timestamp = { json = \"/t\", unit = \"s\", past_s = -1 }", "timestamp.past_s", "it has to be seconds"),
            ("payload = \"xml\"", "payload", "it has to be one of json"),
            ("optional_headers = [\"X\"]", "optional_headers", "it has to be a list of names and values"),
            ("public_key = \"whpk_\"", "public_key", "it has to be a table in braces"),
            ("public_key = { prefix = \"whpk_\" }", "public_key.algorithm", "it has to be stated"),
            ("template = \"{secret}{body}\"", "template", "{secret} is hashed by sha256 alone"),
            ("success = { status = 302 }", "success", "its status is one from 200 to 299"),
            ("name = ", "file", "not TOML at line 8"),
            ("jwt = 1", "jwt", "it has to be a table in braces"),
            ("jwt = { }", "jwt.body_hash", "it has to be stated"),
            ("jwt = { body_hash = \"h\" }", "template", "a token's claims say what is signed"),
            ("jwt = { body_hash = \"h\", expires = 1 }", "jwt.expires", "it has to be true or false"),
            ("jwt = { body_hash = \"h\", leeway_s = -1 }", "jwt.leeway_s", "it has to be seconds"),
            ("jwt = { body_hash = \"h\", x = 1 }", "jwt.x", "there is no such field"),
            (
                "jwt = { body_hash = \"h\", other_algorithms = [\"none\"] }",
                "jwt.other_algorithms",
                "it has to be names",
            ),
            ("template = \"{form_sorted}\"", "payload", "the template has a form, and a form is no JSON"),
            ("body_hash_parameter = \"h\"", "body_hash_parameter", "it stands for {form_sorted}"),
            ("replay_key = \"jti\"", "replay_key", "there is no token"),
            ("grammar = { list_separator = \",,\" }", "grammar.list_separator", "it has to be one character"),
        ] {
            let (refused, reason) = of(change).map(drop).unwrap_err();
            assert!(refused == field && reason.starts_with(why), "{change}: {refused}: {reason}");
        }
        let uncovered = of("template = \"v0\"\nreplay_key = \"none\"").map(drop).unwrap_err();
        assert_eq!(uncovered.0, "file", "a field twice is no TOML");
        let long = format!("{SCHEME}#{}", "x".repeat(SCHEME_FILE_LIMIT_BYTES));
        assert_eq!(Scheme::from_toml(&long).map_err(|unusable| unusable.field), Err("file".to_string()));
    }
}
