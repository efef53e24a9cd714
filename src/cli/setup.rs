//! From a configuration to what runs: its files read, its secrets found, its schemes made into receivers.

use super::handover::Handovers;
use super::input::{read_secret, secret_in_environment, uncovered, verifier, verifier_without_secret, with_issuer};
use crate::config::{CONFIG_FILE_LIMIT_BYTES, Config, ConfigError, Keeping, SchemeReference, SecretReference, Source};
use crate::explain::{Cause, begins_as_api_key};
use crate::minimal::{Failure, say, say_error, warn};
use crate::open::open;
use crate::receive::{Receiver, Receivers};
use crate::serve::explained::Explainer;
use crate::verify::{SCHEME_FILE_LIMIT_BYTES, Scheme, Secret};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Where systemd puts a service's credentials (systemd.exec(5), "CREDENTIALS").
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where a configuration is from: a file, or the command line.
#[derive(Clone, Debug, Default)]
pub(super) struct Origin(pub(super) Option<PathBuf>);

impl Origin {
    /// The error of what is wrong on a line.
    pub(super) fn error(&self, line: usize, what: &str, hint: impl Into<String>) -> ConfigError {
        let what = match (&self.0, line) {
            (None, _) => what.to_string(),
            (Some(file), 0) => format!("{}: {what}", file.display()),
            (Some(file), line) => format!("{}:{line}: {what}", file.display()),
        };
        ConfigError::new(what, hint)
    }

    /// The same of what a command would fail by.
    pub(super) fn failure(&self, line: usize, failure: Failure) -> ConfigError {
        match failure {
            Failure::Config(error) | Failure::Hinted(error) => self.error(line, &error.what, error.hint),
            Failure::Running(what) => self.error(line, &what, "try again when the system has room"),
        }
    }
}

/// Says all of `errors` but the last, which is what the command fails by.
pub(super) fn fail(mut errors: Vec<ConfigError>) -> Failure {
    let last =
        errors.pop().unwrap_or_else(|| ConfigError::new("there is nothing to serve", "hookgate config init shows how"));
    for error in &errors {
        say_error(error);
    }
    Failure::Config(last)
}

/// The configuration in the file at `path`.
pub(super) fn read_config(path: &Path) -> Result<Config, Vec<ConfigError>> {
    let unreadable = |error: io::Error| {
        let what = format!("cannot read the configuration {}: {error}", path.display());
        vec![ConfigError::new(what, "hookgate config init writes one to begin with")]
    };
    let mut bytes = Vec::new();
    let file = open(path).map_err(unreadable)?;
    // What is too long is too long by a whole character.
    file.take(CONFIG_FILE_LIMIT_BYTES as u64 + 4).read_to_end(&mut bytes).map_err(unreadable)?;
    let whole = std::path::absolute(path).map_err(unreadable)?;
    let folder = whole.parent().unwrap_or(Path::new("/"));
    let origin = Origin(Some(path.to_path_buf()));
    let text = text(&bytes)
        .map_err(|line| vec![origin.error(line, "not TOML: bytes that are no UTF-8", "save the file as UTF-8")])?;
    Config::from_toml(text, folder).map_err(|problems| {
        problems.into_iter().map(|problem| origin.error(problem.line, &problem.what, problem.hint)).collect()
    })
}

/// A file's text; or the line of the first bytes that are none. What is too long may be cut off within a character: its length is told.
fn text(bytes: &[u8]) -> Result<&str, usize> {
    std::str::from_utf8(bytes).or_else(|error| {
        let sound = bytes.get(..error.valid_up_to()).unwrap_or_default();
        match error.error_len() {
            None if bytes.len() > CONFIG_FILE_LIMIT_BYTES => Ok(std::str::from_utf8(sound).unwrap_or_default()),
            _ => Err(1 + sound.iter().filter(|byte| **byte == b'\n').count()),
        }
    })
}

/// The scheme in the file at `path`.
pub(super) fn read_scheme(path: &Path) -> Result<Scheme, ConfigError> {
    let origin = format!("the scheme file {}", path.display());
    let unreadable = |error: io::Error| {
        ConfigError::new(format!("cannot read {origin}: {error}"), "give a file that this user can read")
    };
    let mut text = String::new();
    let file = open(path).map_err(unreadable)?;
    file.take(SCHEME_FILE_LIMIT_BYTES as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
    Scheme::from_toml(&text).map_err(|unusable| {
        ConfigError::new(
            format!("{origin} cannot be used: {unusable}"),
            "hookgate schemes show github prints one that can",
        )
    })
}

/// The receivers of all sources of `config`, which is from `origin`.
///
/// # Errors
/// Everything that is wrong.
pub(super) fn receivers(
    config: &Config,
    origin: &Origin,
    handovers: &Handovers,
) -> Result<Receivers, Vec<ConfigError>> {
    let (mut receivers, mut errors) = (Vec::new(), Vec::new());
    for source in &config.sources {
        match receiver(source, origin, handovers) {
            Ok(receiver) => receivers.push(receiver),
            Err(wrong) => errors.extend(wrong),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let receivers = Receivers::new(receivers)
        .map_err(|repeated| vec![origin.error(0, &repeated.to_string(), "give each source its own path")])?;
    Ok(receivers.with_proxies(config.proxies.clone()))
}

fn receiver(source: &Source, origin: &Origin, handovers: &Handovers) -> Result<Receiver, Vec<ConfigError>> {
    let mut errors = Vec::new();
    let scheme = scheme(source).map_err(|error| errors.push(origin.failure(source.line, error.into()))).ok();
    let awaited = scheme
        .as_ref()
        .and_then(|scheme| handovers.of(source, scheme, origin).map_err(|error| errors.push(error)).ok().flatten());
    let mut read = |reference: &SecretReference| {
        secret(reference).map_err(|failed| errors.push(origin.failure(reference.line, failed))).ok()
    };
    let references = source.secrets.iter().filter(|_| awaited.is_none());
    let secrets: Vec<_> =
        references.filter_map(|reference| Some((reference.label.clone(), read(reference)?))).collect();
    let token = source.handshake_token.as_ref().and_then(read);
    let (Some(scheme), true) = (scheme, errors.is_empty()) else { return Err(errors) };
    let one = |failed: Failure| vec![origin.failure(source.line, failed)];
    check_token(&scheme, token.is_some()).map_err(Failure::Config).map_err(one)?;
    if let Some((label, prefix)) = begins_as_api_key(&scheme, &secrets) {
        warn(&[format!("the secret {label} of {} begins with {prefix}: it looks like an API key", source.name)]);
    }
    // What is described by hand states what it accepts.
    let accepts = source.accept_uncovered_body || !matches!(source.scheme, SchemeReference::Named(_));
    let url = source.url.as_deref();
    let verifier = match &awaited {
        Some(_) => verifier_without_secret(scheme.clone(), url),
        None => verifier(scheme.clone(), secrets.clone(), url, accepts),
    }
    .map_err(one)?;
    warn(&uncovered(&scheme));
    let receiver = Receiver::new(source.name.clone(), source.path.clone(), verifier)
        .map_err(|error| {
            let hint = "a path begins with / and has no query, space or fragment";
            one(Failure::Config(ConfigError::new(error.to_string(), hint)))
        })?
        .with_body_limit_bytes(source.body_limit_bytes)
        .with_access(source.access.clone());
    let start = explainer(source, scheme);
    let receiver = match awaited {
        None => {
            let explainer = start(secrets).map_err(|error| one(Failure::Running(error.to_string())))?;
            receiver.with_watcher(move |request, _, now| explainer.refused(request, now))
        }
        // What is refused before there is a secret has that for a cause.
        Some((label, handover)) => {
            let explainer = OnceLock::new();
            receiver.awaiting_secret(label.clone(), Arc::clone(&handover)).with_watcher(move |request, _, now| {
                let Some(secret) = handover.taken() else { return };
                let started = explainer.get_or_init(|| start(vec![(label.clone(), secret.clone())]).ok());
                started.iter().for_each(|explainer| explainer.refused(request, now));
            })
        }
    };
    Ok(match &token {
        Some(token) => receiver.with_agreed_token(token),
        None => receiver,
    })
}

/// What starts an explainer of what `source` refuses, once its secrets are known.
fn explainer(source: &Source, scheme: Scheme) -> impl Fn(Vec<(String, Secret)>) -> io::Result<Explainer> + use<> {
    let (path, url) = (source.path.clone(), source.url.clone());
    move |secrets| {
        let path = path.clone();
        Explainer::start(scheme.clone(), secrets, url.clone(), move |cause: &Cause| say_cause(&path, cause))
    }
}

/// The scheme of a source, with its tolerance.
fn scheme(source: &Source) -> Result<Scheme, ConfigError> {
    let mut scheme = match &source.scheme {
        SchemeReference::Named(name) => super::input::preset_named(name)?,
        SchemeReference::File(path) => read_scheme(path)?,
        SchemeReference::Inline(scheme) => (**scheme).clone(),
    };
    scheme = with_issuer(scheme, source.issuer.as_deref())?;
    if let Some(tolerance) = source.tolerance {
        let Some(timestamp) = &mut scheme.timestamp else {
            let what = format!("the scheme {} signs no time that a tolerance could be of", scheme.name);
            return Err(ConfigError::new(what, "leave the tolerance out"));
        };
        (timestamp.past_s, timestamp.future_s) = (Some(tolerance.as_secs()), Some(tolerance.as_secs()));
    }
    Ok(scheme)
}

/// Whether the token agreed on with the provider is there exactly where the scheme asks for one. Without it the handshake is
/// refused, which is no error: the webhook may be there already.
fn check_token(scheme: &Scheme, is_given: bool) -> Result<(), ConfigError> {
    let is_asked_for = scheme.handshakes.iter().any(|handshake| handshake.agreed_token.is_some());
    match (is_asked_for, is_given) {
        (true, false) => {
            let remedy = "--handshake-token-file FILE, or handshake_token in the configuration";
            warn(&[format!("the handshake of {} is refused without {remedy}", scheme.name)]);
            Ok(())
        }
        (false, true) => Err(ConfigError::new(
            format!("the scheme {} has no handshake that asks for an agreed token", scheme.name),
            "leave the handshake's token out",
        )),
        _ => Ok(()),
    }
}

/// The secret that `reference` is of; warns of what looks wrong in it.
pub(super) fn secret(reference: &SecretReference) -> Result<Secret, Failure> {
    match &reference.keeping {
        Keeping::Variable(name) => {
            // A name in small letters may be a secret in the wrong place.
            let is_usual = !name.as_encoded_bytes().iter().any(u8::is_ascii_lowercase);
            match std::env::var_os(name) {
                None if !is_usual && reference.line > 0 => Err(Failure::Config(ConfigError::new(
                    "there is no secret: the variable that is named there is not set",
                    "export it with the secret that the provider signs with; env: has the name of a variable behind it",
                ))),
                _ => secret_in_environment(name),
            }
        }
        Keeping::File(path) => read_secret(path, false),
        Keeping::RawFile(path) => read_secret(path, true),
        Keeping::Credential(name) => match std::env::var_os(CREDENTIALS) {
            Some(folder) => read_secret(&Path::new(&folder).join(name), false),
            None => Err(Failure::Config(ConfigError::new(
                format!("there are no credentials: {CREDENTIALS} is not set"),
                format!("systemd sets it: LoadCredential={name}:FILE in the unit"),
            ))),
        },
    }
}

/// Says why a delivery was refused.
fn say_cause(path: &str, cause: &Cause) {
    say(&format!("hookgate: refused a delivery to {path}: {}: {cause}; {}", cause.name(), cause.remedy()));
}
