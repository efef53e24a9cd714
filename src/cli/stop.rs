//! SIGINT and SIGTERM as an end like any other, for commands that go on until they are told.

use crate::minimal::Failure;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Whether SIGINT or SIGTERM came. A second one ends the process where it stands.
pub(super) struct Stop(Arc<AtomicBool>);

/// What waiting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waited {
    /// The time is over.
    InVain,
    /// A signal came.
    Stopped,
    /// Nobody reads what is written.
    ReaderGone,
}

impl Stop {
    pub(super) fn on_signals() -> Result<Self, Failure> {
        let asked = Arc::<AtomicBool>::default();
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag not yet set.
            flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&asked))
                .and_then(|_| flag::register(signal, Arc::clone(&asked)))
                .map_err(|error: io::Error| Failure::Running(format!("cannot listen for signals: {error}")))?;
        }
        Ok(Stop(asked))
    }

    pub(super) fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits for `time`, unless a signal comes or whoever reads `out` goes away.
    pub(super) fn wait(&self, out: &impl AsFd, time: Duration) -> Waited {
        // Nothing is asked for: that nobody is at the other end is told always.
        let mut fds = [PollFd::new(out, PollFlags::empty())];
        let polled = Timespec::try_from(time).map(|time| poll(&mut fds, Some(&time)));
        let [out] = &fds;
        match polled {
            _ if self.is_asked() => Waited::Stopped,
            Ok(Ok(0) | Err(_)) => Waited::InVain,
            Ok(Ok(_)) if out.revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL) => {
                Waited::ReaderGone
            }
            _ => {
                std::thread::sleep(time);
                Waited::InVain
            }
        }
    }
}
