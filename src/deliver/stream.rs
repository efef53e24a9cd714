//! One sink that takes events in order. What fails is the stream, never an event: it is tried again until it works.

use super::health::{Change, Health};
use super::ledger::{Ended, Then};
use super::post::Post;
use super::running::Mode;
use super::{Came, Notice, SPOILT};
use crate::sink::Stream;
use crate::store::{Event, StoreError};
use crate::time::UnixTime;
use std::collections::BTreeSet;
use std::io;
use std::time::{Duration, Instant};

/// Most events that are handed on at once, and most bytes of their bodies, but for a single one: what a stop waits for at most.
const BATCH_EVENTS: usize = 1024;
const BATCH_BYTES: usize = 1024 * 1024;

/// Bounds of the pause before a stream that failed is tried again; it doubles.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(30));

/// A stream at work, on a thread of its own.
pub(super) struct Pen {
    post: Post,
    stream: Box<dyn Stream>,
    health: Health,
    /// There may be events that it owes: it was asked for them again, or was of another kind before.
    may_owe: bool,
}

/// Why a step failed.
enum Failed {
    /// The stream takes nothing.
    Stream(io::Error),
    /// The store cannot be read, or nothing written down.
    Store(StoreError),
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        Failed::Store(error)
    }
}

impl Pen {
    pub(super) fn new(post: Post, stream: Box<dyn Stream>) -> Self {
        Pen { post, stream, health: Health::default(), may_owe: true }
    }

    /// Hands on events until it is to stop.
    pub(super) fn run(mut self) {
        let mut pause = BACKOFF.0;
        let mut is_stuck = false;
        loop {
            let began = Instant::now();
            let stepped = if self.post.control.mode() == Mode::Leave { return } else { self.step() };
            match stepped {
                Ok(true) => {
                    (pause, is_stuck) = (BACKOFF.0, false);
                    if self.health.succeeded() == Some(Change::Resumed) {
                        self.post.tell(Notice::Resumed { sink: self.post.name.clone() });
                    }
                    self.post.watched.set_paused(false);
                    std::thread::sleep(self.stream.rest());
                }
                Ok(false) if self.post.control.mode() != Mode::Run => return,
                // Woken by the bell; one that rang meanwhile is not lost.
                Ok(false) => std::thread::park(),
                // One that fails is given no more time by a stop.
                Err(_) if self.post.control.mode() != Mode::Run => return,
                Err(failed) => {
                    self.tell(&failed, (began, Instant::now()), &mut is_stuck);
                    std::thread::park_timeout(pause);
                    pause = (pause * 2).min(BACKOFF.1);
                }
            }
        }
    }

    fn tell(&mut self, failed: &Failed, times: (Instant, Instant), is_stuck: &mut bool) {
        let sink = self.post.name.clone();
        match failed {
            Failed::Stream(error) => {
                if self.health.failed(times) == Some(Change::Fails) {
                    self.post.tell(Notice::Blocked { sink, why: error.to_string() });
                }
                self.post.watched.count(Came::Retry, 1, UnixTime::now());
                self.post.watched.set_paused(self.health.is_paused());
            }
            Failed::Store(error) => {
                if !std::mem::replace(is_stuck, true) {
                    self.post.tell(Notice::Stuck { sink, error: error.clone() });
                }
            }
        }
    }

    /// Hands on what is next; whether there was anything.
    fn step(&mut self) -> Result<bool, Failed> {
        if self.post.wishes() {
            let taken = self.post.take_replays(BATCH_EVENTS, (&BTreeSet::new(), self.post.cursor))?;
            self.may_owe |= taken > 0;
        }
        if self.may_owe && self.owed()? {
            return Ok(true);
        }
        self.may_owe = false;
        let events = match self.post.reader.events_to_print(self.post.cursor, BATCH_EVENTS, BATCH_BYTES) {
            Err(StoreError::Spoilt { event }) => {
                self.give_up(event, false)?;
                return Ok(true);
            }
            events => events?,
        };
        let Some(last) = events.last().map(|event| event.number) else { return Ok(false) };
        self.write(events)?;
        // What was handed on was, whether or not it can be written down.
        let written = self.post.shared.ledger.settle(&self.post.name, last, &[]);
        self.post.came_to(last, false)?;
        written?;
        Ok(true)
    }

    /// Hands on some of what is owed; whether there was anything.
    fn owed(&mut self) -> Result<bool, Failed> {
        let owed = self.post.shared.ledger.soonest(&self.post.name, BATCH_EVENTS)?;
        let (mut events, mut numbers, mut bytes) = (Vec::new(), Vec::new(), 0);
        for number in owed.iter().map(|owed| owed.event) {
            let event = match self.post.reader.whole(number) {
                Err(StoreError::Spoilt { event }) => {
                    self.give_up(event, true)?;
                    continue;
                }
                event => event?,
            };
            numbers.push(number);
            // One that is gone is owed no more.
            events.extend(event);
            bytes += events.last().map_or(0, |event| event.body.len());
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        if !numbers.is_empty() {
            self.write(events)?;
            self.post.shared.ledger.forget(&self.post.name, &numbers)?;
        }
        let (left, dead) = self.post.shared.ledger.counts(&self.post.name)?;
        self.post.watched.set_owed(left, dead);
        self.post.came_to(self.post.cursor, true)?;
        Ok(!numbers.is_empty())
    }

    /// Gives up on an event that is not what was written: nobody can have it as it was, and the others go on.
    fn give_up(&mut self, event: i64, was_owed: bool) -> Result<(), Failed> {
        let at = UnixTime::now();
        let (outcome, why, output, then) = ("dead", SPOILT.to_string(), Vec::new(), Then::Dead);
        let ended = Ended { event, number: 1, counted: 1, at, took_ms: 0, outcome, why, output, then, was_owed };
        let cursor = if was_owed { self.post.cursor } else { event };
        self.post.shared.ledger.settle(&self.post.name, cursor, &[ended])?;
        let (owed, dead) = self.post.shared.ledger.counts(&self.post.name)?;
        self.post.watched.set_owed(owed, dead);
        self.post.watched.count(Came::Dead, 1, at);
        let (sink, id) = (self.post.name.clone(), self.post.id(event));
        self.post.tell(Notice::Dead { sink, id, attempts: 1, why: SPOILT.to_string() });
        self.post.came_to(cursor, was_owed)?;
        Ok(())
    }

    /// Writes those of these that are for the sink.
    fn write(&mut self, mut events: Vec<Event>) -> Result<(), Failed> {
        events.retain(|event| self.post.takes(event));
        if !events.is_empty() {
            self.stream.write(&events, self.post.reader.id()).map_err(Failed::Stream)?;
            self.post.watched.count(Came::Done, events.len() as u64, UnixTime::now());
        }
        Ok(())
    }
}
