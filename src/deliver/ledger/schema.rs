//! What stands in `delivery.db`, and how an older file becomes a newer one. docs/STORE.md says what is in it, which is a contract.

use crate::store::{StoreError, guard, is_of_disk};
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// The file in the store's folder that says what became of events at each sink.
pub const DELIVERY_FILE: &str = "delivery.db";

/// Marks the file as ours (`PRAGMA application_id`): `hkgd` in ASCII.
const APPLICATION_ID: i32 = 0x686b_6764;

/// The version of the file (`PRAGMA user_version`). 0 had cursors alone.
const VERSION: i32 = 1;

/// How long to wait for another program's write. `hookgate events replay` makes such, a few milliseconds each.
const PATIENCE: Duration = Duration::from_secs(5);

const CURSORS: &str = "CREATE TABLE cursors (sink TEXT NOT NULL, store TEXT NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (sink)) STRICT;";

const REST: &str = "
    ALTER TABLE cursors ADD COLUMN is_configured INTEGER NOT NULL DEFAULT 1;
    CREATE TABLE owed (sink TEXT NOT NULL, event INTEGER NOT NULL, attempts INTEGER NOT NULL, next_at INTEGER NOT NULL,
        dead INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (sink, event)) STRICT, WITHOUT ROWID;
    CREATE INDEX owed_soonest ON owed (sink, next_at) WHERE dead = 0;
    CREATE INDEX owed_lowest ON owed (sink, event) WHERE dead = 0;
    CREATE INDEX owed_dead ON owed (event) WHERE dead = 1;
    CREATE TABLE attempts (id INTEGER PRIMARY KEY, sink TEXT NOT NULL, event INTEGER NOT NULL, number INTEGER NOT NULL,
        at INTEGER NOT NULL, took_ms INTEGER NOT NULL, outcome TEXT NOT NULL, why TEXT NOT NULL, output BLOB NOT NULL) STRICT;
    CREATE INDEX attempts_of ON attempts (event, sink);
    CREATE TABLE replays (id INTEGER PRIMARY KEY, sink TEXT NOT NULL, event INTEGER NOT NULL) STRICT;
    CREATE INDEX replays_of ON replays (sink, event);";

/// Delivery's connection to the file in `folder`, which is made where there is none.
pub(super) fn open(folder: &Path) -> Result<Connection, StoreError> {
    let path = folder.join(DELIVERY_FILE);
    let cannot = |error: std::io::Error| StoreError::using(&path, &error);
    OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(cannot)?;
    let mut connection = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let unusable = |error| unusable(&path, &error);
    // A crash of the machine may take the last transactions back: then events are handed on again, as they are after any crash.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL").map_err(unusable)?;
    migrate(&mut connection, &path)?;
    Ok(connection)
}

/// A connection for who only reads; nothing where there is no file, or one that no sink was written into yet.
pub(super) fn read(folder: &Path) -> Result<Option<Connection>, StoreError> {
    existing(folder, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// A connection beside the receiver's, for who adds to `replays`.
pub(super) fn add(folder: &Path) -> Result<Option<Connection>, StoreError> {
    existing(folder, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// The version of the file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

fn existing(folder: &Path, flags: OpenFlags) -> Result<Option<Connection>, StoreError> {
    let path = folder.join(DELIVERY_FILE);
    if !path.exists() {
        return Ok(None);
    }
    let connection = connect(&path, flags)?;
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'cursors'";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0)).map_err(|error| unusable(&path, &error))?;
    check_version(&connection, &path)?;
    Ok((tables > 0).then_some(connection))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let unusable = |error| unusable(path, &error);
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(unusable)?;
    guard(&connection, PATIENCE).map_err(unusable)?;
    Ok(connection)
}

fn check_version(connection: &Connection, path: &Path) -> Result<i32, StoreError> {
    let version = version(connection).map_err(|error| unusable(path, &error))?;
    if version > VERSION {
        return Err(StoreError::Newer { path: path.into(), version, known: VERSION });
    }
    Ok(version)
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    if check_version(connection, path)? == VERSION {
        return Ok(());
    }
    let migrate = |connection: &mut Connection| {
        let transaction = connection.transaction()?;
        let there = "SELECT count(*) FROM sqlite_schema WHERE name = 'cursors'";
        if transaction.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
            transaction.execute_batch(CURSORS)?;
        }
        transaction.execute_batch(REST)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", VERSION)?;
        transaction.commit()
    };
    migrate(connection).map_err(|error| unusable(path, &error))
}

pub(super) fn unusable(path: &Path, error: &rusqlite::Error) -> StoreError {
    let (path, why) = (path.to_path_buf(), error.to_string());
    if is_of_disk(error) { StoreError::Disk { path, why } } else { StoreError::Delivery { path, why } }
}
