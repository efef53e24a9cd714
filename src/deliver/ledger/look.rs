//! What can be read of delivery's file beside the receiver.

use super::{count, schema, text};
use crate::store::{Order, StoreError, StoreId};
use crate::time::UnixTime;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::Path;

/// Events of which dead letters are read at once: some milliseconds.
const PAGE: u32 = 500;

/// Reads what became of events.
#[derive(Debug)]
pub struct Look {
    connection: Connection,
    store: String,
}

/// What became of one event at one sink.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fate {
    /// The sink.
    pub sink: String,
    /// Where the event stands there.
    pub standing: Standing,
    /// The attempts that are kept of it, in order.
    pub attempts: Vec<Tried>,
}

/// Where an event stands at a sink.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its turn has not come.
    Waiting,
    /// The sink has it, or its filter leaves the event out.
    Done,
    /// It is tried again.
    Owed {
        /// How often it was tried.
        attempts: u32,
        /// When it is tried again.
        next_at: UnixTime,
    },
    /// It was given up on.
    Dead {
        /// How often it was tried.
        attempts: u32,
    },
}

/// An attempt that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Its number, from 1; from 1 again once the event was replayed.
    pub number: u32,
    /// When it began.
    pub at: UnixTime,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// `done`, `retry` or `dead`.
    pub outcome: String,
    /// What happened; empty where all is well.
    pub why: String,
    /// What the sink said.
    pub output: Vec<u8>,
}

/// An event that a sink gave up on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The sink.
    pub sink: String,
    /// The event's number.
    pub event: i64,
    /// How often it was tried.
    pub attempts: u32,
    /// What happened last.
    pub why: String,
}

impl Standing {
    /// One word for it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Standing::Waiting => "waiting",
            Standing::Done => "done",
            Standing::Owed { .. } => "owed",
            Standing::Dead { .. } => "dead",
        }
    }
}

/// The lowest number of an event that a sink of the store called `store`, in `folder`, has yet to have: of those that the last
/// receiver was configured with.
///
/// # Errors
/// Where it cannot be read.
pub fn owed_from(folder: &Path, store: &StoreId) -> Result<i64, StoreError> {
    let Some(connection) = schema::read(folder)? else { return Ok(i64::MAX) };
    let read = |connection: &Connection| {
        let lowest = match schema::version(connection)? {
            0 => "SELECT min(event) + 1 FROM cursors WHERE store = ?1",
            _ => {
                "WITH sinks AS (SELECT sink, event FROM cursors WHERE store = ?1 AND is_configured = 1)
                 SELECT min(event) FROM (SELECT event + 1 AS event FROM sinks
                     UNION ALL SELECT event FROM owed WHERE dead = 0 AND sink IN (SELECT sink FROM sinks)
                     UNION ALL SELECT event FROM replays WHERE sink IN (SELECT sink FROM sinks))"
            }
        };
        connection.query_row(lowest, [store.to_string()], |row| row.get::<_, Option<i64>>(0))
    };
    let lowest = read(&connection).map_err(|error| schema::unusable(&folder.join(super::DELIVERY_FILE), &error))?;
    Ok(lowest.unwrap_or(i64::MAX))
}

impl Look {
    /// What became of the events of the store called `store`, in `folder`; nothing where none was handed on yet.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn open(folder: &Path, store: &StoreId) -> Result<Option<Self>, StoreError> {
        let Some(connection) = schema::read(folder)? else { return Ok(None) };
        let version = schema::version(&connection);
        let version = version.map_err(|error| schema::unusable(&folder.join(super::DELIVERY_FILE), &error))?;
        Ok((version > 0).then(|| Look { connection, store: store.to_string() }))
    }

    /// What became of an event at each sink that is configured, or has to do with it.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn fates(&self, event: i64) -> Result<Vec<Fate>, StoreError> {
        let read = || -> rusqlite::Result<Vec<Fate>> {
            let sinks = "SELECT sink, event FROM cursors WHERE store = ?1 AND (is_configured = 1
                 OR sink IN (SELECT sink FROM owed WHERE event = ?2)
                 OR sink IN (SELECT sink FROM attempts WHERE event = ?2)) ORDER BY sink";
            let mut sinks = self.connection.prepare(sinks)?;
            let rows = sinks.query_map(params![self.store, event], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.map(|row| row.and_then(|(sink, cursor)| self.fate(sink, cursor, event))).collect()
        };
        read().map_err(|error| failed(&error))
    }

    fn fate(&self, sink: String, cursor: i64, event: i64) -> rusqlite::Result<Fate> {
        let owed = "SELECT attempts, next_at, dead FROM owed WHERE sink = ?1 AND event = ?2
             UNION ALL SELECT 0, 0, 0 FROM replays WHERE sink = ?1 AND event = ?2 LIMIT 1";
        let owed = self.connection.query_row(owed, params![sink, event], |row| {
            let attempts = count(row, 0)?;
            let next_at = UnixTime::from_ms(row.get(1)?);
            Ok(if row.get(2)? { Standing::Dead { attempts } } else { Standing::Owed { attempts, next_at } })
        });
        let standing = match owed.optional()? {
            Some(standing) => standing,
            None if event > cursor => Standing::Waiting,
            None => Standing::Done,
        };
        let tried = "SELECT number, at, took_ms, outcome, why, output FROM attempts
             WHERE event = ?1 AND sink = ?2 ORDER BY id";
        let attempts = self
            .connection
            .prepare(tried)?
            .query_map(params![event, sink], Tried::from_row)?
            .collect::<Result<_, _>>()?;
        Ok(Fate { sink, standing, attempts })
    }

    /// Dead letters beyond the event of number `from`, in `order`: all of `PAGE` events, and of `sink` alone where one is named.
    /// The read is over when this returns.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn dead(&self, order: Order, from: i64, sink: Option<&str>) -> Result<Vec<DeadLetter>, StoreError> {
        let (beyond, order) = match order {
            Order::Ascending => ("event > ?1", "ASC"),
            Order::Descending => ("event < ?1", "DESC"),
        };
        let dead = format!(
            "SELECT sink, event, attempts, why FROM owed
             WHERE dead = 1 AND sink IN (SELECT sink FROM cursors WHERE store = ?3) AND event IN
                 (SELECT DISTINCT event FROM owed WHERE dead = 1 AND {beyond} AND (?4 IS NULL OR sink = ?4)
                  ORDER BY event {order} LIMIT ?2)
             AND (?4 IS NULL OR sink = ?4) ORDER BY event {order}, sink"
        );
        let read = || -> rusqlite::Result<Vec<DeadLetter>> {
            let mut dead = self.connection.prepare_cached(&dead)?;
            let rows = dead.query_map(params![from, PAGE, self.store, sink], |row| {
                Ok(DeadLetter { sink: row.get(0)?, event: row.get(1)?, attempts: count(row, 2)?, why: text(row, 3)? })
            })?;
            rows.collect()
        };
        read().map_err(|error| failed(&error))
    }
}

impl Tried {
    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Tried {
            number: count(row, 0)?,
            at: UnixTime::from_ms(row.get(1)?),
            took_ms: row.get::<_, i64>(2)?.unsigned_abs(),
            outcome: row.get(3)?,
            why: text(row, 4)?,
            output: row.get(5)?,
        })
    }
}

fn failed(error: &rusqlite::Error) -> StoreError {
    StoreError::Failed { doing: "reading delivery.db", why: error.to_string() }
}
