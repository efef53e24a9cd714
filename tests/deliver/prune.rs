//! What is deleted, and what a sink still owes.

use super::place::{QUICK, again, command, end, events, file, json, post, wait_for_lines, wait_for_standing, with};

fn listed(folder: &crate::support::folder::Folder) -> Vec<u64> {
    let lines = events(folder, &["list", "--limit", "0", "--json"]).out();
    let number = |line: &str| json(line)["id"].as_str().unwrap().rsplit_once('_').unwrap().1.parse().unwrap();
    let mut numbers: Vec<u64> = lines.lines().map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn what_a_sink_owes_is_not_deleted_and_a_dead_letter_is() {
    let waits = "[ \"$(cat)\" = '{\"n\":2}' ] && [ ! -e ok ] && exit 75; exit 0";
    let sinks = [command("run", waits, "backoff = \"1d\"\nbackoff_limit = \"1d\"\n"), file("log")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, 1..=4);
    wait_for_lines(&folder.path().join("log.jsonl"), 4);
    wait_for_standing(&folder, 2, "run", "owed");
    wait_for_standing(&folder, 4, "run", "done");
    let said = events(&folder, &["prune", "--older-than", "0s"]).out();
    assert!(said.contains("kept from number 2 on"), "{said}");
    assert_eq!(listed(&folder), [2, 3, 4], "asked of a receiver");
    let said = events(&folder, &["prune", "--older-than", "1d"]).out();
    assert!(!said.contains("kept"), "of those that were to go, none was: {said}");
    end(&mut receiver);
    let said = events(&folder, &["prune", "--older-than", "0s"]).out();
    assert!(said.contains("kept from number 2 on"), "{said}");
    assert_eq!(listed(&folder), [2, 3, 4], "alone");
    // A sink that is no longer there owes nothing.
    let mut receiver = again(&folder, &[file("log")]);
    events(&folder, &["prune", "--older-than", "0s"]);
    assert_eq!(listed(&folder), [0; 0]);
    end(&mut receiver);
}

#[test]
fn a_dead_letter_goes_when_its_event_is_to_go() {
    let receiver = with(&[command("run", "exit 1", &format!("max_attempts = 1\n{QUICK}"))]).start();
    let folder = &receiver.folder;
    post(&receiver, [1]);
    wait_for_standing(folder, 1, "run", "dead");
    events(folder, &["prune", "--older-than", "0s"]);
    assert_eq!(listed(folder), [0; 0]);
    assert_eq!(events(folder, &["list", "--dead", "--json"]).out(), "");
    assert!(events(folder, &["replay", "--dead"]).out().starts_with("queued 0 events"));
}
