//! `hookgate events export`.

use super::events::{events, lines, numbers};
use crate::support::client::Client;
use crate::support::command::{finish, hookgate};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::signed;
use crate::support::store::{ID, Row, make};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

/// Bodies that are hard to copy.
fn rows() -> Vec<Row> {
    let bytes = |body: &[u8]| Row { payload: "bytes", body: body.to_vec(), ..Row::default() };
    vec![
        bytes(b"\0"),
        bytes(b"\xff\xfe\r\n\0\n"),
        bytes(b""),
        Row { body: b" { \"a\" :\n1.0e0 } ".to_vec(), ..Row::default() },
        Row { payload: "field:payload", body: b"payload=%7B%7D&x=1".to_vec(), ..Row::default() },
        Row {
            source: "other",
            headers: r#"[["A","é"],["A",{"base64":"/w=="}]]"#.into(),
            ..bytes(&vec![0xa5; 25 * 1024 * 1024])
        },
    ]
}

/// Decodes base64 by the table of RFC 4648, §4, and nothing else.
fn decode(text: &str) -> Vec<u8> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [0_u32; 256];
    for (value, letter) in (0..).zip(alphabet) {
        values[usize::from(*letter)] = value;
    }
    let mut out = Vec::with_capacity(text.len());
    for four in text.as_bytes().chunks(4) {
        let bits = four.iter().fold(0, |bits, letter| bits << 6 | values[usize::from(*letter)]);
        let padding = four.iter().filter(|letter| **letter == b'=').count();
        out.extend_from_slice(&bits.to_be_bytes()[1..4 - padding]);
    }
    out
}

#[test]
fn bodies_come_out_byte_for_byte() {
    let folder = Folder::new();
    make(folder.path(), rows());
    let exported = lines(&events(&folder, &["export", "--json"]));
    assert_eq!(numbers(&exported), [1, 2, 3, 4, 5, 6]);
    let outcome = events(&folder, &["export", "--raw", "out/there"]);
    assert_eq!((outcome.code(), outcome.stdout.len()), (Some(0), 0), "{outcome:?}");
    for (number, row) in (1..).zip(rows()) {
        let line = &exported[number - 1];
        assert!(decode(line["body_base64"].as_str().unwrap()) == row.body, "body {number}");
        assert_eq!(line["body_bytes"], row.body.len());
        assert_eq!(line["headers"].to_string(), row.headers);
        let name = format!("out/there/evt_{ID}_{number:010}");
        assert!(fs::read(folder.path().join(format!("{name}.body"))).unwrap() == row.body, "file of body {number}");
        let rest: serde_json::Value =
            serde_json::from_slice(&fs::read(folder.path().join(format!("{name}.json"))).unwrap()).unwrap();
        let mut expected = line.clone();
        expected.as_object_mut().unwrap().remove("body_base64");
        assert_eq!(rest, expected);
    }
    assert_eq!(fs::read_dir(folder.path().join("out/there")).unwrap().count(), 12);
    assert_eq!(numbers(&lines(&events(&folder, &["export", "--json", "--source", "other"]))), [6]);
}

#[test]
fn nothing_that_a_stranger_sent_names_a_file() {
    let folder = Folder::new();
    let paths = ["../../planted", "/planted", "..", ".", "a/b", "a\\b", "CON", "planted\0.body", ""];
    let named = |path: &&'static str| Row {
        event_type: Some(*path),
        delivery_id: Some((*path).to_string()),
        headers: serde_json::json!([["X-GitHub-Delivery", path], ["Content-Disposition", path]]).to_string(),
        ..Row::default()
    };
    make(folder.path(), paths.iter().map(named));
    assert_eq!(events(&folder, &["export", "--raw", "out"]).code(), Some(0));
    let names = |folder: &std::path::Path| -> BTreeSet<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    let expected = (1..=paths.len())
        .flat_map(|number| ["body", "json"].map(|kind| format!("evt_{ID}_{number:010}.{kind}")))
        .collect();
    assert_eq!(names(&folder.path().join("out")), expected);
    assert_eq!(names(folder.path()), ["hookgate-data", "out"].map(String::from).into());
}

#[test]
fn no_file_is_overwritten_and_an_export_can_be_gone_on_with() {
    let folder = Folder::new();
    make(folder.path(), rows());
    assert_eq!(events(&folder, &["export", "--raw", "out"]).code(), Some(0));
    assert_eq!(events(&folder, &["export", "--raw", "out"]).code(), Some(0), "what is there already is as good");
    let name = format!("out/evt_{ID}_0000000001.body");
    folder.file(&name, b"mine");
    let outcome = events(&folder, &["export", "--raw", "out"]);
    outcome.expect_misconfigured("a file with other bytes");
    assert_eq!(fs::read(folder.path().join(&name)).unwrap(), b"mine");
    folder.file("file", b"");
    events(&folder, &["export", "--raw", "file"]).expect_misconfigured("a file for a folder");
}

#[test]
fn an_export_that_is_ended_within_a_file_can_be_gone_on_with() {
    let folder = Folder::new();
    make(folder.path(), rows());
    // The system ends it within the last body, by SIGXFSZ: half a MiB or one, by the shell's unit.
    let mut ended = Command::new("sh");
    ended.args(["-c", r#"ulimit -S -f 1024 && exec "$@""#, "sh"]).arg(hookgate().get_program());
    ended.args(["events", "export", "--raw", "out"]).current_dir(folder.path());
    let outcome = finish(ended, b"");
    assert_eq!(outcome.code(), None, "{outcome:?}");
    let body = folder.path().join(format!("out/evt_{ID}_0000000006.body"));
    assert!(!body.exists(), "what is there by halves has not its name");
    assert_eq!(events(&folder, &["export", "--raw", "out"]).code(), Some(0));
    assert!(fs::read(body).unwrap() == rows()[5].body);
}

/// A receiver goes on writing, and what was there at the start comes out whole, in order.
#[test]
fn an_export_beside_a_busy_receiver_is_whole() {
    let mut receiver = setup().storing().start();
    for number in 0..50 {
        receiver.accept(&signed(format!("{{\"n\":{number}}}")));
    }
    let busy = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        let (address, busy) = (receiver.address, &busy);
        scope.spawn(move || {
            for number in 0.. {
                if !busy.load(std::sync::atomic::Ordering::Relaxed) {
                    break;
                }
                let mut client = Client::connect(address);
                client.write(&signed(format!("{{\"m\":{number}}}")).bytes());
                client.answer().expect_success();
            }
        });
        for _ in 0..10 {
            let exported = numbers(&lines(&events(&receiver.folder, &["export", "--json"])));
            assert!(exported.len() >= 50);
            assert_eq!(exported, (1..=i64::try_from(exported.len()).unwrap()).collect::<Vec<_>>());
            let listed = numbers(&lines(&events(&receiver.folder, &["list", "--limit", "0", "--json"])));
            assert!(listed.iter().rev().copied().eq(1..=i64::try_from(listed.len()).unwrap()), "{listed:?}");
        }
        busy.store(false, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(receiver.is_running());
}
