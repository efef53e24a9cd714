//! Rounds of delivering, killing and starting again, on one folder.

use super::target::Target;
use crate::support::PATIENCE;
use crate::support::delivery::usual_bytes;
use crate::support::dice::Dice;
use crate::support::fleet::{Fleet, settle};
use crate::support::folder::Folder;
use crate::support::ledger::{Broken, Ledger};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// What is done in how many rounds.
pub(super) struct Plan {
    pub(super) rounds: usize,
    pub(super) fleet: Fleet,
    /// It is killed after less than this many answers.
    pub(super) answers: usize,
    /// Once in so many rounds all events are deleted while nobody runs.
    pub(super) prunes: Option<usize>,
}

impl Plan {
    pub(super) fn usual(rounds: usize) -> Self {
        let fleet = Fleet { clients: 6, deliveries: usize::MAX, fill_bytes: usual_bytes, repeats: 10, may_fail: false };
        Plan { rounds, fleet, answers: 200, prunes: None }
    }
}

/// A start takes less than this, in microseconds, wherever nothing else is done: most kills within it meet a receiver that
/// makes or recovers its store.
const START_US: usize = 30_000;

/// The time from an answer to the kill, at most, in microseconds: a few turns of a receiver.
const PAUSE_US: usize = 3_000;

/// Runs `plan` against `target`. Gives how many deliveries were answered.
pub(super) fn run(target: &dyn Target, plan: &Plan, seed: u64) -> Result<usize, Broken> {
    let folder = Folder::new();
    let data = folder.path().join("data");
    let mut dice = Dice::new(seed);
    let ledger = Mutex::new(Ledger::default());
    for round in 0..plan.rounds {
        if dice.one_in(4) {
            target.kill_at_start(&data, chance_us(&mut dice, START_US));
        }
        let running = target.start(&data);
        let address = running.address();
        // Whoever reads the file and leaves it has to leave it to the receiver.
        open(&ledger).look(&data)?;
        let (enough, pause) = (dice.below(plan.answers), chance_us(&mut dice, PAUSE_US));
        let mut is_killed = false;
        plan.fleet.deliver(address, &ledger, &round.to_string(), enough, || {
            // The moment of the kill is what is left to chance here; nothing waits for it to pass.
            thread::sleep(pause);
            running.kill();
            is_killed = true;
        })?;
        assert!(is_killed, "the fleet is told when to kill");
        if dice.one_in(8) {
            look_at_a_copy(&mut open(&ledger), &data)?;
        }
        if plan.prunes.is_some_and(|times| round % times == times - 1) {
            open(&ledger).look_at_all(&data)?;
            target.prune(&data);
            open(&ledger).pruned();
        }
        if dice.one_in(3) {
            let running = target.start(&data);
            settle(running.address(), &ledger)?;
            open(&ledger).look(&data)?;
            running.kill();
        }
    }
    let running = target.start(&data);
    settle(running.address(), &ledger)?;
    if let Some(file) = target.handed(&data) {
        until_handed_on(&open(&ledger), &file)?;
    }
    running.kill();
    look_at_a_copy(&mut open(&ledger), &data)?;
    open(&ledger).look_at_all(&data)?;
    Ok(open(&ledger).answered_count())
}

/// Waits until everything that was answered has reached the sink, each delivery under one id however often it did.
fn until_handed_on(ledger: &Ledger, file: &Path) -> Result<(), Broken> {
    let start = Instant::now();
    loop {
        let held = ledger.look_at_handed(&handed(file));
        if !matches!(held, Err(Broken::NotHandedOn { .. })) || start.elapsed() > PATIENCE {
            return held;
        }
        // What takes long to read is read less often.
        thread::sleep(Duration::from_millis(10) + start.elapsed() / 4);
    }
}

/// The deliveries in a file of events, each with the ids that it has there. A line that a kill broke off is none.
fn handed(file: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut handed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let Ok(file) = fs::File::open(file) else { return handed };
    let lines = BufReader::new(file).split(b'\n').map_while(Result::ok);
    for event in lines.filter_map(|line| serde_json::from_slice::<Value>(&line).ok()) {
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_string();
        handed.entry(text("delivery_id")).or_default().insert(text("id"));
    }
    handed
}

fn open(ledger: &Mutex<Ledger>) -> MutexGuard<'_, Ledger> {
    ledger.lock().expect("nobody panics with it")
}

fn chance_us(dice: &mut Dice, bound: usize) -> Duration {
    Duration::from_micros(dice.below(bound) as u64)
}

/// Looks at all that stands in `data`, but at a copy of it: the first look recovers the file, and that is for the next
/// receiver to do.
fn look_at_a_copy(ledger: &mut Ledger, data: &Path) -> Result<(), Broken> {
    let copy = Folder::new();
    for name in ["events.db", "events.db-wal"] {
        // A log there may be or not.
        let _ = fs::copy(data.join(name), copy.path().join(name));
    }
    ledger.look_at_all(copy.path())
}
