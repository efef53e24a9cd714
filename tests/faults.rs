//! What goes wrong around the store: a full disk, a folder that is taken away, a damaged file, a clock that jumps, a second
//! receiver. Whatever it is: nothing is acknowledged that is not there, nobody panics, and it is told what to do.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests say what went wrong by panicking"
)]

mod support;

/// `serve` with the front that it has unless told otherwise.
const FRONT: &[&str] = &[];

/// Whether that may answer without closing the connection.
const KEEPS_CONNECTIONS: bool = true;

/// First what the tests are made of, then the tests.
mod faults {
    mod store;

    mod clock;
    mod damage;
    mod folder;
    mod full;
    mod lock;
    mod readers;
}
