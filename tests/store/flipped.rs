//! Values that are not what was written any more, in a file that SQLite takes for sound.

use crate::{Folder, deliver};
use hookgate::settle;
use hookgate::store::{Reader, StoreError, check, recover};
use rusqlite::Connection;

/// A store of three events.
fn three() -> Folder {
    let folder = Folder::new();
    let mut store = folder.open();
    for body in ["{\"number\":1}", "{\"number\":2}", "{\"number\":3}"] {
        deliver(&mut store, body).unwrap();
    }
    settle(&mut store).unwrap();
    folder
}

fn flaws(folder: &Folder) -> Vec<String> {
    check(&folder.0, None, |_, _| {}).unwrap().flaws
}

fn change(folder: &Folder, change: &str) {
    let connection = Connection::open(folder.0.join("events.db")).unwrap();
    assert_eq!(connection.execute(change, []).unwrap(), 1, "{change}");
}

#[test]
fn a_change_in_any_value_of_an_event_is_seen() {
    let changes = [
        "received_at = received_at + 1",
        "source = 'github2'",
        "scheme = 'githuc'",
        "definition = definition + 2",
        "secret = 'onf'",
        "type = 'push'",
        "delivery_id = ''",
        "peer = '192.0.2.7'",
        "method = 'PUT'",
        "target = '/a'",
        "headers = '[]'",
        "payload = 'bytes'",
        "body = CAST('{\"number\":3}' AS BLOB)",
        "sum = sum + 1",
    ];
    for set in changes {
        let folder = three();
        assert_eq!(flaws(&folder), Vec::<String>::new());
        change(&folder, &format!("UPDATE events SET {set} WHERE id = 2"));
        let named = "event 2: it is not what was written".to_string();
        assert!(flaws(&folder).contains(&named), "{set}: {:?}", flaws(&folder));
        let reader = Reader::open(&folder.0).unwrap();
        assert_eq!(reader.whole(2), Err(StoreError::Spoilt { event: 2 }), "{set}");
        let numbers = |after| {
            let events = reader.events_after(after, 9, 9999)?;
            Ok::<_, StoreError>(events.iter().map(|event| event.number).collect::<Vec<_>>())
        };
        assert_eq!((numbers(0), numbers(2)), (Ok(vec![1]), Ok(vec![3])), "{set}");
        assert_eq!(numbers(1), Err(StoreError::Spoilt { event: 2 }), "{set}");
        assert!(reader.whole(1).unwrap().is_some() && reader.whole(3).unwrap().is_some());
        let recovered = recover(&folder.0, &folder.0.join("new"), |_| {}).unwrap();
        assert_eq!((recovered.events, recovered.doubtful), (2, vec![2]), "{set}");
    }
}

#[test]
fn a_bit_that_flips_in_the_file_is_seen() {
    let folder = three();
    let path = folder.0.join("events.db");
    let mut file = std::fs::read(&path).unwrap();
    let body = b"{\"number\":2}";
    let at = file.windows(body.len()).position(|window| window == body).unwrap();
    file[at + 10] ^= 1;
    std::fs::write(&path, file).unwrap();
    let outcome = Reader::open(&folder.0).unwrap().whole(2);
    assert_eq!(outcome, Err(StoreError::Spoilt { event: 2 }));
    assert_eq!(flaws(&folder), ["event 2: it is not what was written"]);
}

#[test]
fn a_change_in_a_key_or_in_a_scheme_is_seen() {
    for (set, flaw, note) in [
        (
            "replay_keys SET keys = zeroblob(48)",
            "the replay key of event 3 is not as it should be",
            "some replay keys could not be read: a delivery that comes again may be taken for a new one",
        ),
        (
            "schemes SET definition = definition || ' '",
            "scheme 1 is not what was written",
            "how some events were verified could not be read",
        ),
    ] {
        let folder = three();
        change(&folder, &format!("UPDATE {set}"));
        assert_eq!(flaws(&folder), [flaw]);
        let recovered = recover(&folder.0, &folder.0.join("new"), |_| {}).unwrap();
        assert_eq!((recovered.events, recovered.notes), (3, vec![note.to_string()]));
    }
}
