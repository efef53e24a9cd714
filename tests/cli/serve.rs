//! `hookgate serve`: what it won't start with, several secrets, and how it ends.

use crate::support::SECRET;
use crate::support::client::Client;
use crate::support::command::run;
use crate::support::folder::Folder;
use crate::support::receiver::{Receiver, setup, start};
use crate::support::request::{signed, signed_with};
use std::collections::BTreeSet;

const OTHER: &str = "another secret of 16+";

#[test]
fn what_it_cannot_serve_is_exit_2_with_a_hint() {
    for arguments in [
        &["--listen", "nowhere"][..],
        &["--listen", "127.0.0.1"],
        &["--listen", "127.0.0.1:99999"],
        &["--listen", ":5000:"],
        &["--listen", ""],
        &["--path", "webhook"],
        &["--path", ""],
        &["--scheme", "nosuch"],
        &["--scheme", "GitHub"],
        &["--scheme", ""],
    ] {
        // A free port, so that what is not refused does listen, and the test fails by its patience.
        let listen: &[&str] = if arguments[0] == "--listen" { &[] } else { &["--listen", "127.0.0.1:0"] };
        run(Folder::new().path(), &[&["serve"], listen, arguments].concat(), b"").expect_misconfigured(arguments[1]);
    }
}

#[test]
fn an_unknown_scheme_is_answered_with_the_known_ones() {
    let outcome = run(Folder::new().path(), &["serve", "--listen", "127.0.0.1:0", "--scheme", "nosuch"], b"");
    assert!(outcome.stderr.contains("github"), "{outcome:?}");
}

#[test]
fn what_a_handshake_cannot_have_is_exit_2() {
    let folder = Folder::new();
    folder.file("token", b"the agreed token of 16+");
    folder.file("none", b"\n");
    for (arguments, what) in [
        (&["--accept-handshake", "--secret-file", "token"][..], "github has no handshake that hands over a secret"),
        (&["--scheme", "asana", "--accept-handshake"], "is kept in one file"),
        (&["--scheme", "asana", "--accept-handshake", "--secret-env", "NOSUCH"], "is kept in one file"),
        (
            &["--scheme", "asana", "--accept-handshake", "--secret-file", "a", "--secret-file", "b"],
            "is kept in one file",
        ),
        (
            &["--scheme", "asana", "--accept-handshake", "--secret-file", "nosuch/secret"],
            "cannot be kept in nosuch/secret",
        ),
        (&["--scheme", "asana", "--accept-handshake", "--secret-file", "none"], "is empty"),
        (&["--handshake-token-file", "token"], "github has no handshake that asks for an agreed token"),
        (&["--scheme", "meta", "--handshake-token-file", "nosuch"], "cannot read"),
        (&["--scheme", "meta", "--handshake-token-file", "none"], "is empty"),
        (&["--scheme", "meta", "--handshake-token-env", "NOSUCH_TOKEN"], "NOSUCH_TOKEN is not set"),
    ] {
        let outcome = run(folder.path(), &[&["serve", "--listen", "127.0.0.1:0"], arguments].concat(), b"");
        outcome.expect_misconfigured(arguments[1]);
        assert!(outcome.stderr.contains(what), "{outcome:?}");
    }
}

#[test]
fn a_port_that_is_taken_is_exit_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let outcome = run(Folder::new().path(), &["serve", "--listen", &address], b"");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("hookgate: error: ") && outcome.stderr.contains(&address), "{outcome:?}");
}

#[test]
fn any_of_several_secrets_will_do() {
    let receiver = setup()
        .secret(None)
        .variable("NEW_SECRET", OTHER)
        .file("old", SECRET.as_bytes())
        .file("raw", b"a raw secret of 16+\n")
        .arguments(&["--secret-env", "NEW_SECRET", "--secret-file", "old", "--secret-file-raw", "new=raw"])
        .start();
    for (secret, label) in
        [(OTHER, "NEW_SECRET"), (SECRET, "old"), ("a raw secret of 16+\n", "new"), (OTHER, "NEW_SECRET")]
    {
        assert_eq!(receiver.accept(&signed_with(secret, "{}")).text("secret").as_deref(), Some(label));
    }
    for secret in ["a raw secret of 16+", "a third secret of 16+", ""] {
        receiver.refuse(&signed_with(secret, "{}"), 401, "Signature mismatch - unauthorized");
    }
}

#[test]
fn a_named_secret_replaces_hookgate_secret() {
    let receiver = setup().file("secret", OTHER.as_bytes()).arguments(&["--secret-file", "secret"]).start();
    receiver.accept(&signed_with(OTHER, "{}"));
    receiver.send(&signed("{}")).expect_refusal(401, "Signature mismatch - unauthorized");
}

#[test]
fn a_warning_does_not_keep_it_from_serving() {
    let receiver =
        setup().secret(Some("short")).file("secret", b"short\n").arguments(&["--secret-file", "secret"]).start();
    receiver.accept(&signed_with("short", "{}"));
    assert!(receiver.talk().contains("newline") && receiver.talk().contains("16"), "{}", receiver.talk());
}

/// Waits for the exit of a receiver that was told to stop.
fn expect_exit_0(receiver: &mut Receiver) -> BTreeSet<String> {
    let (status, events) = receiver.wait();
    assert_eq!(status.code(), Some(0), "{status:?}: {}", receiver.talk());
    events.iter().filter_map(|event| event.text("delivery_id")).collect()
}

#[test]
fn sigterm_and_sigint_end_it_with_exit_0() {
    for signal in ["TERM", "INT"] {
        let mut receiver = start();
        receiver.accept(&signed("{}"));
        receiver.signal(signal);
        assert!(expect_exit_0(&mut receiver).is_empty());
    }
}

#[test]
fn a_client_that_says_nothing_does_not_hold_it_up() {
    let mut receiver = start();
    let _idle = receiver.connect();
    let mut half = receiver.connect();
    half.write(b"POST /webhook HT");
    receiver.accept(&signed("{}"));
    receiver.signal("TERM");
    expect_exit_0(&mut receiver);
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let mut receiver = start();
        let mut half = receiver.connect();
        // It waits for this body, and would after one signal.
        half.write(&signed("{}").header("Expect", "100-continue").head());
        assert_eq!(half.answer().status, 100);
        receiver.signal(signal);
        // Nobody can connect any more: the first signal has arrived.
        while Client::try_connect(receiver.address).is_ok() {}
        receiver.signal(signal);
        let (status, _) = receiver.wait();
        assert_eq!(status.code(), Some(code), "{signal}");
    }
}

#[test]
fn a_request_that_was_accepted_is_finished_after_the_signal() {
    for signal in ["TERM", "INT"] {
        let mut receiver = start();
        let post = signed("{}").header("X-GitHub-Delivery", "the last one").header("Expect", "100-continue");
        let mut client = receiver.connect();
        client.write(&post.head());
        // It waits for this body now.
        assert_eq!(client.answer().status, 100);
        receiver.signal(signal);
        client.write(&post.body);
        client.answer().expect_success();
        drop(client);
        assert!(expect_exit_0(&mut receiver).contains("the last one"));
    }
}

#[test]
fn no_event_that_was_answered_200_is_lost_by_a_signal() {
    for signal in ["TERM", "INT"] {
        let mut receiver = start();
        let answered = receiver.answered_until(20, |receiver| receiver.signal(signal));
        let printed = expect_exit_0(&mut receiver);
        let lost: Vec<_> = answered.difference(&printed).collect();
        assert!(lost.is_empty(), "{lost:?} of {} answered", answered.len());
    }
}
