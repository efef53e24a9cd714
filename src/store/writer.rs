//! The receiver's side of the store: appends what was proven, a transaction and a sync for each turn of its loop.

use super::log::{self, Log};
use super::replay::{self, Seen};
use super::retention::{Asks, Retention};
use super::told::{Notice, Told};
use super::{Event, Lock, Settings, StoreError, StoreId, clock::Clock, connection, path_of, rows, rows::Keyed};
use crate::receipt::{Keep, Novelty};
use crate::receive::Delivery;
use crate::time::UnixTime;
use crate::verify::Scheme;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Bounds of the pause before a store that failed is opened again; it doubles.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// The store as the receiver has it: a [`Keep`] whose receipt is that the event is on the disk.
pub struct Store {
    folder: PathBuf,
    settings: Settings,
    id: StoreId,
    state: State,
    turn: Turn,
    /// The number that the next event gets.
    next: i64,
    seen: Seen,
    clock: Clock,
    retention: Retention,
    told: Told,
    /// The last scheme that was written down, and its row.
    definition: Option<(Scheme, i64)>,
    /// Told of each turn that was kept.
    bell: Option<Box<Bell>>,
    buffers: (Vec<u8>, String),
    /// Given back when the store is closed: after the connection.
    lock: Lock,
}

type Bell = dyn Fn(i64) + Send;

enum State {
    Open(Box<Log>),
    /// Failed, and not looked at since: what was in the turn that failed may be kept or not.
    Broken {
        again_at: Instant,
        pause: Duration,
    },
}

/// What is in the transaction that is open.
#[derive(Default)]
struct Turn {
    is_open: bool,
    is_broken: bool,
    /// How many events, from [`Store::next`] on.
    events: i64,
    /// Their keys; an event without one has none.
    keys: Vec<Keyed>,
    /// What is to be printed of them, where somebody in this process does.
    printed: Vec<Event>,
    printed_bytes: usize,
    /// Deliveries that came before.
    duplicates: u64,
}

impl Store {
    /// The store in `folder`, made where there is none. Replay keys of the window are read, and what a crash may have left
    /// unsynced is synced.
    ///
    /// # Errors
    /// Where another receiver has it, or it cannot be used.
    pub fn open(folder: &Path, settings: Settings, now: UnixTime) -> Result<Self, StoreError> {
        let lock = Lock::take(folder)?;
        log::secure(folder)?;
        let connection = connection::writer(folder)?;
        let path = path_of(folder);
        let failed = |error| StoreError::opening(&path, &error);
        let (id, counted): (String, i64) = connection
            .query_row("SELECT id, next_event FROM store", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .map_err(failed)?;
        let next = counted.max(rows::next_number(&connection).map_err(failed)?);
        let mut seen = Seen::new(settings.replay_keys, settings.replay_ms());
        let loaded = rows::load(&connection, settings.replay_keys, &mut seen).map_err(failed)?;
        let mut retention = Retention::new(folder, &settings);
        retention.forget_up_to(loaded.left_out);
        retention.forget(loaded.over);
        let log = Box::new(Log::new(connection, folder)?);
        Ok(Store {
            folder: folder.into(),
            retention,
            told: Told::new(),
            settings,
            id: StoreId::new(id),
            state: State::Open(log),
            turn: Turn::default(),
            next,
            seen,
            clock: Clock::starting(now, loaded.newest),
            definition: None,
            bell: None,
            buffers: <_>::default(),
            lock,
        })
    }

    /// The same with somebody who is told of each turn that was kept, on the thread that receives: by the number that the next
    /// event gets.
    #[must_use]
    pub fn with_bell(mut self, ring: impl Fn(i64) + Send + 'static) -> Self {
        self.bell = Some(Box::new(ring));
        self
    }

    /// The same with somebody who is told what the operator may want to know, on the thread that receives.
    #[must_use]
    pub fn with_listener(mut self, tell: impl Fn(Notice) + Send + 'static) -> Self {
        self.told.listen(Box::new(tell));
        self
    }

    /// What other threads ask of it.
    #[must_use]
    pub fn asks(&self) -> Arc<Asks> {
        Arc::clone(self.retention.asks())
    }

    /// The number that the next event gets.
    #[must_use]
    pub fn next_number(&self) -> i64 {
        self.next
    }

    /// The id of the store.
    #[must_use]
    pub fn id(&self) -> &StoreId {
        &self.id
    }

    /// Whether anything can be taken at all.
    fn check_open(&self) -> Result<(), StoreError> {
        match &self.state {
            State::Broken { .. } => Err(StoreError::closed()),
            State::Open(log) if log.length_bytes() >= self.settings.log_limit_bytes => Err(StoreError::LogFull),
            State::Open(_) => Ok(()),
        }
    }

    fn append(&mut self, delivery: &Delivery<'_>) -> Result<Novelty, StoreError> {
        self.check_open()?;
        let State::Open(log) = &mut self.state else { return Err(StoreError::closed()) };
        let now = self.clock.now();
        let verified = delivery.verified();
        let key = verified.replay_key(delivery.payload().json()).map(|key| replay::key(delivery.source(), &key));
        if key.is_some_and(|key| self.seen.contains(&key, now)) {
            self.turn.duplicates += 1;
            return Ok(Novelty::Duplicate);
        }
        let failed = |error: &rusqlite::Error| StoreError::failed("appending", error);
        let connection = log.connection();
        if !self.turn.is_open {
            let begun = connection.prepare_cached("BEGIN IMMEDIATE").and_then(|mut begin| begin.execute([]));
            begun.map_err(|error| failed(&error))?;
            self.turn.is_open = true;
        }
        let number = self.next + self.turn.events;
        let body_bytes = verified.request().body.len();
        let is_wanted = self.retention.asks().recent().wants(body_bytes, self.turn.printed_bytes);
        let outcome = rows::definition(connection, &mut self.definition, verified.scheme()).and_then(|definition| {
            rows::insert(connection, delivery, number, definition, &mut self.buffers, is_wanted)
        });
        match outcome {
            Ok(Some(printed)) => {
                self.turn.printed_bytes += body_bytes;
                self.turn.printed.push(printed);
            }
            Ok(None) => {}
            Err(error) => {
                // SQLite may have undone the whole transaction, and half an event may be in it.
                self.turn.is_broken = true;
                return Err(failed(&error));
            }
        }
        self.turn.events += 1;
        if let Some(key) = key {
            self.seen.stage(key, now);
            self.turn.keys.push(Keyed { event: number, at: now, key });
        }
        Ok(Novelty::New)
    }

    /// Ends the turn that is open: commits it, or undoes it.
    fn end_turn(&mut self) -> Result<(), StoreError> {
        if !self.turn.is_open {
            return match self.turn.is_broken {
                true => Err(StoreError::Failed { doing: "appending", why: "the transaction could not begin".into() }),
                false => Ok(()),
            };
        }
        let State::Open(log) = &mut self.state else { return Err(StoreError::closed()) };
        if !log.is_in_place() {
            let _ = log.connection().execute_batch("ROLLBACK");
            self.turn.is_broken = true;
            return Err(StoreError::Missing { path: self.folder.clone() });
        }
        if self.turn.is_broken {
            let _ = log.connection().execute_batch("ROLLBACK");
            return Err(StoreError::Failed { doing: "appending", why: "an event could not be written".into() });
        }
        let written = rows::insert_keys(log.connection(), &self.turn.keys).and_then(|()| log.commit());
        written.map_err(|error| StoreError::failed("committing", &error))
    }

    /// After a turn that failed: the connection goes, and nothing is taken until the file was looked at anew.
    fn break_off(&mut self, error: &StoreError) {
        self.seen.roll_back();
        self.definition = None;
        let pause = match &self.state {
            State::Broken { pause, .. } => *pause,
            State::Open(log) => log.pause(),
        };
        let before = std::mem::replace(&mut self.state, State::Broken { again_at: Instant::now() + pause, pause });
        if let State::Open(log) = before {
            log.abandon();
        }
        self.told.failed(error);
    }

    /// Opens the file anew after a failure, and looks whether the turn that failed is in it.
    fn recover(&mut self) -> Result<(), StoreError> {
        if !path_of(&self.folder).exists() {
            return Err(StoreError::Missing { path: self.folder.clone() });
        }
        if !self.lock.is_of(&self.folder) {
            // Whoever looks for a receiver, to ask it or to be one, looks at the lock that is there.
            self.lock = Lock::take(&self.folder)?;
        }
        log::secure(&self.folder)?;
        let connection = connection::writer(&self.folder)?;
        let failed = |error: rusqlite::Error| StoreError::failed("looking at the last events", &error);
        let id: String = connection.query_row("SELECT id FROM store", [], |row| row.get(0)).map_err(failed)?;
        if StoreId::new(id) != self.id {
            return Err(StoreError::Missing { path: self.folder.clone() });
        }
        let found = rows::next_number(&connection).map_err(failed)?;
        let log = Box::new(Log::new(connection, &self.folder)?);
        let turn = std::mem::take(&mut self.turn);
        // A transaction is there whole or not at all.
        if turn.events > 0 && found == self.next + turn.events {
            for Keyed { key, at, .. } in turn.keys {
                self.seen.stage(key, at);
            }
            self.kept(turn.events);
        }
        self.state = State::Open(log);
        Ok(())
    }

    fn kept(&mut self, events: i64) {
        self.next += events;
        let over = self.seen.settle();
        self.retention.forget(over);
        if let Some(ring) = self.bell.as_ref().filter(|_| events > 0) {
            ring(self.next);
        }
    }
}

impl Keep for Store {
    type Error = StoreError;

    fn stage(&mut self, delivery: &Delivery<'_>) -> Result<Novelty, StoreError> {
        let outcome = self.append(delivery);
        if outcome.is_err() {
            self.turn.is_broken = true;
        }
        outcome
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        if let Err(error) = self.check_open() {
            self.turn.is_broken = false;
            return Err(error);
        }
        if let Err(error) = self.end_turn() {
            if self.turn.is_broken {
                // It was undone, or never began: nothing of it can be in the file.
                self.turn = Turn::default();
            }
            self.break_off(&error);
            return Err(error);
        }
        let mut turn = std::mem::take(&mut self.turn);
        // Before the bell is rung.
        self.retention.asks().recent().add(turn.printed.drain(..));
        self.kept(turn.events);
        // Their memory is used again.
        turn.keys.clear();
        (self.turn.keys, self.turn.printed) = (turn.keys, turn.printed);
        self.told.kept(turn.duplicates);
        Ok(())
    }

    fn is_taking(&self) -> bool {
        self.check_open().is_ok()
    }

    fn last_number(&self) -> Option<u64> {
        Some((self.next + self.turn.events - 1).unsigned_abs())
    }

    fn write_id(&self, number: u64, out: &mut Vec<u8>) {
        self.id.write_event(number, out);
    }

    fn tend(&mut self) -> Option<Duration> {
        if let State::Broken { again_at, pause } = self.state {
            let now = Instant::now();
            if now < again_at {
                return Some(again_at - now);
            }
            if let Err(error) = self.recover() {
                self.told.failed(&error);
                let pause = (pause * 2).clamp(BACKOFF.0, BACKOFF.1);
                self.state = State::Broken { again_at: Instant::now() + pause, pause };
                return Some(pause);
            }
            if let State::Open(log) = &mut self.state {
                log.set_pause((pause * 2).clamp(BACKOFF.0, BACKOFF.1));
            }
        }
        let State::Open(log) = &mut self.state else { return Some(BACKOFF.0) };
        let now = self.clock.now();
        let expired = self.seen.expire(now, EXPIRED_AT_ONCE);
        self.retention.forget(expired);
        let outcome = self.retention.step(log.connection(), self.next).and_then(|due| {
            if self.retention.has_written() {
                log.touch();
            }
            Ok(due.min(log.tend()?))
        });
        let (length_bytes, limit_bytes) = (log.length_bytes(), self.settings.log_limit_bytes);
        if length_bytes > limit_bytes / 4 {
            self.told.log_held(length_bytes, limit_bytes);
        }
        match outcome {
            Ok(due) => Some(self.told.tend().map_or(due, |told| told.min(due))),
            Err(error) => {
                self.break_off(&StoreError::failed("tending the file", &error));
                Some(BACKOFF.0)
            }
        }
    }
}

/// Keys that are forgotten at once, at most.
const EXPIRED_AT_ONCE: usize = 4096;

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("folder", &self.folder).field("settings", &self.settings).finish_non_exhaustive()
    }
}
