//! Connections to `events.db`, and what is set on each.

use super::{StoreError, log, path_of, schema};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

/// How long a command waits for a lock on the file: only recovery after a crash holds one that readers meet.
const READER_PATIENCE: Duration = Duration::from_secs(5);

/// How long the receiver waits for a lock that another program took on its file, although nobody else is to write there. While
/// it waits, nobody is answered.
const WRITER_PATIENCE: Duration = Duration::from_millis(200);

/// Size of a page of a new file, in bytes.
/// Of usual events, of 1 to 2 KiB, five or six share a page; into one of 4,096 bytes go two, and a third of it stays empty.
pub(super) const PAGE_BYTES: u32 = 8192;

/// The log's file keeps this length when it is used anew, in bytes, so that it need not grow each time: as long as it gets under
/// load, see `log`.
const LOG_KEPT_BYTES: u32 = 64 * 1024 * 1024;

/// The receiver's connection: makes the file where there is none, brings an older one up to date.
pub(super) fn writer(folder: &Path) -> Result<Connection, StoreError> {
    let path = path_of(folder);
    let cannot = |error: io::Error| StoreError::using(&path, &error);
    check_not_emptied(&path)?;
    // Made here rather than by SQLite, which leaves its mode to the umask. Those beside it take after it.
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.len() == 0 {
        // Its name has to be on the disk before an event is.
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(cannot)?;
    }
    // Before SQLite opens it: closing any descriptor of a file gives up all locks that the process has on it (fcntl(2)), and
    // then the next reader that leaves takes the log away from us.
    drop(file);
    let failed = |error| StoreError::opening(&path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    guard(&connection, WRITER_PATIENCE).map_err(failed)?;
    let version = schema::check(&connection, &path)?;
    if version == 0 {
        // Both count only while nothing is in the file.
        connection.pragma_update(None, "page_size", PAGE_BYTES).map_err(failed)?;
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(failed)?;
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(failed)?;
    if !mode.eq_ignore_ascii_case("wal") {
        let why = format!("this file system has no shared memory for a write-ahead log (journal mode {mode})");
        return Err(StoreError::Folder { path: path.clone(), why });
    }
    set_log(&connection).map_err(failed)?;
    schema::migrate(&mut connection, &path)?;
    if version != schema::VERSION {
        // Into the file at once: without its tables it says nothing of what it is, should its log be damaged.
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(failed)?;
    }
    Ok(connection)
}

/// Whether the file at `path` has not a byte, and its log has some: that comes of no crash. SQLite takes such a file for a new one,
/// and deletes the log, in which events may be; so does who only reads.
pub(super) fn is_emptied(path: &Path) -> bool {
    let length = |path: &Path| std::fs::metadata(path).map(|file| file.len()).ok();
    // SQLite takes one byte for none.
    length(path).is_some_and(|length| length <= 1) && length(&log::path_beside(path)).is_some_and(|length| length > 0)
}

fn check_not_emptied(path: &Path) -> Result<(), StoreError> {
    match is_emptied(path) {
        true => Err(StoreError::Damaged { path: path.into(), why: "it is empty, and its log is not".into() }),
        false => Ok(()),
    }
}

/// A connection beside the receiver's that brings the log into the file.
pub(super) fn checkpointer(folder: &Path) -> Result<Connection, StoreError> {
    let path = path_of(folder);
    let failed = |error| StoreError::opening(&path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    guard(&connection, WRITER_PATIENCE).map_err(failed)?;
    set_log(&connection).map_err(failed)?;
    // The receiver's own is the last to go, and says what becomes of the log then.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).map_err(failed)?;
    Ok(connection)
}

fn set_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_size_limit", LOG_KEPT_BYTES)?;
    // Each commit is on the disk before it returns.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Who checkpoints is the loop and its thread, see `log`.
    connection.pragma_update(None, "wal_autocheckpoint", 0)
}

/// A connection that reads and cannot write.
pub(super) fn reader(folder: &Path) -> Result<Connection, StoreError> {
    let path = path_of(folder);
    match path.try_exists() {
        Ok(true) => {}
        Ok(false) => return Err(StoreError::Missing { path: folder.into() }),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
            return Err(StoreError::Missing { path: folder.into() });
        }
        // Whoever may not look does not know.
        Err(error) => return Err(StoreError::using(&path, &error)),
    }
    check_not_emptied(&path)?;
    let failed = |error| StoreError::opening(&path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(failed)?;
    guard(&connection, READER_PATIENCE).map_err(failed)?;
    match schema::check(&connection, &path)? {
        0 => Err(StoreError::Missing { path: folder.into() }),
        _ => Ok(connection),
    }
}

/// What is set on every connection to a file of ours.
pub(crate) fn guard(connection: &Connection, patience: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(patience)?;
    // What stands in the file is data: no function in it is called, no damage to it goes unseen where looking is cheap.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "temp_store", "MEMORY")
}
