//! Reading the store, beside the receiver that writes it.

#[cfg(feature = "config")]
use super::Asks;
use super::{EventId, StoreError, StoreId, connection, judge, kept, path_of};
use crate::json;
use crate::payload::{self, Payload};
use crate::time::UnixTime;
use rusqlite::{Connection, Row, params};
use std::path::Path;
#[cfg(feature = "config")]
use std::sync::Arc;

/// Reads a store. Not promised: that a read transaction of it may last. One that does keeps the receiver's log from being used
/// anew (docs/STORE.md), so that whoever reads much reads it in steps, each by the ids after the last.
#[derive(Debug)]
pub struct Reader {
    connection: Connection,
    id: StoreId,
    columns: Columns,
    /// The receiver's, in whose process this is.
    #[cfg(feature = "config")]
    asks: Option<Arc<Asks>>,
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

/// The columns that [`Event::from_row`] reads, in its order, as the file has them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    /// Of an event.
    pub(super) event: &'static str,
    /// The checksum of a row of the other tables.
    pub(super) sum: &'static str,
    /// The replay keys in a row.
    pub(super) keys: &'static str,
}

/// How many columns of an event there are before its checksum, which is over them in this order.
pub(super) const SUMMED: usize = 14;

impl Columns {
    const NOW: Self = Columns {
        event: "id, received_at, source, scheme, secret, type, delivery_id, peer, method, target, headers, payload, body, \
             definition, sum",
        sum: "sum",
        keys: "keys",
    };

    /// Of version 1, which had no checksums, and one replay key in a row.
    const FIRST: Self = Columns {
        event: "id, received_at, source, scheme, secret, type, delivery_id, peer, method, target, headers, payload, body, \
             definition, NULL",
        sum: "NULL",
        keys: "key",
    };

    /// Those of the file that `connection` has open. A damaged one may say that it is of any version.
    pub(super) fn of(connection: &Connection) -> Self {
        let is_there = |query| connection.prepare(query).is_ok();
        if is_there("SELECT sum, body FROM events") { Self::NOW } else { Self::FIRST }
    }
}

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
        let columns = Columns::of(&connection);
        Ok(Reader {
            connection,
            id: StoreId::new(id),
            columns,
            #[cfg(feature = "config")]
            asks: None,
        })
    }

    /// The same in the process of the receiver whose asks these are: what is to be printed and has just come is had from memory.
    #[cfg(feature = "config")]
    #[must_use]
    pub fn beside(self, asks: Arc<Asks>) -> Self {
        asks.recent().want();
        Reader { asks: Some(asks), ..self }
    }

    /// The id of the store.
    #[must_use]
    pub fn id(&self) -> &StoreId {
        &self.id
    }

    pub(super) fn columns(&self) -> Columns {
        self.columns
    }

    /// The connection, for what only one command asks.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The events after that of number `after`, in order: as many as `most`, and no more once their bodies together have
    /// `most_bytes`. The read is over when this returns.
    ///
    /// # Errors
    /// Where reading fails, or the first of them is not what was written.
    pub fn events_after(&self, after: i64, most: usize, most_bytes: usize) -> Result<Vec<Event>, StoreError> {
        self.after(after, most, most_bytes, Event::from_row)
    }

    /// The same without what is not printed; of header fields those of bodies that are bytes: one of them says what it is.
    #[cfg(feature = "config")]
    pub(crate) fn events_to_print(&self, after: i64, most: usize, most_bytes: usize) -> Result<Vec<Event>, StoreError> {
        let recent = self.asks.as_ref().and_then(|asks| asks.recent().after(after, most, most_bytes));
        match recent {
            Some(events) => Ok(events),
            None => self.after(after, most, most_bytes, Event::to_print),
        }
    }

    fn after(
        &self,
        after: i64,
        most: usize,
        most_bytes: usize,
        read: impl Fn(&Row<'_>) -> rusqlite::Result<Event>,
    ) -> Result<Vec<Event>, StoreError> {
        let failed = |error| self.failed("reading events", &error);
        let query = format!("SELECT {} FROM events WHERE id > ?1 ORDER BY id LIMIT ?2", self.columns.event);
        let mut query = self.connection.prepare_cached(&query).map_err(failed)?;
        let mut rows = query.query(params![after, i64::try_from(most).unwrap_or(i64::MAX)]).map_err(failed)?;
        let (mut events, mut bytes) = (Vec::new(), 0);
        loop {
            let row = match rows.next() {
                Ok(Some(row)) => row,
                Ok(None) => break,
                // Those before the damage come first.
                Err(_) if !events.is_empty() => break,
                Err(error) => return Err(failed(error)),
            };
            let event = match read(row) {
                // Those before it come first.
                Err(error) if judge::is_of_row(&error) && !events.is_empty() => break,
                Err(error) if judge::is_of_row(&error) => {
                    return Err(StoreError::Spoilt { event: row.get(0).map_err(failed)? });
                }
                event => event.map_err(failed)?,
            };
            bytes += event.body.len();
            events.push(event);
            if bytes >= most_bytes {
                break;
            }
        }
        Ok(events)
    }
}

#[cfg(test)]
impl Event {
    /// An event of a test, of nothing but a number and a body of JSON.
    pub(crate) fn sample(number: i64, body: Vec<u8>) -> Self {
        Event {
            number,
            received_at: UnixTime::from_ms(0),
            source: "github".into(),
            scheme: "github".into(),
            secret_label: "main".into(),
            event_type: None,
            delivery_id: None,
            peer: None,
            method: "POST".into(),
            target: "/".into(),
            headers: Vec::new(),
            payload: "json".into(),
            body,
            definition: 1,
        }
    }
}

impl Event {
    /// The event in a row of [`Columns`]; an error where it is not what was written.
    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let event = Event {
            scheme: row.get(3)?,
            peer: row.get(7)?,
            method: row.get(8)?,
            target: row.get(9)?,
            headers: headers(row)?,
            definition: row.get(13)?,
            ..Event::to_print(row)?
        };
        Ok(event)
    }

    /// The same without what is not printed. Of header fields that is one which says what a body is that is bytes.
    fn to_print(row: &Row<'_>) -> rusqlite::Result<Self> {
        if !judge::fits_its_sum(row, SUMMED)? {
            return Err(judge::spoilt(&format!("event {} is not what was written", row.get::<_, i64>(0)?)));
        }
        let payload: String = row.get(11)?;
        Ok(Event {
            number: row.get(0)?,
            received_at: UnixTime::from_ms(row.get(1)?),
            source: row.get(2)?,
            scheme: String::new(),
            secret_label: row.get(4)?,
            event_type: row.get(5)?,
            delivery_id: row.get(6)?,
            peer: None,
            method: String::new(),
            target: String::new(),
            headers: if payload == "bytes" { headers(row)? } else { Vec::new() },
            payload,
            body: row.get(12)?,
            definition: 0,
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

fn headers(row: &Row<'_>) -> rusqlite::Result<Vec<(String, Vec<u8>)>> {
    kept::read_headers(row.get_ref(10)?.as_str()?)
        .ok_or_else(|| rusqlite::Error::InvalidColumnType(10, "headers".into(), rusqlite::types::Type::Text))
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
