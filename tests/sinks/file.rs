//! Lines in files: whole, and rotated.

use super::push;
use crate::support::folder::Folder;
use hookgate::UnixTime;
use hookgate::sink::file::File;
use hookgate::sink::{Stream, Style};
use hookgate::store::{Event, Reader, Settings, Store, StoreId, prepare};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// No file of these tests is so long.
const NEVER: u64 = 1 << 40;

struct Place {
    folder: Folder,
    store: StoreId,
}

impl Place {
    fn new() -> Self {
        let folder = Folder::new();
        let store = folder.path().join("store");
        prepare(&store).unwrap();
        drop(Store::open(&store, Settings::default(), UnixTime::from_s(0)).unwrap());
        let store = Reader::open(&store).unwrap().id().clone();
        Place { folder, store }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("events.jsonl")
    }

    fn numbered(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("events.jsonl.{number}"))
    }

    fn sink(&self, rotate_at: u64, keep: u32) -> File {
        File::new(self.path(), Style::Json, rotate_at, keep)
    }

    fn write(&self, sink: &mut File, numbers: std::ops::Range<i64>) -> std::io::Result<()> {
        let events: Vec<Event> = numbers.map(event).collect();
        sink.write(&events, &self.store)
    }

    /// The texts of the files there are, the oldest first, the one that is written to last.
    fn files(&self) -> Vec<String> {
        let mut files: Vec<PathBuf> =
            (1..).map(|number| self.numbered(number)).take_while(|path| path.exists()).collect();
        files.reverse();
        files.extend(Some(self.path()).filter(|path| path.exists()));
        files.iter().map(|path| read(path)).collect()
    }

    /// Has every rotation fail that keeps three: nothing is renamed over a folder that has something in it.
    fn stand_in_the_way(&self) {
        for number in 1..=3 {
            fs::create_dir(self.numbered(number)).unwrap();
            fs::write(self.numbered(number).join("x"), "").unwrap();
        }
    }

    fn go_out_of_the_way(&self) {
        (1..=3).for_each(|number| fs::remove_dir_all(self.numbered(number)).unwrap());
    }
}

/// Numbers of two digits make lines of one length.
fn event(number: i64) -> Event {
    Event { number, ..push(format!("{{\"n\":{number}}}").as_bytes()) }
}

/// The numbers of the events in `text`, each of whose lines has to be whole.
fn numbers(text: &str) -> Vec<i64> {
    assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
    let number = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
        line["payload"]["n"].as_i64().unwrap()
    };
    text.lines().map(number).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn each_event_is_a_line_in_a_file_that_only_its_owner_can_read() {
    let place = Place::new();
    let mut sink = place.sink(NEVER, 1);
    place.write(&mut sink, 1..3).unwrap();
    place.write(&mut sink, 3..4).unwrap();
    assert_eq!(numbers(&read(&place.path())), [1, 2, 3]);
    assert_eq!(fs::metadata(place.path()).unwrap().permissions().mode() & 0o777, 0o600);
    let id = place.store.event(1);
    assert!(read(&place.path()).starts_with(&format!("{{\"id\":\"{id}\",\"source\":\"github\",\"type\":\"push\",")));
}

#[test]
fn as_cloud_events_it_has_the_same_id() {
    let place = Place::new();
    let mut sink = File::new(place.path(), Style::CloudEvents, NEVER, 1);
    sink.write(&[event(7), Event { payload: "bytes".into(), ..push(b"\xff") }], &place.store).unwrap();
    let text = read(&place.path());
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["id"], place.store.event(7).to_string());
    assert_eq!((&lines[0]["specversion"], &lines[0]["data"]["n"]), (&"1.0".into(), &7.into()));
    assert_eq!((&lines[1]["data_base64"], &lines[1]["datacontenttype"]), (&"/w==".into(), &"application/json".into()));
}

#[test]
fn a_file_is_ended_before_it_grows_over_its_limit_and_no_line_is_lost_or_split() {
    let line_bytes = {
        let place = Place::new();
        place.write(&mut place.sink(NEVER, 1), 10..11).unwrap();
        fs::metadata(place.path()).unwrap().len()
    };
    for limit in [1, line_bytes - 1, line_bytes, 3 * line_bytes - 1, 3 * line_bytes, 3 * line_bytes + 1] {
        let place = Place::new();
        let mut sink = place.sink(limit, 1000);
        // Batches that end within a file, and at its end.
        for batch in [10..11, 11..18, 18..40, 40..41] {
            place.write(&mut sink, batch).unwrap();
        }
        let files = place.files();
        let per_file = usize::try_from((limit / line_bytes).max(1)).unwrap();
        for file in &files[..files.len() - 1] {
            assert_eq!(numbers(file).len(), per_file, "limit {limit}");
        }
        assert_eq!(numbers(&files.concat()), Vec::from_iter(10..41), "limit {limit}");
    }
}

#[test]
fn only_so_many_of_those_that_were_ended_are_kept() {
    for keep in [0, 1, 3] {
        let place = Place::new();
        let mut sink = place.sink(1, keep);
        for number in 10..20 {
            place.write(&mut sink, number..number + 1).unwrap();
            assert!(place.files().len() <= keep as usize + 1);
        }
        assert_eq!(numbers(&place.files().concat()), Vec::from_iter(20 - i64::from(keep) - 1..20));
        // What was kept under a larger number goes with the next rotation.
        place.write(&mut place.sink(1, 0), 20..21).unwrap();
        assert_eq!(numbers(&place.files().concat()), [20]);
    }
}

#[test]
fn a_gap_that_a_crash_left_is_filled_and_nothing_older_is_lost() {
    let place = Place::new();
    let mut sink = place.sink(1, 3);
    place.write(&mut sink, 10..14).unwrap();
    // As where it ended between two renames.
    fs::remove_file(place.numbered(2)).unwrap();
    place.write(&mut sink, 14..15).unwrap();
    assert_eq!(numbers(&place.files().concat()), [10, 12, 13, 14]);
}

#[test]
fn a_file_that_was_long_enough_before_is_ended_first() {
    let place = Place::new();
    place.write(&mut place.sink(NEVER, 1), 10..20).unwrap();
    place.write(&mut place.sink(100, 1), 20..21).unwrap();
    assert_eq!(place.files().iter().map(|file| numbers(file).len()).collect::<Vec<_>>(), [10, 1]);
}

#[test]
fn a_file_that_was_renamed_removed_or_emptied_is_begun_anew() {
    let place = Place::new();
    let mut sink = place.sink(NEVER, 1);
    let elsewhere = place.folder.path().join("rotated-by-somebody");
    place.write(&mut sink, 1..2).unwrap();
    fs::rename(place.path(), &elsewhere).unwrap();
    place.write(&mut sink, 2..3).unwrap();
    assert_eq!((numbers(&read(&elsewhere)), numbers(&read(&place.path()))), (vec![1], vec![2]));
    fs::remove_file(place.path()).unwrap();
    place.write(&mut sink, 3..4).unwrap();
    assert_eq!(numbers(&read(&place.path())), [3]);
    fs::File::options().write(true).truncate(true).open(place.path()).unwrap();
    place.write(&mut sink, 4..5).unwrap();
    assert_eq!(numbers(&read(&place.path())), [4]);
}

#[test]
fn a_line_that_broke_off_is_ended_before_the_next() {
    let place = Place::new();
    fs::write(place.path(), "{\"a whole one\":1}\n{\"id\":\"evt_").unwrap();
    let mut sink = place.sink(NEVER, 1);
    place.write(&mut sink, 1..2).unwrap();
    place.write(&mut sink, 2..3).unwrap();
    let text = read(&place.path());
    let rest = text.strip_prefix("{\"a whole one\":1}\n{\"id\":\"evt_\n").unwrap();
    assert_eq!(numbers(rest), [1, 2]);
}

#[test]
fn what_was_written_of_a_batch_that_failed_is_not_written_again() {
    let place = Place::new();
    place.stand_in_the_way();
    let mut sink = place.sink(1, 3);
    for _ in 0..5 {
        assert!(place.write(&mut sink, 10..13).is_err());
        assert_eq!(numbers(&read(&place.path())), [10]);
    }
    place.go_out_of_the_way();
    place.write(&mut sink, 10..13).unwrap();
    assert_eq!(numbers(&place.files().concat()), [10, 11, 12]);
}

#[test]
fn another_batch_than_the_one_that_failed_is_written_as_a_whole() {
    let place = Place::new();
    place.stand_in_the_way();
    let mut sink = place.sink(1, 3);
    assert!(place.write(&mut sink, 10..12).is_err());
    place.go_out_of_the_way();
    // As where an older one was asked for again meanwhile.
    sink.write(&[event(9), event(10)], &place.store).unwrap();
    assert_eq!(numbers(&place.files().concat()), [10, 9, 10]);
}

#[test]
fn what_is_no_file_is_said_at_once() {
    let place = Place::new();
    let status = std::process::Command::new("mkfifo").arg(place.path()).status().unwrap();
    assert!(status.success());
    let error = place.write(&mut place.sink(NEVER, 1), 1..2).unwrap_err();
    assert_eq!(error.to_string(), format!("{} is no regular file", place.path().display()));
    fs::remove_file(place.path()).unwrap();
    fs::create_dir(place.path()).unwrap();
    assert!(place.write(&mut place.sink(NEVER, 1), 1..2).is_err());
}
