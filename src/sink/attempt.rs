//! What delivery asks of a sink, and what a sink says.

use crate::store::{Event, StoreId};
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What became of one attempt to hand an event on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The sink has it.
    Done,
    /// The sink does not have it, and may take it another time.
    Retry {
        /// What happened, for people: lower case, no full stop, never a secret or a body.
        why: String,
        /// How long it wants to be left alone, where it says so.
        after: Option<Duration>,
    },
    /// The sink will never take it.
    Dead {
        /// What happened, as of a retry.
        why: String,
    },
}

/// One attempt, when it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What became of it.
    pub outcome: Outcome,
    /// What the sink said, such as what a command printed: bounded by the sink, [`OUTPUT_LIMIT_BYTES`] at most; empty for most.
    pub output: Vec<u8>,
}

/// Most output that is kept of one attempt, in bytes: the end of a build's log is worth reading, all of it is not.
pub const OUTPUT_LIMIT_BYTES: usize = 16 * 1024;

/// A sink that takes one event at a time. Several threads call it at once.
pub trait Each: Send + Sync {
    /// Tries to hand on `event`, which is called `id` everywhere. `number` is that of the attempt, from 1. It returns by its own
    /// time limit, and soon after the moment that `stop` names: what is not over then is ended, and says `Retry`.
    fn attempt(&self, event: &Event, id: &str, number: u32, stop: &Stopping) -> Attempt;
}

/// A sink that takes events in order.
pub trait Stream: Send {
    /// Writes `events`, which are of the store called `store`, all of them, flushed. Where it fails, the same events are given
    /// again, since some of them may not be there; a line that broke off is for the sink to end first.
    ///
    /// # Errors
    /// Where not all could be written.
    fn write(&mut self, events: &[Event], store: &StoreId) -> io::Result<()>;

    /// How long it is given nothing more after a batch, so that the next one is larger.
    fn rest(&self) -> Duration {
        Duration::ZERO
    }
}

impl From<Outcome> for Attempt {
    /// An attempt without output.
    fn from(outcome: Outcome) -> Self {
        Attempt { outcome, output: Vec::new() }
    }
}

/// Tells whoever is at an attempt that the receiver is being stopped, and by when it has to be over. Clones are of one and the
/// same.
#[derive(Clone, Debug, Default)]
pub struct Stopping(Arc<State>);

#[derive(Debug, Default)]
struct State {
    until: Mutex<Option<Instant>>,
    asked: Condvar,
}

impl Stopping {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        Stopping::default()
    }

    /// Asks everybody to be done by `until`. Of several moments the earliest counts.
    pub fn ask(&self, until: Instant) {
        let mut known = self.0.until.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(known.map_or(until, |before| before.min(until)));
        self.0.asked.notify_all();
    }

    /// By when everything has to be over, once that was asked for.
    #[must_use]
    pub fn until(&self) -> Option<Instant> {
        *self.0.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the receiver is being stopped: nothing new is begun.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.until().is_some()
    }

    /// Whether everything has to be over now.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.until().is_some_and(|until| Instant::now() >= until)
    }

    /// `limit`, or what is left until everything has to be over, where that is less.
    #[must_use]
    pub fn at_most(&self, limit: Duration) -> Duration {
        self.until().map_or(limit, |until| limit.min(until.saturating_duration_since(Instant::now())))
    }

    /// Waits until the receiver is being stopped, `limit` at most. Whether it is.
    pub fn wait(&self, limit: Duration) -> bool {
        let end = Instant::now().checked_add(limit);
        let mut until = self.0.until.lock().unwrap_or_else(PoisonError::into_inner);
        while until.is_none() {
            let left = end.map_or(limit, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return false;
            }
            until = self.0.asked.wait_timeout(until, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_moments_the_earliest_counts() {
        let (stop, now) = (Stopping::new(), Instant::now());
        assert!(!stop.is_asked() && !stop.is_over());
        assert_eq!(stop.at_most(Duration::from_secs(9)), Duration::from_secs(9));
        stop.ask(now + Duration::from_secs(3600));
        assert!(stop.is_asked() && !stop.is_over());
        assert_eq!(stop.at_most(Duration::from_secs(9)), Duration::from_secs(9));
        stop.ask(now);
        stop.ask(now + Duration::from_secs(7200));
        assert!(stop.clone().is_over());
        assert_eq!(stop.at_most(Duration::from_secs(9)), Duration::ZERO);
    }

    #[test]
    fn who_waits_is_woken_by_a_stop() {
        let stop = Stopping::new();
        assert!(!stop.wait(Duration::from_millis(1)));
        let asker = stop.clone();
        let asking = std::thread::spawn(move || asker.ask(Instant::now()));
        assert!(stop.wait(Duration::from_secs(3600)));
        asking.join().unwrap();
    }
}
