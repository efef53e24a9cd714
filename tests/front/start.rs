//! How the receiver starts, and what it won't start with.

use crate::support::receiver::{setup, start};

#[test]
fn one_line_on_stderr_says_where_it_listens() {
    let receiver = start();
    let talk = receiver.talk();
    let lines: Vec<_> = talk.lines().filter(|line| line.contains(&receiver.url())).collect();
    assert_eq!(lines.len(), 1, "{talk}");
}

#[test]
fn without_a_secret_it_does_not_start_and_says_what_to_do() {
    let outcome = setup().secret(None).fail();
    outcome.expect_misconfigured("no secret");
    assert!(outcome.stderr.contains("HOOKGATE_SECRET"), "{}", outcome.stderr);
}

#[test]
fn with_an_empty_secret_it_does_not_start() {
    setup().secret(Some("")).fail().expect_misconfigured("an empty secret");
}

#[test]
fn a_path_without_a_slash_is_refused() {
    for path in ["webhook", "", "*", "http://localhost/webhook"] {
        setup().path(path).fail().expect_misconfigured(path);
    }
}

#[cfg(not(feature = "cli"))]
#[test]
fn what_the_environment_cannot_mean_is_refused() {
    for (name, value) in [
        ("HOOKGATE_SCHEME", "nosuch"),
        ("HOOKGATE_SCHEME", ""),
        ("HOOKGATE_SCHEME", "GitHub"),
        ("HOOKGATE_LISTEN", "nowhere"),
        ("HOOKGATE_LISTEN", "127.0.0.1"),
        ("HOOKGATE_LISTEN", "127.0.0.1:99999"),
        ("HOOKGATE_LISTEN", ""),
    ] {
        setup().variable(name, value).fail().expect_misconfigured(&format!("{name}={value}"));
    }
    setup().variable("HOOKGATE_SCHEME", "github").start();
}
