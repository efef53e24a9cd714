//! Reading the store, beside the receiver that writes it.

use super::{EventId, StoreError, StoreId, connection, kept, path_of};
use crate::json;
use crate::payload::{self, Payload};
use crate::time::UnixTime;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::path::Path;

/// Reads a store. Not promised: that a read transaction of it may last. One that does keeps the receiver's log from being used
/// anew (docs/STORE.md), so that whoever reads much reads it in steps, each by the ids after the last.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    id: StoreId,
}

/// An event as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// Its number in the store.
    pub number: i64,
    /// When it was received, by the receiver's clock.
    pub received_at: UnixTime,
    /// The name of its source.
    pub source: String,
    /// The name of the scheme that it was verified by.
    pub scheme: String,
    /// The label of the secret that matched.
    pub secret_label: String,
    /// Its type.
    pub event_type: Option<String>,
    /// The sender's id of the delivery.
    pub delivery_id: Option<String>,
    /// The address that it came from; nothing where it came over a Unix socket.
    pub peer: Option<String>,
    /// The request's method.
    pub method: String,
    /// The request's target, without what is not kept.
    pub target: String,
    /// The header fields in order, without those that are not kept.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What the body holds: `json`, `field:NAME`, or `bytes`.
    pub payload: String,
    /// The raw body.
    pub body: Vec<u8>,
    /// The number of the definition of its scheme, as [`Reader::definition_of`] takes it.
    pub definition: i64,
}

/// The columns that [`Event::from_row`] reads, in its order.
pub(crate) const COLUMNS: &str = "id, received_at, source, scheme, secret, type, delivery_id, peer, method, target, headers, payload, body, definition";

impl Reader {
    /// A reader of the store in `folder`.
    ///
    /// # Errors
    /// Where there is none, or it cannot be read.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let connection = connection::reader(folder)?;
        let id: String = connection
            .query_row("SELECT id FROM store", [], |row| row.get(0))
            .map_err(|error| StoreError::opening(&path_of(folder), &error))?;
        Ok(Reader { connection, id: StoreId::new(id) })
    }

    /// The id of the store.
    #[must_use]
    pub fn id(&self) -> &StoreId {
        &self.id
    }

    /// The connection, for what only one command asks.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The event of this number, if it is there.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn event(&self, number: i64) -> Result<Option<Event>, StoreError> {
        let query = format!("SELECT {COLUMNS} FROM events WHERE id = ?1");
        let found = self.connection.query_row(&query, [number], Event::from_row).optional();
        found.map_err(|error| StoreError::failed("reading an event", &error))
    }

    /// The events after that of number `after`, in order: as many as `most`, and no more once their bodies together have
    /// `most_bytes`. The read is over when this returns.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn events_after(&self, after: i64, most: usize, most_bytes: usize) -> Result<Vec<Event>, StoreError> {
        self.after(&format!("SELECT {COLUMNS} FROM events WHERE id > ?1 ORDER BY id LIMIT ?2"), after, most, most_bytes)
    }

    /// The same without their header fields, for who shows none: that takes half the time. But of what is bytes they are there:
    /// one of them says what it is.
    pub(crate) fn events_to_print(&self, after: i64, most: usize, most_bytes: usize) -> Result<Vec<Event>, StoreError> {
        let query = "SELECT id, received_at, source, '', secret, type, delivery_id, NULL, '', '', \
             CASE payload WHEN 'bytes' THEN headers ELSE '[]' END, payload, body, 0 \
             FROM events WHERE id > ?1 ORDER BY id LIMIT ?2";
        self.after(query, after, most, most_bytes)
    }

    fn after(&self, query: &str, after: i64, most: usize, most_bytes: usize) -> Result<Vec<Event>, StoreError> {
        let failed = |error| StoreError::failed("reading events", &error);
        let mut query = self.connection.prepare_cached(query).map_err(failed)?;
        let mut rows = query.query(params![after, i64::try_from(most).unwrap_or(i64::MAX)]).map_err(failed)?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        while let Some(row) = rows.next().map_err(failed)? {
            let event = Event::from_row(row).map_err(failed)?;
            bytes += event.body.len();
            events.push(event);
            if bytes >= most_bytes {
                break;
            }
        }
        Ok(events)
    }

    /// The scheme that an event was verified by, as it was then, in TOML.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn definition(&self, number: i64) -> Result<Option<String>, StoreError> {
        let query =
            "SELECT schemes.definition FROM events JOIN schemes ON schemes.id = events.definition WHERE events.id = ?1";
        let found = self.connection.query_row(query, [number], |row| row.get(0)).optional();
        found.map_err(|error| StoreError::failed("reading a scheme", &error))
    }
}

impl Event {
    /// The event in a row of [`COLUMNS`].
    pub(crate) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let headers: String = row.get(10)?;
        Ok(Event {
            number: row.get(0)?,
            received_at: UnixTime::from_ms(row.get(1)?),
            source: row.get(2)?,
            scheme: row.get(3)?,
            secret_label: row.get(4)?,
            event_type: row.get(5)?,
            delivery_id: row.get(6)?,
            peer: row.get(7)?,
            method: row.get(8)?,
            target: row.get(9)?,
            headers: kept::read_headers(&headers)
                .ok_or_else(|| rusqlite::Error::InvalidColumnType(10, "headers".into(), rusqlite::types::Type::Text))?,
            payload: row.get(11)?,
            body: row.get(12)?,
            definition: row.get(13)?,
        })
    }

    /// What its body holds. What is not of the kind that was written down, as in a damaged file, is bytes.
    #[must_use]
    pub fn payload(&self) -> Payload<'_> {
        let json = match self.payload.strip_prefix("field:") {
            Some(field) => payload::form_field(&self.body, field)
                .and_then(|value| json::read(&value).ok().map(json::Text::into_owned)),
            None if self.payload == "json" => json::read(&self.body).ok(),
            None => None,
        };
        json.map_or(Payload::Opaque(&self.body), Payload::Json)
    }

    /// The value of its first header field called `name`, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let found = self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_slice())
    }

    /// Its id, in the store called `store`.
    #[must_use]
    pub fn id(&self, store: &StoreId) -> EventId {
        store.event(self.number)
    }
}

/// A body is somebody's business: `Debug` shows its length.
impl std::fmt::Debug for Event {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Event")
            .field("number", &self.number)
            .field("source", &self.source)
            .field("event_type", &self.event_type)
            .field("delivery_id", &self.delivery_id)
            .field("received_at", &self.received_at)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish_non_exhaustive()
    }
}
