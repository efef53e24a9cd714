//! What was delivered before: the replay keys of the window, in memory, so that none is looked for on the disk.

use sha2::{Digest, Sha256};
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};

/// A replay key as it is kept: 128 bits of SHA-256. That two deliveries of a source share one by chance takes 2^64 of them; who
/// could look for such a pair has to be able to sign both.
pub(super) type Key = [u8; KEY_BYTES];

/// Length of a key, in bytes.
pub(super) const KEY_BYTES: usize = 16;

/// How many keys so many bytes of a row are.
pub(super) fn keys_in(bytes: i64) -> usize {
    usize::try_from(bytes).unwrap_or(0) / KEY_BYTES
}

/// Most keys in a row of the file: a row fits in a page, and forgetting the oldest keys takes rows whole.
pub(super) const KEYS_IN_A_ROW: usize = 256;

/// Most keys that can be held: places in the ring are counted in 32 bits.
pub const MOST_KEYS: usize = 1 << 30;

/// The key of a delivery from `source` whose scheme makes `replay_key` of it.
pub(super) fn key(source: &str, replay_key: &[u8]) -> Key {
    let mut hash = Sha256::new();
    hash.update((source.len() as u64).to_le_bytes());
    hash.update(source.as_bytes());
    hash.update(replay_key);
    let mut key = Key::default();
    for (byte, hashed) in key.iter_mut().zip(hash.finalize()) {
        *byte = hashed;
    }
    key
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    /// By the store's clock, in milliseconds.
    at: i64,
}

/// A place in the index that holds nothing.
const VACANT: u32 = u32::MAX;

/// Entries in the order they came, 24 bytes each, and an index of them by key: places of 4 bytes, between 3/8 and 3/4 of them
/// taken. That is 35 bytes for each key at most, once the ring has grown to its limit.
#[derive(Debug)]
pub(super) struct Seen {
    ring: VecDeque<Entry>,
    /// Where an entry is, by its key: how many came before it, modulo [`VACANT`]. A key whose place is taken is in one after it.
    index: Box<[u32]>,
    /// How many entries have left the ring, modulo [`VACANT`].
    gone: u32,
    /// How many of the last entries are not committed.
    staged: usize,
    limit: usize,
    window_ms: i64,
    /// Odd and random, so that nobody can make keys that crowd in one place.
    factor: u64,
}

impl Seen {
    /// For `limit` keys at most, each for `window_ms`.
    pub(super) fn new(limit: usize, window_ms: i64) -> Self {
        Seen {
            ring: VecDeque::new(),
            index: vec![VACANT; 64].into_boxed_slice(),
            gone: 0,
            staged: 0,
            limit: limit.clamp(1, MOST_KEYS),
            window_ms,
            factor: RandomState::new().hash_one(()) | 1,
        }
    }

    /// Whether this key came within the window before `now`. One that is staged counts: it has the fate of this one.
    pub(super) fn contains(&self, key: &Key, now: i64) -> bool {
        // A key from a time that is not yet, as after a clock went back, is in the window.
        self.find(key).is_some_and(|entry| now.saturating_sub(entry.at) <= self.window_ms)
    }

    /// Adds a key whose event is in the turn that is open.
    pub(super) fn stage(&mut self, key: Key, at: i64) {
        // One that is there is past its window: what is found from now on is the new one.
        self.unlist(&key);
        if self.ring.len() == self.ring.capacity() {
            let more = (self.ring.len() / 2).max(64).min(self.limit.saturating_sub(self.ring.len()).max(64));
            self.ring.reserve_exact(more);
        }
        self.ring.push_back(Entry { key, at });
        self.staged += 1;
        if (self.ring.len() + 1) * 4 > self.index.len() * 3 {
            self.grow();
        } else {
            self.list(self.ring.len() - 1);
        }
    }

    /// The turn was committed: what was staged counts. Those over the limit leave; gives how many.
    pub(super) fn settle(&mut self) -> usize {
        self.staged = 0;
        let over = self.ring.len().saturating_sub(self.limit);
        for _ in 0..over {
            self.drop_oldest();
        }
        over
    }

    /// The turn was not committed: what was staged never came.
    pub(super) fn roll_back(&mut self) {
        for _ in 0..std::mem::take(&mut self.staged) {
            let Some(entry) = self.ring.back().copied() else { return };
            self.unlist(&entry.key);
            self.ring.pop_back();
        }
    }

    /// Forgets up to `most` keys whose window is over at `now`; gives how many.
    pub(super) fn expire(&mut self, now: i64, most: usize) -> usize {
        let mut expired = 0;
        while expired < most && self.staged < self.ring.len() {
            match self.ring.front() {
                Some(entry) if now.saturating_sub(entry.at) > self.window_ms => self.drop_oldest(),
                _ => break,
            }
            expired += 1;
        }
        expired
    }

    /// How many keys are held.
    #[cfg(test)]
    fn len(&self) -> usize {
        self.ring.len()
    }

    fn drop_oldest(&mut self) {
        let Some(entry) = self.ring.front().copied() else { return };
        // It is listed unless the same key came again after its window.
        if self.place(&entry.key).is_some_and(|place| self.index.get(place) == Some(&self.gone)) {
            self.unlist(&entry.key);
        }
        self.ring.pop_front();
        self.gone = after(self.gone, 1);
    }

    fn find(&self, key: &Key) -> Option<&Entry> {
        let place = self.place(key)?;
        self.entry(*self.index.get(place)?)
    }

    fn entry(&self, number: u32) -> Option<&Entry> {
        let at = (u64::from(number) + u64::from(VACANT) - u64::from(self.gone)) % u64::from(VACANT);
        self.ring.get(usize::try_from(at).ok()?)
    }

    /// Where a key wants to be.
    fn home(&self, key: &Key) -> usize {
        let (bytes, _) = key.split_first_chunk::<8>().unwrap_or((&[0; 8], &[]));
        let mixed = u64::from_le_bytes(*bytes).wrapping_mul(self.factor);
        // The high bits of a product depend on all of the key's.
        usize::try_from(mixed >> 32).unwrap_or_default() & (self.index.len() - 1)
    }

    /// Where a key is listed.
    fn place(&self, key: &Key) -> Option<usize> {
        let mut place = self.home(key);
        loop {
            let number = *self.index.get(place)?;
            if number == VACANT {
                return None;
            }
            if self.entry(number).is_some_and(|entry| entry.key == *key) {
                return Some(place);
            }
            place = (place + 1) & (self.index.len() - 1);
        }
    }

    /// Lists the entry at this place of the ring, whose key is not listed.
    fn list(&mut self, at: usize) {
        let Some(entry) = self.ring.get(at).copied() else { return };
        let mut place = self.home(&entry.key);
        while self.index.get(place).is_some_and(|number| *number != VACANT) {
            place = (place + 1) & (self.index.len() - 1);
        }
        let number = after(self.gone, at);
        if let Some(vacant) = self.index.get_mut(place) {
            *vacant = number;
        }
    }

    /// Takes a key off the list, and moves up those that it kept from their places.
    fn unlist(&mut self, key: &Key) {
        let Some(mut hole) = self.place(key) else { return };
        let mask = self.index.len() - 1;
        let mut place = hole;
        loop {
            place = (place + 1) & mask;
            let Some(number) = self.index.get(place).copied().filter(|number| *number != VACANT) else { break };
            let Some(home) = self.entry(number).map(|entry| self.home(&entry.key)) else { break };
            // It may go into the hole unless its home lies behind that.
            if (place.wrapping_sub(home) & mask) >= (place.wrapping_sub(hole) & mask) {
                if let Some(free) = self.index.get_mut(hole) {
                    *free = number;
                }
                hole = place;
            }
        }
        if let Some(free) = self.index.get_mut(hole) {
            *free = VACANT;
        }
    }

    /// Twice the places, and the whole ring listed anew; the last of two with the same key.
    fn grow(&mut self) {
        self.index = vec![VACANT; self.index.len() * 2].into_boxed_slice();
        for at in 0..self.ring.len() {
            if let Some(key) = self.ring.get(at).map(|entry| entry.key) {
                self.unlist(&key);
                self.list(at);
            }
        }
    }
}

/// `number` and `more`, modulo [`VACANT`].
fn after(number: u32, more: usize) -> u32 {
    u32::try_from((u64::from(number) + more as u64) % u64::from(VACANT)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
