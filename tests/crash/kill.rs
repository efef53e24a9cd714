//! hookgate, killed at any moment.

use super::rounds::{Plan, run};
use super::target::Hookgate;
use crate::support::dice::{number, seed};
use crate::support::fleet::Fleet;

/// Runs the rounds on `front`: as many as `CRASH_ROUNDS` says, or a few.
fn kill(arguments: &'static [&'static str]) {
    let rounds = number("CRASH_ROUNDS", 10);
    let seed = seed("CRASH_SEED");
    let answered = run(&Hookgate::on(arguments), &Plan { prunes: Some(5), ..Plan::usual(rounds) }, seed);
    let answered = answered.unwrap_or_else(|broken| panic!("{broken:?}; again with CRASH_SEED={seed}"));
    eprintln!("{rounds} rounds with {arguments:?}: {answered} deliveries answered, each is there once");
}

/// Bodies as they are in `make load`, from as many clients, and kills in the thick of it.
#[test]
fn under_load_nothing_is_lost_or_doubled_when_it_is_killed() {
    let (rounds, answers) = if std::env::var_os("CRASH_LOAD").is_some() { (10, 60_000) } else { (2, 3_000) };
    let seed = seed("CRASH_SEED");
    let fleet = Fleet { clients: 64, deliveries: usize::MAX, fill_bytes: |_| 1024, repeats: 100, may_fail: false };
    let plan = Plan { rounds, fleet, answers, prunes: None };
    let answered = run(&Hookgate::on(&[]), &plan, seed);
    let answered = answered.unwrap_or_else(|broken| panic!("{broken:?}; again with CRASH_SEED={seed}"));
    eprintln!("{rounds} rounds under load: {answered} deliveries answered, each is there once");
}

#[test]
fn the_evented_front_loses_and_doubles_nothing_when_it_is_killed() {
    kill(&["--front", "evented"]);
}

#[test]
fn the_tiny_http_front_loses_and_doubles_nothing_when_it_is_killed() {
    kill(&["--front", "tiny_http"]);
}
