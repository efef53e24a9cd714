//! The same where TLS is spoken: handshakes that stall, handshakes without end, and connections that hold TLS's state, while
//! others are served over TLS and without.
//!
//! They look at the process by what Linux tells of it in `/proc`.
#![cfg(all(feature = "cli", feature = "tls", target_os = "linux"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests say what went wrong by panicking"
)]

mod support;

/// The front under test, as arguments to `serve`.
const FRONT: &[&str] = &["--front", "evented", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/// Whether it may answer without closing the connection.
const KEEPS_CONNECTIONS: bool = true;

/// What the tests are made of is the same, and each uses its own part of it.
mod slow_clients {
    #[allow(dead_code)]
    mod plan;
    #[allow(dead_code)]
    mod probe;
    #[allow(dead_code)]
    mod process;
    #[allow(dead_code)]
    mod siege;
    #[allow(dead_code)]
    mod swarm;

    mod handshakes;
}
