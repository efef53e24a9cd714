//! `hookgate serve`.

use super::input::{SchemeOption, SecretOptions, read_secret, secret_in_environment, verifier};
use super::wrong;
use crate::explain::Cause;
use crate::minimal::{self, Failure, LISTEN, PATH, lines_to_stdout, say, warn};
use crate::receive::{BODY_LIMIT_BYTES, Receiver, Receivers};
use crate::serve::evented::{self, Front, Listener, Serving, Settings};
use crate::serve::explained::Explainer;
use crate::serve::{Stop, tiny, unix};
use crate::verify::{Scheme, Secret};
use clap::{Args, ValueEnum};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Longest wait for what was accepted before SIGTERM. Docker kills 10 s after it; the front itself gives up a second before.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(9);

/// Descriptors that are not connections: standard streams, listeners, readiness, signals, and some to spare.
const SPARE_DESCRIPTORS: u64 = 24;

/// Receives webhooks until SIGTERM or SIGINT.
#[derive(Args)]
#[command(before_help = "Example: hookgate serve --secret-file ./secret --listen 127.0.0.1:5000 --path /webhook")]
pub(super) struct Serve {
    /// Address and port, or unix:PATH, to listen on (repeatable); port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    listen: Vec<String>,
    /// Mode of the Unix socket's file, in octal
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = mode)]
    listen_mode: u32,
    /// Path to answer on, matched byte for byte
    #[arg(long, default_value = PATH)]
    path: String,
    #[command(flatten)]
    scheme: SchemeOption,
    #[command(flatten)]
    secrets: SecretOptions,
    /// URL that the provider posts to, where the scheme signs that; without its query
    #[arg(long)]
    url: Option<String>,
    #[command(flatten)]
    handshake: HandshakeOptions,
    /// What speaks HTTP: evented, which bounds what a stranger can take; or tiny_http, on loopback or a Unix socket only
    #[arg(long, value_enum, default_value = "evented")]
    front: FrontName,
    #[command(flatten)]
    limits: LimitOptions,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FrontName {
    Evented,
    #[value(name = "tiny_http")]
    TinyHttp,
}

/// What handshakes need beside the secrets.
#[derive(Args)]
struct HandshakeOptions {
    /// File that holds the token agreed on with the provider, where its handshake asks for one (Meta's verify token)
    #[arg(long, value_name = "FILE")]
    handshake_token_file: Option<PathBuf>,
    /// The same in an environment variable
    #[arg(long, value_name = "VAR", conflicts_with = "handshake_token_file")]
    handshake_token_env: Option<OsString>,
    /// Let a handshake hand over the secret (Asana); not possible yet
    #[arg(long)]
    accept_handshake: bool,
}

/// What a stranger may take. Sizes are in bytes, times in seconds.
#[derive(Args)]
#[command(next_help_heading = "Limits (but for --body-limit, of the evented front)")]
struct LimitOptions {
    /// Longest body
    #[arg(long, value_name = "BYTES", default_value_t = BODY_LIMIT_BYTES)]
    body_limit: u64,
    /// Longest head
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().limits.head_bytes)]
    head_limit: usize,
    /// Most header fields, 128 at most
    #[arg(long, value_name = "COUNT", default_value_t = Settings::default().limits.fields, value_parser = fields)]
    field_limit: usize,
    /// Longest request target
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().limits.target_bytes)]
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
    #[arg(long, value_name = "COUNT", default_value_t = Settings::default().limits.requests, value_parser = clap::value_parser!(u32).range(1..))]
    request_limit: u32,
    /// Most connections at once
    #[arg(long, value_name = "COUNT", default_value_t = Settings::default().connections, value_parser = at_least_one)]
    connection_limit: usize,
    /// Most connections at once from one address; not limited unless set
    #[arg(long, value_name = "COUNT", value_parser = at_least_one)]
    address_connection_limit: Option<usize>,
    /// Most memory for what is being received, of all connections together
    #[arg(long, value_name = "BYTES", default_value_t = Settings::default().buffered_bytes)]
    buffer_limit: usize,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let scheme = self.scheme.scheme()?;
        let source = scheme.name.clone();
        let token = self.handshake.agreed_token(&scheme)?;
        let secrets = self.secrets.secrets()?;
        let verifier = verifier(scheme.clone(), secrets.clone(), self.url.as_deref())?;
        let path = self.path.clone();
        let say = move |cause: &Cause| say_cause(&path, cause);
        let explainer = Explainer::start(scheme, secrets, self.url.clone(), say).map_err(failed)?;
        let receiver = Receiver::new(source, self.path.clone(), verifier)
            .map_err(|error| wrong(error.to_string(), "a path begins with / and has no query, space or fragment"))?
            .with_body_limit_bytes(self.limits.body_limit)
            .with_watcher(move |request, _, now| explainer.refused(request, now));
        let receiver = match &token {
            Some(token) => receiver.with_agreed_token(token),
            None => receiver,
        };
        match self.front {
            FrontName::Evented => self.evented(receiver.into())?,
            FrontName::TinyHttp => self.tiny_http(receiver.into())?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn evented(&self, receivers: Receivers) -> Result<(), Failure> {
        let mut settings = self.limits.settings();
        settings.connections = settings.connections.min(descriptors_for_connections());
        let listeners = self
            .listen
            .iter()
            .map(|address| Listener::bind(address, self.listen_mode).map_err(|error| cannot_listen(address, &error)))
            .collect::<Result<Vec<_>, _>>()?;
        let front = Front::new(listeners).map_err(failed)?;
        let stop = front.stop();
        stop_on_signals(stop.clone())?;
        let mut lines = lines_to_stdout().map_err(failed)?;
        for name in front.names() {
            minimal::say_listening(name, &receivers);
        }
        front.run(Serving { receivers, settings }, &mut lines, &stop).map_err(failed)
    }

    fn tiny_http(&self, receivers: Receivers) -> Result<(), Failure> {
        let [address] = self.listen.as_slice() else {
            return Err(wrong("the tiny_http front listens on one address", "--front evented listens on several"));
        };
        // The socket's file is there until this returns.
        let (listener, name, _file) = match address.strip_prefix("unix:") {
            Some(path) => {
                let bound = unix::listen(Path::new(path), self.listen_mode, evented::BACKLOG);
                let (listener, file) = bound.map_err(|error| cannot_listen(address, &error))?;
                (tiny::Listener::Unix(listener), address.clone(), Some(file))
            }
            None => {
                let (listener, name) = minimal::bind(address)?;
                (listener, name, None)
            }
        };
        let stop = tiny::stop(&listener).map_err(failed)?;
        stop_on_signals(stop.clone())?;
        minimal::serve(&listener, &name, receivers, &tiny::change(), &stop)
    }
}

impl HandshakeOptions {
    /// The token agreed on with the provider, if one was given.
    fn agreed_token(&self, scheme: &Scheme) -> Result<Option<Secret>, Failure> {
        if self.accept_handshake {
            return Err(wrong(
                "there is no place yet to keep a secret that a handshake hands over",
                "create the webhook by other means, take the secret from its answer, and give --secret-file FILE",
            ));
        }
        let is_asked_for = scheme.handshakes.iter().any(|handshake| handshake.agreed_token.is_some());
        let token = match (&self.handshake_token_file, &self.handshake_token_env) {
            (Some(path), _) => read_secret(path, false)?,
            (None, Some(variable)) => secret_in_environment(variable)?,
            (None, None) if is_asked_for => {
                warn(&[format!("the handshake of {} is refused without --handshake-token-file FILE", scheme.name)]);
                return Ok(None);
            }
            (None, None) => return Ok(None),
        };
        match is_asked_for {
            true => Ok(Some(token)),
            false => Err(wrong(
                format!("the scheme {} has no handshake that asks for an agreed token", scheme.name),
                "leave out --handshake-token-file and --handshake-token-env",
            )),
        }
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
        settings.buffered_bytes = self.buffer_limit;
        settings
    }
}

fn seconds(time: Duration) -> i64 {
    i64::try_from(time.as_secs()).unwrap_or(i64::MAX)
}

fn mode(text: &str) -> Result<u32, String> {
    u32::from_str_radix(text, 8)
        .ok()
        .filter(|mode| *mode <= 0o777)
        .ok_or_else(|| "give octal digits, such as 660".into())
}

fn fields(text: &str) -> Result<usize, String> {
    let most = crate::http1::Limits::FIELDS_MOST;
    text.parse()
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| format!("give a number from 1 to {most}"))
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|count| *count > 0).ok_or_else(|| "give a number from 1 on".into())
}

/// Says why a delivery was refused. Nobody may be reading: the lock of stderr, which the end of the program takes, is not
/// held meanwhile.
fn say_cause(path: &str, cause: &Cause) {
    let line = format!("hookgate: refused a delivery to {path}: {}: {cause}; {}\n", cause.name(), cause.remedy());
    let stderr = io::stderr().as_fd().try_clone_to_owned();
    let _ = stderr.map(|stderr| File::from(stderr).write_all(line.as_bytes()));
}

fn failed(error: io::Error) -> Failure {
    Failure::Running(error.to_string())
}

fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidInput => wrong(
            format!("cannot listen on {address:?}: {error}"),
            format!("give an address and port, such as {LISTEN}, or unix:PATH"),
        ),
        _ => Failure::Running(format!("cannot listen on {address}: {error}")),
    }
}

/// Raises the limit of open descriptors as far as it goes; how many of them connections can have.
fn descriptors_for_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let descriptors = if raised { maximum } else { current };
    descriptors.map_or(usize::MAX, |descriptors| {
        usize::try_from(descriptors.saturating_sub(SPARE_DESCRIPTORS).max(1)).unwrap_or(usize::MAX)
    })
}

/// The first SIGTERM or SIGINT asks the receiver to finish; a second one, or the limit, ends the process.
fn stop_on_signals(stop: Stop) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Running(format!("cannot listen for signals: {error}"));
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    let wait = move || {
        let mut received = signals.forever();
        if received.next().is_none() {
            return;
        }
        stop.ask();
        let limit = std::thread::Builder::new().name("shutdown limit".into()).spawn(|| {
            std::thread::sleep(SHUTDOWN_LIMIT);
            say("hookgate: some requests were not finished in time and got no answer");
            std::process::exit(0);
        });
        drop(limit);
        if let Some(signal) = received.next() {
            std::process::exit(128 + signal);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).map_err(failed)?;
    Ok(())
}
