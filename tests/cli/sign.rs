//! `hookgate sign`: the headers, and the curl command that works when pasted.

use crate::support::command::{Outcome, finish, installed, run};
use crate::support::folder::Folder;
use crate::support::receiver::start;
use crate::support::{SECRET, contains, signer, without_white_space};
use std::process::Command;

const SIGN: [&str; 3] = ["sign", "--scheme", "github"];

fn expect_headers(outcome: &Outcome, body: &[u8]) {
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert_eq!(outcome.out(), format!("X-Hub-Signature-256: {}\n", signer::signature(SECRET.as_bytes(), body)));
    assert!(outcome.stderr.is_empty(), "{outcome:?}");
}

#[test]
fn the_header_is_the_independent_hmac_of_exactly_the_bytes_given() {
    let folder = Folder::new();
    let all: Vec<u8> = (0..=255).collect();
    let long = vec![b'x'; 300_000];
    for body in [&b""[..], b"{}", b"{}\n", b"\n", b"\r\n{} ", b"\xef\xbb\xbf{}", b"Hello, World!", &all, &long] {
        let file = folder.file("body", body);
        expect_headers(&run(folder.path(), &[&SIGN[..], &[&file]].concat(), b"not this"), body);
        expect_headers(&run(folder.path(), &SIGN, body), body);
        expect_headers(&run(folder.path(), &[&SIGN[..], &["-"]].concat(), body), body);
    }
}

#[test]
fn githubs_documented_example_comes_out() {
    let outcome = run(Folder::new().path(), &SIGN, b"Hello, World!");
    assert!(outcome.out().contains("sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"));
}

#[test]
fn a_body_that_cannot_be_read_is_an_error_and_no_header() {
    let folder = Folder::new();
    for file in ["no-such-file", "."] {
        let outcome = run(folder.path(), &[&SIGN[..], &[file]].concat(), b"");
        assert!(matches!(outcome.code(), Some(1 | 2)), "{outcome:?}");
        assert!(outcome.stdout.is_empty() && outcome.stderr.contains("hookgate: error: "), "{outcome:?}");
        assert!(outcome.stderr.contains(file), "{outcome:?}");
    }
}

#[test]
fn an_unknown_scheme_is_exit_2() {
    run(Folder::new().path(), &["sign", "--scheme", "nosuch"], b"").expect_misconfigured("nosuch");
}

#[test]
fn a_space_parts_the_items_where_the_provider_writes_one() {
    for (scheme, start) in [("workos", "WorkOS-Signature: t=1000, v1="), ("boldsign", "X-BoldSign-Signature: t=1, s0=")]
    {
        let outcome = run(Folder::new().path(), &["sign", "--scheme", scheme, "--now", "1"], b"{}");
        assert!(outcome.out().starts_with(start), "{outcome:?}");
    }
    let outcome = run(Folder::new().path(), &["sign", "--scheme", "stripe", "--now", "1"], b"{}");
    assert!(outcome.out().starts_with("Stripe-Signature: t=1,v1="), "{outcome:?}");
}

/// What `sh` makes of the printed command.
fn paste(folder: &Folder, printed: &Outcome) -> Outcome {
    assert_eq!(printed.code(), Some(0), "{printed:?}");
    let mut shell = Command::new("sh");
    shell.args(["-c", &printed.out()]).current_dir(folder.path());
    finish(shell, b"")
}

#[test]
fn the_curl_command_posts_exactly_the_body_when_pasted() {
    if !installed("curl") {
        return;
    }
    let receiver = start();
    let url = receiver.url();
    let folder = Folder::new();
    for (name, json) in [
        ("plain.json", r#"{"a":1}"#),
        ("it's \"quoted\" $HOME `x`.json", r#"{"it's":"\"$HOME\" `ls` \\ !! ${x} $(x) %s %d"}"#),
        ("lines.json", "{\n  \"a\": 1,\r\n\t\"b\": 2\n}\n"),
        ("space before.json", " \n{}"),
        ("unicode.json", "{\"é\":\"😀\"}"),
        ("-dash.json", "\"--data\""),
        ("escapes.json", r#"["\n", "\\n", "\u0041", "%41+"]"#),
    ] {
        folder.file(name, json.as_bytes());
        let path = format!("./{name}");
        for (argument, stdin) in [(path.as_str(), &b""[..]), ("-", json.as_bytes())] {
            let printed = run(folder.path(), &[&SIGN[..], &["--curl", &url, argument]].concat(), stdin);
            assert!(printed.out().contains("'Content-Type: application/json'"), "{printed:?}");
            let pasted = paste(&folder, &printed);
            assert_eq!(pasted.code(), Some(0), "{pasted:?}");
            assert!(contains(&pasted.stdout, br#"{"status":"success"}"#), "{name} {argument}: {pasted:?} {printed:?}");
            let payload = receiver.next_event();
            assert_eq!(without_white_space(payload.payload()), without_white_space(json), "{name} {argument}");
        }
    }
}

/// These are no JSON, so that the receiver says so; with another byte it would say that the signature does not match.
#[test]
fn the_curl_command_posts_bytes_that_a_shell_would_spoil() {
    if !installed("curl") {
        return;
    }
    let receiver = start();
    let url = receiver.url();
    let folder = Folder::new();
    let all: Vec<u8> = (0..=255).collect();
    for body in
        [&b"@file"[..], b"@", b"@-", b"a\0b", b"\0", &all, b"\xff\xfe", b"x\n", b"\r\n", b"'", b"'\\''", b"\\", b"%"]
    {
        let file = folder.file("body", body);
        for (argument, stdin) in [(file.as_str(), &b""[..]), ("-", body)] {
            let printed = run(folder.path(), &[&SIGN[..], &["--curl", &url, argument]].concat(), stdin);
            let pasted = paste(&folder, &printed);
            assert!(contains(&pasted.stdout, b"Invalid JSON payload"), "{body:?} {argument}: {pasted:?} {printed:?}");
        }
    }
    receiver.expect_no_event();
}

#[test]
fn the_curl_command_for_a_form_posts_a_form() {
    if !installed("curl") {
        return;
    }
    let receiver = start();
    let printed =
        run(Folder::new().path(), &[&SIGN[..], &["--curl", &receiver.url()]].concat(), b"payload=%7B%22a%22%3A1%7D");
    assert!(printed.out().contains("'Content-Type: application/x-www-form-urlencoded'"), "{printed:?}");
    let pasted = paste(&Folder::new(), &printed);
    assert!(contains(&pasted.stdout, br#"{"status":"success"}"#), "{pasted:?} {printed:?}");
    assert_eq!(receiver.next_event().payload(), r#"{"a":1}"#);
}
