//! Two receivers want one store.

use super::store::{FLEET, Store, expect_refused, holds};
use crate::support::fleet::settle;
use std::fs;
use std::path::Path;

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

/// Puts a copy of the folder in its place.
fn replace_by_copy(data: &Path) {
    let away = data.with_file_name("away");
    fs::rename(data, &away).unwrap();
    fs::create_dir(data).unwrap();
    for file in fs::read_dir(&away).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), data.join(file.file_name())).unwrap();
    }
}

#[test]
fn a_receiver_that_goes_on_in_a_copy_of_its_folder_has_that_to_itself_too() {
    let store = Store::new();
    let first = store.start();
    assert_eq!(store.deliver(&first, FLEET), 0);
    replace_by_copy(&store.data);
    store.expect_recovery(&first);
    let outcome = store.setup().fail();
    expect_refused(&outcome);
    assert!(outcome.stderr.contains(&first.id().to_string()), "the first is {}: {outcome:?}", first.id());
    store.expect_all_after_a_crash(first);
}
