//! The arguments of TLS, and listeners with it and without.

use super::wrong;
use crate::minimal::Failure;
use crate::serve::evented::Listener;
use clap::Args;
use std::io;

#[cfg(feature = "tls")]
use crate::{
    minimal::warn,
    serve::tls::{CertificateFiles, Certificates, Tls},
    time::UnixTime,
};
#[cfg(feature = "tls")]
use std::path::PathBuf;

/// What an address begins with where TLS is spoken.
pub(super) const HTTPS: &str = "https://";

/// What TLS is spoken with.
#[derive(Args)]
pub(super) struct TlsOptions {
    /// File of a certificate and of those that issued it, PEM, for https:// addresses (repeatable: the name that a client asks for decides)
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE")]
    tls_cert: Vec<PathBuf>,
    /// File of its key, PEM (repeatable, in the order of --tls-cert)
    #[cfg(feature = "tls")]
    #[arg(long, value_name = "FILE")]
    tls_key: Vec<PathBuf>,
}

/// What opens listeners.
pub(super) struct Binder {
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

#[cfg(feature = "tls")]
impl TlsOptions {
    /// What opens listeners on `addresses`, the certificates read and checked.
    pub(super) fn binder(&self, addresses: &[String]) -> Result<Binder, Failure> {
        let is_asked_for = addresses.iter().any(|address| address.starts_with(HTTPS));
        let files = self.files()?;
        match (files.is_empty(), is_asked_for) {
            (true, false) => return Ok(Binder { tls: None }),
            (true, true) => {
                return Err(wrong(
                    "there is no certificate to speak TLS with",
                    "give --tls-cert FILE and --tls-key FILE, or leave https:// out of --listen",
                ));
            }
            (false, false) => {
                return Err(wrong(
                    "there is a certificate, and no address where TLS is spoken",
                    "write https:// before one: --listen https://0.0.0.0:8443",
                ));
            }
            (false, true) => {}
        }
        let (certificates, warnings) = Certificates::read(&files, UnixTime::now())?;
        warn(&warnings);
        let tls = Tls::new(certificates).map_err(|error| Failure::Running(error.to_string()))?;
        Ok(Binder { tls: Some(tls) })
    }

    fn files(&self) -> Result<Vec<CertificateFiles>, Failure> {
        let (certificates, keys) = (self.tls_cert.len(), self.tls_key.len());
        if certificates != keys {
            let what = format!("--tls-cert is given {certificates} times, --tls-key {keys} times");
            return Err(wrong(what, "each certificate has its key: give both as often, in the same order"));
        }
        let pairs = self.tls_cert.iter().zip(&self.tls_key);
        Ok(pairs
            .map(|(certificate, key)| CertificateFiles { certificate: certificate.clone(), key: key.clone() })
            .collect())
    }
}

#[cfg(not(feature = "tls"))]
impl TlsOptions {
    /// What opens listeners on `addresses`.
    pub(super) fn binder(&self, addresses: &[String]) -> Result<Binder, Failure> {
        match addresses.iter().any(|address| address.starts_with(HTTPS)) {
            true => Err(wrong("this program was built without TLS", "build it with the feature tls")),
            false => Ok(Binder {}),
        }
    }
}

impl Binder {
    /// A listener on `address`, whose file has `mode` where it is a Unix socket.
    pub(super) fn bind(&self, address: &str, mode: u32) -> io::Result<Listener> {
        #[cfg(feature = "tls")]
        if let (Some(address), Some(tls)) = (address.strip_prefix(HTTPS), &self.tls) {
            return Listener::bind_tls(address, tls);
        }
        Listener::bind(address, mode)
    }
}
