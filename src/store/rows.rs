//! The rows of the store, as its writer reads and writes them.

use super::replay::{self, KEY_BYTES, KEYS_IN_A_ROW, Key, Seen};
use super::sum::Sum;
use super::{Event, kept};
use crate::payload::{self, Payload};
use crate::receive::Delivery;
use crate::verify::Scheme;
use rusqlite::{Connection, OptionalExtension, params};
use std::borrow::Cow;

const INSERT_EVENT: &str = "INSERT INTO events (id, received_at, source, scheme, definition, secret, type, delivery_id, peer, \
     method, target, headers, payload, body, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
const INSERT_KEYS: &str = "INSERT INTO replay_keys (event, at, keys, sum) VALUES (?1, ?2, ?3, ?4)";

/// The replay key of an event in the turn that is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Keyed {
    pub(super) event: i64,
    /// When it came, by the store's clock.
    pub(super) at: i64,
    pub(super) key: Key,
}

/// The number after that of the last event in the file.
pub(super) fn next_number(connection: &Connection) -> rusqlite::Result<i64> {
    let last: Option<i64> = connection.query_row("SELECT max(id) FROM events", [], |row| row.get(0))?;
    Ok(last.unwrap_or(0).saturating_add(1))
}

/// What there was of replay keys.
pub(super) struct Loaded {
    /// The latest moment of them.
    pub(super) newest: Option<i64>,
    /// Those up to the row of this event were too many.
    pub(super) left_out: i64,
    /// So many more of the oldest were too.
    pub(super) over: usize,
}

/// Reads the newest replay keys into `seen`.
pub(super) fn load(connection: &Connection, most: usize, seen: &mut Seen) -> rusqlite::Result<Loaded> {
    let mut lengths = connection.prepare("SELECT event, length(keys) FROM replay_keys ORDER BY event DESC")?;
    let mut rows = lengths.query([])?;
    let (mut left_out, mut count) = (0, 0);
    while let Some(row) = rows.next()? {
        if count >= most {
            left_out = row.get(0)?;
            break;
        }
        count += replay::keys_in(row.get(1)?);
    }
    let mut keys = connection.prepare("SELECT keys, at FROM replay_keys WHERE event > ?1 ORDER BY event")?;
    let mut rows = keys.query([left_out])?;
    let mut newest = None;
    while let Some(row) = rows.next()? {
        let (keys, at) = (row.get_ref(0)?.as_blob()?, row.get(1)?);
        // Others than whole keys are nowhere but in a damaged file, of which `store check` tells.
        for key in keys.as_chunks::<KEY_BYTES>().0 {
            seen.stage(*key, at);
        }
        newest = newest.max(Some(at));
    }
    Ok(Loaded { newest, left_out, over: seen.settle() })
}

/// The row of `scheme` in the table of schemes; made where it is not there.
pub(super) fn definition(
    connection: &Connection,
    last: &mut Option<(Scheme, i64)>,
    scheme: &Scheme,
) -> rusqlite::Result<i64> {
    if let Some((_, row)) = last.as_ref().filter(|(known, _)| known == scheme) {
        return Ok(*row);
    }
    let text = scheme.to_toml();
    let known = "SELECT id FROM schemes WHERE definition = ?1";
    let row = match connection.query_row(known, [&text], |row| row.get(0)).optional()? {
        Some(row) => row,
        None => {
            let row = connection.query_row("SELECT coalesce(max(id), 0) + 1 FROM schemes", [], |row| row.get(0))?;
            let sum = Sum::new().integer(row).text(&text).finish();
            let insertion = "INSERT INTO schemes (id, definition, sum) VALUES (?1, ?2, ?3)";
            connection.execute(insertion, params![row, text, sum])?;
            row
        }
    };
    *last = Some((scheme.clone(), row));
    Ok(row)
}

/// Appends `delivery` as the event of this number. Gives what is to be printed of it, if that is wanted.
pub(super) fn insert(
    connection: &Connection,
    delivery: &Delivery<'_>,
    number: i64,
    definition: i64,
    (headers, target): &mut (Vec<u8>, String),
    is_wanted: bool,
) -> rusqlite::Result<Option<Event>> {
    let verified = delivery.verified();
    let (scheme, request) = (verified.scheme(), verified.request());
    headers.clear();
    target.clear();
    kept::write_headers(scheme, request.head.headers, headers);
    kept::write_target(scheme, &request.head, target);
    let payload = match (delivery.payload(), payload::field(&scheme.payload, &request.head, request.body)) {
        (Payload::Opaque(_), _) => Cow::Borrowed("bytes"),
        (Payload::Json(_), Some(field)) => Cow::Owned(format!("field:{field}")),
        (Payload::Json(_), None) => Cow::Borrowed("json"),
    };
    let peer = delivery.peer().map(|peer| peer.to_string());
    let headers = std::str::from_utf8(headers).unwrap_or("[]");
    let (event_type, delivery_id) = (delivery.event_type(), delivery.delivery_id());
    let (event_type, delivery_id) = (event_type.as_deref(), delivery_id.as_deref());
    let body = kept::body(scheme, delivery.payload(), request.body);
    // In the order of `reader::Columns`.
    let sum = Sum::new()
        .integer(number)
        .integer(delivery.received_at().as_ms())
        .text(delivery.source())
        .text(&scheme.name)
        .text(verified.secret_label())
        .optional_text(event_type)
        .optional_text(delivery_id)
        .optional_text(peer.as_deref())
        .text(request.head.method)
        .text(target)
        .text(headers)
        .text(&payload)
        .blob(&body)
        .integer(definition)
        .finish();
    connection.prepare_cached(INSERT_EVENT)?.execute(params![
        number,
        delivery.received_at().as_ms(),
        delivery.source(),
        scheme.name,
        definition,
        verified.secret_label(),
        event_type,
        delivery_id,
        peer,
        request.head.method,
        target.as_str(),
        headers,
        payload.as_ref(),
        body.as_ref(),
        sum,
    ])?;
    if !is_wanted {
        return Ok(None);
    }
    let headers = if payload == "bytes" { kept::read_headers(headers).unwrap_or_default() } else { Vec::new() };
    Ok(Some(Event {
        number,
        received_at: delivery.received_at(),
        source: delivery.source().into(),
        scheme: String::new(),
        secret_label: verified.secret_label().into(),
        event_type: event_type.map(str::to_string),
        delivery_id: delivery_id.map(str::to_string),
        peer: None,
        method: String::new(),
        target: String::new(),
        headers,
        payload: payload.into_owned(),
        body: body.into_owned(),
        definition: 0,
    }))
}

/// Appends the replay keys of a turn.
pub(super) fn insert_keys(connection: &Connection, keys: &[Keyed]) -> rusqlite::Result<()> {
    let mut bytes = Vec::new();
    for keys in keys.chunks(KEYS_IN_A_ROW) {
        let Some(Keyed { event, at, .. }) = keys.last() else { continue };
        bytes.clear();
        keys.iter().for_each(|keyed| bytes.extend_from_slice(&keyed.key));
        let sum = Sum::new().integer(*event).integer(*at).blob(&bytes).finish();
        connection.prepare_cached(INSERT_KEYS)?.execute(params![event, at, bytes, sum])?;
    }
    Ok(())
}
