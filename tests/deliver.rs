//! What becomes of events at sinks, with the real binary: sinks that are slow, fail, hang and die half way; receivers that are
//! killed; and nothing lost.
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
mod deliver {
    mod place;

    mod apart;
    mod commands;
    mod damage;
    mod dead;
    mod forward;
    mod kill;
    mod prune;
    mod reload;
    mod replay;
    mod secrecy;
    mod stop;
}
