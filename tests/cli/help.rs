//! What the command says about itself, and what it says to arguments that it does not know.

use crate::support::command::{Outcome, run};
use crate::support::folder::Folder;

fn hookgate(arguments: &[&str]) -> Outcome {
    run(Folder::new().path(), arguments, b"")
}

#[test]
fn help_fits_a_screen_and_starts_with_an_example() {
    for flag in ["--help", "-h"] {
        let outcome = hookgate(&[flag]);
        assert_eq!(outcome.code(), Some(0));
        assert!(outcome.stderr.is_empty(), "help that was asked for is data: {}", outcome.stderr);
        let text = outcome.out();
        assert!(text.lines().count() <= 30, "{} lines", text.lines().count());
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap();
        assert!(first.contains("hookgate ") && first.to_lowercase().contains("example"), "{first}");
        for verb in ["serve", "sign", "send", "verify", "events", "store", "schemes"] {
            assert!(text.contains(verb), "{verb}");
        }
    }
}

#[test]
fn each_verb_has_help() {
    for verb in ["serve", "sign", "send", "verify"] {
        let outcome = hookgate(&[verb, "--help"]);
        assert_eq!(outcome.code(), Some(0));
        let text = outcome.out();
        for flag in ["--scheme", "--secret-env", "--secret-file", "--secret-file-raw"] {
            assert!(text.contains(flag), "{verb} --help says nothing of {flag}");
        }
    }
}

#[test]
fn the_version_is_the_crates() {
    let outcome = hookgate(&["--version"]);
    assert_eq!(outcome.code(), Some(0));
    assert!(outcome.out().contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn what_is_not_a_command_or_a_flag_is_exit_2_and_nothing_on_stdout() {
    for arguments in [
        &["nosuch"][..],
        &["--nosuch"],
        &["serve", "--nosuch"],
        &["serve", "extra"],
        &["serve", "--listen"],
        &["serve", "--path", "/a", "--path", "/b"],
        &["sign", "--nosuch"],
        &["sign", "a", "b"],
        &["send"],
        &["verify", "--nosuch"],
        &["verify", "--now", "tomorrow"],
        &["verify", "--header"],
        &["verify", "a", "b"],
    ] {
        let outcome = hookgate(arguments);
        assert_eq!(outcome.code(), Some(2), "{arguments:?}: {outcome:?}");
        assert!(outcome.stdout.is_empty() && !outcome.stderr.is_empty(), "{arguments:?}: {outcome:?}");
    }
    let outcome = hookgate(&[]);
    assert_eq!(outcome.code(), Some(2), "{outcome:?}");
}

/// Arguments are seen by everybody on the machine.
#[test]
fn no_flag_takes_a_secret_itself_nor_is_one_repeated_in_the_error() {
    for verb in [&["serve"][..], &["sign"], &["send", "http://127.0.0.1:1/"], &["verify"]] {
        for flag in ["--secret", "--secret-value", "--key", "-s", "--hmac-secret", "--password", "--token"] {
            let joined = format!("{flag}=hunter2hunter2hunter2");
            for given in [&[flag, "hunter2hunter2hunter2"][..], &[joined.as_str()]] {
                let outcome = hookgate(&[verb, given].concat());
                assert_eq!(outcome.code(), Some(2), "{verb:?} {given:?}: {outcome:?}");
                assert!(outcome.stdout.is_empty(), "{outcome:?}");
                assert!(!outcome.stderr.contains("hunter2"), "{verb:?} {given:?}: {}", outcome.stderr);
            }
        }
    }
}
