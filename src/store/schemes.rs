//! The schemes that events were verified by.

use super::{Event, Reader, StoreError};
use crate::verify::Scheme;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The schemes that events were verified by, as far as they were asked for.
#[derive(Debug, Default)]
pub struct Schemes(BTreeMap<i64, Option<Scheme>>);

impl Schemes {
    /// The scheme of `event`, which `reader` read; nothing where it is of a kind that this program does not know.
    ///
    /// # Errors
    /// Where reading fails.
    pub fn scheme(&mut self, reader: &Reader, event: &Event) -> Result<Option<&Scheme>, StoreError> {
        let known = match self.0.entry(event.definition) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let text = reader.definition_of(event.definition)?;
                place.insert(text.and_then(|text| Scheme::from_toml(&text).ok()))
            }
        };
        Ok(known.as_ref())
    }
}
