//! Where events go.

#[cfg(feature = "store")]
mod attempt;
pub(crate) mod event;
mod stdout;

#[cfg(feature = "store")]
pub use attempt::{Attempt, Each, OUTPUT_LIMIT_BYTES, Outcome, Stopping, Stream};
pub use event::EventIds;
pub use stdout::{Lines, Style};
