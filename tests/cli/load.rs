//! `hookgate send --count`.

use super::events::{events, lines};
use crate::support::command::run;
use crate::support::folder::Folder;
use crate::support::receiver::{setup, start};
use std::collections::BTreeSet;
use std::fs;
use std::net::TcpListener;

fn ids(folder: &Folder) -> BTreeSet<String> {
    let text = fs::read_to_string(folder.path().join("ids")).unwrap();
    let ids: BTreeSet<String> = text.lines().map(str::to_string).collect();
    assert_eq!(ids.len(), text.lines().count(), "an id came twice");
    ids
}

#[test]
fn many_deliveries_all_differ_and_what_was_answered_is_kept() {
    let receiver = setup().storing().start();
    let folder = &receiver.folder;
    let mut all = BTreeSet::new();
    // The second run is of the same body.
    for run_number in 1..=2 {
        let arguments =
            ["send", &receiver.url(), "--count", "300", "--concurrency", "7", "--ids", "ids", "--event", "push"];
        let outcome = run(folder.path(), &arguments, br#"{"a":1}"#);
        assert_eq!(outcome.code(), Some(0), "{outcome:?}");
        assert!(outcome.out().starts_with("sent 300 of 300, answered 300 in "), "{outcome:?}");
        assert!(outcome.out().contains("requests/s\n200: 300\n"), "{outcome:?}");
        assert!(outcome.stderr.is_empty(), "{outcome:?}");
        all.append(&mut ids(folder));
        assert_eq!(all.len(), 300 * run_number);
    }
    let kept = lines(&events(folder, &["list", "--limit", "0", "--json"]));
    let kept: Vec<String> = kept.iter().map(|line| line["delivery_id"].as_str().unwrap().to_string()).collect();
    assert_eq!(kept.len(), 600, "none was taken for another");
    assert_eq!(kept.into_iter().collect::<BTreeSet<_>>(), all);
}

/// Each by what its provider knows a delivery by: a member, a signed id, a field.
#[test]
fn deliveries_of_other_schemes_differ_too() {
    for (scheme, body) in [
        ("stripe", r#"{"id":"evt_1"}"#),
        ("slack", "{}"),
        ("svix", "{}"),
        ("line", r#"{"events":[{}]}"#),
        ("github", "payload={\"n\":\"{{delivery}}\"}"),
    ] {
        let secret =
            if scheme == "svix" { "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } else { "a secret of 16 bytes or more" };
        let receiver = setup().secret(Some(secret)).arguments(&["--scheme", scheme]).storing().start();
        let mut command = crate::support::command::hookgate();
        command.args(["send", &receiver.url(), "--scheme", scheme, "--count", "30", "--concurrency", "3"]);
        command.env("HOOKGATE_SECRET", secret).current_dir(receiver.folder.path());
        let outcome = crate::support::command::finish(command, body.as_bytes());
        assert_eq!(outcome.code(), Some(0), "{scheme}: {outcome:?}");
        assert_eq!(lines(&events(&receiver.folder, &["list", "--limit", "0", "--json"])).len(), 30, "{scheme}");
    }
}

#[test]
fn what_is_refused_is_counted_and_exit_1() {
    let receiver = setup().secret(Some("another secret of 16+")).start();
    let folder = Folder::new();
    let outcome = run(folder.path(), &["send", &receiver.url(), "--count", "5", "--ids", "ids"], b"{}");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.out().contains("\n401: 5\n"), "{outcome:?}");
    assert!(ids(&folder).is_empty());
}

#[test]
fn where_nobody_listens_it_ends() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{address}/webhook");
    let outcome = run(Folder::new().path(), &["send", &url, "--count", "1000000", "--concurrency", "2"], b"{}");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.out().starts_with("sent 6 of 1000000, answered 0 in "), "{outcome:?}");
    assert!(outcome.out().contains("failed: "), "{outcome:?}");
}

#[test]
fn what_cannot_be_sent_is_exit_2_and_sends_nothing() {
    let receiver = start();
    let folder = Folder::new();
    for (arguments, body) in [
        (&["--count", "0"][..], "{}"),
        (&["--count", "2", "--concurrency", "0"], "{}"),
        (&["--count", "many"], "{}"),
        (&["--count", "2"], "[]"),
        (&["--count", "2"], "not json"),
        (&["--count", "2", "--id", "one"], "{}"),
        (&["--count", "2", "--ids", "no/such/folder"], "{}"),
        (&["--count", "2", "--event", "a\nb"], "{}"),
    ] {
        let outcome = run(folder.path(), &[&["send", &receiver.url()], arguments].concat(), body.as_bytes());
        assert_eq!(outcome.code(), Some(2), "{arguments:?}: {outcome:?}");
        assert!(
            outcome.stdout.is_empty() && outcome.stderr.contains("hookgate: error: "),
            "{arguments:?}: {outcome:?}"
        );
    }
    receiver.expect_no_event();
}
