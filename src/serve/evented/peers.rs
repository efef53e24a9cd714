//! What each address takes of the loop, so that room is made at the expense of who takes most.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;

/// The addresses that have connections, by number.
#[derive(Debug, Default)]
pub(super) struct Peers {
    numbers: HashMap<Option<IpAddr>, usize>,
    peers: Vec<Peer>,
    free: Vec<usize>,
}

/// One address. The peers of a Unix socket have none, and are one.
#[derive(Debug, Default)]
pub(super) struct Peer {
    address: Option<IpAddr>,
    connections: usize,
    held_bytes: usize,
    /// Its connections and when they came, the oldest first. Some may be gone.
    by_age: VecDeque<(usize, u64)>,
}

impl Peers {
    /// Takes note of connection `index` from `address`, which came at `moment`. Gives the address's number.
    pub(super) fn enter(&mut self, address: Option<IpAddr>, index: usize, moment: u64) -> usize {
        let number = *self.numbers.entry(address).or_insert_with(|| {
            self.free.pop().unwrap_or_else(|| {
                self.peers.push(Peer::default());
                self.peers.len() - 1
            })
        });
        if let Some(peer) = self.peers.get_mut(number) {
            peer.address = address;
            peer.connections += 1;
            peer.by_age.push_back((index, moment));
        }
        number
    }

    /// Takes note that a connection of peer `number` has gone. `is_there` tells whether one of those that came is still there.
    pub(super) fn leave(&mut self, number: usize, held_bytes: usize, is_there: impl Fn(usize, u64) -> bool) {
        let Some(peer) = self.peers.get_mut(number) else { return };
        peer.connections -= 1;
        peer.held_bytes -= held_bytes;
        if peer.connections == 0 {
            self.numbers.remove(&peer.address);
            *peer = Peer::default();
            self.free.push(number);
            return;
        }
        // The oldest is looked for most often, so that it stands first.
        while peer.by_age.front().is_some_and(|(index, moment)| !is_there(*index, *moment)) {
            peer.by_age.pop_front();
        }
        if peer.by_age.len() > 2 * peer.connections + 16 {
            // So rarely that it costs each connection next to nothing.
            peer.by_age.retain(|(index, moment)| is_there(*index, *moment));
        }
    }

    /// Takes note that a connection of peer `number` now holds `held_bytes` instead of `before`.
    pub(super) fn hold(&mut self, number: usize, before: usize, held_bytes: usize) {
        if let Some(peer) = self.peers.get_mut(number) {
            peer.held_bytes = peer.held_bytes + held_bytes - before;
        }
    }

    /// How many connections `address` has.
    pub(super) fn connections_of(&self, address: Option<IpAddr>) -> usize {
        let peer = self.numbers.get(&address).and_then(|number| self.peers.get(*number));
        peer.map_or(0, |peer| peer.connections)
    }

    /// The address with the most connections.
    pub(super) fn most_numerous(&self) -> Option<&Peer> {
        self.peers.iter().max_by_key(|peer| peer.connections)
    }

    /// The address whose connections hold most.
    pub(super) fn heaviest(&self) -> Option<&Peer> {
        self.peers.iter().max_by_key(|peer| peer.held_bytes)
    }
}

impl Peer {
    /// Its connections and when they came, the oldest first. Some may be gone.
    pub(super) fn by_age(&self) -> impl Iterator<Item = (usize, u64)> {
        self.by_age.iter().copied()
    }

    /// What each of its connections holds on the average, in bytes.
    pub(super) fn average_bytes(&self) -> usize {
        self.held_bytes.checked_div(self.connections).unwrap_or(0)
    }
}
