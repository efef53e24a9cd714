//! What an operator can give that is no configuration, no secret, or no receiver.

use crate::support::command::{Outcome, finish, hookgate, run};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::{signed, signed_with};
use std::process::{Command, Stdio};

const SOURCE: &str = "[[source]]\nname = \"one\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n";

fn check(folder: &Folder, bytes: &[u8]) -> Outcome {
    folder.file("hookgate.toml", bytes);
    run(folder.path(), &["config", "check"], b"")
}

#[test]
fn a_file_that_is_no_text_is_told_with_its_line() {
    let folder = Folder::new();
    for (bytes, said) in [
        (&[SOURCE.as_bytes(), b"# caf\xe9\n"].concat()[..], "hookgate.toml:5: not TOML: bytes that are no UTF-8"),
        (b"\xff\xfe[\0", "hookgate.toml:1: not TOML: bytes that are no UTF-8"),
        (&"é".repeat(600_000).into_bytes(), "the file is longer than 1048576 bytes"),
        (&["#".repeat(1_048_575), "é".to_string()].concat().into_bytes(), "the file is longer than 1048576 bytes"),
    ] {
        let outcome = check(&folder, bytes);
        outcome.expect_misconfigured(said);
        assert!(outcome.stderr.contains(said), "{said}: {outcome:?}");
    }
    for sound in [format!("\u{feff}{SOURCE}"), SOURCE.replace('\n', "\r\n")] {
        assert_eq!(check(&folder, sound.as_bytes()).code(), Some(0), "{sound:?}");
    }
    run(folder.path(), &["config", "check", "--config", "."], b"").expect_misconfigured("a folder");
    run(folder.path(), &["config", "check", "--config", "/dev/zero"], b"").expect_misconfigured("no end");
}

/// Opened as usual it would be waited for, and a receiver that reads its configuration again would mind no signal meanwhile.
#[test]
fn a_pipe_that_nobody_writes_to_is_waited_for_by_nobody() {
    let folder = Folder::new();
    let made = Command::new("mkfifo").arg(folder.path().join("pipe")).status().unwrap();
    assert!(made.success());
    let empty = check(&folder, SOURCE.replace("env:HOOKGATE_SECRET", "file:pipe").as_bytes());
    empty.expect_misconfigured("a secret");
    assert!(empty.stderr.contains("pipe is empty"), "{empty:?}");
    run(folder.path(), &["config", "check", "--config", "pipe"], b"").expect_misconfigured("a configuration");
}

/// As `--secret-file <(pass show github)` has a shell give it.
#[test]
fn a_pipe_that_somebody_writes_to_is_read_to_its_end() {
    let folder = Folder::new();
    let mut command = Command::new("sh");
    let script = "{ sleep 0.2; printf 0123456789; printf 0123456789; } | \"$0\" sign --secret-file /dev/stdin body";
    folder.file("body", b"{}");
    folder.file("whole", b"01234567890123456789");
    command.arg("-c").arg(script).arg(hookgate().get_program()).current_dir(folder.path());
    let piped = finish(command, b"");
    let whole = run(folder.path(), &["sign", "--secret-file", "whole", "body"], b"");
    assert_eq!((piped.code(), &piped.stdout), (Some(0), &whole.stdout), "{piped:?}");
}

#[test]
fn an_address_that_nobody_can_listen_on_is_told_before_anything_is_opened() {
    let folder = Folder::new();
    for (head, said) in [
        ("listen = [\"nonsense\"]", "hookgate.toml:1: listen has what nobody can listen on: it has no port"),
        ("listen = [\"127.0.0.1:1\",\n\"0.0.0.0:1\"]", "hookgate.toml:2: listen has what nobody can listen on: it is"),
        ("listen = [\"127.0.0.1:1\"]\nadmin = \"127.0.0.1:1\"", "admin is an address that listen has too"),
        ("listen = [\"0.0.0.0:1\"]\nfront = \"tiny_http\"", "the tiny_http front listens on loopback only"),
        ("listen = [\"systemd\"]\nfront = \"tiny_http\"", "takes no sockets of systemd's"),
    ] {
        let outcome = check(&folder, format!("{head}\n{SOURCE}").as_bytes());
        outcome.expect_misconfigured(said);
        assert!(outcome.stderr.contains(said), "{said}: {outcome:?}");
        run(folder.path(), &["serve", "--config", "hookgate.toml"], b"").expect_misconfigured(said);
    }
    let twice = ["serve", "--listen", "127.0.0.1:1", "--listen", "127.0.0.1:1"];
    let outcome = run(folder.path(), &twice, b"");
    outcome.expect_misconfigured("twice");
    assert!(outcome.stderr.contains("\"127.0.0.1:1\": it is listened on already"), "{outcome:?}");
    assert!(!folder.path().join("hookgate-data").exists(), "nothing was done");
}

#[test]
fn a_body_of_the_longest_that_is_asked_for_is_taken() {
    let body = format!("{{}}{}", " ".repeat(50 << 20));
    let config = format!("listen = [\"127.0.0.1:0\"]\n{SOURCE}body_limit = \"51MiB\"\n[store]\nenabled = false\n");
    for receiver in
        [setup().config(&config).start(), setup().arguments(&["--body-limit", &(51 << 20).to_string()]).start()]
    {
        receiver.send(&signed(&body)).expect_success();
    }
}

#[test]
fn secrets_and_tokens_are_named_by_argument_as_by_a_file() {
    let labelled = setup().variable("OTHER", "another secret of 16+").arguments(&["--secret-env", "new=OTHER"]).start();
    let event = labelled.accept(&signed_with("another secret of 16+", "{}"));
    assert_eq!(event.text("secret").as_deref(), Some("new"));
    let folder = Folder::new();
    folder.file("s", b"a secret of 16 bytes or more");
    let serve = |more: &[&str]| {
        run(folder.path(), &[&["serve", "--no-store", "--listen", "nonsense"], more].concat(), b"").stderr
    };
    for twice in [
        &["--secret-file", "a=s", "--secret-file-raw", "a=s"][..],
        &["--secret-file", "s", "--secret-file", "s"],
        &["--secret-env", "a=HOME", "--secret-credential", "a=x"],
    ] {
        assert!(serve(twice).contains("two secrets have the label"), "{twice:?}");
    }
    for (more, said) in [
        (&["--head-limit", "0"][..], "from 64 to 1048576"),
        (&["--buffer-limit", "1"], "from 64 to 1099511627776"),
        (&["--body-limit", "1073741825"], "1..=1073741824"),
        (&["--keep-days", "0"], "1..=36500"),
        (&["--replay-days", "0"], "1..=36500"),
        (&["--keep-bytes", "1"], "1048576..="),
        (&["--connection-limit", "1000001"], "from 1 to 1000000"),
        (&["--secret-credential", "new=../x"], "a credential is called by a name"),
        (&["--handshake-token-file", "s", "--handshake-token-credential", "x"], "cannot be used with"),
    ] {
        assert!(serve(more).contains(said), "{more:?}: {}", serve(more));
    }
    let credential = |name: &str| {
        let mut command = hookgate();
        let arguments = ["serve", "--no-store", "--scheme", "meta", "--listen", "127.0.0.1:0", "--admin", "0.0.0.0:1"];
        command.args(arguments).args(["--secret-file", "s", "--handshake-token-credential", name]);
        command.env("CREDENTIALS_DIRECTORY", folder.path()).current_dir(folder.path());
        finish(command, b"").stderr
    };
    assert!(credential("nosuch").contains("cannot read the secret file"), "{}", credential("nosuch"));
    assert!(credential("s").contains("the admin listener cannot be"), "it was read: {}", credential("s"));
}

#[test]
fn a_process_that_sighup_would_end_is_not_asked() {
    let folder = Folder::new();
    let mut other = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
    let outcome = run(folder.path(), &["reload", "--pid", &other.id().to_string()], b"");
    let is_running = other.try_wait().unwrap().is_none();
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(is_running, "{outcome:?}");
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("would be ended by SIGHUP, and was not asked"), "{outcome:?}");
}
