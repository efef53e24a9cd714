//! Certificates made for the tests: an authority of this process's own, and what it signs.

use super::unique;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, SupportedProtocolVersion};
use std::sync::{Arc, LazyLock};

/// A certificate and its key, as PEM.
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// Who signs them all.
static AUTHORITY: LazyLock<CertifiedIssuer<'static, KeyPair>> = LazyLock::new(|| {
    let mut params = CertificateParams::new(Vec::new()).expect("no names are valid names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "the authority of these tests");
    CertifiedIssuer::self_signed(params, KeyPair::generate().expect("there is randomness")).expect("it can sign")
});

/// The authority's own certificate, as PEM.
pub(crate) fn authority() -> String {
    AUTHORITY.pem()
}

/// A certificate of `names` with a key of its own (ECDSA on P-256).
pub(crate) fn of(names: &[&str]) -> Pair {
    with(names, |_| ())
}

/// The same with something else about it.
pub(crate) fn with(names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Pair {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let mut params = CertificateParams::new(names).expect("the names are valid");
    change(&mut params);
    let key = KeyPair::generate().expect("there is randomness");
    sign(&params, &key)
}

/// A certificate of `names` for the key in `pem`.
pub(crate) fn of_key(names: &[&str], pem: &str) -> Pair {
    let names: Vec<String> = names.iter().map(ToString::to_string).collect();
    let params = CertificateParams::new(names).expect("the names are valid");
    sign(&params, &KeyPair::from_pem(pem).expect("it is a key"))
}

fn sign(params: &CertificateParams, key: &KeyPair) -> Pair {
    let certificate = params.signed_by(key, &AUTHORITY).expect("it can be signed");
    Pair { certificate: certificate.pem(), key: key.serialize_pem() }
}

/// What a client knows: the authority, and these versions.
pub(crate) fn config(versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(AUTHORITY.der().clone()).expect("it is a certificate");
    ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(versions)
        .expect("ring has suites for them")
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A client that asks for `name`.
pub(crate) fn client_of(config: ClientConfig, name: &str) -> ClientConnection {
    let name = ServerName::try_from(name.to_string()).expect("it is a name");
    ClientConnection::new(Arc::new(config), name).expect("it can be configured so")
}

/// A client of localhost: every other one speaks TLS 1.2, the others 1.3.
pub(crate) fn client() -> ClientConnection {
    let version = if unique().is_multiple_of(2) { &TLS12 } else { &TLS13 };
    client_of(config(&[version]), "localhost")
}
