//! The configuration file: one TOML document, read strictly into plain data. Nothing is opened, looked up or resolved here.

use super::address::{InvalidAddress, invalid_addresses};
use super::logging::{LogFormat, LogLevel, Logging};
use super::reader::{Document, Fields, Problem};
use super::reference::{REFERENCE, SecretReference};
use super::sink::{self, Sink};
use super::source::{self, Source};
use crate::access::{ForwardedBy, Proxies};
use crate::http1::Limits;
use crate::minimal::LISTEN;
use crate::receive::BODY_LIMIT_BYTES;
use crate::serve::evented::Settings;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::DeTable;

/// Longest configuration file, in bytes.
pub const CONFIG_FILE_LIMIT_BYTES: usize = 1024 * 1024;

/// All that a receiver is told: by its file, or by its arguments.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Where it listens: addresses with ports, and `unix:PATH`.
    pub listen: Vec<String>,
    /// The mode of Unix sockets.
    pub listen_mode: u32,
    /// What speaks HTTP.
    pub front: FrontName,
    /// Where it says how it is: an address of loopback with a port, or `unix:PATH`.
    pub admin: Option<String>,
    /// What it says while it runs.
    pub log: Logging,
    /// The proxies in front of it that are believed.
    pub proxies: Proxies,
    /// What strangers may take.
    pub settings: Settings,
    /// Where events are kept, unless they are not.
    pub store: Option<Store>,
    /// What TLS is spoken with.
    pub tls: Vec<Certificate>,
    /// Who sends.
    pub sources: Vec<Source>,
    /// Where events are handed on; where there is none, standard output.
    pub sinks: Vec<Sink>,
}

/// A certificate and its key, by their files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate and those that issued it, PEM.
    pub certificate: PathBuf,
    /// Its key, PEM.
    pub key: PathBuf,
}

/// What speaks HTTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FrontName {
    /// The front for the open internet.
    #[default]
    Evented,
    /// The front for loopback and Unix sockets.
    TinyHttp,
}

/// Where events are kept, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// The folder.
    pub dir: PathBuf,
    /// For how many days a delivery that comes again is known.
    pub replay_days: u32,
    /// How many deliveries are known at most.
    pub replay_keys: usize,
    /// Events that are older are deleted, in days. Nothing: none is.
    pub keep_days: Option<u32>,
    /// The oldest events are deleted when the file has more bytes in use. Nothing: none is.
    pub keep_bytes: Option<u64>,
}

impl Default for Store {
    fn default() -> Self {
        // Why these, the store's own settings say.
        Store { dir: STORE_DIR.into(), replay_days: 7, replay_keys: 1_000_000, keep_days: None, keep_bytes: None }
    }
}

/// The folder of the store unless told otherwise.
pub const STORE_DIR: &str = "hookgate-data";

impl Default for Config {
    /// One that has no source yet.
    fn default() -> Self {
        Config {
            listen: vec![LISTEN.to_string()],
            listen_mode: 0o660,
            front: FrontName::default(),
            admin: None,
            log: Logging::default(),
            proxies: Proxies::default(),
            settings: Settings::default(),
            store: Some(Store::default()),
            tls: Vec::new(),
            sources: Vec::new(),
            sinks: Vec::new(),
        }
    }
}

impl Config {
    /// The configuration in `text`. Relative paths in it are taken to begin in `folder`, where its file is.
    ///
    /// # Errors
    /// Everything that is wrong in it, by line.
    pub fn from_toml(text: &str, folder: &Path) -> Result<Config, Vec<Problem>> {
        let document = Document::new(text);
        let config = read(&document, folder);
        let problems = document.problems();
        config.filter(|_| problems.is_empty()).ok_or(problems)
    }

    /// The sinks in `text`, which has nothing else, of a receiver with these sources.
    ///
    /// # Errors
    /// Everything that is wrong in it, by line.
    pub fn sinks_from_toml(text: &str, folder: &Path, sources: &[Source]) -> Result<Vec<Sink>, Vec<Problem>> {
        let document = Document::new(text);
        let mut sinks = Vec::new();
        if let Some(table) = parse(&document) {
            let mut fields = Fields::new(&document, "", "", &table);
            sinks = self::sinks(&document, &mut fields, folder, sources);
            fields.end();
        }
        let problems = document.problems();
        if problems.is_empty() { Ok(sinks) } else { Err(problems) }
    }
}

fn parse<'t>(document: &Document<'t>) -> Option<toml::Spanned<DeTable<'t>>> {
    if document.text().len() > CONFIG_FILE_LIMIT_BYTES {
        let what = format!("the file is longer than {CONFIG_FILE_LIMIT_BYTES} bytes");
        document.problem(0, what, "give the configuration file");
        return None;
    }
    let (table, errors) = DeTable::parse_recoverable(document.text());
    let mut told = Vec::new();
    for error in &errors {
        let line = error.span().map_or(0, |span| document.line(span.start));
        // One slip can be found once for each bracket that is open.
        if told.contains(&(line, error.message())) {
            continue;
        }
        told.push((line, error.message()));
        // Its own text is of the grammar, and shows nothing that stands in the file.
        document.problem(
            line,
            format!("not TOML: {}", error.message()),
            "text stands in quotes, lists in [ ], tables under [name]",
        );
    }
    // What is left over after an error may have lost keys: it is not looked at further.
    errors.is_empty().then_some(table)
}

/// The configuration, where it is TOML at all; what is wrong in it is told to `document`.
pub(super) fn read(document: &Document<'_>, folder: &Path) -> Option<Config> {
    let table = parse(document)?;
    let mut fields = Fields::new(document, "", "", &table);
    let usual = Config::default();
    let listen = listen(&mut fields, folder).unwrap_or(usual.listen);
    let listen_mode = fields.parsed("listen_mode", "the mode of Unix sockets in octal, as text: \"660\"", mode);
    let front = fields.one_of("front", &[("evented", FrontName::Evented), ("tiny_http", FrontName::TinyHttp)]);
    let admin = fields.text("admin").map(|address| absolute(address, folder));
    let log = Logging {
        format: fields.one_of("log_format", &LogFormat::NAMES),
        level: fields.one_of("log_level", &LogLevel::NAMES).unwrap_or_default(),
    };
    let proxies = proxies(&mut fields);
    let usual_store = Store { dir: folder.join(STORE_DIR), ..Store::default() };
    let store = fields.table("store", "store", "[store]").map_or(Some(usual_store), |inner| store(inner, folder));
    let tls = fields.tables("tls").into_iter().filter_map(|inner| certificate(inner, folder)).collect();
    let sources: Vec<Source> =
        fields.tables("source").into_iter().filter_map(|inner| source::read(inner, folder)).collect();
    if !fields.has("source") {
        fields.missing(
            "source",
            "add a [[source]] with its name, path, scheme and secrets: hookgate config init shows one",
        );
    }
    tell_repeated(document, &sources);
    let longest = sources.iter().map(|source| source.body_limit_bytes).max().unwrap_or_default();
    let settings = Settings { buffered_bytes: buffer_for(longest), ..usual.settings };
    let settings = fields.table("limits", "limits", "[limits]").map_or(settings, |inner| limits(inner, settings));
    let sinks = sinks(document, &mut fields, folder, &sources);
    fields.end();
    let front = front.unwrap_or_default();
    if front == FrontName::TinyHttp && listen.len() != 1 {
        document.problem(0, "the tiny_http front listens on one address", "leave out front, or all of listen but one");
    }
    // Others are told of where they stand.
    let with_admin: Vec<String> = listen.iter().chain(&admin).cloned().collect();
    let last = listen.len();
    if invalid_addresses(&with_admin).iter().any(|(at, why)| *at == last && matches!(why, InvalidAddress::Taken(_))) {
        document.problem(0, "admin is an address that listen has too", "give it a port of its own");
    }
    let listen_mode = listen_mode.unwrap_or(usual.listen_mode);
    Some(Config { listen, listen_mode, front, admin, log, proxies, settings, store, tls, sources, sinks })
}

fn listen(fields: &mut Fields<'_, '_>, folder: &Path) -> Option<Vec<String>> {
    let listen = fields.texts("listen", "a list of addresses: [\"127.0.0.1:5000\", \"unix:/run/hookgate.sock\"]")?;
    if listen.is_empty() {
        fields.wrong("listen", "is empty", "name an address to listen on, or leave it out");
    }
    let lines: Vec<usize> = listen.iter().map(|(_, line)| *line).collect();
    let listen: Vec<String> = listen.into_iter().map(|(address, _)| absolute(address, folder)).collect();
    for (at, why) in invalid_addresses(&listen) {
        let line = lines.get(at).copied().unwrap_or_default();
        let hint = "give an address and port, https:// before it for TLS, unix:PATH, or systemd; each once";
        fields.wrong_at(line, "listen", &format!("has what nobody can listen on: {why}"), hint);
    }
    Some(listen)
}

/// An address, with the path of a Unix socket as `folder` has it.
fn absolute(address: String, folder: &Path) -> String {
    match address.strip_prefix("unix:") {
        Some(path) if !path.is_empty() => format!("unix:{}", folder.join(path).display()),
        _ => address,
    }
}

fn proxies(fields: &mut Fields<'_, '_>) -> Proxies {
    let (trusted, trusts_unix) = source::networks(fields, "trusted_proxies");
    let headers = [("x-forwarded-for", ForwardedBy::XForwardedFor), ("forwarded", ForwardedBy::Forwarded)];
    let forwarded_by = fields.one_of("client_address_from", &headers).unwrap_or_default();
    Proxies { trusted, trusts_unix, forwarded_by }
}

/// The memory for what is being received unless it is said, in bytes: as much as there usually is, and as much more as bodies may
/// be longer than usual. With less, the connection of a longest body would be closed before it is whole.
#[must_use]
pub fn buffer_for(longest_body_bytes: u64) -> usize {
    let usual = Settings::default().buffered_bytes;
    usual.saturating_add(usize::try_from(longest_body_bytes.saturating_sub(BODY_LIMIT_BYTES)).unwrap_or(usize::MAX))
}

const TIMES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(86_400);

/// How many connections, or requests on one, a limit can allow.
pub const COUNTS: RangeInclusive<u64> = 1..=1_000_000;

/// How long a limit can allow a head or a target to be, in bytes.
pub const HEAD_LIMITS: RangeInclusive<u64> = 64..=1 << 20;

/// How much memory a limit can allow, in bytes.
pub const BUFFER_LIMITS: RangeInclusive<u64> = 64..=1 << 40;

fn limits(mut fields: Fields<'_, '_>, usual: Settings) -> Settings {
    let size = |fields: &mut Fields<'_, '_>, key, range, usual: usize| {
        fields.size(key, range).map_or(usual, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX))
    };
    let count = |fields: &mut Fields<'_, '_>, key, range| {
        fields.number(key, range).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
    };
    let limits = Limits {
        head_bytes: size(&mut fields, "head_limit", HEAD_LIMITS, usual.limits.head_bytes),
        fields: count(&mut fields, "field_limit", 1..=Limits::FIELDS_MOST as u64).unwrap_or(usual.limits.fields),
        target_bytes: size(&mut fields, "target_limit", HEAD_LIMITS, usual.limits.target_bytes),
        head_time: fields.time("head_timeout", TIMES).unwrap_or(usual.limits.head_time),
        body_time: fields.time("body_timeout", TIMES).unwrap_or(usual.limits.body_time),
        write_time: fields.time("write_timeout", TIMES).unwrap_or(usual.limits.write_time),
        idle_time: fields.time("idle_timeout", TIMES).unwrap_or(usual.limits.idle_time),
        requests: count(&mut fields, "request_limit", COUNTS)
            .map_or(usual.limits.requests, |count| u32::try_from(count).unwrap_or(u32::MAX)),
        ..usual.limits
    };
    let settings = Settings {
        limits,
        connections: count(&mut fields, "connection_limit", COUNTS).unwrap_or(usual.connections),
        connections_per_address: count(&mut fields, "address_connection_limit", COUNTS),
        buffered_bytes: size(&mut fields, "buffer_limit", BUFFER_LIMITS, usual.buffered_bytes),
        ..usual
    };
    fields.end();
    settings
}

fn certificate(mut fields: Fields<'_, '_>, folder: &Path) -> Option<Certificate> {
    let certificate =
        sink::path(&mut fields, "certificate", "the file of a certificate and of those that issued it, PEM");
    let key = sink::path(&mut fields, "key", "the file of the certificate's key, PEM");
    fields.end();
    Some(Certificate { certificate: folder.join(certificate?), key: folder.join(key?) })
}

/// Most days of a time in days; more than a century is a slip.
pub const DAYS: RangeInclusive<u64> = 1..=36_500;

/// Most deliveries known at once, as the store has it.
const KEYS: RangeInclusive<u64> = 1..=1 << 30;

/// Most bytes of a store; less than a few events is a slip.
pub const KEPT_BYTES: RangeInclusive<u64> = 1 << 20..=1 << 50;

fn store(mut fields: Fields<'_, '_>, folder: &Path) -> Option<Store> {
    let usual = Store::default();
    let is_kept = fields.boolean("enabled").unwrap_or(true);
    let dir = fields.text("dir").map_or(usual.dir, PathBuf::from);
    if dir.as_os_str().is_empty() || dir.as_os_str().as_encoded_bytes().contains(&0) {
        fields.wrong("dir", "is no path", "name the folder that events are kept in");
    }
    let days =
        |fields: &mut Fields<'_, '_>, key| fields.number(key, DAYS).map(|days| u32::try_from(days).unwrap_or(u32::MAX));
    let store = Store {
        dir: folder.join(dir),
        replay_days: days(&mut fields, "replay_days").unwrap_or(usual.replay_days),
        replay_keys: fields
            .number("replay_keys", KEYS)
            .map_or(usual.replay_keys, |count| usize::try_from(count).unwrap_or(usize::MAX)),
        keep_days: days(&mut fields, "keep_days"),
        keep_bytes: fields.size("keep_bytes", KEPT_BYTES),
    };
    fields.end();
    is_kept.then_some(store)
}

fn sinks(document: &Document<'_>, fields: &mut Fields<'_, '_>, folder: &Path, sources: &[Source]) -> Vec<Sink> {
    let names: Vec<String> = sources.iter().map(|source| source.name.clone()).collect();
    let sinks = fields.tables("sink").into_iter().filter_map(|inner| sink::read(inner, folder, &names));
    let sinks: Vec<Sink> = sinks.collect();
    for (at, sink) in sinks.iter().enumerate() {
        if let Some(first) = sinks.iter().take(at).find(|first| first.name == sink.name) {
            repeated(document, sink.line, &format!("the name {:?} of a [[sink]]", sink.name), first.line);
        }
    }
    sink::tell_wrong_together(document, sources, &sinks);
    sinks
}

fn tell_repeated(document: &Document<'_>, sources: &[Source]) {
    for (at, source) in sources.iter().enumerate() {
        let earlier = || sources.iter().take(at);
        if let Some(first) = earlier().find(|first| first.name == source.name && !first.name.is_empty()) {
            repeated(document, source.line, &format!("the name {:?} of a [[source]]", source.name), first.line);
        }
        if let Some(first) = earlier().find(|first| first.path == source.path) {
            repeated(document, source.line, &format!("the path {:?} of a [[source]]", source.path), first.line);
        }
    }
}

fn repeated(document: &Document<'_>, line: usize, what: &str, first: usize) {
    document.problem(line, format!("{what} is that of line {first} too"), "give each its own");
}

/// The name of a source or a sink.
pub(super) fn name(fields: &mut Fields<'_, '_>, hint: &str) -> Option<String> {
    let name = fields.text("name");
    if !fields.has("name") {
        fields.missing("name", format!("give it {hint}"));
    }
    let name = name?;
    if !is_name(&name) {
        fields.wrong("name", "is no name", "a name has from 1 to 64 letters, digits, dots, - and _");
        return None;
    }
    fields.call(&name);
    Some(name)
}

/// Whether a source or a sink can be called so.
#[must_use]
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The secret that a key refers to.
pub(super) fn secret(fields: &mut Fields<'_, '_>, key: &'static str, folder: &Path) -> Option<SecretReference> {
    let value = fields.value(key)?;
    let line = fields.line_at(value.span().start);
    let read = value.get_ref().as_str().and_then(|text| SecretReference::read(text, folder, line).ok());
    if read.is_none() {
        fields.wrong(key, "says no place where a secret is kept", REFERENCE);
    }
    read
}

/// The mode of a file, in octal.
#[must_use]
pub fn mode(text: &str) -> Option<u32> {
    let is_octal = !text.is_empty() && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    u32::from_str_radix(text, 8).ok().filter(|mode| is_octal && *mode <= 0o777)
}

#[cfg(test)]
mod tests;
