//! One sink that runs: its thread, and how it is told to end.

use super::each::Desk;
use super::post::Post;
use super::stream::Pen;
use super::{Shared, Sink, Taker, WatchedSink, kind};
use crate::config;
use crate::sink::Stopping;
use crate::store::{Reader, StoreError};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Thread;
use std::time::{Duration, Instant};

/// A sink's thread, from outside.
pub(super) struct Running {
    configured: config::Sink,
    control: Arc<Control>,
    watched: Arc<WatchedSink>,
    thread: Thread,
    /// Of whoever waits for its end.
    ended: Mutex<Receiver<()>>,
    is_stream: bool,
}

/// What a sink is told.
pub(super) struct Control {
    /// For attempts.
    pub(super) stop: Stopping,
    /// There may be events to be handed on again.
    pub(super) replays: AtomicBool,
    mode: AtomicU8,
    /// Attempts are under way.
    busy: AtomicBool,
}

/// Whether a sink goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// It does.
    Run,
    /// It ends when nothing is left.
    Drain,
    /// It ends.
    Leave,
}

impl Control {
    pub(super) fn set_busy(&self, is_busy: bool) {
        self.busy.store(is_busy, Ordering::Release);
    }

    pub(super) fn mode(&self) -> Mode {
        match self.mode.load(Ordering::Acquire) {
            0 => Mode::Run,
            1 => Mode::Drain,
            _ => Mode::Leave,
        }
    }

    fn set_mode(&self, mode: Mode) {
        self.mode.fetch_max(mode as u8, Ordering::AcqRel);
    }
}

/// A sink that was told to end, and has by a moment.
pub(super) struct Leaving {
    running: Arc<Running>,
    until: Instant,
}

impl Leaving {
    /// Waits until it has ended, or has to have. What is left then, such as a thread that a pipe blocks, does nothing more once
    /// it goes on.
    fn wait(&self) {
        let left = (self.until + Duration::from_secs(1)).saturating_duration_since(Instant::now());
        let _ = self.running.ended(left);
    }
}

impl Running {
    /// Starts `sink`, after `predecessor` has ended.
    pub(super) fn start(sink: Sink, shared: &Arc<Shared>, predecessor: Option<Leaving>) -> Result<Self, StoreError> {
        let Sink { configured, taker } = sink;
        let reader = Reader::open(&shared.folder)?;
        // Who takes one event at a time has it from the file: that is nothing beside what becomes of it.
        let reader = if matches!(taker, Taker::Stream(_)) { reader.beside(shared.holds.asks()) } else { reader };
        let control = Arc::new(Control {
            stop: Stopping::new(),
            // What was asked for while nobody ran.
            replays: AtomicBool::new(true),
            mode: AtomicU8::new(Mode::Run as u8),
            busy: AtomicBool::new(false),
        });
        let before = predecessor.as_ref().map(|predecessor| &*predecessor.running.watched);
        let watched = Arc::new(WatchedSink::new(&configured.name, kind(&configured.kind), before));
        watched.set_done(shared.ledger.cursor(&configured.name)?);
        let (end, ended) = mpsc::channel();
        let is_stream = matches!(taker, Taker::Stream(_));
        let post = Post {
            name: configured.name.clone(),
            filter: configured.filter.clone(),
            reader,
            shared: Arc::clone(shared),
            control: Arc::clone(&control),
            watched: Arc::clone(&watched),
            cursor: 0,
            tidied: None,
        };
        let retries = configured.retries;
        let work = move || {
            if let Some(predecessor) = predecessor {
                predecessor.wait();
            }
            if let Some(post) = post.begin() {
                match taker {
                    Taker::Stream(stream) => Pen::new(post, stream).run(),
                    Taker::Each(each, concurrency) => Desk::new(post, each, (concurrency, retries)).run(),
                }
            }
            // Its files are closed before the receiver's, which then can tidy up as the last one.
            let _ = end.send(());
        };
        let failed = |error: io::Error| StoreError::Failed { doing: "starting a sink", why: error.to_string() };
        let spawned = std::thread::Builder::new().name("sink".into()).spawn(work).map_err(failed)?;
        Ok(Running {
            configured,
            control,
            watched,
            thread: spawned.thread().clone(),
            ended: Mutex::new(ended),
            is_stream,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.configured.name
    }

    /// Whether it is what `configured` says. One that signs, or trusts whom a file names, is not: something else may be in that.
    pub(super) fn is_as(&self, configured: &config::Sink) -> bool {
        let has_files = match &configured.kind {
            config::SinkKind::Forward(forward) => forward.sign_with.is_some() || forward.ca.is_some(),
            _ => false,
        };
        !has_files && self.configured == config::Sink { line: self.configured.line, ..configured.clone() }
    }

    pub(super) fn watched(&self) -> Arc<WatchedSink> {
        Arc::clone(&self.watched)
    }

    pub(super) fn thread(&self) -> Thread {
        self.thread.clone()
    }

    pub(super) fn look_for_replays(&self) {
        self.control.replays.store(true, Ordering::Release);
        self.thread.unpark();
    }

    /// Attempts have to be over by `until`.
    pub(super) fn stop(&self, until: Instant) {
        if !self.is_stream {
            self.control.stop.ask(until);
            self.thread.unpark();
        }
    }

    /// Whether attempts are under way.
    pub(super) fn is_busy(&self) -> bool {
        self.control.busy.load(Ordering::Acquire)
    }

    /// It ends when nothing is left.
    pub(super) fn drain(&self) {
        self.control.set_mode(Mode::Drain);
        self.thread.unpark();
    }

    /// It ends: its successor begins after that.
    pub(super) fn leave(self: Arc<Self>, until: Instant) -> Leaving {
        self.control.set_mode(Mode::Leave);
        self.control.stop.ask(until);
        self.thread.unpark();
        Leaving { running: self, until }
    }

    /// Waits for `time` until it has ended.
    fn ended(&self, time: Duration) -> Result<(), RecvTimeoutError> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner).recv_timeout(time)
    }

    /// Waits until it has ended: a stream for as long as it hands on something every `patience`, attempts until `until`.
    pub(super) fn wait(&self, patience: Duration, until: Instant) {
        let mut done = self.watched.done();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let time = if self.is_stream { patience.min(left) } else { left + Duration::from_secs(1) };
            match self.ended(time) {
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {
                    let before = std::mem::replace(&mut done, self.watched.done());
                    if before == done || !self.is_stream || left.is_zero() {
                        return;
                    }
                }
            }
        }
    }
}
