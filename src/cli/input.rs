//! What several commands take: a scheme, secrets, a body, header fields.

use super::setup::{read_scheme, secret};
use super::wrong;
use crate::config::near::near_schemes;
use crate::config::{self, ConfigError, Keeping, SECRET_LIMIT_BYTES, SchemeReference, SecretReference};
use crate::minimal::{Failure, SCHEME, SECRET_VARIABLE, secret_from_environment, warn};
use crate::open::open;
use crate::verify::{Coverage, Scheme, Secret, Verifier, VerifierError, preset};
use clap::Args;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A scheme, by the name of its preset or by its file.
#[derive(Args)]
pub(super) struct SchemeOption {
    /// Signature scheme: hookgate schemes list has them all
    #[arg(long, value_name = "NAME", default_value = SCHEME)]
    scheme: String,
    /// File that describes a scheme: hookgate schemes show NAME prints one
    #[arg(long, value_name = "FILE", conflicts_with = "scheme")]
    scheme_file: Option<PathBuf>,
    /// What the claim iss of a scheme's token has to say, where the scheme leaves that open: LiveKit's API key
    #[arg(long, value_name = "TEXT")]
    issuer: Option<String>,
}

impl SchemeOption {
    /// Whether it is from a file, which states what it accepts.
    pub(super) fn is_of_file(&self) -> bool {
        self.scheme_file.is_some()
    }

    /// `scheme`, which it is, as a configuration has it.
    pub(super) fn reference(&self, scheme: Scheme) -> SchemeReference {
        match &self.scheme_file {
            Some(_) => SchemeReference::Inline(Box::new(scheme)),
            None => SchemeReference::Named(self.scheme.clone()),
        }
    }

    /// What the token's issuer has to be, if that was given.
    pub(super) fn issuer(&self) -> Option<String> {
        self.issuer.clone()
    }

    pub(super) fn scheme(&self) -> Result<Scheme, Failure> {
        Ok(with_issuer(self.stated()?, self.issuer.as_deref())?)
    }

    /// The scheme as it is stated, its issuer left open where it leaves it open.
    pub(super) fn stated(&self) -> Result<Scheme, Failure> {
        match &self.scheme_file {
            Some(path) => read_scheme(path).map_err(Failure::Config),
            None => named_scheme(&self.scheme),
        }
    }
}

/// `scheme` with the issuer that it leaves open.
pub(super) fn with_issuer(mut scheme: Scheme, issuer: Option<&str>) -> Result<Scheme, ConfigError> {
    let Some(issuer) = issuer else { return Ok(scheme) };
    match &mut scheme.jwt {
        Some(jwt) if jwt.issuer.is_none() && !issuer.is_empty() => jwt.issuer = Some(issuer.to_string()),
        _ => {
            let what = format!("the scheme {} leaves no issuer open", scheme.name);
            return Err(ConfigError::new(what, "give an issuer only with one that does, such as livekit"));
        }
    }
    Ok(scheme)
}

/// The preset called `name`.
pub(super) fn named_scheme(name: &str) -> Result<Scheme, Failure> {
    preset_named(name).map_err(Failure::Config)
}

/// The preset called `name`; where there is none, those whose names are nearest are suggested.
pub(super) fn preset_named(name: &str) -> Result<Scheme, ConfigError> {
    preset(name).ok_or_else(|| {
        let hint = format!("{}; hookgate schemes list has them all", near_schemes(name));
        ConfigError::new(format!("unknown scheme {name:?}"), hint)
    })
}

/// Secrets, from where they are kept. None of these takes a secret itself: arguments are seen by everybody on the machine.
#[derive(Args)]
pub(super) struct SecretOptions {
    /// Environment variable that holds a secret (repeatable; HOOKGATE_SECRET where no secret is named)
    #[arg(long, value_name = "[LABEL=]VAR")]
    secret_env: Vec<OsString>,
    /// File that holds a secret; a newline at its end is stripped (repeatable)
    #[arg(long, value_name = "[LABEL=]FILE")]
    secret_file: Vec<PathBuf>,
    /// File of which every byte is the secret (repeatable)
    #[arg(long, value_name = "[LABEL=]FILE")]
    secret_file_raw: Vec<PathBuf>,
}

impl SecretOptions {
    /// All secrets named, or the default one, each with its label.
    pub(super) fn secrets(&self) -> Result<Vec<(String, Secret)>, Failure> {
        let references = self.references(false)?;
        references.into_iter().map(|reference| Ok((reference.label.clone(), secret(&reference)?))).collect()
    }

    /// Where all secrets named are kept; or the default one, unless there are others.
    pub(super) fn references(&self, has_others: bool) -> Result<Vec<SecretReference>, Failure> {
        let none_named = self.secret_env.is_empty() && self.secret_file.is_empty() && self.secret_file_raw.is_empty();
        let default = (none_named && !has_others).then(|| OsString::from(SECRET_VARIABLE));
        if let Some(variable) = &default
            && std::env::var_os(variable).is_none()
        {
            let hint = format!("give --secret-file FILE or --secret-env VAR, or export {SECRET_VARIABLE}");
            return Err(wrong("there is no secret", hint));
        }
        let variables = self.secret_env.iter().chain(&default).map(|argument| {
            let (label, variable) = labelled(Path::new(argument));
            SecretReference { label, keeping: Keeping::Variable(variable.into()), line: 0 }
        });
        let of_file = |argument: &PathBuf, keeping: fn(PathBuf) -> Keeping| {
            let (label, path) = labelled(argument);
            SecretReference { label, keeping: keeping(path.to_path_buf()), line: 0 }
        };
        let files = self.secret_file.iter().map(|argument| of_file(argument, Keeping::File));
        let raw = self.secret_file_raw.iter().map(|argument| of_file(argument, Keeping::RawFile));
        Ok(variables.chain(files).chain(raw).collect())
    }
}

/// A verifier for `scheme` with `secrets`, of what is posted to `url`; where nothing of the body is signed, only for who
/// `accepts` that.
pub(super) fn verifier(
    scheme: Scheme,
    secrets: Vec<(String, Secret)>,
    url: Option<&str>,
    accepts_uncovered_body: bool,
) -> Result<Verifier, Failure> {
    let name = scheme.name.clone();
    let verifier = match accepts_uncovered_body {
        true => Verifier::accepting_uncovered_body(scheme, secrets, url),
        false => Verifier::at(scheme, secrets, url),
    };
    verifier.map_err(|error| unusable(&name, &error))
}

/// A verifier for `scheme` of what is posted to `url`, whose secret is still to come.
pub(super) fn verifier_without_secret(scheme: Scheme, url: Option<&str>) -> Result<Verifier, Failure> {
    let name = scheme.name.clone();
    Verifier::without_secret(scheme, url).map_err(|error| unusable(&name, &error))
}

/// That there can be no verifier for the scheme called `name`.
fn unusable(name: &str, error: &VerifierError) -> Failure {
    match error {
        VerifierError::UncoveredBody => wrong(
            format!("what {name} sends says who sends it, and nothing signs the body"),
            "give --accept-uncovered-body, or accept_uncovered_body = true in the configuration, to take any body from whoever has seen one delivery",
        ),
        VerifierError::NoUrl | VerifierError::InvalidUrl => wrong(
            format!("the scheme {name} cannot be used: {error}"),
            "give --url https://example.com/webhook, or url in the configuration, as the provider has it",
        ),
        VerifierError::Secret { .. } => {
            wrong(error.to_string(), format!("give the secret as the provider shows it for {name}"))
        }
        _ => wrong(format!("the scheme {name} cannot be used: {error}"), "choose another"),
    }
}

/// What is to be said of a scheme that does not sign the whole body.
pub(super) fn uncovered(scheme: &Scheme) -> Vec<String> {
    let name = &scheme.name;
    match scheme.coverage() {
        Coverage::Whole => Vec::new(),
        Coverage::Fields => vec![format!("{name} signs some fields of the body; the rest can be anybody's")],
        Coverage::Nothing => vec![format!("{name} signs nothing of the body, which can be anybody's")],
    }
}

/// The secret in the file of `argument`, `LABEL=FILE`, and its label.
pub(super) fn secret_file(argument: &Path) -> Result<(String, Secret), Failure> {
    let (label, path) = labelled(argument);
    Ok((label, read_secret(path, false)?))
}

/// The label and the path of `LABEL=FILE`, or the variable of `LABEL=VAR`; what has no label is its own. A path with a `=` in it begins with `./` or
/// `/`, which no label has.
fn labelled(argument: &Path) -> (String, &Path) {
    let bytes = argument.as_os_str().as_bytes();
    let is_label = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_".contains(byte);
    let halves = bytes.iter().position(|byte| *byte == b'=').and_then(|at| bytes.split_at_checked(at));
    if let Some((label, [_, path @ ..])) = halves
        && !label.is_empty()
        && label.iter().all(is_label)
    {
        return (String::from_utf8_lossy(label).into_owned(), Path::new(OsStr::from_bytes(path)));
    }
    (argument.display().to_string(), argument)
}

/// The secret in a variable of the environment; warns of what looks wrong in it.
pub(super) fn secret_in_environment(variable: &OsStr) -> Result<Secret, Failure> {
    // A name with `=` or NUL, or none, is that of no variable, and asking std for it may panic.
    let possible = !variable.is_empty() && !variable.as_bytes().iter().any(|byte| b"=\0".contains(byte));
    let value = possible.then(|| std::env::var_os(variable)).flatten();
    let (secret, warnings) = secret_from_environment(&variable.to_string_lossy(), value)?;
    warn(&warnings);
    Ok(secret)
}

/// The secret in a file, of which every byte counts where it is `raw`; warns of what looks wrong.
pub(super) fn read_secret(path: &Path, raw: bool) -> Result<Secret, Failure> {
    let origin = format!("the secret file {}", path.display());
    let unreadable =
        |error: io::Error| wrong(format!("cannot read {origin}: {error}"), "give a file that this user can read");
    let file = open(path).map_err(unreadable)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_has_the_label_before_its_file_or_the_files_own_name() {
        for (argument, label, path) in [
            ("new=secret", "new", "secret"),
            ("new=/etc/a=b", "new", "/etc/a=b"),
            ("old-1=", "old-1", ""),
            ("./a=b", "./a=b", "./a=b"),
            ("/a=b", "/a=b", "/a=b"),
            ("=b", "=b", "=b"),
            ("secret", "secret", "secret"),
        ] {
            assert_eq!(labelled(Path::new(argument)), (label.to_string(), Path::new(path)), "{argument}");
        }
    }
}
