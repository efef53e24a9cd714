//! Whoever breaks a promise is caught by the rounds: without that, their silence would say nothing.

use super::fake::{Fake, Lie};
use super::rounds::{Plan, run};
use super::target::Hookgate;
use crate::support::fleet::Fleet;
use crate::support::ledger::Broken;

/// What the rounds find of `lie`. They are not left to chance: each lie is one that a few rounds have to meet.
fn found(lie: Lie) -> Broken {
    let plan = Plan { prunes: Some(3), ..Plan::usual(12) };
    run(&Fake(lie), &plan, 1).expect_err("a lie is caught")
}

#[test]
fn whoever_keeps_every_promise_passes() {
    let plan = Plan { prunes: Some(3), ..Plan::usual(12) };
    let answered = run(&Fake(Lie::None), &plan, 1);
    assert!(answered.as_ref().is_ok_and(|count| *count > 100), "{answered:?}");
}

#[test]
fn whoever_answers_before_the_commit_loses_events() {
    let broken = found(Lie::AnswersFirst);
    assert!(matches!(broken, Broken::Lost { .. }), "{broken:?}");
}

#[test]
fn whoever_does_not_look_for_repeats_doubles_them() {
    let broken = found(Lie::TakesRepeats);
    assert!(matches!(broken, Broken::Doubled { .. }), "{broken:?}");
}

#[test]
fn whoever_forgets_by_what_repeats_are_known_doubles_them() {
    let broken = found(Lie::ForgetsKeys);
    assert!(matches!(broken, Broken::Doubled { .. } | Broken::Misnamed { .. }), "{broken:?}");
}

#[test]
fn whoever_gives_a_number_again_is_caught() {
    let broken = found(Lie::ReusesIds);
    // Keys are kept by the number of their event: a repeat that comes first finds the one of another.
    assert!(matches!(broken, Broken::OutOfOrder { .. } | Broken::Misnamed { .. }), "{broken:?}");
}

#[test]
fn whoever_writes_what_nobody_sent_is_caught() {
    let broken = found(Lie::Invents);
    assert!(matches!(broken, Broken::Invented { .. }), "{broken:?}");
}

#[test]
fn whoever_changes_a_body_is_caught() {
    let broken = found(Lie::Changes);
    assert!(matches!(broken, Broken::Changed { .. }), "{broken:?}");
}

#[test]
fn a_receiver_without_a_store_loses_events() {
    let hookgate = Hookgate { arguments: &[], stores: false };
    let usual = Plan::usual(2);
    let plan = Plan { fleet: Fleet { repeats: usize::MAX, ..usual.fleet }, ..usual };
    let broken = run(&hookgate, &plan, 1).expect_err("nothing is kept");
    assert!(matches!(broken, Broken::Damaged { .. }), "there is no file to read: {broken:?}");
}
