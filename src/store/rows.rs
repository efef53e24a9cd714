//! The rows of the store, as its writer reads and writes them.

use super::kept;
use super::replay::{Key, Seen};
use crate::payload::{self, Payload};
use crate::receive::Delivery;
use crate::verify::{PayloadRule, Scheme};
use rusqlite::{Connection, params};

const INSERT_EVENT: &str = "INSERT INTO events (id, received_at, source, scheme, definition, secret, type, delivery_id, peer, \
     method, target, headers, payload, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
const INSERT_KEY: &str = "INSERT INTO replay_keys (event, at, key) VALUES (?1, ?2, ?3)";

/// The number after that of the last event in the file.
pub(super) fn next_number(connection: &Connection) -> rusqlite::Result<i64> {
    let last: Option<i64> = connection.query_row("SELECT max(id) FROM events", [], |row| row.get(0))?;
    Ok(last.unwrap_or(0).saturating_add(1))
}

/// What there was of replay keys.
pub(super) struct Loaded {
    /// The latest moment of them.
    pub(super) newest: Option<i64>,
    /// Those up to the one of this event were too many.
    pub(super) left_out: i64,
}

/// Reads the newest replay keys into `seen`.
pub(super) fn load(connection: &Connection, most: usize, seen: &mut Seen) -> rusqlite::Result<Loaded> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut first = connection.prepare("SELECT event FROM replay_keys ORDER BY event DESC LIMIT 1 OFFSET ?1")?;
    let before: i64 = first.query_map([most], |row| row.get(0))?.next().transpose()?.unwrap_or(0);
    let mut keys = connection.prepare("SELECT key, at FROM replay_keys WHERE event > ?1 ORDER BY event")?;
    let mut rows = keys.query([before])?;
    let mut newest = None;
    while let Some(row) = rows.next()? {
        let (key, at): (Key, i64) = (row.get(0)?, row.get(1)?);
        seen.stage(key, at);
        newest = newest.max(Some(at));
    }
    seen.settle();
    Ok(Loaded { newest, left_out: before })
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
    connection.execute("INSERT OR IGNORE INTO schemes (definition) VALUES (?1)", [&text])?;
    let row = connection.query_row("SELECT id FROM schemes WHERE definition = ?1", [&text], |row| row.get(0))?;
    *last = Some((scheme.clone(), row));
    Ok(row)
}

pub(super) fn insert(
    connection: &Connection,
    delivery: &Delivery<'_>,
    number: i64,
    definition: i64,
    (headers, target): &mut (Vec<u8>, String),
) -> rusqlite::Result<()> {
    let verified = delivery.verified();
    let (scheme, request) = (verified.scheme(), verified.request());
    headers.clear();
    target.clear();
    kept::write_headers(scheme, request.head.headers, headers);
    kept::write_target(scheme, &request.head, target);
    let payload = match (delivery.payload(), &scheme.payload) {
        (Payload::Opaque(_), _) => "bytes".to_string(),
        (Payload::Json(_), PayloadRule::JsonOrFormField(field)) if payload::is_form(&request.head) => {
            format!("field:{field}")
        }
        (Payload::Json(_), _) => "json".to_string(),
    };
    let peer = delivery.peer().map(|peer| peer.to_string());
    let headers = std::str::from_utf8(headers).unwrap_or("[]");
    connection.prepare_cached(INSERT_EVENT)?.execute(params![
        number,
        delivery.received_at().as_ms(),
        delivery.source(),
        scheme.name,
        definition,
        verified.secret_label(),
        delivery.event_type().as_deref(),
        delivery.delivery_id().as_deref(),
        peer,
        request.head.method,
        target.as_str(),
        headers,
        payload,
        kept::body(scheme, delivery.payload(), request.body).as_ref(),
    ])?;
    Ok(())
}

/// Appends the replay key of the event of this number.
pub(super) fn insert_key(connection: &Connection, number: i64, at: i64, key: &Key) -> rusqlite::Result<()> {
    connection.prepare_cached(INSERT_KEY)?.execute(params![number, at, key]).map(drop)
}
