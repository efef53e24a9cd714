//! `hookgate verify`: exit 0 and the verdict, 1 and the refusal, 2 where nothing can be judged.

use crate::support::command::{Outcome, finish, hookgate, run};
use crate::support::folder::Folder;
use crate::support::{SECRET, signer};

fn verify(arguments: &[&str], body: &[u8]) -> Outcome {
    run(Folder::new().path(), &[&["verify", "--scheme", "github"], arguments].concat(), body)
}

fn header(value: &str) -> String {
    format!("X-Hub-Signature-256: {value}")
}

fn right(body: &[u8]) -> String {
    header(&signer::signature(SECRET.as_bytes(), body))
}

/// One line of verdict on stdout, nothing on stderr, and this exit code.
fn expect_verdict(outcome: &Outcome, code: i32, words: &str) {
    assert_eq!(outcome.code(), Some(code), "{outcome:?}");
    assert!(outcome.out().contains(words), "no {words:?} in {outcome:?}");
    assert_eq!(outcome.out().lines().count(), 1, "{outcome:?}");
    assert!(outcome.stderr.is_empty(), "{outcome:?}");
}

#[test]
fn a_valid_signature_is_exit_0_whatever_the_body_is() {
    let all: Vec<u8> = (0..=255).collect();
    for body in [&b"{}"[..], b"", b"not json", b"Hello, World!", b"\xff", &all, b"{}\n", b"payload=%zz"] {
        let outcome = verify(&["--header", &right(body)], body);
        expect_verdict(&outcome, 0, "valid");
        assert!(outcome.out().contains("HOOKGATE_SECRET"), "which secret: {outcome:?}");
    }
}

#[test]
fn the_body_is_a_file_or_standard_input() {
    let folder = Folder::new();
    let file = folder.file("body", b"{\"a\":1}");
    let signature = right(b"{\"a\":1}");
    for (argument, stdin) in [(file.as_str(), &b"not this"[..]), ("-", b"{\"a\":1}")] {
        let arguments = ["verify", "--scheme", "github", "--header", &signature, argument];
        expect_verdict(&run(folder.path(), &arguments, stdin), 0, "valid");
    }
}

#[test]
fn other_headers_and_the_rest_of_the_request_change_nothing_for_github() {
    let signature = right(b"{}").to_uppercase().replacen("SHA256", "sha256", 1);
    let arguments = [
        "--header",
        "Content-Type: application/json",
        "--header",
        &signature,
        "--header",
        "X-GitHub-Event:push",
        "--header",
        "X-Empty:",
        "--method",
        "PUT",
        "--url",
        "/somewhere?x=1",
        "--now",
        "0",
    ];
    expect_verdict(&verify(&arguments, b"{}"), 0, "valid");
    expect_verdict(&verify(&["--now", "-1", "--header", &right(b"{}")], b"{}"), 0, "valid");
}

#[test]
fn a_refusal_is_exit_1_and_on_stdout() {
    let digits = signer::digits(SECRET.as_bytes(), b"{}");
    let mismatch = "Signature mismatch - unauthorized";
    let invalid = "Invalid signature header format";
    let unsupported = "Unsupported signature algorithm";
    for (value, detail) in [
        (format!("sha256={}", "0".repeat(64)), mismatch),
        (signer::signature(b"another secret of 16+", b"{}"), mismatch),
        (signer::signature(SECRET.as_bytes(), b"{} "), mismatch),
        (format!("sha256={}", &digits[1..]), invalid),
        (format!("sha256={digits}0"), invalid),
        (digits.clone(), invalid),
        (String::new(), invalid),
        (format!("sha1={digits}"), unsupported),
        (format!("SHA256={digits}"), unsupported),
        (format!("={digits}"), unsupported),
    ] {
        let outcome = verify(&["--header", &header(&value)], b"{}");
        expect_verdict(&outcome, 1, detail);
        assert!(!outcome.out().contains(&digits), "the right signature is in {outcome:?}");
    }
}

#[test]
fn a_missing_header_and_a_repeated_one_are_exit_1() {
    let signature = right(b"{}");
    expect_verdict(&verify(&[], b"{}"), 1, "Missing signature header or payload");
    expect_verdict(&verify(&["--header", "X-Hub-Signature: sha1=00"], b"{}"), 1, "Missing signature header or payload");
    let twice = verify(&["--header", &signature, "--header", &signature.to_lowercase()], b"{}");
    expect_verdict(&twice, 1, "Invalid signature header format");
}

#[test]
fn an_empty_body_is_judged_by_its_signature() {
    expect_verdict(&verify(&["--header", &right(b"")], b""), 0, "valid");
    expect_verdict(&verify(&["--header", &right(b"{}")], b""), 1, "Signature mismatch - unauthorized");
}

#[test]
fn the_verdict_names_the_secret_that_matched_and_shows_none() {
    let folder = Folder::new();
    folder.file("old", b"an old secret of 16+");
    folder.file("raw", b"a raw secret of 16+\n");
    for (secret, label) in
        [("a new secret of 16+", "NEW_SECRET"), ("an old secret of 16+", "old"), ("a raw secret of 16+\n", "raw")]
    {
        let mut command = hookgate();
        command
            .args(["verify", "--scheme", "github", "--header", &header(&signer::signature(secret.as_bytes(), b"{}"))])
            .args(["--secret-env", "NEW_SECRET", "--secret-file", "old", "--secret-file-raw", "raw"])
            .env("NEW_SECRET", "a new secret of 16+")
            .current_dir(folder.path());
        let outcome = finish(command, b"{}");
        assert_eq!(outcome.code(), Some(0), "{outcome:?}");
        assert!(outcome.out().contains(label) && !outcome.out().contains("secret of 16+"), "{outcome:?}");
    }
}

#[test]
fn what_cannot_be_judged_is_exit_2() {
    let signature = right(b"{}");
    for arguments in [
        &["--header", "no colon"][..],
        &["--header", ""],
        &["--header", ": no name"],
        &["--header", &signature, "--header", "X Y: z"],
        &["--header", &signature, "no-such-file"],
        &["--header", &signature, "."],
        &["--header", &signature, "--secret-file", "no-such-file"],
        &["--header", &signature, "--secret-env", "HOOKGATE_NO_SUCH_VARIABLE"],
    ] {
        verify(arguments, b"{}").expect_misconfigured(&format!("{arguments:?}"));
    }
    run(Folder::new().path(), &["verify", "--scheme", "nosuch", "--header", &signature], b"{}")
        .expect_misconfigured("nosuch");
    let mut command = hookgate();
    command.args(["verify", "--scheme", "github", "--header", &signature]);
    finish(command, b"{}").expect_misconfigured("no secret");
}

#[test]
fn what_sign_prints_verify_takes() {
    let folder = Folder::new();
    let signed = run(folder.path(), &["sign", "--scheme", "github"], b"[1, 2]");
    let line = signed.out();
    let outcome = run(folder.path(), &["verify", "--scheme", "github", "--header", line.trim_end()], b"[1, 2]");
    expect_verdict(&outcome, 0, "valid");
}
