//! Events on disk: `events.db`, a file of SQLite in a folder of its own. docs/STORE.md says what is in it.
//!
//! The receiver is its only writer and holds the folder's [`Lock`]. Whoever else reads it takes a [`Reader`].

mod check;
mod checkpoint;
mod clock;
mod connection;
mod error;
mod folder;
mod id;
mod judge;
mod kept;
mod lock;
mod log;
mod look;
pub mod prune;
mod reader;
mod recent;
mod recover;
mod replay;
mod retention;
mod rows;
mod schema;
mod settings;
mod source;
mod sum;
mod told;
mod walk;
mod writer;

pub use check::{Findings, check};
#[cfg(feature = "config")]
pub(crate) use connection::guard;
pub use error::StoreError;
#[cfg(feature = "config")]
pub(crate) use error::{is_damage, is_of_disk};
pub use folder::prepare;
pub use id::{EventId, StoreId};
pub use lock::Lock;
pub use look::{Facts, Order};
pub use reader::{Event, Reader};
pub use recover::{Recovered, recover};
pub use replay::MOST_KEYS;
pub use retention::{Asks, delete_before};
pub use schema::{APPLICATION_ID, VERSION};
pub use settings::Settings;
pub use told::Notice;
pub use writer::Store;

use std::path::{Path, PathBuf};

/// The folder of the store unless told otherwise.
pub const FOLDER: &str = "./hookgate-data";
/// The file in it that holds the events.
pub const EVENTS_FILE: &str = "events.db";
/// The file in it that the receiver has locked, with its pid.
pub const LOCK_FILE: &str = "lock";
/// The file in it by which a running receiver is asked to delete events.
pub const PRUNE_FILE: &str = "prune";

/// A connection that may write to the store in `folder`, which is made where there is none and brought up to date where it is
/// older. For whoever holds its lock, and does something to it that no receiver does.
///
/// # Errors
/// Where it cannot be made, is none, is of a newer version, or is damaged.
pub fn writable(folder: &Path, _lock: &Lock) -> Result<rusqlite::Connection, StoreError> {
    log::secure(folder)?;
    connection::writer(folder)
}

/// The file of the store in `folder` that holds its events.
fn path_of(folder: &Path) -> PathBuf {
    folder.join(EVENTS_FILE)
}
