//! `hookgate verify --explain`: a line of cause and one of remedy; the exit code is what it is without.

use crate::support::command::{Outcome, finish, hookgate, run};
use crate::support::folder::Folder;
use crate::support::{SECRET, signer};

/// `verify --explain` of `body`, signed for GitHub with the tests' secret as `signed`.
fn explain(arguments: &[&str], signed: &[u8], body: &[u8]) -> Outcome {
    let signature = format!("X-Hub-Signature-256: {}", signer::signature(SECRET.as_bytes(), signed));
    let verify = ["verify", "--scheme", "github", "--explain", "--header", &signature];
    run(Folder::new().path(), &[&verify, arguments].concat(), body)
}

/// The verdict, the cause of this name and its remedy, a line each.
fn expect_cause(outcome: &Outcome, verdict: &str, name: &str) {
    let out = outcome.out();
    let lines: Vec<_> = out.lines().collect();
    let [first, cause, remedy] = lines.as_slice() else { panic!("{outcome:?}") };
    assert!(first.starts_with(verdict), "{out}");
    assert!(cause.starts_with(&format!("cause: {name}: ")), "{out}");
    assert!(remedy.starts_with("remedy: ") && remedy.len() > 20, "{out}");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.stderr.is_empty(), "{outcome:?}");
    assert!(!out.contains(&signer::digits(SECRET.as_bytes(), b"{}")), "the right signature is in {out}");
}

#[test]
fn a_mismatch_is_exit_1_with_its_cause_and_remedy() {
    let mismatch = "refused: Signature mismatch - unauthorized: ";
    expect_cause(&explain(&[], b"{}", b"{}\n"), mismatch, "body-newline-added");
    expect_cause(&explain(&[], b"{\"a\": 1}", b"{\"a\":1}"), mismatch, "json-minified");
    expect_cause(&explain(&[], b"[]", b"{}"), mismatch, "unknown");
}

#[test]
fn a_refusal_of_another_kind_has_a_cause_too() {
    let digits = format!("X-Hub-Signature-256: {}", signer::digits(SECRET.as_bytes(), b"[1]"));
    let verify = ["verify", "--scheme", "github", "--explain"];
    let outcome = run(Folder::new().path(), &[&verify[..], &["--header", &digits]].concat(), b"[1]");
    expect_cause(&outcome, "refused: Invalid signature header format", "signature-prefix-missing");
    expect_cause(&run(Folder::new().path(), &verify, b"{}"), "refused: Missing", "signature-header-missing");
}

#[test]
fn a_time_out_of_bounds_is_told_by_how_much() {
    let folder = Folder::new();
    let sign = ["sign", "--scheme", "slack", "--now", "1700000000"];
    let headers = run(folder.path(), &sign, b"{}").out();
    let fields: Vec<&str> = headers.lines().flat_map(|line| ["--header", line]).collect();
    let verify = |now| {
        let verify = ["verify", "--scheme", "slack", "--explain", "--now", now];
        run(folder.path(), &[&verify, &fields[..]].concat(), b"{}")
    };
    let stale = verify("1700000301");
    expect_cause(&stale, "refused: Timestamp out of bounds - unauthorized", "stale");
    assert!(stale.out().contains("301 s old by this clock"), "{stale:?}");
    let early = verify("1699990000");
    expect_cause(&early, "refused: Timestamp out of bounds - unauthorized", "from-the-future");
    assert!(early.out().contains("10000 s ahead of this clock"), "{early:?}");
}

#[test]
fn what_is_valid_has_no_cause() {
    let outcome = explain(&[], b"{}", b"{}");
    assert_eq!((outcome.code(), outcome.out().lines().count()), (Some(0), 1), "{outcome:?}");
}

#[test]
fn without_explain_a_refusal_is_one_line() {
    let signature = format!("X-Hub-Signature-256: {}", signer::signature(SECRET.as_bytes(), b"{}"));
    let outcome = run(Folder::new().path(), &["verify", "--scheme", "github", "--header", &signature], b"{}\n");
    assert_eq!((outcome.code(), outcome.out().lines().count()), (Some(1), 1), "{outcome:?}");
}

#[test]
fn another_secret_that_matches_is_named_by_its_label() {
    let folder = Folder::new();
    folder.file("a", b"not the right secret\n");
    folder.file("b", SECRET.as_bytes());
    let signature = format!("X-Hub-Signature-256: {}", signer::signature(SECRET.as_bytes(), b"{}"));
    let mut command = hookgate();
    command
        .args(["verify", "--scheme", "github", "--explain", "--header", &signature])
        .args(["--secret-env", "WRONG", "--also-try", "old=a", "--also-try", "new=b"])
        .env("WRONG", "a secret of another one")
        .current_dir(folder.path());
    let outcome = finish(command, b"{}");
    assert!(outcome.out().contains("cause: another-secret: it is signed with the secret new\n"), "{outcome:?}");
    assert_eq!(outcome.code(), Some(1));
}

#[test]
fn also_try_is_for_explain_only() {
    let folder = Folder::new();
    folder.file("a", SECRET.as_bytes());
    run(folder.path(), &["verify", "--also-try", "a"], b"{}").expect_misconfigured("without --explain");
    run(folder.path(), &["verify", "--explain", "--also-try", "no-such-file"], b"{}").expect_misconfigured("no file");
}

#[test]
fn a_secret_that_the_scheme_cannot_use_is_exit_2_and_explained() {
    let folder = Folder::new();
    folder.file("right", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    folder.file("wrong", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n\n");
    let sign = ["sign", "--scheme", "svix", "--secret-file", "right"];
    let headers = run(folder.path(), &sign, b"{}").out();
    let fields: Vec<&str> = headers.lines().flat_map(|line| ["--header", line]).collect();
    for (secret, name) in [("wrong", "secret-white-space"), ("HOOKGATE_SECRET", "secret-unusable")] {
        let given = if secret == "wrong" { ["--secret-file-raw", "wrong"] } else { ["--secret-env", secret] };
        let verify = [&["verify", "--scheme", "svix", "--explain"], &given[..], &fields[..]].concat();
        let outcome = run(folder.path(), &verify, b"{}");
        assert_eq!(outcome.code(), Some(2), "{outcome:?}");
        assert!(outcome.out().starts_with(&format!("cause: {name}: ")), "{outcome:?}");
        assert_eq!(outcome.out().lines().count(), 2, "{outcome:?}");
        assert!(outcome.stderr.contains("hookgate: error: the secret"), "{outcome:?}");
    }
}
