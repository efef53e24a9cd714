//! `hookgate schemes`, and schemes from files.

use crate::support::command::{Outcome, hookgate, run};
use crate::support::folder::Folder;
use serde_json::Value;

fn schemes(arguments: &[&str]) -> Outcome {
    run(Folder::new().path(), &[&["schemes"], arguments].concat(), b"")
}

#[test]
fn the_list_says_of_each_what_makes_a_replay_and_whether_the_body_is_covered() {
    let outcome = schemes(&["list"]);
    assert_eq!((outcome.code(), outcome.stderr.as_str()), (Some(0), ""));
    let text = outcome.out();
    let row = |name: &str| {
        let line = text.lines().find(|line| line.split_whitespace().next() == Some(name));
        line.unwrap_or_else(|| panic!("{name} is not in the list")).split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row("NAME"), "NAME HEADER ALGORITHM REPLAY KEY BODY");
    assert_eq!(row("github"), "github X-Hub-Signature-256 hmac-sha256 the MAC covered");
    assert_eq!(row("stripe"), "stripe Stripe-Signature hmac-sha256 /id covered");
    assert_eq!(row("svix"), "svix svix-signature hmac-sha256 svix-id covered");
    assert_eq!(row("dropbox"), "dropbox X-Dropbox-Signature hmac-sha256 none covered");
    assert_eq!(row("trello"), "trello X-Trello-Webhook hmac-sha1 /action/id covered");
    assert_eq!(row("gitlab-token"), "gitlab-token X-Gitlab-Token token none not covered");
    assert_eq!(row("mailgun"), "mailgun body /signature/signature hmac-sha256 /signature/token not covered");
    let adyen = "body /NotificationRequestItem/additionalData/hmacSignature hmac-sha256 the MAC some fields";
    assert_eq!(row("adyen"), format!("adyen {adyen}"));
}

#[test]
fn the_list_as_json_has_every_scheme_with_the_reason_for_its_replay_key() {
    let list: Value = serde_json::from_str(&schemes(&["list", "--json"]).out()).unwrap();
    let list = list.as_array().unwrap();
    assert_eq!(list.len(), schemes(&["list"]).out().lines().count() - 1);
    for scheme in list {
        for field in ["name", "algorithm", "replay_key", "replay_reason", "documentation"] {
            assert!(scheme[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {scheme}");
        }
        let has_header = !scheme["headers"].as_array().unwrap().is_empty();
        assert!(
            scheme["covers_body"].is_boolean() && has_header != scheme["signature_in_body"].is_string(),
            "{scheme}"
        );
        assert_eq!(scheme["covers_body"] == true, scheme["coverage"] == "whole", "{scheme}");
    }
    let svix = list.iter().find(|scheme| scheme["name"] == "svix").unwrap();
    assert_eq!(svix["aliases"], serde_json::json!(["clerk", "resend"]));
}

#[test]
fn what_is_shown_is_a_scheme_file_that_can_be_changed() {
    let folder = Folder::new();
    let shown = run(folder.path(), &["schemes", "show", "slack"], b"");
    assert_eq!(shown.code(), Some(0), "{shown:?}");
    let mine = shown.out().replace("X-Slack-", "X-Mine-").replace("name = \"slack\"", "name = \"mine\"");
    let file = folder.file("mine.toml", mine.as_bytes());
    let signed = run(folder.path(), &["sign", "--scheme-file", &file, "--now", "1531420618"], b"{}");
    let lines: Vec<String> = signed.out().lines().map(str::to_string).collect();
    let [timestamp, signature] = &lines[..] else { panic!("{signed:?}") };
    assert_eq!(timestamp, "X-Mine-Request-Timestamp: 1531420618");
    let mut arguments = vec!["verify", "--scheme-file", &file, "--header", timestamp, "--header", signature];
    let valid = run(folder.path(), &[&arguments[..], &["--now", "1531420918"]].concat(), b"{}");
    assert!(valid.code() == Some(0) && valid.out().starts_with("valid: signed for mine with "), "{valid:?}");
    arguments.extend(["--now", "1531420919"]);
    let stale = run(folder.path(), &arguments, b"{}");
    assert!(stale.code() == Some(1) && stale.out().contains("signed 301 s ago, limit is 300 s"), "{stale:?}");
    let tolerated = run(folder.path(), &[&arguments[..], &["--tolerance", "301"]].concat(), b"{}");
    assert_eq!(tolerated.code(), Some(0), "{tolerated:?}");
    let ignored = run(folder.path(), &[&arguments[..], &["--ignore-timestamp"]].concat(), b"{}");
    assert!(ignored.code() == Some(0) && ignored.out().contains("its age was not judged"), "{ignored:?}");
}

#[test]
fn a_scheme_file_that_cannot_be_used_is_exit_2_and_names_the_field() {
    let folder = Folder::new();
    let shown = run(folder.path(), &["schemes", "show", "github"], b"").out();
    for (from, to, words) in [
        ("replay_key = \"mac\"", "", "replay_key: it has to be stated"),
        ("{body}", "{bdy}", "template: unknown piece {bdy}"),
        ("{body}", "v0", "template: it has no {body}"),
        ("template", "templat", "template: it has to be stated"),
        ("name = ", "name : ", "not TOML at line 1"),
        (
            "replay_key = \"mac\"",
            "replay_key = \"mac\"\naccept_uncovered_body = true",
            "accept_uncovered_body: the signature",
        ),
        ("hmac-sha256", "token", "template: a token signs nothing"),
    ] {
        let file = folder.file("scheme.toml", shown.replacen(from, to, 1).as_bytes());
        run(folder.path(), &["sign", "--scheme-file", &file], b"{}").expect_misconfigured(words);
    }
    run(folder.path(), &["sign", "--scheme-file", "no-such-file"], b"{}").expect_misconfigured("no-such-file");
    let both = ["sign", "--scheme", "github", "--scheme-file", "x"];
    assert_eq!(run(folder.path(), &both, b"{}").code(), Some(2));
}

#[test]
fn an_unknown_scheme_is_exit_2_and_suggests_the_nearest() {
    for (name, near) in [("strip", "stripe"), ("GitHub", "github"), ("standard-webhook", "standard-webhooks")] {
        for arguments in [&["verify", "--scheme", name][..], &["schemes", "show", name]] {
            let outcome = run(Folder::new().path(), arguments, b"{}");
            outcome.expect_misconfigured(name);
            assert!(outcome.stderr.contains(&format!("near it: {near}")), "{outcome:?}");
        }
    }
}

#[test]
fn a_secret_of_another_form_is_exit_2_and_says_where() {
    let mut command = hookgate();
    command.args(["verify", "--scheme", "standard-webhooks"]).env("HOOKGATE_SECRET", "whsec_not_base64");
    let outcome = crate::support::command::finish(command, b"{}");
    outcome.expect_misconfigured("it has to be base64, and is not at byte 9");
    assert!(!outcome.stderr.contains("not_base64"), "{outcome:?}");
}

#[test]
fn a_scheme_that_signs_the_url_has_to_be_told_it() {
    let folder = Folder::new();
    for verb in ["verify", "sign", "serve"] {
        let arguments = [verb, "--scheme", "square"];
        let arguments =
            if verb == "serve" { [&arguments[..], &["--listen", "127.0.0.1:0"]].concat() } else { arguments.to_vec() };
        let outcome = run(folder.path(), &arguments, b"{}");
        outcome.expect_misconfigured("URL");
        assert!(outcome.stderr.contains("--url https://example.com/webhook"), "{outcome:?}");
    }
    let url = "https://example.com/webhook?a=b";
    let signed = run(folder.path(), &["sign", "--scheme", "square", "--url", url], b"{}").out();
    let signed = signed.trim_end();
    let verify = |url: &str| {
        run(folder.path(), &["verify", "--scheme", "square", "--url", url, "--header", signed], b"{}").code()
    };
    assert_eq!(verify(url), Some(0));
    for other in ["https://example.com/webhook?a=c", "https://example.com/webhook", "http://example.com/webhook?a=b"] {
        assert_eq!(verify(other), Some(1), "{other}");
    }
}

#[test]
fn the_label_of_the_secret_that_matched_is_shown() {
    let folder = Folder::new();
    let (new, old) =
        (folder.file("new", b"a new secret of 24 bytes"), folder.file("old", b"an old secret of 25 bytes"));
    let signed = run(folder.path(), &["sign", "--scheme", "gitea", "--secret-file", &old], b"{}").out();
    let (new, old) = (format!("new={new}"), format!("old={old}"));
    let arguments =
        ["verify", "--scheme", "gitea", "--secret-file", &new, "--secret-file", &old, "--header", signed.trim_end()];
    let outcome = run(folder.path(), &arguments, b"{}");
    assert_eq!(outcome.out(), "valid: signed for gitea with the secret old\n", "{outcome:?}");
}

#[test]
fn an_id_is_signed_as_given_or_made_up() {
    let folder = Folder::new();
    let secret = folder.file("secret", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    let sign = ["sign", "--scheme", "svix", "--secret-file", &secret, "--now", "1614265330"];
    let given =
        run(folder.path(), &[&sign[..], &["--id", "msg_p5jXN8AQM9LWM0D4loKWxJek"]].concat(), b"{\"test\": 2432232314}");
    let expected = "svix-id: msg_p5jXN8AQM9LWM0D4loKWxJek\nsvix-timestamp: 1614265330\n\
                    svix-signature: v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=\n";
    assert_eq!(given.out(), expected, "svix/svix-webhooks python/tests/test_webhooks.py");
    let (one, other) = (run(folder.path(), &sign, b"{}").out(), run(folder.path(), &sign, b"{}").out());
    assert!(one.starts_with("svix-id: evt_") && one != other, "{one}{other}");
    run(folder.path(), &[&sign[..], &["--id", "a.b"]].concat(), b"{}").expect_misconfigured("the id cannot stand");
}
