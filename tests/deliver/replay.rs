//! `hookgate events replay`.

use super::place::{QUICK, again, command, end, events, file, numbers, post, wait_for_lines, with};
use crate::support::command::run;
use crate::support::request::signed;
use std::fs;

#[test]
fn a_running_receiver_hands_on_again_what_is_named_to_every_sink_or_one() {
    let sinks = [command("run", "printf '%s\\n' \"$HOOKGATE_ID\" >> got", ""), file("log")];
    let receiver = with(&sinks).start();
    let folder = &receiver.folder;
    let (got, log) = (folder.path().join("got"), folder.path().join("log.jsonl"));
    post(&receiver, 1..=5);
    let first = wait_for_lines(&got, 5);
    wait_for_lines(&log, 5);
    assert!(events(folder, &["replay", "2", &first[3], "2"]).out().starts_with("queued 2 events for log, run"));
    assert_eq!(wait_for_lines(&got, 7)[5..], [first[1].clone(), first[3].clone()]);
    assert_eq!(numbers(&wait_for_lines(&log, 7))[5..], [2, 4]);
    events(folder, &["replay", "--since", "1h", "--sink", "run"]);
    assert_eq!(wait_for_lines(&got, 12)[7..], first);
    // What comes next shows that nothing else was queued.
    post(&receiver, [6]);
    wait_for_lines(&got, 13);
    assert_eq!(numbers(&wait_for_lines(&log, 8))[7..], [6]);
}

#[test]
fn bytes_that_are_no_json_come_again_as_they_came() {
    let receiver = with(&[command("run", "cat > \"body.$HOOKGATE_ID.$(ls | wc -l)\"", "")]).start();
    let folder = &receiver.folder;
    let body = "{ \"a\" :\t1.0e0,\n\"\\u00e9\":\"é\" }";
    receiver.send(&signed(body)).expect_success();
    let bodies = |count: usize| {
        super::place::wait_for("so many bodies", || {
            let names = fs::read_dir(folder.path()).unwrap().flatten();
            let files = names.filter(|entry| entry.file_name().to_string_lossy().starts_with("body."));
            let bodies: Vec<_> = files.map(|entry| fs::read_to_string(entry.path()).unwrap()).collect();
            (bodies.len() == count && bodies.iter().all(|found| found.len() == body.len())).then_some(bodies)
        })
    };
    assert_eq!(bodies(1), [body]);
    events(folder, &["replay", "1"]);
    assert_eq!(bodies(2), [body, body]);
}

#[test]
fn without_a_receiver_they_wait_for_the_next_one() {
    let sinks = [file("log")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    let log = folder.path().join("log.jsonl");
    post(&receiver, 1..=3);
    wait_for_lines(&log, 3);
    end(&mut receiver);
    let outcome = events(&folder, &["replay", "--type", "push"]);
    assert!(outcome.stderr.contains("no receiver runs"), "{outcome:?}");
    let _receiver = again(&folder, &sinks);
    assert_eq!(numbers(&wait_for_lines(&log, 6)), [1, 2, 3, 1, 2, 3]);
}

#[test]
fn what_cannot_be_replayed_is_said() {
    let mut receiver = with(&[file("log")]).start();
    let folder = receiver.folder.clone();
    post(&receiver, [1]);
    end(&mut receiver);
    let replay =
        |more: &[&str]| run(folder.path(), &[&["events", "replay", "--data", "hookgate-data"], more].concat(), b"");
    replay(&[]).expect_misconfigured("nothing is named");
    let unknown = replay(&["1", "--sink", "nosuch"]);
    unknown.expect_misconfigured("a sink");
    assert!(unknown.stderr.contains("it has log"), "{unknown:?}");
    assert_eq!(replay(&["2"]).code(), Some(1));
    assert_eq!(replay(&["1", "--dead"]).code(), Some(2));
    replay(&["evt_000000000000_0000000001"]).expect_misconfigured("another store");
    assert!(replay(&["--dead"]).out().starts_with("queued 0 events"));
}

#[test]
fn what_is_asked_for_while_a_sink_is_paused_comes_once_it_works() {
    let script = "[ -e ok ] || exit 1; printf '%s\\n' \"$HOOKGATE_ID\" >> got";
    let receiver = with(&[command("run", script, &format!("max_attempts = 1000\n{QUICK}")), file("log")]).start();
    let folder = &receiver.folder;
    folder.file("ok", b"");
    post(&receiver, [1]);
    let first = wait_for_lines(&folder.path().join("got"), 1);
    fs::remove_file(folder.path().join("ok")).unwrap();
    post(&receiver, 2..=30);
    receiver.expect_talk("the sink run fails on and on, and is paused");
    events(folder, &["replay", "1", "30", "--sink", "run"]);
    post(&receiver, [31]);
    folder.file("ok", b"");
    // 30 was not given yet: it comes for the first time, and again.
    let mut got = wait_for_lines(&folder.path().join("got"), 33);
    got.sort();
    let times = |id: &String| got.iter().filter(|other| *other == id).count();
    assert_eq!((times(&first[0]), times(got.last().unwrap())), (2, 1), "{got:?}");
    assert_eq!(got.iter().filter(|id| times(id) == 2).count(), 4, "{got:?}");
}
