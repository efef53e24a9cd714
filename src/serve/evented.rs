//! The front for the open internet: one thread, non-blocking sockets, the pure `http1` connection behind each.
//!
//! One turn: wait for readiness, read and decide what is ready, keep all that was proven with one commit, answer, end what
//! is overdue. What a stranger can take is bounded everywhere; at a bound somebody is shed, and the loop goes on.

mod admission;
mod client;
mod peers;
#[cfg(feature = "tls")]
mod session;
#[cfg(not(feature = "tls"))]
#[path = "evented/no_session.rs"]
mod session;
mod slots;
mod socket;
mod turn;

pub use socket::{BACKLOG, Listener};

use super::watch::{Unwatched, Watch};
use super::{Change, Stop};
use crate::access::Rates;
use crate::answer::LastAnswer;
use crate::http1::{Buffers, Limits};
use crate::receipt::{Keep, Staged};
use crate::receive::Receivers;
use crate::time::UnixTime;
use mio::unix::SourceFd;
use mio::{Interest, Poll, Token, Waker};
use slots::Slots;
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What the front as a whole may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The limits of each connection.
    pub limits: Limits,
    /// Most connections at once; fewer where the system allows fewer descriptors.
    pub connections: usize,
    /// Most connections at once from one address. Off unless set: behind a proxy all look the same.
    pub connections_per_address: Option<usize>,
    /// Most memory in all connections' buffers together, in bytes: one body of the longest, and room for smaller ones.
    pub buffered_bytes: usize,
    /// After being asked to stop: how long what is in flight may take.
    pub stop_time: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            limits: Limits::default(),
            connections: 4096,
            connections_per_address: None,
            buffered_bytes: 40 * 1024 * 1024,
            // Docker kills 10 s after SIGTERM.
            stop_time: Duration::from_secs(8),
        }
    }
}

/// What a front serves by.
#[derive(Debug)]
pub struct Serving {
    /// Who decides.
    pub receivers: Receivers,
    /// What it may take.
    pub settings: Settings,
    /// Where it listens from then on; nothing where that is to stay. Connections that were accepted stay in any case.
    pub listeners: Option<Vec<Arc<Listener>>>,
}

/// Most bytes read at once, and the size of the one buffer that all reads go through.
const READ_BYTES: usize = 64 * 1024;

/// Bounds of the pause after a failed accept (out of descriptors, out of memory); it doubles.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

const WAKER: Token = Token(usize::MAX);

/// A front that listens, before it runs.
#[derive(Debug)]
pub struct Front {
    poll: Poll,
    listeners: Vec<Listening>,
    waker: Arc<Waker>,
    change: Change<Serving>,
    watch: Watcher,
}

/// Who watches the front.
struct Watcher(Box<dyn Watch>);

#[derive(Debug)]
struct Listening {
    /// Its number; no other has had it.
    number: usize,
    listener: Arc<Listener>,
    /// There may be more to accept: readiness is told once.
    ready: bool,
}

impl Front {
    /// A front on `listeners`.
    ///
    /// # Errors
    /// Where the system has no readiness to offer for them.
    pub fn new<L: Into<Arc<Listener>>>(listeners: Vec<L>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let numbered = listeners.into_iter().enumerate();
        let listening = numbered.map(|(number, listener)| Listening::start(&poll, number, listener.into()));
        let listening = listening.collect::<io::Result<_>>()?;
        let wakes = Arc::clone(&waker);
        let change = Change::new(move || drop(wakes.wake()));
        Ok(Front { poll, listeners: listening, waker, change, watch: Watcher(Box::new(Unwatched)) })
    }

    /// The same with somebody who watches it.
    #[must_use]
    pub fn with_watch(self, watch: impl Watch + 'static) -> Self {
        Front { watch: Watcher(Box::new(watch)), ..self }
    }

    /// A way to stop it.
    #[must_use]
    pub fn stop(&self) -> Stop {
        let waker = Arc::clone(&self.waker);
        Stop::new(move || drop(waker.wake()))
    }

    /// A way to have it serve by something else. What is open keeps its deadlines.
    #[must_use]
    pub fn change(&self) -> Change<Serving> {
        self.change.clone()
    }

    /// What wakes it, so that its keeper can do what another thread asked for.
    pub fn waker(&self) -> impl Fn() + Send + 'static {
        let waker = Arc::clone(&self.waker);
        move || drop(waker.wake())
    }

    /// Where it listens.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.listeners.iter().map(|listening| listening.listener.name())
    }

    /// Serves by `serving` until `stop` asks it not to. Returns after what is in flight is answered.
    ///
    /// # Errors
    /// Where waiting for readiness fails, which no client can bring about.
    pub fn run<K: Keep>(self, serving: Serving, keeper: &mut K, stop: &Stop) -> io::Result<()> {
        Loop {
            poll: self.poll,
            next_listener: self.listeners.len(),
            listeners: self.listeners,
            slots: Slots::default(),
            ready: Vec::new(),
            busy: VecDeque::new(),
            handshakes: VecDeque::new(),
            deciding: Vec::new(),
            read_buffer: vec![0; READ_BYTES].into_boxed_slice(),
            opened: Vec::new(),
            buffers: Buffers::default(),
            last_answer: LastAnswer::default(),
            receivers: serving.receivers,
            rates: Rates::default(),
            keeper,
            watch: self.watch.0,
            id: Vec::new(),
            settings: serving.settings,
            change: self.change,
            started: Instant::now(),
            now: Duration::ZERO,
            date: UnixTime::now(),
            next_expiry: Duration::MAX,
            is_woken: false,
            is_called: false,
            tend_after: Duration::ZERO,
            watch_after: Duration::MAX,
            accept_after: Duration::ZERO,
            backoff: BACKOFF.0,
            stopping: None,
        }
        .run(stop)
    }
}

impl Listening {
    fn start(poll: &Poll, number: usize, listener: Arc<Listener>) -> io::Result<Self> {
        poll.registry().register(&mut SourceFd(&listener.descriptor()), listener_token(number), Interest::READABLE)?;
        Ok(Listening { number, listener, ready: false })
    }
}

fn listener_token(number: usize) -> Token {
    Token(WAKER.0 - 1 - number)
}

/// A front that runs. What it does in a turn is in `turn`, for one connection in `client`, for a new one in `admission`.
struct Loop<'r, K> {
    poll: Poll,
    listeners: Vec<Listening>,
    /// How many there were so far.
    next_listener: usize,
    slots: Slots,
    /// Connections to be looked at in the next turn, each once.
    ready: Vec<usize>,
    /// Those who had their step and want more, looked at after all others, in turn. Nobody is on both lists.
    busy: VecDeque<usize>,
    /// The same for those whose handshake is not done: a step of one can take longer than all that the others want.
    handshakes: VecDeque<usize>,
    /// Connections whose request was proven in this turn.
    deciding: Vec<Deciding>,
    read_buffer: Box<[u8]>,
    /// What was in the TLS records of a read.
    opened: Vec<u8>,
    buffers: Buffers,
    last_answer: LastAnswer,
    receivers: Receivers,
    rates: Rates,
    keeper: &'r mut K,
    watch: Box<dyn Watch>,
    /// The id of the event that was answered last, as text.
    id: Vec<u8>,
    settings: Settings,
    change: Change<Serving>,
    started: Instant,
    /// Of this turn, since `started`.
    now: Duration,
    /// Of this turn.
    date: UnixTime,
    /// No deadline is before it.
    next_expiry: Duration,
    /// A turn was kept, or could not be, or somebody woke the loop, since the keeper was last let do what is due.
    is_woken: bool,
    /// There may be a change to serve by.
    is_called: bool,
    /// When it wants to be let do so at the latest.
    tend_after: Duration,
    /// The same of who watches.
    watch_after: Duration,
    accept_after: Duration,
    backoff: Duration,
    /// When to give up on what is in flight, once asked to stop.
    stopping: Option<Duration>,
}

/// A request that was proven in this turn.
#[derive(Debug)]
struct Deciding {
    /// Its connection; [`GONE`] where that is closed already.
    index: usize,
    /// The number of its receiver.
    receiver: usize,
    /// Unless the keeper would not have it.
    staged: Option<Staged>,
    /// The address of its connection.
    peer: Option<IpAddr>,
    /// When it began to come.
    began: Duration,
}

/// In the place of a connection's index: no connection has it.
const GONE: usize = usize::MAX;

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher(…)")
    }
}
