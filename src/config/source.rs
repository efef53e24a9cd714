//! One source of deliveries, as it is configured.

use super::near::near_schemes;
use super::reader::Fields;
use super::reference::{REFERENCE, SecretReference};
use crate::access::{Access, InvalidNetwork, Network};
use crate::receive::BODY_LIMIT_BYTES;
use crate::verify::Scheme;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

/// One source: where it posts, how it signs, what it may send.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// What it is called; no other source is.
    pub name: String,
    /// The path that it posts to; no other source has it.
    pub path: String,
    /// How it signs.
    pub scheme: SchemeReference,
    /// What its token's issuer has to be, where the scheme leaves that open.
    pub issuer: Option<String>,
    /// The URL that it posts to, where the scheme signs that.
    pub url: Option<String>,
    /// What it signs with: any of them may match.
    pub secrets: Vec<SecretReference>,
    /// Longest body, in bytes.
    pub body_limit_bytes: u64,
    /// How far from now a signed time may be, where it is to be otherwise than the scheme has it.
    pub tolerance: Option<Duration>,
    /// The token agreed on with the provider, where its handshake asks for one.
    pub handshake_token: Option<SecretReference>,
    /// Whether a handshake may hand over the secret, in a window from the start.
    pub accept_handshake: bool,
    /// Whether deliveries are taken of which nothing signs the body.
    pub accept_uncovered_body: bool,
    /// Who may send, and how often.
    pub access: Access,
    /// The line where it begins; 0 where it is of the command line.
    pub line: usize,
}

/// How a source signs.
#[derive(Clone, Debug, PartialEq)]
pub enum SchemeReference {
    /// As a preset has it.
    Named(String),
    /// As this file says.
    File(PathBuf),
    /// As it is said here.
    Inline(Box<Scheme>),
}

/// Longest body that a limit can allow: it is held in memory.
pub const BODY_LIMITS: RangeInclusive<u64> = 1..=1 << 30;

/// No time of a delivery says anything about a longer one.
const TOLERANCES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(7 * 86_400);

/// What is said of a rate.
const RATE: &str = "so many in a time: \"100/s\", \"600/min\" or \"1000/h\"";

/// The source in `fields`.
pub(super) fn read(mut fields: Fields<'_, '_>, folder: &Path) -> Option<Source> {
    let line = fields.line();
    let name = super::file::name(&mut fields, "a name of its own, such as name = \"github\"");
    let path = path(&mut fields);
    let scheme = scheme(&mut fields, name.as_deref().unwrap_or("custom"), folder);
    let source = Source {
        path,
        issuer: fields.text("issuer"),
        url: fields.text("url"),
        secrets: secrets(&mut fields, folder),
        body_limit_bytes: fields.size("body_limit", BODY_LIMITS).unwrap_or(BODY_LIMIT_BYTES),
        tolerance: fields.time("tolerance", TOLERANCES),
        handshake_token: super::file::secret(&mut fields, "handshake_token", folder),
        accept_handshake: fields.boolean("accept_handshake").unwrap_or(false),
        accept_uncovered_body: fields.boolean("accept_uncovered_body").unwrap_or(false),
        access: Access {
            allow_from: networks(&mut fields, "allow_from").0,
            rate_limit: fields.parsed("rate_limit", RATE, |text| text.parse().ok()),
            rate_limit_per_address: fields.parsed("rate_limit_per_address", RATE, |text| text.parse().ok()),
        },
        line,
        // Both are there, or their lack was told.
        name: name.unwrap_or_default(),
        scheme: scheme.unwrap_or_else(|| SchemeReference::Named(String::new())),
    };
    fields.end();
    Some(source)
}

fn path(fields: &mut Fields<'_, '_>) -> String {
    let path = fields.text("path").unwrap_or_else(|| crate::minimal::PATH.to_string());
    if !crate::receive::is_path(&path) {
        fields.wrong("path", "is no path of a request", "it begins with / and has no query, space or fragment");
    }
    path
}

fn scheme(fields: &mut Fields<'_, '_>, name: &str, folder: &Path) -> Option<SchemeReference> {
    let file = fields.text("scheme_file");
    let (has_scheme, has_file) = (fields.has("scheme"), fields.has("scheme_file"));
    match (has_scheme, has_file) {
        (true, true) => fields.wrong("scheme_file", "stands beside scheme", "leave one of them out"),
        (false, false) => {
            fields.missing("scheme", "say how it signs: scheme = \"github\" (hookgate schemes list has them all), scheme_file, or [source.scheme]");
        }
        _ => {}
    }
    if let Some(file) = file {
        return Some(SchemeReference::File(folder.join(file)));
    }
    match fields.value("scheme")?.get_ref() {
        DeValue::Table(table) => {
            let mut table = plain(table);
            // A scheme is called by small letters, digits and hyphens; a source can be called by more.
            let usual =
                |character: char| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '-' };
            table.entry("name").or_insert_with(|| Value::String(name.chars().map(usual).collect()));
            match Scheme::from_table(table) {
                Ok(scheme) => return Some(SchemeReference::Inline(Box::new(scheme))),
                Err(unusable) => {
                    let what = format!("cannot be used: {unusable}");
                    fields.wrong("scheme", &what, "hookgate schemes show github prints one that can");
                }
            }
        }
        DeValue::String(name) if crate::verify::preset(name).is_some() => {
            return Some(SchemeReference::Named(name.to_string()));
        }
        DeValue::String(name) => {
            let hint = format!("{}; hookgate schemes list has them all", near_schemes(name));
            fields.wrong("scheme", "is no scheme that there is", hint);
        }
        _ => fields.wrong(
            "scheme",
            "is neither a name nor a table",
            "give scheme = \"github\", or a table [source.scheme]",
        ),
    }
    None
}

fn secrets(fields: &mut Fields<'_, '_>, folder: &Path) -> Vec<SecretReference> {
    let Some(value) = fields.value("secrets") else {
        fields.missing("secrets", format!("list what it signs with: {REFERENCE}"));
        return Vec::new();
    };
    let DeValue::Array(items) = value.get_ref() else {
        fields.wrong("secrets", "is no list", format!("list each secret: {REFERENCE}"));
        return Vec::new();
    };
    let mut secrets: Vec<SecretReference> = Vec::new();
    for item in items {
        let line = fields.line_at(item.span().start);
        let read = item.get_ref().as_str().and_then(|text| SecretReference::read(text, folder, line).ok());
        match read {
            Some(secret) if secrets.iter().any(|known| known.label == secret.label) => {
                fields.wrong_at(line, "secrets", "has two of one label", "give each its own: \"new=file:PATH\"");
            }
            Some(secret) => secrets.push(secret),
            None => fields.wrong_at(line, "secrets", "has what says no place where a secret is kept", REFERENCE),
        }
    }
    if items.is_empty() {
        fields.wrong("secrets", "is empty: nobody could sign", REFERENCE);
    }
    secrets
}

/// The networks in a list, and whether `unix` is on it.
pub(super) fn networks(fields: &mut Fields<'_, '_>, key: &'static str) -> (Vec<Network>, bool) {
    let texts = fields.texts(key, "a list of networks and addresses: [\"192.0.2.0/24\", \"2001:db8::/32\"]");
    let (mut networks, mut has_unix) = (Vec::new(), false);
    for (text, line) in texts.unwrap_or_default() {
        match text.parse::<Network>() {
            Ok(network) => networks.push(network),
            Err(_) if text == "unix" && key == "trusted_proxies" => has_unix = true,
            Err(why @ InvalidNetwork::HostBits(_)) => {
                fields.wrong_at(
                    line,
                    key,
                    &format!("has a network that is none: {why}"),
                    "write the network's own address",
                );
            }
            Err(InvalidNetwork::Malformed) => {
                let hint = "write an address, or a network as CIDR: 192.0.2.0/24, 2001:db8::/32";
                fields.wrong_at(line, key, "has what is no network", hint);
            }
        }
    }
    (networks, has_unix)
}

/// A table as the reader of schemes takes it.
fn plain(table: &DeTable<'_>) -> Table {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), plain_value(value.get_ref()))).collect()
}

fn plain_value(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::String(text.to_string()),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Datetime(date) => Value::Datetime(*date),
        DeValue::Array(items) => Value::Array(items.iter().map(|item| plain_value(item.get_ref())).collect()),
        DeValue::Table(table) => Value::Table(plain(table)),
        // A number that no integer holds is none that a scheme has either.
        DeValue::Integer(number) => {
            let number = i64::from_str_radix(number.as_str(), number.radix());
            number.map_or(Value::Float(f64::NAN), Value::Integer)
        }
        DeValue::Float(number) => Value::Float(number.as_str().parse().unwrap_or(f64::NAN)),
    }
}
