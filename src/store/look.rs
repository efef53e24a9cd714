//! Looking through a store in short reads, each of which lets go of the receiver's log when it returns.

use super::error::is_damage;
use super::{Event, Reader, StoreError, judge};
use crate::time::UnixTime;
use rusqlite::{OptionalExtension, Row};
use std::ops::ControlFlow;
use std::path::Path;

/// What can be said of an event without its headers and its body being read.
#[derive(Debug)]
pub struct Facts<'r> {
    /// Its number in the store.
    pub number: i64,
    /// When it was received, by the receiver's clock.
    pub received_at: UnixTime,
    /// The name of its source.
    pub source: &'r str,
    /// Its type.
    pub event_type: Option<&'r str>,
    /// The sender's id of the delivery.
    pub delivery_id: Option<&'r str>,
    /// Length of its body, in bytes.
    pub body_bytes: u64,
    /// Whether all of this could be read. What could not, since the event is not what was written, is U+FFFD, or 0.
    pub is_readable: bool,
}

/// Which way to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// To higher numbers.
    Ascending,
    /// To lower numbers.
    Descending,
}

/// What stands for a text that cannot be read.
const UNREADABLE: &str = "\u{fffd}";

/// Events looked at in one read: some milliseconds.
const PAGE: u32 = 2000;

impl Reader {
    /// Shows the events beyond number `from` to `visit`, in `order`, until it breaks, or so many were looked at that the read
    /// gets long. Gives the number of the last one looked at; nothing where there was none.
    ///
    /// # Errors
    /// Where reading fails, or what is read is damaged. What was shown before that is right.
    pub fn look(
        &self,
        order: Order,
        from: i64,
        mut visit: impl FnMut(&Facts<'_>) -> ControlFlow<()>,
    ) -> Result<Option<i64>, StoreError> {
        let query = match order {
            Order::Ascending => concat!(
                "SELECT id, received_at, source, type, delivery_id, length(body) FROM events ",
                "WHERE id > ?1 ORDER BY id LIMIT ?2"
            ),
            Order::Descending => concat!(
                "SELECT id, received_at, source, type, delivery_id, length(body) FROM events ",
                "WHERE id < ?1 ORDER BY id DESC LIMIT ?2"
            ),
        };
        let failed = |error| self.failed("reading events", &error);
        let mut statement = self.connection().prepare_cached(query).map_err(failed)?;
        let mut rows = statement.query((from, PAGE)).map_err(failed)?;
        let mut last = None;
        while let Some(row) = rows.next().map_err(failed)? {
            let number: i64 = row.get(0).map_err(failed)?;
            // Of a damaged page numbers may come in any order; whoever goes on after the last would never come to an end.
            let is_in_order = match order {
                Order::Ascending => number > last.unwrap_or(from),
                Order::Descending => number < last.unwrap_or(from),
            };
            if !is_in_order {
                return Err(self.damaged(format!("event {number} is out of order")));
            }
            let facts = Facts::from_row(number, row).map_err(failed)?;
            last = Some(number);
            if visit(&facts).is_break() {
                break;
            }
        }
        Ok(last)
    }

    /// Shows the event of this number to `visit`; whether it is there.
    ///
    /// # Errors
    /// Where reading fails, or what is read is damaged.
    pub fn look_at(&self, number: i64, mut visit: impl FnMut(&Facts<'_>)) -> Result<bool, StoreError> {
        let mut is_there = false;
        self.look(Order::Ascending, number.saturating_sub(1), |facts| {
            is_there = facts.number == number;
            if is_there {
                visit(facts);
            }
            ControlFlow::Break(())
        })?;
        Ok(is_there)
    }

    /// The event of this number, if it is there.
    ///
    /// # Errors
    /// Where reading fails, or what is read is damaged.
    pub fn whole(&self, number: i64) -> Result<Option<Event>, StoreError> {
        let failed = |error| self.failed("reading an event", &error);
        let query = format!("SELECT {} FROM events WHERE id = ?1", self.columns().event);
        let mut statement = self.connection().prepare_cached(&query).map_err(failed)?;
        match statement.query_row([number], Event::from_row).optional() {
            Err(error) if judge::is_of_row(&error) => Err(StoreError::Spoilt { event: number }),
            event => event.map_err(failed),
        }
    }

    /// The scheme of this number, in TOML.
    ///
    /// # Errors
    /// Where reading fails, or what is read is damaged.
    pub fn definition_of(&self, scheme: i64) -> Result<Option<String>, StoreError> {
        let query = format!("SELECT id, definition, {} FROM schemes WHERE id = ?1", self.columns().sum);
        let read = |row: &Row<'_>| match judge::fits_its_sum(row, 2)? {
            true => row.get(1),
            false => Err(judge::spoilt(&format!("scheme {scheme} is not what was written"))),
        };
        let found = self.connection().query_row(&query, [scheme], read).optional();
        found.map_err(|error| self.failed("reading a scheme", &error))
    }

    /// The lowest and the highest number of an event that is there.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn ends(&self) -> Result<Option<(i64, i64)>, StoreError> {
        let end = |order: &str| {
            let query = format!("SELECT id FROM events ORDER BY id {order} LIMIT 1");
            self.connection().query_row(&query, [], |row| row.get::<_, i64>(0)).optional()
        };
        let failed = |error| self.failed("reading events", &error);
        Ok(end("ASC").map_err(failed)?.zip(end("DESC").map_err(failed)?))
    }

    /// A number that is another one once somebody else wrote to the store. It costs no look at the disk.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn edition(&self) -> Result<i64, StoreError> {
        let number = self.connection().pragma_query_value(None, "data_version", |row| row.get(0));
        number.map_err(|error| self.failed("looking for events", &error))
    }

    /// `error`, which came while `doing` something.
    pub(super) fn failed(&self, doing: &'static str, error: &rusqlite::Error) -> StoreError {
        if is_damage(error) { self.damaged(judge::why(error)) } else { StoreError::failed(doing, error) }
    }

    fn damaged(&self, why: String) -> StoreError {
        let path = self.connection().path().unwrap_or_default();
        StoreError::Damaged { path: Path::new(path).into(), why }
    }
}

impl<'r> Facts<'r> {
    fn from_row(number: i64, row: &'r Row<'_>) -> rusqlite::Result<Self> {
        let mut is_readable = true;
        let mut text = |column| {
            let text = row.get_ref(column)?.as_str_or_null();
            is_readable &= text.is_ok();
            Ok::<_, rusqlite::Error>(text.unwrap_or(Some(UNREADABLE)))
        };
        let (source, event_type, delivery_id) = (text(2)?, text(3)?, text(4)?);
        let integer = |column| row.get_ref(column)?.as_i64().map_err(rusqlite::Error::from);
        let (received_at, body_bytes) = (integer(1), integer(5));
        Ok(Facts {
            number,
            is_readable: is_readable && source.is_some() && received_at.is_ok() && body_bytes.is_ok(),
            received_at: UnixTime::from_ms(received_at.unwrap_or(0)),
            source: source.unwrap_or(UNREADABLE),
            event_type,
            delivery_id,
            body_bytes: body_bytes.unwrap_or(0).unsigned_abs(),
        })
    }
}
