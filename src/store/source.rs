//! A damaged store, opened without a byte of it being touched.

use super::connection::{PAGE_BYTES, is_emptied};
use super::log::path_beside;
use super::{EVENTS_FILE, LOCK_FILE, StoreError, schema};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What a file begins with (SQLite, "Database File Format", 1.3), in bytes.
const HEAD_BYTES: usize = 100;

/// A second name for the file of a damaged store, or where that cannot be, a copy; with a copy of its log beside it.
pub(super) struct Source {
    folder: PathBuf,
    connection: Option<Connection>,
    /// No receiver starts on the damaged store meanwhile.
    _lock: Option<File>,
    /// Whether the first page had to be made anew.
    pub(super) is_headless: bool,
}

impl Source {
    /// Opens the store in `from`, by files in `folder` that are gone with this value.
    ///
    /// # Errors
    /// Where there is no store, a receiver has it, or there is nothing in it that could be one.
    pub(super) fn open(from: &Path, folder: &Path) -> Result<Self, StoreError> {
        let path = from.join(EVENTS_FILE);
        if !path.exists() {
            return Err(StoreError::Missing { path: from.into() });
        }
        let lock = hold(from)?;
        fs::create_dir(folder).map_err(|error| StoreError::using(folder, &error))?;
        // From here on dropping it removes the folder.
        let mut source = Source { folder: folder.into(), connection: None, _lock: lock, is_headless: false };
        let name = folder.join(EVENTS_FILE);
        let is_emptied = is_emptied(&path);
        if is_emptied {
            // SQLite would delete its log. Of a file with anything in it, it reads the log first.
            fs::write(&name, [0; HEAD_BYTES]).map_err(|error| StoreError::using(&name, &error))?;
        } else if fs::hard_link(&path, &name).is_err() {
            fs::copy(&path, &name).map_err(|error| StoreError::using(&path, &error))?;
        }
        let log = path_beside(&path);
        if log.exists() {
            fs::copy(&log, path_beside(&name)).map_err(|error| StoreError::using(&log, &error))?;
        }
        let connection = match connect(&name) {
            Ok(connection) => connection,
            Err(_) => {
                if !is_emptied {
                    // A copy, since it is written to.
                    fs::remove_file(&name).map_err(|error| StoreError::using(&name, &error))?;
                    fs::copy(&path, &name).map_err(|error| StoreError::using(&path, &error))?;
                }
                source.make_first_page(&name)?;
                source.is_headless = true;
                connect(&name).map_err(|error| StoreError::Damaged { path: path.clone(), why: error.to_string() })?
            }
        };
        source.connection = Some(connection);
        Ok(source)
    }

    pub(super) fn connection(&self) -> Result<&Connection, StoreError> {
        self.connection.as_ref().ok_or_else(|| StoreError::Failed { doing: "reading", why: "it is closed".into() })
    }

    /// Writes a first page over that of `name`: where each table begins is the same in every store, since all are made alike.
    fn make_first_page(&self, name: &Path) -> Result<(), StoreError> {
        let failed = |error: io::Error| StoreError::using(name, &error);
        let file = OpenOptions::new().read(true).write(true).open(name).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut head = [0; HEAD_BYTES];
        file.read_exact_at(&mut head, 0).map_err(failed)?;
        // Of that section: the page's size is at 16, 1 stands for 65,536.
        let [_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, high, low, ..] = head;
        let page_bytes = match u16::from_be_bytes([high, low]) {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => u32::from(size),
            _ => PAGE_BYTES,
        };
        let mut page = first_page(&self.folder.join("first.db"), page_bytes)
            .map_err(|why| StoreError::Failed { doing: "making a first page", why })?;
        let pages = u32::try_from(length / u64::from(page_bytes)).unwrap_or(u32::MAX).to_be_bytes();
        let changes = page.get(24..28).unwrap_or_default().to_vec();
        // At 18 and 19: written and read with a log. At 28: the file's length in pages, which counts where the number at 92 is that
        // of changes, at 24. At 32 and 36: the list of free pages, which nobody needs to read.
        for (at, bytes) in [(18, &[2, 2][..]), (28, &pages), (32, &[0; 8]), (92, &changes)] {
            if let Some(place) = page.get_mut(at..at + bytes.len()) {
                place.copy_from_slice(bytes);
            }
        }
        file.write_all_at(&page, 0).map_err(failed)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.connection = None;
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The first page of a new store.
fn first_page(path: &Path, page_bytes: u32) -> Result<Vec<u8>, String> {
    let words = |error: rusqlite::Error| error.to_string();
    let mut new = Connection::open(path).map_err(words)?;
    new.pragma_update(None, "page_size", page_bytes).map_err(words)?;
    new.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(words)?;
    schema::migrate(&mut new, path).map_err(|error| error.to_string())?;
    drop(new);
    let mut page = fs::read(path).map_err(|error| error.to_string())?;
    page.truncate(usize::try_from(page_bytes).unwrap_or(usize::MAX));
    Ok(page)
}

/// Opens a file as far as that goes, and sees that its tables are found.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    // With this SQLite opens a file that is shorter than it says.
    connection.pragma_update(None, "writable_schema", true)?;
    for query in [
        "SELECT id, next_event FROM store",
        "SELECT id, definition FROM schemes",
        "SELECT id, body FROM events",
        "SELECT event, at FROM replay_keys",
    ] {
        connection.prepare(query)?;
    }
    Ok(connection)
}

/// Keeps receivers from the store in `folder`, where one could ever have been.
fn hold(folder: &Path) -> Result<Option<File>, StoreError> {
    if let Some(pid) = super::Lock::holder(folder)? {
        return Err(StoreError::Locked { path: folder.into(), pid: Some(pid).filter(|pid| *pid > 0) });
    }
    let lock = File::open(folder.join(LOCK_FILE)).ok();
    Ok(lock.filter(|lock| lock.try_lock_shared().is_ok()))
}
