//! The connections of the loop, by number, and who goes first when room is needed.

use super::peers::Peers;
use super::session::Session;
use super::socket::Stream;
use crate::http1::{Connection, Limits, Service, Want};
use crate::time::UnixTime;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

/// One connection and what the loop knows of its socket.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) stream: Stream,
    /// Between the two, where TLS is spoken.
    pub(super) session: Option<Box<Session>>,
    pub(super) http: Connection,
    peer: Option<IpAddr>,
    /// The number of its peer's address.
    peer_number: usize,
    /// When it came, as [`Slots`] counts.
    came: u64,
    /// Since when it has been between requests, as [`Slots`] counts.
    idle_since: Option<u64>,
    /// A read may give something: readiness is told once, and stands until a read would block.
    pub(super) readable: bool,
    /// As `readable`, for writing.
    pub(super) writable: bool,
    /// The end of its input was told.
    pub(super) ends: bool,
    /// It is on the list of the next turn.
    pub(super) queued: bool,
    /// Its sending side is shut down.
    pub(super) shut: bool,
    /// Memory that was last accounted to it, in bytes.
    held_bytes: usize,
}

impl Slot {
    pub(super) fn new(stream: Stream, session: Option<Box<Session>>, http: Connection, peer: Option<IpAddr>) -> Self {
        Slot {
            stream,
            session,
            http,
            peer,
            peer_number: 0,
            came: 0,
            idle_since: None,
            readable: false,
            writable: false,
            ends: false,
            queued: false,
            shut: false,
            held_bytes: 0,
        }
    }

    /// The address that it came from, where it has one.
    pub(super) fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// What it wants of its socket next.
    pub(super) fn want(&self) -> Want {
        let want = self.http.want();
        self.session.as_ref().map_or(want, |session| session.want(want))
    }

    /// When [`Slot::expire`] is due.
    pub(super) fn deadline(&self) -> Duration {
        let session = self.session.as_ref().and_then(|session| session.deadline());
        session.unwrap_or_else(|| self.http.deadline())
    }

    /// Says that the deadline has passed.
    pub(super) fn expire(&mut self, service: &mut impl Service, limits: &Limits, now: Duration, date: UnixTime) {
        match &mut self.session {
            Some(session) if session.has_failed() => session.give_up(),
            _ => self.http.expire(service, limits, now, date),
        }
    }

    /// Says that no more will come.
    pub(super) fn end_input(&mut self) {
        self.http.end_input();
        if let Some(session) = &mut self.session {
            session.give_up();
        }
    }

    /// Whether its next step may be a costly one of TLS.
    pub(super) fn is_handshaking(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.is_handshaking())
    }

    /// Writes what is pending; how much of the answer is written to its end.
    pub(super) fn write(&mut self) -> io::Result<usize> {
        match &mut self.session {
            Some(session) => session.write(&mut self.stream, self.http.pending()),
            None => self.stream.write(self.http.pending()),
        }
    }

    /// Says that nothing more will be sent. Whether there is something to write before that is so.
    pub(super) fn end_output(&mut self) -> bool {
        if self.session.as_mut().is_some_and(|session| session.say_goodbye()) {
            return true;
        }
        self.shut = true;
        let _ = self.stream.shutdown_write();
        false
    }

    /// Takes leave of a client that is not owed anything, if he can hear it at once.
    pub(super) fn part(&mut self) {
        if let Some(session) = &mut self.session
            && self.http.pending().is_empty()
            && session.say_goodbye()
        {
            let _ = session.flush(&mut self.stream);
        }
    }

    /// Memory that it holds beside its own size, in bytes.
    fn memory_bytes(&self) -> usize {
        self.http.held_bytes() + self.session.as_ref().map_or(0, |session| session.held_bytes())
    }

    /// Whether its answer waits for the turn's commit: then the client is owed it.
    fn is_decided(&self) -> bool {
        self.http.want() == Want::Answer
    }
}

/// Slots by index; an index is used again once its connection is gone.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Option<Box<Slot>>>,
    free: Vec<usize>,
    peers: Peers,
    /// Those between requests and since when, the longest first. Some may be so no more.
    idle: VecDeque<(usize, u64)>,
    /// Counts what is put in an order, so that what happened to a connection is not taken for its successor's.
    moment: u64,
    /// Memory in all connections' buffers together.
    held_bytes: usize,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// The index that the next slot gets.
    pub(super) fn vacant(&self) -> usize {
        self.free.last().copied().unwrap_or(self.slots.len())
    }

    pub(super) fn insert(&mut self, mut slot: Slot) {
        slot.came = self.next_moment();
        slot.peer_number = self.peers.enter(slot.peer, self.vacant(), slot.came);
        let slot = Some(Box::new(slot));
        match self.free.pop().and_then(|index| self.slots.get_mut(index)) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
    }

    pub(super) fn remove(&mut self, index: usize) -> Option<Box<Slot>> {
        let slot = self.slots.get_mut(index)?.take()?;
        self.free.push(index);
        self.held_bytes -= slot.held_bytes;
        let slots = &self.slots;
        self.peers.leave(slot.peer_number, slot.held_bytes, |index, came| slot_that_came(slots, index, came).is_some());
        Some(slot)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Slot> {
        self.slots.get_mut(index)?.as_deref_mut()
    }

    /// The indices there can be; some may be vacant.
    pub(super) fn indices(&self) -> std::ops::Range<usize> {
        0..self.slots.len()
    }

    pub(super) fn count_of(&self, peer: Option<IpAddr>) -> usize {
        self.peers.connections_of(peer)
    }

    /// Takes note of the memory that a connection holds, and whether it is between requests.
    pub(super) fn account(&mut self, index: usize) {
        let moment = self.next_moment();
        let Some(slot) = self.slots.get_mut(index).and_then(Option::as_deref_mut) else { return };
        let (before, held) = (slot.held_bytes, slot.memory_bytes());
        if held != before {
            slot.held_bytes = held;
            self.held_bytes = self.held_bytes + held - before;
            self.peers.hold(slot.peer_number, before, held);
        }
        let is_idle = slot.http.is_idle() && slot.http.has_served();
        if is_idle && slot.idle_since.is_none() {
            slot.idle_since = Some(moment);
            self.idle.push_back((index, moment));
            if self.idle.len() > 2 * self.len() + 64 {
                // So rarely that it costs each request next to nothing.
                let slots = &self.slots;
                self.idle.retain(|(index, moment)| is_idle_since(slots, *index, *moment));
            }
        } else if !is_idle {
            slot.idle_since = None;
        }
    }

    fn next_moment(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    /// The connection that has been between requests longest.
    pub(super) fn oldest_idle(&mut self) -> Option<usize> {
        while let Some((index, moment)) = self.idle.front().copied() {
            if is_idle_since(&self.slots, index, moment) {
                return Some(index);
            }
            self.idle.pop_front();
        }
        None
    }

    /// The oldest connection of the address that has most of them.
    pub(super) fn oldest_of_the_most_numerous(&self) -> Option<usize> {
        let mut candidates = self.peers.most_numerous()?.by_age();
        candidates.find(|(index, came)| slot_that_came(&self.slots, *index, *came).is_some()).map(|(index, _)| index)
    }

    /// The oldest connection that holds no less memory than the average, of the address whose connections hold most. So those
    /// that hold little are spared where they share an address with those that hold much, as behind a proxy. Nobody goes whose
    /// answer is decided.
    pub(super) fn oldest_of_the_heaviest(&self) -> Option<usize> {
        let peer = self.peers.heaviest()?;
        let heavy = |slot: &&Slot| slot.held_bytes >= peer.average_bytes().max(1) && !slot.is_decided();
        let oldest = peer
            .by_age()
            .find(|(index, came)| slot_that_came(&self.slots, *index, *came).filter(heavy).is_some())
            .map(|(index, _)| index);
        oldest.or_else(|| self.heaviest_undecided())
    }

    fn heaviest_undecided(&self) -> Option<usize> {
        let slots = self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index, slot.as_deref()?)));
        let undecided = slots.filter(|(_, slot)| slot.held_bytes > 0 && !slot.is_decided());
        undecided.max_by_key(|(_, slot)| slot.held_bytes).map(|(index, _)| index)
    }
}

fn slot_that_came(slots: &[Option<Box<Slot>>], index: usize, came: u64) -> Option<&Slot> {
    slots.get(index)?.as_deref().filter(|slot| slot.came == came)
}

fn is_idle_since(slots: &[Option<Box<Slot>>], index: usize, moment: u64) -> bool {
    slots.get(index).and_then(Option::as_deref).is_some_and(|slot| slot.idle_since == Some(moment))
}
