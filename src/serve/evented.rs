//! The front for the open internet: one thread, non-blocking sockets, the pure `http1` connection behind each.
//!
//! One turn: wait for readiness, read and decide what is ready, keep all that was proven with one commit, answer, end what
//! is overdue. What a stranger can take is bounded everywhere; at a bound somebody is shed, and the loop goes on.

mod peers;
mod slots;
mod socket;

pub use socket::{BACKLOG, Listener};

use super::Stop;
use crate::answer::Answer;
use crate::http1::{Buffers, Connection, Limits, Service, Verdict, Want};
use crate::receipt::{Keep, Staged, settle, stage};
use crate::receive::Receiver;
use crate::request::{Head, Request};
use crate::time::UnixTime;
use crate::verify::Refusal;
use mio::{Events, Interest, Poll, Token, Waker};
use slots::{Slot, Slots};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
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

/// Most bytes read at once, and the size of the one buffer that all reads go through.
const READ_BYTES: usize = 64 * 1024;

/// Most steps for one connection at a time, each a read or the decision of one request that was read before, so that one client
/// cannot keep the others waiting.
const STEPS_AT_A_TIME: usize = 4;

/// Time in a turn, at most, for those who had their steps and want more. Whoever comes with little waits no longer than that
/// for all of them.
const BUSY_TIME: Duration = Duration::from_millis(1);

/// Most connections accepted in a turn from one listener, for the same reason.
const ACCEPTS_A_TURN: usize = 64;

/// Most events taken from the system at once.
const EVENTS_A_TURN: usize = 1024;

/// Bounds of the pause after a failed accept (out of descriptors, out of memory); it doubles.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Shortest time between two looks at all deadlines.
const EXPIRY_STEP: Duration = Duration::from_millis(50);

const WAKER: Token = Token(usize::MAX);

/// A front that listens, before it runs.
#[derive(Debug)]
pub struct Front {
    poll: Poll,
    listeners: Vec<Listening>,
    waker: Arc<Waker>,
}

#[derive(Debug)]
struct Listening {
    listener: Listener,
    /// There may be more to accept: readiness is told once.
    ready: bool,
}

impl Front {
    /// A front on `listeners`.
    ///
    /// # Errors
    /// Where the system has no readiness to offer for them.
    pub fn new(listeners: Vec<Listener>) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut listening = Vec::new();
        for (index, mut listener) in listeners.into_iter().enumerate() {
            poll.registry().register(listener.source(), listener_token(index), Interest::READABLE)?;
            listening.push(Listening { listener, ready: false });
        }
        Ok(Front { poll, listeners: listening, waker })
    }

    /// A way to stop it.
    #[must_use]
    pub fn stop(&self) -> Stop {
        let waker = Arc::clone(&self.waker);
        Stop::new(move || drop(waker.wake()))
    }

    /// Where it listens.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.listeners.iter().map(|listening| listening.listener.name())
    }

    /// Serves `receiver` until `stop` asks it not to. Returns after what is in flight is answered.
    ///
    /// # Errors
    /// Where waiting for readiness fails, which no client can bring about.
    pub fn run<K: Keep>(self, receiver: &Receiver, keeper: &mut K, settings: &Settings, stop: &Stop) -> io::Result<()> {
        Loop {
            poll: self.poll,
            listeners: self.listeners,
            slots: Slots::default(),
            ready: Vec::new(),
            busy: VecDeque::new(),
            deciding: Vec::new(),
            read_buffer: vec![0; READ_BYTES].into_boxed_slice(),
            buffers: Buffers::default(),
            receiver,
            keeper,
            settings,
            started: Instant::now(),
            now: Duration::ZERO,
            date: UnixTime::now(),
            next_expiry: Duration::MAX,
            accept_after: Duration::ZERO,
            backoff: BACKOFF.0,
            stopping: None,
        }
        .run(stop)
    }
}

fn listener_token(index: usize) -> Token {
    Token(WAKER.0 - 1 - index)
}

struct Loop<'r, K> {
    poll: Poll,
    listeners: Vec<Listening>,
    slots: Slots,
    /// Connections to be looked at in the next turn, each once.
    ready: Vec<usize>,
    /// Those who had their steps and want more, looked at after all others, in turn. Nobody is on both lists.
    busy: VecDeque<usize>,
    /// Connections whose request was proven in this turn, and whether it was staged.
    deciding: Vec<(usize, Option<Staged>)>,
    read_buffer: Box<[u8]>,
    buffers: Buffers,
    receiver: &'r Receiver,
    keeper: &'r mut K,
    settings: &'r Settings,
    started: Instant,
    /// Of this turn, since `started`.
    now: Duration,
    /// Of this turn.
    date: UnixTime,
    /// No deadline is before it.
    next_expiry: Duration,
    accept_after: Duration,
    backoff: Duration,
    /// When to give up on what is in flight, once asked to stop.
    stopping: Option<Duration>,
}

impl<K: Keep> Loop<'_, K> {
    fn run(mut self, stop: &Stop) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_A_TURN);
        loop {
            match self.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.now = self.started.elapsed();
            self.date = UnixTime::now();
            for event in &events {
                self.note(event);
            }
            if stop.asked() && self.stopping.is_none() {
                self.begin_stopping();
            }
            self.accept();
            let ready = std::mem::take(&mut self.ready);
            for index in &ready {
                self.attend(*index);
            }
            self.attend_busy();
            self.settle();
            self.expire();
            // The list's memory is used again; what the turn put on the next one's list stays on it.
            self.reuse(ready);
            if self.stopping.is_some_and(|limit| self.slots.is_empty() || self.now >= limit) {
                return Ok(());
            }
        }
    }

    fn reuse(&mut self, mut list: Vec<usize>) {
        list.clear();
        list.append(&mut self.ready);
        self.ready = list;
    }

    /// How long nothing can be due.
    fn patience(&self) -> Option<Duration> {
        let waiting = self.listeners.iter().any(|listening| listening.ready);
        if !self.ready.is_empty() || !self.busy.is_empty() || (waiting && self.accept_after <= self.now) {
            return Some(Duration::ZERO);
        }
        let accept = if waiting { self.accept_after } else { Duration::MAX };
        let due = self.next_expiry.min(accept).min(self.stopping.unwrap_or(Duration::MAX));
        // A step more than nothing, since the system's clock is coarser than ours.
        (due != Duration::MAX).then(|| due.saturating_sub(self.started.elapsed()) + Duration::from_millis(1))
    }

    fn note(&mut self, event: &mio::event::Event) {
        let token = event.token();
        if token == WAKER {
            return;
        }
        let index = (WAKER.0 - 1).checked_sub(token.0).unwrap_or(usize::MAX);
        if let Some(listening) = self.listeners.get_mut(index) {
            listening.ready = true;
            return;
        }
        if let Some(slot) = self.slots.get_mut(token.0) {
            slot.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            slot.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
            // After its end there is no further event: what is buffered is to be read through to it.
            slot.ends |= event.is_read_closed() || event.is_error();
            self.queue(token.0);
        }
    }

    /// Has the connection looked at in the next turn.
    fn queue(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index)
            && !slot.queued
        {
            slot.queued = true;
            self.ready.push(index);
        }
    }

    /// Has the connection looked at again, after the others.
    fn queue_busy(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index)
            && !slot.queued
        {
            slot.queued = true;
            self.busy.push_back(index);
        }
    }

    fn attend_busy(&mut self) {
        let start = Instant::now();
        for _ in 0..self.busy.len() {
            let Some(index) = self.busy.pop_front() else { return };
            self.attend(index);
            if start.elapsed() >= BUSY_TIME {
                return;
            }
        }
    }

    fn begin_stopping(&mut self) {
        self.stopping = Some(self.now + self.settings.stop_time);
        self.listeners.clear();
        for index in self.slots.indices() {
            if let Some(slot) = self.slots.get_mut(index) {
                slot.http.drain();
                self.queue(index);
            }
        }
    }

    fn accept(&mut self) {
        if self.now < self.accept_after {
            return;
        }
        for number in 0..self.listeners.len() {
            for _ in 0..ACCEPTS_A_TURN {
                let Some(listening) = self.listeners.get_mut(number).filter(|listening| listening.ready) else { break };
                match listening.listener.accept() {
                    Ok((stream, peer)) => {
                        self.backoff = BACKOFF.0;
                        self.welcome(stream, peer);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => listening.ready = false,
                    // The client went away before it was accepted; the next one may be well.
                    Err(error) if is_the_clients(&error) => {}
                    Err(_) => {
                        // No descriptor or no memory: somebody makes room, and accepting goes on after a pause.
                        self.accept_after = self.now + self.backoff;
                        self.backoff = (self.backoff * 2).min(BACKOFF.1);
                        if let Some(idle) = self.slots.oldest_idle() {
                            self.remove(idle);
                        }
                        return;
                    }
                }
            }
        }
        // More may wait than was taken: then the next turn follows at once.
        self.accept_after = self.now;
    }

    fn welcome(&mut self, mut stream: socket::Stream, peer: Option<std::net::IpAddr>) {
        let crowded = self.settings.connections_per_address.is_some_and(|most| self.slots.count_of(peer) >= most);
        if crowded {
            return;
        }
        while self.slots.len() >= self.settings.connections {
            match self.slots.oldest_idle().or_else(|| self.slots.oldest_of_the_most_numerous()) {
                Some(index) => self.remove(index),
                None => return,
            }
        }
        let index = self.slots.vacant();
        if stream.register(self.poll.registry(), Token(index)).is_err() {
            return;
        }
        let http = Connection::new(&self.settings.limits, self.now);
        self.next_expiry = self.next_expiry.min(http.deadline());
        self.slots.insert(Slot::new(stream, http, peer));
        // Most clients send with their connect: what they sent may be here already.
        if let Some(slot) = self.slots.get_mut(index) {
            slot.writable = true;
        }
    }

    /// Looks after one connection until it waits for its socket, for the turn's commit, or has had its share of the turn.
    fn attend(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.queued = false;
        }
        let mut steps_left = STEPS_AT_A_TIME;
        loop {
            let Some(slot) = self.slots.get_mut(index) else { return };
            match slot.http.want() {
                Want::Close => return self.remove(index),
                Want::Answer => return,
                Want::Write => {
                    if !self.write(index) {
                        return;
                    }
                }
                Want::Advance => {
                    if steps_left == 0 {
                        return self.queue_busy(index);
                    }
                    steps_left -= 1;
                    self.advance(index);
                }
                Want::Read | Want::Linger => {
                    if slot.http.want() == Want::Linger && !slot.shut {
                        slot.shut = true;
                        let _ = slot.stream.shutdown_write();
                    }
                    if !slot.readable {
                        return;
                    }
                    if steps_left == 0 {
                        return self.queue_busy(index);
                    }
                    steps_left -= 1;
                    if !self.read(index) {
                        return;
                    }
                }
            }
        }
    }

    /// Reads once and decides what came. Whether the connection is to be looked at further.
    fn read(&mut self, index: usize) -> bool {
        let Some(slot) = self.slots.get_mut(index) else { return false };
        match slot.stream.read(&mut self.read_buffer) {
            Ok(0) => {
                slot.readable = false;
                slot.http.end_input();
            }
            Ok(count) => {
                // A short read took all there was, and more will be told of; unless the end was told already.
                slot.readable = count == self.read_buffer.len() || slot.ends;
                let bytes = self.read_buffer.get(..count).unwrap_or_default();
                slot.http.feed(bytes, &self.settings.limits, &mut self.buffers, self.now);
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                slot.readable = false;
                return false;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                self.remove(index);
                return false;
            }
        }
        self.advance(index);
        true
    }

    fn advance(&mut self, index: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let mut decider = Decider { receiver: self.receiver, keeper: self.keeper, now: self.date, staged: None };
        slot.http.advance(&mut decider, &self.settings.limits, self.now, self.date);
        let staged = decider.staged;
        if slot.http.want() == Want::Answer {
            self.deciding.push((index, staged));
        }
        self.account(index);
    }

    /// Writes what is pending. Whether the connection is to be looked at further.
    fn write(&mut self, index: usize) -> bool {
        let Some(slot) = self.slots.get_mut(index) else { return false };
        if !slot.writable {
            return false;
        }
        match slot.stream.write(slot.http.pending()) {
            Ok(count) => {
                slot.http.wrote(count, &self.settings.limits, &mut self.buffers, self.now);
                if slot.http.want() == Want::Read && slot.http.input_ended() {
                    self.advance(index);
                }
                self.account(index);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                slot.writable = false;
                false
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(_) => {
                self.remove(index);
                false
            }
        }
    }

    /// Takes note of a connection's deadline and memory, and sheds where all together hold too much.
    fn account(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            self.next_expiry = self.next_expiry.min(slot.http.deadline());
        }
        self.slots.account(index);
        while self.slots.held_bytes() > self.settings.buffered_bytes {
            match self.slots.oldest_of_the_heaviest() {
                Some(heavy) => self.remove(heavy),
                None => return,
            }
        }
    }

    /// Keeps all that was proven in this turn, and answers it.
    fn settle(&mut self) {
        if self.deciding.is_empty() {
            return;
        }
        let receipt = settle(self.keeper).ok();
        let mut deciding = std::mem::take(&mut self.deciding);
        for (index, staged) in deciding.drain(..) {
            let answer = match (staged, &receipt) {
                (Some(staged), Some(receipt)) => Answer::accepted(self.receiver.verifier().scheme(), staged, receipt),
                _ => Answer::unavailable(),
            };
            let Some(slot) = self.slots.get_mut(index) else { continue };
            slot.http.answer(&answer, &self.settings.limits, self.now, self.date);
            let written = self.write(index);
            let Some(slot) = self.slots.get_mut(index) else { continue };
            match slot.http.want() {
                Want::Close => self.remove(index),
                Want::Write if !written => {}
                Want::Read if !slot.readable => {}
                _ => self.queue_busy(index),
            }
        }
        self.deciding = deciding;
    }

    fn expire(&mut self) {
        if self.now < self.next_expiry {
            return;
        }
        let mut next = Duration::MAX;
        for index in self.slots.indices() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            if slot.http.deadline() <= self.now {
                slot.http.expire(&self.settings.limits, self.now, self.date);
                // Who was too slow can wait for those who were not.
                self.queue_busy(index);
            }
            if let Some(slot) = self.slots.get_mut(index) {
                next = next.min(slot.http.deadline());
            }
        }
        self.next_expiry = next.max(self.now + EXPIRY_STEP);
    }

    fn remove(&mut self, index: usize) {
        if self.slots.remove(index).is_some() {
            // A request of it that was staged is kept all the same; its answer has nowhere to go.
            self.deciding.retain(|(deciding, _)| *deciding != index);
        }
    }
}

/// Whether a failed accept is of one client rather than of ours.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

/// The receiver as the connection asks it.
struct Decider<'a, K> {
    receiver: &'a Receiver,
    keeper: &'a mut K,
    now: UnixTime,
    staged: Option<Staged>,
}

impl<K: Keep> Service for Decider<'_, K> {
    fn admit(&mut self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<u64, Refusal> {
        self.receiver.admit(head, declared_bytes)?;
        Ok(self.receiver.body_limit_bytes())
    }

    fn decide(&mut self, request: &Request<'_>) -> Verdict {
        match self.receiver.receive(request, self.now) {
            Ok(delivery) => {
                self.staged = stage(self.keeper, &delivery).ok();
                Verdict::Later
            }
            Err(refusal) => Verdict::Answer(Answer::refused(&refusal)),
        }
    }
}
