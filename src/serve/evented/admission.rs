//! Who gets in, and who goes when there is no room.

use super::session::Session;
use super::slots::Slot;
use super::socket::Stream;
use super::{BACKLOG, BACKOFF, Listener, Listening, Loop};
use crate::http1::Connection;
use crate::receipt::Keep;
use crate::serve::watch::{Happening, Shed};
use mio::Token;
use mio::unix::SourceFd;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

/// Most connections accepted in a turn from one listener, for the same reason.
const ACCEPTS_A_TURN: usize = 64;

impl<K: Keep> Loop<'_, K> {
    pub(super) fn accept(&mut self) {
        if self.now < self.accept_after {
            return;
        }
        for number in 0..self.listeners.len() {
            for _ in 0..ACCEPTS_A_TURN {
                let Some(listening) = self.listeners.get_mut(number).filter(|listening| listening.ready) else { break };
                match listening.listener.accept() {
                    Ok((stream, peer)) => {
                        self.backoff = BACKOFF.0;
                        if let Ok(session) = listening.listener.session() {
                            self.welcome(stream, session, peer);
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => listening.ready = false,
                    // The client went away before it was accepted; the next one may be well.
                    Err(error) if is_the_clients(&error) => {}
                    Err(_) => {
                        // No descriptor or no memory: somebody makes room, and accepting goes on after a pause.
                        self.watch.connection(Happening::AcceptFailed);
                        self.accept_after = self.now + self.backoff;
                        self.backoff = (self.backoff * 2).min(BACKOFF.1);
                        if let Some(idle) = self.slots.oldest_idle() {
                            self.shed(idle, Shed::Descriptors);
                        }
                        return;
                    }
                }
            }
        }
        // More may wait than was taken: then the next turn follows at once.
        self.accept_after = self.now;
    }

    /// Listens on `listeners` from now on. Who connected to another one is let in still.
    pub(super) fn listen_on(&mut self, listeners: Vec<Arc<Listener>>) {
        let stays = |listening: &Listening| listeners.iter().any(|stays| Arc::ptr_eq(stays, &listening.listener));
        for listening in self.listeners.iter_mut().filter(|listening| !stays(listening)) {
            listening.ready = true;
        }
        // Also where accepting rests.
        self.accept_after = self.now;
        // Of as many as can wait there, each time some.
        for _ in 0..=BACKLOG.unsigned_abs() as usize / ACCEPTS_A_TURN {
            if !self.listeners.iter().any(|listening| listening.ready && !stays(listening)) {
                break;
            }
            self.accept();
        }
        let mut before = std::mem::take(&mut self.listeners);
        for listener in listeners {
            let known = before.iter().position(|listening| Arc::ptr_eq(&listening.listener, &listener));
            if let Some(at) = known {
                self.listeners.push(before.swap_remove(at));
                continue;
            }
            match Listening::start(&self.poll, self.next_listener, listener) {
                Ok(listening) => self.listeners.push(listening),
                Err(_) => self.watch.connection(Happening::AcceptFailed),
            }
            self.next_listener += 1;
        }
        for listening in before {
            // Another listener may be on the same socket, which would be told of for this one too.
            let _ = self.poll.registry().deregister(&mut SourceFd(&listening.listener.descriptor()));
        }
    }

    fn welcome(&mut self, mut stream: Stream, session: Option<Box<Session>>, peer: Option<IpAddr>) {
        let crowded = self.settings.connections_per_address.is_some_and(|most| self.slots.count_of(peer) >= most);
        if crowded {
            return self.watch.connection(Happening::Shed(Shed::Address));
        }
        while self.slots.len() >= self.settings.connections {
            match self.slots.oldest_idle().or_else(|| self.slots.oldest_of_the_most_numerous()) {
                Some(index) => self.shed(index, Shed::Connections),
                None => return self.watch.connection(Happening::Shed(Shed::Connections)),
            }
        }
        let index = self.slots.vacant();
        if stream.register(self.poll.registry(), Token(index)).is_err() {
            return;
        }
        let has_session = session.is_some();
        let http = Connection::new(&self.settings.limits, self.now);
        self.next_expiry = self.next_expiry.min(http.deadline());
        self.slots.insert(Slot::new(stream, session, http, peer));
        self.watch.connection(Happening::Opened);
        // Most clients send with their connect: what they sent may be here already.
        if let Some(slot) = self.slots.get_mut(index) {
            slot.writable = true;
        }
        if has_session {
            self.account(index);
        }
    }

    /// Takes note of a connection's deadline and memory, and sheds where all together hold too much.
    pub(super) fn account(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            self.next_expiry = self.next_expiry.min(slot.deadline());
        }
        self.slots.account(index);
        while self.slots.held_bytes() > self.settings.buffered_bytes {
            match self.slots.oldest_of_the_heaviest() {
                Some(heavy) => self.shed(heavy, Shed::Memory),
                None => return,
            }
        }
    }

    fn shed(&mut self, index: usize, why: Shed) {
        self.watch.connection(Happening::Shed(why));
        self.remove(index);
    }
}

/// Whether a failed accept is of one client rather than of ours.
fn is_the_clients(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
