//! The newest events in memory, for who prints them as they come: to read each again from the file takes longer than to write it.

use super::Event;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Most bytes of bodies that are held, and most events: some turns of 64 events of 1 KiB. Who is further behind reads the file.
const HELD_BYTES: usize = 1024 * 1024;
const HELD_EVENTS: usize = 1024;

/// Events that are in the file, each the next after the one before it.
#[derive(Debug, Default)]
pub(super) struct Recent {
    held: Mutex<Held>,
    /// Somebody reads them.
    is_wanted: AtomicBool,
}

#[derive(Debug, Default)]
struct Held {
    events: VecDeque<Arc<Event>>,
    bytes: usize,
}

impl Recent {
    /// From now on they are held.
    #[cfg(feature = "config")]
    pub(super) fn want(&self) {
        self.is_wanted.store(true, Ordering::Release);
    }

    /// Whether one with so many bytes in its body is worth holding beside those of its turn that have so many.
    pub(super) fn wants(&self, bytes: usize, turn_bytes: usize) -> bool {
        self.is_wanted.load(Ordering::Acquire) && turn_bytes.saturating_add(bytes) <= HELD_BYTES
    }

    /// Adds the events of a turn that was kept, in order. The oldest go.
    pub(super) fn add(&self, events: impl Iterator<Item = Event>) {
        let mut held = self.held();
        for event in events {
            let is_next = |last: &Arc<Event>| last.number.checked_add(1) == Some(event.number);
            if !held.events.back().is_none_or(is_next) {
                *held = Held::default();
            }
            held.bytes += event.body.len();
            held.events.push_back(Arc::new(event));
        }
        while held.bytes > HELD_BYTES || held.events.len() > HELD_EVENTS {
            let Some(oldest) = held.events.pop_front() else { return };
            held.bytes -= oldest.body.len();
        }
    }

    /// The events after that of number `after`, as many as `most` and no more once their bodies have `most_bytes`. Nothing where
    /// the next one is not held: it is in the file, or has not come.
    #[cfg(any(test, feature = "config"))]
    pub(super) fn after(&self, after: i64, most: usize, most_bytes: usize) -> Option<Vec<Event>> {
        let found: Vec<Arc<Event>> = {
            let held = self.held();
            let first = held.events.front()?.number;
            let skipped = usize::try_from(after.checked_add(1)?.checked_sub(first)?).ok()?;
            let mut bytes = 0;
            let fits = |event: &&Arc<Event>| {
                let fits = bytes < most_bytes;
                bytes += event.body.len();
                fits
            };
            held.events.iter().skip(skipped).take(most).take_while(fits).cloned().collect()
        };
        let found: Vec<Event> = found.into_iter().map(Arc::unwrap_or_clone).collect();
        Some(found).filter(|found| !found.is_empty())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        // Nothing in here panics half-way.
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: i64, bytes: usize) -> Event {
        Event::sample(number, vec![b'1'; bytes])
    }

    fn numbers(recent: &Recent, after: i64, most: usize, most_bytes: usize) -> Option<Vec<i64>> {
        let found = recent.after(after, most, most_bytes)?;
        Some(found.into_iter().map(|event| event.number).collect())
    }

    #[test]
    fn what_is_held_is_given_in_order_and_what_is_not_is_left_to_the_file() {
        let recent = Recent::default();
        assert_eq!(numbers(&recent, 0, 9, 99), None);
        recent.add((5..9).map(|number| event(number, 10)));
        assert_eq!(numbers(&recent, 4, 9, 999), Some(vec![5, 6, 7, 8]));
        assert_eq!(numbers(&recent, 6, 9, 999), Some(vec![7, 8]));
        assert_eq!(numbers(&recent, 4, 2, 999), Some(vec![5, 6]));
        assert_eq!(numbers(&recent, 4, 9, 11), Some(vec![5, 6]), "the one that goes over it is the last");
        for after in [i64::MIN, 0, 3, 8, 9, i64::MAX] {
            assert_eq!(numbers(&recent, after, 9, 999), None, "after {after}");
        }
        // A turn of which it was not known whether it was kept lies between.
        recent.add([event(11, 10)].into_iter());
        assert_eq!((numbers(&recent, 8, 9, 999), numbers(&recent, 10, 9, 999)), (None, Some(vec![11])));
    }

    #[test]
    fn no_more_is_held_than_its_limits() {
        let recent = Recent::default();
        recent.add((1..=2000).map(|number| event(number, 1)));
        assert_eq!(numbers(&recent, 2000 - 1024, 9999, 9999).map(|found| found.len()), Some(1024));
        assert_eq!(numbers(&recent, 2000 - 1025, 9999, 9999), None);
        recent.add([event(2001, HELD_BYTES + 1)].into_iter());
        assert_eq!(numbers(&recent, 2000, 9, 9), None, "what is longer is left to the file");
        recent.add([event(2002, HELD_BYTES)].into_iter());
        assert_eq!(numbers(&recent, 2001, 9, 9), Some(vec![2002]));
    }
}
