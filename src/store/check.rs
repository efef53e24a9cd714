//! Whether a store is sound.

use super::reader::Columns;
use super::replay::KEY_BYTES;
use super::{EVENTS_FILE, Reader, StoreError, judge, schema};
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Events looked at in one read, and bytes of their bodies: some milliseconds.
const PAGE: u32 = 500;
const PAGE_BYTES: usize = 16 * 1024 * 1024;

/// Flaws after which no more are looked for.
const FLAWS_LIMIT: usize = 100;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Events that were read.
    pub events: u64,
    /// Their lowest and highest number.
    pub ends: Option<(i64, i64)>,
    /// Replay keys that were read.
    pub replay_keys: u64,
    /// What is damaged.
    pub flaws: Vec<String>,
    /// Whether the pages of the file were looked at to the end.
    pub is_complete: bool,
}

/// Looks at the store in `folder`: its schema, each event, each replay key, and last, for as long as `limit`, each page of the
/// file: that is one long read, during which a receiver's log only grows. `seen` is told how many events were read, of how many.
///
/// # Errors
/// Where there is no store, or none that this program knows. What is damaged is a finding.
pub fn check(folder: &Path, limit: Option<Duration>, mut seen: impl FnMut(u64, u64)) -> Result<Findings, StoreError> {
    let mut findings = Findings::default();
    let reader = match Reader::open(folder) {
        Ok(reader) => reader,
        Err(StoreError::Damaged { why, .. }) => {
            findings.flaws.push(why);
            return Ok(findings);
        }
        Err(error) => return Err(error),
    };
    let connection = reader.connection();
    let columns = reader.columns();
    findings.note("the schema", of_schema(connection));
    findings.note("the store's own row", of_store(connection));
    let outcome = of_events(connection, columns, &mut findings, &mut seen);
    findings.note("the events", outcome);
    findings.note("the schemes", of_schemes(connection, columns));
    let outcome = of_replay_keys(connection, columns, &mut findings);
    findings.note("the replay keys", outcome);
    match of_pages(connection, limit) {
        Ok(flaws) => {
            findings.is_complete = flaws.is_some();
            findings.flaws.extend(flaws.into_iter().flatten());
        }
        Err(error) => findings.flaws.push(format!("the pages: {error}")),
    }
    Ok(findings)
}

/// What a part of the check comes to: flaws, or that it could not go on.
type Flaws = rusqlite::Result<Vec<String>>;

impl Findings {
    fn note(&mut self, part: &str, flaws: Flaws) {
        match flaws {
            Ok(flaws) => self.flaws.extend(flaws),
            Err(error) => self.flaws.push(format!("{part}: {error}")),
        }
    }
}

/// Tables, indexes and triggers, as they are and as they should be. What an operator added is no flaw.
fn of_schema(connection: &Connection) -> Flaws {
    let objects = |connection: &Connection| {
        let mut statement = connection.prepare("SELECT type, name, coalesce(sql, '') FROM sqlite_schema")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        rows.collect::<rusqlite::Result<BTreeSet<(String, String, String)>>>()
    };
    let mut right = Connection::open_in_memory()?;
    // Of its own version: an older file is sound.
    let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if schema::migrate_to(version, &mut right, Path::new(EVENTS_FILE)).is_err() {
        return Ok(vec!["the schema cannot be made for comparison".into()]);
    }
    let there = objects(connection)?;
    let missing = objects(&right)?.into_iter().filter(|object| !there.contains(object));
    Ok(missing.map(|(kind, name, _)| format!("the {kind} {name} is not as it should be")).collect())
}

fn of_store(connection: &Connection) -> Flaws {
    let mut statement = connection.prepare("SELECT id, next_event FROM store")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let rows: Vec<(String, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    let is_right = |(id, next): &(String, i64)| {
        id.len() == 12 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) && *next > 0
    };
    Ok(match rows.as_slice() {
        [row] if is_right(row) => Vec::new(),
        [_] => vec!["the store's own row is not as it should be".into()],
        rows => vec![format!("the store has {} rows of its own, not one", rows.len())],
    })
}

fn of_schemes(connection: &Connection, columns: Columns) -> Flaws {
    let mut statement = connection.prepare(&format!("SELECT id, definition, {} FROM schemes", columns.sum))?;
    let mut rows = statement.query([])?;
    let mut flaws = Vec::new();
    while let Some(row) = rows.next()? {
        if !judge::fits_its_sum(row, 2)? {
            flaws.push(format!("scheme {} is not what was written", row.get::<_, i64>(0)?));
        }
    }
    Ok(flaws)
}

fn of_events(
    connection: &Connection,
    columns: Columns,
    findings: &mut Findings,
    seen: &mut impl FnMut(u64, u64),
) -> Flaws {
    let mut flaws = Vec::new();
    let mut statement = connection.prepare("SELECT id FROM schemes")?;
    let schemes: BTreeSet<i64> = statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let end: i64 = connection.query_row("SELECT coalesce(max(id), 0) FROM events", [], |row| row.get(0))?;
    let columns = columns.event;
    let query = format!("SELECT {columns} FROM events WHERE id > ?1 ORDER BY id LIMIT ?2");
    let mut statement = connection.prepare(&query)?;
    let mut last = None;
    loop {
        let mut rows = statement.query((last.unwrap_or(i64::MIN), PAGE))?;
        let (mut count, mut bytes) = (0, 0);
        while let Some(row) = rows.next()? {
            let number: i64 = row.get(0)?;
            if last.is_some_and(|last| number <= last) {
                flaws.push(format!("event {number} is out of order"));
                return Ok(flaws);
            }
            last = Some(number);
            findings.events += 1;
            findings.ends = Some((findings.ends.map_or(number, |(first, _)| first), number));
            count += 1;
            match judge::event(row) {
                Ok(event) => bytes += event.body.len(),
                Err(why) => flaws.push(format!("event {number}: {why}")),
            }
            if !schemes.contains(&row.get("definition")?) {
                flaws.push(format!("event {number}: its scheme is missing"));
            }
            if flaws.len() >= FLAWS_LIMIT {
                flaws.push("there may be more".into());
                return Ok(flaws);
            }
            if bytes >= PAGE_BYTES {
                break;
            }
        }
        seen(findings.events, u64::try_from(end).unwrap_or(0));
        // What comes from now on is not waited for: a busy receiver would never let this end.
        if count == 0 || last.is_some_and(|last| last >= end) {
            return Ok(flaws);
        }
    }
}

fn of_replay_keys(connection: &Connection, columns: Columns, findings: &mut Findings) -> Flaws {
    let Columns { keys, sum, .. } = columns;
    let query = format!("SELECT event, at, {keys}, {sum} FROM replay_keys WHERE event > ?1 ORDER BY event LIMIT ?2");
    let mut statement = connection.prepare(&query)?;
    let mut last = i64::MIN;
    let end: i64 = connection.query_row("SELECT coalesce(max(event), 0) FROM replay_keys", [], |row| row.get(0))?;
    while last < end {
        let mut rows = statement.query((last, PAGE))?;
        let before = last;
        while let Some(row) = rows.next()? {
            let (event, keys) = (row.get(0)?, row.get_ref(2)?.as_blob()?.len());
            if event <= last || !judge::fits_its_sum(row, 3)? || keys == 0 || !keys.is_multiple_of(KEY_BYTES) {
                return Ok(vec![format!("the replay key of event {event} is not as it should be")]);
            }
            last = event;
            findings.replay_keys += (keys / KEY_BYTES) as u64;
        }
        if last == before {
            break;
        }
    }
    Ok(Vec::new())
}

/// What SQLite says of the file's pages; nothing where there was not time enough.
fn of_pages(connection: &Connection, limit: Option<Duration>) -> rusqlite::Result<Option<Vec<String>>> {
    let run = || {
        let mut statement = connection.prepare(&format!("PRAGMA integrity_check({FLAWS_LIMIT})"))?;
        let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
        lines.collect::<rusqlite::Result<Vec<String>>>()
    };
    let interrupt = connection.get_interrupt_handle();
    let (done, is_done) = mpsc::channel::<()>();
    let lines = thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(limit) = limit
                && is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout)
            {
                interrupt.interrupt();
            }
        });
        let lines = run();
        drop(done);
        lines
    });
    match lines {
        Ok(lines) => Ok(Some(lines.into_iter().filter(|line| line != "ok").collect())),
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::OperationInterrupted) => Ok(None),
        Err(error) => Err(error),
    }
}
