//! What the operator gives: secrets, checked where they come in, and errors that say what to do.

#[cfg(feature = "config")]
mod address;
#[cfg(feature = "config")]
mod file;
#[cfg(feature = "config")]
mod filter;
#[cfg(feature = "config")]
mod import;
#[cfg(feature = "config")]
pub mod keys;
#[cfg(feature = "config")]
mod logging;
#[cfg(feature = "config")]
pub(crate) mod near;
#[cfg(feature = "config")]
mod reader;
#[cfg(feature = "config")]
mod reference;
#[cfg(feature = "config")]
mod sink;
#[cfg(feature = "config")]
mod source;
#[cfg(feature = "config")]
mod units;

#[cfg(feature = "config")]
pub use address::{InvalidAddress, invalid_addresses};
#[cfg(feature = "config")]
pub use file::{
    BUFFER_LIMITS, CONFIG_FILE_LIMIT_BYTES, COUNTS, Certificate, Config, DAYS, FrontName, HEAD_LIMITS, KEPT_BYTES,
    STORE_DIR, Store, buffer_for, is_name, mode,
};
#[cfg(feature = "config")]
pub use filter::{Filter, InvalidPattern, InvalidPointer, PATTERN_LIMIT_BYTES, Pattern, Pointer, Scalar};
#[cfg(feature = "config")]
pub use import::{HOOKS_FILE_LIMIT_BYTES, Imported, import};
#[cfg(feature = "config")]
pub use logging::{LogFormat, LogLevel, Logging};
#[cfg(feature = "config")]
pub use reader::Problem;
#[cfg(feature = "config")]
pub use reference::{Keeping, NotAReference, SecretReference};
#[cfg(feature = "config")]
pub use sink::{COMMAND_VARIABLES, Command, Exits, Format, Forward, Retries, Sink, SinkKind};
#[cfg(feature = "config")]
pub use source::{BODY_LIMITS, SchemeReference, Source};

use crate::verify::Secret;
use std::fmt;

/// Longest secret accepted, in bytes. HMAC-SHA256 hashes keys over 64 bytes down to 32 (RFC 2104 §3), so that a longer file
/// is surely the wrong one.
pub const SECRET_LIMIT_BYTES: usize = 64 * 1024;

/// Shortest secret that goes without a warning, in bytes: 128 bits.
const SHORT_SECRET_BYTES: usize = 16;

/// Something the operator has to mend: arguments, environment, files. The program ends with exit code 2.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl ConfigError {
    /// The error `what`, mended by `hint`.
    pub fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        ConfigError { what: what.into(), hint: hint.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for ConfigError {}

/// The secret `bytes` from `origin` (a variable or a file, for messages), with warnings about what looks wrong in it. Every
/// byte is kept.
///
/// # Errors
/// Where it cannot be used at all: it is empty or longer than [`SECRET_LIMIT_BYTES`].
pub fn secret(bytes: Vec<u8>, origin: &str) -> Result<(Secret, Vec<String>), ConfigError> {
    if bytes.len() > SECRET_LIMIT_BYTES {
        let what = format!("{origin} is longer than {SECRET_LIMIT_BYTES} bytes, the longest secret accepted");
        return Err(ConfigError::new(what, "give the file that holds the secret and nothing else"));
    }
    let warnings = lint(&bytes, origin);
    match Secret::new(bytes) {
        Ok(secret) => Ok((secret, warnings)),
        Err(_) => Err(ConfigError::new(
            format!("{origin} is empty: anybody could sign with an empty secret"),
            "put the secret that the provider signs with there",
        )),
    }
}

/// The secret in a text file's `bytes`: as [`secret`], but one line end at the end is stripped, with a warning that says so.
///
/// # Errors
/// As [`secret`], of what is left.
pub fn secret_from_text(mut bytes: Vec<u8>, origin: &str) -> Result<(Secret, Vec<String>), ConfigError> {
    let line_end = if bytes.ends_with(b"\r\n") { 2 } else { usize::from(bytes.ends_with(b"\n")) };
    bytes.truncate(bytes.len() - line_end);
    let (secret, mut warnings) = secret(bytes, origin)?;
    if line_end > 0 {
        let warning = format!(
            "{origin} ends with a newline, which was stripped: it is not part of the secret (--secret-file-raw, or file-raw: in a configuration, keeps it)"
        );
        warnings.insert(0, warning);
    }
    Ok((secret, warnings))
}

fn lint(bytes: &[u8], origin: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    if bytes.trim_ascii().len() < bytes.len() {
        warnings.push(format!("{origin} begins or ends with white space, which is taken as part of the secret"));
    }
    if !bytes.is_empty() && bytes.len() < SHORT_SECRET_BYTES {
        warnings
            .push(format!("{origin} has {} bytes: under {SHORT_SECRET_BYTES} a secret can be guessed", bytes.len()));
    }
    if bytes.starts_with(b"${") && bytes.ends_with(b"}") {
        warnings.push(format!("{origin} looks like a variable that was never filled in"));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &[u8] = b"0123456789abcdef";

    fn of_text(bytes: &[u8]) -> (Vec<u8>, Vec<String>) {
        let (secret, warnings) = secret_from_text(bytes.to_vec(), "file s").unwrap();
        (secret.as_bytes().to_vec(), warnings)
    }

    #[test]
    fn one_line_end_of_a_text_file_is_stripped_with_a_warning() {
        assert_eq!(of_text(GOOD), (GOOD.to_vec(), vec![]));
        for line_end in ["\n", "\r\n"] {
            let (bytes, warnings) = of_text(&[GOOD, line_end.as_bytes()].concat());
            assert_eq!((bytes.as_slice(), warnings.len()), (GOOD, 1));
            assert!(warnings[0].contains("newline, which was stripped"), "{warnings:?}");
        }
        let (bytes, warnings) = of_text(&[GOOD, b"\n\n"].concat());
        assert_eq!((bytes, warnings.len()), ([GOOD, b"\n"].concat(), 2), "the second one is kept, and warned of");
    }

    #[test]
    fn raw_bytes_are_all_kept() {
        let bytes = [GOOD, b"\n"].concat();
        let (secret, warnings) = secret(bytes.clone(), "file s").unwrap();
        assert_eq!((secret.as_bytes(), warnings.len()), (bytes.as_slice(), 1));
    }

    #[test]
    fn a_secret_that_looks_wrong_is_warned_of() {
        for (bytes, warning) in [
            (&b" 0123456789abcdef"[..], "begins or ends with white space"),
            (b"0123456789abcdef\t", "begins or ends with white space"),
            (b"0123456789abcde", "has 15 bytes"),
            (b"${WEBHOOK_SECRET_KEY}", "never filled in"),
        ] {
            let (_, warnings) = secret(bytes.to_vec(), "variable S").unwrap();
            assert_eq!(warnings.len(), 1, "{warnings:?}");
            assert!(warnings[0].starts_with("variable S ") && warnings[0].contains(warning), "{warnings:?}");
        }
    }

    #[test]
    fn a_secret_that_cannot_be_used_is_refused() {
        for bytes in [&b""[..], b"\n", b"\r\n"] {
            let error = secret_from_text(bytes.to_vec(), "file s").map(drop).unwrap_err();
            assert_eq!(error.what, "file s is empty: anybody could sign with an empty secret");
        }
        assert!(secret(vec![b'x'; SECRET_LIMIT_BYTES], "file s").is_ok());
        let error = secret(vec![b'x'; SECRET_LIMIT_BYTES + 1], "file s").map(drop).unwrap_err();
        assert!(error.what.contains("longer than 65536 bytes"), "{error}");
    }
}
