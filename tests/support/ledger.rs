//! What was sent and what was answered, held against what is in the store's file. It reads the file as anybody may: by
//! docs/STORE.md, without a line of hookgate's own.

use super::delivery;
use super::dice::Dice;
use rusqlite::{Connection, OpenFlags};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

/// What a receiver did although it promised not to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// It was answered with a 2xx, and is not there.
    Lost { delivery: String },
    /// It is there twice.
    Doubled { delivery: String, events: [i64; 2] },
    /// Nobody sent it.
    Invented { event: i64, delivery: Option<String> },
    /// It is not what was sent.
    Changed { event: i64, delivery: String },
    /// Two deliveries had this number, one after the other.
    Reused { event: i64, deliveries: [String; 2] },
    /// An event came whose number is below one that was given before.
    OutOfOrder { event: i64, highest: i64 },
    /// An event is there, but not what makes its delivery known when it comes again.
    WithoutKey { event: i64 },
    /// The file cannot be read, or is damaged.
    Damaged { why: String },
    /// It was answered with something other than a 2xx.
    Refused { delivery: String, status: u16 },
    /// It was not answered at all, though the receiver was to run.
    Unanswered { delivery: String },
    /// It was answered with a 2xx, and was not handed on.
    NotHandedOn { delivery: String },
    /// It was handed on under several ids.
    Renamed { delivery: String, ids: BTreeSet<String> },
    /// It was said to be a repeat, or not said to be one.
    Misnamed { delivery: String, answer: String },
}

/// Every delivery that was sent, by its name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    sent: BTreeMap<String, Sent>,
    /// The names of those that were answered, and of the last one sent.
    answered: Vec<String>,
    last: Option<String>,
    /// The events as they were last seen.
    seen: BTreeMap<i64, String>,
    highest: i64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Sent {
    times: usize,
    answered: bool,
    /// The number of its event, once seen.
    event: Option<i64>,
    /// Its event was deleted, as asked.
    pruned: bool,
}

impl Ledger {
    /// A ledger of what was sent, of which `answered` was answered.
    pub(crate) fn of<'a>(sent: impl IntoIterator<Item = &'a String>, answered: &BTreeSet<String>) -> Self {
        let entry =
            |name: &String| (name.clone(), Sent { times: 1, answered: answered.contains(name), ..Sent::default() });
        let sent: BTreeMap<_, _> = sent.into_iter().map(entry).collect();
        Ledger { sent, answered: answered.iter().cloned().collect(), ..Ledger::default() }
    }

    /// Writes down that `delivery` is being sent. Gives whether it has been answered with a 2xx before.
    pub(crate) fn send(&mut self, delivery: &str) -> bool {
        self.last = Some(delivery.to_string());
        let sent = self.sent.entry(delivery.to_string()).or_default();
        sent.times += 1;
        sent.answered
    }

    /// Writes down that `delivery` was answered with a 2xx. Gives how often it was sent.
    pub(crate) fn answered(&mut self, delivery: &str) -> usize {
        let sent = self.sent.get_mut(delivery).expect("what is answered was sent");
        if !std::mem::replace(&mut sent.answered, true) {
            self.answered.push(delivery.to_string());
        }
        sent.times
    }

    pub(crate) fn is_answered(&self, delivery: &str) -> bool {
        self.sent.get(delivery).is_some_and(|sent| sent.answered)
    }

    /// One of those that were answered.
    pub(crate) fn pick_answered(&self, dice: &mut Dice) -> Option<String> {
        dice.pick(&self.answered).cloned()
    }

    /// The one that was sent last, by whomever: it may be on its way.
    pub(crate) fn last_sent(&self) -> Option<String> {
        self.last.clone()
    }

    /// Writes down that all events seen so far were deleted, as asked.
    pub(crate) fn pruned(&mut self) {
        for delivery in std::mem::take(&mut self.seen).into_values() {
            self.sent.get_mut(&delivery).expect("what was seen was sent").pruned = true;
        }
    }

    pub(crate) fn sent(&self) -> impl Iterator<Item = &String> {
        self.sent.keys()
    }

    /// What got no answer, or none that is a 2xx.
    pub(crate) fn unanswered(&self) -> Vec<String> {
        self.sent.iter().filter(|(_, sent)| !sent.answered).map(|(name, _)| name.clone()).collect()
    }

    pub(crate) fn answered_count(&self) -> usize {
        self.answered.len()
    }

    /// Holds the events of `folder` that came since the last look against what was sent.
    pub(crate) fn look(&mut self, folder: &Path) -> Result<(), Broken> {
        let connection = open(folder)?;
        self.read(&connection, self.highest)?;
        self.raise();
        // What is not among those that came may be where it should not be.
        self.nothing_is_lost().or_else(|_| self.look_at_all(folder))
    }

    /// Holds all events of `folder` against what was sent and what was seen before, and the file against SQLite's own rules.
    pub(crate) fn look_at_all(&mut self, folder: &Path) -> Result<(), Broken> {
        let connection = open(folder)?;
        let verdict: String =
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).map_err(|error| damaged(&error))?;
        if verdict != "ok" {
            return Err(Broken::Damaged { why: verdict });
        }
        let before = std::mem::take(&mut self.seen);
        self.read(&connection, 0)?;
        for (event, was) in &before {
            match self.seen.get(event) {
                Some(is) if is == was => {}
                Some(is) => return Err(Broken::Reused { event: *event, deliveries: [was.clone(), is.clone()] }),
                None => return Err(Broken::Lost { delivery: was.clone() }),
            }
        }
        if let Some((event, _)) =
            self.seen.iter().find(|(event, _)| !before.contains_key(event) && **event <= self.highest)
        {
            return Err(Broken::OutOfOrder { event: *event, highest: self.highest });
        }
        self.raise();
        // All that these tests send has a key; a row has those of the events up to its own.
        let query = "SELECT id FROM events WHERE id <= coalesce(
            (SELECT event - length(keys) / 16 FROM replay_keys WHERE event >= id ORDER BY event LIMIT 1), id)";
        let mut statement = connection.prepare(query).map_err(|error| damaged(&error))?;
        let mut bare = statement.query_map([], |row| row.get(0)).map_err(|error| damaged(&error))?;
        if let Some(event) = bare.next() {
            return Err(Broken::WithoutKey { event: event.map_err(|error| damaged(&error))? });
        }
        self.nothing_is_lost()
    }

    /// Reads the events above `from`.
    fn read(&mut self, connection: &Connection, from: i64) -> Result<(), Broken> {
        let query = "SELECT id, delivery_id, body FROM events WHERE id > ?1 ORDER BY id";
        let mut statement = connection.prepare(query).map_err(|error| damaged(&error))?;
        let mut rows = statement.query([from]).map_err(|error| damaged(&error))?;
        while let Some(row) = rows.next().map_err(|error| damaged(&error))? {
            let column = |error| damaged(&error);
            let event: i64 = row.get(0).map_err(column)?;
            let delivery: Option<String> = row.get(1).map_err(column)?;
            let body: Vec<u8> = row.get(2).map_err(column)?;
            let known = delivery.as_ref().and_then(|name| self.sent.get_mut(name));
            let (Some(delivery), Some(sent)) = (&delivery, known) else {
                return Err(Broken::Invented { event, delivery });
            };
            if body != delivery::body(delivery) {
                return Err(Broken::Changed { event, delivery: delivery.clone() });
            }
            if let Some(first) = sent.event.filter(|first| *first != event || sent.pruned) {
                return Err(Broken::Doubled { delivery: delivery.clone(), events: [first, event] });
            }
            sent.event = Some(event);
            self.seen.insert(event, delivery.clone());
        }
        Ok(())
    }

    fn raise(&mut self) {
        self.highest = self.highest.max(self.seen.keys().next_back().copied().unwrap_or(0));
    }

    /// Holds what was handed on, each delivery with the ids that it had, against what was answered.
    pub(crate) fn look_at_handed(&self, handed: &BTreeMap<String, BTreeSet<String>>) -> Result<(), Broken> {
        for (delivery, ids) in handed {
            if !self.sent.contains_key(delivery) {
                return Err(Broken::Invented { event: 0, delivery: Some(delivery.clone()) });
            }
            if ids.len() > 1 {
                return Err(Broken::Renamed { delivery: delivery.clone(), ids: ids.clone() });
            }
        }
        match self.answered.iter().find(|delivery| !handed.contains_key(*delivery)) {
            Some(delivery) => Err(Broken::NotHandedOn { delivery: delivery.clone() }),
            None => Ok(()),
        }
    }

    fn nothing_is_lost(&self) -> Result<(), Broken> {
        let is_there = |sent: &Sent| sent.pruned || sent.event.is_some_and(|event| self.seen.contains_key(&event));
        match self.sent.iter().find(|(_, sent)| sent.answered && !is_there(sent)) {
            Some((delivery, _)) => Err(Broken::Lost { delivery: delivery.clone() }),
            None => Ok(()),
        }
    }
}

/// `events.db` of `folder` as a reader beside the receiver opens it, or as the first one after it.
fn open(folder: &Path) -> Result<Connection, Broken> {
    let connection = Connection::open_with_flags(folder.join("events.db"), OpenFlags::SQLITE_OPEN_READ_WRITE);
    let connection = connection.map_err(|error| damaged(&error))?;
    // Whoever comes first after a crash recovers the file, and the others wait.
    connection.busy_timeout(Duration::from_secs(10)).map_err(|error| damaged(&error))?;
    Ok(connection)
}

fn damaged(error: &rusqlite::Error) -> Broken {
    Broken::Damaged { why: error.to_string() }
}
