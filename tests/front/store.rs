//! A 2xx means that the event is in the file; one that comes again is in it once.

use crate::support::client::Answer;
use crate::support::receiver::{Receiver, setup};
use crate::support::request::{Post, signed};
use crate::support::{PATIENCE, unique};
use rusqlite::{Connection, OpenFlags};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Instant;

/// What a delivery that came before is answered with.
const DUPLICATE: &str = r#"{"status":"success","duplicate":true}"#;

/// The events of a receiver's store, read by nobody but SQLite.
fn file(receiver: &Receiver) -> Connection {
    let path = receiver.folder.path().join("hookgate-data/events.db");
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

/// How many events have this body.
fn count(receiver: &Receiver, body: &str) -> i64 {
    let count = "SELECT count(*) FROM events WHERE body = ?1";
    file(receiver).query_row(count, [body.as_bytes()], |row| row.get(0)).unwrap()
}

fn expect_duplicate(answer: &Answer) {
    assert_eq!((answer.status, String::from_utf8_lossy(&answer.body).as_ref()), (200, DUPLICATE));
}

/// A body that no other has.
fn body() -> String {
    format!(r#"{{"number":{}}}"#, unique())
}

/// The same receiver anew, after the first one ended.
fn again(receiver: &Receiver) -> Receiver {
    setup().folder(&receiver.folder).storing().start()
}

/// Sends until it is taken again.
fn until_taken(receiver: &Receiver, post: &Post) -> Answer {
    let start = Instant::now();
    loop {
        let answer = receiver.send(post);
        if answer.status != 503 {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "{}", receiver.talk());
    }
}

#[test]
fn an_event_that_is_answered_is_in_the_file_byte_for_byte_without_secrets() {
    let receiver = setup().storing().start();
    let text = "{ \"a\" :\n\"\u{e9}\" }";
    let post = signed(text)
        .header("X-GitHub-Event", "push")
        .header("X-GitHub-Delivery", "72d3162e")
        .header("Authorization", "Bearer planted")
        .header("proxy-authorization", "Basic planted")
        .header("COOKIE", "session=planted")
        .header("X-Github-Encoded-Secret", "planted")
        .to("/webhook?token=planted&env=x");
    receiver.send(&post).expect_success();
    let row = "SELECT id, source, scheme, secret, type, delivery_id, peer, method, target, payload, body FROM events";
    let row = file(&receiver)
        .query_row(row, [], |row| {
            let text = |at: usize| row.get::<_, String>(at);
            let texts = (1..=9).map(text).collect::<Result<Vec<_>, _>>()?;
            Ok((row.get::<_, i64>(0)?, texts, row.get::<_, Vec<u8>>(10)?))
        })
        .unwrap();
    let texts = [
        "github",
        "github",
        "HOOKGATE_SECRET",
        "push",
        "72d3162e",
        "127.0.0.1",
        "POST",
        "/webhook?token=***&env=***",
        "json",
    ];
    assert_eq!(row, (1, texts.map(String::from).to_vec(), text.as_bytes().to_vec()));
    let fields = "SELECT lower(value ->> 0) FROM events, json_each(headers)";
    let file = file(&receiver);
    let mut fields = file.prepare(fields).unwrap();
    let fields: Vec<String> = fields.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    assert_eq!(fields, ["host", "x-hub-signature-256", "x-github-event", "x-github-delivery", "content-length"]);
    let event = receiver.next_event();
    let store: String = file.query_row("SELECT id FROM store", [], |row| row.get(0)).unwrap();
    assert_eq!(event.text("id"), Some(format!("evt_{store}_0000000001")));
    assert_eq!(event.text("secret").as_deref(), Some("HOOKGATE_SECRET"));
    assert_eq!(event.payload(), "{\"a\":\"\u{e9}\"}");
    for entry in fs::read_dir(receiver.folder.path().join("hookgate-data")).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"planted"), "a secret is in the store");
    }
}

#[test]
fn the_folder_is_its_owners_alone_and_a_wider_one_is_warned_of() {
    let receiver = setup().storing().start();
    let folder = receiver.folder.path().join("hookgate-data");
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
    assert!(!receiver.talk().contains("warning"), "{}", receiver.talk());
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o750)).unwrap();
    let folder = Arc::clone(&receiver.folder);
    drop(receiver);
    let receiver = setup().folder(&folder).storing().start();
    receiver.expect_talk("has mode 750");
}

#[test]
fn what_comes_again_is_stored_once_also_under_another_delivery_id_and_after_a_crash() {
    let mut receiver = setup().storing().start();
    let body = body();
    let first = signed(&body).header("X-GitHub-Delivery", "one");
    receiver.send(&first).expect_success();
    expect_duplicate(&receiver.send(&first));
    expect_duplicate(&receiver.send(&signed(&body).header("X-GitHub-Delivery", "two")));
    assert_eq!(count(&receiver, &body), 1);
    receiver.expect_talk("that had come before");
    receiver.kill();
    let receiver = again(&receiver);
    expect_duplicate(&receiver.send(&first));
    assert_eq!(count(&receiver, &body), 1);
    receiver.send(&signed("{}")).expect_success();
}

/// Nothing of these fields is signed: whoever has seen a delivery may send it with others, or without.
#[test]
fn what_comes_again_with_other_fields_or_none_is_the_same_event() {
    let receiver = setup().storing().start();
    let body = body();
    let event = receiver.accept(&signed(&body).header("X-GitHub-Event", "push").header("X-GitHub-Delivery", "one"));
    expect_duplicate(&receiver.send(&signed(&body)));
    expect_duplicate(&receiver.send(&signed(&body).header("X-GitHub-Event", "release")));
    expect_duplicate(&receiver.send(&signed(&body).header("X-GitHub-Event", "").header("X-GitHub-Delivery", "")));
    assert_eq!((event.text("type").as_deref(), count(&receiver, &body)), (Some("push"), 1));
    receiver.send(&signed("{}")).expect_success();
    assert_eq!(receiver.next_event().payload(), "{}", "none of them was printed");
}

#[test]
fn copies_that_come_together_are_one_event() {
    let receiver = setup().storing().start();
    for _ in 0..20 {
        let body = body();
        let post = signed(&body);
        let mut clients: Vec<_> = (0..4).map(|_| receiver.connect()).collect();
        clients.iter_mut().for_each(|client| client.write(&post.bytes()));
        let answers: Vec<Answer> = clients.iter_mut().map(crate::support::client::Client::answer).collect();
        let duplicates = answers.iter().filter(|answer| answer.body == DUPLICATE.as_bytes()).count();
        assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
        assert_eq!((duplicates, count(&receiver, &body)), (3, 1));
        assert_eq!(receiver.next_event().payload(), body, "it is printed once");
    }
    receiver.send(&signed("{}")).expect_success();
    assert_eq!(receiver.next_event().payload(), "{}");
}

#[test]
fn while_the_file_cannot_be_written_to_nothing_is_taken_and_then_it_is_again() {
    let receiver = setup().storing().start();
    let other = Connection::open(receiver.folder.path().join("hookgate-data/events.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = body();
    let refused = receiver.send(&signed(&body));
    refused.expect_refusal(503, "Temporarily unable to accept events");
    assert_eq!(refused.header("Retry-After"), Some("5"));
    receiver.expect_talk("no event is taken");
    other.execute_batch("ROLLBACK").unwrap();
    // Its key does not count: the retry is a first delivery.
    until_taken(&receiver, &signed(&body)).expect_success();
    assert_eq!(count(&receiver, &body), 1);
    receiver.expect_talk("events are taken again");
}

#[test]
fn nothing_is_answered_for_a_file_that_was_taken_away() {
    let receiver = setup().storing().start();
    receiver.send(&signed("{}")).expect_success();
    let folder = receiver.folder.path();
    fs::rename(folder.join("hookgate-data"), folder.join("away")).unwrap();
    let body = body();
    receiver.send(&signed(&body)).expect_refusal(503, "Temporarily unable to accept events");
    fs::rename(folder.join("away"), folder.join("hookgate-data")).unwrap();
    until_taken(&receiver, &signed(&body)).expect_success();
    assert_eq!(count(&receiver, &body), 1);
}

#[test]
fn a_second_receiver_on_the_same_folder_is_refused_and_told_who_has_it() {
    let receiver = setup().storing().start();
    let outcome = setup().folder(&receiver.folder).storing().fail();
    let holder = format!("process {}", receiver.id());
    outcome.expect_misconfigured(&holder);
    assert!(outcome.stderr.contains(&holder), "{}", outcome.stderr);
}

#[test]
fn events_that_nobody_read_are_printed_after_the_next_start() {
    let mut receiver = setup().storing().stdout_closed().start();
    let bodies = [body(), body()];
    for body in &bodies {
        receiver.send(&signed(body)).expect_success();
    }
    receiver.expect_talk("stdout takes no events");
    receiver.signal("TERM");
    assert!(receiver.wait().0.success());
    let mut receiver = again(&receiver);
    for body in &bodies {
        assert_eq!(receiver.next_event().payload(), body);
    }
    receiver.signal("TERM");
    let (status, events) = receiver.wait();
    assert!(status.success() && events.is_empty());
    let (_, events) = {
        let mut third = again(&receiver);
        third.signal("TERM");
        third.wait()
    };
    assert!(events.is_empty(), "they are printed once");
}

#[test]
fn a_damaged_file_is_refused_with_what_to_do() {
    let mut receiver = setup().storing().start();
    receiver.send(&signed("{}")).expect_success();
    receiver.signal("TERM");
    receiver.wait();
    let path = receiver.folder.path().join("hookgate-data/events.db");
    let mut bytes = fs::read(&path).unwrap();
    bytes[..16].copy_from_slice(b"not of SQLite...");
    fs::write(&path, &bytes).unwrap();
    let outcome = setup().folder(&receiver.folder).storing().fail();
    let talk = &outcome.stderr;
    assert_eq!(outcome.code(), Some(1), "{talk}");
    assert!(talk.contains("is damaged") && talk.contains("hookgate store recover"), "{talk}");
}
