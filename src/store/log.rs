//! The write-ahead log: who commits to it, who checkpoints it, and what bounds it.

use super::checkpoint::Checkpointer;
use super::{StoreError, connection, path_of};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, Row};
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// From this length on the log is brought into the file, in bytes: by a thread, since it takes 10 to 30 ms on the machine of
/// docs/BENCHMARKS.md.
const CHECKPOINT_BYTES: u64 = 8 * 1024 * 1024;

/// What comes while the thread is at it is brought in next, and each time that is less. What is left when it is no more than
/// this, in bytes, the loop brings in itself, in some 3 ms: only when nothing is left can the log be used anew from its start.
const LAST_BYTES: u64 = 1024 * 1024;

/// At this length, in bytes, the loop brings in what is left, however much: more comes than the thread can bring in, and senders have
/// to wait.
const BEHIND_BYTES: u64 = 32 * 1024 * 1024;

/// A log that could not be brought in whole, since somebody reads it, is tried again after it has grown by this much.
const RETRY_BYTES: u64 = 1024 * 1024;

/// How often it is looked whether the thread is done, where no turn comes.
const LOOK_TIME: Duration = Duration::from_millis(100);

/// A log of any length is brought in when no turn was kept for this long.
const IDLE_TIME: Duration = Duration::from_secs(1);

/// The receiver's connection, and what it knows of its log.
pub(super) struct Log {
    /// Before the connection, so that it is dropped first.
    checkpointer: Checkpointer,
    connection: Connection,
    place: Box<Place>,
    page_bytes: u64,
    /// Of the log, unless all of it is in the file.
    length_bytes: u64,
    /// How much has to be left for a checkpoint to be worth its while.
    due_bytes: u64,
    /// How much was left when the thread's last one began.
    begun_bytes: u64,
    /// A turn was kept since the log was looked at.
    is_touched: bool,
    last_commit: Instant,
    pause: Duration,
}

impl Log {
    /// The log of the store in `folder`, which `connection` writes to.
    ///
    /// # Errors
    /// Where there is no second connection or no thread to be had.
    pub(super) fn new(connection: Connection, folder: &Path) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::Failed { doing: "starting a thread", why: error.to_string() };
        let checkpointer = Checkpointer::start(connection::checkpointer(folder)?).map_err(failed)?;
        let page_bytes = connection.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0)).unwrap_or(4096);
        Ok(Log {
            checkpointer,
            connection,
            place: Box::new(Place::of(folder)),
            page_bytes: u64::from(page_bytes),
            length_bytes: 0,
            due_bytes: CHECKPOINT_BYTES,
            begun_bytes: 0,
            // What was found in it is brought in when nothing else is to be done.
            is_touched: true,
            last_commit: Instant::now(),
            pause: Duration::ZERO,
        })
    }

    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// How long to wait before the file is opened anew, should it fail.
    pub(super) fn pause(&self) -> Duration {
        self.pause
    }

    pub(super) fn set_pause(&mut self, pause: Duration) {
        self.pause = pause;
    }

    pub(super) fn length_bytes(&self) -> u64 {
        self.length_bytes
    }

    /// Commits and syncs the transaction that is open.
    pub(super) fn commit(&mut self) -> rusqlite::Result<()> {
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        self.place.note_log();
        self.is_touched = true;
        self.last_commit = Instant::now();
        self.pause = Duration::ZERO;
        Ok(())
    }

    /// Something was written beside the turns.
    pub(super) fn touch(&mut self) {
        self.is_touched = true;
    }

    /// Has the log brought into the file where that is due; gives when it will be.
    pub(super) fn tend(&mut self) -> rusqlite::Result<Duration> {
        if !self.is_touched {
            return Ok(Duration::MAX);
        }
        let mut ended = self.checkpointer.ended().transpose()?.is_some();
        let mut left = self.checkpoint("PRAGMA wal_checkpoint(NOOP)")?;
        if self.checkpointer.is_at_it() && left >= BEHIND_BYTES {
            self.checkpointer.wait()?;
            (ended, left) = (true, self.checkpoint("PRAGMA wal_checkpoint(NOOP)")?);
        }
        if self.checkpointer.is_at_it() {
            return Ok(LOOK_TIME);
        }
        if left == 0 {
            self.is_touched = false;
            self.due_bytes = CHECKPOINT_BYTES;
            return Ok(Duration::MAX);
        }
        if ended {
            // Where it is not less, somebody reads the file, or more comes than the disk can take.
            self.due_bytes = if left < self.begun_bytes { 0 } else { retry_at(left) };
        }
        let idle_for = self.last_commit.elapsed();
        if left < self.due_bytes && idle_for < IDLE_TIME {
            return Ok(IDLE_TIME - idle_for);
        }
        if (ended && left <= LAST_BYTES) || self.length_bytes >= BEHIND_BYTES {
            left = self.checkpoint("PRAGMA wal_checkpoint(PASSIVE)")?;
            self.due_bytes = if left == 0 { CHECKPOINT_BYTES } else { retry_at(left) };
            self.is_touched = left > 0;
        } else {
            self.begun_bytes = left;
            self.checkpointer.ask();
        }
        Ok(if self.checkpointer.is_at_it() { LOOK_TIME } else { IDLE_TIME })
    }

    /// Does this kind of checkpoint, a passive one, which waits for nobody, or none; gives how much of the log is not in the file
    /// then, in bytes.
    fn checkpoint(&mut self, kind: &str) -> rusqlite::Result<u64> {
        let read = |row: &Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        let (frames, done) = self.connection.prepare_cached(kind)?.query_row([], read)?;
        let bytes = |frames: i64| u64::try_from(frames).unwrap_or(0) * self.page_bytes;
        // With nothing left the next turn begins it anew, if nobody is just reading; else the one after the next checkpoint.
        let (length, left) = (bytes(frames), bytes(frames.saturating_sub(done)));
        self.length_bytes = if left == 0 { 0 } else { length };
        Ok(left)
    }

    /// Whether the file that is open is still the one that its name leads to, and its log too: what is written to one that was
    /// deleted is lost.
    pub(super) fn is_in_place(&self) -> bool {
        self.place.is_as_it_was()
    }

    /// Lets go of the connection after a failure. Nothing more is written: what of the log is on the disk is not known.
    pub(super) fn abandon(self) {
        let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
    }
}

/// The length at which it is tried again where so much was left.
fn retry_at(left_bytes: u64) -> u64 {
    left_bytes.max(CHECKPOINT_BYTES) + RETRY_BYTES
}

/// Where the file and its log are, and which files those were.
struct Place {
    path: PathBuf,
    log_path: PathBuf,
    /// By device and number.
    file: Option<(u64, u64)>,
    /// The same of the log, once there is one.
    log_file: Option<(u64, u64)>,
}

impl Place {
    fn of(folder: &Path) -> Self {
        let (path, log_path) = (path_of(folder), log_path(folder));
        Place { file: identity(&path), log_file: identity(&log_path), path, log_path }
    }

    fn note_log(&mut self) {
        if self.log_file.is_none() {
            self.log_file = identity(&self.log_path);
        }
    }

    fn is_as_it_was(&self) -> bool {
        let is_log = self.log_file.is_none() || identity(&self.log_path) == self.log_file;
        is_log && self.file.is_some() && identity(&self.path) == self.file
    }
}

fn log_path(folder: &Path) -> PathBuf {
    path_beside(&path_of(folder))
}

/// Where the log of the file at `path` is.
pub(super) fn path_beside(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_os_string();
    path.push("-wal");
    path.into()
}

/// Which file is at `path`, by device and number.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Has the log of the store in `folder`, which nobody has open for writing, on the disk, whatever became of it before: a process that
/// was killed may have left it unsynced; and where a sync failed, the system takes pages for clean that never reached the disk. So
/// every byte is written again where it is, then synced. Readers see no difference.
pub(super) fn secure(folder: &Path) -> Result<(), StoreError> {
    let path = log_path(folder);
    let failed = |error: io::Error| StoreError::using(&path, &error);
    let log = match OpenOptions::new().read(true).write(true).open(&path) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let mut buffer = vec![0; 256 * 1024];
    let mut at = 0;
    loop {
        let count = log.read_at(&mut buffer, at).map_err(failed)?;
        let Some(read) = buffer.get(..count).filter(|read| !read.is_empty()) else { break };
        log.write_all_at(read, at).map_err(failed)?;
        at += count as u64;
    }
    log.sync_all().map_err(failed)
}
