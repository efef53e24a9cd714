//! How far each sink has come, in a file of its own: two writers on one file of SQLite starve each other.

use crate::store::{StoreError, StoreId};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The file in the store's folder that holds the cursors.
pub const DELIVERY_FILE: &str = "delivery.db";

/// Marks the file as ours (`PRAGMA application_id`): `hkgd` in ASCII.
const APPLICATION_ID: i32 = 0x686b_6764;

/// The cursor of one sink: the last event that it has had.
#[derive(Debug)]
pub(super) struct Cursor {
    connection: Connection,
    sink: String,
    event: i64,
}

/// The lowest number of an event that a sink of the store called `store`, in `folder`, has yet to have.
///
/// # Errors
/// Where it cannot be read.
pub fn owed_from(folder: &Path, store: &StoreId) -> Result<i64, StoreError> {
    let path = folder.join(DELIVERY_FILE);
    if !path.exists() {
        return Ok(i64::MAX);
    }
    let unusable = |error: rusqlite::Error| StoreError::Delivery { path: path.clone(), why: error.to_string() };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(unusable)?;
    let lowest = "SELECT min(event) FROM cursors WHERE store = ?1";
    let lowest = connection.query_row(lowest, [store.to_string()], |row| row.get::<_, Option<i64>>(0));
    Ok(lowest.map_err(unusable)?.map_or(i64::MAX, |event| event.saturating_add(1)))
}

impl Cursor {
    /// The cursor of `sink` in the store called `store`, in `folder`. A sink that is not known begins with the first event there is.
    pub(super) fn open(folder: &Path, store: &StoreId, sink: &str) -> Result<Self, StoreError> {
        let path = folder.join(DELIVERY_FILE);
        let cannot = |error: std::io::Error| StoreError::Folder { path: path.clone(), why: error.to_string() };
        OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(cannot)?;
        let unusable = |error: rusqlite::Error| StoreError::Delivery { path: path.clone(), why: error.to_string() };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(unusable)?;
        // A crash of the machine may take a cursor back: then events are handed on again, as they are after any crash.
        let prepare = format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA application_id = {APPLICATION_ID};
             CREATE TABLE IF NOT EXISTS cursors (sink TEXT NOT NULL, store TEXT NOT NULL, event INTEGER NOT NULL,
                 PRIMARY KEY (sink)) STRICT;"
        );
        connection.execute_batch(&prepare).map_err(unusable)?;
        // Of another store, as where events.db was made anew, the cursor says nothing.
        let known = "SELECT event FROM cursors WHERE sink = ?1 AND store = ?2";
        let known = connection.query_row(known, params![sink, store.to_string()], |row| row.get(0)).optional();
        let event = known.map_err(unusable)?.unwrap_or(0);
        let place = "INSERT OR REPLACE INTO cursors (sink, store, event) VALUES (?1, ?2, ?3)";
        connection.execute(place, params![sink, store.to_string(), event]).map_err(unusable)?;
        Ok(Cursor { connection, sink: sink.into(), event })
    }

    /// The number of the last event that the sink has had.
    pub(super) fn event(&self) -> i64 {
        self.event
    }

    /// The sink has had all up to this one.
    pub(super) fn advance(&mut self, event: i64) -> Result<(), StoreError> {
        // What was handed on was, whether or not it can be written down.
        self.event = event;
        let place = "UPDATE cursors SET event = ?2 WHERE sink = ?1";
        let placed = self.connection.prepare_cached(place).and_then(|mut it| it.execute(params![self.sink, event]));
        placed.map(drop).map_err(|error| StoreError::Failed { doing: "writing the cursor", why: error.to_string() })
    }
}
