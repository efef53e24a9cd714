//! Commands: what they are given, how often, and how many at once.

use super::place::{QUICK, command, end, fate, file, json, post, wait_for_lines, wait_for_standing, with};
use crate::support::PATIENCE;
use crate::support::receiver::{Receiver, setup};
use crate::support::store::{Row, make};
use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn a_command_gets_each_event_once_in_order_with_the_id_it_has_everywhere() {
    let script = "printf '%s ' \"$HOOKGATE_ID\" >> got; cat >> got; echo >> got";
    let mut receiver = with(&[command("run", script, ""), file("log")]).start();
    post(&receiver, 1..=20);
    let folder = receiver.folder.clone();
    let got = wait_for_lines(&folder.path().join("got"), 20);
    let log = wait_for_lines(&folder.path().join("log.jsonl"), 20);
    let expected: Vec<String> =
        log.iter().map(|line| format!("{} {}", json(line)["id"].as_str().unwrap(), json(line)["payload"])).collect();
    assert_eq!(got, expected);
    end(&mut receiver);
    assert_eq!(fs::read_to_string(folder.path().join("got")).unwrap().lines().count(), 20);
}

#[test]
fn what_a_filter_leaves_out_is_not_handed_on_and_keeps_nothing_back() {
    let only = "[sink.match]\ntypes = [\"push\"]\n[sink.match.json]\n\"/n\" = [2, 4]\n";
    let receiver = with(&[command("run", "cat >> got; echo >> got", only)]).start();
    post(&receiver, 1..=5);
    assert_eq!(wait_for_lines(&receiver.folder.path().join("got"), 2), [r#"{"n":2}"#, r#"{"n":4}"#]);
    super::place::wait_for("the cursor is past them", || {
        (super::place::cursor(&receiver.folder, "run") == 5).then_some(())
    });
}

#[test]
fn a_command_that_fails_is_run_again_until_it_does_not_and_what_it_printed_is_kept() {
    let script = "echo \"try $HOOKGATE_ATTEMPT\"; [ -e ok ] || exit 1; echo \"$HOOKGATE_ID\" >> got";
    let receiver = with(&[command("run", script, QUICK)]).start();
    post(&receiver, [1]);
    let folder = &receiver.folder;
    wait_for_standing(folder, 1, "run", "owed");
    super::place::wait_for("a second attempt", || {
        (fate(folder, 1, "run")["tried"].as_array().unwrap().len() >= 2).then_some(())
    });
    folder.file("ok", b"");
    wait_for_lines(&folder.path().join("got"), 1);
    let fate = wait_for_standing(folder, 1, "run", "done");
    let tried = fate["tried"].as_array().unwrap();
    for (at, attempt) in tried.iter().enumerate() {
        assert_eq!(attempt["number"], at + 1, "{fate}");
        assert_eq!(attempt["output"], format!("try {}\n", at + 1), "{fate}");
        let is_last = at == tried.len() - 1;
        assert_eq!(attempt["outcome"], if is_last { "done" } else { "retry" }, "{fate}");
    }
}

#[test]
fn a_command_that_hangs_is_ended_with_all_that_it_started() {
    let script = "sleep 3600 & echo $! $$ > pids.new; mv pids.new pids; [ -e ok ] || wait; echo done >> got; kill $!";
    let receiver = with(&[command("run", script, &format!("timeout = \"1s\"\n{QUICK}"))]).start();
    let path = receiver.folder.path().to_path_buf();
    post(&receiver, [1]);
    let pids = wait_for_lines(&path.join("pids"), 1).remove(0);
    wait_for_standing(&receiver.folder, 1, "run", "owed");
    for pid in pids.split(' ') {
        super::place::wait_for("the process is gone", || {
            let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            (state.is_empty() || state.contains(") Z ")).then_some(())
        });
    }
    receiver.folder.file("ok", b"");
    wait_for_lines(&path.join("got"), 1);
}

#[test]
fn how_a_command_ended_is_known_also_where_the_one_that_started_us_ignores_its_children() {
    let ignoring = ["env", "--ignore-signal=CHLD"];
    let receiver = with(&[command("run", "exit 75", "max_attempts = 1\n")]).within(&ignoring).start();
    post(&receiver, [1]);
    let dead = wait_for_standing(&receiver.folder, 1, "run", "dead");
    assert_eq!(dead["tried"][0]["why"], "ended with exit status: 75", "{dead}");
}

/// The processes whose parent is `receiver`.
fn children(receiver: &Receiver) -> Vec<String> {
    let parent = format!(" {} ", receiver.id());
    let stats = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| {
        let name = entry.file_name();
        let is_process = name.to_string_lossy().bytes().all(|byte| byte.is_ascii_digit());
        if is_process { fs::read_to_string(entry.path().join("stat")).ok() } else { None }
    });
    // proc(5): the name stands in parentheses, and may have any in it; state and parent are behind it.
    stats
        .filter(|stat| {
            stat.rsplit_once(')').is_some_and(|(_, rest)| rest.get(2..).is_some_and(|rest| rest.starts_with(&parent)))
        })
        .collect()
}

#[test]
fn ten_thousand_events_leave_no_child_behind_and_never_have_more_than_four() {
    let count = 10_000;
    let sinks = ["[[sink]]\nname = \"run\"\ntype = \"command\"\nargv = [\"true\"]\nconcurrency = 4\n".to_string()];
    let setup = setup().config(&super::place::config(&sinks));
    make(setup.place().path(), (0..count).map(|_| Row::default()));
    let mut receiver = setup.start();
    let (mut done, mut moved, mut most) = (0, Instant::now(), 0);
    let mut seen = BTreeSet::new();
    while done < count {
        let children = children(&receiver);
        assert!(children.len() <= 4, "{children:?}");
        most = most.max(children.len());
        seen.extend(children.iter().filter_map(|stat| stat.split(' ').next().map(str::to_string)));
        let now = super::place::cursor(&receiver.folder, "run");
        if now > done {
            (done, moved) = (now, Instant::now());
        }
        assert!(moved.elapsed() < PATIENCE, "it stands still at {done}: {}", receiver.talk());
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(most > 0 && seen.len() > 1, "they were looked at while they ran");
    assert!(children(&receiver).is_empty());
    end(&mut receiver);
}
