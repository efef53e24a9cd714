//! What may not be deleted from the store, since a sink has yet to have it.

use crate::store::Asks;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The lowest number that each sink has yet to have. The least of them is told to who deletes.
pub(super) struct Holds {
    asks: Arc<Asks>,
    from: Mutex<BTreeMap<String, i64>>,
}

impl Holds {
    pub(super) fn new(asks: Arc<Asks>) -> Self {
        Holds { asks, from: Mutex::default() }
    }

    /// Who deletes.
    pub(super) fn asks(&self) -> Arc<Asks> {
        Arc::clone(&self.asks)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        self.from.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// These are the sinks, with what each holds that was not there before.
    pub(super) fn only<'n>(&self, sinks: impl IntoIterator<Item = (&'n str, i64)>) {
        let mut held = self.lock();
        let before = std::mem::take(&mut *held);
        for (sink, from) in sinks {
            held.insert(sink.to_string(), before.get(sink).copied().unwrap_or(from));
        }
        self.say(&held);
    }

    /// `sink` has yet to have events from this number on.
    pub(super) fn hold(&self, sink: &str, from: i64) {
        let mut held = self.lock();
        // One that was removed holds nothing.
        if let Some(held) = held.get_mut(sink) {
            *held = from;
        }
        self.say(&held);
    }

    fn say(&self, held: &BTreeMap<String, i64>) {
        self.asks.owe_from(held.values().copied().min().unwrap_or(i64::MAX));
    }
}
