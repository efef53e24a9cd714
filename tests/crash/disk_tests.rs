//! The disk that loses: what it may lose, and what it may not.

use super::disk::{Disk, Image, LOSSES, Loss};
use super::strace::{Moment, Trace};
use crate::support::dice::Dice;
use std::path::Path;

/// A disk with these calls made on it, of one thread; `DB` stands for the descriptor of the file.
fn disk(start: Option<&Image>, calls: &[&str]) -> Disk {
    let hex = |text: &str| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
    let lines = calls.iter().map(|call| {
        let text = call.replace("DB", &format!("5<{}>", hex("/a/d/events.db")));
        let text =
            text.replace("FOLDER", &format!("6<{}>", hex("/a/d"))).replace("AROUND", &format!("6<{}>", hex("/a")));
        let path = |text: String, name: &str| text.replace(&format!("'{name}'"), &format!("\"{}\"", hex(name)));
        let paths = ["/a/d", "/a/d/events.db", "/a/d/events.db-wal", "x", "y", "z"];
        format!("1 {}\n", paths.iter().fold(text, |text, name| path(text, name)))
    });
    let trace = Trace::parse(&lines.collect::<String>());
    let mut disk = Disk::new(Path::new("/a/d"), start);
    for moment in &trace.moments {
        match moment {
            Moment::Began(number) => disk.began(&trace.calls[*number], *number),
            Moment::Ended(number) => disk.ended(&trace.calls[*number], *number),
        }
    }
    disk
}

fn file(bytes: &[u8]) -> Option<Image> {
    Some(Image::from([("events.db".to_string(), bytes.to_vec())]))
}

const CREATE: &str = "openat(AT_FDCWD</>, '/a/d/events.db', O_RDWR|O_CREAT, 0600) = DB";

#[test]
fn what_was_synced_is_there_whatever_is_lost() {
    let calls = [
        "mkdir('/a/d', 0700) = 0",
        CREATE,
        "pwrite64(DB, 'x', 1, 1) = 1",
        "fdatasync(DB) = 0",
        "fsync(FOLDER) = 0",
        "fsync(AROUND) = 0",
    ];
    let disk = disk(None, &calls);
    for loss in LOSSES {
        assert_eq!(disk.cut(loss, &mut Dice::new(0)), file(b"\0x"), "{loss:?}");
    }
}

#[test]
fn what_was_not_synced_may_be_lost_in_part() {
    let start = file(b"abc");
    let left = |calls: &[&str], loss| disk(start.as_ref(), calls).cut(loss, &mut Dice::new(0));
    let write = "pwrite64(DB, 'x', 1, 1) = 1";
    assert_eq!(left(&[write], Loss::All), file(b"abc"));
    assert_eq!(left(&[write], Loss::None), file(b"axc"));
    assert_eq!(left(&[write, "fdatasync(DB) = 0", "pwrite64(DB, 'y', 1, 2) = 1"], Loss::All), file(b"axc"));
    assert_eq!(left(&["ftruncate(DB, 1) = 0"], Loss::None), file(b"a"));
    assert_eq!(left(&["ftruncate(DB, 1) = 0"], Loss::All), file(b"abc"));
    assert_eq!(left(&["unlink('/a/d/events.db') = 0"], Loss::All), file(b"abc"));
    assert_eq!(left(&["unlink('/a/d/events.db') = 0"], Loss::None), Some(Image::new()));
    assert_eq!(left(&["unlink('/a/d/events.db') = 0", "fsync(FOLDER) = 0"], Loss::All), Some(Image::new()));
}

#[test]
fn a_name_and_a_folder_that_were_not_synced_may_be_lost_with_all_that_is_in_them() {
    let made = ["mkdir('/a/d', 0700) = 0", CREATE, "pwrite64(DB, 'x', 1, 0) = 1", "fsync(DB) = 0"];
    assert_eq!(disk(None, &made).cut(Loss::All, &mut Dice::new(0)), None);
    let calls = [&made[..], &["fsync(AROUND) = 0"]].concat();
    assert_eq!(disk(None, &calls).cut(Loss::All, &mut Dice::new(0)), Some(Image::new()));
    let calls = [&made[..], &["fsync(FOLDER) = 0"]].concat();
    assert_eq!(disk(None, &calls).cut(Loss::All, &mut Dice::new(0)), None);
}

#[test]
fn what_a_failed_sync_was_for_no_later_sync_saves_unless_it_is_written_again() {
    let start = file(b"abc");
    let calls = ["pwrite64(DB, 'x', 1, 1) = 1", "fdatasync(DB) = -1 EIO (x)", "fdatasync(DB) = 0"];
    assert_eq!(disk(start.as_ref(), &calls).cut(Loss::All, &mut Dice::new(0)), file(b"abc"));
    assert_eq!(disk(start.as_ref(), &calls).cut(Loss::None, &mut Dice::new(0)), file(b"axc"));
    let calls = [&calls[..], &["pwrite64(DB, 'z', 1, 1) = 1", "fdatasync(DB) = 0"]].concat();
    for loss in LOSSES {
        assert_eq!(disk(start.as_ref(), &calls).cut(loss, &mut Dice::new(0)), file(b"azc"), "{loss:?}");
    }
}

#[test]
fn a_write_is_torn_at_sectors_of_the_disk() {
    let long = "x".repeat(1100);
    let hex: String = long.bytes().map(|byte| format!("\\x{byte:02x}")).collect();
    let write = format!("pwrite64(DB, \"{hex}\", 1100, 500) = 1100");
    let start = file(&[b'-'; 2000]);
    let disk = disk(start.as_ref(), &[&write]);
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let image = disk.cut(Loss::Torn, &mut Dice::new(seed)).unwrap();
        let file = &image["events.db"];
        assert_eq!(file.len(), 2000);
        let parts = [500..512, 512..1024, 1024..1536, 1536..1600];
        let kept = parts.map(|part| {
            let (first, part) = (file[part.start], &file[part]);
            assert!(part.iter().all(|byte| *byte == first), "torn within a sector");
            first == b'x'
        });
        seen.insert(kept);
    }
    assert_eq!(seen.len(), 16, "each part of each other's own");
}
