//! The same black-box suite on the evented front.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests say what went wrong by panicking"
)]

mod support;

/// The front under test, as arguments to `serve`.
const FRONT: &[&str] = &["--front", "evented"];

/// Whether it may answer without closing the connection.
const KEEPS_CONNECTIONS: bool = true;

/// Each file is about one thing that a request can be.
mod front {
    mod answers;
    mod connections;
    mod events;
    mod explained;
    mod form;
    mod framing;
    mod handover;
    mod handshakes;
    mod json;
    mod order;
    mod secrecy;
    mod signature_header;
    mod size;
    mod start;
    #[cfg(feature = "store")]
    mod store;
    mod uncovered;
    mod vectors;
}
