//! What was answered with a 2xx is on the disk, once: proven by killing the receiver at any moment, and by cutting the power.
//! `make crash` does this for as many rounds as it is told to; here are a few.
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
mod crash {
    mod disk;
    mod fake;
    mod recording;
    mod rounds;
    mod strace;
    mod target;

    mod disk_tests;
    mod kill;
    mod lies;
    mod power;
}
