//! The power is cut while hookgate runs. What killing it cannot show: that it asked for a sync before it answered, and that
//! whatever part of what was not synced is on the disk, the store is whole and has all that was answered.

use super::disk::{Disk, Image, LOSSES, Loss};
use super::recording::{Recording, lay_out};
use super::strace::possible;
use super::target::Hookgate;
use crate::support::dice::{Dice, number, seed};
use crate::support::fleet::{Fleet, repeat};
use crate::support::folder::Folder;
use crate::support::ledger::{Broken, Ledger};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Mutex;

/// Power is cut, the receiver started on what was left, and so on, this many times after another.
const GENERATIONS: usize = 3;

/// Of so many images one is given to hookgate itself, beside SQLite.
const STARTS: usize = 8;

/// What is left where the power was cut, and what had been answered by then.
struct Cut {
    image: Option<Image>,
    answered: BTreeSet<String>,
}

/// Deliveries enough for the log to be put back into the file while it runs, and for pages to be split.
fn fleet() -> Fleet {
    let fill_bytes = |dice: &mut Dice| if dice.one_in(6) { dice.below(120_000) } else { dice.below(1_500) };
    Fleet { clients: 5, deliveries: 50, fill_bytes, repeats: 12, may_fail: false }
}

/// The disk at `count` moments of `recording`, with what was answered by then.
fn cuts(recording: &Recording, answered_before: &BTreeSet<String>, count: usize, dice: &mut Dice) -> Vec<(Loss, Cut)> {
    cuts_from(0, recording, answered_before, count, dice)
}

/// The same, of moments from `first` on.
fn cuts_from(
    first: usize,
    recording: &Recording,
    answered_before: &BTreeSet<String>,
    count: usize,
    dice: &mut Dice,
) -> Vec<(Loss, Cut)> {
    let possible: Vec<usize> = recording.cuts().into_iter().filter(|moment| *moment >= first).collect();
    let chosen: BTreeSet<usize> = (0..count).filter_map(|_| dice.pick(&possible).copied()).collect();
    let mut answers = recording.answers.iter().peekable();
    let mut answered = answered_before.clone();
    let mut disk: Disk = recording.disk();
    let mut cuts = Vec::new();
    for moment in 0..recording.trace.moments.len() {
        while let Some((_, delivery)) = answers.next_if(|(at, _)| *at <= moment) {
            answered.insert(delivery.clone());
        }
        recording.pass(&mut disk, moment);
        if chosen.contains(&moment) {
            let loss = *dice.pick(&LOSSES).expect("there are some");
            cuts.push((loss, Cut { image: disk.cut(loss, dice), answered: answered.clone() }));
        }
    }
    cuts
}

/// Holds what is left against what was answered; `starts` has hookgate go on with it.
fn check(cut: &Cut, ledger: &Ledger, arguments: &'static [&'static str], starts: bool) -> Result<(), Broken> {
    let ledger = Ledger::of(ledger.sent(), &cut.answered);
    let folder = Folder::new();
    let data = folder.path().join("data");
    match (&cut.image, cut.answered.first()) {
        (Some(image), _) => lay_out(image, &data),
        (None, Some(delivery)) => {
            eprintln!("the folder itself is lost");
            return Err(Broken::Lost { delivery: delivery.clone() });
        }
        (None, None) => {}
    }
    // Before the first answer there may be nothing yet; then it is for hookgate to begin anew.
    if !starts && !cut.answered.is_empty() {
        return ledger.clone().look_at_all(&data);
    }
    start(&data, ledger, arguments)
}

fn start(data: &Path, ledger: Ledger, arguments: &'static [&'static str]) -> Result<(), Broken> {
    let running = Hookgate::on(arguments).try_start(data);
    let running = running.map_err(|refused| Broken::Damaged { why: refused.stderr })?;
    let ledger = Mutex::new(ledger);
    repeat(running.address(), &ledger)?;
    running.kill();
    ledger.into_inner().expect("nobody panics with it").look_at_all(data)
}

/// The first cut, of many, at which `recording` breaks a promise.
fn first_broken(recording: &Recording, arguments: &'static [&'static str], cuts: &[(Loss, Cut)]) -> Result<(), Broken> {
    for (number, (loss, cut)) in cuts.iter().enumerate() {
        let outcome = check(cut, &recording.ledger, arguments, number % STARTS == 0);
        outcome
            .inspect_err(|_| eprintln!("cut {number} of {}, of what was not synced is lost: {loss:?}", cuts.len()))?;
    }
    Ok(())
}

fn cut_the_power(arguments: &'static [&'static str]) {
    if !possible() {
        return;
    }
    let count = number("CRASH_CUTS", 24);
    let seed = seed("CRASH_SEED");
    let mut dice = Dice::new(seed);
    let (mut left, mut ledger) = (None, Ledger::default());
    let mut answered = BTreeSet::new();
    for generation in 0..GENERATIONS {
        let recording = Recording::make(arguments, left, ledger, fleet(), &generation.to_string(), &[]);
        let recording = recording.unwrap_or_else(|broken| panic!("{broken:?}"));
        let synced = recording.synced_answers();
        let synced = synced.unwrap_or_else(|delivery| panic!("{delivery} was answered before its event was synced"));
        let mut cuts = cuts(&recording, &answered, count / GENERATIONS, &mut dice);
        let outcome = first_broken(&recording, arguments, &cuts);
        outcome.unwrap_or_else(|broken| panic!("{broken:?}; again with CRASH_SEED={seed}"));
        eprintln!("{arguments:?}: a sync before each of {synced} answers; {} cuts lose nothing", cuts.len());
        assert!(!cuts.is_empty() && synced > 0, "nothing was proven");
        let (_, cut) = cuts.swap_remove(dice.below(cuts.len()));
        ledger = Ledger::of(recording.ledger.sent(), &cut.answered);
        (left, answered) = (cut.image, cut.answered);
    }
}

#[test]
fn the_evented_front_loses_nothing_it_answered_when_the_power_is_cut() {
    cut_the_power(&["--front", "evented"]);
}

#[test]
fn the_tiny_http_front_loses_nothing_it_answered_when_the_power_is_cut() {
    cut_the_power(&["--front", "tiny_http"]);
}

/// What a receiver that was killed had written but not synced, the next one finds in the system's memory. It must not take that
/// for kept: not answer its sender, who comes again, before it is on the disk.
#[test]
fn what_a_killed_receiver_left_unsynced_is_synced_before_it_is_answered() {
    if !possible() {
        return;
    }
    let seed = seed("CRASH_SEED");
    let mut dice = Dice::new(seed);
    let mut proven = 0;
    for round in 0..number("CRASH_CUTS", 24).div_ceil(20) {
        // Half of them with syncs that fail from some moment on: then something is left for certain.
        let fails = round % 2 == 0;
        let fault = format!("inject=fdatasync,fsync:error=EIO:when={}+1", 40 + dice.below(20));
        let (faults, enough) = if fails { (vec![fault], usize::MAX) } else { (Vec::new(), 20 + dice.below(100)) };
        let fleet = Fleet { may_fail: true, ..fleet() };
        let killed = Recording::killed(fleet, enough, &faults).unwrap_or_else(|broken| panic!("{broken:?}"));
        let answered: BTreeSet<String> = killed.answers.iter().map(|(_, delivery)| delivery.clone()).collect();
        // One after the other, and nothing new: a turn that keeps something syncs all that was before it.
        let after = killed.after(&[], Fleet { clients: 1, deliveries: 0, may_fail: false, ..fleet }, "after");
        let after = after.unwrap_or_else(|broken| panic!("{broken:?}; CRASH_SEED={seed}"));
        let Some((first, _)) = after.answers.first() else { continue };
        proven += after.answers.len();
        let cuts = cuts_from(*first, &after, &answered, 20, &mut dice);
        let outcome = first_broken(&after, &[], &cuts);
        outcome.unwrap_or_else(|broken| panic!("{faults:?}: {broken:?}; again with CRASH_SEED={seed}"));
    }
    eprintln!("{proven} deliveries whose first try had no answer");
    assert!(proven > 0, "nothing was proven");
}

/// Calls fail meanwhile: each of these, now and then. What a sync that failed was for is taken to be lost, as Linux has it.
#[test]
fn syncs_and_writes_that_fail_acknowledge_nothing_that_is_not_there() {
    if !possible() {
        return;
    }
    let seed = seed("CRASH_SEED");
    let mut dice = Dice::new(seed);
    // The first of them are of the start, which may fail as a whole; a start writes more often than it syncs.
    for (calls, first) in
        [("fdatasync,fsync:error=EIO", 40), ("pwrite64:error=ENOSPC", 150), ("pwrite64:error=EIO", 150)]
    {
        let fault = format!("inject={calls}:when={}+{}", first + dice.below(20), 15 + dice.below(30));
        let fleet = Fleet { may_fail: true, ..fleet() };
        let recording = Recording::make(&[], None, Ledger::default(), fleet, "fault", std::slice::from_ref(&fault));
        let recording = recording.unwrap_or_else(|broken| panic!("{fault}: {broken:?}"));
        let failed =
            recording.trace.calls.iter().filter(|call| call.result == -1 && calls.contains(&call.name)).count();
        let cuts = cuts(&recording, &BTreeSet::new(), number("CRASH_CUTS", 24) / 3, &mut dice);
        let outcome = first_broken(&recording, &[], &cuts);
        outcome.unwrap_or_else(|broken| panic!("{fault}: {broken:?}; again with CRASH_SEED={seed}"));
        eprintln!("{fault}: {failed} failed, {} answered; {} cuts lose nothing", recording.answers.len(), cuts.len());
        assert!(failed > 0 && !recording.answers.is_empty(), "{fault}: nothing was proven");
    }
}

#[test]
fn without_its_syncs_or_with_answers_before_them_the_same_receiver_is_caught() {
    if !possible() {
        return;
    }
    let recording = Recording::make(&[], None, Ledger::default(), fleet(), "lies", &[]).expect("it keeps its promises");
    assert_eq!(recording.synced_answers(), Ok(recording.answers.len()));
    for (lie, recording) in
        [("no syncs", recording.clone().without_syncs()), ("hasty answers", recording.with_hasty_answers())]
    {
        assert!(recording.synced_answers().is_err(), "{lie}");
        // What is lost is left to chance, but not whether this test fails.
        let cuts = cuts(&recording, &BTreeSet::new(), 30, &mut Dice::new(1));
        let broken = first_broken(&recording, &[], &cuts).expect_err(lie);
        // Where hookgate goes on with it: what was answered is taken for new.
        let is_loss = matches!(broken, Broken::Lost { .. } | Broken::Damaged { .. } | Broken::Misnamed { .. });
        assert!(is_loss, "{lie}: {broken:?}");
    }
}
