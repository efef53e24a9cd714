//! Events that a sink gives up on, and sinks that are given a rest.

use super::place::{
    QUICK, again, command, end, events, fate, file, json, numbers, post, wait_for, wait_for_lines, wait_for_standing,
    with,
};
use rusqlite::Connection;

#[test]
fn after_its_last_attempt_an_event_is_a_dead_letter_that_can_be_found_and_handed_on_again() {
    let script =
        "cat >> tried; echo >> tried; [ -e ok ] || { echo broken; exit 1; }; cat; echo \"$HOOKGATE_ID\" >> got";
    let receiver = with(&[command("run", script, &format!("max_attempts = 2\n{QUICK}"))]).start();
    let folder = &receiver.folder;
    post(&receiver, [1, 2]);
    for event in [1, 2] {
        let dead = wait_for_standing(folder, event, "run", "dead");
        assert_eq!((&dead["attempts"], dead["tried"].as_array().unwrap().len()), (&2.into(), 2), "{dead}");
        assert_eq!(dead["tried"][1]["output"], "broken\n");
    }
    receiver.expect_talk_times("the sink run gave up on evt_", 2);
    let listed: Vec<_> = events(folder, &["list", "--dead", "--json"]).out().lines().map(json).collect();
    let found: Vec<_> = listed.iter().map(|line| (line["sink"].as_str(), line["attempts"].as_u64())).collect();
    assert_eq!(found, [(Some("run"), Some(2)); 2], "{listed:?}");
    assert!(listed[0]["why"].as_str().unwrap().contains('1'), "{listed:?}");
    assert_eq!(events(folder, &["list", "--dead", "--sink", "other", "--json"]).out(), "");
    assert!(events(folder, &["list", "--dead"]).out().contains("SINK"));
    folder.file("ok", b"");
    events(folder, &["replay", "--dead"]);
    let got = wait_for_lines(&folder.path().join("got"), 2);
    let ids: Vec<_> = listed.iter().rev().map(|line| line["id"].as_str().unwrap()).collect();
    assert_eq!(got, ids, "they keep their ids");
    for event in [1, 2] {
        wait_for_standing(folder, event, "run", "done");
    }
    assert_eq!(events(folder, &["list", "--dead", "--json"]).out(), "");
}

#[test]
fn an_exit_code_that_says_never_is_one_attempt() {
    let receiver = with(&[command("run", "exit 3", "exit_other = \"dead\"\n")]).start();
    post(&receiver, [1]);
    let dead = wait_for_standing(&receiver.folder, 1, "run", "dead");
    assert_eq!(dead["tried"].as_array().unwrap().len(), 1);
    assert_eq!(dead["tried"][0]["outcome"], "dead");
}

#[test]
fn a_sink_that_fails_on_and_on_takes_no_new_events_until_it_works() {
    let script = "echo x >> tried; [ -e ok ] || exit 1; printf '%s\\n' \"$(cat)\" >> got";
    let receiver = with(&[command("run", script, &format!("max_attempts = 1000\nconcurrency = 2\n{QUICK}"))]).start();
    let folder = &receiver.folder;
    post(&receiver, 1..=50);
    receiver.expect_talk("the sink run fails on and on, and is paused");
    let tried = super::place::lines(&folder.path().join("tried")).len();
    wait_for("it is probed", || (super::place::lines(&folder.path().join("tried")).len() > tried + 3).then_some(()));
    assert_eq!(fate(folder, 50, "run")["standing"], "waiting");
    folder.file("ok", b"");
    let mut got = wait_for_lines(&folder.path().join("got"), 50);
    receiver.expect_talk("the sink run works again");
    got.sort();
    got.dedup();
    assert_eq!(got.len(), 50);
}

#[test]
fn an_event_that_was_spoilt_on_the_disk_is_given_up_on_and_holds_no_other_back() {
    let sinks = [command("run", "cat >> got; echo >> got", ""), file("log")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, 1..=4);
    wait_for_lines(&folder.path().join("got"), 4);
    wait_for_lines(&folder.path().join("log.jsonl"), 4);
    end(&mut receiver);
    let store = Connection::open(folder.path().join("hookgate-data/events.db")).unwrap();
    assert_eq!(store.execute("UPDATE events SET body = CAST('{\"n\":9}' AS BLOB) WHERE id IN (1, 3)", []).unwrap(), 2);
    drop(store);
    // All that is kept is handed on again, and one of it is asked for once more.
    std::fs::remove_file(folder.path().join("hookgate-data/delivery.db")).unwrap();
    let receiver = again(&folder, &sinks);
    assert_eq!(wait_for_lines(&folder.path().join("got"), 6)[4..], ["{\"n\":2}", "{\"n\":4}"]);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 6))[4..], [2, 4]);
    for sink in ["run", "log"] {
        for event in [1, 3] {
            wait_for("it is given up on", || {
                let dead = events(&folder, &["list", "--dead", "--sink", sink, "--json"]).out();
                dead.lines()
                    .map(json)
                    .any(|line| {
                        line["number"] == event || line["id"].as_str().unwrap().ends_with(&format!("{event:010}"))
                    })
                    .then_some(())
            });
        }
    }
    receiver.expect_talk_times("it is not what was written", 4);
    events(&folder, &["replay", "--dead"]);
    receiver.expect_talk_times("it is not what was written", 8);
    post(&receiver, [5]);
    wait_for_lines(&folder.path().join("got"), 7);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 7))[6..], [5]);
}
