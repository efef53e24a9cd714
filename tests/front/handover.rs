//! `--accept-handshake`: the secret that a handshake hands over is taken once, where the operator waits for it.

use crate::support::SECRET;
use crate::support::client::Answer;
use crate::support::receiver::{Receiver, Setup, setup};
use crate::support::request::{Post, unsigned};
use crate::support::signer::digits;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// Of the form that Asana's have.
const HANDED: &str = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81";
const OTHER: &str = "0000000000000000000000000000000000000000000000000000000000000000";

fn waiting() -> Setup {
    let arguments = ["--scheme", "asana", "--accept-handshake", "--secret-file", "handed=secret"];
    setup().secret(None).arguments(&arguments)
}

fn handshake(secret: &str) -> Post {
    unsigned("").header("X-Hook-Secret", secret)
}

fn delivery(secret: &str, body: &str) -> Post {
    unsigned(body).header("X-Hook-Signature", digits(secret.as_bytes(), body.as_bytes()))
}

fn expect_taken(answer: &Answer, secret: &str) {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("X-Hook-Secret"), Some(secret), "{}", answer.text());
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{}", answer.text());
    assert!(answer.body.is_empty(), "{}", answer.text());
}

fn expect_refused(answer: &Answer, status: u16, detail: &str) {
    answer.expect_refusal(status, detail);
    assert_eq!(answer.header("X-Hook-Secret"), None, "{}", answer.text());
}

fn kept(receiver: &Receiver) -> Vec<u8> {
    fs::read(receiver.folder.path().join("secret")).unwrap()
}

#[test]
fn the_first_secret_is_kept_echoed_and_verified_with_at_once() {
    for body in ["", "{}"] {
        let receiver = waiting().start();
        receiver.expect_talk("10 minutes");
        // Nobody's signature is right before.
        assert_eq!(receiver.send(&delivery(HANDED, "{}")).status, 401);
        expect_taken(&receiver.send(&unsigned(body).header("X-Hook-Secret", HANDED)), HANDED);
        assert_eq!(kept(&receiver), HANDED.as_bytes());
        let mode = fs::metadata(receiver.folder.path().join("secret")).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let event = receiver.accept(&delivery(HANDED, r#"{"events":[{"action":"added"}]}"#));
        assert_eq!(event.text("secret").as_deref(), Some("handed"));
        assert_eq!(receiver.send(&delivery(OTHER, "{}")).status, 401);
        assert!(!receiver.talk().contains(HANDED), "{}", receiver.talk());
    }
}

#[test]
fn a_second_one_is_refused_whatever_it_says() {
    let receiver = waiting().start();
    expect_taken(&receiver.send(&handshake(HANDED)), HANDED);
    for again in [OTHER, HANDED] {
        expect_refused(&receiver.send(&handshake(again)), 403, "Handshake refused");
    }
    assert_eq!(kept(&receiver), HANDED.as_bytes());
    receiver.accept(&delivery(HANDED, "{}"));
    assert_eq!(receiver.send(&delivery(OTHER, "{}")).status, 401);
}

#[test]
fn after_a_restart_the_kept_one_counts_and_no_handshake_is_taken() {
    let mut first = waiting().start();
    expect_taken(&first.send(&handshake(HANDED)), HANDED);
    let folder = std::sync::Arc::clone(&first.folder);
    first.kill();
    let receiver = waiting().file("secret", &fs::read(folder.path().join("secret")).unwrap()).start();
    expect_refused(&receiver.send(&handshake(OTHER)), 403, "Handshake refused");
    receiver.accept(&delivery(HANDED, "{}"));
    assert_eq!(kept(&receiver), HANDED.as_bytes());
}

#[test]
fn where_a_secret_is_stored_none_is_taken() {
    let receiver = waiting().file("secret", SECRET.as_bytes()).start();
    expect_refused(&receiver.send(&handshake(HANDED)), 403, "Handshake refused");
    assert_eq!(kept(&receiver), SECRET.as_bytes());
    receiver.accept(&delivery(SECRET, "{}"));
    assert_eq!(receiver.send(&delivery(HANDED, "{}")).status, 401);
}

#[test]
fn an_empty_file_is_filled_and_what_can_be_no_secret_closes_no_window() {
    let receiver = waiting().file("secret", b"").start();
    let long = "a".repeat(257);
    for strange in ["", " ", "a b", "<script>", "a,b", "\"quoted\"", "a;b", long.as_str()] {
        expect_refused(&receiver.send(&handshake(strange)), 400, "Invalid handshake");
    }
    let twice = handshake(HANDED).header("X-Hook-Secret", OTHER);
    let answer = receiver.send(&twice);
    assert!([400, 403].contains(&answer.status), "{}", answer.text());
    // With a signature, or a body that could be an event, it is judged as one.
    let signed = handshake(OTHER).header("X-Hook-Signature", digits(OTHER.as_bytes(), b""));
    assert!([400, 401].contains(&receiver.send(&signed).status));
    let event = r#"{"events":[]}"#;
    assert_eq!(receiver.send(&unsigned(event).header("X-Hook-Secret", OTHER)).status, 400);
    assert_eq!(receiver.send(&delivery(OTHER, event).header("X-Hook-Secret", OTHER)).status, 401);
    for method in ["GET", "PUT"] {
        assert_eq!(receiver.send(&handshake(OTHER).by(method)).status, 405, "{method}");
    }
    assert_eq!(receiver.send(&handshake(OTHER).to("/elsewhere")).status, 404);
    assert_eq!(kept(&receiver), b"");
    let longest = "a".repeat(256);
    expect_taken(&receiver.send(&handshake(&longest)), &longest);
    assert_eq!(kept(&receiver), longest.as_bytes());
}

#[test]
fn of_two_at_once_one_is_taken() {
    let receiver = waiting().start();
    let (mut one, mut two) = (receiver.connect(), receiver.connect());
    one.write(&handshake(HANDED).bytes());
    two.write(&handshake(OTHER).bytes());
    let answers = [(one.answer(), HANDED), (two.answer(), OTHER)];
    let taken: Vec<_> = answers.iter().filter(|(answer, _)| answer.status == 200).collect();
    let [(answer, secret)] = taken.as_slice() else { panic!("{answers:?}") };
    expect_taken(answer, secret);
    assert!(answers.iter().any(|(answer, _)| answer.status == 403), "{answers:?}");
    assert_eq!(kept(&receiver), secret.as_bytes());
    receiver.accept(&delivery(secret, "{}"));
}

#[test]
fn of_two_receivers_that_wait_for_one_file_one_takes_it() {
    let first = waiting().start();
    let file = first.folder.path().join("secret");
    let second = setup()
        .secret(None)
        .arguments(&["--scheme", "asana", "--accept-handshake", "--secret-file", file.to_str().unwrap()])
        .start();
    expect_taken(&first.send(&handshake(HANDED)), HANDED);
    expect_refused(&second.send(&handshake(OTHER)), 403, "Handshake refused");
    assert_eq!(kept(&first), HANDED.as_bytes());
}

#[test]
fn one_that_cannot_be_kept_is_503_and_is_not_verified_with() {
    let receiver = waiting().start();
    // What cannot be replaced by a file, whoever runs this.
    let place = receiver.folder.path().join(".secret.hookgate-handshake");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("full"), b"").unwrap();
    let answer = receiver.send(&handshake(HANDED));
    assert_eq!((answer.status, answer.header("X-Hook-Secret")), (503, None), "{}", answer.text());
    assert_eq!(receiver.send(&delivery(HANDED, "{}")).status, 401);
    receiver.expect_talk("cannot keep the secret");
    assert!(!receiver.talk().contains(HANDED), "{}", receiver.talk());
    fs::remove_dir_all(&place).unwrap();
    expect_taken(&receiver.send(&handshake(OTHER)), OTHER);
    assert_eq!(kept(&receiver), OTHER.as_bytes());
}

#[test]
fn without_the_flag_a_file_without_a_secret_is_no_way_to_begin() {
    let setup = || setup().secret(None).arguments(&["--scheme", "asana", "--secret-file", "secret"]);
    for (setup, what) in [(setup(), "cannot read"), (setup().file("secret", b""), "is empty")] {
        let outcome = setup.fail();
        outcome.expect_misconfigured("secret");
        assert!(outcome.stderr.contains(what), "{outcome:?}");
    }
}
