//! What can be seen of delivery while it runs: numbers that its threads write and anybody reads, without a lock on the way.

use crate::sink::Outcome;
use crate::time::UnixTime;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// All sinks that run, and how much there is for them.
#[derive(Debug, Default)]
pub struct Watched {
    /// The number of the last event in the store.
    last_event: AtomicI64,
    sinks: RwLock<Vec<Arc<WatchedSink>>>,
}

/// One sink. Counts begin with the receiver's start, and go on where the sink is configured otherwise meanwhile; owed and dead
/// events are those of delivery's file.
#[derive(Debug)]
pub struct WatchedSink {
    name: String,
    kind: &'static str,
    done: AtomicI64,
    counts: Arc<Counts>,
    owed: AtomicU64,
    dead: AtomicU64,
    paused: AtomicBool,
}

/// What goes on through changes of its sink.
#[derive(Debug)]
struct Counts {
    attempts: [AtomicU64; 3],
    succeeded_at_ms: AtomicI64,
}

/// What an attempt came to, for counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// The sink has the event. Of a stream each event counts as an attempt.
    Done,
    /// It is tried again, or was to be for the last time.
    Retry,
    /// It is a dead letter by the sink's own word.
    Dead,
}

impl Watched {
    /// The sinks that run, in the order of the configuration.
    #[must_use]
    pub fn sinks(&self) -> Vec<Arc<WatchedSink>> {
        self.sinks.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The number of the last event in the store; 0 where there was none yet.
    #[must_use]
    pub fn last_event(&self) -> i64 {
        self.last_event.load(Ordering::Relaxed)
    }

    /// How many events `sink` has yet to look at: its lag. Those of them that it is not to have count too, and numbers of
    /// events that are gone.
    #[must_use]
    pub fn pending(&self, sink: &WatchedSink) -> u64 {
        u64::try_from(self.last_event().saturating_sub(sink.done())).unwrap_or(0)
    }

    /// Whether there are sinks, and every one of them is paused.
    #[must_use]
    pub fn are_all_paused(&self) -> bool {
        let sinks = self.sinks.read().unwrap_or_else(PoisonError::into_inner);
        !sinks.is_empty() && sinks.iter().all(|sink| sink.is_paused())
    }

    pub(super) fn set_last_event(&self, number: i64) {
        self.last_event.store(number, Ordering::Relaxed);
    }

    pub(super) fn set_sinks(&self, sinks: Vec<Arc<WatchedSink>>) {
        *self.sinks.write().unwrap_or_else(PoisonError::into_inner) = sinks;
    }
}

impl WatchedSink {
    /// That of a sink which takes the place of `predecessor`, if there was one.
    pub(super) fn new(name: &str, kind: &'static str, predecessor: Option<&WatchedSink>) -> Self {
        let same = predecessor.filter(|before| before.kind == kind);
        let begun = || Arc::new(Counts { attempts: <_>::default(), succeeded_at_ms: AtomicI64::new(i64::MIN) });
        WatchedSink {
            name: name.to_string(),
            kind,
            done: AtomicI64::new(0),
            counts: same.map_or_else(begun, |before| Arc::clone(&before.counts)),
            owed: AtomicU64::new(0),
            dead: AtomicU64::new(0),
            paused: AtomicBool::new(false),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its type, as the configuration has it: `stdout`, `command`, `forward` or `file`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The number of the last event that is done, or owed, with all before it.
    #[must_use]
    pub fn done(&self) -> i64 {
        self.done.load(Ordering::Relaxed)
    }

    /// How many attempts came to this.
    #[must_use]
    pub fn attempts(&self, came: Came) -> u64 {
        self.counts.attempts.get(came as usize).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// How many events are to be tried again.
    #[must_use]
    pub fn owed(&self) -> u64 {
        self.owed.load(Ordering::Relaxed)
    }

    /// How many dead letters there are.
    #[must_use]
    pub fn dead(&self) -> u64 {
        self.dead.load(Ordering::Relaxed)
    }

    /// Whether it failed for so long that it takes no new events until one of the owed ones was taken.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }

    /// When an attempt last succeeded, if one has.
    #[must_use]
    pub fn succeeded_at(&self) -> Option<UnixTime> {
        let at_ms = self.counts.succeeded_at_ms.load(Ordering::Relaxed);
        (at_ms != i64::MIN).then(|| UnixTime::from_ms(at_ms))
    }

    pub(super) fn set_done(&self, number: i64) {
        self.done.store(number, Ordering::Relaxed);
    }

    /// So many attempts came to this at `now`.
    pub(super) fn count(&self, came: Came, attempts: u64, now: UnixTime) {
        if let Some(count) = self.counts.attempts.get(came as usize) {
            count.fetch_add(attempts, Ordering::Relaxed);
        }
        if came == Came::Done {
            self.counts.succeeded_at_ms.store(now.as_ms(), Ordering::Relaxed);
        }
    }

    pub(super) fn set_owed(&self, owed: u64, dead: u64) {
        self.owed.store(owed, Ordering::Relaxed);
        self.dead.store(dead, Ordering::Relaxed);
    }

    pub(super) fn set_paused(&self, paused: bool) {
        self.paused.store(paused, Ordering::Relaxed);
    }
}

impl From<&Outcome> for Came {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Done => Came::Done,
            Outcome::Retry { .. } => Came::Retry,
            Outcome::Dead { .. } => Came::Dead,
        }
    }
}
