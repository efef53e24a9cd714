//! The command as a black box: arguments, files and signals in; exit codes, stdout and stderr out.
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

/// One file a verb.
mod cli {
    mod config;
    mod damage;
    mod events;
    mod exit;
    mod explain;
    mod export;
    mod help;
    mod idle;
    mod listen;
    mod load;
    mod manual;
    mod prune;
    mod relisten;
    mod schemes;
    mod secrets;
    mod send;
    mod serve;
    mod sign;
    mod sources;
    mod stopping;
    mod strange;
    mod systemd;
    mod tail;
    mod uncovered;
    mod units;
    mod vectors;
    mod verify;
}
