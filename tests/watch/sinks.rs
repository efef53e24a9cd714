//! What can be watched of sinks.

use crate::support::PATIENCE;
use crate::support::receiver::{Receiver, setup};
use crate::support::request::signed;
use crate::support::unique;
use crate::{Numbers, readiness, until};
use std::time::Instant;

/// A receiver with these sinks.
fn start(sinks: &str) -> Receiver {
    let text = format!(
        "listen = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n\
         [[source]]\nname = \"a\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n{sinks}"
    );
    setup().config(&text).start()
}

/// A sink that fails until there is a file of this name.
fn until_there_is(name: &str) -> String {
    format!(
        "[[sink]]\nname = \"{name}\"\ntype = \"command\"\nargv = [\"test\", \"-e\", \"{name}\"]\nbackoff = \"100ms\"\n\
         backoff_limit = \"100ms\"\nmax_attempts = 1000\n"
    )
}

fn send(receiver: &Receiver, count: usize) {
    for _ in 0..count {
        receiver.send(&signed(format!("{{\"n\":{}}}", unique()))).expect_success();
    }
}

fn of(numbers: &Numbers, name: &str, sink: &str, kind: &str) -> f64 {
    numbers.at(&format!("hookgate_sink_{name}{{sink=\"{sink}\",kind=\"{kind}\"}}"))
}

fn attempts(numbers: &Numbers, sink: &str, kind: &str, outcome: &str) -> f64 {
    numbers.at(&format!("hookgate_sink_attempts_total{{sink=\"{sink}\",kind=\"{kind}\",outcome=\"{outcome}\"}}"))
}

/// Waits until it says that it is ready, or not.
fn until_ready(receiver: &Receiver, is_ready: bool) -> String {
    let start = Instant::now();
    loop {
        let (status, said) = readiness(receiver);
        if (status == 200) == is_ready {
            return said.to_string();
        }
        assert!(start.elapsed() < PATIENCE, "{said}");
    }
}

#[test]
fn what_a_sink_takes_is_counted_and_its_lag_goes_to_nothing() {
    let receiver = start("[[sink]]\nname = \"lines\"\ntype = \"file\"\npath = \"events.jsonl\"\n");
    send(&receiver, 5);
    let numbers = until(&receiver, |numbers| attempts(numbers, "lines", "file", "done") == 5.0);
    assert_eq!(of(&numbers, "dead_letters", "lines", "file"), 0.0);
    assert_eq!(of(&numbers, "paused", "lines", "file"), 0.0);
    assert!(of(&numbers, "last_success_timestamp_seconds", "lines", "file") > 0.0);
    until(&receiver, |numbers| {
        numbers.has("hookgate_sink_lag_events{sink=\"lines\",kind=\"file\"}")
            && of(numbers, "lag_events", "lines", "file") == 0.0
    });
}

#[test]
fn while_every_sink_is_paused_it_is_not_ready_and_then_it_is_again() {
    let receiver = start(&until_there_is("works"));
    send(&receiver, 12);
    assert!(until_ready(&receiver, false).contains("all sinks are paused"));
    let numbers = until(&receiver, |numbers| of(numbers, "paused", "works", "command") == 1.0);
    assert!(attempts(&numbers, "works", "command", "retry") >= 8.0);
    assert!(of(&numbers, "owed_events", "works", "command") >= 1.0);
    assert!(of(&numbers, "lag_events", "works", "command") + of(&numbers, "owed_events", "works", "command") >= 1.0);
    receiver.folder.file("works", b"");
    until_ready(&receiver, true);
    until(&receiver, |numbers| {
        attempts(numbers, "works", "command", "done") == 12.0
            && of(numbers, "owed_events", "works", "command") == 0.0
            && of(numbers, "lag_events", "works", "command") == 0.0
            && of(numbers, "paused", "works", "command") == 0.0
    });
}

#[test]
fn a_sink_that_is_paused_beside_one_that_works_leaves_it_ready() {
    let receiver = start(&format!("{}[[sink]]\nname = \"out\"\ntype = \"stdout\"\n", until_there_is("works")));
    send(&receiver, 12);
    until(&receiver, |numbers| of(numbers, "paused", "works", "command") == 1.0);
    assert_eq!(readiness(&receiver).0, 200);
}

#[test]
fn dead_letters_are_counted() {
    let sink = "[[sink]]\nname = \"never\"\ntype = \"command\"\nargv = [\"false\"]\nmax_attempts = 1\n";
    let receiver = start(sink);
    send(&receiver, 3);
    until(&receiver, |numbers| of(numbers, "dead_letters", "never", "command") == 3.0);
}

#[test]
fn attempts_are_counted_on_through_a_reload_also_where_the_sink_changes_and_a_sink_that_is_no_more_is_not_told_of() {
    let sink = |name: &str, concurrency: u32| {
        format!("[[sink]]\nname = \"{name}\"\ntype = \"command\"\nargv = [\"true\"]\nconcurrency = {concurrency}\n")
    };
    let receiver = start(&[sink("same", 1), sink("changes", 1), sink("goes", 1)].concat());
    send(&receiver, 3);
    let done = |numbers: &Numbers, sink: &str| attempts(numbers, sink, "command", "done");
    until(&receiver, |numbers| ["same", "changes", "goes"].iter().all(|sink| done(numbers, sink) == 3.0));
    let text = std::fs::read_to_string(receiver.folder.path().join("hookgate.toml")).unwrap();
    let (before, _) = text.split_once("[[sink]]").unwrap();
    let text = format!("{before}{}{}", sink("same", 1), sink("changes", 2));
    receiver.folder.file("hookgate.toml", text.as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk("read the configuration again");
    let numbers = Numbers::of(&receiver);
    assert_eq!([done(&numbers, "same"), done(&numbers, "changes")], [3.0, 3.0]);
    let succeeded = "hookgate_sink_last_success_timestamp_seconds{sink=\"changes\",kind=\"command\"}";
    assert!(numbers.has(succeeded));
    assert!(!numbers.0.keys().any(|name| name.contains("\"goes\"")), "{:?}", numbers.0);
    send(&receiver, 1);
    until(&receiver, |numbers| done(numbers, "same") == 4.0 && done(numbers, "changes") == 4.0);
}

#[test]
fn an_attempt_after_which_there_is_none_is_counted_as_such() {
    let receiver = start("[[sink]]\nname = \"never\"\ntype = \"command\"\nargv = [\"false\"]\nexit_other = \"dead\"\n");
    send(&receiver, 2);
    until(&receiver, |numbers| {
        attempts(numbers, "never", "command", "dead") == 2.0
            && of(numbers, "dead_letters", "never", "command") == 2.0
            && attempts(numbers, "never", "command", "retry") == 0.0
    });
}
