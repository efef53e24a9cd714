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

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
