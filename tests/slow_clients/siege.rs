//! A receiver under attack, and what has to hold all the while and afterwards.

use super::plan::Plan;
use super::probe::{Connect, Probe, Samples};
use super::process::{Process, until};
use super::swarm::{Swarm, Tally};
use crate::support::PATIENCE;
use crate::support::client::Client;
use crate::support::receiver::{Receiver, Setup, setup};
use crate::support::request::signed;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// What 99 of 100 valid requests are answered within, whatever the others do.
const P99: Duration = Duration::from_millis(20);

/// The most resident memory that a receiver with the default limits may ever have, in bytes.
const PEAK_BYTES: usize = 64 * 1024 * 1024;

/// Deadlines of a siege, in seconds: shorter than the defaults, so that every one of them comes due within it.
const DEADLINES: [&str; 8] =
    ["--head-timeout", "1", "--body-timeout", "3", "--write-timeout", "1", "--idle-timeout", "3"];

/// The longest of them, in seconds.
const LONGEST_S: u64 = 3;

/// No connection outlives its deadline by more, in seconds: 2 s of lingering after an answer that ends it, and what a busy
/// machine takes.
const LEAVING_S: u64 = 2 + 20;

/// How often an attack is tried, at most, where others keep the processors busy. If they always do, p99 is theirs: that is
/// said, but in CI it fails.
const ATTEMPTS: u32 = 3;

/// Tests of time and memory run one after another, whatever the test runner does.
pub(super) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this process can have `count` descriptors; raises its limit as far as it goes. Without them a test is skipped, and
/// says so; but never in CI.
pub(super) fn has_descriptors(count: u64) -> bool {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let enough = raised && maximum.is_none_or(|maximum| maximum >= count);
    if !enough {
        assert!(std::env::var_os("CI").is_none(), "the limit of descriptors is {maximum:?}, and this is CI");
        say(&format!("skipped: the hard limit of open descriptors is {maximum:?}, and {count} are needed"));
    }
    enough
}

/// A line on stderr that the test runner does not keep to itself.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / 1024.0 / 1024.0
}

/// A receiver, and how many descriptors it had when nobody was there.
pub(super) struct Siege {
    pub(super) receiver: Receiver,
    /// Where the probe asks.
    probed: SocketAddr,
    connect: Connect,
    pub(super) process: Process,
    pub(super) descriptors: usize,
    /// The longest deadline of its connections, in seconds.
    longest_s: u64,
    /// The probe has a client that keeps its connection.
    keeps: bool,
    /// What 99 of 100 valid requests are answered within.
    within: Duration,
    _alone: MutexGuard<'static, ()>,
}

/// A receiver with the default limits, but for [`DEADLINES`].
pub(super) fn siege() -> Siege {
    siege_with(&[])
}

/// The same with more arguments.
pub(super) fn siege_with(arguments: &[&str]) -> Siege {
    Siege::of(setup().arguments(&DEADLINES).arguments(arguments), LONGEST_S)
}

impl Siege {
    /// Of a receiver whose longest deadline that matters has `longest_s` seconds.
    pub(super) fn of(setup: Setup, longest_s: u64) -> Self {
        let alone = alone();
        let receiver = setup.start();
        let process = Process::new(receiver.id());
        Siege {
            descriptors: process.descriptors(),
            probed: receiver.address,
            connect: Client::try_connect,
            receiver,
            process,
            longest_s,
            keeps: true,
            within: P99,
            _alone: alone,
        }
    }

    /// The same where connections that are idle have to go.
    pub(super) fn without_kept_connection(self) -> Self {
        Siege { keeps: false, ..self }
    }

    /// The same where the probe asks at `address`, to which it connects by `connect`.
    #[allow(dead_code, reason = "where all speak TLS or none does, the probe does as the others")]
    pub(super) fn probed_at(self, address: SocketAddr, connect: Connect) -> Self {
        Siege { probed: address, connect, ..self }
    }

    /// The same where something that it has to do at once may take `time`.
    pub(super) fn with_pauses_of(self, time: Duration) -> Self {
        Siege { within: self.within.max(time), ..self }
    }

    /// The clients of `plans` at work for `time`, or until they are enough, while valid requests are served; then the clients only hold on, and the
    /// receiver gets rid of them. Gives what became of each plan, unless that many clients cannot be had here.
    pub(super) fn endure<const N: usize>(mut self, plans: [Plan; N], time: Duration) -> Option<[Tally; N]> {
        let clients: usize = plans.iter().map(|plan| plan.clients).sum();
        if !has_descriptors(clients as u64 + 100) {
            return None;
        }
        for attempt in 1.. {
            let (samples, others, tallies) = self.attack(&plans, time);
            samples.expect_answers();
            let peak = self.process.peak_bytes();
            assert!(peak <= PEAK_BYTES, "it took {:.1} MiB", mib(peak));
            let p99 = samples.p99();
            let is_told_by_others = p99 > self.within && others > time / 4;
            if is_told_by_others && attempt < ATTEMPTS {
                continue;
            }
            if is_told_by_others && std::env::var_os("CI").is_none() {
                say(&format!("skipped: p99 is {p99:.1?} where others took {others:.1?} of processor time in {time:?}"));
            } else {
                samples.expect_within(self.within);
            }
            return Some(tallies.try_into().expect("a tally for each plan"));
        }
        None
    }

    /// What the probe saw, the processor time that others took meanwhile, and what became of the plans.
    fn attack(&mut self, plans: &[Plan], time: Duration) -> (Samples, Duration, Vec<Tally>) {
        let names: Vec<&str> = plans.iter().map(|plan| plan.name).collect();
        let (own, others) = (self.process.processor_time(), self.process.processor_time_of_others());
        let swarm = Swarm::start(self.receiver.address, plans.into());
        let probe = Probe::start(self.probed, self.connect, &self.process, self.keeps);
        thread::sleep(time);
        let came_about = until(PATIENCE * 2, || swarm.is_enough());
        let samples = probe.end();
        let own = self.process.processor_time() - own;
        let others = self.process.processor_time_of_others().saturating_sub(others);
        swarm.hold();
        let left = self.wait_for_descriptors_as_at_the_start();
        let tallies = swarm.leave();
        let peak_mib = mib(self.process.peak_bytes());
        let summary = samples.summary();
        eprintln!("{names:?}: {summary}; peak {peak_mib:.1} MiB, processor {own:.1?} of {time:?}, others {others:.1?}");
        for (name, tally) in names.iter().zip(&tallies) {
            eprintln!("  {name}: {tally:?}");
        }
        assert!(came_about.is_some(), "the attack did not come about");
        assert!(self.receiver.is_running(), "{}", self.receiver.talk());
        left.unwrap();
        // All room is there again, for large deliveries, too.
        self.receiver.send(&signed(format!("\"{}\"", "x".repeat(4 * 1024 * 1024)))).expect_success();
        (samples, others, tallies)
    }

    /// That all connections have gone within their longest deadline.
    pub(super) fn wait_for_descriptors_as_at_the_start(&self) -> Result<Duration, String> {
        let bound = Duration::from_secs(self.longest_s + LEAVING_S);
        let start = self.descriptors;
        until(bound, || self.process.descriptors() == start).ok_or_else(|| {
            let now = self.process.descriptors();
            format!("it has {now} descriptors after {bound:?}, and had {start} at the start")
        })
    }
}
