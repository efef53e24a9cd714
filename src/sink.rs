//! Where events go.

#[cfg(feature = "store")]
mod attempt;
#[cfg(feature = "cli")]
pub mod command;
pub(crate) mod event;
#[cfg(feature = "cli")]
pub mod file;
#[cfg(feature = "cli")]
pub mod forward;
mod stdout;
mod whole;

#[cfg(feature = "store")]
pub use attempt::{Attempt, Each, OUTPUT_LIMIT_BYTES, Outcome, Stopping, Stream};
pub use event::EventIds;
#[cfg(feature = "store")]
pub use stdout::Printed;
pub use stdout::{Lines, Style};
