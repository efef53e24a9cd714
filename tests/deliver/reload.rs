//! Sinks that come, change and go while the receiver runs.

use super::place::{again, command, config, end, file, numbers, post, wait_for, wait_for_lines, with};

#[test]
fn sinks_change_while_it_runs_and_lose_nothing() {
    let slow = "until [ -e go ]; do sleep 0.05; done; cat >> slow; echo >> slow";
    let receiver = with(&[command("slow", slow, ""), file("log")]).start();
    let folder = &receiver.folder;
    post(&receiver, 1..=3);
    wait_for_lines(&folder.path().join("log.jsonl"), 3);
    let reload = |sinks: &[String], times: usize| {
        folder.file("hookgate.toml", config(sinks).as_bytes());
        receiver.signal("HUP");
        receiver.expect_talk_times("read the configuration again", times);
    };
    // One that is new has what comes after it; the others are where they were.
    reload(&[command("slow", slow, ""), file("log"), file("new")], 1);
    receiver.expect_talk("the sink new is new: it gets the events after number 3");
    post(&receiver, [4]);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("new.jsonl"), 1)), [4]);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 4)), [1, 2, 3, 4]);
    // One that changed goes on from where it was, once what it has begun is over.
    reload(&[command("slow", &format!("{slow} # anew"), ""), file("new")], 2);
    folder.file("go", b"");
    post(&receiver, [5]);
    let slow = wait_for_lines(&folder.path().join("slow"), 5);
    assert_eq!(slow, (1..=5).map(|number| format!("{{\"n\":{number}}}")).collect::<Vec<_>>());
    // One that was away goes on from there, too.
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("new.jsonl"), 2)), [4, 5]);
    reload(&[file("new"), file("log")], 3);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 5)), [1, 2, 3, 4, 5]);
    // A file that is wrong changes nothing.
    folder.file("hookgate.toml", config(&["[[sink]]\nname = \"x\"\n".into()]).as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk("nothing has changed");
    post(&receiver, [6]);
    wait_for_lines(&folder.path().join("log.jsonl"), 6);
}

#[test]
fn where_nothing_was_handed_on_yet_sinks_begin_with_the_first_event() {
    let mut receiver = with(&[file("one")]).start();
    let folder = receiver.folder.clone();
    post(&receiver, 1..=3);
    wait_for_lines(&folder.path().join("one.jsonl"), 3);
    end(&mut receiver);
    for name in ["delivery.db", "delivery.db-wal", "delivery.db-shm"] {
        let _ = std::fs::remove_file(folder.path().join("hookgate-data").join(name));
    }
    let receiver = again(&folder, &[file("one"), file("two")]);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("two.jsonl"), 3)), [1, 2, 3]);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("one.jsonl"), 6)), [1, 2, 3, 1, 2, 3]);
    wait_for("both are at the end", || (super::place::cursor(&receiver.folder, "two") == 3).then_some(()));
}
