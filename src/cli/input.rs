//! What several commands take: a scheme, secrets, a body, header fields.

use super::wrong;
use crate::config::{self, SECRET_LIMIT_BYTES};
use crate::minimal::{Failure, SCHEME, SECRET_VARIABLE, secret_from_environment, warn};
use crate::verify::{Scheme, Secret, Verifier, names, preset};
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A scheme, by the name of its preset.
#[derive(Args)]
pub(super) struct SchemeOption {
    /// Signature scheme
    #[arg(long, default_value = SCHEME, value_parser = PossibleValuesParser::new(names()))]
    scheme: String,
}

impl SchemeOption {
    pub(super) fn scheme(&self) -> Result<Scheme, Failure> {
        preset(&self.scheme).ok_or_else(|| wrong(format!("unknown scheme {:?}", self.scheme), "see --help"))
    }
}

/// Secrets, from where they are kept. None of these takes a secret itself: arguments are seen by everybody on the machine.
#[derive(Args)]
pub(super) struct SecretOptions {
    /// Environment variable that holds a secret (repeatable; HOOKGATE_SECRET where no secret is named)
    #[arg(long, value_name = "VAR")]
    secret_env: Vec<OsString>,
    /// File that holds a secret; a newline at its end is stripped (repeatable)
    #[arg(long, value_name = "FILE")]
    secret_file: Vec<PathBuf>,
    /// File of which every byte is the secret (repeatable)
    #[arg(long, value_name = "FILE")]
    secret_file_raw: Vec<PathBuf>,
}

impl SecretOptions {
    /// All secrets named, or the default one, each with its label.
    pub(super) fn secrets(&self) -> Result<Vec<(String, Secret)>, Failure> {
        let mut secrets = Vec::new();
        let none_named = self.secret_env.is_empty() && self.secret_file.is_empty() && self.secret_file_raw.is_empty();
        let default = none_named.then(|| OsString::from(SECRET_VARIABLE));
        for variable in self.secret_env.iter().chain(&default) {
            let label = variable.to_string_lossy().into_owned();
            if none_named && std::env::var_os(variable).is_none() {
                let hint = format!("give --secret-file FILE or --secret-env VAR, or export {SECRET_VARIABLE}");
                return Err(wrong("there is no secret", hint));
            }
            // A name with `=` or NUL, or none, is that of no variable, and asking std for it may panic.
            let possible = !variable.is_empty() && !variable.as_bytes().iter().any(|byte| b"=\0".contains(byte));
            let value = possible.then(|| std::env::var_os(variable)).flatten();
            let (secret, warnings) = secret_from_environment(&label, value)?;
            warn(&warnings);
            secrets.push((label, secret));
        }
        for (path, raw) in self
            .secret_file
            .iter()
            .map(|path| (path, false))
            .chain(self.secret_file_raw.iter().map(|path| (path, true)))
        {
            let label = path.display().to_string();
            secrets.push((label, read_secret(path, raw)?));
        }
        Ok(secrets)
    }

    /// A verifier for `scheme` with all of them.
    pub(super) fn verifier(&self, scheme: Scheme) -> Result<Verifier, Failure> {
        let name = scheme.name.clone();
        Verifier::new(scheme, self.secrets()?)
            .map_err(|error| wrong(format!("the scheme {name} cannot be used: {error}"), "choose another"))
    }
}

fn read_secret(path: &Path, raw: bool) -> Result<Secret, Failure> {
    let origin = format!("the secret file {}", path.display());
    let unreadable =
        |error: io::Error| wrong(format!("cannot read {origin}: {error}"), "give a file that this user can read");
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    let mut bytes = Vec::with_capacity(SECRET_LIMIT_BYTES.min(usize::try_from(metadata.len()).unwrap_or(0) + 1));
    // A line end may come on top of the longest secret, and one byte more shows that it is too long.
    file.take(SECRET_LIMIT_BYTES as u64 + 3).read_to_end(&mut bytes).map_err(unreadable)?;
    let (secret, mut warnings) =
        if raw { config::secret(bytes, &origin) } else { config::secret_from_text(bytes, &origin) }?;
    let mode = metadata.permissions().mode();
    if metadata.is_file() && mode & 0o077 != 0 {
        warnings.push(format!("{origin} can be read by others (mode {:04o}): chmod 600 it", mode & 0o7777));
    }
    warn(&warnings);
    Ok(secret)
}

/// The whole of `file`, or of standard input for `-`.
pub(super) fn read_body(file: &Path) -> Result<Vec<u8>, Failure> {
    let mut body = Vec::new();
    if file.as_os_str() == "-" {
        io::stdin()
            .read_to_end(&mut body)
            .map_err(|error| Failure::Running(format!("cannot read standard input: {error}")))?;
    } else {
        let unreadable = |error: io::Error| {
            wrong(
                format!("cannot read the body from {}: {error}", file.display()),
                "give a file, or - for standard input",
            )
        };
        File::open(file).map_err(unreadable)?.read_to_end(&mut body).map_err(unreadable)?;
    }
    Ok(body)
}

/// A header field as given on the command line: `Name: value`.
pub(super) fn header(field: &OsString) -> Result<(String, Vec<u8>), Failure> {
    let bytes = field.as_bytes();
    let hint = "write it as 'Name: value'";
    let colon = bytes.iter().position(|byte| *byte == b':');
    let Some((name, value)) =
        colon.map(|at| (bytes.get(..at).unwrap_or_default(), bytes.get(at + 1..).unwrap_or_default()))
    else {
        return Err(wrong("a header without a colon", hint));
    };
    // RFC 9110 §5.6.2: the characters of a token.
    let token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    match std::str::from_utf8(name) {
        Ok(name) if !name.is_empty() && name.bytes().all(|byte| token(&byte)) => Ok((name.to_string(), value.to_vec())),
        _ => Err(wrong("a header whose name is not one", hint)),
    }
}
