//! Clients that are slow, hostile, or both, against a receiver on the evented front, while others want to be served. What a
//! stranger can take is bounded: these tests take all of it, and look at what is left for the others.
//!
//! They look at the process by what Linux tells of it in `/proc`.
#![cfg(all(feature = "cli", target_os = "linux"))]
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

/// First what the tests are made of, then the tests.
mod slow_clients {
    mod plan;
    mod probe;
    mod process;
    mod siege;
    mod swarm;

    mod attacks;
    mod deadlines;
    mod descriptors;
    mod shedding;
    mod ten_thousand;
}
