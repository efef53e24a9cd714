//! hookgate, killed at any moment.

use super::rounds::{Plan, run};
use super::target::Hookgate;
use crate::support::dice::{number, seed};

/// Runs the rounds on `front`: as many as `CRASH_ROUNDS` says, or a few.
fn kill(arguments: &'static [&'static str]) {
    let rounds = number("CRASH_ROUNDS", 10);
    let seed = seed("CRASH_SEED");
    let answered = run(&Hookgate::on(arguments), &Plan::usual(rounds), seed);
    let answered = answered.unwrap_or_else(|broken| panic!("{broken:?}; again with CRASH_SEED={seed}"));
    eprintln!("{rounds} rounds with {arguments:?}: {answered} deliveries answered, each is there once");
}

#[test]
fn the_evented_front_loses_and_doubles_nothing_when_it_is_killed() {
    kill(&["--front", "evented"]);
}

#[test]
fn the_tiny_http_front_loses_and_doubles_nothing_when_it_is_killed() {
    kill(&["--front", "tiny_http"]);
}
