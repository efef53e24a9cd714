//! A store that is cut short, or in which bits flip: it opens or is refused, and nothing comes of it that nobody sent.

use super::store::{FLEET, Store, expect_refused, holds};
use crate::support::command::{Outcome, finish, hookgate};
use crate::support::delivery::{body, name, post};
use crate::support::dice::{Dice, number, seed};
use crate::support::fleet::{send, settle};
use crate::support::folder::Folder;
use crate::support::receiver::{Receiver, setup};
use hookgate::store::Reader;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// The files of a store, by name.
type Files = BTreeMap<String, Vec<u8>>;

/// An event: its number, its delivery, its body.
type Row = (i64, Option<String>, Vec<u8>);

/// Size of a page of the file.
const PAGE_BYTES: usize = 8192;

/// What was done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Damage {
    CutShort { file: String, bytes: usize },
    Flipped { file: String, bits: Vec<usize> },
    Zeroed { file: String, sector: usize },
}

impl Damage {
    fn of(files: &Files, dice: &mut Dice) -> Self {
        let names: Vec<&String> = files.keys().collect();
        let file = (*dice.pick(&names).expect("there are files")).clone();
        let length = files[&file].len();
        match dice.below(5) {
            0 | 1 => Damage::CutShort { bytes: dice.below(length), file },
            2 => Damage::Zeroed { sector: dice.below(length / 512), file },
            _ => {
                // Half of them in what is read first.
                let within = if dice.one_in(2) { length.min(PAGE_BYTES) } else { length };
                let bits = (0..1 + dice.below(8)).map(|_| dice.below(within * 8)).collect();
                Damage::Flipped { file, bits }
            }
        }
    }

    fn apply(&self, files: &mut Files) {
        let (Damage::CutShort { file, .. } | Damage::Flipped { file, .. } | Damage::Zeroed { file, .. }) = self;
        let bytes = files.get_mut(file).expect("it is there");
        match self {
            Damage::CutShort { bytes: length, .. } => bytes.truncate(*length),
            Damage::Zeroed { sector, .. } => bytes[sector * 512..][..512].fill(0),
            Damage::Flipped { bits, .. } => bits.iter().for_each(|bit| bytes[bit / 8] ^= 1 << (bit % 8)),
        }
    }
}

/// A store with events in its file and, unless it was ended in peace, in its log.
fn undamaged(peaceful: bool) -> (Store, Files) {
    let store = Store::new();
    let mut receiver = store.start();
    store.deliver(&receiver, FLEET);
    holds(settle(receiver.address, &store.ledger));
    if peaceful {
        receiver.signal("TERM");
        receiver.wait();
    } else {
        receiver.kill();
    }
    let read = |name: &str| Some((name.to_string(), fs::read(store.data.join(name)).ok()?));
    let files: Files = ["events.db", "events.db-wal"].into_iter().filter_map(read).collect();
    (store, files.into_iter().filter(|(_, bytes)| bytes.len() > 512).collect())
}

/// All events that hookgate reads: those whose rows are what was written, by their sums. To bare SQLite a bit that flipped in a row's
/// header shows another body, and what is missing of the page that a file ends in is zeros.
fn rows(data: &Path) -> Vec<Row> {
    let last = || {
        let connection = Connection::open(data.join("events.db")).ok()?;
        connection.busy_timeout(Duration::from_secs(10)).unwrap();
        connection.query_row("SELECT max(id) FROM events", [], |row| row.get::<_, Option<i64>>(0)).ok()?
    };
    // A number that is damaged may be any.
    let last = last().map_or(0, |last| last.clamp(0, 2000));
    let Ok(reader) = Reader::open(data) else { return Vec::new() };
    let whole = (1..=last).filter_map(|number| reader.whole(number).ok().flatten());
    whole.map(|event| (event.number, event.delivery_id, event.body)).collect()
}

/// That each row is an event that was there before, or the one that came after.
fn expect_nothing_invented(found: &[Row], before: &[Row], later: &str, damage: &Damage) {
    for row in found {
        let (id, delivery, found_body) = row;
        if delivery.as_deref() == Some(later) {
            assert_eq!(*found_body, body(later), "{damage:?}");
        } else {
            assert!(before.contains(row), "{damage:?}: nobody sent event {id}, {delivery:?}");
        }
    }
}

/// What `hookgate` with these arguments does on `data`: it ends well or says what is wrong, and never panics.
fn command(arguments: &[&str], data: &Path, damage: &Damage) -> Outcome {
    // A receiver that was killed early has all of it in the log: then there is no file to lay out, and no store without one.
    let is_there = data.join("events.db").exists();
    let mut command = hookgate();
    command.args(arguments).arg("--data").arg(data);
    let outcome = finish(command, b"");
    // Without the marks in its header, the first 100 bytes, it is no store, or one of another version.
    let is_unknown = match damage {
        Damage::Flipped { file, bits } => file == "events.db" && bits.iter().any(|bit| *bit < 8 * 100),
        Damage::Zeroed { file, sector } => file == "events.db" && *sector == 0,
        Damage::CutShort { .. } => false,
    };
    let is_well = match outcome.code() {
        Some(0 | 1) => true,
        Some(2) => !is_there || is_unknown,
        _ => false,
    };
    assert!(is_well, "{damage:?}: {arguments:?}: {outcome:?}");
    assert!(!outcome.stderr.contains("panicked"), "{damage:?}: {arguments:?}: {outcome:?}");
    outcome
}

/// A receiver on `data`, if it takes it; otherwise it says why, and what helps.
fn try_start(data: &Path) -> Option<Receiver> {
    match setup().storing().arguments(&["--data", data.to_str().expect("a plain name")]).try_start() {
        Ok(receiver) => Some(receiver),
        Err(outcome) => {
            expect_refused(&outcome);
            None
        }
    }
}

/// Damages a store in so many ways. Without `commands` a receiver is started on each.
fn damage(cases: usize, commands: &[&[&str]]) {
    let seed = seed("CRASH_SEED");
    let mut dice = Dice::new(seed);
    let stores: Vec<(Files, Vec<Row>)> = [true, false]
        .into_iter()
        .map(|peaceful| {
            let (store, files) = undamaged(peaceful);
            (files, rows(&store.data))
        })
        .collect();
    assert!(stores.iter().all(|(_, before)| before.len() >= 50), "there are events");
    let (mut opened, mut lost) = (0, 0);
    for case in 0..cases {
        let (files, before) = dice.pick(&stores).expect("there are two");
        let damage = Damage::of(files, &mut dice);
        eprintln!("case {case}: {damage:?}");
        let mut files = files.clone();
        damage.apply(&mut files);
        let folder = Folder::new();
        let data = folder.path().join("data");
        let lay_out = || {
            let _ = fs::remove_dir_all(&data);
            fs::create_dir_all(&data).unwrap();
            files.iter().for_each(|(name, bytes)| fs::write(data.join(name), bytes).unwrap());
        };
        lay_out();
        let later = name("later", case, 100);
        for arguments in commands {
            command(arguments, &data, &damage);
            expect_nothing_invented(&rows(&data), before, &later, &damage);
            lay_out();
        }
        if !commands.is_empty() {
            continue;
        }
        if let Some(mut receiver) = try_start(&data) {
            opened += 1;
            let answer = receiver.send(&post(&later));
            assert!(matches!(answer.status, 200 | 503), "{damage:?}: {}", answer.text());
            receiver.kill();
            let found = rows(&data);
            expect_nothing_invented(&found, before, &later, &damage);
            let is_there = found.iter().any(|(_, delivery, _)| delivery.as_deref() == Some(later.as_str()));
            // Where the file is damaged before it, what comes after cannot be read in order; that it was kept shows by itself.
            let is_there = is_there || holds_delivery(&data, &later);
            assert!(is_there || answer.status != 200, "{damage:?}: what was answered is not there");
            lost += usize::from(found.len() < before.len());
        }
    }
    if commands.is_empty() {
        eprintln!("{cases} cases: {opened} opened, of which {lost} had lost events; the others were refused");
        assert!(opened > 0 && opened < cases, "both has to be met");
    }
}

/// Whether the delivery is found by the key of its row, the highest there is.
fn holds_delivery(data: &Path, delivery: &str) -> bool {
    let Ok(connection) = Connection::open(data.join("events.db")) else { return false };
    let query = "SELECT delivery_id FROM events ORDER BY id DESC LIMIT 1";
    connection.query_row(query, [], |row| row.get::<_, String>(0)).is_ok_and(|found| found == delivery)
}

#[test]
fn a_damaged_store_opens_or_is_refused_and_nothing_is_invented() {
    damage(number("CRASH_CASES", 40), &[]);
}

#[test]
fn commands_on_a_damaged_store_end_well_or_say_what_is_wrong() {
    let commands: [&[&str]; 3] = [&["store", "check"], &["events", "list", "--limit", "0"], &["store", "recover"]];
    damage(number("CRASH_CASES", 40) / 2, &commands);
}

#[test]
fn a_file_that_was_emptied_is_refused_and_nothing_takes_its_log_away() {
    for length in [0, 1] {
        let store = Store::new();
        let mut receiver = store.start();
        let delivery = name("emptied", 0, 10);
        holds(send(receiver.address, &store.ledger, &delivery));
        receiver.kill();
        let log = || fs::read(store.data.join("events.db-wal")).unwrap_or_default();
        let before = log();
        fs::OpenOptions::new().write(true).open(store.data.join("events.db")).unwrap().set_len(length).unwrap();
        let damage = Damage::CutShort { file: "events.db".into(), bytes: 0 };
        for arguments in [&["events", "list"][..], &["store", "check"]] {
            assert_eq!(command(arguments, &store.data, &damage).code(), Some(1), "{length}: {arguments:?}");
        }
        expect_refused(&store.setup().fail());
        assert!(log() == before, "{length}: the log is as it was");
        assert_eq!(command(&["store", "recover"], &store.data, &damage).code(), Some(0));
        let recovered = rows(&store.data.with_file_name("data-recovered"));
        assert_eq!(
            recovered.iter().map(|(_, delivery, _)| delivery.as_deref()).collect::<Vec<_>>(),
            [Some(&*delivery)]
        );
        assert!(log() == before, "{length}: the log is as it was");
    }
}
