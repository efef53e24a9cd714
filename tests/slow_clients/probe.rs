//! The one who only wants to be served: a valid request every 100 ms, and how long each takes.

use crate::support::client::Client;
use crate::support::request::signed;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// From one valid request to the next.
const PERIOD: Duration = Duration::from_millis(100);

/// Two clients: one connects anew for each request, one keeps its connection.
pub(super) struct Probe {
    ended: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Samples>>,
}

/// What a probe saw.
#[derive(Debug, Default)]
pub(super) struct Samples {
    times: Vec<Duration>,
    failures: Vec<String>,
}

impl Probe {
    /// `keeps` says whether there is one that keeps its connection.
    pub(super) fn start(address: SocketAddr, keeps: bool) -> Self {
        let ended = Arc::<AtomicBool>::default();
        let client = |keeps| {
            let ended = Arc::clone(&ended);
            thread::spawn(move || ask(address, keeps, &ended))
        };
        // Half a period apart, so that they don't wait for each other.
        let fresh = client(false);
        thread::sleep(PERIOD / 2);
        let kept = keeps.then(|| client(true));
        Probe { clients: [fresh].into_iter().chain(kept).collect(), ended }
    }

    /// Ends it; gives what it saw.
    pub(super) fn end(self) -> Samples {
        self.ended.store(true, Ordering::Relaxed);
        let mut all = Samples::default();
        for client in self.clients {
            let samples = client.join().expect("a probe tells its failures");
            all.times.extend(samples.times);
            all.failures.extend(samples.failures);
        }
        all.times.sort();
        all
    }
}

fn ask(address: SocketAddr, keeps: bool, ended: &AtomicBool) -> Samples {
    let mut samples = Samples::default();
    let mut kept = None;
    let mut due = Instant::now();
    while !ended.load(Ordering::Relaxed) {
        let number = samples.times.len();
        let request = signed(format!("{{\"number\":{number}}}")).bytes();
        let start = Instant::now();
        match exchange(kept.take(), address, &request) {
            Ok(client) => {
                samples.times.push(start.elapsed());
                kept = keeps.then_some(client);
            }
            Err(failure) => samples.failures.push(format!("request {number}, kept connection {keeps}: {failure}")),
        }
        due = (due + PERIOD).max(Instant::now());
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    samples
}

fn exchange(kept: Option<Client>, address: SocketAddr, request: &[u8]) -> Result<Client, String> {
    let mut client = match kept {
        Some(client) => client,
        None => Client::try_connect(address).map_err(|error| format!("cannot connect: {error}"))?,
    };
    client.try_write(request).map_err(|error| format!("cannot write: {error}"))?;
    let answer = client.try_answer().map_err(|nothing| format!("no answer: {nothing:?}"))?;
    if answer.status == 200 { Ok(client) } else { Err(answer.text()) }
}

impl Samples {
    /// The time that 99 of 100 requests stay within (nearest rank).
    pub(super) fn p99(&self) -> Duration {
        let rank = (self.times.len() * 99).div_ceil(100);
        *self.times.get(rank - 1).expect("there are samples")
    }

    pub(super) fn expect_served(&self, within: Duration) {
        assert!(self.failures.is_empty(), "{} valid requests failed: {:#?}", self.failures.len(), self.failures);
        // With fewer the slowest one is the 99th percentile, and one hiccup of the machine decides.
        assert!(self.times.len() >= 101, "only {} requests were sent", self.times.len());
        assert!(self.p99() <= within, "p99 is {:?}, the slowest are {:?}", self.p99(), self.slowest());
    }

    fn slowest(&self) -> &[Duration] {
        &self.times[self.times.len().saturating_sub(8)..]
    }

    /// For people: how it went.
    pub(super) fn summary(&self) -> String {
        let middle = self.times[self.times.len() / 2];
        format!(
            "{} valid requests, p50 {middle:.1?}, p99 {:.1?}, slowest {:.1?}",
            self.times.len(),
            self.p99(),
            self.slowest().last().copied().unwrap_or_default()
        )
    }
}
