//! `hookgate send`: signs, posts, prints the answer.

use crate::support::command::{Outcome, run};
use crate::support::folder::Folder;
use crate::support::receiver::{setup, start};
use crate::support::without_white_space;
use std::net::TcpListener;

fn send(folder: &Folder, url: &str, more: &[&str], stdin: &[u8]) -> Outcome {
    run(folder.path(), &[&["send", url, "--scheme", "github"], more].concat(), stdin)
}

#[test]
fn an_accepted_delivery_is_exit_0_and_its_answer_on_stdout() {
    let receiver = start();
    let folder = Folder::new();
    for json in [r#"{"event_type":"push"}"#, "1", " {}\n", "\"é😀\"", "[\n1\n]"] {
        let file = folder.file("body.json", json.as_bytes());
        for (arguments, stdin) in [(&[file.as_str()][..], &b""[..]), (&["-"], json.as_bytes()), (&[], json.as_bytes())]
        {
            let outcome = send(&folder, &receiver.url(), arguments, stdin);
            assert_eq!(outcome.code(), Some(0), "{outcome:?}");
            let out = outcome.out();
            assert!(out.contains("200") && out.contains(r#"{"status":"success"}"#), "{outcome:?}");
            assert!(outcome.stderr.is_empty(), "{outcome:?}");
            assert_eq!(without_white_space(receiver.next_event().payload()), without_white_space(json));
        }
    }
}

#[test]
fn a_refused_delivery_is_exit_1_and_its_answer_on_stdout() {
    let receiver = setup().secret(Some("another secret of 16+")).start();
    let folder = Folder::new();
    let outcome = send(&folder, &receiver.url(), &[], b"{}");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(
        outcome.out().contains("401") && outcome.out().contains("Signature mismatch - unauthorized"),
        "{outcome:?}"
    );
    let outcome = send(&folder, &format!("http://{}/other", receiver.address), &[], b"{}");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.out().contains("404"), "{outcome:?}");
    let receiver = start();
    let outcome = send(&folder, &receiver.url(), &[], b"not json");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.out().contains("400") && outcome.out().contains("Invalid JSON payload"), "{outcome:?}");
}

#[test]
fn where_nobody_listens_it_is_exit_1_and_an_error() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = send(&Folder::new(), &format!("http://{address}/webhook"), &[], b"{}");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.stdout.is_empty() && outcome.stderr.contains("hookgate: error: "), "{outcome:?}");
}

#[test]
fn a_body_that_cannot_be_read_is_not_sent() {
    let receiver = start();
    let outcome = send(&Folder::new(), &receiver.url(), &["no-such-file"], b"{}");
    assert!(matches!(outcome.code(), Some(1 | 2)), "{outcome:?}");
    assert!(outcome.stdout.is_empty() && outcome.stderr.contains("hookgate: error: "), "{outcome:?}");
    receiver.expect_no_event();
}

#[test]
fn a_url_that_is_none_is_exit_2() {
    for url in ["", "nowhere", "/webhook", "ftp://127.0.0.1/", "http://"] {
        let outcome = send(&Folder::new(), url, &[], b"{}");
        assert!(matches!(outcome.code(), Some(1 | 2)), "{url}: {outcome:?}");
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains("hookgate: error: "), "{url}: {outcome:?}");
    }
}
