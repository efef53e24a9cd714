//! Watching a receiver, from outside: its log, its numbers, and whether it says that it is well.
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

const KEEPS_CONNECTIONS: bool = true;

mod watch {
    mod admin;
    mod alarms;
    mod exposition;
    mod health;
    mod hostile;
    mod log;
    mod metrics;
    mod planted;
    mod secrecy;
    mod sinks;
}

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;
use support::PATIENCE;
use support::client::{Answer, Client};
use support::receiver::{Receiver, Setup, setup};

/// A receiver with an admin listener on a free port.
fn watched() -> Setup {
    setup().arguments(&["--admin", "127.0.0.1:0"])
}

/// Where the admin listener of `receiver` is.
fn admin_of(receiver: &Receiver) -> SocketAddr {
    let talk = receiver.talk();
    let (_, rest) = talk.split_once("the admin listener is ").unwrap_or_else(|| panic!("no admin listener: {talk}"));
    rest.split(['"', '\n']).next().unwrap().parse().unwrap()
}

/// What is answered there to a GET of `path`.
fn get(receiver: &Receiver, path: &str) -> Answer {
    let mut client = Client::connect(admin_of(receiver));
    client.write(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes());
    client.answer()
}

/// Whether it says that it is ready, and why not.
fn readiness(receiver: &Receiver) -> (u16, serde_json::Value) {
    let answer = get(receiver, "/readyz");
    assert_eq!(answer.header("Content-Type"), Some("application/json"), "{}", answer.text());
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// The numbers, by name and labels as they are written.
struct Numbers(BTreeMap<String, f64>);

impl Numbers {
    fn of(receiver: &Receiver) -> Self {
        let answer = get(receiver, "/metrics");
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("Content-Type"), Some("text/plain; version=0.0.4; charset=utf-8"));
        let text = String::from_utf8(answer.body).unwrap();
        let samples = text.lines().filter(|line| !line.starts_with('#'));
        let sample = |line: &str| {
            let (name, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no sample: {line}"));
            (name.to_string(), value.parse().unwrap_or_else(|_| panic!("no number: {line}")))
        };
        Numbers(samples.map(sample).collect())
    }

    /// The number of this name and these labels; 0 where there is none yet.
    fn at(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn requests(&self, source: &str, verdict: &str, reason: &str) -> f64 {
        self.at(&format!("hookgate_requests_total{{source=\"{source}\",verdict=\"{verdict}\",reason=\"{reason}\"}}"))
    }
}

/// Waits until the numbers are as `wanted` says: some move a moment after an answer.
fn until(receiver: &Receiver, wanted: impl Fn(&Numbers) -> bool) -> Numbers {
    let start = Instant::now();
    loop {
        let numbers = Numbers::of(receiver);
        if wanted(&numbers) {
            return numbers;
        }
        assert!(start.elapsed() < PATIENCE, "{:#?}", numbers.0);
    }
}

/// The lines about requests that `receiver` has logged so far, as JSON.
fn request_lines(receiver: &Receiver) -> Vec<serde_json::Value> {
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let talk = receiver.talk();
    // What went wrong before there was a log is said plainly.
    let lines = talk.lines().filter(|line| !line.starts_with("hookgate: warning: ")).map(parse);
    lines.filter(|line: &serde_json::Value| line["verdict"].is_string()).collect()
}
