//! What is agreed on: version, protocol, certificate, and how often.

use crate::support::certificates::{client_of, config, of, of_key, with};
use crate::support::client::Client;
use crate::support::command::installed;
use crate::support::receiver::{Receiver, setup, start};
use crate::support::request::signed;
use crate::{VERSIONS, bare, client, client_as, client_with};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::{TLS12, TLS13};
use rustls::{HandshakeKind, ProtocolVersion, SignatureScheme};
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::thread;

fn serve(client: &mut Client) {
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
}

#[test]
fn both_versions_are_spoken_and_the_newer_one_where_there_is_a_choice() {
    let receiver = start();
    for (versions, expected) in [
        (&[&TLS12][..], ProtocolVersion::TLSv1_2),
        (&[&TLS13], ProtocolVersion::TLSv1_3),
        (&[&TLS12, &TLS13], ProtocolVersion::TLSv1_3),
    ] {
        let mut client = client_as(&receiver, config(versions));
        serve(&mut client);
        assert_eq!(client.wire().tls().protocol_version(), Some(expected));
        // It goes on as any connection does.
        serve(&mut client);
    }
}

#[test]
fn an_older_version_is_refused_with_an_alert() {
    let receiver = start();
    // A hello of TLS 1.1 with one suite and one extension, the signatures that it takes.
    let hello = [&[3, 2][..], &[7; 32], &[0, 0, 2, 0xc0, 0x2f, 1, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3]].concat();
    let message = [&[1, 0, 0, u8::try_from(hello.len()).unwrap()][..], &hello].concat();
    let record = [&[22, 3, 1, 0, u8::try_from(message.len()).unwrap()][..], &message].concat();
    let mut wire = bare(&receiver);
    wire.write_all(&record).unwrap();
    let mut answer = Vec::new();
    wire.read_to_end(&mut answer).unwrap();
    // RFC 8446 §6: an alert, fatal, protocol_version.
    assert_eq!((answer[0], &answer[3..]), (21, &[0, 2, 2, 70][..]));
}

#[test]
fn http_1_1_is_agreed_on_where_anything_is_offered_and_nothing_else_is() {
    let receiver = start();
    for version in VERSIONS {
        for (offered, agreed) in
            [(&[][..], None), (&["http/1.1"], Some("http/1.1")), (&["h2", "http/1.1"], Some("http/1.1"))]
        {
            let mut config = config(&[version]);
            config.alpn_protocols = offered.iter().map(|name: &&str| name.as_bytes().to_vec()).collect();
            let mut client = client_as(&receiver, config);
            serve(&mut client);
            assert_eq!(client.wire().tls().alpn_protocol(), agreed.map(str::as_bytes), "{offered:?}");
        }
        let mut config = config(&[version]);
        config.alpn_protocols = vec![b"h2".to_vec()];
        let error = client_as(&receiver, config).try_write(b"x").unwrap_err();
        assert!(error.to_string().contains("NoApplicationProtocol"), "{error}");
    }
}

/// The certificate that a client gets who asks for `name`; it need not be of that name.
fn certificate_for(receiver: &Receiver, name: &str) -> CertificateDer<'static> {
    let mut wire = bare(receiver).with_tls(client_of(config(&[&TLS13]), name));
    let _ = wire.write_all(b"x");
    let certificates = wire.tls().peer_certificates().unwrap_or_default();
    certificates.first().cloned().unwrap_or_else(|| panic!("none was accepted for {name}"))
}

fn der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

#[test]
fn the_name_that_a_client_asks_for_decides_which_certificate_it_gets() {
    let [one, other, wild] =
        [&["one.test", "localhost"][..], &["other.test", "another.test"], &["*.wild.test"]].map(of);
    let mut setup = setup();
    for (name, pair) in [("other", &other), ("wild", &wild)] {
        setup = setup
            .file(&format!("{name}.pem"), pair.certificate.as_bytes())
            .file(&format!("{name}.key"), pair.key.as_bytes())
            .arguments(&["--tls-cert", &format!("{name}.pem"), "--tls-key", &format!("{name}.key")]);
    }
    let receiver = setup.file("cert.pem", one.certificate.as_bytes()).file("key.pem", one.key.as_bytes()).start();
    for (name, pair) in [
        ("one.test", &one),
        ("localhost", &one),
        ("other.test", &other),
        ("another.test", &other),
        ("any.wild.test", &wild),
        ("ANY.wild.test", &wild),
    ] {
        assert_eq!(certificate_for(&receiver, name), der(&pair.certificate), "{name}");
    }
    // Of no certificate's name, and no name at all: the first one, which the client then takes or does not.
    for name in ["elsewhere.test", "a.b.wild.test"] {
        let mut wire = bare(&receiver).with_tls(client_of(config(&[&TLS13]), name));
        let error = wire.write_all(b"x").unwrap_err();
        assert!(error.to_string().contains("one.test"), "{name}: {error}");
    }
    let mut config = config(&[&TLS13]);
    config.enable_sni = false;
    serve(&mut client_as(&receiver, config));
}

#[test]
fn of_two_certificates_of_a_name_a_client_gets_the_one_it_can_verify() {
    if !installed("openssl") {
        return;
    }
    let made = Command::new("openssl").args(["genrsa", "2048"]).stderr(Stdio::null()).output().unwrap();
    let rsa = of_key(&["localhost"], std::str::from_utf8(&made.stdout).unwrap());
    let receiver = setup()
        .file("rsa.pem", rsa.certificate.as_bytes())
        .file("rsa.key", rsa.key.as_bytes())
        .arguments(&["--tls-cert", "rsa.pem", "--tls-key", "rsa.key"])
        .start();
    let ecdsa = fs::read_to_string(receiver.folder.path().join("cert.pem")).unwrap();
    for (schemes, expected) in [
        (&[SignatureScheme::ECDSA_NISTP256_SHA256][..], &ecdsa),
        (&[SignatureScheme::RSA_PSS_SHA256, SignatureScheme::RSA_PKCS1_SHA256], &rsa.certificate),
    ] {
        for version in VERSIONS {
            let mut config = config(&[version]);
            config.dangerous().set_certificate_verifier(std::sync::Arc::new(Only(schemes)));
            let mut client = client_as(&receiver, config);
            serve(&mut client);
            assert_eq!(client.wire().tls().peer_certificates().unwrap()[0], der(expected), "{schemes:?}");
        }
    }
}

/// Verifies nothing but that the signature is one of these schemes.
#[derive(Debug)]
struct Only(&'static [SignatureScheme]);

mod only {
    use super::Only;
    use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
    use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
    use rustls::{DigitallySignedStruct, Error, SignatureScheme};

    impl ServerCertVerifier for Only {
        fn verify_server_cert(
            &self,
            _: &CertificateDer<'_>,
            _: &[CertificateDer<'_>],
            _: &ServerName<'_>,
            _: &[u8],
            _: UnixTime,
        ) -> Result<ServerCertVerified, Error> {
            Ok(ServerCertVerified::assertion())
        }

        fn verify_tls12_signature(
            &self,
            _: &[u8],
            _: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            assert!(self.0.contains(&signed.scheme), "{:?}", signed.scheme);
            Ok(HandshakeSignatureValid::assertion())
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            certificate: &CertificateDer<'_>,
            signed: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            self.verify_tls12_signature(message, certificate, signed)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.to_vec()
        }
    }
}

#[test]
fn who_comes_again_resumes() {
    let receiver = start();
    for version in VERSIONS {
        let config = config(&[version]);
        let kinds = [(); 3].map(|()| {
            let mut client = client_as(&receiver, config.clone());
            serve(&mut client);
            client.wire().tls().handshake_kind()
        });
        assert_eq!(kinds[0], Some(HandshakeKind::Full));
        assert_eq!(kinds[1..], [Some(HandshakeKind::Resumed); 2], "{version:?}");
    }
}

#[test]
fn a_renegotiation_is_refused() {
    if !installed("openssl") {
        return;
    }
    let receiver = start();
    let mut child = Command::new("openssl")
        .args(["s_client", "-tls1_2", "-connect", &receiver.address.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // It is asked for by a line, once the handshake is done; a line in time is waited for by s_client itself.
    let mut input = child.stdin.take().unwrap();
    let mut said = child.stderr.take().unwrap();
    let writing = thread::spawn(move || {
        // After its end s_client takes no lines, which ends this.
        while input.write_all(b"R\n").is_ok() {
            thread::sleep(std::time::Duration::from_millis(50));
        }
    });
    let mut text = String::new();
    said.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    writing.join().unwrap();
    assert!(text.contains("no renegotiation"), "{text}");
}

/// A socket that takes a byte at a time.
struct Bytewise(TcpStream);

impl Write for Bytewise {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(&bytes[..bytes.len().min(1)])
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Bytewise {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.0.read(bytes)
    }
}

#[test]
fn records_may_come_byte_by_byte_and_messages_in_records_of_any_size() {
    let receiver = start();
    for version in VERSIONS {
        for fragment in [None, Some(32), Some(100)] {
            let mut config = config(&[version]);
            config.max_fragment_size = fragment;
            let socket = bare(&receiver).socket().try_clone().unwrap();
            let mut stream = rustls::StreamOwned::new(client_of(config, "localhost"), Bytewise(socket));
            let request = signed("{}").header("Connection", "close").bytes();
            stream.write_all(&request).unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{fragment:?}: {answer}");
        }
    }
}

#[test]
fn new_keys_on_the_way_are_taken_and_too_many_are_not() {
    let receiver = start();
    let mut client = client(&receiver, &TLS13);
    for _ in 0..3 {
        serve(&mut client);
        client.wire().tls().refresh_traffic_keys().unwrap();
    }
    serve(&mut client);
    for _ in 0..100 {
        client.wire().tls().refresh_traffic_keys().unwrap();
    }
    let _ = client.try_write(b"x");
    let mut bytes = [0; 1];
    let error = client.wire().read(&mut bytes).unwrap_err();
    assert!(matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof), "{error}");
    serve(&mut receiver.connect());
}

#[test]
fn a_large_body_comes_through_whole() {
    let receiver = start();
    let body = format!("\"{}\"", "x".repeat(3_000_000));
    for version in VERSIONS {
        let mut client = client(&receiver, version);
        client.write(&signed(&body).bytes());
        client.answer().expect_success();
        assert_eq!(receiver.next_event().payload(), body);
    }
}

#[test]
fn curl_posts_over_tls() {
    if !installed("curl") {
        return;
    }
    let receiver = start();
    receiver.folder.file("authority.pem", crate::support::certificates::authority().as_bytes());
    let post = signed("{}");
    let signature = String::from_utf8(post.head()).unwrap();
    let signature = signature.lines().find(|line| line.starts_with("X-Hub")).unwrap().to_string();
    for version in
        ["--tls-max", "--tlsv1.3"].map(|flag| if flag == "--tls-max" { vec![flag, "1.2"] } else { vec![flag] })
    {
        let url = format!("https://localhost:{}/webhook", receiver.address.port());
        let outcome = Command::new("curl")
            .args(["--silent", "--show-error", "--noproxy", "*", "--cacert", "authority.pem", "--data", "{}"])
            .args(["--header", &signature, "--header", "Content-Type: application/json"])
            .args(version)
            .args([&url, &url])
            .current_dir(receiver.folder.path())
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&outcome.stdout), r#"{"status":"success"}"#.repeat(2), "{outcome:?}");
    }
}

#[test]
fn a_client_that_trusts_somebody_else_gets_nowhere() {
    let receiver = start();
    let mut config = config(&[&TLS13]);
    let stranger = with(&["localhost"], |_| ());
    let mut roots = rustls::RootCertStore::empty();
    roots.add(der(&stranger.certificate)).unwrap();
    config = rustls::ClientConfig::builder_with_provider(config.crypto_provider().clone())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let error = client_with(&receiver, client_of(config, "localhost")).try_write(b"x").unwrap_err();
    assert!(error.to_string().contains("UnknownIssuer"), "{error}");
    // It told so with an alert, which ends that connection and nothing else.
    serve(&mut receiver.connect());
}
