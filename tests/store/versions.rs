//! A file that an earlier version wrote.

use crate::{Folder, NOW, deliver};
use hookgate::Novelty;
use hookgate::settle;
use hookgate::store::{APPLICATION_ID, Reader, Settings, Store, StoreError, VERSION, check, recover};
use rusqlite::Connection;

/// Written by hookgate of version 1 of the schema, which was sent `"1"` and `"2"`.
const FIRST: &[u8] = include_bytes!("version_1.db");

fn first() -> Folder {
    let folder = Folder::new();
    std::fs::write(folder.0.join("events.db"), FIRST).unwrap();
    folder
}

fn version(folder: &Folder) -> i32 {
    let connection = Connection::open(folder.0.join("events.db")).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn bodies(folder: &Folder) -> Vec<String> {
    folder.events().into_iter().map(|event| String::from_utf8(event.body).unwrap()).collect()
}

#[test]
fn a_file_of_version_1_is_read_checked_and_recovered_as_it_is() {
    let folder = first();
    assert_eq!(bodies(&folder), ["\"1\"", "\"2\""]);
    let event = Reader::open(&folder.0).unwrap().whole(2).unwrap().unwrap();
    assert!(Reader::open(&folder.0).unwrap().definition_of(event.definition).unwrap().unwrap().contains("algorithm"));
    let findings = check(&folder.0, None, |_, _| {}).unwrap();
    assert_eq!((findings.flaws, findings.events, findings.replay_keys), (Vec::<String>::new(), 2, 2));
    let to = folder.0.join("recovered");
    let recovered = recover(&folder.0, &to, |_| {}).unwrap();
    assert_eq!((recovered.events, recovered.replay_keys, recovered.notes), (2, 2, Vec::<String>::new()));
    assert_eq!(version(&folder), 1, "who only reads changes nothing");
    assert_eq!(Reader::open(&to).unwrap().events_after(0, 9, usize::MAX).unwrap().len(), 2);
}

#[test]
fn a_file_of_version_1_is_brought_up_to_date_and_gone_on_with() {
    let folder = first();
    let mut store = Store::open(&folder.0, Settings::default(), NOW).unwrap();
    for (body, novelty) in [("\"1\"", Novelty::Duplicate), ("\"2\"", Novelty::Duplicate), ("\"3\"", Novelty::New)] {
        assert_eq!(deliver(&mut store, body), Ok(novelty), "{body}");
    }
    settle(&mut store).unwrap();
    drop(store);
    assert_eq!(version(&folder), VERSION);
    assert_eq!(bodies(&folder), ["\"1\"", "\"2\"", "\"3\""]);
    let findings = check(&folder.0, None, |_, _| {}).unwrap();
    assert_eq!((findings.flaws, findings.replay_keys), (Vec::<String>::new(), 3));
    let mut store = Store::open(&folder.0, Settings::default(), NOW).unwrap();
    assert_eq!((store.next_number(), deliver(&mut store, "\"3\"")), (4, Ok(Novelty::Duplicate)));
}

#[test]
fn a_newer_file_is_refused_and_not_touched() {
    let folder = first();
    let path = folder.0.join("events.db");
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
    connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
    drop(connection);
    let before = std::fs::read(&path).unwrap();
    let newer = StoreError::Newer { path: path.clone(), version: VERSION + 1, known: VERSION };
    assert_eq!(Store::open(&folder.0, Settings::default(), NOW).map(drop), Err(newer));
    assert!(std::fs::read(&path).unwrap() == before);
}
