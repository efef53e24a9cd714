//! Where events go.

pub(crate) mod event;
mod stdout;

pub use event::EventIds;
pub use stdout::{Lines, Style};
