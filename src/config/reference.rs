//! Where a secret is kept. A configuration names the place and never holds the secret: files are copied, shown and committed.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// Where a secret is kept.
#[derive(Clone, PartialEq, Eq)]
pub enum Keeping {
    /// In a variable of the environment: `env:NAME`.
    Variable(OsString),
    /// In a file; a line end at its end is no part of it: `file:PATH`.
    File(PathBuf),
    /// In a file of which every byte counts: `file-raw:PATH`.
    RawFile(PathBuf),
    /// With systemd, as a credential of the service: `credential:NAME`.
    Credential(String),
}

/// A secret by where it is kept, and what it is called where it is shown that it matched.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretReference {
    /// What it is called; its place, unless a label stands before it: `new=file:PATH`.
    pub label: String,
    /// Where it is kept.
    pub keeping: Keeping,
    /// The line that names it, 0 where it is of the command line.
    pub line: usize,
}

/// Text that names no place. It may be a secret that was pasted: it is shown nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAReference;

impl SecretReference {
    /// The reference that `text` of `line` is, files taken to be beside those in `folder`.
    ///
    /// # Errors
    /// Where it is none.
    pub fn read(text: &str, folder: &Path, line: usize) -> Result<Self, NotAReference> {
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let (label, place) = match text.split_once('=') {
            Some((label, place)) if is_label(label) => (Some(label), place),
            _ => (None, text),
        };
        let (kind, name) = place.split_once(':').ok_or(NotAReference)?;
        let is_path = !name.is_empty() && !name.contains('\0');
        let keeping = match kind {
            "env" if is_variable(name) => Keeping::Variable(name.into()),
            "file" if is_path => Keeping::File(folder.join(name)),
            "file-raw" if is_path => Keeping::RawFile(folder.join(name)),
            // A credential is a file in a folder of systemd's: it is in no other one.
            "credential" if is_path && !name.contains('/') && name != "." && name != ".." => {
                Keeping::Credential(name.to_string())
            }
            _ => return Err(NotAReference),
        };
        Ok(SecretReference { label: label.unwrap_or(name).to_string(), keeping, line })
    }
}

/// Whether a shell could have such a variable.
fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    bytes.next().is_some_and(is_first) && bytes.all(|byte| is_first(byte) || byte.is_ascii_digit())
}

impl fmt::Debug for Keeping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Keeping::Variable(_) => "env:…",
            Keeping::File(_) => "file:…",
            Keeping::RawFile(_) => "file-raw:…",
            Keeping::Credential(_) => "credential:…",
        })
    }
}

impl fmt::Debug for SecretReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretReference").field("keeping", &self.keeping).finish_non_exhaustive()
    }
}

impl fmt::Display for NotAReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it says no place where a secret is kept")
    }
}

impl std::error::Error for NotAReference {}

/// What says how a place is written, in every hint.
pub(super) const REFERENCE: &str = "write where it is kept, never the secret itself: \"env:NAME\", \"file:PATH\", \"file-raw:PATH\" or \
     \"credential:NAME\", with a label before it if you like, \"new=file:PATH\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, Keeping), NotAReference> {
        let reference = SecretReference::read(text, Path::new("/etc/hookgate"), 7)?;
        assert_eq!(reference.line, 7);
        Ok((reference.label, reference.keeping))
    }

    #[test]
    fn a_reference_says_where_a_secret_is_kept_and_what_it_is_called() {
        let path = |path: &str| Keeping::File(path.into());
        for (text, label, keeping) in [
            ("env:HOOKGATE_SECRET", "HOOKGATE_SECRET", Keeping::Variable("HOOKGATE_SECRET".into())),
            ("new=env:_a1", "new", Keeping::Variable("_a1".into())),
            ("file:secret", "secret", path("/etc/hookgate/secret")),
            ("file:/run/secret", "/run/secret", path("/run/secret")),
            ("old-1=file:a=b", "old-1", path("/etc/hookgate/a=b")),
            ("file:a=b", "a=b", path("/etc/hookgate/a=b")),
            ("file-raw:secret", "secret", Keeping::RawFile("/etc/hookgate/secret".into())),
            ("credential:github", "github", Keeping::Credential("github".into())),
        ] {
            assert_eq!(read(text), Ok((label.to_string(), keeping)), "{text}");
        }
    }

    #[test]
    fn what_names_no_place_may_be_a_secret_and_is_none() {
        for text in [
            "",
            "hunter2",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "new=hunter2",
            "env:",
            "env:1A",
            "env:A B",
            "env:a-b",
            "ENV:NAME",
            "file:",
            "file:\0",
            "credential:",
            "credential:a/b",
            "credential:..",
            "credential:.",
            "https://x",
            "=file:x",
            "a b=file:x",
            "file",
            "env:=",
            " env:NAME",
        ] {
            assert_eq!(read(text), Err(NotAReference), "{text}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_a_reference() {
        let shown = format!("{:?}", SecretReference::read("env:hunter2", Path::new(""), 0).unwrap());
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}
