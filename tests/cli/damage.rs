//! `hookgate store check` and `recover`, and every command on a damaged store.

use super::events::{events, lines};
use crate::support::command::{Outcome, run};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::signed;
use crate::support::store::{Dice, ID, Row, make, rows};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const PAGE_BYTES: usize = 8192;

/// A store of some hundred pages, and its file.
fn sound() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    make(
        folder.path(),
        (1..=3000).map(|number: usize| Row {
            delivery_id: Some(format!("delivery {number}")),
            body: format!("{{\"n\":{number},\"pad\":\"{}\"}}", "x".repeat(number * 7 % 400)).into_bytes(),
            ..Row::default()
        }),
    );
    let file = fs::read(folder.path().join("hookgate-data/events.db")).unwrap();
    (folder, file)
}

fn store(folder: &Folder, arguments: &[&str]) -> Outcome {
    run(folder.path(), &[&["store"], arguments].concat(), b"")
}

/// A store whose file is this.
fn damaged(file: &[u8]) -> Folder {
    let folder = Folder::new();
    fs::create_dir(folder.path().join("hookgate-data")).unwrap();
    folder.file("hookgate-data/events.db", file);
    folder
}

fn spoil(file: &mut Vec<u8>, how: usize, dice: &mut Dice) {
    let page = dice.under(file.len() / PAGE_BYTES) * PAGE_BYTES;
    match how {
        // The head of a page: SQLite sees it.
        0 => file[page..page + 100].fill(0xa5),
        1 => file[page..page + PAGE_BYTES].fill(0),
        2 => file.truncate(1 + dice.under(file.len() - 1)),
        3 => file[..100].iter_mut().for_each(|byte| *byte ^= 0x40),
        _ => {
            for _ in 0..1 + dice.under(20) {
                let at = dice.under(file.len());
                file[at] ^= 1 << dice.under(8);
            }
        }
    }
}

#[test]
fn a_sound_store_is_exit_0_and_is_recovered_whole() {
    let (folder, _) = sound();
    let outcome = store(&folder, &["check"]);
    assert_eq!((outcome.code(), outcome.out().lines().last()), (Some(0), Some("sound")), "{outcome:?}");
    assert!(outcome.out().contains("3000 events, numbers 1 to 3000; 3000 replay keys"), "{outcome:?}");
    let outcome = store(&folder, &["recover"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert!(outcome.out().contains("nothing is lost"), "{outcome:?}");
    let new = folder.path().join("hookgate-data-recovered");
    assert!(rows(&new) == rows(&folder.path().join("hookgate-data")));
    let line = &lines(&events(&folder, &["list", "--json", "--data", "hookgate-data-recovered", "--limit", "1"]))[0];
    assert_eq!(line["id"], format!("evt_{ID}_0000003000"), "ids are the same");
    let again = store(&folder, &["recover"]);
    again.expect_misconfigured("a folder that is there is not written to");
}

#[test]
fn a_recovered_store_is_gone_on_with() {
    let (folder, mut file) = sound();
    drop(folder);
    // Of the last pages nothing is left.
    file.truncate(file.len() - 10 * PAGE_BYTES);
    let folder = damaged(&file);
    let outcome = store(&folder, &["recover", "--to", "new"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    let new = folder.path().join("new");
    let receiver = setup().storing().arguments(&["--data", new.to_str().unwrap()]).start();
    receiver.send(&signed("{\"after\":1}")).expect_success();
    let number = *rows(&new).last_key_value().unwrap().0;
    assert!(number == 1_000_000_000, "{number}");
}

/// Never a panic, an endless loop, or an event that was not there; and what can be read is recovered.
#[test]
fn whatever_became_of_the_file_no_command_panics_and_recover_keeps_what_was_there() {
    let (sound_folder, file) = sound();
    let right = rows(&sound_folder.path().join("hookgate-data"));
    let known: BTreeSet<String> = right.keys().map(|number| format!("evt_{ID}_{number:010}")).collect();
    let mut dice = Dice(1);
    for round in 0..20 {
        let mut file = file.clone();
        spoil(&mut file, round % 5, &mut dice);
        let folder = damaged(&file);
        // A bit of a text or a number that is flipped is another text or number: SQLite has no checksums of its pages. What is
        // about whole pages is told from what is not.
        let is_of_pages = round % 5 < 4;
        for arguments in [
            &["list", "--limit", "0", "--json"][..],
            &["tail", "-n", "5000"],
            &["stats"],
            &["export", "--json"],
            &["show", "7"],
        ] {
            let outcome = events(&folder, arguments);
            expect_an_end(&outcome);
            let ids = outcome.stdout.split(|byte| *byte == b'\n').filter_map(|line| {
                let line: serde_json::Value = serde_json::from_slice(line).ok()?;
                Some(line.get("id")?.as_str()?.to_string())
            });
            assert!(
                !is_of_pages || arguments[0] == "show" || ids.collect::<BTreeSet<_>>().is_subset(&known),
                "round {round}: {arguments:?}"
            );
        }
        let check = store(&folder, &["check"]);
        expect_an_end(&check);
        assert!(!is_of_pages || check.code() != Some(0), "round {round}: {check:?}");
        let outcome = store(&folder, &["recover", "--to", "new"]);
        expect_an_end(&outcome);
        assert!(
            fs::read(folder.path().join("hookgate-data/events.db")).unwrap() == file,
            "round {round}: it was touched"
        );
        assert_eq!(
            fs::read_dir(folder.path().join("hookgate-data"))
                .unwrap()
                .filter(|it| it.as_ref().unwrap().file_name() == "lock")
                .count(),
            0
        );
        if outcome.code() == Some(0) {
            let new = rows(&folder.path().join("new"));
            assert_eq!(
                store(&folder, &["check", "--data", "new"]).code(),
                Some(0),
                "round {round}: what was recovered is sound"
            );
            let wrong = new.iter().filter(|(number, row)| right.get(number) != Some(row)).count();
            assert!(wrong <= if is_of_pages { 0 } else { 20 }, "round {round}: {wrong} events that were not there");
            let lost = right.len() - new.len();
            assert!(lost == 0 || !outcome.out().contains("nothing is lost"), "round {round}: {outcome:?}");
            if [0, 1, 3, 4].contains(&(round % 5)) {
                assert!(new.len() > 1000, "round {round}: {} events of 3000", new.len());
            }
        }
    }
}

fn expect_an_end(outcome: &Outcome) {
    assert!(matches!(outcome.code(), Some(0..=2)), "{outcome:?}");
    assert!(!outcome.stderr.contains("panicked"), "{}", outcome.stderr);
}

#[test]
fn a_file_whose_first_page_is_gone_is_recovered_whole() {
    let (sound_folder, mut file) = sound();
    file[..PAGE_BYTES].fill(0xff);
    let folder = damaged(&file);
    assert_eq!(store(&folder, &["check"]).code(), Some(1));
    let outcome = store(&folder, &["recover", "--to", "new"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert!(outcome.out().contains("its first page could not be read"), "{outcome:?}");
    assert!(rows(&folder.path().join("new")) == rows(&sound_folder.path().join("hookgate-data")));
}

/// A body that is no JSON any more is not what was signed: it is kept apart.
#[test]
fn an_event_that_cannot_be_what_was_written_is_kept_apart() {
    let (_, mut file) = sound();
    let needle = b"{\"n\":1234,";
    let at = file.windows(needle.len()).position(|window| window == needle).unwrap();
    file[at] = b'[';
    let folder = damaged(&file);
    let check = store(&folder, &["check"]);
    assert_eq!(check.code(), Some(1), "{check:?}");
    assert!(check.out().contains("event 1234: its body does not hold what it held"), "{check:?}");
    let outcome = store(&folder, &["recover", "--to", "new"]);
    assert!(outcome.out().contains("doubtful: event 1234"), "{outcome:?}");
    assert!(fs::read(folder.path().join("new/doubtful/1234.body")).unwrap().starts_with(b"[\"n\":1234,"));
    assert!(!rows(&folder.path().join("new")).contains_key(&1234));
}

#[test]
fn a_running_receivers_store_is_checked_and_not_recovered() {
    let receiver = setup().storing().start();
    receiver.accept(&signed("{}"));
    assert_eq!(store(&receiver.folder, &["check"]).code(), Some(0));
    let outcome = store(&receiver.folder, &["recover"]);
    outcome.expect_misconfigured("a receiver has it");
    assert!(outcome.stderr.contains(&format!("process {}", receiver.id())), "{outcome:?}");
    assert!(!Path::new(&receiver.folder.path().join("hookgate-data-recovered")).exists());
}

/// What is in the log only is recovered too, and the log is not touched.
#[test]
fn what_stands_in_the_log_alone_is_recovered() {
    let mut receiver = setup().storing().start();
    for number in 0..10 {
        receiver.accept(&signed(format!("{{\"n\":{number}}}")));
    }
    receiver.kill();
    let log = receiver.folder.path().join("hookgate-data/events.db-wal");
    let before = fs::read(&log).unwrap();
    let outcome = store(&receiver.folder, &["recover", "--to", "new"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert!(outcome.out().starts_with("10 events and 10 replay keys are in new"), "{outcome:?}");
    assert!(fs::read(&log).unwrap() == before);
}
