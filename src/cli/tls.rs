//! The arguments of TLS, and listeners with it and without.

use super::wrong;
use crate::config::Certificate;
use crate::minimal::Failure;
use crate::serve::evented::Listener;
use clap::Args;
use std::io;
use std::net::TcpListener;

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

#[cfg(feature = "tls")]
impl TlsOptions {
    /// The certificates that were given.
    pub(super) fn certificates(&self) -> Result<Vec<Certificate>, Failure> {
        let (certificates, keys) = (self.tls_cert.len(), self.tls_key.len());
        if certificates != keys {
            let what = format!("--tls-cert is given {certificates} times, --tls-key {keys} times");
            return Err(wrong(what, "each certificate has its key: give both as often, in the same order"));
        }
        let pairs = self.tls_cert.iter().zip(&self.tls_key);
        Ok(pairs.map(|(certificate, key)| Certificate { certificate: certificate.clone(), key: key.clone() }).collect())
    }
}

#[cfg(not(feature = "tls"))]
impl TlsOptions {
    /// None can be given.
    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with TLS")]
    pub(super) fn certificates(&self) -> Result<Vec<Certificate>, Failure> {
        Ok(Vec::new())
    }
}

/// Certificates and keys that were read and fit together, if TLS is spoken at all.
#[derive(Clone)]
pub(super) struct Material {
    #[cfg(feature = "tls")]
    certificates: Option<Certificates>,
}

/// Reads what TLS is spoken with on `addresses`, and warns of what looks wrong.
#[cfg(feature = "tls")]
pub(super) fn read(addresses: &[String], certificates: &[Certificate]) -> Result<Material, Failure> {
    let is_asked_for = addresses.iter().any(|address| address.starts_with(HTTPS));
    match (certificates.is_empty(), is_asked_for) {
        (true, false) => return Ok(Material { certificates: None }),
        (true, true) => {
            return Err(wrong(
                "there is no certificate to speak TLS with",
                "give --tls-cert FILE and --tls-key FILE, or [[tls]] in the configuration; or listen without https://",
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
    let files = |it: &Certificate| CertificateFiles { certificate: it.certificate.clone(), key: it.key.clone() };
    let files: Vec<_> = certificates.iter().map(files).collect();
    let (certificates, warnings) = Certificates::read(&files, UnixTime::now())?;
    warn(&warnings);
    Ok(Material { certificates: Some(certificates) })
}

/// Refuses to speak TLS.
#[cfg(not(feature = "tls"))]
pub(super) fn read(addresses: &[String], certificates: &[Certificate]) -> Result<Material, Failure> {
    match addresses.iter().any(|address| address.starts_with(HTTPS)) || !certificates.is_empty() {
        true => Err(wrong("this program was built without TLS", "build it with the feature tls")),
        false => Ok(Material {}),
    }
}

/// What opens listeners.
pub(super) struct Binder {
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

#[cfg(feature = "tls")]
impl Binder {
    /// One that speaks TLS with `material`.
    pub(super) fn new(material: Material) -> Result<Self, Failure> {
        let tls = material.certificates.map(Tls::new).transpose();
        Ok(Binder { tls: tls.map_err(|error| Failure::Running(error.to_string()))? })
    }

    /// One that speaks TLS with `material` too where this one does with none: what was opened by this one goes on as it was.
    pub(super) fn with(&self, material: &Material) -> Result<Self, Failure> {
        match &self.tls {
            Some(tls) => Ok(Binder { tls: Some(tls.clone()) }),
            None => Binder::new(material.clone()),
        }
    }

    /// Has handshakes from now on take `material`.
    pub(super) fn replace(&self, material: Material) {
        if let (Some(tls), Some(certificates)) = (&self.tls, material.certificates) {
            tls.replace(certificates);
        }
    }
}

#[cfg(not(feature = "tls"))]
impl Binder {
    #[expect(clippy::unnecessary_wraps, reason = "as with TLS")]
    pub(super) fn new(_: Material) -> Result<Self, Failure> {
        Ok(Binder {})
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as with TLS")]
    pub(super) fn with(&self, _: &Material) -> Result<Self, Failure> {
        Ok(Binder {})
    }

    #[expect(clippy::unused_self, reason = "as with TLS")]
    pub(super) fn replace(&self, _: Material) {}
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

    /// The same on a TCP socket that was opened for it, `https` where TLS is to be spoken there.
    pub(super) fn take(&self, socket: TcpListener, https: bool) -> io::Result<Listener> {
        #[cfg(feature = "tls")]
        if let (true, Some(tls)) = (https, &self.tls) {
            return Listener::from_tcp_tls(socket, tls);
        }
        let _ = https;
        Listener::from_tcp(socket)
    }
}
