//! The raw-socket suite over TLS. Byte by byte, each byte is a record of its own.
#![cfg(all(feature = "cli", feature = "tls"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests say what went wrong by panicking"
)]

mod support;
#[path = "raw/table.rs"]
mod table;

#[allow(dead_code, reason = "tiny_http has faults of its own")]
mod raw {
    pub(crate) mod exchange;
    pub(crate) mod run;
    pub(crate) mod verdict;
}

use raw::run::evented;
use support::signer;
use table::Case;

/// The front is an argument of each receiver here.
const FRONT: &[&str] = &["--tls-cert", "cert.pem", "--tls-key", "key.pem"];
const KEEPS_CONNECTIONS: bool = true;

#[test]
fn the_evented_front_passes_all_over_tls() {
    evented(&table::all(), false);
}

#[test]
fn the_evented_front_passes_all_over_tls_byte_by_byte() {
    let few: Vec<Case> = table::all().into_iter().filter(|case| case.splits && case.bytes().len() < 1000).collect();
    assert!(few.len() >= 400, "{}", few.len());
    evented(&few, true);
}
