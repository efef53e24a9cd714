//! Others read the store while it is written to.

use super::store::{FLEET, Store, holds};
use crate::support::command::installed;
use crate::support::fleet::{Fleet, settle};
use crate::support::receiver;
use crate::support::request::{Post, signed};
use rusqlite::Connection;
use std::path::Path;
use std::process::Command;

/// `sqlite3` as anybody types it, in the folder where the receiver runs.
fn ask(folder: &Path, query: &str) -> String {
    let asked = Command::new("sqlite3").args(["hookgate-data/events.db", query]).current_dir(folder).output();
    let asked = asked.expect("sqlite3 can be started");
    assert!(asked.status.success() && asked.stderr.is_empty(), "{query}: {asked:?}");
    String::from_utf8(asked.stdout).unwrap().trim().to_string()
}

fn numbered(number: usize) -> Post {
    signed(format!(r#"{{"number":{number}}}"#)).header("X-GitHub-Event", "sentinel")
}

#[test]
fn sqlite3_counts_the_events_while_the_receiver_runs() {
    if !installed("sqlite3") {
        return;
    }
    let mut receiver = receiver::setup().storing().start();
    let folder = receiver.folder.path().to_path_buf();
    for count in 0..50 {
        assert_eq!(ask(&folder, "select count(*) from events"), count.to_string());
        receiver.send(&numbered(count)).expect_success();
    }
    let last = "select id, type, body ->> '$.number' from events where payload = 'json' order by id desc limit 1";
    assert_eq!(ask(&folder, last), "50|sentinel|49");
    let field = "select value ->> 1 from events, json_each(events.headers) \
                 where events.id = 42 and lower(value ->> 0) = 'x-github-event'";
    assert_eq!(ask(&folder, field), "sentinel");
    // Each of those was the only reader when it left: what it left has to be what the receiver goes on with.
    receiver.kill();
    assert_eq!(ask(&folder, "select count(*) from events"), "50");
    assert_eq!(ask(&folder, "pragma integrity_check"), "ok");
}

#[test]
fn readers_that_come_and_go_take_nothing_from_the_receiver() {
    let store = Store::new();
    let receiver = store.start();
    for _ in 0..10 {
        // Opened for writing, as sqlite3 does: whoever is the last to leave a file puts its log away.
        drop(Connection::open(store.data.join("events.db")).unwrap());
        assert_eq!(store.deliver(&receiver, Fleet { deliveries: 10, ..FLEET }), 0);
        holds(store.ledger().look(&store.data));
    }
    holds(settle(receiver.address, &store.ledger));
    store.expect_all_after_a_crash(receiver);
}

#[test]
fn a_reader_that_stays_holds_nobody_up() {
    let store = Store::new();
    let receiver = store.start();
    assert_eq!(store.deliver(&receiver, FLEET), 0);
    let reader = Connection::open(store.data.join("events.db")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM events;").unwrap();
    let count = |reader: &Connection| reader.query_row("SELECT count(*) FROM events", [], |row| row.get::<_, i64>(0));
    let before = count(&reader).unwrap();
    for _ in 0..3 {
        assert_eq!(store.deliver(&receiver, FLEET), 0);
    }
    assert_eq!(count(&reader).unwrap(), before, "it sees what there was when it began");
    drop(reader);
    store.expect_all_after_a_crash(receiver);
}
