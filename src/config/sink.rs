//! Where accepted events are handed on, as it is configured.

mod together;

pub(super) use together::tell_wrong_together;

use super::filter::{Filter, InvalidPattern, InvalidPointer, PATTERN_LIMIT_BYTES, Pattern, Pointer, Scalar};
use super::reader::Fields;
use super::reference::{REFERENCE, SecretReference};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::DeValue;

/// One sink: what it is, which events it takes, and how often it tries.
#[derive(Clone, Debug, PartialEq)]
pub struct Sink {
    /// What it is called; no other sink is.
    pub name: String,
    /// What becomes of an event there.
    pub kind: SinkKind,
    /// Which events it takes.
    pub filter: Filter,
    /// How often it tries.
    pub retries: Retries,
    /// The line where it begins; of several flags the number of the first.
    pub line: usize,
}

/// What becomes of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum SinkKind {
    /// It is written to standard output.
    Stdout {
        /// How.
        format: Format,
    },
    /// A command is run with it.
    Command(Command),
    /// It is posted to a URL.
    Forward(Forward),
    /// It is appended to a file.
    File {
        /// Where the file is.
        path: PathBuf,
        /// How; never for people.
        format: Format,
        /// How long the file grows before another is begun, in bytes.
        rotate_at_bytes: u64,
        /// How many of those that were ended are kept.
        rotate_keep: u32,
    },
}

/// How an event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line of JSON.
    Json,
    /// A line of JSON as CloudEvents 1.0 have it, in structured mode.
    CloudEvents,
    /// Indented, for people.
    Pretty,
}

/// A command, run without a shell, with the payload on its standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments. A program with a slash in it is a path.
    pub argv: Vec<String>,
    /// The folder it runs in.
    pub working_dir: PathBuf,
    /// Variables of the receiver's environment that it also gets, beside PATH, HOME, LANG and TZ.
    pub env: Vec<String>,
    /// How many of it run at once.
    pub concurrency: u32,
    /// How long one may run.
    pub timeout: Duration,
    /// What its end means.
    pub exits: Exits,
}

/// Variables of the receiver that every command gets: without them programs are not found, write nowhere, or in another language
/// or at another time than the operator's own.
pub const COMMAND_VARIABLES: [&str; 4] = ["PATH", "HOME", "LANG", "TZ"];

/// What every command is told by, in variables that begin so.
const TOLD: &str = "HOOKGATE_";

/// What a command's exit code means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exits {
    /// Codes that say that it is done.
    pub done: Vec<u8>,
    /// Codes that say that it is to be tried again.
    pub retry: Vec<u8>,
    /// Whether it is tried again after any other code, and after a signal.
    pub retry_others: bool,
}

/// An HTTP endpoint that events are posted to, with the body and the headers they came with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// Where they are posted to.
    pub url: String,
    /// The secret that they are signed anew with, by the scheme of Standard Webhooks.
    pub sign_with: Option<SecretReference>,
    /// The file of the certificates, PEM, that are trusted to issue the server's; where there is none, those of Mozilla's list.
    pub ca: Option<PathBuf>,
    /// How many are under way at once.
    pub concurrency: u32,
    /// How long one may take.
    pub timeout: Duration,
}

/// How often a sink is tried, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often, the first time included; then the event is a dead letter.
    pub max_attempts: u32,
    /// How long the first pause is at most; it doubles.
    pub backoff: Duration,
    /// What it doubles up to.
    pub backoff_limit: Duration,
}

impl Default for Retries {
    /// Twelve attempts in some three hours: 5, 10, 20 s … 1 h.
    fn default() -> Self {
        Retries { max_attempts: 12, backoff: Duration::from_secs(5), backoff_limit: Duration::from_secs(3600) }
    }
}

const FORMATS: &[(&str, Format)] =
    &[("json", Format::Json), ("cloudevents", Format::CloudEvents), ("pretty", Format::Pretty)];

/// Most commands or requests of one sink at once: each is a process, or a connection and a thread.
const CONCURRENCY: RangeInclusive<u64> = 1..=256;
const ATTEMPTS: RangeInclusive<u64> = 1..=1000;
const DAY: Duration = Duration::from_secs(86_400);
const TIMEOUTS: RangeInclusive<Duration> = Duration::from_secs(1)..=DAY;
const BACKOFFS: RangeInclusive<Duration> = Duration::from_millis(100)..=DAY;
const ROTATE_AT: RangeInclusive<u64> = 1024..=1 << 40;
/// Unless told otherwise: a hundred megabytes are opened by any editor.
const ROTATE_AT_BYTES: u64 = 100 * 1024 * 1024;
const ROTATE_KEEP: u32 = 10;
/// As sysexits.h has EX_TEMPFAIL: try again.
const EXIT_RETRY: u8 = 75;
/// A build or a deployment takes its time.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);
/// Standard Webhooks has senders wait 15 to 30 s.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(15);

/// The sink in `fields`; `sources` are the names of all sources there are.
pub(super) fn read(mut fields: Fields<'_, '_>, folder: &Path, sources: &[String]) -> Option<Sink> {
    let line = fields.line();
    let name = super::file::name(&mut fields, "a name of its own, such as name = \"deploy\"");
    let kind = kind(&mut fields, folder);
    let retries = retries(&mut fields);
    let filter = fields.table("match", "sink.match", "[sink.match]");
    let filter = filter.map_or_else(Filter::default, |inner| self::filter(inner, sources));
    fields.end();
    Some(Sink { name: name?, kind: kind?, filter, retries, line })
}

fn kind(fields: &mut Fields<'_, '_>, folder: &Path) -> Option<SinkKind> {
    let Some(kind) = fields.text("type") else {
        if !fields.has("type") {
            fields.missing("type", "say what it is: type = \"stdout\", \"command\", \"forward\" or \"file\"");
        }
        return None;
    };
    match kind.as_str() {
        "stdout" => Some(SinkKind::Stdout { format: fields.one_of("format", FORMATS).unwrap_or(Format::Json) }),
        "command" => command(fields, folder).map(SinkKind::Command),
        "forward" => forward(fields, folder).map(SinkKind::Forward),
        "file" => {
            let formats = FORMATS.get(..2).unwrap_or_default();
            let format = fields.one_of("format", formats).unwrap_or(Format::Json);
            let rotate_at_bytes = fields.size("rotate_at", ROTATE_AT).unwrap_or(ROTATE_AT_BYTES);
            let rotate_keep = fields.number("rotate_keep", 0..=10_000).map_or(ROTATE_KEEP, small);
            let path = path(fields, "path", "the file that events are appended to: path = \"events.jsonl\"")?;
            Some(SinkKind::File { path: folder.join(path), format, rotate_at_bytes, rotate_keep })
        }
        _ => {
            fields.wrong("type", "is no type of sink", "it is \"stdout\", \"command\", \"forward\" or \"file\"");
            None
        }
    }
}

fn command(fields: &mut Fields<'_, '_>, folder: &Path) -> Option<Command> {
    let env = fields.texts("env", "a list of names of variables").unwrap_or_default();
    if env.iter().any(|(name, _)| name.is_empty() || name.contains(['=', '\0'])) {
        fields.wrong("env", "has what is no name of a variable", "list names of variables, not their values");
    }
    if env.iter().any(|(name, _)| name.starts_with(TOLD)) {
        fields.wrong("env", "has a variable that hookgate sets itself", "leave out what begins with HOOKGATE_");
    }
    let concurrency = fields.number("concurrency", CONCURRENCY).map_or(1, small);
    let timeout = fields.time("timeout", TIMEOUTS).unwrap_or(COMMAND_TIMEOUT);
    let exits = exits(fields);
    let working_dir = fields.text("working_dir").map_or_else(|| folder.to_path_buf(), |dir| folder.join(dir));
    let argv = fields.texts("argv", "the program and its arguments, each a text: argv = [\"./deploy.sh\", \"--now\"]");
    if !fields.has("argv") {
        fields.missing("argv", "name the program and its arguments: argv = [\"./deploy.sh\"]");
    }
    let argv: Vec<String> = argv?.into_iter().map(|(text, _)| text).collect();
    let Some(program) = argv.first().filter(|program| !program.is_empty()) else {
        fields.wrong("argv", "names no program", "the first item is the program");
        return None;
    };
    if argv.iter().any(|argument| argument.contains('\0')) {
        fields.wrong("argv", "has a NUL in it, which no argument can have", "leave it out");
        return None;
    }
    // What has no slash is looked for in PATH, as everywhere.
    let program =
        if program.contains('/') { folder.join(program).to_string_lossy().into_owned() } else { program.clone() };
    let argv = std::iter::once(program).chain(argv.iter().skip(1).cloned()).collect();
    let env = env.into_iter().map(|(name, _)| name).collect();
    Some(Command { argv, working_dir, env, concurrency, timeout, exits })
}

fn exits(fields: &mut Fields<'_, '_>) -> Exits {
    let mut codes = |key, default| {
        let codes = fields.numbers(key, 0..=255);
        codes.map_or_else(
            || vec![default],
            |codes| codes.into_iter().map(|code| u8::try_from(code).unwrap_or(u8::MAX)).collect(),
        )
    };
    let (done, retry) = (codes("exit_done", 0), codes("exit_retry", EXIT_RETRY));
    let retry_others = fields.one_of("exit_other", &[("retry", true), ("dead", false)]).unwrap_or(true);
    if done.iter().any(|code| retry.contains(code)) {
        fields.wrong("exit_retry", "has a code that exit_done has too", "a code means one thing");
    }
    Exits { done, retry, retry_others }
}

fn forward(fields: &mut Fields<'_, '_>, folder: &Path) -> Option<Forward> {
    let concurrency = fields.number("concurrency", CONCURRENCY).map_or(1, small);
    let timeout = fields.time("timeout", TIMEOUTS).unwrap_or(FORWARD_TIMEOUT);
    let sign = fields.one_of("sign", &[("standard-webhooks", ())]);
    let secret = super::file::secret(fields, "secret", folder);
    let ca = if fields.has("ca") {
        path(fields, "ca", "a PEM file: ca = \"ca.pem\"").map(|ca| folder.join(ca))
    } else {
        None
    };
    match (sign, fields.has("secret")) {
        (Some(()), false) => fields.missing("secret", format!("to sign takes a secret; {REFERENCE}")),
        (None, true) if !fields.has("sign") => {
            fields.missing("sign", "say what the secret is for: sign = \"standard-webhooks\"");
        }
        _ => {}
    }
    let Some(url) = fields.text("url") else {
        if !fields.has("url") {
            fields.missing("url", "say where events are posted to: url = \"http://127.0.0.1:8080/events\"");
        }
        return None;
    };
    if let Err(why) = check_url(&url) {
        fields.wrong("url", why, "it begins with http:// or https:// and a host, and has no user and no fragment");
        return None;
    }
    Some(Forward { url, sign_with: secret, ca, concurrency, timeout })
}

/// Whether requests can be posted to `url`.
fn check_url(url: &str) -> Result<(), &'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).ok_or("is no URL of HTTP")?;
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.is_empty() || authority.starts_with(':') {
        return Err("names no host");
    }
    // It would be shown with the URL.
    if authority.contains('@') {
        return Err("has a user or a password in it");
    }
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#') {
        return Err("has a character that no URL of a request has");
    }
    Ok(())
}

fn retries(fields: &mut Fields<'_, '_>) -> Retries {
    let usual = Retries::default();
    let backoff = fields.time("backoff", BACKOFFS).unwrap_or(usual.backoff);
    let backoff_limit = fields.time("backoff_limit", BACKOFFS);
    if backoff_limit.is_some_and(|limit| limit < backoff) {
        fields.wrong("backoff_limit", "is less than backoff", "the pause grows from backoff up to backoff_limit");
    }
    Retries {
        max_attempts: fields.number("max_attempts", ATTEMPTS).map_or(usual.max_attempts, small),
        backoff,
        backoff_limit: backoff_limit.unwrap_or(usual.backoff_limit).max(backoff),
    }
}

fn filter(mut fields: Fields<'_, '_>, sources: &[String]) -> Filter {
    let of_sources = fields.texts("sources", "a list of names of sources").unwrap_or_default();
    if of_sources.iter().any(|(name, _)| !sources.contains(name)) {
        let known = sources.join(", ");
        fields.wrong("sources", "names a source that there is not", format!("the sources there are: {known}"));
    }
    let mut types = Vec::new();
    for (text, _) in
        fields.texts("types", "a list of types or patterns: types = [\"push\", \"issues.*\"]").unwrap_or_default()
    {
        match text.parse::<Pattern>() {
            Ok(pattern) => types.push(pattern),
            Err(InvalidPattern) => {
                let hint = format!("a pattern has from 1 to {PATTERN_LIMIT_BYTES} bytes; \"*\" takes every type");
                fields.wrong("types", "has what is no pattern", hint);
            }
        }
    }
    let mut json = Vec::new();
    if let Some(inner) = fields.table("json", "sink.match.json", "[sink.match.json]") {
        for (key, _, value) in inner.entries() {
            match (key.parse::<Pointer>(), scalars(value)) {
                (Err(InvalidPointer), _) => {
                    fields.wrong(
                        "json",
                        "has a key that is no JSON pointer",
                        "a key is a place: \"/repository/full_name\" = \"me/mine\"",
                    );
                }
                (Ok(_), None) => {
                    let hint = "give text, a whole number, true or false, or a list of them";
                    fields.wrong("json", "has a value that nothing in JSON is equal to", hint);
                }
                (Ok(pointer), Some(values)) => json.push((pointer, values)),
            }
        }
    }
    fields.end();
    let sources = of_sources.into_iter().map(|(name, _)| name).collect();
    Filter { sources, types, json }
}

/// The values of which one has to stand there; one that stands for itself is a list of one.
fn scalars(value: &DeValue<'_>) -> Option<Vec<Scalar>> {
    let scalar = |value: &DeValue<'_>| match value {
        DeValue::String(text) => Some(Scalar::Text(text.to_string())),
        DeValue::Boolean(boolean) => Some(Scalar::Boolean(*boolean)),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).ok().map(Scalar::Number),
        _ => None,
    };
    match value {
        DeValue::Array(values) if !values.is_empty() => values.iter().map(|value| scalar(value.get_ref())).collect(),
        value => scalar(value).map(|value| vec![value]),
    }
}

/// The text of a key that is a path.
pub(super) fn path(fields: &mut Fields<'_, '_>, key: &'static str, hint: &str) -> Option<String> {
    let path = fields.text(key);
    if !fields.has(key) {
        fields.missing(key, hint);
    }
    let path = path?;
    if path.is_empty() || path.contains('\0') {
        fields.wrong(key, "is no path", hint);
        return None;
    }
    Some(path)
}

/// A number whose range is within that of 32 bits.
fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
