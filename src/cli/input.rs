//! What several commands take: a scheme, secrets, a body, header fields.

use super::wrong;
use crate::config::{self, SECRET_LIMIT_BYTES};
use crate::minimal::{Failure, SCHEME, SECRET_VARIABLE, secret_from_environment, warn};
use crate::verify::{
    Coverage, SCHEME_FILE_LIMIT_BYTES, Scheme, Secret, Verifier, VerifierError, aliases, names, preset,
};
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

    pub(super) fn scheme(&self) -> Result<Scheme, Failure> {
        let mut scheme = self.stated()?;
        let Some(issuer) = &self.issuer else { return Ok(scheme) };
        match &mut scheme.jwt {
            Some(jwt) if jwt.issuer.is_none() && !issuer.is_empty() => jwt.issuer = Some(issuer.clone()),
            _ => {
                let what = format!("the scheme {} leaves no issuer open", scheme.name);
                return Err(wrong(what, "give --issuer only with one that does, such as livekit"));
            }
        }
        Ok(scheme)
    }

    fn stated(&self) -> Result<Scheme, Failure> {
        let Some(path) = &self.scheme_file else { return named_scheme(&self.scheme) };
        let origin = format!("the scheme file {}", path.display());
        let unreadable =
            |error: io::Error| wrong(format!("cannot read {origin}: {error}"), "give a file that this user can read");
        let mut text = String::new();
        let file = File::open(path).map_err(unreadable)?;
        file.take(SCHEME_FILE_LIMIT_BYTES as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
        Scheme::from_toml(&text).map_err(|unusable| {
            wrong(format!("{origin} cannot be used: {unusable}"), "hookgate schemes show github prints one that can")
        })
    }
}

/// The preset called `name`; where there is none, those whose names are nearest are suggested.
pub(super) fn named_scheme(name: &str) -> Result<Scheme, Failure> {
    preset(name).ok_or_else(|| {
        let near = nearest(name).join(", ");
        wrong(format!("unknown scheme {name:?}"), format!("near it: {near}; hookgate schemes list has them all"))
    })
}

/// The names of schemes that `name` is most likely a slip of, nearest first.
fn nearest(name: &str) -> Vec<&'static str> {
    const SUGGESTED: usize = 3;
    let name = name.to_ascii_lowercase();
    let known = names().chain(names().flat_map(aliases).copied());
    let mut ranked: Vec<(usize, &str)> = known
        .map(|known| {
            // What was begun or written without a part of it counts as one slip.
            let is_part = !name.is_empty() && (known.contains(&name) || name.contains(known));
            (if is_part { 1 } else { slips(&name, known) }, known)
        })
        .collect();
    ranked.sort_unstable();
    let best = ranked.first().map_or(0, |(slips, _)| *slips);
    let is_near = |slips: usize| slips <= best.max(1) + 1;
    let near: Vec<_> = ranked.iter().filter(|(slips, _)| is_near(*slips)).map(|(_, name)| *name).collect();
    // Where all are far, the default is as good as any.
    if best > name.len().max(3) / 2 { vec![SCHEME] } else { near.into_iter().take(SUGGESTED).collect() }
}

/// How many letters have to be changed, put in or taken out to make one word of the other.
fn slips(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.bytes().enumerate() {
        let mut diagonal = at;
        let mut left = at + 1;
        if let Some(first) = row.first_mut() {
            *first = left;
        }
        for (cell, known) in row.iter_mut().skip(1).zip(other.bytes()) {
            let changed = diagonal + usize::from(letter != known);
            diagonal = *cell;
            left = changed.min(*cell + 1).min(left + 1);
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(0)
}

/// Secrets, from where they are kept. None of these takes a secret itself: arguments are seen by everybody on the machine.
#[derive(Args)]
pub(super) struct SecretOptions {
    /// Environment variable that holds a secret (repeatable; HOOKGATE_SECRET where no secret is named)
    #[arg(long, value_name = "VAR")]
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
        let mut secrets = Vec::new();
        let none_named = self.secret_env.is_empty() && self.secret_file.is_empty() && self.secret_file_raw.is_empty();
        let default = none_named.then(|| OsString::from(SECRET_VARIABLE));
        for variable in self.secret_env.iter().chain(&default) {
            let label = variable.to_string_lossy().into_owned();
            if none_named && std::env::var_os(variable).is_none() {
                let hint = format!("give --secret-file FILE or --secret-env VAR, or export {SECRET_VARIABLE}");
                return Err(wrong("there is no secret", hint));
            }
            secrets.push((label, secret_in_environment(variable)?));
        }
        for (path, raw) in self
            .secret_file
            .iter()
            .map(|path| (path, false))
            .chain(self.secret_file_raw.iter().map(|path| (path, true)))
        {
            let (label, path) = labelled(path);
            secrets.push((label, read_secret(path, raw)?));
        }
        Ok(secrets)
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
    verifier.map_err(|error| match error {
        VerifierError::UncoveredBody => wrong(
            format!("what {name} sends says who sends it, and nothing signs the body"),
            "give --accept-uncovered-body to take any body from whoever has seen one delivery",
        ),
        VerifierError::NoUrl | VerifierError::InvalidUrl => wrong(
            format!("the scheme {name} cannot be used: {error}"),
            "give --url https://example.com/webhook, as the provider has it",
        ),
        VerifierError::Secret { .. } => {
            wrong(error.to_string(), format!("give the secret as the provider shows it for {name}"))
        }
        _ => wrong(format!("the scheme {name} cannot be used: {error}"), "choose another"),
    })
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

/// The label and the path of `LABEL=FILE`; a file without a label is its own. A path with a `=` in it begins with `./` or
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_nearest_to_a_slip_are_suggested() {
        for (slip, name) in [
            ("strip", "stripe"),
            ("GitHub", "github"),
            ("git-hub", "github"),
            ("githb", "github"),
            ("standardwebhooks", "standard-webhooks"),
            ("banking", "adyen-banking"),
            ("slcak", "slack"),
            ("whatsap", "whatsapp"),
        ] {
            assert_eq!(nearest(slip).first(), Some(&name), "{slip}");
            assert!(nearest(slip).len() <= 3);
        }
        assert_eq!(nearest("zzzzzzzzzz"), ["github"], "nothing is near");
        assert_eq!(nearest(""), ["github"]);
    }

    #[test]
    fn slips_are_counted() {
        for (one, other, count) in [("", "", 0), ("a", "", 1), ("", "ab", 2), ("kitten", "sitting", 3), ("ab", "ba", 2)]
        {
            assert_eq!((slips(one, other), slips(other, one)), (count, count), "{one} {other}");
        }
    }

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
