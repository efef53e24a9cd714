//! The arguments of `hookgate serve`: the same configuration as a file's, of one source and one sink.

use super::super::input::{SchemeOption, SecretOptions};
use super::super::setup::{Origin, fail};
use super::super::tls::TlsOptions;
use super::super::wrong;
use super::cannot_listen;
use super::store::StoreOptions;
use super::watch::WatchOptions;
use crate::access::{Access, ForwardedBy, Network, Proxies, Rate};
use crate::config::{
    self, BODY_LIMITS, BUFFER_LIMITS, COUNTS, Config, FrontName, HEAD_LIMITS, InvalidAddress, Keeping, SecretReference,
    Sink, Source, buffer_for, is_name,
};
use crate::http1::Limits;
use crate::minimal::{Failure, LISTEN, PATH};
use crate::receive::BODY_LIMIT_BYTES;
use crate::serve::evented::Settings;
use crate::verify::quoted;
use clap::builder::RangedU64ValueParser;
use clap::{Args, ValueEnum};
use std::ffi::OsString;
use std::io;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// All that a file can say of one source and one sink.
#[derive(Args)]
pub(super) struct Options {
    /// Address and port, https:// before it for TLS, unix:PATH, or systemd[:NAME] for sockets that systemd opened, to listen on (repeatable); port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    listen: Vec<String>,
    /// Mode of the Unix socket's file, in octal
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = mode)]
    listen_mode: u32,
    /// What speaks HTTP: evented, which bounds what a stranger can take; or tiny_http, on loopback or a Unix socket only
    #[arg(long, value_enum, default_value = "evented")]
    front: FrontOption,
    #[command(flatten)]
    tls: TlsOptions,
    /// Path to answer on, matched byte for byte
    #[arg(long, default_value = PATH)]
    path: String,
    /// What the source is called in events (default: its scheme)
    #[arg(long, value_parser = name)]
    name: Option<String>,
    #[command(flatten)]
    scheme: SchemeOption,
    #[command(flatten)]
    secrets: SecretOptions,
    /// Credential of the systemd service that holds a secret (repeatable)
    #[arg(long, value_name = "[LABEL=]NAME")]
    secret_credential: Vec<String>,
    /// URL that the provider posts to, where the scheme signs that; without its query
    #[arg(long)]
    url: Option<String>,
    /// How far a signed time may be from now (default: as the scheme has it)
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=604_800))]
    tolerance: Option<u64>,
    /// Take deliveries of which nothing signs the body: who has seen one can send any other
    #[arg(long)]
    accept_uncovered_body: bool,
    #[command(flatten)]
    handshake: HandshakeOptions,
    /// A key of a sink and its value, as in the configuration file (repeatable): --sink type=command --sink 'argv=["./deploy.sh"]'
    #[arg(long, value_name = "KEY=VALUE")]
    sink: Vec<String>,
    #[command(flatten)]
    access: AccessOptions,
    #[command(flatten)]
    store: StoreOptions,
    #[command(flatten)]
    watch: WatchOptions,
    #[command(flatten)]
    limits: LimitOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FrontOption {
    Evented,
    #[value(name = "tiny_http")]
    TinyHttp,
}

/// What handshakes need beside the secrets.
#[derive(Args)]
struct HandshakeOptions {
    /// File that holds the token agreed on with the provider, where its handshake asks for one (Meta's verify token)
    #[arg(long, value_name = "FILE", group = "handshake token")]
    handshake_token_file: Option<PathBuf>,
    /// The same in a file of which every byte counts
    #[arg(long, value_name = "FILE", group = "handshake token")]
    handshake_token_file_raw: Option<PathBuf>,
    /// The same in an environment variable
    #[arg(long, value_name = "VAR", group = "handshake token")]
    handshake_token_env: Option<OsString>,
    /// The same in a credential of the systemd service
    #[arg(long, value_name = "NAME", group = "handshake token")]
    handshake_token_credential: Option<String>,
    /// Take the secret from the first handshake that hands one over (Asana's) in the first ten minutes, and write it to the file of --secret-file, which holds none yet
    #[arg(long)]
    accept_handshake: bool,
}

/// Who may send, and how often.
#[derive(Args)]
#[command(next_help_heading = "Who may send")]
struct AccessOptions {
    /// Network that may send, as CIDR; all may unless one is given (repeatable)
    #[arg(long, value_name = "NETWORK")]
    allow_from: Vec<Network>,
    /// Most deliveries, such as 100/s, 600/min or 1000/h; only proven ones count
    #[arg(long, value_name = "RATE")]
    rate_limit: Option<Rate>,
    /// Most requests of one address, proven or not
    #[arg(long, value_name = "RATE")]
    rate_limit_per_address: Option<Rate>,
    /// Proxy that is believed about whom a request came from: a network as CIDR, or unix (repeatable)
    #[arg(long, value_name = "NETWORK")]
    trusted_proxy: Vec<String>,
    /// Header in which trusted proxies say it
    #[arg(long, value_enum, default_value = "x-forwarded-for")]
    client_address_from: HeaderOption,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HeaderOption {
    XForwardedFor,
    Forwarded,
}

/// What a stranger may take. Sizes are in bytes, times in seconds.
#[derive(Args)]
#[command(next_help_heading = "Limits (but for --body-limit, of the evented front)")]
struct LimitOptions {
    /// Longest body
    #[arg(long, value_name = "BYTES", default_value_t = BODY_LIMIT_BYTES, value_parser = clap::value_parser!(u64).range(BODY_LIMITS))]
    body_limit: u64,
    /// Longest head
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().limits.head_bytes, value_parser = within(HEAD_LIMITS))]
    head_limit: usize,
    /// Most header fields, 128 at most
    #[arg(long, value_name = "COUNT", default_value_t = Settings::default().limits.fields, value_parser = within(1..=Limits::FIELDS_MOST as u64))]
    field_limit: usize,
    /// Longest request target
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().limits.target_bytes, value_parser = within(HEAD_LIMITS))]
    target_limit: usize,
    /// From a request's first byte to the end of its head
    #[arg(long, value_name = "SECONDS", default_value_t = seconds(Settings::default().limits.head_time), value_parser = 1..=86400)]
    head_timeout: i64,
    /// From the head to the end of the body, in all
    #[arg(long, value_name = "SECONDS", default_value_t = seconds(Settings::default().limits.body_time), value_parser = 1..=86400)]
    body_timeout: i64,
    /// For an answer to be taken
    #[arg(long, value_name = "SECONDS", default_value_t = seconds(Settings::default().limits.write_time), value_parser = 1..=86400)]
    write_timeout: i64,
    /// Between two requests
    #[arg(long, value_name = "SECONDS", default_value_t = seconds(Settings::default().limits.idle_time), value_parser = 1..=86400)]
    idle_timeout: i64,
    /// Most requests on a connection
    #[arg(long, value_name = "COUNT", default_value_t = Settings::default().limits.requests, value_parser = RangedU64ValueParser::<u32>::new().range(COUNTS))]
    request_limit: u32,
    /// Most connections at once
    #[arg(long, value_name = "COUNT", default_value_t = Settings::default().connections, value_parser = within(COUNTS))]
    connection_limit: usize,
    /// Most connections at once from one address; not limited unless set
    #[arg(long, value_name = "COUNT", value_parser = within(COUNTS))]
    address_connection_limit: Option<usize>,
    /// Most memory for what is being received, of all connections together (default: 41943040, and what --body-limit is more than usual)
    #[arg(long, value_name = "BYTES", value_parser = within(BUFFER_LIMITS))]
    buffer_limit: Option<usize>,
}

impl Options {
    /// The configuration that the arguments are.
    pub(super) fn config(&self) -> Result<Config, Failure> {
        let source = self.source()?;
        let sinks = self.sinks(std::slice::from_ref(&source))?;
        self.check_addresses()?;
        Ok(Config {
            listen: self.listen.clone(),
            listen_mode: self.listen_mode,
            front: match self.front {
                FrontOption::Evented => FrontName::Evented,
                FrontOption::TinyHttp => FrontName::TinyHttp,
            },
            admin: self.watch.admin(),
            log: self.watch.logging(),
            proxies: self.access.proxies()?,
            settings: self.limits.settings(),
            store: self.store.config(),
            tls: self.tls.certificates()?,
            sources: vec![source],
            sinks,
        })
    }

    /// Whether each address can be listened on beside the others.
    fn check_addresses(&self) -> Result<(), Failure> {
        let addresses: Vec<String> = self.listen.iter().cloned().chain(self.watch.admin()).collect();
        let invalid = config::invalid_addresses(&addresses);
        // The admin listener's address has rules of its own.
        let of_listen =
            |(at, why): &(usize, InvalidAddress)| *at < self.listen.len() || matches!(why, InvalidAddress::Taken(_));
        match invalid.iter().find(|invalid| of_listen(invalid)) {
            Some((at, why)) => {
                let address = addresses.get(*at).map(String::as_str).unwrap_or_default();
                Err(cannot_listen(address, &io::Error::new(io::ErrorKind::InvalidInput, *why)))
            }
            None => Ok(()),
        }
    }

    fn source(&self) -> Result<Source, Failure> {
        let scheme = self.scheme.stated()?;
        let mut secrets = self.secrets.references(!self.secret_credential.is_empty())?;
        for argument in &self.secret_credential {
            secrets.push(credential(argument)?);
        }
        for (at, secret) in secrets.iter().enumerate() {
            if secrets.iter().take(at).any(|known| known.label == secret.label) {
                let what = format!("two secrets have the label {}", secret.label);
                return Err(wrong(what, "give each its own: --secret-file new=FILE"));
            }
        }
        Ok(Source {
            name: self.name.clone().unwrap_or_else(|| scheme.name.clone()),
            path: self.path.clone(),
            scheme: self.scheme.reference(scheme),
            issuer: self.scheme.issuer(),
            url: self.url.clone(),
            secrets,
            body_limit_bytes: self.limits.body_limit,
            tolerance: self.tolerance.map(Duration::from_secs),
            handshake_token: self.handshake.token()?,
            accept_handshake: self.handshake.accept_handshake,
            accept_uncovered_body: self.accept_uncovered_body || self.scheme.is_of_file(),
            access: Access {
                allow_from: self.access.allow_from.clone(),
                rate_limit: self.access.rate_limit,
                rate_limit_per_address: self.access.rate_limit_per_address,
            },
            line: 0,
        })
    }

    /// The sink that the arguments describe: they are the lines of its table. A value that is no TOML is text.
    fn sinks(&self, sources: &[Source]) -> Result<Vec<Sink>, Failure> {
        if self.sink.is_empty() {
            return Ok(Vec::new());
        }
        let mut text = "[[sink]]\n".to_string();
        let is_named = self.sink.iter().any(|argument| argument.trim_start().starts_with("name"));
        for argument in &self.sink {
            let Some((key, value)) = argument.split_once('=') else {
                return Err(wrong("--sink takes a key and its value", "write --sink type=stdout"));
            };
            if key.contains('\n') || value.contains('\n') {
                return Err(wrong("--sink takes one line", "give each key its own --sink"));
            }
            let is_toml = toml::from_str::<toml::Table>(&format!("value = {value}")).is_ok();
            let value = if is_toml { value.to_string() } else { quoted(value) };
            text.push_str(&format!("{key} = {value}\n"));
        }
        if !is_named {
            text.push_str("name = \"sink\"\n");
        }
        let folder = std::path::absolute("").unwrap_or_default();
        Config::sinks_from_toml(&text, &folder, sources).map_err(|problems| {
            let error = |problem: config::Problem| {
                let argument = self.sink.get(problem.line.saturating_sub(2)).filter(|_| problem.line > 1);
                let key = argument.and_then(|argument| argument.split_once('=')).map_or("", |(key, _)| key);
                let called = if key.is_empty() { "--sink".to_string() } else { format!("--sink {key}") };
                Origin::default().error(0, &format!("{called}: {}", problem.what), problem.hint)
            };
            fail(problems.into_iter().map(error).collect())
        })
    }
}

impl HandshakeOptions {
    fn token(&self) -> Result<Option<SecretReference>, Failure> {
        let HandshakeOptions { handshake_token_file: file, handshake_token_file_raw: raw, .. } = self;
        let keeping = match (file, raw, &self.handshake_token_env, &self.handshake_token_credential) {
            (Some(path), ..) => Keeping::File(path.clone()),
            (_, Some(path), ..) => Keeping::RawFile(path.clone()),
            (_, _, Some(variable), _) => Keeping::Variable(variable.clone()),
            (_, _, _, Some(name)) => credential(name)?.keeping,
            _ => return Ok(None),
        };
        Ok(Some(SecretReference { label: "handshake".to_string(), keeping, line: 0 }))
    }
}

/// The secret in a credential, `NAME` or `LABEL=NAME`.
fn credential(argument: &str) -> Result<SecretReference, Failure> {
    let text = match argument.split_once('=') {
        Some((label, name)) => format!("{label}=credential:{name}"),
        None => format!("credential:{argument}"),
    };
    SecretReference::read(&text, Path::new(""), 0).map_err(|_| {
        wrong("a credential is called by a name, not by a path", "give the name that LoadCredential= of the unit has")
    })
}

impl AccessOptions {
    fn proxies(&self) -> Result<Proxies, Failure> {
        let networks = self.trusted_proxy.iter().filter(|proxy| *proxy != "unix");
        let trusted = networks.map(|network| {
            network.parse().map_err(|error| {
                wrong(format!("--trusted-proxy {network}: {error}"), "give a network as CIDR, or unix")
            })
        });
        Ok(Proxies {
            trusted: trusted.collect::<Result<_, _>>()?,
            trusts_unix: self.trusted_proxy.iter().any(|proxy| proxy == "unix"),
            forwarded_by: match self.client_address_from {
                HeaderOption::XForwardedFor => ForwardedBy::XForwardedFor,
                HeaderOption::Forwarded => ForwardedBy::Forwarded,
            },
        })
    }
}

impl LimitOptions {
    fn settings(&self) -> Settings {
        let time = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
        let mut settings = Settings::default();
        settings.limits.head_bytes = self.head_limit;
        settings.limits.fields = self.field_limit;
        settings.limits.target_bytes = self.target_limit;
        settings.limits.head_time = time(self.head_timeout);
        settings.limits.body_time = time(self.body_timeout);
        settings.limits.write_time = time(self.write_timeout);
        settings.limits.idle_time = time(self.idle_timeout);
        settings.limits.requests = self.request_limit;
        settings.connections = self.connection_limit;
        settings.connections_per_address = self.address_connection_limit;
        settings.buffered_bytes = self.buffer_limit.unwrap_or_else(|| buffer_for(self.body_limit));
        settings
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

fn mode(text: &str) -> Result<u32, String> {
    config::mode(text).ok_or_else(|| "give octal digits, such as 660".into())
}

fn name(text: &str) -> Result<String, String> {
    if is_name(text) { Ok(text.to_string()) } else { Err("give from 1 to 64 letters, digits, dots, - and _".into()) }
}

/// What reads a number of `range`, the same as in a file.
fn within(range: RangeInclusive<u64>) -> impl Fn(&str) -> Result<usize, String> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| format!("give a number from {} to {}", range.start(), range.end()))
    }
}
