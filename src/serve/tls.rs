//! TLS: certificates and keys from files, which of them a client gets, and their exchange while connections go on.
//!
//! TLS 1.2 and 1.3 by rustls, with ring, chosen here and for nobody else in the process. Clients need no certificate, and none is
//! asked for. There is no early data (0-RTT), which could be replayed.

mod files;

pub use files::{CertificateFiles, Certificates};

use rustls::client::verify_server_name;
use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::server::{
    ClientHello, ParsedCertificate, ResolvesServerCert, ServerConfig, ServerSessionMemoryCache,
    UnbufferedServerConnection,
};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use std::io;
use std::sync::{Arc, PoisonError, RwLock};

/// Sessions of TLS 1.2 kept for clients that resume without tickets; a few KiB in all. Everybody else keeps his own, in a ticket.
const SESSIONS: usize = 256;

/// What a listener speaks TLS with. Its clones are one and the same.
#[derive(Clone, Debug)]
pub struct Tls {
    config: Arc<ServerConfig>,
    offered: Arc<Offered>,
}

impl Tls {
    /// TLS with `certificates`. Tickets are sealed with a key of this value's own, which rustls changes every few hours.
    ///
    /// # Errors
    /// Where the system has no randomness for that key.
    pub fn new(certificates: Certificates) -> io::Result<Self> {
        let offered = Arc::new(Offered(RwLock::new(certificates.keys())));
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&offered) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config.ticketer = ring::Ticketer::new().map_err(io::Error::other)?;
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        Ok(Tls { config: Arc::new(config), offered })
    }

    /// Has handshakes from now on take `certificates`, all at once; connections go on. From any thread.
    pub fn replace(&self, certificates: Certificates) {
        *self.offered.0.write().unwrap_or_else(PoisonError::into_inner) = certificates.keys();
    }

    /// The server's side of a new connection.
    #[cfg(feature = "evented")]
    pub(super) fn connection(&self) -> io::Result<UnbufferedServerConnection> {
        UnbufferedServerConnection::new(Arc::clone(&self.config)).map_err(io::Error::other)
    }
}

/// The certificates that are offered now. The first one is for who names no other.
#[derive(Debug)]
struct Offered(RwLock<Arc<[Arc<CertifiedKey>]>>);

impl ResolvesServerCert for Offered {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let offered = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let fits = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let name = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let named = name.and_then(|name| offered.iter().filter(|key| is_of(key, &name)).find(fits));
        named.or_else(|| offered.iter().find(fits)).or_else(|| offered.first()).cloned()
    }
}

/// Whether the certificate is of `name`, by the rules that clients go by, wildcards included.
fn is_of(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let certificate = key.end_entity_cert().and_then(ParsedCertificate::try_from);
    certificate.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}
