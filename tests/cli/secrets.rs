//! Where secrets come from, what is warned of, what cannot be one. Held on `sign`, which takes them as all verbs do.

use crate::support::command::{Outcome, finish, hookgate, run};
use crate::support::folder::Folder;
use crate::support::{SECRET, signer};
use std::os::unix::ffi::OsStringExt;

const GOOD: &str = "0123456789abcdef0123456789abcdef";
const BODY: &[u8] = b"{\"a\": 1}";

fn sign(folder: &Folder, secrets: &[&str]) -> Outcome {
    run(folder.path(), &[&["sign", "--scheme", "github"], secrets].concat(), BODY)
}

/// That `outcome` signed `BODY` with exactly `secret`.
fn expect_signed_with(outcome: &Outcome, secret: &[u8]) {
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert_eq!(outcome.out(), format!("X-Hub-Signature-256: {}\n", signer::signature(secret, BODY)));
}

fn expect_warnings(outcome: &Outcome, words: &[&str]) {
    let warnings: Vec<_> = outcome.stderr.lines().filter(|line| line.to_lowercase().contains("warning")).collect();
    assert_eq!(warnings.len(), words.len(), "{outcome:?}");
    for word in words {
        assert!(warnings.iter().any(|warning| warning.contains(word)), "nothing of {word}: {outcome:?}");
    }
}

#[test]
fn the_secret_is_in_hookgate_secret_unless_told_otherwise() {
    let outcome = sign(&Folder::new(), &[]);
    expect_signed_with(&outcome, SECRET.as_bytes());
    assert!(outcome.stderr.is_empty(), "{outcome:?}");
}

#[test]
fn a_named_secret_replaces_the_default_one() {
    let folder = Folder::new();
    let file = folder.file("secret", GOOD.as_bytes());
    for flags in [["--secret-file", &file], ["--secret-file-raw", &file]] {
        let outcome = sign(&folder, &flags);
        expect_signed_with(&outcome, GOOD.as_bytes());
        assert!(outcome.stderr.is_empty(), "{outcome:?}");
    }
    let mut command = hookgate();
    command.args(["sign", "--scheme", "github", "--secret-env", "MY_SECRET"]).env("MY_SECRET", GOOD);
    expect_signed_with(&finish(command, BODY), GOOD.as_bytes());
}

#[test]
fn one_line_end_of_a_secret_file_is_stripped_with_a_warning_that_says_so() {
    let folder = Folder::new();
    let file = folder.file("secret", format!("{GOOD}\n").as_bytes());
    let outcome = sign(&folder, &["--secret-file", &file]);
    expect_signed_with(&outcome, GOOD.as_bytes());
    expect_warnings(&outcome, &["newline"]);
    assert!(outcome.stderr.contains("stripped"), "{outcome:?}");
}

#[test]
fn a_raw_secret_file_keeps_every_byte() {
    let folder = Folder::new();
    for secret in [format!("{GOOD}\n").into_bytes(), format!("{GOOD}\r\n").into_bytes(), (0..=255).collect()] {
        let file = folder.file("secret", &secret);
        expect_signed_with(&sign(&folder, &["--secret-file-raw", &file]), &secret);
    }
}

#[test]
fn bytes_that_are_no_text_are_a_secret_like_any_other() {
    let secret = b"\xff\xfe0123456789abcdef\x80".to_vec();
    let folder = Folder::new();
    let file = folder.file("secret", &secret);
    expect_signed_with(&sign(&folder, &["--secret-file", &file]), &secret);
    let mut command = hookgate();
    command.args(["sign", "--scheme", "github"]).env("HOOKGATE_SECRET", std::ffi::OsString::from_vec(secret.clone()));
    expect_signed_with(&finish(command, BODY), &secret);
}

#[test]
fn what_looks_wrong_in_a_secret_file_is_warned_of_and_used() {
    let folder = Folder::new();
    for (secret, word) in [
        (format!(" {GOOD}"), "space"),
        (format!("{GOOD} "), "space"),
        (format!("{GOOD}\t"), "space"),
        (GOOD[..15].to_string(), "16"),
        ("x".to_string(), "16"),
    ] {
        let file = folder.file("secret", secret.as_bytes());
        for flag in ["--secret-file", "--secret-file-raw"] {
            let outcome = sign(&folder, &[flag, &file]);
            expect_signed_with(&outcome, secret.as_bytes());
            expect_warnings(&outcome, &[word]);
            assert!(outcome.stderr.contains(&file), "which file: {outcome:?}");
        }
    }
    let file = folder.file("secret", &GOOD.as_bytes()[..16]);
    expect_warnings(&sign(&folder, &["--secret-file", &file]), &[]);
}

#[test]
fn a_secret_file_that_others_can_read_is_warned_of() {
    let folder = Folder::new();
    for mode in [0o644, 0o640, 0o604, 0o666] {
        let file = folder.file_with_mode("secret", GOOD.as_bytes(), mode);
        let outcome = sign(&folder, &["--secret-file", &file]);
        expect_signed_with(&outcome, GOOD.as_bytes());
        expect_warnings(&outcome, &["others"]);
    }
    for mode in [0o600, 0o400, 0o700] {
        let file = folder.file_with_mode("secret", GOOD.as_bytes(), mode);
        expect_warnings(&sign(&folder, &["--secret-file", &file]), &[]);
    }
}

#[test]
fn each_fault_has_its_own_warning() {
    let folder = Folder::new();
    let file = folder.file_with_mode("secret", b" short\n", 0o644);
    let outcome = sign(&folder, &["--secret-file", &file]);
    expect_signed_with(&outcome, b" short");
    expect_warnings(&outcome, &["newline", "space", "16", "others"]);
}

#[test]
fn what_cannot_be_a_secret_is_exit_2_for_every_verb() {
    let folder = Folder::new();
    let empty = folder.file("empty", b"");
    let newline = folder.file("newline", b"\n");
    for secrets in [
        &["--secret-env", "HOOKGATE_NO_SUCH_VARIABLE"][..],
        &["--secret-env", ""],
        &["--secret-env", "A=B"],
        &["--secret-file", "no-such-file"],
        &["--secret-file", "."],
        &["--secret-file", ""],
        &["--secret-file-raw", "no-such-file"],
        &["--secret-file", &empty],
        &["--secret-file-raw", &empty],
        &["--secret-file", &newline],
        // One good secret does not make up for a bad one.
        &["--secret-env", "HOOKGATE_SECRET", "--secret-file", &empty],
        &["--secret-file", "no-such-file", "--secret-env", "HOOKGATE_SECRET"],
    ] {
        for verb in [
            &["serve", "--listen", "127.0.0.1:0"][..],
            &["sign", "--scheme", "github"],
            &["send", "http://127.0.0.1:1/"],
            &["verify", "--scheme", "github", "--header", "X-Hub-Signature-256: sha256=0"],
        ] {
            run(folder.path(), &[verb, secrets].concat(), BODY).expect_misconfigured(&format!("{verb:?} {secrets:?}"));
        }
    }
}

#[test]
fn no_secret_at_all_is_exit_2_with_a_hint() {
    for verb in [&["serve", "--listen", "127.0.0.1:0"][..], &["sign"], &["send", "http://127.0.0.1:1/"], &["verify"]] {
        let mut command = hookgate();
        command.args(verb);
        let outcome = finish(command, BODY);
        outcome.expect_misconfigured(&format!("{verb:?}"));
        assert!(outcome.stderr.contains("HOOKGATE_SECRET"), "{outcome:?}");
        let mut command = hookgate();
        command.args(verb).env("HOOKGATE_SECRET", "");
        finish(command, BODY).expect_misconfigured(&format!("{verb:?} with an empty one"));
    }
}
