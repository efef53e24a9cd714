//! A receiver under attack, and what has to hold all the while and afterwards.

use super::plan::Plan;
use super::probe::Probe;
use super::process::{Process, until};
use super::swarm::{Swarm, Tally};
use crate::support::receiver::{Receiver, Setup, setup};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
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
const LEAVING_S: u64 = 2 + 4;

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
        eprintln!("skipped: the hard limit of open descriptors is {maximum:?}, and {count} are needed");
    }
    enough
}

/// A receiver, and how many descriptors it had when nobody was there.
pub(super) struct Siege {
    pub(super) receiver: Receiver,
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
    Siege::of(setup().arguments(&DEADLINES), LONGEST_S)
}

impl Siege {
    /// Of a receiver whose longest deadline that matters has `longest_s` seconds.
    pub(super) fn of(setup: Setup, longest_s: u64) -> Self {
        let alone = alone();
        let receiver = setup.start();
        let process = Process::new(receiver.id());
        Siege {
            descriptors: process.descriptors(),
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

    /// The same where something that it has to do at once may take `time`.
    pub(super) fn with_pauses_of(self, time: Duration) -> Self {
        Siege { within: self.within.max(time), ..self }
    }

    /// The clients of `plans` at work for `time`, while valid requests are served; then the clients only hold on, and the
    /// receiver gets rid of them. Gives what became of each plan, unless that many clients cannot be had here.
    pub(super) fn endure<const N: usize>(mut self, plans: [Plan; N], time: Duration) -> Option<[Tally; N]> {
        let names = plans.each_ref().map(|plan| plan.name);
        let clients: usize = plans.iter().map(|plan| plan.clients).sum();
        if !has_descriptors(clients as u64 + 100) {
            return None;
        }
        let (busy, waited) = (self.process.processor_time(), self.process.time_without_processor());
        let swarm = Swarm::start(self.receiver.address, plans.into());
        let probe = Probe::start(self.receiver.address, &self.process, self.keeps);
        thread::sleep(time);
        let samples = probe.end();
        let busy = self.process.processor_time() - busy;
        let waited = self.process.time_without_processor() - waited;
        swarm.hold();
        // What is wrong is told after the summary, which says why.
        let left = self.wait_for_descriptors_as_at_the_start();
        let tallies = swarm.leave();
        let peak_mib = self.process.peak_bytes() as f64 / 1024.0 / 1024.0;
        eprintln!(
            "{names:?}: {}; peak {peak_mib:.1} MiB, processor {busy:.1?} of {time:?}, waited {waited:.1?} for it",
            samples.summary()
        );
        for (name, tally) in names.iter().zip(&tallies) {
            eprintln!("  {name}: {tally:?}");
        }
        assert!(self.receiver.is_running(), "{}", self.receiver.talk());
        samples.expect_served(self.within);
        assert!(self.process.peak_bytes() <= PEAK_BYTES, "it took {peak_mib:.1} MiB");
        left.unwrap();
        Some(tallies.try_into().expect("a tally for each plan"))
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
