//! What sinks do with an event: with real processes, real files, and servers that misbehave.
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

#[path = "sinks/command.rs"]
mod command;
#[path = "sinks/command_ends.rs"]
mod command_ends;
#[path = "sinks/file.rs"]
mod file;
#[path = "sinks/forward.rs"]
mod forward;
#[path = "sinks/forward_fails.rs"]
mod forward_fails;

use hookgate::UnixTime;
use hookgate::sink::{Outcome, Stopping};
use hookgate::store::Event;
use std::time::Duration;

/// The id that the events of these tests have.
const ID: &str = "evt_3f9a0c7be215_0000000042";

/// A push, with this body.
fn push(body: &[u8]) -> Event {
    Event {
        number: 42,
        received_at: UnixTime::from_ms(784_111_777_042),
        source: "github".into(),
        scheme: "github".into(),
        secret_label: "main".into(),
        event_type: Some("push".into()),
        delivery_id: Some("72d3162e".into()),
        peer: Some("192.0.2.7".into()),
        method: "POST".into(),
        target: "/webhook".into(),
        headers: vec![("Content-Type".into(), b"application/json".to_vec())],
        payload: "json".into(),
        body: body.to_vec(),
        definition: 1,
    }
}

/// That it is to be tried again, and why.
fn why_again(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Retry { why, after: None } => why,
        other => panic!("{other:?}"),
    }
}

/// Nobody stops.
fn going_on() -> Stopping {
    Stopping::new()
}

/// A limit of time that no test reaches.
const LONG: Duration = Duration::from_secs(3600);
