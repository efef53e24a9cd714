//! Certificates and keys as files, and all that can be wrong with them.

use crate::config::ConfigError;
use crate::open::open;
use crate::time::UnixTime;
use crate::verify::Secret;
use hmac::digest::zeroize::Zeroize;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring::{default_provider, sign::any_supported_type};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{self, CertificateDer, PrivateKeyDer};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, Error, InconsistentKeys, RootCertStore};
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Longest file read, in bytes. A chain of certificates has a few KiB, so that a longer file is surely the wrong one.
const FILE_LIMIT_BYTES: usize = 1024 * 1024;

/// Where a certificate and its key are, both as PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFiles {
    /// The certificate, then those that issued it, each signed by the next.
    pub certificate: PathBuf,
    /// The key of the first of them: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    pub key: PathBuf,
}

/// Certificates with their keys, at least one, each checked to belong together.
#[derive(Clone, Debug)]
pub struct Certificates(Arc<[Arc<CertifiedKey>]>);

impl Certificates {
    /// What is in `files`, and warnings about what clients may refuse at `now`. A client that names a server gets the first
    /// certificate of that name, any other the first of all.
    ///
    /// # Errors
    /// The first file that cannot be used, and why.
    pub fn read(files: &[CertificateFiles], now: UnixTime) -> Result<(Self, Vec<String>), ConfigError> {
        if files.is_empty() {
            return Err(ConfigError::new("there is no certificate", "give the files of one and of its key"));
        }
        let mut warnings = Vec::new();
        let keys = files.iter().map(|files| read_pair(files, now, &mut warnings)).collect::<Result<_, _>>()?;
        Ok((Certificates(keys), warnings))
    }

    pub(super) fn keys(self) -> Arc<[Arc<CertifiedKey>]> {
        self.0
    }
}

fn read_pair(
    files: &CertificateFiles,
    now: UnixTime,
    warnings: &mut Vec<String>,
) -> Result<Arc<CertifiedKey>, ConfigError> {
    let certificate_file = format!("the certificate file {}", files.certificate.display());
    let key_file = format!("the key file {}", files.key.display());
    let chain = read_chain(&files.certificate, &certificate_file)?;
    let mut der = read_key(&files.key, &key_file, warnings)?;
    let key = any_supported_type(&der);
    der.zeroize();
    let key = key.map_err(|_| {
        ConfigError::new(
            format!("the key in {key_file} cannot be used"),
            "give an RSA key of 2048 to 4096 bits, an ECDSA key on P-256 or P-384, or an Ed25519 key",
        )
    })?;
    let pair = CertifiedKey::new(chain, key);
    match pair.keys_match() {
        Ok(()) | Err(Error::InconsistentKeys(InconsistentKeys::Unknown)) => {}
        Err(Error::InconsistentKeys(_)) => {
            return Err(ConfigError::new(
                format!("the key in {key_file} is not that of the first certificate in {certificate_file}"),
                "give the key that the certificate was made for; those that issued it stand behind it",
            ));
        }
        Err(error) => {
            let hint = "give the certificate as its issuer gave it to you";
            return Err(ConfigError::new(format!("{certificate_file} holds no valid certificate: {error}"), hint));
        }
    }
    warnings.extend(lint(&pair, &certificate_file, now));
    Ok(Arc::new(pair))
}

fn read_chain(path: &Path, file: &str) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let (bytes, _) = read(path, file)?;
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes.as_bytes()).collect();
    match chain {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        Ok(_) => Err(ConfigError::new(
            format!("there is no certificate in {file}"),
            "give PEM, which begins with -----BEGIN CERTIFICATE-----",
        )),
        Err(_) => Err(ConfigError::new(format!("{file} is broken PEM"), "give the file as its issuer gave it to you")),
    }
}

fn read_key(path: &Path, file: &str, warnings: &mut Vec<String>) -> Result<PrivateKeyDer<'static>, ConfigError> {
    let (bytes, mode) = read(path, file)?;
    if mode & 0o077 != 0 {
        warnings.push(format!("{file} can be read by others (mode {:04o}): chmod 600 it", mode & 0o7777));
    }
    if is_encrypted(bytes.as_bytes()) {
        return Err(ConfigError::new(
            format!("the key in {file} is encrypted"),
            "decrypt it (openssl pkey -in FILE -out NEW) into a file that only this user can read",
        ));
    }
    PrivateKeyDer::from_pem_slice(bytes.as_bytes()).map_err(|error| match error {
        pem::Error::NoItemsFound => ConfigError::new(
            format!("there is no private key in {file}"),
            "give PEM, which begins with -----BEGIN PRIVATE KEY-----",
        ),
        _ => ConfigError::new(format!("{file} is broken PEM"), "give the key's file as it was made"),
    })
}

/// Of PKCS #8 by its label, of the older forms by a header (RFC 1421 §4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    let mut lines = pem.split(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(b"-----BEGIN ENCRYPTED ") || line.starts_with(b"Proc-Type: 4,ENCRYPTED"))
}

/// All of a file, wiped when it is dropped, and its mode.
fn read(path: &Path, file: &str) -> Result<(Secret, u32), ConfigError> {
    let unreadable = |error: io::Error| {
        ConfigError::new(format!("cannot read {file}: {error}"), "give a file that this user can read")
    };
    let opened = open(path).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    let expected = usize::try_from(metadata.len()).unwrap_or(0).min(FILE_LIMIT_BYTES);
    // It is not to be moved while it grows, since what is left behind would not be wiped.
    let mut bytes = Vec::with_capacity(expected + 1);
    opened.take(FILE_LIMIT_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() > FILE_LIMIT_BYTES {
        let what = format!("{file} is longer than {FILE_LIMIT_BYTES} bytes");
        return Err(ConfigError::new(what, "give the file that holds it and nothing else"));
    }
    let bytes = Secret::new(bytes)
        .map_err(|_| ConfigError::new(format!("{file} is empty"), "give the file that was written when it was made"))?;
    Ok((bytes, metadata.permissions().mode()))
}

/// What clients will hold against the certificate at `now`.
fn lint(pair: &CertifiedKey, file: &str, now: UnixTime) -> Option<String> {
    let certificate = pair.end_entity_cert().and_then(ParsedCertificate::try_from).ok()?;
    let since_epoch = Duration::from_millis(u64::try_from(now.as_ms()).unwrap_or(0));
    let now = pki_types::UnixTime::since_unix_epoch(since_epoch);
    // No issuer is trusted, but its dates are looked at first.
    let algorithms = default_provider().signature_verification_algorithms.all;
    let verdict =
        verify_server_cert_signed_by_trust_anchor(&certificate, &RootCertStore::empty(), &[], now, algorithms);
    let day = |time: pki_types::UnixTime| UnixTime::from_s(i64::try_from(time.as_secs()).unwrap_or(i64::MAX));
    match verdict {
        Err(Error::InvalidCertificate(CertificateError::ExpiredContext { not_after, .. })) => {
            Some(format!("{file} holds a certificate that expired on {}: clients will refuse it", day(not_after)))
        }
        Err(Error::InvalidCertificate(CertificateError::NotValidYetContext { not_before, .. })) => Some(format!(
            "{file} holds a certificate that is valid from {} on: clients will refuse it",
            day(not_before)
        )),
        _ => None,
    }
}
