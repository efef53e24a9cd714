//! The minimal receiver: GitHub's recipe as a small binary, configured by environment alone.

use crate::config::{self, ConfigError};
use crate::receipt::Keep;
use crate::receive::{Receiver, Receivers};
use crate::serve::watch::{Unwatched, Watch};
use crate::serve::{Change, Stop, tiny};
use crate::sink::{EventIds, Lines, Style};
use crate::time::UnixTime;
use crate::verify::{Verifier, names, preset};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::process::ExitCode;

#[cfg(feature = "watch")]
use crate::watch::log;

/// How long the end of the program may wait for somebody to read its last words.
#[cfg(feature = "watch")]
const LOG_PATIENCE: std::time::Duration = std::time::Duration::from_millis(500);

/// Where a receiver listens unless told otherwise.
pub const LISTEN: &str = "127.0.0.1:5000";
/// The path it answers on unless told otherwise.
pub const PATH: &str = "/webhook";
/// The scheme it verifies by unless told otherwise.
pub const SCHEME: &str = "github";
/// The variable that holds the secret unless told otherwise.
pub const SECRET_VARIABLE: &str = "HOOKGATE_SECRET";

const HELP: &str = "\
hookgate, the minimal receiver: verifies signed webhooks and prints each as a line of JSON.

  HOOKGATE_SECRET=\"$(cat secret)\" hookgate | while read -r event; do echo \"$event\"; done

It takes no arguments. Environment:
  HOOKGATE_SECRET  the secret that deliveries are signed with (required)
  HOOKGATE_LISTEN  loopback address and port to listen on (default 127.0.0.1:5000; port 0 takes a free one)
  HOOKGATE_PATH    path to answer on (default /webhook)
  HOOKGATE_SCHEME  signature scheme (default github)
";

/// Why the program ends otherwise than asked.
#[derive(Debug)]
pub enum Failure {
    /// The operator's doing: exit code 2.
    Config(ConfigError),
    /// Failed while running: exit code 1.
    Running(String),
    /// The same, where there is something to do about it.
    Hinted(ConfigError),
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Failure::Config(error)
    }
}

/// The whole program of the minimal build.
#[must_use]
pub fn main() -> ExitCode {
    match std::env::args_os().nth(1) {
        None => finish(run()),
        Some(argument) if argument == "--help" || argument == "-h" => {
            say_out(HELP);
            ExitCode::SUCCESS
        }
        Some(argument) if argument == "--version" || argument == "-V" => {
            say_out(concat!("hookgate ", env!("CARGO_PKG_VERSION"), " (minimal)\n"));
            ExitCode::SUCCESS
        }
        Some(argument) => {
            let what = format!("this is the minimal receiver, which takes no arguments, not {argument:?}");
            finish(Err(ConfigError::new(what, "it is configured by HOOKGATE_* variables: see hookgate --help").into()))
        }
    }
}

fn run() -> Result<(), Failure> {
    let text = |variable: &str, default: &str| match std::env::var_os(variable) {
        None => Ok(default.to_string()),
        Some(value) => value.into_string().map_err(|_| {
            ConfigError::new(format!("{variable} is not text"), format!("leave it out for the default, {default}"))
        }),
    };
    let scheme_name = text("HOOKGATE_SCHEME", SCHEME)?;
    let scheme = preset(&scheme_name).ok_or_else(|| {
        let known = names().collect::<Vec<_>>().join(", ");
        ConfigError::new(format!("HOOKGATE_SCHEME names no scheme: {scheme_name:?}"), format!("known: {known}"))
    })?;
    let (secret, warnings) = secret_from_environment(SECRET_VARIABLE, std::env::var_os(SECRET_VARIABLE))?;
    warn(&warnings);
    let verifier = Verifier::new(scheme, [(SECRET_VARIABLE.to_string(), secret)]).map_err(|error| {
        ConfigError::new(format!("the scheme {scheme_name} cannot be used: {error}"), "choose another HOOKGATE_SCHEME")
    })?;
    let receiver = Receiver::new(scheme_name, text("HOOKGATE_PATH", PATH)?, verifier).map_err(|error| {
        ConfigError::new(error.to_string(), "HOOKGATE_PATH begins with / and has no query, space or fragment")
    })?;
    let (listener, name) = bind(&text("HOOKGATE_LISTEN", LISTEN)?)?;
    let stop = tiny::stop(&listener).map_err(|error| Failure::Running(error.to_string()))?;
    let mut lines = lines_to_stdout().map_err(|error| Failure::Running(error.to_string()))?;
    serve(&listener, &name, receiver.into(), &mut lines, &mut Unwatched, &tiny::change(), &stop)
}

/// The secret in a variable of the environment, with warnings.
///
/// # Errors
/// Where the variable is not set, or holds what cannot be a secret.
pub fn secret_from_environment(
    variable: &str,
    value: Option<OsString>,
) -> Result<(crate::verify::Secret, Vec<String>), ConfigError> {
    let value = value.ok_or_else(|| {
        let hint = format!("export {variable} with the secret that the provider signs with");
        ConfigError::new(format!("there is no secret: {variable} is not set"), hint)
    })?;
    config::secret(value.into_vec(), &format!("the variable {variable}"))
}

/// A listener on `address`, which must be of this machine's loopback, and its name: `http://127.0.0.1:5000` with the real port.
///
/// # Errors
/// Where it is no such address, or cannot be listened on.
pub fn bind(address: &str) -> Result<(tiny::Listener, String), Failure> {
    let addresses = loopback(address)?;
    let failed = |error: io::Error| Failure::Running(format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(addresses.as_slice()).map_err(failed)?;
    let name = format!("http://{}", listener.local_addr().map_err(failed)?);
    Ok((tiny::Listener::Tcp(listener), name))
}

/// What `address` is, which must be of this machine's loopback.
///
/// # Errors
/// Where it is no such address.
pub fn loopback(address: &str) -> Result<Vec<SocketAddr>, Failure> {
    let unusable = |why: String| {
        ConfigError::new(
            format!("cannot listen on {address:?}: {why}"),
            format!("give an address and port, such as {LISTEN}"),
        )
    };
    let addresses: Vec<SocketAddr> = address.to_socket_addrs().map_err(|error| unusable(error.to_string()))?.collect();
    if addresses.is_empty() {
        return Err(unusable("it names no address".into()).into());
    }
    if let Some(open) = addresses.iter().find(|address| !address.ip().is_loopback()) {
        let what = format!(
            "the tiny_http front listens on loopback only, not on {open}: one request with a huge Content-Length ends it"
        );
        let hint = if cfg!(feature = "evented") {
            "leave out --front tiny_http, or listen on 127.0.0.1 or a Unix socket behind a proxy that buffers requests (nginx does)"
        } else {
            "listen on 127.0.0.1 behind a proxy that buffers requests (nginx does)"
        };
        return Err(ConfigError::new(what, hint).into());
    }
    Ok(addresses)
}

/// Runs `receivers`, or those that `change` hands over, on `listener`, which is called `name`, events to `keeper`, until
/// `stop`. `watch` is told of it.
///
/// # Errors
/// Where it cannot start.
pub fn serve<K: Keep>(
    listener: &tiny::Listener,
    name: &str,
    receivers: Receivers,
    keeper: &mut K,
    watch: &mut dyn Watch,
    change: &Change<Receivers>,
    stop: &Stop,
) -> Result<(), Failure> {
    say_listening(name, &receivers);
    tiny::run_watched(listener, receivers, keeper, watch, change, stop)
        .map_err(|error| Failure::Running(error.to_string()))
}

/// Events to stdout: indented on a terminal, a line of JSON each elsewhere.
///
/// # Errors
/// Where stdout cannot be had.
pub fn lines_to_stdout() -> io::Result<Lines<File>> {
    let style = if io::stdout().is_terminal() {
        Style::Pretty { colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    } else {
        Style::Json
    };
    // The descriptor itself: std's own stdout buffers, and takes a closed one for success.
    let out = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    Ok(Lines::new(out, style, EventIds::starting(UnixTime::now())))
}

/// Says on stderr where each of `receivers` listens.
pub fn say_listening(address: &str, receivers: &Receivers) {
    for receiver in receivers.iter() {
        let scheme = &receiver.verifier().scheme().name;
        say(&format!("hookgate: listening on {address}{} (scheme {scheme})", receiver.path()));
    }
}

/// The exit code of `outcome`; says on stderr what went wrong.
#[must_use]
pub fn finish(outcome: Result<(), Failure>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Config(error)) => {
            say_error(&error);
            ExitCode::from(2)
        }
        Err(Failure::Hinted(error)) => {
            say_error(&error);
            ExitCode::FAILURE
        }
        Err(Failure::Running(what)) => {
            say(&format!("hookgate: error: {what}"));
            ExitCode::FAILURE
        }
    }
}

/// Says on stderr what is wrong, and what to do about it.
pub fn say_error(ConfigError { what, hint }: &ConfigError) {
    say(&format!("hookgate: error: {what}"));
    say(&format!("hookgate: hint: {hint}"));
}

/// Says each warning on stderr.
pub fn warn(warnings: &[String]) {
    for warning in warnings {
        say(&format!("hookgate: warning: {warning}"));
    }
}

/// A line to stderr, by way of the log once there is one. Nobody may be listening there, and that is no reason to fail.
pub fn say(line: &str) {
    #[cfg(feature = "watch")]
    if log::is_started() {
        return log::say(line);
    }
    say_plainly(line);
}

/// The same of something that has gone wrong while the program runs, whatever it begins with.
pub fn alert(line: &str) {
    #[cfg(feature = "watch")]
    if log::is_started() {
        return log::alert(line);
    }
    say_plainly(line);
}

/// Waits for the log to be written before the program ends, but not for somebody who does not read it.
pub fn flush_log() {
    #[cfg(feature = "watch")]
    log::flush(LOG_PATIENCE);
}

fn say_plainly(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

fn say_out(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}
