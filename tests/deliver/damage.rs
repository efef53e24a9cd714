//! What delivery wrote down, and what it reads, is damaged, or is of another time.

use super::place::{
    QUICK, again, command, cursor, end, events, fate, file, lines, numbers, post, wait_for, wait_for_lines,
    wait_for_standing, with,
};
use crate::support::command::run;
use crate::support::faketime::faketime;
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::signed;
use crate::support::store::{Row, make};
use rusqlite::Connection;
use std::fs;

/// Does `statement` to a file of the store, while no receiver runs.
fn change(folder: &Folder, name: &str, statement: &str) {
    let connection = Connection::open(folder.path().join("hookgate-data").join(name)).unwrap();
    connection.execute_batch(statement).unwrap();
}

/// A command that keeps what it gets, unless it has to wait for the file `ok`.
const WAITS: &str = "[ -e ok ] || exit 1; cat >> got; echo >> got";

#[test]
fn an_event_whose_type_cannot_even_be_read_is_given_up_on_and_holds_no_other_back() {
    let sinks = [command("run", "cat >> got; echo >> got", "[sink.match]\ntypes = [\"push\"]\n"), file("log")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, 1..=4);
    wait_for_lines(&folder.path().join("got"), 4);
    end(&mut receiver);
    change(&folder, "events.db", "UPDATE events SET type = CAST(X'ff' AS TEXT) WHERE id IN (1, 3)");
    // All that is kept is handed on again.
    fs::remove_file(folder.path().join("hookgate-data/delivery.db")).unwrap();
    let receiver = again(&folder, &sinks);
    assert_eq!(wait_for_lines(&folder.path().join("got"), 6)[4..], ["{\"n\":2}", "{\"n\":4}"]);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 6))[4..], [2, 4]);
    for sink in ["run", "log"] {
        wait_for("both are given up on", || {
            let dead = events(&folder, &["list", "--dead", "--sink", sink, "--json"]).out();
            (dead.lines().count() == 2).then_some(())
        });
    }
    post(&receiver, [5]);
    wait_for_lines(&folder.path().join("got"), 7);
}

#[test]
fn what_comes_before_a_damaged_page_is_handed_on() {
    const PAGE_BYTES: usize = 8192;
    let sinks = [command("run", "cat >> got; echo >> got", ""), file("log")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    // So long that each has a page of its own.
    let body = |number: u32| format!("{{\"n\":{number},\"x\":\"{}\"}}", "x".repeat(7000));
    for number in 1..=30 {
        receiver.send(&signed(body(number))).expect_success();
    }
    let (got, log) = (folder.path().join("got"), folder.path().join("log.jsonl"));
    wait_for_lines(&got, 30);
    wait_for_lines(&log, 30);
    end(&mut receiver);
    let data = folder.path().join("hookgate-data");
    let mut bytes = fs::read(data.join("events.db")).unwrap();
    let twentieth = bytes.windows(8).position(|bytes| bytes == b"{\"n\":20,").unwrap();
    let page = twentieth / PAGE_BYTES * PAGE_BYTES;
    bytes[page..page + 8].fill(0xff);
    fs::write(data.join("events.db"), bytes).unwrap();
    fs::remove_file(data.join("delivery.db")).unwrap();
    let _receiver = again(&folder, &sinks);
    let before: Vec<u64> = (1..=19).collect();
    assert_eq!(numbers(&wait_for_lines(&log, 49))[30..], before);
    let got = wait_for_lines(&got, 49);
    assert!(
        got[30..].iter().zip(before).all(|(line, number)| line.starts_with(&format!("{{\"n\":{number},"))),
        "{got:?}"
    );
}

#[test]
fn an_impossible_number_of_attempts_holds_nobody_back_and_can_be_shown() {
    let sinks = [command("run", WAITS, QUICK)];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, 1..=3);
    wait_for_standing(&folder, 3, "run", "owed");
    end(&mut receiver);
    let owed = "UPDATE owed SET attempts = CASE event WHEN 1 THEN -1 ELSE 1099511627776 END, dead = event = 3, why = CAST(X'ff' AS TEXT);
                UPDATE attempts SET number = -1, why = CAST(X'ff' AS TEXT);";
    change(&folder, "delivery.db", owed);
    assert_eq!(fate(&folder, 1, "run")["attempts"], 0);
    let dead = events(&folder, &["list", "--dead", "--json"]).out();
    assert!(dead.contains("\u{fffd}") && dead.lines().count() == 1, "{dead}");
    folder.file("ok", b"");
    let _receiver = again(&folder, &sinks);
    wait_for_lines(&folder.path().join("got"), 2);
    events(&folder, &["replay", "--dead"]);
    wait_for_lines(&folder.path().join("got"), 3);
}

#[test]
fn what_was_put_off_by_a_clock_that_is_set_right_since_comes_at_the_next_start() {
    let sinks = [command("run", WAITS, "backoff = \"1h\"\nbackoff_limit = \"1h\"\n")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, 1..=2);
    wait_for_standing(&folder, 1, "run", "owed");
    wait_for_standing(&folder, 2, "run", "owed");
    end(&mut receiver);
    // A day is the longest that a server may ask for. One that is within that is left to wait.
    let now = "CAST(strftime('%s') AS INTEGER) * 1000";
    let day = 86_400_000;
    let later = format!("UPDATE owed SET next_at = {now} + iif(event = 1, {day} * 3650, {day} - 60000)");
    change(&folder, "delivery.db", &later);
    folder.file("ok", b"");
    let receiver = again(&folder, &sinks);
    assert_eq!(wait_for_lines(&folder.path().join("got"), 1), [r#"{"n":1}"#]);
    post(&receiver, [3]);
    assert_eq!(wait_for_lines(&folder.path().join("got"), 2)[1..], [r#"{"n":3}"#]);
    assert_eq!(fate(&folder, 2, "run")["standing"], "owed");
}

#[test]
fn what_was_put_off_comes_when_the_clock_is_set_back_while_it_runs() {
    let Some(library) = faketime() else { return };
    let setup = with(&[command("run", WAITS, QUICK)]);
    let offset = setup.place().path().join("offset");
    fs::write(&offset, "+10d").unwrap();
    let receiver = setup.clock(&library, &offset).start();
    let folder = receiver.folder.clone();
    post(&receiver, [1]);
    wait_for_standing(&folder, 1, "run", "owed");
    fs::write(&offset, "+0").unwrap();
    let count = || fate(&folder, 1, "run")["tried"].as_array().unwrap().len();
    let before = count();
    wait_for("more attempts", || (count() > before + 2).then_some(()));
    folder.file("ok", b"");
    wait_for_lines(&folder.path().join("got"), 1);
}

#[test]
fn a_cursor_goes_on_while_nothing_but_events_of_others_is_found() {
    for only in ["types = [\"release\"]\n", "[sink.match.json]\n\"/ref\" = \"main\"\n"] {
        let sinks = [command("run", "echo >> got", &format!("[sink.match]\n{only}"))];
        let setup = with(&sinks);
        // More than is looked at in one go.
        make(setup.place().path(), (0..5000).map(|_| Row::default()));
        let data = setup.place().path().join("hookgate-data");
        Connection::open(data.join("delivery.db"))
            .unwrap()
            .execute_batch(
                "CREATE TABLE cursors (sink TEXT NOT NULL, store TEXT NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (sink)) STRICT;
                 CREATE TABLE seen (event INTEGER);
                 CREATE TRIGGER seen AFTER UPDATE OF event ON cursors BEGIN INSERT INTO seen VALUES (new.event); END;",
            )
            .unwrap();
        let mut receiver = setup.start();
        let folder = receiver.folder.clone();
        wait_for("the cursor is past them", || (cursor(&folder, "run") == 5000).then_some(()));
        end(&mut receiver);
        let connection = Connection::open(data.join("delivery.db")).unwrap();
        let between = "SELECT count(*) FROM seen WHERE event > 0 AND event < 5000";
        let between: i64 = connection.query_row(between, [], |row| row.get(0)).unwrap();
        assert!(between >= 2, "{between} with {only}");
        assert_eq!(lines(&folder.path().join("got")), [""; 0]);
    }
}

#[test]
fn a_file_of_deliverys_that_is_none_is_said_at_the_start_and_an_empty_one_is_begun_anew() {
    let sinks = [file("log")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, 1..=3);
    wait_for_lines(&folder.path().join("log.jsonl"), 3);
    end(&mut receiver);
    let path = folder.path().join("hookgate-data/delivery.db");
    let whole = fs::read(&path).unwrap();
    let garbage = vec![b'x'; whole.len()];
    for damaged in [&garbage[..], &whole[..100], &whole[..4096]] {
        fs::write(&path, damaged).unwrap();
        let Err(refused) = setup().folder(&folder).config(&super::place::config(&sinks)).try_start() else {
            panic!("{} bytes are taken", damaged.len());
        };
        refused.expect_misconfigured("a damaged file");
        assert!(refused.stderr.contains("delivery.db") && refused.stderr.contains("move it away"), "{refused:?}");
    }
    fs::write(&path, "").unwrap();
    let _receiver = again(&folder, &sinks);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 6)), [1, 2, 3, 1, 2, 3]);
}

#[test]
fn with_a_recovered_store_every_sink_goes_on_from_where_it_was() {
    let sinks = [command("run", WAITS, "backoff = \"1h\"\nbackoff_limit = \"1h\"\n"), file("log")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, [1]);
    wait_for_standing(&folder, 1, "run", "owed");
    folder.file("ok", b"");
    post(&receiver, 2..=3);
    wait_for_lines(&folder.path().join("got"), 2);
    wait_for_lines(&folder.path().join("log.jsonl"), 3);
    for sink in ["run", "log"] {
        wait_for_standing(&folder, 3, sink, "done");
    }
    // It leaves a log behind.
    receiver.kill();
    let recovered = run(folder.path(), &["store", "recover", "--data", "hookgate-data"], b"");
    assert_eq!(recovered.code(), Some(0), "{recovered:?}");
    let config = super::place::config(&sinks).replace("hookgate-data", "hookgate-data-recovered");
    let receiver = setup().folder(&folder).config(&config).start();
    post(&receiver, [4]);
    assert_eq!(wait_for_lines(&folder.path().join("got"), 3)[2], "{\"n\":4}");
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 4)), [1, 2, 3, 4]);
    let again =
        run(folder.path(), &["events", "replay", "1", "--sink", "run", "--data", "hookgate-data-recovered"], b"");
    assert_eq!(again.code(), Some(0), "{again:?}");
    assert_eq!(wait_for_lines(&folder.path().join("got"), 4)[3], "{\"n\":1}");
}
