//! The fronts that listen and feed the receiver.

#[cfg(feature = "evented")]
pub mod evented;
#[cfg(feature = "explain")]
pub mod explained;
pub mod tiny;
#[cfg(feature = "tls")]
pub mod tls;
#[cfg(feature = "evented")]
pub mod unix;
pub mod watch;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Asks a running front to stop, from any thread.
#[derive(Clone)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl Stop {
    /// A way to stop a front that `wake` wakes from its waiting.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Stop { asked: Arc::default(), wake: Arc::new(wake) }
    }

    /// Stops accepting; what was accepted is finished, then the front returns.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        (self.wake)();
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stop").field("asked", &self.asked()).finish_non_exhaustive()
    }
}

/// Hands a running front what it is to serve by from its next turn on, from any thread. No connection is dropped, and what a
/// turn has begun it ends as it began it.
pub struct Change<T> {
    next: Arc<Mutex<Option<T>>>,
    wake: Arc<dyn Fn() + Send + Sync>,
}

impl<T> Change<T> {
    /// A way to change what a front serves by that `wake` wakes from its waiting.
    pub fn new(wake: impl Fn() + Send + Sync + 'static) -> Self {
        Change { next: Arc::default(), wake: Arc::new(wake) }
    }

    /// Has it serve by `next`. Of several before one turn the last counts.
    pub fn make(&self, next: T) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(next);
        (self.wake)();
    }

    /// What it is to serve by from now on, if that has changed.
    fn take(&self) -> Option<T> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<T> Clone for Change<T> {
    fn clone(&self) -> Self {
        Change { next: Arc::clone(&self.next), wake: Arc::clone(&self.wake) }
    }
}

impl<T> fmt::Debug for Change<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change").finish_non_exhaustive()
    }
}
