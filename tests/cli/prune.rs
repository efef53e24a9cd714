//! `hookgate events prune`.

use super::events::{events, lines, numbers};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::signed;
use crate::support::store::{Row, make};

fn listed(folder: &Folder) -> Vec<i64> {
    numbers(&lines(&events(folder, &["list", "--limit", "0", "--json"])))
}

#[test]
fn alone_it_deletes_what_is_old_and_nothing_else() {
    let folder = Folder::new();
    let now = hookgate::UnixTime::now().as_ms();
    let day_ms = 86_400_000;
    make(
        folder.path(),
        (0..4000).map(|number| Row { received_at: now + 60_000 - (4000 - number) * day_ms / 100, ..Row::default() }),
    );
    let outcome = events(&folder, &["prune", "--older-than", "30d"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert!(outcome.out().starts_with("deleted 1000 events"), "{outcome:?}");
    assert_eq!(listed(&folder), (1001..=4000).rev().collect::<Vec<_>>());
    assert_eq!(run_check(&folder), Some(0));
    assert!(events(&folder, &["prune", "--older-than", "2000-01-01T00:00:00Z"]).out().starts_with("deleted 0 events"));
    assert!(events(&folder, &["prune", "--older-than", "0s"]).out().starts_with("deleted 3000 events"));
    assert_eq!(listed(&folder), [0; 0]);
    assert_eq!(run_check(&folder), Some(0));
}

fn run_check(folder: &Folder) -> Option<i32> {
    crate::support::command::run(folder.path(), &["store", "check"], b"").code()
}

#[test]
fn a_running_receiver_is_asked_and_goes_on_receiving_with_numbers_never_given() {
    let mut receiver = setup().storing().start();
    for number in 0..20 {
        receiver.accept(&signed(format!("{{\"n\":{number}}}")));
    }
    let outcome = events(&receiver.folder, &["prune", "--older-than", "0s"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert!(outcome.out().starts_with("the receiver deleted"), "{outcome:?}");
    assert_eq!(listed(&receiver.folder), [0; 0]);
    assert!(!receiver.folder.path().join("hookgate-data/prune").exists());
    receiver.accept(&signed("{\"n\":20}"));
    assert_eq!(listed(&receiver.folder), [21]);
    assert!(receiver.is_running());
}

/// What it was asked for may have been asked of one that is gone.
#[test]
fn what_was_asked_of_a_receiver_that_ended_is_done_by_the_next_that_prunes() {
    let folder = Folder::new();
    make(folder.path(), [Row::default()]);
    folder.file("hookgate-data/prune", b"1700000000001\n");
    let outcome = events(&folder, &["prune", "--older-than", "1d"]);
    assert!(outcome.out().starts_with("deleted 1 events"), "{outcome:?}");
    assert!(!folder.path().join("hookgate-data/prune").exists());
}
