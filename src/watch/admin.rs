//! The admin listener: who looks after the receiver asks it there how it is. On loopback or a Unix socket only: what it says is
//! nobody else's business, and who may ask is not checked.

use super::health::Health;
use super::metrics::{self, Metrics};
use crate::answer::Answer;
use crate::http1::{Buffers, Connection, Limits, Service, Verdict, Want};
use crate::request::{Head, Request};
use crate::serve::unix::{self, SocketFile};
use crate::time::UnixTime;
use crate::verify::Refusal;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Connections at once, at most, each on a thread: a scraper, a probe, a person, and some to spare. More are closed.
const CONNECTIONS: usize = 8;

/// Time for a request to come, and for its answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 16;

/// A pause after a failed accept.
const PAUSE: Duration = Duration::from_millis(100);

/// A listener before it answers.
#[derive(Debug)]
pub struct Admin {
    listener: Listener,
    name: String,
    file: Option<SocketFile>,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Why there is no admin listener.
#[derive(Debug)]
pub enum CannotListen {
    /// The address is one that others than this machine can reach.
    Open(SocketAddr),
    /// It is no address.
    Unusable(String),
    /// What the system said.
    Failed(io::Error),
}

impl Admin {
    /// Listens on `address`: `host:port` of loopback, or `unix:PATH`, whose file then has `mode`.
    ///
    /// # Errors
    /// Where it is another one, or cannot be listened on.
    pub fn bind(address: &str, mode: u32) -> Result<Self, CannotListen> {
        if let Some(path) = address.strip_prefix("unix:") {
            let (listener, file) =
                unix::listen(Path::new(path), mode, BACKLOG).map_err(|error| match error.kind() {
                    io::ErrorKind::InvalidInput => CannotListen::Unusable(error.to_string()),
                    _ => CannotListen::Failed(error),
                })?;
            return Ok(Admin { listener: Listener::Unix(listener), name: address.to_string(), file: Some(file) });
        }
        let addresses = check(address)?;
        let listener = TcpListener::bind(addresses.as_slice()).map_err(CannotListen::Failed)?;
        let name = listener.local_addr().map_err(CannotListen::Failed)?.to_string();
        Ok(Admin { listener: Listener::Tcp(listener), name, file: None })
    }

    /// Where it listens: `127.0.0.1:9000` with the real port, or `unix:PATH`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Answers from now on, on threads of its own, until the process ends; gives the file of its socket, which goes with it.
    ///
    /// # Errors
    /// Where there is no thread to be had.
    pub fn start(self, metrics: Arc<Metrics>, health: Arc<Health>) -> io::Result<Option<SocketFile>> {
        let Admin { listener, file, .. } = self;
        let desk = Arc::new(Desk { metrics, health, open: AtomicUsize::new(0) });
        std::thread::Builder::new().name("admin".into()).spawn(move || {
            loop {
                match listener.accept() {
                    Ok(stream) => desk.welcome(stream),
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        })?;
        Ok(file)
    }
}

/// The addresses that `address` names, if all of them are of this machine's loopback.
///
/// # Errors
/// Where they are not, or there are none.
pub fn check(address: &str) -> Result<Vec<SocketAddr>, CannotListen> {
    let named = address.to_socket_addrs().map_err(|error| CannotListen::Unusable(error.to_string()))?;
    let addresses: Vec<SocketAddr> = named.collect();
    match addresses.iter().find(|address| !address.ip().to_canonical().is_loopback()) {
        Some(open) => Err(CannotListen::Open(*open)),
        None if addresses.is_empty() => Err(CannotListen::Unusable("it names no address".to_string())),
        None => Ok(addresses),
    }
}

impl Listener {
    /// The next connection. A stream is a stream: std's of TCP reads and writes any.
    fn accept(&self) -> io::Result<TcpStream> {
        match self {
            Listener::Tcp(listener) => listener.accept().map(|(stream, _)| stream),
            Listener::Unix(listener) => listener.accept().map(|(stream, _)| TcpStream::from(OwnedFd::from(stream))),
        }
    }
}

/// What is asked of, and how many ask.
struct Desk {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    open: AtomicUsize,
}

impl Desk {
    fn welcome(self: &Arc<Self>, stream: TcpStream) {
        if self.open.fetch_add(1, Ordering::AcqRel) >= CONNECTIONS {
            self.open.fetch_sub(1, Ordering::AcqRel);
            return;
        }
        let desk = Arc::clone(self);
        let spawned = std::thread::Builder::new().name("admin request".into()).spawn(move || {
            // Who goes away is owed nothing.
            let _ = desk.attend(stream);
            desk.open.fetch_sub(1, Ordering::AcqRel);
        });
        if spawned.is_err() {
            self.open.fetch_sub(1, Ordering::AcqRel);
        }
    }

    /// Answers one request, and closes the connection.
    fn attend(&self, mut stream: TcpStream) -> io::Result<()> {
        let limits = Limits { head_time: PATIENCE, write_time: PATIENCE, requests: 1, ..Limits::default() };
        let (start, mut buffers, mut read) = (Instant::now(), Buffers::default(), [0; 4096]);
        let mut http = Connection::new(&limits, Duration::ZERO);
        stream.set_write_timeout(Some(PATIENCE))?;
        loop {
            let (now, date) = (start.elapsed(), UnixTime::now());
            if http.deadline() <= now {
                http.expire(&mut Asked(self), &limits, now, date);
            }
            match http.want() {
                Want::Close | Want::Answer => return Ok(()),
                Want::Advance => http.advance(&mut Asked(self), &limits, now, date),
                Want::Write => {
                    let count = stream.write(http.pending())?;
                    http.wrote(count, &limits, &mut buffers, now);
                    if http.want() == Want::Linger {
                        // What waits unread would have the answer lost.
                        stream.shutdown(std::net::Shutdown::Write)?;
                    }
                }
                Want::Read | Want::Linger => {
                    let left = http.deadline().saturating_sub(now).max(Duration::from_millis(1));
                    stream.set_read_timeout(Some(left))?;
                    match stream.read(&mut read) {
                        Ok(0) => {
                            http.end_input();
                            http.advance(&mut Asked(self), &limits, now, date);
                        }
                        Ok(count) => {
                            let bytes = read.get(..count).unwrap_or_default();
                            http.receive(bytes, &mut Asked(self), &limits, &mut buffers, now, date);
                        }
                        // Then its deadline has come.
                        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {}
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(error) => return Err(error),
                    }
                }
            }
        }
    }

    fn answer(&self, path: &str) -> Option<Answer> {
        Some(match path {
            "/healthz" => Answer::page(200, JSON, "{\"alive\":true}".to_string()),
            "/readyz" => {
                let reasons = self.health.reasons();
                let said = serde_json::json!({ "ready": reasons.is_empty(), "reasons": reasons });
                Answer::page(if reasons.is_empty() { 200 } else { 503 }, JSON, said.to_string())
            }
            "/metrics" => {
                let is_ready = self.health.reasons().is_empty();
                Answer::page(200, metrics::CONTENT_TYPE, self.metrics.text(is_ready, UnixTime::now()))
            }
            _ => return None,
        })
    }
}

const JSON: &str = "application/json";

/// One request to a desk.
struct Asked<'d>(&'d Desk);

impl Asked<'_> {
    fn check(head: &Head<'_>) -> Result<(), Refusal> {
        if matches!(head.method, "GET" | "HEAD") { Ok(()) } else { Err(Refusal::MethodNotAllowed) }
    }
}

impl Service for Asked<'_> {
    fn admit(&mut self, head: &Head<'_>, _: Option<u64>) -> Result<u64, Refusal> {
        // Nothing that is answered has a body.
        Self::check(head).and(Err(Refusal::BodyTooLong { limit_bytes: 0 }))
    }

    fn decide(&mut self, request: &Request<'_>) -> Verdict {
        let refusal = match Self::check(&request.head) {
            Err(refusal) => refusal,
            Ok(()) => match self.0.answer(request.head.path()) {
                Some(answer) => return Verdict::Answer(answer),
                None => Refusal::UnknownPath,
            },
        };
        Verdict::Answer(self.refuse(&request.head, &refusal))
    }

    fn refuse(&mut self, _: &Head<'_>, refusal: &Refusal) -> Answer {
        Answer::refused_of(refusal, &["GET".to_string(), "HEAD".to_string()])
    }
}

impl fmt::Display for CannotListen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CannotListen::Open(address) => write!(f, "{address} is not of this machine's loopback"),
            CannotListen::Unusable(why) => f.write_str(why),
            CannotListen::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CannotListen {}
