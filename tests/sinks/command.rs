//! What a command gets, and what is kept of what it says.

use super::{ID, LONG, going_on, push, why_again};
use crate::support::folder::Folder;
use hookgate::config::{self, Exits};
use hookgate::sink::command::{Command, VALUE_LIMIT_BYTES};
use hookgate::sink::{Attempt, Each, OUTPUT_LIMIT_BYTES, Outcome};
use hookgate::store::Event;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

/// The settings of a command that runs in `folder`.
pub(crate) fn settings(folder: &Path, argv: &[&str]) -> config::Command {
    config::Command {
        argv: argv.iter().map(ToString::to_string).collect(),
        working_dir: folder.to_path_buf(),
        env: Vec::new(),
        concurrency: 1,
        timeout: LONG,
        exits: Exits { done: vec![0], retry: vec![75], retry_others: true },
    }
}

/// The receiver's environment.
fn variables() -> Vec<(OsString, OsString)> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let others = [("HOME", "/home/of"), ("TZ", "UTC"), ("ALLOWED", "yes"), ("PLANTED", "a secret")];
    let others = others.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
    others.chain([("PATH".into(), path)]).collect()
}

pub(crate) fn attempt_with(settings: config::Command, event: &Event) -> Attempt {
    Command::new("deploy", settings, variables()).attempt(event, ID, 3, &going_on())
}

/// What becomes of a push that a shell runs `script` for.
fn sh(folder: &Folder, script: &str, body: &[u8]) -> Attempt {
    attempt_with(settings(folder.path(), &["sh", "-c", script]), &push(body))
}

fn done(output: &[u8]) -> Attempt {
    Attempt { outcome: Outcome::Done, output: output.to_vec() }
}

#[test]
fn the_raw_body_is_its_standard_input_byte_for_byte() {
    let folder = Folder::new();
    let large: Vec<u8> = (0..750_000_u32).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    for body in [&b""[..], b"\0\xff\r\n{\"a\": 1}", &large] {
        assert_eq!(sh(&folder, "cat > came", body), done(b""));
        assert!(std::fs::read(folder.path().join("came")).unwrap() == body, "{} bytes", body.len());
    }
}

#[test]
fn a_command_need_not_read_its_input() {
    let folder = Folder::new();
    let body = vec![b'x'; 1024 * 1024];
    for script in ["true", "exec 0<&-; echo; exec sleep 0.1", "head -c 1 > /dev/null"] {
        assert_eq!(sh(&folder, script, &body).outcome, Outcome::Done, "{script}");
    }
}

#[test]
fn output_larger_than_a_pipe_and_input_too_do_not_wait_for_each_other() {
    let body = vec![b'x'; 1024 * 1024];
    let attempt = sh(&Folder::new(), "head -c 1000000 /dev/zero; cat", &body);
    assert_eq!((attempt.outcome, attempt.output.last()), (Outcome::Done, Some(&b'x')));
}

#[test]
fn it_has_the_variables_that_are_allowed_and_those_that_tell_it_of_the_event() {
    let folder = Folder::new();
    let settings = config::Command { env: vec!["ALLOWED".into()], ..settings(folder.path(), &["env", "-0"]) };
    let attempt = attempt_with(settings, &push(b"{}"));
    let text = String::from_utf8(attempt.output).unwrap();
    let found: BTreeMap<_, _> = text.split_terminator('\0').map(|pair| pair.split_once('=').unwrap()).collect();
    let path = variables().pop().unwrap().1.into_string().unwrap();
    let expected = BTreeMap::from([
        ("ALLOWED", "yes"),
        ("HOME", "/home/of"),
        ("HOOKGATE_ATTEMPT", "3"),
        ("HOOKGATE_CONTENT_TYPE", "application/json"),
        ("HOOKGATE_DELIVERY_ID", "72d3162e"),
        ("HOOKGATE_ID", ID),
        ("HOOKGATE_PEER", "192.0.2.7"),
        ("HOOKGATE_RECEIVED_AT", "1994-11-06T08:49:37.042Z"),
        ("HOOKGATE_SCHEME", "github"),
        ("HOOKGATE_SINK", "deploy"),
        ("HOOKGATE_SOURCE", "github"),
        ("HOOKGATE_TYPE", "push"),
        ("PATH", &path),
        ("TZ", "UTC"),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn what_an_event_does_not_have_is_empty_and_what_no_variable_can_have_is_replaced_or_cut() {
    let folder = Folder::new();
    let long = "\u{e9}".repeat(VALUE_LIMIT_BYTES);
    let event = Event {
        event_type: Some("a\0b\nc".into()),
        delivery_id: Some(format!("x{long}")),
        peer: None,
        headers: vec![("content-type".into(), b"a\xffb".to_vec())],
        ..push(b"")
    };
    let script =
        r#"printf '%s|' "$HOOKGATE_TYPE" "${HOOKGATE_PEER?}" "$HOOKGATE_CONTENT_TYPE" "$HOOKGATE_DELIVERY_ID""#;
    let attempt = attempt_with(settings(folder.path(), &["sh", "-c", script]), &event);
    // The limit is within a character of two bytes: that is cut off as a whole.
    let cut = format!("x{}", "\u{e9}".repeat((VALUE_LIMIT_BYTES - 1) / 2));
    let expected = format!("a\u{fffd}b\nc||a\u{fffd}b|{cut}|");
    assert_eq!(String::from_utf8_lossy(&attempt.output), expected);
}

#[test]
fn there_is_no_shell_between() {
    let folder = Folder::new();
    let argv = ["printf", "%s|", "$HOME", "a b", ";", "`true`", "*"];
    assert_eq!(attempt_with(settings(folder.path(), &argv), &push(b"")), done(b"$HOME|a b|;|`true`|*|"));
}

#[test]
fn it_runs_in_its_folder() {
    let folder = Folder::new();
    let attempt = attempt_with(settings(folder.path(), &["pwd", "-P"]), &push(b""));
    let expected = format!("{}\n", folder.path().canonicalize().unwrap().display());
    assert_eq!(attempt, done(expected.as_bytes()));
}

#[test]
fn both_of_its_streams_are_kept_in_the_order_that_it_wrote_them() {
    let attempt = sh(&Folder::new(), "echo one; echo two >&2; echo three", b"");
    assert_eq!(attempt, done(b"one\ntwo\nthree\n"));
}

#[test]
fn of_long_output_the_beginning_and_the_end_are_kept() {
    let attempt = sh(&Folder::new(), "echo begin; head -c 20000000 /dev/zero; echo end", b"");
    assert_eq!(attempt.outcome, Outcome::Done);
    assert!(attempt.output.len() <= OUTPUT_LIMIT_BYTES);
    assert!(attempt.output.starts_with(b"begin\n\0\0") && attempt.output.ends_with(b"\0\0end\n"));
}

#[test]
fn it_has_no_descriptor_but_its_three_streams() {
    // What is open here while it starts, beside what other tests of this process have open.
    let _open: Vec<_> = (0..8).map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let folder = Folder::new();
    let attempt = attempt_with(settings(folder.path(), &["ls", "/proc/self/fd"]), &push(b""));
    // Whoever started the tests may have left some open, which every process of theirs has then.
    let (input, output) = std::io::pipe().unwrap();
    let mut plain = std::process::Command::new("ls");
    plain.arg("/proc/self/fd").stdin(std::process::Stdio::null()).stdout(output);
    assert!(plain.status().unwrap().success());
    drop(plain);
    let expected = std::io::read_to_string(input).unwrap();
    assert!(expected.contains("0\n1\n"));
    assert_eq!(String::from_utf8_lossy(&attempt.output), expected);
}

#[test]
fn its_process_group_is_its_own() {
    let attempt = sh(&Folder::new(), "cut -d ' ' -f 5 /proc/$$/stat; echo $$", b"");
    let text = String::from_utf8(attempt.output).unwrap();
    let (group, process) = text.trim_end().split_once('\n').unwrap();
    assert_eq!(group, process);
}

#[test]
fn what_cannot_be_started_is_tried_again_and_said_in_words() {
    let folder = Folder::new();
    let file = |name: &str, text: &str, mode| {
        folder.file_with_mode(name, text.as_bytes(), mode);
        folder.path().join(name).to_str().unwrap().to_string()
    };
    let plain = file("plain", "#!/bin/sh\n", 0o600);
    let broken = file("broken", "#!/nowhere/sh\n", 0o700);
    let missing = folder.path().join("missing").to_str().unwrap().to_string();
    for (program, why) in [
        (missing.as_str(), format!("{missing} is not there")),
        ("no-such-program-anywhere", "no-such-program-anywhere was not found in PATH".to_string()),
        (&plain, format!("{plain} may not be run: is it executable?")),
        (&broken, format!("{broken} names in its first line what is not there")),
    ] {
        let attempt = attempt_with(settings(folder.path(), &[program]), &push(b""));
        assert_eq!(why_again(&attempt.outcome), why);
    }
    let nowhere = folder.path().join("nowhere");
    let attempt = attempt_with(settings(&nowhere, &["true"]), &push(b""));
    let expected = format!("its working_dir {} is no folder that is there", nowhere.display());
    assert_eq!(why_again(&attempt.outcome), expected);
}
