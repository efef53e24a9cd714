//! The front on tiny_http: a loop of `recv`, `receive`, keep, answer. For embedding, for loopback and behind a buffering
//! proxy; docs/DESIGN.md lists what tiny_http cannot be kept from.

use super::watch::{self, Answered, Settled, Unwatched, Watch};
use super::{Change, Stop};
use crate::access::Rates;
use crate::answer::{Answer, Persistence};
use crate::http1::{self, Framing};
use crate::receipt::{Keep, Novelty, Staged, settle, stage};
use crate::receive::{Received, Receivers};
use crate::request::{Head, Header, Request};
use crate::time::UnixTime;
use crate::verify::Refusal;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tiny_http::Server;

/// Most requests kept in one turn of the loop, in one write.
const TURN_REQUESTS: usize = 256;

/// A turn takes no further request once its bodies together pass this, in bytes: one full body beside smaller ones.
const TURN_BODY_BYTES: usize = 32 * 1024 * 1024;

/// A client that does not read its answer holds the loop this long at most.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the loop waits for a request before it looks whether it is to stop or its acceptor has died.
const LOOK_AROUND: Duration = Duration::from_millis(250);

/// A server whose acceptor has died still has connections; their requests are taken for this long.
const RETIRE_AFTER: Duration = Duration::from_secs(10);

/// When stopping, this long without a further request means that what was accepted is finished.
const QUIET: Duration = Duration::from_millis(250);

/// Bounds of the pause after a failed accept; it doubles.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// What the front listens on.
#[derive(Debug)]
pub enum Listener {
    /// A TCP socket; of this machine's loopback, or strangers can end the process.
    Tcp(TcpListener),
    /// A Unix socket. What connects there is trusted to read its answers: accepted sockets inherit no timeout.
    Unix(UnixListener),
}

impl Listener {
    /// The same socket as a stream, on which std has the options and the shutdown that it does not offer on a listener.
    fn as_stream(&self) -> io::Result<TcpStream> {
        let socket = match self {
            Listener::Tcp(listener) => OwnedFd::from(listener.try_clone()?),
            Listener::Unix(listener) => OwnedFd::from(listener.try_clone()?),
        };
        Ok(TcpStream::from(socket))
    }

    /// A tiny_http server that accepts on it.
    fn server(&self) -> io::Result<Server> {
        let listener = match self {
            Listener::Tcp(listener) => tiny_http::Listener::Tcp(listener.try_clone()?),
            Listener::Unix(listener) => tiny_http::Listener::Unix(listener.try_clone()?),
        };
        Server::from_listener(listener, None).map_err(io::Error::other)
    }
}

/// A way to stop the front that will listen on `listener`.
///
/// # Errors
/// Where the listener cannot be duplicated (out of descriptors).
pub fn stop(listener: &Listener) -> io::Result<Stop> {
    let socket = listener.as_stream()?;
    // Wakes tiny_http's thread from its accept, where the system does that (Linux); elsewhere the loop looks at the flag by
    // and by.
    Ok(Stop::new(move || drop(socket.shutdown(Shutdown::Both))))
}

/// A way to have the front serve by other receivers. It looks for them four times a second at least.
#[must_use]
pub fn change() -> Change<Receivers> {
    Change::new(|| {})
}

/// Serves `receivers` on `listener` until `stop` asks it not to, or those that `change` hands to it. Returns after what was
/// accepted is answered.
///
/// # Errors
/// Where the listener cannot be set up.
pub fn run<K: Keep>(
    listener: &Listener,
    receivers: Receivers,
    keeper: &mut K,
    change: &Change<Receivers>,
    stop: &Stop,
) -> io::Result<()> {
    run_watched(listener, receivers, keeper, &mut Unwatched, change, stop)
}

/// [`run`] with somebody who watches.
///
/// # Errors
/// Where the listener cannot be set up.
pub fn run_watched<K: Keep>(
    listener: &Listener,
    receivers: Receivers,
    keeper: &mut K,
    watch: &mut dyn Watch,
    change: &Change<Receivers>,
    stop: &Stop,
) -> io::Result<()> {
    // Accepted TCP sockets inherit it (Linux, BSD).
    listener.as_stream()?.set_write_timeout(Some(SEND_TIMEOUT))?;
    let mut front = Front::new(listener)?;
    watch.serves(&receivers);
    let mut desk = Desk { receivers, rates: Rates::default(), watch, started: Instant::now() };
    while !stop.asked() {
        let first = front.wait(LOOK_AROUND, stop);
        if let Some(receivers) = change.take() {
            desk.watch.serves(&receivers);
            desk = Desk { receivers, rates: Rates::default(), ..desk };
        }
        if let Some(first) = first {
            turn(first, &mut front, &mut desk, keeper);
        }
        // No later than they ask for, give or take a look around.
        keeper.tend();
        desk.watch.keeps(keeper.is_taking());
        desk.watch.tend(UnixTime::now());
    }
    while let Some(first) = front.wait(QUIET, stop) {
        turn(first, &mut front, &mut desk, keeper);
    }
    Ok(())
}

/// Who decides, and what that goes by.
struct Desk<'w> {
    receivers: Receivers,
    rates: Rates,
    watch: &'w mut dyn Watch,
    started: Instant,
}

/// One turn: `first` and what else is waiting are read, judged and staged, then kept together, then answered.
fn turn<K: Keep>(first: tiny_http::Request, front: &mut Front<'_>, desk: &mut Desk<'_>, keeper: &mut K) {
    let Desk { receivers, rates, watch, started } = desk;
    let now = (started.elapsed(), UnixTime::now());
    let mut judged = Vec::new();
    let mut body_bytes = 0;
    let mut next = Some(first);
    while let Some(mut request) = next {
        let peer = request.remote_addr().map(SocketAddr::ip);
        let began = Instant::now();
        let verdict = read_body(&mut request, receivers, rates, now.0).and_then(|body| {
            body_bytes += body.len();
            let headers = headers(&request);
            match receivers.receive(&Request { head: head(&request, &headers), body: &body }, rates, now)? {
                (_, Received::Handshake(answer)) => Ok(Decided::Answered(answer)),
                (number, Received::Delivery(delivery)) => {
                    watch.proved(number, delivery.verified().secret_label(), now.1);
                    Ok(Decided::Proven(number, stage(keeper, &delivery.with_peer(peer)).ok()))
                }
            }
        });
        judged.push((request, verdict, began));
        let room = judged.len() < TURN_REQUESTS && body_bytes < TURN_BODY_BYTES;
        next = if room { front.try_next() } else { None };
    }
    let deliveries = judged.iter().filter(|(_, verdict, _)| matches!(verdict, Ok(Decided::Proven(..)))).count();
    let asked = Instant::now();
    if deliveries > 0 {
        watch.settles();
    }
    let receipt = settle(keeper).ok();
    if deliveries > 0 {
        watch.settled(Settled { deliveries, took: asked.elapsed(), is_kept: receipt.is_some() });
    }
    let mut id = Vec::new();
    for (request, verdict, began) in judged {
        let receiver = receivers.find(&head(&request, &[])).map(|(number, _)| number);
        let proven = |number| receivers.at(number).map(|receiver| receiver.verifier().scheme());
        id.clear();
        let refusal;
        let (verdict, answer) = match (verdict, &receipt) {
            (Err(refused), _) => {
                refusal = refused;
                (watch::Verdict::Refused(&refusal), receivers.refuse(&head(&request, &[]), &refusal))
            }
            (Ok(Decided::Answered(answer)), _) => (watch::Verdict::Handshake, answer),
            (Ok(Decided::Proven(number, staged)), receipt) => match (staged, receipt, proven(number)) {
                (Some(staged), Some(receipt), Some(scheme)) => {
                    staged
                        .number()
                        .filter(|_| watch.wants_ids(now.1))
                        .inspect(|number| keeper.write_id(*number, &mut id));
                    let verdict = match staged.novelty() {
                        Novelty::New => watch::Verdict::Accepted,
                        Novelty::Duplicate => watch::Verdict::Duplicate,
                    };
                    (verdict, Answer::accepted(scheme, staged, receipt))
                }
                _ => (watch::Verdict::Unavailable, Answer::unavailable()),
            },
        };
        watch.answered(&Answered {
            receiver,
            verdict,
            status: answer.status(),
            id: std::str::from_utf8(&id).ok().filter(|id| !id.is_empty()),
            peer: request.remote_addr().map(SocketAddr::ip),
            took: began.elapsed(),
            date: now.1,
        });
        respond(request, &answer, now.1);
    }
}

/// What became of a request that was not refused.
enum Decided {
    /// The receiver of this number proved it. It waits for the turn to be kept, if it was staged.
    Proven(usize, Option<Staged>),
    /// This answers it.
    Answered(Answer),
}

fn headers(request: &tiny_http::Request) -> Vec<Header<'_>> {
    request
        .headers()
        .iter()
        .map(|header| Header { name: header.field.as_str().as_str(), value: header.value.as_bytes() })
        .collect()
}

fn head<'a>(request: &'a tiny_http::Request, headers: &'a [Header<'a>]) -> Head<'a> {
    Head { method: request.method().as_str(), target: request.url(), headers }
}

/// The body of `request`, whole, if its head lets it be read at all.
fn read_body(
    request: &mut tiny_http::Request,
    receivers: &Receivers,
    rates: &mut Rates,
    now: Duration,
) -> Result<Vec<u8>, Refusal> {
    let (framing, limit_bytes) = {
        let headers = headers(request);
        let head = head(request, &headers);
        let framing = http1::framing(&head, *request.http_version() == tiny_http::HTTPVersion(1, 0))?;
        receivers.enter(&head, request.remote_addr().map(SocketAddr::ip), rates, now)?;
        (framing, receivers.admit(&head, framing.declared_bytes())?)
    };
    // No more than is declared: where an upgrade is offered, the reader goes on to the connection's end.
    let most_bytes = match framing {
        Framing::Length(declared_bytes) => declared_bytes,
        Framing::Chunked if offers_upgrade(request) => return Err(Refusal::AmbiguousFraming),
        Framing::Chunked => limit_bytes.saturating_add(1),
    };
    let mut body = Vec::new();
    // Sends `100 Continue` where the client waits for it.
    let reader = request.as_reader().take(most_bytes).read_to_end(&mut body);
    let body_bytes = reader.map_err(|_| Refusal::BrokenBody)? as u64;
    match framing {
        _ if body_bytes > limit_bytes => Err(Refusal::BodyTooLong { limit_bytes }),
        Framing::Length(declared_bytes) if body_bytes != declared_bytes => Err(Refusal::BrokenBody),
        Framing::Length(_) | Framing::Chunked => Ok(body),
    }
}

/// Whether tiny_http takes `request` for the offer of an upgrade: then it decodes no chunks.
fn offers_upgrade(request: &tiny_http::Request) -> bool {
    let mut fields = request.headers().iter();
    let connection = fields.find(|header| header.field.equiv("Connection"));
    connection.is_some_and(|header| header.value.as_str().to_ascii_lowercase().contains("upgrade"))
}

/// Writes `answer` by hand, since tiny_http's own `Response` filters `Connection`, and its threads leave clients that keep
/// their connection unserved. A client that is gone loses its answer, nobody else's.
fn respond(request: tiny_http::Request, answer: &Answer, now: UnixTime) {
    let mut text = Vec::new();
    answer.write(request.method().as_str(), Persistence::Close, now, &mut text);
    let mut writer = request.into_writer();
    let _ = writer.write_all(&text).and_then(|()| writer.flush());
}

/// The tiny_http server that accepts now, and those whose acceptor died but whose connections live.
struct Front<'l> {
    listener: &'l Listener,
    accepting: Server,
    retired: Vec<(Server, Instant)>,
    backoff: Duration,
}

impl<'l> Front<'l> {
    fn new(listener: &'l Listener) -> io::Result<Self> {
        notice_dying_acceptors();
        Ok(Front { listener, accepting: listener.server()?, retired: Vec::new(), backoff: BACKOFF.0 })
    }

    /// The next request, if one comes within `patience`.
    fn wait(&mut self, patience: Duration, stop: &Stop) -> Option<tiny_http::Request> {
        // Between retired servers there is nothing to wait on together, so that they are asked in turn.
        let patience = if self.retired.is_empty() { patience } else { patience.min(Duration::from_millis(20)) };
        let died = match self.accepting.recv_timeout(patience) {
            Ok(Some(request)) => {
                self.backoff = BACKOFF.0;
                return Some(request);
            }
            Ok(None) => ACCEPTOR_DIED.swap(false, Ordering::SeqCst),
            Err(_) => true,
        };
        if died && !stop.asked() {
            self.replace();
        }
        self.try_retired()
    }

    /// A request that is there already.
    fn try_next(&mut self) -> Option<tiny_http::Request> {
        // An error here is of an acceptor that died: the next `wait` sees it by the flag.
        match self.accepting.try_recv() {
            Ok(request) => request.or_else(|| self.try_retired()),
            Err(_) => {
                ACCEPTOR_DIED.store(true, Ordering::SeqCst);
                None
            }
        }
    }

    fn try_retired(&mut self) -> Option<tiny_http::Request> {
        self.retired.retain(|(_, since)| since.elapsed() < RETIRE_AFTER);
        self.retired.iter().find_map(|(server, _)| server.try_recv().ok().flatten())
    }

    /// tiny_http stops accepting for ever after one failed accept: a fresh server takes over the listener, after a pause
    /// that lets descriptors come free.
    fn replace(&mut self) {
        std::thread::sleep(self.backoff);
        self.backoff = (self.backoff * 2).min(BACKOFF.1);
        match self.listener.server() {
            Ok(fresh) => {
                let died = std::mem::replace(&mut self.accepting, fresh);
                self.retired.push((died, Instant::now()));
            }
            // Not even a descriptor for the listener's duplicate: try again.
            Err(_) => ACCEPTOR_DIED.store(true, Ordering::SeqCst),
        }
    }
}

/// Set when tiny_http's accepting thread has died without saying so.
static ACCEPTOR_DIED: AtomicBool = AtomicBool::new(false);

/// tiny_http's accepting thread panics where a descriptor for its duplicate of an accepted socket, or a thread, cannot be
/// had, and nobody is told. A panic hook can see it: only that thread makes duplicates and spawns threads. Panics of
/// tiny_http's threads end one connection and print nothing; all others go to the hook that was there.
fn notice_dying_acceptors() {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let place = panic.location().map_or("", |location| location.file());
            let unnamed = std::thread::current().name().is_none();
            let of_tiny_http = unnamed && place.contains("tiny_http");
            let of_spawning = unnamed && place.contains("std/src/thread");
            if of_spawning || (of_tiny_http && place.contains("refined_tcp_stream")) {
                ACCEPTOR_DIED.store(true, Ordering::SeqCst);
            }
            if !of_tiny_http && !of_spawning {
                previous(panic);
            }
        }));
    });
}
