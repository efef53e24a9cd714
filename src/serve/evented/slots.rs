//! The connections of the loop, by number, and who goes first when room is needed.

use super::socket::Stream;
use crate::http1::Connection;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

/// One connection and what the loop knows of its socket.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) stream: Stream,
    pub(super) http: Connection,
    pub(super) peer: Option<IpAddr>,
    pub(super) accepted: Duration,
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
    pub(super) held_bytes: usize,
}

impl Slot {
    pub(super) fn new(stream: Stream, http: Connection, peer: Option<IpAddr>, accepted: Duration) -> Self {
        Slot {
            stream,
            http,
            peer,
            accepted,
            readable: false,
            writable: false,
            ends: false,
            queued: false,
            shut: false,
            held_bytes: 0,
        }
    }
}

/// Slots by index; an index is used again once its connection is gone.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Option<Box<Slot>>>,
    free: Vec<usize>,
}

impl Slots {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The index that the next slot gets.
    pub(super) fn vacant(&self) -> usize {
        self.free.last().copied().unwrap_or(self.slots.len())
    }

    pub(super) fn insert(&mut self, slot: Slot) {
        let slot = Some(Box::new(slot));
        match self.free.pop().and_then(|index| self.slots.get_mut(index)) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
    }

    pub(super) fn remove(&mut self, index: usize) -> Option<Box<Slot>> {
        let slot = self.slots.get_mut(index)?.take()?;
        self.free.push(index);
        Some(slot)
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut Slot> {
        self.slots.get_mut(index)?.as_deref_mut()
    }

    /// The indices there can be; some may be vacant.
    pub(super) fn indices(&self) -> std::ops::Range<usize> {
        0..self.slots.len()
    }

    fn iter(&self) -> impl Iterator<Item = (usize, &Slot)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| Some((index, slot.as_deref()?)))
    }

    pub(super) fn count_of(&self, peer: Option<IpAddr>) -> usize {
        self.iter().filter(|(_, slot)| slot.peer == peer).count()
    }

    /// The connection that has been between requests longest.
    pub(super) fn oldest_idle(&self) -> Option<usize> {
        let idle = self.iter().filter(|(_, slot)| slot.http.is_idle() && slot.http.has_served());
        idle.min_by_key(|(_, slot)| slot.http.deadline()).map(|(index, _)| index)
    }

    /// The oldest connection of the address that has most of them.
    pub(super) fn oldest_of_the_most_numerous(&self) -> Option<usize> {
        self.oldest_of_the_most(|_| 1)
    }

    /// The oldest connection that holds memory, of the address whose connections hold most.
    pub(super) fn oldest_of_the_heaviest(&self) -> Option<usize> {
        self.oldest_of_the_most(|slot| slot.held_bytes)
    }

    fn oldest_of_the_most(&self, weight: impl Fn(&Slot) -> usize) -> Option<usize> {
        let mut weights: HashMap<Option<IpAddr>, usize> = HashMap::new();
        for (_, slot) in self.iter() {
            *weights.entry(slot.peer).or_default() += weight(slot);
        }
        let (most, _) = weights.into_iter().max_by_key(|(_, weight)| *weight)?;
        let candidates = self.iter().filter(|(_, slot)| slot.peer == most && weight(slot) > 0);
        candidates.min_by_key(|(_, slot)| slot.accepted).map(|(index, _)| index)
    }
}
