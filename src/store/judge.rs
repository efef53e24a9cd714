//! Whether a row is what was once written: that it fits its checksum, and, since rows of version 1 have none, that nothing in it is
//! impossible.

use super::Event;
use super::reader::SUMMED;
use super::sum::Sum;
use crate::payload::Payload;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{Error, Row};

/// Whether the first `count` values of a row fit its checksum, which comes after them. One without a checksum does.
pub(super) fn fits_its_sum(row: &Row<'_>, count: usize) -> rusqlite::Result<bool> {
    let sum = match row.get_ref(count)? {
        ValueRef::Null => return Ok(true),
        ValueRef::Integer(sum) => sum,
        _ => return Ok(false),
    };
    let values = (0..count).try_fold(Sum::new(), |sum, at| Ok::<_, Error>(sum.value(row.get_ref(at)?)))?;
    Ok(values.finish() == sum)
}

/// The error of a row that is not what was written: as SQLite's own where a value is of another type.
pub(super) fn spoilt(why: &str) -> Error {
    Error::FromSqlConversionFailure(SUMMED, Type::Integer, why.into())
}

/// Whether it is a value of the row at hand that is wrong, not the file.
pub(super) fn is_of_row(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::InvalidColumnType(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::Utf8Error(..)
    )
}

/// What is wrong, without where in a row that showed.
pub(super) fn why(error: &Error) -> String {
    match error {
        Error::FromSqlConversionFailure(_, _, why) => why.to_string(),
        error => error.to_string(),
    }
}

/// The event in a row of [`super::reader::Columns`].
///
/// # Errors
/// Says what cannot be.
pub(super) fn event(row: &Row<'_>) -> Result<Event, String> {
    if !fits_its_sum(row, SUMMED).map_err(|error| error.to_string())? {
        return Err("it is not what was written".into());
    }
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
