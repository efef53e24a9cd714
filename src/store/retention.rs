//! Letting go of what is old, a step at a time, asked of the loop that receives.

use super::Settings;
use super::prune::{self, Wish};
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use crate::time::UnixTime;

/// Most events deleted in a step, and most bytes of bodies: a step takes some 5 ms, most of it for the sync.
const STEP_EVENTS: i64 = 512;
const STEP_BYTES: i64 = 4 * 1024 * 1024;

/// Between two steps where nothing else is to be done.
const STEP_PAUSE: Duration = Duration::from_millis(20);

/// Replay keys deleted in a step.
const STEP_KEYS: usize = 4096;

/// Free pages given back to the file system in a step.
const STEP_PAGES: i64 = 256;

/// Free bytes that the file keeps to use again, beside a quarter of its length.
const SPARE_BYTES: i64 = 64 * 1024 * 1024;

/// How often it is looked whether something is old.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// How often where nothing was added.
const LOOK_WHEN_IDLE: Duration = Duration::from_secs(60);

/// What other threads ask of the receiver's loop.
#[derive(Debug)]
pub struct Asks {
    /// Events from this number on are owed to a sink.
    owed_from: AtomicI64,
    /// Whether to look for what `hookgate events prune` wants.
    prune: AtomicBool,
}

impl Asks {
    /// Nothing from `number` on is deleted: a sink has yet to have it.
    pub fn owe_from(&self, number: i64) {
        self.owed_from.store(number, Ordering::Release);
    }

    /// There may be something that `hookgate events prune` wants.
    pub fn look_for_prune(&self) {
        self.prune.store(true, Ordering::Release);
    }
}

/// What is kept, and what is still to be deleted.
#[derive(Debug)]
pub(super) struct Retention {
    keep_ms: Option<i64>,
    keep_bytes: Option<i64>,
    asks: Arc<Asks>,
    folder: PathBuf,
    /// What `hookgate events prune` asked for.
    prune_before: Option<UnixTime>,
    /// Replay keys that are forgotten, and still in the file.
    forgotten: usize,
    /// Those up to the one of this event too, which were too many at the start.
    left_out: i64,
    look_at: Instant,
    /// The number that the next event had at the last look.
    looked_at: i64,
}

impl Retention {
    pub(super) fn new(folder: &Path, settings: &Settings) -> Self {
        Retention {
            keep_ms: settings.keep_ms(),
            keep_bytes: settings.keep_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            asks: Arc::new(Asks { owed_from: AtomicI64::new(i64::MAX), prune: AtomicBool::new(true) }),
            folder: folder.to_path_buf(),
            prune_before: None,
            forgotten: 0,
            left_out: 0,
            look_at: Instant::now(),
            looked_at: 0,
        }
    }

    pub(super) fn asks(&self) -> &Arc<Asks> {
        &self.asks
    }

    /// So many more of the oldest replay keys are forgotten.
    pub(super) fn forget(&mut self, keys: usize) {
        self.forgotten += keys;
    }

    /// The replay keys of events up to this one are forgotten too.
    pub(super) fn forget_up_to(&mut self, event: i64) {
        self.left_out = event;
    }

    /// Does a step of what is due; gives when more will be. `next` is the number of the next event.
    pub(super) fn step(&mut self, connection: &Connection, next: i64) -> rusqlite::Result<Duration> {
        if self.asks.prune.swap(false, Ordering::AcqRel) {
            self.prune_before = prune::asked(&self.folder);
            self.look_at = Instant::now();
        }
        // In large steps, so that a turn seldom has one.
        if self.left_out > 0 {
            if delete_keys(connection, self.left_out)? < STEP_KEYS {
                self.left_out = 0;
            }
        } else if self.forgotten >= STEP_KEYS {
            delete_keys(connection, i64::MAX)?;
            self.forgotten -= STEP_KEYS;
        }
        let keys_due = if self.left_out > 0 || self.forgotten >= STEP_KEYS { STEP_PAUSE } else { Duration::MAX };
        let now = Instant::now();
        if now < self.look_at {
            return Ok(keys_due.min(self.look_at - now));
        }
        if self.delete_events(connection)? || self.give_back(connection)? {
            return Ok(Duration::ZERO);
        }
        if let Some(before) = self.prune_before {
            match prune::settle(&self.folder, before) {
                Wish::Fulfilled => self.prune_before = None,
                Wish::Another(before) => {
                    self.prune_before = Some(before);
                    return Ok(Duration::ZERO);
                }
                Wish::Held => return Ok(keys_due.min(STEP_PAUSE)),
            }
        }
        let pause = if self.looked_at == next { LOOK_WHEN_IDLE } else { LOOK_EVERY };
        self.looked_at = next;
        self.look_at = now + pause;
        let anything = self.keep_ms.is_some() || self.keep_bytes.is_some();
        Ok(if anything { keys_due.min(pause) } else { keys_due })
    }

    /// Deletes some of the events that are to go; whether there were any.
    fn delete_events(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let now = UnixTime::now().as_ms();
        let by_age = self.keep_ms.map(|keep| now.saturating_sub(keep));
        let before = by_age.max(self.prune_before.map(UnixTime::as_ms));
        let owed_from = self.asks.owed_from.load(Ordering::Acquire);
        if let Some(before) = before
            && delete_before(connection, before, owed_from)? > 0
        {
            return Ok(true);
        }
        let Some(keep_bytes) = self.keep_bytes else { return Ok(false) };
        let over = bytes_in_use(connection)?.saturating_sub(keep_bytes);
        Ok(over > 0 && delete_oldest(connection, i64::MAX, owed_from, over.min(STEP_BYTES))? > 0)
    }

    /// Gives some of the free pages back to the file system, where there are many; whether there were.
    fn give_back(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let (pages, free) = (number(connection, "page_count")?, number(connection, "freelist_count")?);
        let page_bytes = number(connection, "page_size")?;
        if free <= pages / 4 + SPARE_BYTES / page_bytes.max(1) {
            return Ok(false);
        }
        connection.execute_batch(&format!("PRAGMA incremental_vacuum({STEP_PAGES})"))?;
        Ok(true)
    }
}

/// Deletes the oldest events, as many as a step has, as far as they were received before this moment and their number is under
/// `owed_from`; gives how many. The step is a transaction of its own.
///
/// # Errors
/// SQLite's.
pub fn delete_before(connection: &Connection, before_ms: i64, owed_from: i64) -> rusqlite::Result<usize> {
    delete_oldest(connection, before_ms, owed_from, STEP_BYTES)
}

/// The same, of those that come first with `most_bytes` in their bodies.
fn delete_oldest(connection: &Connection, before_ms: i64, owed_from: i64, most_bytes: i64) -> rusqlite::Result<usize> {
    let oldest = "SELECT id, length(body) FROM events WHERE id < ?1 ORDER BY id LIMIT ?2";
    let mut oldest = connection.prepare_cached(oldest)?;
    let mut rows = oldest.query(params![owed_from, STEP_EVENTS])?;
    let (mut last, mut bytes) = (None, 0_i64);
    while let Some(row) = rows.next()? {
        last = Some(row.get::<_, i64>(0)?);
        bytes = bytes.saturating_add(row.get(1)?);
        if bytes >= most_bytes {
            break;
        }
    }
    drop(rows);
    let Some(last) = last else { return Ok(0) };
    let delete = "DELETE FROM events WHERE id <= ?1 AND received_at < ?2";
    connection.prepare_cached(delete)?.execute(params![last, before_ms])
}

/// Deletes the oldest replay keys, as many as a step has, up to the one of this event; gives how many.
fn delete_keys(connection: &Connection, up_to: i64) -> rusqlite::Result<usize> {
    let oldest = "DELETE FROM replay_keys \
         WHERE event IN (SELECT event FROM replay_keys WHERE event <= ?1 ORDER BY event LIMIT ?2)";
    connection.prepare_cached(oldest)?.execute(params![up_to, i64::try_from(STEP_KEYS).unwrap_or(i64::MAX)])
}

fn bytes_in_use(connection: &Connection) -> rusqlite::Result<i64> {
    let pages = number(connection, "page_count")? - number(connection, "freelist_count")?;
    Ok(pages.saturating_mul(number(connection, "page_size")?))
}

fn number(connection: &Connection, pragma: &str) -> rusqlite::Result<i64> {
    connection.prepare_cached(&format!("PRAGMA {pragma}"))?.query_row([], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::PRUNE_FILE;
    use std::fs::{self, File};

    /// A folder for one test, an open file with events that were received at 0, 1, … 9, and what lets go of them.
    fn start(name: &str) -> (PathBuf, Connection, Retention) {
        let folder = std::env::temp_dir().join(format!("hookgate-retention-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(include_str!("schema/1.sql")).unwrap();
        for at in 0..10 {
            let event = "INSERT INTO events VALUES (?1, ?2, '', '', 1, '', NULL, NULL, NULL, '', '', '', '', x'')";
            connection.execute(event, [at + 1, at]).unwrap();
        }
        let retention = Retention::new(&folder, &Settings::default());
        (folder, connection, retention)
    }

    fn oldest(connection: &Connection) -> i64 {
        connection.query_row("SELECT min(received_at) FROM events", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn a_second_wish_that_comes_while_the_first_is_fulfilled_is_fulfilled_too() {
        let (folder, connection, mut retention) = start("second");
        fs::write(folder.join(PRUNE_FILE), "3\n").unwrap();
        assert_eq!(retention.step(&connection, 11), Ok(Duration::ZERO));
        assert_eq!(oldest(&connection), 3);
        // Its signal is yet to come.
        fs::write(folder.join(PRUNE_FILE), "7\n").unwrap();
        while folder.join(PRUNE_FILE).exists() {
            assert_eq!(oldest(&connection), 3, "it is not taken back before it is fulfilled");
            retention.step(&connection, 11).unwrap();
            if oldest(&connection) == 7 {
                break;
            }
        }
        assert_eq!(oldest(&connection), 7);
        retention.step(&connection, 11).unwrap();
        assert!(!folder.join(PRUNE_FILE).exists());
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn no_wish_is_taken_back_while_somebody_writes_one() {
        let (folder, connection, mut retention) = start("held");
        fs::write(folder.join(PRUNE_FILE), "3\n").unwrap();
        let held = File::open(&folder).unwrap();
        held.lock().unwrap();
        assert_eq!(retention.step(&connection, 11), Ok(Duration::ZERO));
        for _ in 0..3 {
            assert_eq!(retention.step(&connection, 11), Ok(STEP_PAUSE));
            assert!(folder.join(PRUNE_FILE).exists());
        }
        drop(held);
        retention.step(&connection, 11).unwrap();
        assert_eq!((folder.join(PRUNE_FILE).exists(), oldest(&connection)), (false, 3));
        fs::remove_dir_all(folder).unwrap();
    }
}
