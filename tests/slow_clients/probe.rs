//! The one who only wants to be served: a valid request every 100 ms, and how long each takes.
//!
//! The attackers share the machine with the receiver, and so may others. What the receiver and the probe wait for a processor
//! is therefore told, but not counted: it is the machine's time. What the receiver does for others meanwhile is counted.

use super::process::{Process, own_time_without_processor};
use crate::support::client::Client;
use crate::support::request::signed;
use std::io;
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

/// How it connects.
pub(super) type Connect = fn(SocketAddr) -> io::Result<Client>;

/// What a probe saw.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// With the processors to themselves.
    times: Vec<Duration>,
    /// As they were.
    raw_times: Vec<Duration>,
    failures: Vec<String>,
}

impl Probe {
    /// `keeps` says whether there is one that keeps its connection.
    pub(super) fn start(address: SocketAddr, connect: Connect, receiver: &Process, keeps: bool) -> Self {
        let ended = Arc::<AtomicBool>::default();
        let client = |keeps| {
            let (ended, receiver) = (Arc::clone(&ended), receiver.clone());
            thread::spawn(move || ask(address, connect, &receiver, keeps, &ended))
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
            all.raw_times.extend(samples.raw_times);
            all.failures.extend(samples.failures);
        }
        all.times.sort();
        all.raw_times.sort();
        all
    }
}

fn ask(address: SocketAddr, connect: Connect, receiver: &Process, keeps: bool, ended: &AtomicBool) -> Samples {
    let mut samples = Samples::default();
    let mut kept = None;
    let mut due = Instant::now();
    while !ended.load(Ordering::Relaxed) {
        let number = samples.times.len();
        let request = signed(format!("{{\"number\":{number}}}")).bytes();
        let without_processor = || receiver.time_without_processor() + own_time_without_processor();
        let before = without_processor();
        let start = Instant::now();
        match exchange(kept.take(), address, connect, &request) {
            Ok(client) => {
                let time = start.elapsed();
                samples.raw_times.push(time);
                samples.times.push(time.saturating_sub(without_processor() - before));
                kept = keeps.then_some(client);
            }
            Err(failure) => samples.failures.push(format!("request {number}, kept connection {keeps}: {failure}")),
        }
        due = (due + PERIOD).max(Instant::now());
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
    samples
}

fn exchange(kept: Option<Client>, address: SocketAddr, connect: Connect, request: &[u8]) -> Result<Client, String> {
    let mut client = match kept {
        Some(client) => client,
        None => connect(address).map_err(|error| format!("cannot connect: {error}"))?,
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

    pub(super) fn expect_answers(&self) {
        assert!(self.failures.is_empty(), "{} valid requests failed: {:#?}", self.failures.len(), self.failures);
        // With fewer the slowest one is the 99th percentile, and one hiccup of the machine decides.
        assert!(self.times.len() >= 101, "only {} requests were sent", self.times.len());
    }

    pub(super) fn expect_within(&self, within: Duration) {
        assert!(self.p99() <= within, "p99 is {:?}, the slowest are {:?}", self.p99(), self.slowest());
    }

    fn slowest(&self) -> &[Duration] {
        &self.times[self.times.len().saturating_sub(8)..]
    }

    /// For people: how it went.
    pub(super) fn summary(&self) -> String {
        let count = self.times.len();
        let percentile = |times: &[Duration], of_100: usize| times[(count * of_100).div_ceil(100) - 1];
        let p99 = percentile(&self.times, 99);
        let [raw50, raw99] = [50, 99].map(|of_100| percentile(&self.raw_times, of_100));
        format!("{count} valid requests, p99 {p99:.1?} (with waiting for a processor {raw99:.1?}, p50 {raw50:.1?})")
    }
}
