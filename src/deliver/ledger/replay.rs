//! Events that are to be handed on again: added by a command beside the receiver, taken up by delivery.
//!
//! The command adds rows to one table, and delivery alone changes the others. So nothing that delivery holds in memory changes
//! behind its back, and each write of the command is an append of a few milliseconds.

use super::{Ledger, owe, schema};
use crate::store::{StoreError, StoreId};
use crate::time::UnixTime;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use std::path::Path;

/// Adds to what is to be handed on again.
#[derive(Debug)]
pub struct Replays {
    connection: Connection,
    sinks: Vec<String>,
}

impl Replays {
    /// What is to be handed on again of the store called `store`, in `folder`; nothing where no receiver has handed on anything
    /// of it yet.
    ///
    /// # Errors
    /// Where the file cannot be used.
    pub fn open(folder: &Path, store: &StoreId) -> Result<Option<Self>, StoreError> {
        let Some(connection) = schema::add(folder)? else { return Ok(None) };
        let read = |connection: &Connection| {
            if schema::version(connection)? == 0 {
                return Ok(Vec::new());
            }
            let sinks = "SELECT sink FROM cursors WHERE store = ?1 AND is_configured = 1 ORDER BY sink";
            connection.prepare(sinks)?.query_map([store.to_string()], |row| row.get(0))?.collect()
        };
        let sinks: Vec<String> =
            read(&connection).map_err(|error| schema::unusable(&folder.join(super::DELIVERY_FILE), &error))?;
        Ok((!sinks.is_empty()).then_some(Replays { connection, sinks }))
    }

    /// The sinks that the last receiver was configured with.
    #[must_use]
    pub fn sinks(&self) -> &[String] {
        &self.sinks
    }

    /// Adds these, each a sink and the number of an event: all of them or none.
    ///
    /// # Errors
    /// Where the file cannot be written.
    pub fn add<'s>(&mut self, wanted: impl IntoIterator<Item = (&'s str, i64)>) -> Result<(), StoreError> {
        let write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction()?;
            for (sink, event) in wanted {
                let add = "INSERT INTO replays (sink, event) SELECT ?1, ?2
                     WHERE NOT EXISTS (SELECT 1 FROM replays WHERE sink = ?1 AND event = ?2)";
                transaction.prepare_cached(add)?.execute(params![sink, event])?;
            }
            transaction.commit()
        };
        write().map_err(|error| super::failed(&self.connection, &error))
    }
}

impl Ledger {
    /// Makes owed what `sink` is to be given again, the oldest wish first, `most` of it. Wishes for events in `busy` wait, which are
    /// being tried right now: the wish may have come after that was begun. So do those for events after `last`, which the sink
    /// was not given for the first time yet. Gives how many wishes were taken up, and whether there are more.
    pub(crate) fn take_replays(
        &self,
        sink: &str,
        most: usize,
        (busy, last): (&BTreeSet<i64>, i64),
        now: UnixTime,
    ) -> Result<(usize, bool), StoreError> {
        let wanted = "SELECT id, event FROM replays WHERE sink = ?1 ORDER BY id LIMIT ?2";
        let wanted_early = "SELECT id, event FROM replays WHERE sink = ?1 AND event <= ?3 ORDER BY id LIMIT ?2";
        let reach = i64::try_from(most.saturating_add(busy.len())).unwrap_or(i64::MAX);
        let is_any = self.read(|connection| connection.prepare_cached(wanted)?.exists(params![sink, 1]))?;
        if !is_any {
            return Ok((0, false));
        }
        self.write(|transaction| {
            let mut early = transaction.prepare_cached(wanted_early)?;
            let rows = early.query_map(params![sink, reach, last], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let rows = rows.collect::<rusqlite::Result<Vec<(i64, i64)>>>()?;
            let mut taken = 0;
            for (id, event) in rows.into_iter().filter(|(_, event)| !busy.contains(event)).take(most) {
                owe(transaction, sink, event, 0, (now.as_ms(), false), "")?;
                transaction.prepare_cached("DELETE FROM replays WHERE id = ?1")?.execute([id])?;
                taken += 1;
            }
            Ok((taken, transaction.prepare_cached(wanted)?.exists(params![sink, 1])?))
        })
    }
}
