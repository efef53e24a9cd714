//! The folder is not what it was.

use super::store::{FLEET, Store, expect_refused, holds};
use crate::support::command::{finish, hookgate};
use crate::support::fleet::settle;
use crate::support::ledger::Ledger;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

/// What makes a program of root's heed permissions as one of anybody else does; nothing where it does already.
fn heeding_permissions() -> &'static [&'static str] {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if is_root { &["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] } else { &[] }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_folder_that_cannot_be_written_to_is_refused_at_the_start() {
    let store = Store::new();
    let mut receiver = store.start();
    store.deliver(&receiver, FLEET);
    receiver.signal("TERM");
    receiver.wait();
    set_mode(&store.data, 0o500);
    let outcome = store.setup().within(heeding_permissions()).fail();
    set_mode(&store.data, 0o700);
    expect_refused(&outcome);
    set_mode(&store.data.join("events.db"), 0o400);
    let outcome = store.setup().within(heeding_permissions()).fail();
    set_mode(&store.data.join("events.db"), 0o600);
    expect_refused(&outcome);
    let receiver = store.start();
    holds(settle(receiver.address, &store.ledger));
    store.expect_all_after_a_crash(receiver);
}

#[test]
fn a_file_in_the_place_of_the_folder_is_refused() {
    let store = Store::new();
    fs::write(&store.data, "no folder").unwrap();
    expect_refused(&store.setup().fail());
}

#[test]
fn a_folder_that_may_not_be_looked_into_is_not_said_to_be_empty() {
    let store = Store::new();
    drop(store.start());
    set_mode(&store.data, 0);
    let hookgate = hookgate();
    let mut words = heeding_permissions().iter().map(OsStr::new).chain([hookgate.get_program()]);
    let mut command = Command::new(words.next().expect("there is a program"));
    command.args(words).args(["events", "list", "--data"]).arg(&store.data);
    let outcome = finish(command, b"");
    set_mode(&store.data, 0o700);
    outcome.expect_misconfigured("a folder that is not ours");
    assert!(outcome.stderr.contains("Permission denied"), "{outcome:?}");
}

#[test]
fn a_folder_that_becomes_read_only_loses_nothing() {
    let store = Store::new();
    let receiver = store.setup().within(heeding_permissions()).start();
    store.deliver(&receiver, FLEET);
    set_mode(&store.data, 0o500);
    store.deliver(&receiver, FLEET);
    set_mode(&store.data, 0o700);
    store.expect_recovery(&receiver);
    store.expect_all_after_a_crash(receiver);
}

/// Delivers, has `meddle` do something to the folder, delivers again, starts anew. What was answered after the meddling has to be
/// there; what was before it may be, or may have gone with it.
fn meddle(what: &str, meddle: impl Fn(&Path), settle_after: impl Fn(&Path)) {
    let store = Store::new();
    let mut receiver = store.start();
    assert_eq!(store.deliver(&receiver, FLEET), 0);
    let before: BTreeSet<String> = store.ledger().sent().cloned().collect();
    meddle(&store.data);
    store.deliver(&receiver, FLEET);
    store.deliver(&receiver, FLEET);
    let after = |ledger: &Ledger| {
        let answered = ledger.sent().filter(|name| ledger.is_answered(name) && !before.contains(*name));
        answered.cloned().collect::<BTreeSet<String>>()
    };
    let answered = after(&store.ledger());
    eprintln!("{what}: {} answered after it", answered.len());
    assert!(receiver.is_running(), "{what}: {}", receiver.talk());
    receiver.kill();
    settle_after(&store.data);
    let ledger = Ledger::of(store.ledger().sent(), &answered);
    *store.ledger() = ledger;
    let receiver = store.start();
    holds(settle(receiver.address, &store.ledger));
    store.expect_all_after_a_crash(receiver);
}

const FILES: [&str; 3] = ["events.db", "events.db-wal", "events.db-shm"];

#[test]
fn a_store_that_is_deleted_under_it_acknowledges_nothing_into_the_void() {
    for files in [&FILES[..], &FILES[..1], &FILES[1..2], &FILES[1..]] {
        let delete = |data: &Path| files.iter().for_each(|file| fs::remove_file(data.join(file)).unwrap());
        meddle(&format!("deleting {files:?}"), delete, |_| {});
    }
    meddle("deleting the folder", |data| fs::remove_dir_all(data).unwrap(), |_| {});
}

#[test]
fn a_store_that_is_replaced_under_it_acknowledges_nothing_into_the_void() {
    let replace = |data: &Path| {
        fs::copy(data.join("events.db"), data.join("copy")).unwrap();
        fs::rename(data.join("copy"), data.join("events.db")).unwrap();
    };
    meddle("replacing the file by its copy", replace, |_| {});
    let away = |data: &Path| fs::rename(data, data.with_file_name("away")).unwrap();
    let back = |data: &Path| {
        let _ = fs::remove_dir_all(data);
        fs::rename(data.with_file_name("away"), data).unwrap();
    };
    meddle("moving the folder away and back", away, back);
}
