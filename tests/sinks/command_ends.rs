//! How a command ends, and how it is ended.

use super::command::{attempt_with, settings};
use super::{ID, LONG, push, why_again};
use crate::support::PATIENCE;
use crate::support::folder::Folder;
use hookgate::config::{self, Exits};
use hookgate::sink::command::Command;
use hookgate::sink::{Attempt, Each, Outcome, Stopping};
use std::path::Path;
use std::time::{Duration, Instant};

/// Limits of time, of which one is long enough for a shell to start and to set its traps, however busy the machine is.
const LIMITS: [Duration; 4] =
    [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(16), Duration::from_secs(64)];

fn sh(folder: &Folder, script: &str) -> config::Command {
    settings(folder.path(), &["sh", "-c", script])
}

fn text(attempt: &Attempt) -> String {
    String::from_utf8(attempt.output.clone()).unwrap()
}

/// What a command wrote that took too long, once it had time enough to write `lines` lines before.
fn took_too_long(settings: &config::Command, lines: usize) -> String {
    for timeout in LIMITS {
        let began = Instant::now();
        let attempt = attempt_with(config::Command { timeout, ..settings.clone() }, &push(&[0; 100_000]));
        let why = format!("took longer than {} s, and was killed", timeout.as_secs());
        assert_eq!(why_again(&attempt.outcome), why);
        assert!(began.elapsed() >= timeout);
        if text(&attempt).lines().count() >= lines {
            return text(&attempt);
        }
    }
    panic!("it never writes {lines} lines");
}

/// Whether the process is still there; one that has ended and that nobody waited for is not.
fn runs(process: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// That the process is gone in a while: a signal takes its time.
fn expect_gone(process: &str) {
    let end = Instant::now() + PATIENCE;
    while runs(process) {
        assert!(Instant::now() < end, "{process} is still there");
        std::thread::yield_now();
    }
}

fn kill(process: &str) {
    std::process::Command::new("kill").args(["-KILL", process.trim()]).status().unwrap();
}

#[test]
fn its_exit_code_says_what_became_of_the_event() {
    let folder = Folder::new();
    let others = |retry_others| Exits { done: vec![0, 3], retry: vec![75, 111], retry_others };
    let ended = |code: u8| format!("ended with exit status: {code}");
    for code in [0, 1, 3, 4, 75, 111, 255] {
        for retry_others in [true, false] {
            let settings = config::Command { exits: others(retry_others), ..sh(&folder, &format!("exit {code}")) };
            let expected = match code {
                0 | 3 => Outcome::Done,
                75 | 111 => Outcome::Retry { why: ended(code), after: None },
                _ if retry_others => Outcome::Retry { why: ended(code), after: None },
                _ => Outcome::Dead { why: ended(code) },
            };
            assert_eq!(attempt_with(settings, &push(b"")).outcome, expected);
        }
    }
}

#[test]
fn a_signal_is_as_any_other_code() {
    let folder = Folder::new();
    let why = "ended with signal: 9 (SIGKILL)".to_string();
    let attempt = attempt_with(sh(&folder, "kill -KILL $$"), &push(b""));
    assert_eq!(attempt.outcome, Outcome::Retry { why: why.clone(), after: None });
    let exits = Exits { done: vec![0], retry: vec![75], retry_others: false };
    let attempt = attempt_with(config::Command { exits, ..sh(&folder, "kill -KILL $$") }, &push(b""));
    assert_eq!(attempt.outcome, Outcome::Dead { why });
}

#[test]
fn it_is_waited_for() {
    let attempt = attempt_with(sh(&Folder::new(), "echo $$"), &push(b""));
    let process = text(&attempt);
    assert!(!Path::new(&format!("/proc/{}", process.trim())).exists(), "there is a zombie");
}

#[test]
fn what_it_leaves_behind_goes_on_and_is_not_waited_for() {
    // It has the streams that it was started with.
    let attempt = attempt_with(sh(&Folder::new(), "sleep 3600 & echo $!"), &push(b""));
    assert_eq!(attempt.outcome, Outcome::Done);
    let left = text(&attempt);
    assert!(runs(&left));
    kill(&left);
}

#[test]
fn what_it_leaves_behind_may_write_without_end() {
    let folder = Folder::new();
    let attempt = attempt_with(sh(&folder, "yes & echo $! > left"), &push(b""));
    assert_eq!(attempt.outcome, Outcome::Done);
    // Nobody reads that any longer, which ends it.
    expect_gone(&std::fs::read_to_string(folder.path().join("left")).unwrap());
}

#[test]
fn one_that_closes_its_streams_and_goes_on_is_waited_for() {
    let folder = Folder::new();
    let script = "exec < /dev/null > /dev/null 2>&1; sleep 0.3; echo > ended";
    assert_eq!(attempt_with(sh(&folder, script), &push(b"x")).outcome, Outcome::Done);
    assert!(folder.path().join("ended").exists());
}

#[test]
fn one_that_takes_too_long_is_asked_to_end_first() {
    let folder = Folder::new();
    let script = "trap 'echo bye; exit 0' TERM; echo ready; while :; do sleep 0.01; done";
    let said = took_too_long(&sh(&folder, script), 2);
    // A sleep that the same signal ended may say so.
    assert!(said.starts_with("ready\n") && said.ends_with("bye\n"), "{said}");
}

#[test]
fn one_that_takes_too_long_is_killed_with_all_that_it_started() {
    let folder = Folder::new();
    // Two generations, all deaf to the request.
    let script = "trap '' TERM; sh -c 'trap \"\" TERM; sleep 3600 & echo $!; wait' & echo $!; echo $$; wait";
    // Whatever other codes mean.
    for retry_others in [true, false] {
        let exits = Exits { done: vec![0], retry: vec![75], retry_others };
        let processes = took_too_long(&config::Command { exits, ..sh(&folder, script) }, 3);
        assert_eq!(processes.lines().count(), 3, "{processes}");
        processes.lines().for_each(expect_gone);
    }
}

#[test]
fn what_a_command_started_is_killed_also_where_it_ends_when_asked() {
    let folder = Folder::new();
    let script = "trap 'exit 0' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 3600' & wait";
    let processes = took_too_long(&sh(&folder, script), 1);
    assert_eq!(processes.lines().count(), 1);
    processes.lines().for_each(expect_gone);
}

#[test]
fn when_the_receiver_stops_it_may_end_until_the_moment_that_everything_has_to_be_over() {
    let folder = Folder::new();
    let stop = Stopping::new();
    stop.ask(Instant::now() + LONG);
    let command = Command::new("deploy", sh(&folder, "sleep 0.2; echo ended"), std::env::vars_os());
    assert_eq!(command.attempt(&push(b""), ID, 1, &stop).outcome, Outcome::Done);
}

#[test]
fn what_is_not_over_then_is_killed_and_tried_again() {
    let folder = Folder::new();
    let script = "trap '' TERM; sleep 3600 & echo $!; echo > ready; wait; sleep 3600";
    let command = Command::new("deploy", sh(&folder, script), std::env::vars_os());
    let stop = Stopping::new();
    let (asker, ready) = (stop.clone(), folder.path().join("ready"));
    std::thread::spawn(move || {
        while !ready.exists() {
            std::thread::yield_now();
        }
        asker.ask(Instant::now() + Duration::from_millis(200));
    });
    let attempt = command.attempt(&push(b""), ID, 1, &stop);
    assert_eq!(why_again(&attempt.outcome), "was killed, since the receiver stops");
    assert_eq!(text(&attempt).lines().count(), 1);
    text(&attempt).lines().for_each(expect_gone);
}

#[test]
fn many_at_once_all_end() {
    let folder = Folder::new();
    let command = Command::new("deploy", sh(&folder, "cat; echo $$"), std::env::vars_os());
    let run = || {
        let attempts = (0..25).map(|_| command.attempt(&push(b"body\n"), ID, 1, &Stopping::new()));
        attempts.map(|attempt| text(&attempt).strip_prefix("body\n").unwrap().to_string()).collect()
    };
    let numbers: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        threads.into_iter().flat_map(|thread| -> Vec<String> { thread.join().unwrap() }).collect()
    });
    assert_eq!(numbers.len(), 200);
    assert!(numbers.iter().all(|number| !number.is_empty()));
}
