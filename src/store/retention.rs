//! Letting go of what is old, a step at a time, asked of the loop that receives.

use super::prune::{self, Wish};
use super::recent::Recent;
use super::{Settings, replay};
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
    /// The newest events, for a sink that keeps up.
    recent: Recent,
}

impl Asks {
    pub(super) fn recent(&self) -> &Recent {
        &self.recent
    }

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
    /// What `hookgate events prune` asked for: the moment, and the last event that was looked at for it.
    prune: Option<(UnixTime, i64)>,
    /// The last event that was looked at for its age, of those that are not the oldest.
    aged: i64,
    /// Replay keys that are forgotten, and still in the file.
    forgotten: usize,
    /// Those up to the one of this event too, which were too many at the start.
    left_out: i64,
    /// The last step wrote to the file.
    has_written: bool,
    look_at: Instant,
    /// The number that the next event had at the last look.
    looked_at: i64,
}

impl Retention {
    pub(super) fn new(folder: &Path, settings: &Settings) -> Self {
        Retention {
            keep_ms: settings.keep_ms(),
            keep_bytes: settings.keep_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)),
            asks: Arc::new(Asks {
                owed_from: AtomicI64::new(i64::MAX),
                prune: AtomicBool::new(true),
                recent: Recent::default(),
            }),
            folder: folder.to_path_buf(),
            prune: None,
            aged: 0,
            forgotten: 0,
            left_out: 0,
            has_written: false,
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

    /// Whether the last step wrote to the file.
    pub(super) fn has_written(&self) -> bool {
        self.has_written
    }

    /// Does a step of what is due; gives when more will be. `next` is the number of the next event.
    pub(super) fn step(&mut self, connection: &Connection, next: i64) -> rusqlite::Result<Duration> {
        self.has_written = false;
        if self.asks.prune.swap(false, Ordering::AcqRel) {
            self.prune = prune::asked(&self.folder).map(|before| (before, 0));
            self.look_at = Instant::now();
        }
        // In large steps, so that a turn seldom has one.
        if self.left_out > 0 {
            self.has_written = true;
            if delete_keys(connection, self.left_out, STEP_KEYS)? == 0 {
                self.left_out = 0;
            }
        } else if self.forgotten >= STEP_KEYS {
            self.has_written = true;
            let deleted = delete_keys(connection, i64::MAX, STEP_KEYS)?;
            self.forgotten = if deleted == 0 { 0 } else { self.forgotten.saturating_sub(deleted) };
        }
        let keys_due = if self.left_out > 0 || self.forgotten >= STEP_KEYS { STEP_PAUSE } else { Duration::MAX };
        let now = Instant::now();
        if now < self.look_at {
            return Ok(keys_due.min(self.look_at - now));
        }
        if self.delete_events(connection)? || self.give_back(connection)? {
            self.has_written = true;
            return Ok(Duration::ZERO);
        }
        if let Some((before, _)) = self.prune {
            match prune::settle(&self.folder, before) {
                Wish::Fulfilled => self.prune = None,
                Wish::Another(before) => {
                    self.prune = Some((before, 0));
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
    fn delete_events(&mut self, connection: &Connection) -> rusqlite::Result<bool> {
        let owed_from = self.asks.owed_from.load(Ordering::Acquire);
        // To the last event: one of a clock that was ahead may stand before any number of old ones.
        if let Some((before, after)) = self.prune
            && let Some(last) = delete_before(connection, after, before.as_ms(), owed_from)?.last
        {
            self.prune = Some((before, last));
            return Ok(true);
        }
        if let Some(keep) = self.keep_ms {
            let before = UnixTime::now().as_ms().saturating_sub(keep);
            if delete_before(connection, 0, before, owed_from)?.deleted > 0 {
                return Ok(true);
            }
            // The oldest are not old: nothing is, unless a clock was ahead when they came. So the others are looked through
            // too, but without haste: a step at each look.
            let step = delete_before(connection, self.aged, before, owed_from)?;
            self.aged = step.last.unwrap_or(0);
            if step.deleted > 0 {
                return Ok(true);
            }
        }
        let Some(keep_bytes) = self.keep_bytes else { return Ok(false) };
        let over = bytes_in_use(connection)?.saturating_sub(keep_bytes);
        Ok(over > 0 && delete_oldest(connection, 0, i64::MAX, owed_from, over.min(STEP_BYTES))?.deleted > 0)
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

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Events deleted.
    pub deleted: usize,
    /// The last event that was looked at; nothing where there was none.
    pub last: Option<i64>,
}

/// Looks at the events after that of number `after`, as many as a step has, as far as their number is under `owed_from`, and
/// deletes those received before this moment. The step is a transaction of its own.
///
/// # Errors
/// SQLite's.
pub fn delete_before(connection: &Connection, after: i64, before_ms: i64, owed_from: i64) -> rusqlite::Result<Step> {
    delete_oldest(connection, after, before_ms, owed_from, STEP_BYTES)
}

/// The same, of those that come first with `most_bytes` in their bodies.
fn delete_oldest(
    connection: &Connection,
    after: i64,
    before_ms: i64,
    owed_from: i64,
    most_bytes: i64,
) -> rusqlite::Result<Step> {
    let next = "SELECT id, received_at, length(body) FROM events WHERE id > ?1 AND id < ?2 ORDER BY id LIMIT ?3";
    let mut next = connection.prepare_cached(next)?;
    let mut rows = next.query(params![after, owed_from, STEP_EVENTS])?;
    let (mut last, mut bytes, mut is_any) = (None, 0_i64, false);
    while let Some(row) = rows.next()? {
        last = Some(row.get::<_, i64>(0)?);
        if row.get::<_, i64>(1)? < before_ms {
            is_any = true;
            bytes = bytes.saturating_add(row.get(2)?);
        }
        if bytes >= most_bytes {
            break;
        }
    }
    drop(rows);
    // What is not deleted costs no transaction.
    let deleted = match last.filter(|_| is_any) {
        Some(last) => {
            let delete = "DELETE FROM events WHERE id > ?1 AND id <= ?2 AND received_at < ?3";
            connection.prepare_cached(delete)?.execute(params![after, last, before_ms])?
        }
        None => 0,
    };
    Ok(Step { deleted, last })
}

/// Deletes the oldest rows of replay keys, of up to `most` keys, and up to the one of this event; gives how many keys were in them.
fn delete_keys(connection: &Connection, up_to: i64, most: usize) -> rusqlite::Result<usize> {
    let oldest = "SELECT event, length(keys) FROM replay_keys WHERE event <= ?1 ORDER BY event";
    let mut oldest = connection.prepare_cached(oldest)?;
    let mut rows = oldest.query([up_to])?;
    let (mut last, mut keys) = (None, 0);
    while let Some(row) = rows.next()? {
        let more = keys + replay::keys_in(row.get(1)?);
        if more > most {
            break;
        }
        (last, keys) = (Some(row.get::<_, i64>(0)?), more);
    }
    drop(rows);
    if let Some(last) = last {
        connection.prepare_cached("DELETE FROM replay_keys WHERE event <= ?1")?.execute([last])?;
    }
    Ok(keys)
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
