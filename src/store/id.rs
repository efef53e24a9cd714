//! The one id that an event has everywhere.

use super::StoreError;
use crate::digits::write_number;
use std::fmt;

/// Which store an event is of: twelve hex digits, made at random with the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreId(String);

/// An event's id as it is written: `evt_3f9a0c7be215_0000000042`, which is `evt_`, its store, and its number there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventId {
    store: StoreId,
    number: i64,
}

/// Decimal digits of an event's number, at least: ids sort as text until there are more.
const DIGITS: usize = 10;

impl StoreId {
    pub(crate) fn new(text: String) -> Self {
        StoreId(text)
    }

    /// The id of the event that is the `number`th of this store.
    #[must_use]
    pub fn event(&self, number: i64) -> EventId {
        EventId { store: self.clone(), number }
    }

    /// Appends the id of that event to `out`: it is in each line of a log, and `format!` takes several times as long.
    pub(super) fn write_event(&self, number: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"evt_");
        out.extend_from_slice(self.0.as_bytes());
        out.push(b'_');
        write_number(number, DIGITS, out);
    }

    /// The number of the event that `text` names: its whole id, or the number alone.
    ///
    /// # Errors
    /// Where it is no id, or one of another store.
    pub fn number(&self, text: &str) -> Result<i64, StoreError> {
        let invalid = || StoreError::InvalidId { text: text.into() };
        let digits = match text.strip_prefix("evt_") {
            Some(rest) => {
                let (store, digits) = rest.split_once('_').ok_or_else(invalid)?;
                if store != self.0 {
                    return Err(StoreError::OfAnotherStore { text: text.into(), store: self.0.clone() });
                }
                digits
            }
            None => text,
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number: i64 = if is_number { digits.parse().map_err(|_| invalid())? } else { return Err(invalid()) };
        if number > 0 { Ok(number) } else { Err(invalid()) }
    }
}

impl EventId {
    /// Its number in its store: `events.id`.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number
    }
}

impl fmt::Display for StoreId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "evt_{}_{:0DIGITS$}", self.store, self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> StoreId {
        StoreId::new("3f9a0c7be215".into())
    }

    #[test]
    fn an_id_is_read_as_it_is_written_and_by_its_number() {
        assert_eq!(store().event(42).to_string(), "evt_3f9a0c7be215_0000000042");
        for number in [1, 42, 12_345_678_901] {
            let mut written = Vec::new();
            store().write_event(number, &mut written);
            assert_eq!(written, store().event(number.try_into().unwrap()).to_string().as_bytes());
        }
        assert_eq!(store().event(12_345_678_901).to_string(), "evt_3f9a0c7be215_12345678901");
        for text in ["evt_3f9a0c7be215_0000000042", "evt_3f9a0c7be215_42", "42", "0000000042"] {
            assert_eq!(store().number(text), Ok(42), "{text}");
        }
    }

    #[test]
    fn what_is_no_id_of_this_store_is_refused() {
        for text in [
            "",
            "0",
            "-1",
            "+1",
            "evt_",
            "evt_3f9a0c7be215",
            "evt_3f9a0c7be215_",
            "evt_3f9a0c7be215_x",
            "1 ",
            "99999999999999999999",
        ] {
            assert_eq!(store().number(text), Err(StoreError::InvalidId { text: text.into() }), "{text}");
        }
        let text = "evt_000000000000_0000000042".to_string();
        assert_eq!(store().number(&text), Err(StoreError::OfAnotherStore { text, store: "3f9a0c7be215".into() }));
    }
}
