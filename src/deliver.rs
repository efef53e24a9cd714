//! Handing on: a thread for each sink reads the store in order, beside the receiver, which waits for none of them. Whatever a
//! sink does, the others go on; and what it has not had comes after the next start.

mod crew;
mod each;
mod health;
mod holds;
mod ledger;
mod notice;
mod post;
mod running;
pub mod schedule;
mod stream;
mod watched;

pub use ledger::{DELIVERY_FILE, DeadLetter, Fate, Look, Replays, Standing, Tried, owed_from};
pub use notice::Notice;
pub use watched::{Came, Watched, WatchedSink};

use crate::config::{self, SinkKind};
use crate::sink::{Each, Stream};
use crate::store::{Asks, Reader, StoreError, StoreId};
use holds::Holds;
use ledger::Ledger;
use running::Running;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// After the receiver has stopped: how long a stream may take nothing before it is given up on.
const PATIENCE: Duration = Duration::from_secs(2);

/// Why an event is given up on that is not what was written.
const SPOILT: &str = "it is not what was written; hookgate store check says more";

/// How long attempts may go on at a sink that is changed or removed while the receiver runs: as long as at the receiver's end.
const CHANGE_LIMIT: Duration = Duration::from_secs(9);

/// A sink to be run.
pub struct Sink {
    /// What it is.
    pub configured: config::Sink,
    /// What takes its events.
    pub taker: Taker,
}

/// What takes events.
pub enum Taker {
    /// In order.
    Stream(Box<dyn Stream>),
    /// One at a time, so many at once.
    Each(Arc<dyn Each>, u32),
}

/// All sinks at work.
pub struct Delivery {
    shared: Arc<Shared>,
    running: Mutex<Vec<Arc<Running>>>,
    /// What the bell wakes.
    threads: Arc<RwLock<Vec<Thread>>>,
}

/// What the sinks share.
struct Shared {
    folder: PathBuf,
    store: StoreId,
    ledger: Ledger,
    holds: Holds,
    watched: Arc<Watched>,
    tell: Box<dyn Fn(Notice) + Send + Sync>,
}

impl Delivery {
    /// Starts handing the events of the store in `folder` to `sinks`, each from where it was left. `last` is the number of the
    /// last event. `tell` is told what the operator may want to know; it must not wait for anybody.
    ///
    /// # Errors
    /// Where the store or delivery's file cannot be used, or no thread be had.
    pub fn start(
        folder: &Path,
        sinks: Vec<Sink>,
        (last, asks): (i64, Arc<Asks>),
        tell: impl Fn(Notice) + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        // Nothing is deleted before it is known who owes what.
        asks.owe_from(0);
        let store = Reader::open(folder)?.id().clone();
        let watched = Arc::new(Watched::default());
        watched.set_last_event(last);
        let shared = Arc::new(Shared {
            folder: folder.into(),
            ledger: Ledger::open(folder, &store, last)?,
            store,
            holds: Holds::new(asks),
            watched,
            tell: Box::new(tell),
        });
        let delivery = Delivery { shared, running: Mutex::default(), threads: Arc::default() };
        delivery.replace(sinks)?;
        Ok(delivery)
    }

    /// What wakes it when there is something to hand on; told the number that the next event will have.
    pub fn bell(&self) -> impl Fn(i64) + Send + 'static {
        let (threads, watched) = (Arc::clone(&self.threads), Arc::clone(&self.shared.watched));
        move |next| {
            watched.set_last_event(next - 1);
            threads.read().unwrap_or_else(PoisonError::into_inner).iter().for_each(Thread::unpark);
        }
    }

    /// What can be seen of it.
    #[must_use]
    pub fn watched(&self) -> Arc<Watched> {
        Arc::clone(&self.shared.watched)
    }

    /// There may be events that somebody wants handed on again.
    pub fn look_for_replays(&self) {
        self.running().iter().for_each(|running| running.look_for_replays());
    }

    /// Goes on with `sinks`: those that are as before are not touched; one that changed, or is no more, ends what it has begun,
    /// and its successor begins after that. This does not wait for it.
    ///
    /// # Errors
    /// Where it cannot be written down, or no thread be had. Then all goes on as before, but for what was begun already.
    pub fn replace(&self, sinks: Vec<Sink>) -> Result<(), StoreError> {
        let mut running = self.running();
        let shared = &self.shared;
        let names: Vec<&str> = sinks.iter().map(|sink| sink.configured.name.as_str()).collect();
        let places = shared.ledger.configure(&shared.store, &names, shared.watched.last_event())?;
        let mut held = Vec::new();
        for (name, place) in names.iter().zip(&places) {
            let lowest = shared.ledger.lowest(name)?.unwrap_or(i64::MAX);
            held.push((*name, lowest.min(place.event.saturating_add(1))));
        }
        shared.holds.only(held);
        for (name, place) in names.iter().zip(&places).filter(|(_, place)| place.is_added) {
            (shared.tell)(Notice::Added { sink: (*name).to_string(), after: place.event });
        }
        let until = Instant::now() + CHANGE_LIMIT;
        let mut before = std::mem::take(&mut *running);
        let mut failed = None;
        for sink in sinks {
            let at = before.iter().position(|running| running.name() == sink.configured.name);
            match at.map(|at| before.remove(at)) {
                Some(same) if same.is_as(&sink.configured) => running.push(same),
                predecessor => {
                    let predecessor = predecessor.map(|predecessor| predecessor.leave(until));
                    match Running::start(sink, shared, predecessor) {
                        Ok(started) => running.push(Arc::new(started)),
                        Err(error) => failed = Some(error),
                    }
                }
            }
        }
        for removed in before {
            drop(removed.leave(until));
        }
        shared.watched.set_sinks(running.iter().map(|running| running.watched()).collect());
        let threads = running.iter().map(|running| running.thread()).collect();
        *self.threads.write().unwrap_or_else(PoisonError::into_inner) = threads;
        failed.map_or(Ok(()), Err)
    }

    /// Attempts have to be over by `until`, and none is begun any more. Streams go on.
    pub fn stop(&self, until: Instant) {
        self.running().iter().for_each(|running| running.stop(until));
    }

    /// Whether attempts are under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.running().iter().any(|running| running.is_busy())
    }

    /// Has streams hand on all that there is, as long as they take it; waits for attempts that are under way until `until`, or
    /// the moment that was said before. What is left is handed on after the next start.
    pub fn finish(&self, until: Instant) {
        self.stop(until);
        // Whoever wants all of it to end sooner still finds them.
        let running = self.running().clone();
        running.iter().for_each(|running| running.drain());
        for running in running {
            running.wait(PATIENCE, until);
        }
        self.shared.ledger.gather();
    }

    fn running(&self) -> MutexGuard<'_, Vec<Arc<Running>>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("folder", &self.shared.folder).finish_non_exhaustive()
    }
}

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sink").field("configured", &self.configured).finish_non_exhaustive()
    }
}

impl fmt::Debug for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Taker::Stream(_) => "Stream",
            Taker::Each(..) => "Each",
        })
    }
}

/// What a sink is, in one word.
fn kind(kind: &SinkKind) -> &'static str {
    match kind {
        SinkKind::Stdout { .. } => "stdout",
        SinkKind::Command(_) => "command",
        SinkKind::Forward(_) => "forward",
        SinkKind::File { .. } => "file",
    }
}
