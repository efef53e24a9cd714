//! Two receivers want one store.

use super::store::{FLEET, Store, expect_refused, holds};
use crate::support::fleet::settle;
use std::fs;

#[test]
fn a_second_receiver_is_refused_and_told_who_has_the_store() {
    let store = Store::new();
    let first = store.start();
    let outcome = store.setup().fail();
    expect_refused(&outcome);
    assert!(outcome.stderr.contains(&first.id().to_string()), "the first is {}: {outcome:?}", first.id());
    assert_eq!(store.deliver(&first, FLEET), 0, "the first goes on");
    store.expect_all_after_a_crash(first);
}

#[test]
fn a_lock_that_a_killed_receiver_left_is_in_nobodys_way() {
    let store = Store::new();
    let mut receiver = store.start();
    store.deliver(&receiver, FLEET);
    receiver.kill();
    // Its number may be somebody else's by now.
    fs::write(store.data.join("lock"), format!("{}\n", std::process::id())).unwrap();
    let receiver = store.start();
    holds(settle(receiver.address, &store.ledger));
    store.expect_all_after_a_crash(receiver);
}
