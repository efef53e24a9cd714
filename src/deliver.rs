//! Handing on: a thread beside the receiver reads the store in order and writes each event to its sink. Whatever a sink does, the
//! receiver does not wait for it, and what it has not had comes after the next start.

mod cursor;

pub use cursor::{DELIVERY_FILE, owed_from};

use crate::sink::Style;
use crate::store::{Asks, Event, Reader, StoreError};
use cursor::Cursor;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::Thread;
use std::time::Duration;

/// The name of the only sink there is yet.
const SINK: &str = "stdout";

/// Most events that are handed on at once, and most bytes of their bodies, but for a single one: what a stop waits for at most.
const BATCH_EVENTS: usize = 256;
const BATCH_BYTES: usize = 1024 * 1024;

/// Bounds of the pause before a sink that failed is tried again; it doubles.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// A delivery thread that runs.
#[derive(Debug)]
pub struct Delivery {
    thread: Thread,
    shared: Arc<Shared>,
    ended: mpsc::Receiver<()>,
}

#[derive(Debug)]
struct Shared {
    stopping: AtomicBool,
    /// The number of the last event that was handed on.
    done: AtomicI64,
}

impl Delivery {
    /// Starts handing the events of the store in `folder` to `out`, from where it was left. `say` is told of a sink that fails.
    ///
    /// # Errors
    /// Where the store or the file of the cursors cannot be read, or no thread be had.
    pub fn start(
        folder: &Path,
        (out, style): (impl Write + Send + 'static, Style),
        asks: Arc<Asks>,
        say: impl Fn(&io::Error) + Send + 'static,
    ) -> Result<Self, StoreError> {
        let reader = Reader::open(folder)?.beside(Arc::clone(&asks));
        let cursor = Cursor::open(folder, reader.id(), SINK)?;
        asks.owe_from(cursor.event() + 1);
        let shared = Arc::new(Shared { stopping: AtomicBool::new(false), done: AtomicI64::new(cursor.event()) });
        let (end, ended) = mpsc::channel();
        let mut worker =
            Worker { reader, cursor, out, style, asks, shared: Arc::clone(&shared), text: Vec::new(), torn: false };
        let spawned = std::thread::Builder::new().name("delivery".into()).spawn(move || {
            worker.run(&say);
            // Its file is closed before the receiver's, which then can tidy up as the last one.
            drop(worker);
            let _ = end.send(());
        });
        let failed = |error: io::Error| StoreError::Failed { doing: "starting delivery", why: error.to_string() };
        Ok(Delivery { thread: spawned.map_err(failed)?.thread().clone(), shared, ended })
    }

    /// What wakes it when there is something to hand on.
    pub fn bell(&self) -> impl Fn() + Send + 'static {
        let thread = self.thread.clone();
        move || thread.unpark()
    }

    /// Has it hand on all events up to that of number `last`, then end. Gives up when nothing moves for `patience`: what is left
    /// is handed on after the next start. Whether nothing is left.
    #[must_use]
    pub fn finish(self, last: i64, patience: Duration) -> bool {
        self.shared.stopping.store(true, Ordering::Release);
        self.thread.unpark();
        let mut done = self.shared.done.load(Ordering::Acquire);
        loop {
            match self.ended.recv_timeout(patience) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let before = std::mem::replace(&mut done, self.shared.done.load(Ordering::Acquire));
                    if before == done {
                        break;
                    }
                }
            }
        }
        self.shared.done.load(Ordering::Acquire) >= last
    }
}

struct Worker<W> {
    reader: Reader,
    cursor: Cursor,
    out: W,
    style: Style,
    asks: Arc<Asks>,
    shared: Arc<Shared>,
    text: Vec<u8>,
    /// The last write broke off within a line, which the next one has to end first.
    torn: bool,
}

impl<W: Write> Worker<W> {
    fn run(&mut self, say: &dyn Fn(&io::Error)) {
        let mut pause = BACKOFF.0;
        let mut failing = false;
        loop {
            match self.step() {
                Ok(true) => {
                    failing = false;
                    pause = BACKOFF.0;
                }
                Ok(false) if self.shared.stopping.load(Ordering::Acquire) => return,
                // Woken by the bell; one that rang meanwhile is not lost.
                Ok(false) => std::thread::park(),
                // A sink that fails is given no more time by a stop.
                Err(_) if self.shared.stopping.load(Ordering::Acquire) => return,
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        say(&error);
                    }
                    std::thread::park_timeout(pause);
                    pause = (pause * 2).min(BACKOFF.1);
                }
            }
        }
    }

    /// Hands on what is next; whether there was anything.
    fn step(&mut self) -> io::Result<bool> {
        let events =
            self.reader.events_to_print(self.cursor.event(), BATCH_EVENTS, BATCH_BYTES).map_err(io::Error::other)?;
        let Some(last) = events.last().map(|event| event.number) else { return Ok(false) };
        self.text.clear();
        if self.torn {
            self.text.push(b'\n');
        }
        for event in &events {
            self.show(event);
        }
        let mut written = 0;
        while let Some(rest) = self.text.get(written..).filter(|rest| !rest.is_empty()) {
            match self.out.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    written += count;
                    self.torn = rest.get(count - 1) != Some(&b'\n');
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.out.flush()?;
        self.cursor.advance(last).map_err(io::Error::other)?;
        self.shared.done.store(last, Ordering::Release);
        self.asks.owe_from(last + 1);
        self.text.shrink_to(BATCH_BYTES);
        Ok(true)
    }

    fn show(&mut self, event: &Event) {
        let id = event.id(self.reader.id()).to_string();
        self.style.write_stored(event, &id, &mut self.text);
    }
}
