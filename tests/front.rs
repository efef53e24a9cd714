//! The receiver as a black box: raw bytes to a real process, its answers, and the events that it prints. Runs on the full
//! program and on the minimal one.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests say what went wrong by panicking"
)]

mod support;

/// The front under test, as arguments to `serve`; the minimal program has no other.
#[allow(dead_code, reason = "the minimal program takes no arguments")]
const FRONT: &[&str] = &["--front", "tiny_http"];

/// Whether it may answer without closing the connection.
const KEEPS_CONNECTIONS: bool = false;

/// Each file is about one thing that a request can be.
mod front {
    mod answers;
    mod connections;
    mod events;
    mod explained;
    mod form;
    mod framing;
    #[cfg(feature = "cli")]
    mod handover;
    #[cfg(feature = "cli")]
    mod handshakes;
    mod json;
    mod order;
    mod secrecy;
    mod signature_header;
    mod size;
    mod start;
    #[cfg(feature = "store")]
    mod store;
    mod tiny_http_cannot;
    #[cfg(feature = "cli")]
    mod uncovered;
    #[cfg(feature = "cli")]
    mod vectors;
}
