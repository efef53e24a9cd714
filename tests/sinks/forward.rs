//! What is posted, and what an answer means.

use super::{ID, LONG, going_on, push, why_again};
use crate::support::certificates::{authority, of};
use hookgate::config;
use hookgate::sink::forward::Forward;
use hookgate::sink::{Each, Outcome};
use hookgate::store::Event;
use hookgate::{Head, Header, Request, Secret, UnixTime, Verifier, preset};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

/// The secret of Standard Webhooks' own examples.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

pub(crate) fn settings(url: &str) -> config::Forward {
    config::Forward { url: url.into(), sign_with: None, ca: None, concurrency: 4, timeout: LONG }
}

pub(crate) fn forward(url: &str) -> Forward {
    Forward::new(&settings(url), None, None).unwrap()
}

/// A request as it came: its head as text, without the line ends, and its body.
#[derive(Debug)]
pub(crate) struct Came {
    pub(crate) lines: Vec<Vec<u8>>,
    pub(crate) body: Vec<u8>,
}

impl Came {
    pub(crate) fn read(stream: &mut impl BufRead) -> Option<Came> {
        let (mut lines, mut body_bytes) = (Vec::new(), 0);
        loop {
            let mut line = Vec::new();
            if stream.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            line.truncate(line.strip_suffix(b"\r\n")?.len());
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix(b"content-length: ") {
                body_bytes = String::from_utf8_lossy(value).parse().ok()?;
            }
            lines.push(line);
        }
        let mut body = vec![0; body_bytes];
        stream.read_exact(&mut body).ok()?;
        Some(Came { lines, body })
    }

    fn value(&self, name: &str) -> Option<&[u8]> {
        self.lines.iter().find_map(|line| line.strip_prefix(format!("{name}: ").as_bytes()))
    }
}

/// A server that has `talk` with each connection, on a thread of its own.
pub(crate) fn server(talk: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let talk = Arc::new(talk);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let talk = Arc::clone(&talk);
            thread::spawn(move || stream.map(|stream| talk(stream)));
        }
    });
    address
}

/// A server that answers every request with `answer`, and tells what came, with the number of its connection.
pub(crate) fn answering(answer: &'static [u8]) -> (SocketAddr, mpsc::Receiver<(u16, Came)>) {
    let (came, tell) = mpsc::channel();
    let address = server(move |mut stream| {
        let connection = stream.peer_addr().unwrap().port();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        while let Some(request) = Came::read(&mut reader) {
            let _ = came.send((connection, request));
            if stream.write_all(answer).is_err() {
                return;
            }
        }
    });
    (address, tell)
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

#[test]
fn the_body_and_the_fields_are_those_that_came_and_nothing_is_added_but_ours() {
    let (address, came) = answering(OK);
    let body: Vec<u8> = (0..300_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    let headers: [(&str, &[u8]); 6] = [
        ("Host", b"hooks.example"),
        ("User-Agent", b"GitHub-Hookshot/044aadd"),
        ("X-Hub-Signature-256", b"sha256=00"),
        ("X-Bytes", b"a \xe9\t\xff  b"),
        ("Content-Length", b"7"),
        ("Content-Type", b"application/json"),
    ];
    let event = Event {
        headers: headers.iter().map(|(name, value)| (name.to_string(), value.to_vec())).collect(),
        ..push(&body)
    };
    let attempt = forward(&format!("http://{address}/events?a=b")).attempt(&event, ID, 3, &going_on());
    assert_eq!(attempt, Outcome::Done.into());
    let (_, came) = came.recv().unwrap();
    assert!(came.body == body);
    let mut lines = came.lines;
    assert_eq!(lines.remove(0), b"POST /events?a=b HTTP/1.1");
    lines.sort();
    let mut expected: Vec<Vec<u8>> = [
        format!("content-length: {}", body.len()).as_bytes(),
        b"content-type: application/json",
        b"hookgate-attempt: 3",
        format!("hookgate-id: {ID}").as_bytes(),
        format!("host: {address}").as_bytes(),
        b"user-agent: GitHub-Hookshot/044aadd",
        b"x-bytes: a \xe9\t\xff  b",
        b"x-hub-signature-256: sha256=00",
    ]
    .iter()
    .map(|line| line.to_vec())
    .collect();
    expected.sort();
    assert_eq!(lines, expected);
}

#[test]
fn an_empty_body_is_posted_as_one() {
    let (address, came) = answering(OK);
    assert_eq!(forward(&format!("http://{address}")).attempt(&push(b""), ID, 1, &going_on()), Outcome::Done.into());
    let (_, came) = came.recv().unwrap();
    assert_eq!((came.lines[0].as_slice(), came.value("content-length")), (&b"POST / HTTP/1.1"[..], Some(&b"0"[..])));
}

#[test]
fn signed_anew_it_verifies_as_standard_webhooks_under_the_id_that_the_event_has() {
    let (address, came) = answering(OK);
    let secret = Secret::new(SECRET.as_bytes().to_vec()).unwrap();
    let sink = Forward::new(&settings(&format!("http://{address}/")), Some(&secret), None).unwrap();
    // A sender's own signature by the same scheme is not passed on beside ours.
    let headers = ["Webhook-Id", "WEBHOOK-TIMESTAMP", "webhook-signature"];
    let headers = headers.map(|name| (name.to_string(), b"the sender's".to_vec())).to_vec();
    let body = b"{ \"a\": 1 }\n";
    assert_eq!(sink.attempt(&Event { headers, ..push(body) }, ID, 1, &going_on()), Outcome::Done.into());
    let (_, came) = came.recv().unwrap();
    assert_eq!(came.lines.iter().filter(|line| line.starts_with(b"webhook-")).count(), 3);
    assert_eq!((came.value("webhook-id"), came.value("hookgate-id")), (Some(ID.as_bytes()), Some(ID.as_bytes())));
    let fields: Vec<(String, Vec<u8>)> = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .iter()
        .map(|name| (name.to_string(), came.value(name).unwrap().to_vec()))
        .collect();
    let headers: Vec<Header<'_>> = fields.iter().map(|(name, value)| Header { name, value }).collect();
    let verifier = Verifier::new(preset("standard-webhooks").unwrap(), [("one".to_string(), secret)]).unwrap();
    let head = Head { method: "POST", target: "/", headers: &headers };
    assert!(verifier.verify(&Request { head, body: &came.body }, UnixTime::now()).is_ok());
    assert_eq!(came.body, body);
}

#[test]
fn a_secret_that_cannot_sign_is_said_before_anything_is_posted() {
    let secret = Secret::new(b"whsec_!".to_vec()).unwrap();
    let error = Forward::new(&settings("http://127.0.0.1/"), Some(&secret), None).unwrap_err();
    assert!(error.what.starts_with("its secret cannot sign: ") && !error.what.contains('!'), "{error:?}");
}

#[test]
fn connections_are_used_again() {
    let (address, came) = answering(OK);
    let sink = forward(&format!("http://{address}/"));
    for _ in 0..5 {
        assert_eq!(sink.attempt(&push(b"{}"), ID, 1, &going_on()), Outcome::Done.into());
    }
    let connections: Vec<u16> = came.try_iter().map(|(connection, _)| connection).collect();
    assert_eq!(connections, vec![connections[0]; 5]);
}

#[test]
fn the_status_says_what_became_of_it_and_what_was_answered_is_kept() {
    let retry =
        |why: &str, after: Option<u64>| Outcome::Retry { why: why.to_string(), after: after.map(Duration::from_secs) };
    let cases: [(&[u8], Outcome); 6] = [
        (b"HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\nsaid", retry("answered 500", None)),
        (b"HTTP/1.1 503 No\r\nretry-after: soon\r\ncontent-length: 4\r\n\r\nsaid", retry("answered 503", None)),
        (b"HTTP/1.1 429 No\r\nRetry-After: 7\r\ncontent-length: 4\r\n\r\nsaid", retry("answered 429", Some(7))),
        (
            b"HTTP/1.1 503 No\r\nRetry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 4\r\n\r\nsaid",
            retry("answered 503", Some(0)),
        ),
        (b"HTTP/1.1 410 No\r\ncontent-length: 4\r\n\r\nsaid", Outcome::Dead { why: "answered 410".into() }),
        (b"HTTP/1.1 404 No\r\nconnection: close\r\n\r\nsaid", retry("answered 404", None)),
    ];
    for (answer, outcome) in cases {
        let address = server(move |mut stream| {
            let _ = Came::read(&mut BufReader::new(stream.try_clone().unwrap()));
            let _ = stream.write_all(answer);
        });
        let attempt = forward(&format!("http://{address}/")).attempt(&push(b"{}"), ID, 1, &going_on());
        assert_eq!((attempt.outcome, attempt.output.as_slice()), (outcome, &b"said"[..]));
    }
}

#[test]
fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let (address, came) = {
            let (came, tell) = mpsc::channel();
            let address = server(move |mut stream| {
                let request = Came::read(&mut BufReader::new(stream.try_clone().unwrap()));
                let _ = came.send(request.map(|request| request.lines[0].clone()));
                let answer = format!("HTTP/1.1 {status} Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes());
            });
            (address, tell)
        };
        let attempt = forward(&format!("http://{address}/here")).attempt(&push(b"{}"), ID, 1, &going_on());
        assert_eq!(why_again(&attempt.outcome), format!("answered {status}, and redirects are not followed"));
        let asked: Vec<_> = came.try_iter().collect();
        assert_eq!(asked, [Some(b"POST /here HTTP/1.1".to_vec())]);
    }
}

/// A server that speaks TLS with a certificate of the authority of the tests.
fn tls_server(names: &'static [&'static str]) -> SocketAddr {
    let pair = of(names);
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap());
    server(move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = BufReader::new(StreamOwned::new(connection, stream));
        while Came::read(&mut stream).is_some() {
            let _ = stream.get_mut().write_all(OK);
        }
    })
}

#[test]
fn over_tls_only_those_are_trusted_that_are_named_and_otherwise_those_of_mozillas_list() {
    let address = tls_server(&["localhost"]);
    let url = format!("https://localhost:{}/", address.port());
    let trusting = Forward::new(&settings(&url), None, Some(authority().as_bytes())).unwrap();
    assert_eq!(trusting.attempt(&push(b"{}"), ID, 1, &going_on()), Outcome::Done.into());
    let why = "TLS failed: invalid peer certificate: UnknownIssuer";
    assert_eq!(why_again(&forward(&url).attempt(&push(b"{}"), ID, 1, &going_on()).outcome), why);
    // A certificate of another name.
    let url = format!("https://localhost:{}/", tls_server(&["elsewhere.example"]).port());
    let trusting = Forward::new(&settings(&url), None, Some(authority().as_bytes())).unwrap();
    let attempt = trusting.attempt(&push(b"{}"), ID, 1, &going_on());
    assert!(why_again(&attempt.outcome).starts_with("TLS failed: invalid peer certificate: "), "{attempt:?}");
}

#[test]
fn certificates_that_cannot_be_used_are_said() {
    let cut = &authority()[..200];
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for (pem, what) in [
        ("", "its ca has no certificate in it"),
        ("no PEM at all", "its ca has no certificate in it"),
        (cut, "its ca is no PEM that can be read"),
        (broken, "its ca has a certificate that cannot be read"),
    ] {
        let error = Forward::new(&settings("https://localhost/"), None, Some(pem.as_bytes())).unwrap_err();
        assert_eq!(error.what, what);
    }
}
