//! Which schemes can work: checked where one comes in, so that a verifier never meets another.

#[cfg(feature = "providers")]
mod algorithm;
#[cfg(feature = "providers")]
mod more;
#[cfg(feature = "providers")]
mod otherwise;

use super::handshake;
use super::scheme::{Algorithm, Coverage, Grammar, PayloadRule, Piece, Place, ReplayRule, Scheme, TimestampPlace};
use std::fmt;

/// Most header fields that carry signatures, or are required.
const HEADERS_LIMIT: usize = 32;

/// A scheme that cannot work: which field, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableScheme {
    /// The field, as it is named in a scheme's file.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
}

impl UnusableScheme {
    pub(super) fn new(field: &str, why: impl Into<String>) -> Self {
        UnusableScheme { field: field.to_string(), why: why.into() }
    }
}

impl fmt::Display for UnusableScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.why)
    }
}

impl std::error::Error for UnusableScheme {}

/// Whether `scheme` can work.
///
/// # Errors
/// Names the first field that keeps it from that.
pub fn check(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let wrong = |field: &'static str, why: &str| Err(UnusableScheme::new(field, why));
    let is_kebab = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if scheme.name.is_empty() || !scheme.name.bytes().all(is_kebab) {
        return wrong("name", "it is made of lower-case letters, digits and hyphens");
    }
    let needs_header = !is_in_body(scheme);
    if needs_header == scheme.signature_headers.is_empty() || scheme.signature_headers.len() > HEADERS_LIMIT {
        let why =
            if needs_header { "name one header at least, and 32 at most" } else { "the signature is in the body" };
        return wrong("signature_headers", why);
    }
    let mut fields = Fields::default();
    for name in &scheme.signature_headers {
        fields.take("signature_headers", name)?;
    }
    if scheme.require_headers.len() > HEADERS_LIMIT {
        return wrong("require_headers", "name 32 at most");
    }
    for (name, value) in &scheme.require_headers {
        fields.take_with_value("require_headers", name, value)?;
    }
    #[cfg(feature = "providers")]
    check_optional_headers(scheme, &mut fields)?;
    check_grammar(&scheme.grammar)?;
    if let Some(id) = &scheme.signed_id {
        fields.take("signed_id", id)?;
    }
    check_timestamp(scheme, &mut fields)?;
    #[cfg(feature = "providers")]
    check_other_names(scheme, &mut fields)?;
    check_template(scheme)?;
    #[cfg(feature = "providers")]
    algorithm::check(scheme)?;
    #[cfg(feature = "providers")]
    otherwise::check(scheme)?;
    check_places(scheme)?;
    #[cfg(feature = "providers")]
    more::check(scheme)?;
    check_replay_key(scheme)?;
    let is_method = |method: &String| !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    if scheme.methods.is_empty() || !scheme.methods.iter().all(is_method) {
        return wrong("methods", "name one method at least, in capitals");
    }
    handshake::check(scheme)?;
    if !(200..=299).contains(&scheme.success.status) {
        return wrong("success", "its status is one from 200 to 299");
    }
    if scheme.success.status == 204 && !scheme.success.body.is_empty() {
        return wrong("success", "an answer with status 204 has no body");
    }
    Ok(())
}

/// The names of header fields so far: each has one meaning.
#[derive(Default)]
struct Fields<'a> {
    seen: Vec<&'a str>,
}

impl<'a> Fields<'a> {
    fn take_with_value(&mut self, field: &'static str, name: &'a str, value: &str) -> Result<(), UnusableScheme> {
        if value.trim_matches([' ', '\t']) != value || value.chars().any(char::is_control) {
            return Err(UnusableScheme::new(field, "a value has no white space around it and no control characters"));
        }
        self.take(field, name)
    }

    fn take(&mut self, field: &'static str, name: &'a str) -> Result<(), UnusableScheme> {
        if !is_token(name) {
            return Err(UnusableScheme::new(field, format!("{name:?} is no name of a header")));
        }
        if self.seen.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(UnusableScheme::new(field, format!("the header {name} has a meaning already")));
        }
        self.seen.push(name);
        Ok(())
    }
}

/// RFC 9110 §5.6.2: the characters of a token.
pub(super) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

fn check_grammar(grammar: &Grammar) -> Result<(), UnusableScheme> {
    let wrong = |why: &str| Err(UnusableScheme::new("grammar", why));
    match grammar {
        Grammar::Bare => Ok(()),
        Grammar::Prefix(prefix) if prefix.is_empty() => {
            wrong("a prefix has one character at least; without one it is bare")
        }
        Grammar::Prefix(_) => Ok(()),
        #[cfg(feature = "providers")]
        Grammar::List(separator) => match separator.is_ascii_punctuation() && !"+/=-_".contains(*separator) {
            true => Ok(()),
            false => wrong("what parts signatures is a punctuation mark of ASCII that no signature has"),
        },
        Grammar::Pairs { item_separator, key_separator, signature_keys, .. } => {
            let separates = |character: &char| character.is_ascii_punctuation() || *character == ' ';
            if !separates(item_separator) || !separates(key_separator) || item_separator == key_separator {
                return wrong("its separators are two punctuation marks of ASCII that differ");
            }
            let is_key =
                |key: &String| !key.is_empty() && key.trim() == key && !key.contains([*item_separator, *key_separator]);
            if signature_keys.is_empty() || !signature_keys.iter().all(is_key) {
                return wrong("name one signature key at least, without separators");
            }
            Ok(())
        }
    }
}

fn check_timestamp<'a>(scheme: &'a Scheme, fields: &mut Fields<'a>) -> Result<(), UnusableScheme> {
    let wrong = |why: &str| Err(UnusableScheme::new("timestamp", why));
    let is_signed = scheme.template.contains(&Piece::Timestamp);
    let Some(timestamp) = &scheme.timestamp else {
        return if is_signed { wrong("the template has {timestamp}, so say where that stands") } else { Ok(()) };
    };
    let in_body = match &timestamp.place {
        TimestampPlace::Header(name) => {
            fields.take("timestamp", name)?;
            false
        }
        TimestampPlace::Field(key) => {
            let Grammar::Pairs { signature_keys, item_separator, key_separator, .. } = &scheme.grammar else {
                return wrong("a field of the signature needs a grammar of keys and values");
            };
            if key.is_empty() || key.contains([*item_separator, *key_separator]) || signature_keys.contains(key) {
                return wrong("its key is none of the signature's, and has no separators");
            }
            if scheme.signature_headers.len() > 1 {
                return wrong("a field of the signature needs to stand in one header");
            }
            false
        }
        TimestampPlace::Json(pointer) => {
            if !is_pointer(pointer) {
                return wrong("its JSON pointer begins with / (RFC 6901)");
            }
            true
        }
    };
    if in_body && is_signed {
        return wrong("the template has {timestamp}, which cannot stand in the body");
    }
    if let TimestampPlace::Json(pointer) = &timestamp.place
        && !covers_json(scheme, pointer)
    {
        return wrong("the signature does not cover the body it stands in");
    }
    if !in_body && !is_signed {
        return wrong("the signature does not cover it: the template has no {timestamp}");
    }
    if !in_body && timestamp.accept_missing_timestamp {
        return wrong("only one that stands in the body may be missing");
    }
    Ok(())
}

fn check_template(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let wrong = |field: &'static str, why: &str| Err(UnusableScheme::new(field, why));
    let is_body = |piece: &&Piece| match piece {
        Piece::Body => true,
        #[cfg(feature = "providers")]
        Piece::FormSorted | Piece::UrlFormSorted => true,
        _ => false,
    };
    if scheme.template.iter().filter(is_body).count() > 1 {
        return wrong("template", "the body comes once");
    }
    match (scheme.template.contains(&Piece::Id), &scheme.signed_id) {
        (true, None) => wrong("signed_id", "the template has {id}, so name its header"),
        (false, Some(_)) => wrong("signed_id", "the signature does not cover it: the template has no {id}"),
        _ => Ok(()),
    }
}

#[cfg(feature = "providers")]
fn check_optional_headers<'a>(scheme: &'a Scheme, fields: &mut Fields<'a>) -> Result<(), UnusableScheme> {
    if scheme.optional_headers.len() > HEADERS_LIMIT {
        return Err(UnusableScheme::new("optional_headers", "name 32 at most"));
    }
    scheme.optional_headers.iter().try_for_each(|(name, value)| fields.take_with_value("optional_headers", name, value))
}

#[cfg(feature = "providers")]
fn check_other_names<'a>(scheme: &'a Scheme, fields: &mut Fields<'a>) -> Result<(), UnusableScheme> {
    super::names::check(scheme)?;
    scheme.other_names.iter().try_for_each(|(_, other)| fields.take("other_names", other))
}

fn check_places(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let places = [("event_type", &scheme.event_type), ("delivery_id", &scheme.delivery_id)];
    for (field, places) in places {
        for place in places {
            let (is_one, name) = match place {
                Place::Header(name) => (is_token(name), name),
                Place::Json(pointer) => (is_pointer(pointer), pointer),
            };
            if !is_one {
                let why = format!("{name:?} is neither a header nor a JSON pointer, which begins with /");
                return Err(UnusableScheme::new(field, why));
            }
        }
    }
    match &scheme.payload {
        PayloadRule::JsonOrFormField(name) if name.is_empty() => {
            Err(UnusableScheme::new("payload", "the form's field has a name"))
        }
        _ => Ok(()),
    }
}

fn check_replay_key(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let wrong = |why: &str| Err(UnusableScheme::new("replay_key", why));
    match &scheme.replay_key {
        ReplayRule::SignedId if scheme.signed_id.is_none() => wrong("there is no signed id"),
        ReplayRule::Json(pointer) if !is_pointer(pointer) => wrong("its JSON pointer begins with / (RFC 6901)"),
        ReplayRule::Json(pointer) if !covers_json(scheme, pointer) => {
            wrong("the signature does not cover the body it stands in")
        }
        ReplayRule::Mac if scheme.coverage() == Coverage::Nothing => {
            wrong("the signature does not cover the body: it is the same for all")
        }
        #[cfg(feature = "providers")]
        ReplayRule::TokenId if scheme.jwt.is_none() => wrong("there is no token"),
        _ => Ok(()),
    }
}

/// Whether the signature stands in the body.
fn is_in_body(_scheme: &Scheme) -> bool {
    #[cfg(feature = "providers")]
    return _scheme.signature_in_body.is_some();
    #[cfg(not(feature = "providers"))]
    false
}

/// Whether the signature covers what stands at `pointer` of the body's JSON.
fn covers_json(scheme: &Scheme, _pointer: &str) -> bool {
    #[cfg(feature = "providers")]
    return scheme.covers_json(_pointer);
    #[cfg(not(feature = "providers"))]
    scheme.covers_body()
}

/// Whether `text` is a JSON pointer (RFC 6901 §3) to something inside.
pub(super) fn is_pointer(text: &str) -> bool {
    let escapes_are_whole = |step: &str| step.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    text.strip_prefix('/').is_some_and(|steps| !steps.is_empty() && steps.split('/').all(escapes_are_whole))
}

impl Algorithm {
    /// Every algorithm, and its name in a scheme's file.
    pub const ALL: &[(&str, Algorithm)] = &[
        #[cfg(feature = "providers")]
        ("hmac-sha1", Algorithm::HmacSha1),
        ("hmac-sha256", Algorithm::HmacSha256),
        ("hmac-sha384", Algorithm::HmacSha384),
        ("hmac-sha512", Algorithm::HmacSha512),
        #[cfg(feature = "providers")]
        ("sha256", Algorithm::Sha256),
        #[cfg(feature = "providers")]
        ("ed25519", Algorithm::Ed25519),
        #[cfg(feature = "providers")]
        ("ecdsa-p256-sha256", Algorithm::EcdsaP256Sha256),
        #[cfg(feature = "providers")]
        ("token", Algorithm::Token),
    ];

    /// Its name in a scheme's file.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests;
