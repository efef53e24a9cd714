//! A new store from a damaged one.

use super::reader::{Columns, SUMMED};
use super::replay::KEY_BYTES;
use super::source::Source;
use super::walk::{Lost, Taken, Walk, Walked};
use super::{Lock, StoreError, judge, prepare};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params_from_iter};
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::ops::RangeInclusive;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Rows, and bytes of bodies, that are written in one transaction.
const BATCH: u32 = 2000;
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// Where bodies go that are not what was written.
const DOUBTFUL: &str = "doubtful";

/// Where it is not known how many events there were, the next one has the next multiple of this for its number: no number of one
/// that is lost is given again, as consumers would take that for one they have had.
const LEAP: i64 = 1_000_000_000;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Events in the new store.
    pub events: u64,
    /// Replay keys in the new store.
    pub replay_keys: u64,
    /// Numbers that cannot be read. Not all of them need have been those of events.
    pub lost: Vec<RangeInclusive<i64>>,
    /// Numbers of events that were read and are not what was written; their bodies stand in a folder beside the new store.
    pub doubtful: Vec<i64>,
    /// Whether the newest events may be lost too, however many there were.
    pub is_cut: bool,
    /// What else there is to know.
    pub notes: Vec<String>,
}

/// Makes a new store in the folder `to`, which must not be there yet, of all that can be read of the one in `from`, of which
/// no byte is touched. Events keep their numbers; the next one will be above all of them. `seen` is told how many events
/// were read.
///
/// # Errors
/// Where there is no store, a receiver has it, nothing can be read of it, or the new one cannot be written. Then no new one is left.
pub fn recover(from: &Path, to: &Path, seen: impl FnMut(u64)) -> Result<Recovered, StoreError> {
    if fs::symlink_metadata(to).is_ok() {
        return Err(StoreError::Folder { path: to.into(), why: "it is there already".into() });
    }
    prepare(to)?;
    let outcome = into(from, to, seen);
    if outcome.is_err() {
        let _ = fs::remove_dir_all(to);
    }
    outcome
}

fn into(from: &Path, to: &Path, seen: impl FnMut(u64)) -> Result<Recovered, StoreError> {
    let source = Source::open(from, &to.join("damaged"))?;
    let lock = Lock::take(to)?;
    let new = super::writable(to, &lock)?;
    let columns = Columns::of(source.connection()?);
    let mut work = Work {
        source: source.connection()?,
        columns,
        new: &new,
        to,
        batch: 0,
        batch_bytes: 0,
        recovered: <_>::default(),
    };
    if source.is_headless {
        work.recovered.notes.push("its first page could not be read, and was made anew".into());
    }
    work.begin()?;
    work.schemes()?;
    let highest = work.highest();
    work.events(highest, seen)?;
    let highest_key = work.replay_keys(highest)?;
    work.store(highest_key)?;
    work.end()?;
    let recovered = work.recovered;
    // All of it into the one file, on the disk.
    let done = new.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    done.map_err(|error| StoreError::failed("writing the new store", &error))?;
    Ok(recovered)
}

struct Work<'w> {
    source: &'w Connection,
    columns: Columns,
    new: &'w Connection,
    to: &'w Path,
    batch: u32,
    batch_bytes: usize,
    recovered: Recovered,
}

impl Work<'_> {
    fn begin(&mut self) -> Result<(), StoreError> {
        self.new.execute_batch("BEGIN IMMEDIATE").map_err(|error| writing(&error))
    }

    fn end(&mut self) -> Result<(), StoreError> {
        (self.batch, self.batch_bytes) = (0, 0);
        self.new.execute_batch("COMMIT").map_err(|error| writing(&error))
    }

    /// A row of so many bytes was written; from time to time that is committed.
    fn written(&mut self, bytes: usize) -> Result<(), StoreError> {
        self.batch += 1;
        self.batch_bytes += bytes;
        if self.batch < BATCH && self.batch_bytes < BATCH_BYTES {
            return Ok(());
        }
        self.end()?;
        // What is committed goes into the file at once: the log needs no room of its own.
        let _ = self.new.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        self.begin()
    }

    /// The highest number of an event that anything in the damaged store knows of.
    fn highest(&self) -> i64 {
        let number = |query| self.source.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap_or(0);
        number("SELECT id FROM events ORDER BY id DESC LIMIT 1")
            .max(number("SELECT event FROM replay_keys ORDER BY event DESC LIMIT 1"))
            .max(number("SELECT next_event - 1 FROM store"))
    }

    fn schemes(&mut self) -> Result<(), StoreError> {
        let columns = &format!("id, definition, {}", self.columns.sum);
        let walk = Walk { connection: self.source, table: "schemes", key: "id", columns, highest_known: 0 };
        let walked = walk.run(|id, row| {
            let (Ok(definition), Ok(true)) = (row.get::<_, String>(1), judge::fits_its_sum(row, 2)) else {
                return Ok(Taken::Spoilt);
            };
            let sum = row.get::<_, Option<i64>>(2).unwrap_or_default();
            let insertion = "INSERT OR IGNORE INTO schemes (id, definition, sum) VALUES (?1, ?2, ?3)";
            insert(self.new, insertion, (id, definition, sum))?;
            Ok(Taken::Kept)
        })?;
        if walked.is_cut || !walked.lost.is_empty() {
            self.recovered.notes.push("how some events were verified could not be read".into());
        }
        Ok(())
    }

    fn events(&mut self, highest_known: i64, mut seen: impl FnMut(u64)) -> Result<(), StoreError> {
        let (source, new) = (self.source, self.new);
        let columns = self.columns.event;
        let walk = Walk { connection: source, table: "events", key: "id", columns, highest_known };
        let new_columns = Columns::of(new).event;
        let insertion = format!("INSERT OR IGNORE INTO events ({new_columns}) VALUES ({})", marks(SUMMED + 1));
        let scheme = "INSERT OR IGNORE INTO schemes (id, definition) VALUES (?1, '# it could not be read: ' || ?1)";
        let Walked { lost, is_cut } = walk.run(|number, row| {
            let Ok(event) = judge::event(row) else {
                self.keep_apart(number, row)?;
                return Ok(Taken::Spoilt);
            };
            let Ok(definition) = row.get::<_, i64>("definition") else { return Ok(Taken::Spoilt) };
            insert(new, scheme, [definition])?;
            let values = (0..=SUMMED).map(|at| row.get_ref(at)).collect::<rusqlite::Result<Vec<_>>>();
            let Ok(values) = values else { return Ok(Taken::Spoilt) };
            let count = insert(new, &insertion, params_from_iter(values.into_iter().map(Borrowed)))?;
            // A number that was read twice stands for the event that was first.
            if count == 0 {
                self.keep_apart(number, row)?;
                return Ok(Taken::Spoilt);
            }
            self.recovered.events += 1;
            seen(self.recovered.events);
            self.written(event.body.len())?;
            Ok(Taken::Kept)
        })?;
        self.recovered.lost = without(lost, &self.recovered.doubtful);
        self.recovered.is_cut = is_cut;
        Ok(())
    }

    /// Keeps the body of an event that is not what was written where people can look at it.
    fn keep_apart(&mut self, number: i64, row: &Row<'_>) -> Result<(), StoreError> {
        let Some(body) = row.get_ref("body").ok().and_then(|value| value.as_blob().ok()) else { return Ok(()) };
        let folder = self.to.join(DOUBTFUL);
        let path = folder.join(format!("{number}.body"));
        let failed = |error: io::Error| StoreError::using(&path, &error);
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path) {
            Ok(mut file) => file.write_all(body).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(failed(error)),
        }
        self.recovered.doubtful.push(number);
        Ok(())
    }

    /// Gives the highest number that a key is of.
    fn replay_keys(&mut self, highest_known: i64) -> Result<i64, StoreError> {
        let (source, new) = (self.source, self.new);
        let columns = &format!("event, at, {}, {}", self.columns.keys, self.columns.sum);
        let walk = Walk { connection: source, table: "replay_keys", key: "event", columns, highest_known };
        let mut highest = 0;
        let Walked { lost, is_cut } = walk.run(|event, row| {
            let (Ok(at), Ok(keys), Ok(sum)) =
                (row.get::<_, i64>(1), row.get::<_, Vec<u8>>(2), row.get::<_, Option<i64>>(3))
            else {
                return Ok(Taken::Spoilt);
            };
            let is_whole = !keys.is_empty() && keys.len().is_multiple_of(KEY_BYTES);
            if !is_whole || judge::fits_its_sum(row, 3) != Ok(true) {
                return Ok(Taken::Spoilt);
            }
            self.recovered.replay_keys += (keys.len() / KEY_BYTES) as u64;
            let insertion = "INSERT OR IGNORE INTO replay_keys (event, at, keys, sum) VALUES (?1, ?2, ?3, ?4)";
            insert(new, insertion, (event, at, keys, sum))?;
            highest = event;
            self.written(0)?;
            Ok(Taken::Kept)
        })?;
        if is_cut || !lost.is_empty() {
            let note = "some replay keys could not be read: a delivery that comes again may be taken for a new one";
            self.recovered.notes.push(note.into());
        }
        Ok(highest)
    }

    /// The id of the store, and the number of its next event.
    fn store(&mut self, highest_key: i64) -> Result<(), StoreError> {
        let query = "SELECT id, next_event FROM store";
        let (id, next) = self
            .source
            .query_row(query, [], |row| Ok((row.get::<_, String>(0).ok(), row.get::<_, i64>(1).ok())))
            .unwrap_or_default();
        let is_id = |id: &String| id.len() == 12 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        match id.filter(is_id) {
            Some(id) => {
                insert(self.new, "UPDATE store SET id = ?1", [id])?;
            }
            None => {
                let note =
                    "the store's id could not be read: the ids of events begin otherwise, their numbers are the same";
                self.recovered.notes.push(note.into());
            }
        }
        let highest_lost = self.recovered.lost.last().map_or(0, |lost| *lost.end());
        let highest_kept =
            self.new.query_row("SELECT coalesce(max(id), 0) FROM events", [], |row| row.get::<_, i64>(0));
        let highest = highest_kept.map_err(|error| writing(&error))?.max(highest_key).max(highest_lost);
        let mut next = next.unwrap_or(1).max(highest.saturating_add(1));
        if self.recovered.is_cut {
            next = (next / LEAP + 1).saturating_mul(LEAP);
            let note =
                format!("events of higher numbers than {highest} may be lost; new ones are numbered from {next} on");
            self.recovered.notes.push(note);
        }
        insert(self.new, "UPDATE store SET next_event = ?1", [next])?;
        Ok(())
    }
}

/// A value of a row, on its way to another.
struct Borrowed<'r>(ValueRef<'r>);

impl rusqlite::ToSql for Borrowed<'_> {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(rusqlite::types::ToSqlOutput::Borrowed(self.0))
    }
}

fn marks(count: usize) -> String {
    (1..=count).map(|number| format!("?{number}")).collect::<Vec<_>>().join(", ")
}

fn insert(new: &Connection, query: &str, parameters: impl rusqlite::Params) -> Result<usize, StoreError> {
    new.prepare_cached(query).and_then(|mut statement| statement.execute(parameters)).map_err(|error| writing(&error))
}

/// `lost` without numbers of which something is left.
fn without(lost: Lost, doubtful: &[i64]) -> Lost {
    let mut left = Lost::new();
    for range in lost {
        let mut start = *range.start();
        for number in doubtful.iter().filter(|number| range.contains(number)) {
            if start < *number {
                left.push(start..=number - 1);
            }
            start = number.saturating_add(1);
        }
        if start <= *range.end() {
            left.push(start..=*range.end());
        }
    }
    left
}

fn writing(error: &rusqlite::Error) -> StoreError {
    StoreError::failed("writing the new store", error)
}
