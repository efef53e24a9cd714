//! Whether a row is what was once written: SQLite keeps no checksums of its pages, so that a flipped bit shows only where it
//! makes something impossible.

use super::Event;
use crate::payload::Payload;
use rusqlite::Row;

/// The event in a row of [`super::reader::COLUMNS`].
///
/// # Errors
/// Says what cannot be.
pub(super) fn event(row: &Row<'_>) -> Result<Event, String> {
    let event = Event::from_row(row).map_err(|error| error.to_string())?;
    // Where the bytes are not of the kind that was written down, they are given as bytes.
    let is_json = matches!(event.payload(), Payload::Json(_));
    if is_json == (event.payload == "bytes") {
        return Err(format!("its body does not hold what it held: {}", event.payload));
    }
    // The verifier takes no other names of sources, methods and header fields.
    let is_name = |name: &str| !name.is_empty() && !name.chars().any(char::is_control);
    let names = [event.source.as_str(), &event.scheme, &event.method];
    if !names.into_iter().chain(event.headers.iter().map(|(name, _)| name.as_str())).all(is_name) {
        return Err("a name in it is none".into());
    }
    Ok(event)
}
