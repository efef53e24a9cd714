//! Events on disk: `events.db`, a file of SQLite in a folder of its own. docs/STORE.md says what is in it.
//!
//! The receiver is its only writer and holds the folder's [`Lock`]. Whoever else reads it takes a [`Reader`].

mod check;
mod connection;
mod error;
mod folder;
mod id;
mod judge;
mod kept;
mod lock;
mod look;
pub mod prune;
mod reader;
mod recover;
mod schema;
mod source;
mod walk;

pub use check::{Findings, check};
pub use error::StoreError;
pub use folder::prepare;
pub use id::{EventId, StoreId};
pub use lock::Lock;
pub use look::{Facts, Order};
pub use reader::{Event, Reader};
pub use recover::{Recovered, recover};
pub use schema::{APPLICATION_ID, VERSION};

/// The folder of the store unless told otherwise.
pub const FOLDER: &str = "./hookgate-data";
/// The file in it that holds the events.
pub const EVENTS_FILE: &str = "events.db";
/// The file in it that the receiver has locked, with its pid.
pub const LOCK_FILE: &str = "lock";

use std::path::Path;

/// Makes the store in `folder` where there is none, and brings an older one up to date. For whoever holds its lock.
///
/// # Errors
/// Where it cannot be made, is none, is of a newer version, or is damaged.
pub fn create(folder: &Path, _lock: &Lock) -> Result<rusqlite::Connection, StoreError> {
    connection::writer(folder)
}
