//! What nothing of the body signs: it is taken only where the operator says so, and is said.

use crate::support::command::run;
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use serde_json::Value;

const FLAG: &str = "--accept-uncovered-body";

/// The presets of which `schemes list` says that nothing of the body is signed.
fn uncovered() -> Vec<String> {
    let list: Value =
        serde_json::from_str(&run(Folder::new().path(), &["schemes", "list", "--json"], b"").out()).unwrap();
    let of = |scheme: &Value| (scheme["coverage"] == "nothing").then(|| scheme["name"].as_str().unwrap().to_string());
    list.as_array().unwrap().iter().filter_map(of).collect()
}

#[test]
fn serve_does_not_start_without_the_flag_and_names_it() {
    let names = uncovered();
    for name in
        ["mailgun", "gitlab-token", "telegram", "okta", "figma", "microsoft-graph", "postmark", "google-calendar"]
    {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
    for name in &names {
        let outcome = run(Folder::new().path(), &["serve", "--listen", "127.0.0.1:0", "--scheme", name], b"");
        outcome.expect_misconfigured("nothing signs the body");
        assert!(outcome.stderr.contains(&format!("hookgate: hint: give {FLAG}")), "{outcome:?}");
        let receiver = setup().arguments(&["--scheme", name, FLAG]).start();
        assert!(receiver.talk().contains(&format!("warning: {name} signs nothing of the body")), "{}", receiver.talk());
    }
}

#[test]
fn what_signs_some_fields_is_served_and_it_is_said() {
    let receiver = setup().secret(Some("00112233445566778899aabbccddeeff")).arguments(&["--scheme", "adyen"]).start();
    assert!(receiver.talk().contains("warning: adyen signs some fields of the body"), "{}", receiver.talk());
    let whole = setup().arguments(&["--scheme", "github", FLAG]).start();
    assert!(!whole.talk().contains("warning"), "{}", whole.talk());
}

#[test]
fn a_scheme_file_has_to_state_it_and_then_needs_no_flag() {
    let folder = Folder::new();
    let shown = run(folder.path(), &["schemes", "show", "gitlab-token"], b"").out();
    assert!(shown.contains("\naccept_uncovered_body = true\n"), "{shown}");
    for other in ["", "accept_uncovered_body = false\n"] {
        let file = folder.file("scheme.toml", shown.replace("accept_uncovered_body = true\n", other).as_bytes());
        for verb in ["serve", "verify", "sign"] {
            let outcome = run(folder.path(), &[verb, "--scheme-file", &file], b"{}");
            outcome.expect_misconfigured("accept_uncovered_body: the signature says nothing about the body");
        }
    }
    let receiver = setup().file("scheme.toml", shown.as_bytes()).arguments(&["--scheme-file", "scheme.toml"]).start();
    assert!(receiver.talk().contains("signs nothing of the body"), "{}", receiver.talk());
}

#[test]
fn verify_needs_no_flag_and_says_on_stderr_what_is_not_covered() {
    let folder = Folder::new();
    let secret = folder.file("secret", b"a token of 16 and more");
    let secret = ["--scheme", "gitlab-token", "--secret-file", &secret];
    let signed = run(folder.path(), &[&["sign"], &secret[..]].concat(), b"{}").out();
    assert_eq!(signed, "X-Gitlab-Token: a token of 16 and more\n");
    let verify = |header: &str, body: &[u8]| {
        run(folder.path(), &[&["verify"], &secret[..], &["--header", header]].concat(), body)
    };
    for body in [&b"{}"[..], b"another", b""] {
        let outcome = verify(signed.trim_end(), body);
        assert_eq!(outcome.code(), Some(0), "{outcome:?}");
        assert_eq!(
            outcome.stderr,
            "hookgate: warning: gitlab-token signs nothing of the body, which can be anybody's\n"
        );
    }
    assert_eq!(verify("X-Gitlab-Token: a token of 16 and mor", b"{}").code(), Some(1));
}

#[test]
fn a_token_that_no_header_could_hold_is_exit_2() {
    let folder = Folder::new();
    let secret = folder.file("secret", b"a token of 16 and more\n");
    for verb in ["verify", "sign"] {
        let outcome = run(folder.path(), &[verb, "--scheme", "telegram", "--secret-file-raw", &secret], b"{}");
        outcome.expect_misconfigured("at byte 22");
        assert!(!outcome.stderr.contains("a token of"), "{outcome:?}");
    }
}

#[test]
fn where_the_signature_stands_in_the_body_sign_prints_that() {
    let folder = Folder::new();
    let secret = folder.file("secret", b"a signing key of 16 and more");
    let sign = ["sign", "--scheme", "mailgun", "--secret-file", &secret, "--now", "1700000000", "--id", "a-token"];
    let signed = run(folder.path(), &sign, br#"{"event-data":{"event":"opened"}}"#);
    // openssl dgst -sha256 -hmac 'a signing key of 16 and more', over 1700000000a-token
    let mac = "7cb449b5d9476c6825fa9ea7817a9a5b612722cea5d0db35ba6d4d7d48c2a8fc";
    let expected = format!(
        r#"{{"signature":{{"signature":"{mac}","token":"a-token","timestamp":"1700000000"}},"event-data":{{"event":"opened"}}}}"#
    );
    assert_eq!(signed.out(), expected, "{signed:?}");
    let verify = ["verify", "--scheme", "mailgun", "--secret-file", &secret, "--now", "1700000000"];
    assert_eq!(run(folder.path(), &verify, signed.out().as_bytes()).code(), Some(0));
    let other = signed.out().replace("a-token", "a-tokem");
    assert_eq!(run(folder.path(), &verify, other.as_bytes()).code(), Some(1));
    run(folder.path(), &sign, b"[]").expect_misconfigured("this body has no place for it");
    let curl = run(folder.path(), &[&sign[..], &["--curl", "http://127.0.0.1:5000/"]].concat(), b"{}").out();
    assert!(curl.contains("--data-raw '{\"signature\":{\"signature\":\""), "{curl}");
}
