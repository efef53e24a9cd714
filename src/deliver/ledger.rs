//! What became of events at each sink: delivery's own file, since two that write to one file of SQLite starve each other.

mod look;
mod replay;
mod schema;
#[cfg(test)]
mod tests;

pub use look::{DeadLetter, Fate, Look, Standing, Tried, owed_from};
pub use replay::Replays;
pub use schema::DELIVERY_FILE;

use crate::store::{StoreError, StoreId, is_damage};
use crate::time::UnixTime;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Attempts that are kept of one event at one sink, at most: the newest. With their output they take a third of a megabyte.
const ATTEMPTS_KEPT: i64 = 20;

/// Longest reason that is kept, in bytes.
const WHY_LIMIT_BYTES: usize = 500;

/// The file. All sinks share the one connection, each for a moment.
#[derive(Debug)]
pub(super) struct Ledger(Mutex<Connection>);

/// Where a sink begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// All up to this event is done, or owed.
    pub(super) event: i64,
    /// It was not known before, though others were: what came before it is not for it.
    pub(super) is_added: bool,
}

/// An event that a sink has yet to take, though its cursor is past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Owed {
    pub(super) event: i64,
    /// How often it was tried.
    pub(super) attempts: u32,
    /// When it is tried again, in milliseconds since 1970.
    pub(super) next_at: i64,
}

/// What comes of an event after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Nothing: the sink has it.
    Done,
    /// It is tried again at this moment, in milliseconds since 1970.
    Again(i64),
    /// It is a dead letter.
    Dead,
}

/// An attempt that is over.
#[derive(Clone, Debug)]
pub(super) struct Ended {
    pub(super) event: i64,
    /// Its number, from 1.
    pub(super) number: u32,
    /// How many attempts are counted with it: one that was ended with the receiver is not.
    pub(super) counted: u32,
    /// When it began.
    pub(super) at: UnixTime,
    pub(super) took_ms: i64,
    /// What it came to: `done`, `retry` or `dead`.
    pub(super) outcome: &'static str,
    pub(super) why: String,
    pub(super) output: Vec<u8>,
    pub(super) then: Then,
    /// The event stands in the file as owed.
    pub(super) was_owed: bool,
}

impl Ended {
    /// Whether anything of it has to be written down beside the cursor.
    fn leaves_a_trace(&self) -> bool {
        self.was_owed || self.then != Then::Done || !self.output.is_empty() || self.number > 1
    }
}

impl Ledger {
    /// The file in `folder`, of the store called `store`, whose last event has the number `last`.
    pub(super) fn open(folder: &Path, store: &StoreId, last: i64) -> Result<Self, StoreError> {
        let connection = schema::open(folder)?;
        // A store that was put back from a copy gives numbers again that a sink had once.
        let turn_back = "UPDATE cursors SET event = min(event, ?1) WHERE store = ?2";
        connection.execute(turn_back, params![last, store.to_string()]).map_err(|error| failed(&connection, &error))?;
        // Of another store, as where events.db was made anew, it says nothing of any event.
        let forget = "DELETE FROM owed WHERE sink NOT IN (SELECT sink FROM cursors WHERE store = ?1);";
        for forget in [forget, &forget.replace("owed", "attempts"), &forget.replace("owed", "replays")] {
            connection.execute(forget, [store.to_string()]).map_err(|error| failed(&connection, &error))?;
        }
        Ok(Ledger(Mutex::new(connection)))
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does all of `work`, or nothing.
    fn write<T>(&self, work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let mut connection = self.lock();
        let write = |connection: &mut Connection| {
            let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let done = work(&transaction)?;
            transaction.commit()?;
            Ok(done)
        };
        write(&mut connection).map_err(|error| failed(&connection, &error))
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let connection = self.lock();
        work(&connection).map_err(|error| failed(&connection, &error))
    }

    /// Writes down which sinks there are, and gives where each begins. One that is new begins after the event of number `last`;
    /// but where there was none of this store, all begin with its first event.
    pub(super) fn configure(&self, store: &StoreId, sinks: &[&str], last: i64) -> Result<Vec<Place>, StoreError> {
        let store = store.to_string();
        self.write(|transaction| {
            let others = "SELECT count(*) FROM cursors WHERE store = ?1";
            let is_first = transaction.query_row(others, [&store], |row| row.get::<_, i64>(0))? == 0;
            transaction.execute("UPDATE cursors SET is_configured = 0", [])?;
            let mut places = Vec::new();
            for sink in sinks {
                let known = "SELECT event FROM cursors WHERE sink = ?1 AND store = ?2";
                let known = transaction.query_row(known, params![sink, store], |row| row.get(0)).optional()?;
                let place = match known {
                    Some(event) => Place { event, is_added: false },
                    None => Place { event: if is_first { 0 } else { last }, is_added: !is_first },
                };
                let write = "INSERT OR REPLACE INTO cursors (sink, store, event, is_configured) VALUES (?1, ?2, ?3, 1)";
                transaction.execute(write, params![sink, store, place.event])?;
                places.push(place);
            }
            Ok(places)
        })
    }

    /// All up to this event `sink` has had, or it owes it.
    pub(super) fn cursor(&self, sink: &str) -> Result<i64, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT event FROM cursors WHERE sink = ?1", [sink], |row| row.get(0))
        })
    }

    /// Writes down that `sink` has come to `cursor`, and what the attempts `ended` leave behind: both or neither.
    pub(super) fn settle(&self, sink: &str, cursor: i64, ended: &[Ended]) -> Result<(), StoreError> {
        if !ended.iter().any(Ended::leaves_a_trace) {
            let advance = "UPDATE cursors SET event = ?2 WHERE sink = ?1";
            return self
                .read(|connection| connection.prepare_cached(advance)?.execute(params![sink, cursor]).map(drop));
        }
        self.write(|transaction| {
            transaction
                .prepare_cached("UPDATE cursors SET event = ?2 WHERE sink = ?1")?
                .execute(params![sink, cursor])?;
            for ended in ended.iter().filter(|ended| ended.leaves_a_trace()) {
                leave_trace(transaction, sink, ended)?;
            }
            Ok(())
        })
    }

    /// Writes down that `sink` owes an event that is being tried for the first time, so that its cursor can pass it.
    pub(super) fn owe(&self, sink: &str, event: i64, now: UnixTime) -> Result<(), StoreError> {
        self.write(|transaction| owe(transaction, sink, event, 0, (now.as_ms(), false), "").map(drop))
    }

    /// What `sink` owes, that which is due first at the beginning; `most` of it.
    pub(super) fn soonest(&self, sink: &str, most: usize) -> Result<Vec<Owed>, StoreError> {
        let soonest =
            "SELECT event, attempts, next_at FROM owed WHERE sink = ?1 AND dead = 0 ORDER BY next_at, event LIMIT ?2";
        self.read(|connection| {
            let mut soonest = connection.prepare_cached(soonest)?;
            let rows = soonest.query_map(params![sink, i64::try_from(most).unwrap_or(i64::MAX)], |row| {
                Ok(Owed { event: row.get(0)?, attempts: count(row, 1)?, next_at: row.get(2)? })
            })?;
            rows.collect()
        })
    }

    /// Has `sink` try at once what it was not to try before `latest`: nothing is put off so long, so that the clock was set back
    /// since.
    pub(super) fn hurry(&self, sink: &str, now: UnixTime, latest: UnixTime) -> Result<(), StoreError> {
        let hurry = "UPDATE owed SET next_at = ?2 WHERE sink = ?1 AND dead = 0 AND next_at > ?3";
        self.write(|transaction| {
            transaction.prepare_cached(hurry)?.execute(params![sink, now.as_ms(), latest.as_ms()]).map(drop)
        })
    }

    /// How many events `sink` owes, and how many are dead letters.
    pub(super) fn counts(&self, sink: &str) -> Result<(u64, u64), StoreError> {
        let counts =
            "SELECT count(*) FILTER (WHERE dead = 0), count(*) FILTER (WHERE dead = 1) FROM owed WHERE sink = ?1";
        let number = |number: i64| number.unsigned_abs();
        self.read(|connection| {
            connection.query_row(counts, [sink], |row| Ok((number(row.get(0)?), number(row.get(1)?))))
        })
    }

    /// The lowest number of an event that `sink` owes, or is asked to be given again.
    pub(super) fn lowest(&self, sink: &str) -> Result<Option<i64>, StoreError> {
        let lowest = "SELECT min(event) FROM owed WHERE sink = ?1 AND dead = 0
             UNION ALL SELECT min(event) FROM replays WHERE sink = ?1";
        self.read(|connection| {
            let mut lowest = connection.prepare_cached(lowest)?;
            let rows = lowest.query_map([sink], |row| row.get::<_, Option<i64>>(0))?;
            Ok(rows.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().min())
        })
    }

    /// `sink` no longer owes these: they are gone from the store, or were written.
    pub(super) fn forget(&self, sink: &str, events: &[i64]) -> Result<(), StoreError> {
        self.write(|transaction| {
            let mut forget = transaction.prepare_cached("DELETE FROM owed WHERE sink = ?1 AND event = ?2")?;
            events.iter().try_for_each(|event| forget.execute(params![sink, event]).map(drop))
        })
    }

    /// Brings the log into the file, for who copies that. It is no harm where that cannot be.
    pub(super) fn gather(&self) {
        let _ = self.read(|connection| connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())));
    }

    /// Lets go of what is written about events below `lowest`, which are gone from the store.
    pub(super) fn tidy(&self, lowest: i64) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute("DELETE FROM owed WHERE dead = 1 AND event < ?1", [lowest])?;
            transaction.execute("DELETE FROM attempts WHERE event < ?1", [lowest])?;
            Ok(())
        })
    }
}

fn leave_trace(transaction: &Transaction<'_>, sink: &str, ended: &Ended) -> rusqlite::Result<()> {
    let Ended { event, number, counted, at, took_ms, outcome, output, then, .. } = ended;
    let why = shortened(&ended.why);
    let add = "INSERT INTO attempts (sink, event, number, at, took_ms, outcome, why, output) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let mut add = transaction.prepare_cached(add)?;
    add.execute(params![sink, event, number, at.as_ms(), took_ms, outcome, why, output])?;
    let bound = "DELETE FROM attempts WHERE id IN
         (SELECT id FROM attempts WHERE event = ?1 AND sink = ?2 ORDER BY id DESC LIMIT -1 OFFSET ?3)";
    transaction.prepare_cached(bound)?.execute(params![event, sink, ATTEMPTS_KEPT])?;
    match then {
        Then::Done => transaction
            .prepare_cached("DELETE FROM owed WHERE sink = ?1 AND event = ?2")?
            .execute(params![sink, event])
            .map(drop),
        Then::Again(next_at) => owe(transaction, sink, *event, *counted, (*next_at, false), why),
        Then::Dead => owe(transaction, sink, *event, *counted, (at.as_ms().saturating_add(*took_ms), true), why),
    }
}

/// Writes down that `sink` owes an event, or for a dead letter that it gave up on it at this moment.
fn owe(
    transaction: &Transaction<'_>,
    sink: &str,
    event: i64,
    attempts: u32,
    (at, dead): (i64, bool),
    why: &str,
) -> rusqlite::Result<()> {
    let owe = "INSERT OR REPLACE INTO owed (sink, event, attempts, next_at, dead, why) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    transaction.prepare_cached(owe)?.execute(params![sink, event, attempts, at, dead, why]).map(drop)
}

/// A number of attempts. A bit that flipped on the disk makes any of it, and keeps nothing else from being read.
fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u32> {
    Ok(u32::try_from(row.get::<_, i64>(column)?.max(0)).unwrap_or(u32::MAX))
}

/// A text for people, as far as it is one.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    let bytes = row.get_ref(column)?.as_bytes().map_err(rusqlite::Error::from)?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// The beginning of `why`, no longer than what is kept.
fn shortened(why: &str) -> &str {
    let end = (0..=WHY_LIMIT_BYTES.min(why.len())).rev().find(|end| why.is_char_boundary(*end));
    why.get(..end.unwrap_or(0)).unwrap_or_default()
}

fn failed(connection: &Connection, error: &rusqlite::Error) -> StoreError {
    if is_damage(error) {
        // Another disk does not mend it.
        return StoreError::Delivery { path: connection.path().unwrap_or_default().into(), why: error.to_string() };
    }
    StoreError::Failed { doing: "writing to delivery.db", why: error.to_string() }
}
