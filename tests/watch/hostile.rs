//! Whatever a stranger sends, a line of the log is one line: JSON where it is JSON, and nothing that a terminal obeys.

use crate::support::client::Client;
use crate::support::command::{hookgate, installed};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::{signed, signed_with, unsigned};
use crate::support::{PATIENCE, SECRET, unique};
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What a terminal obeys, what ends a line, what JSON escapes, what is no text, and what is long.
fn words() -> Vec<Vec<u8>> {
    let escapes: [&[u8]; 12] = [
        b"\x1b[31mred",
        b"\x1b]0;title\x07",
        b"\xc2\x9b31m",
        b"\x9b31m",
        b"a\nb",
        b"a\rb",
        b"a\0b",
        b"\"quoted\\",
        b"\xff\xfe\x80",
        b"\xe2\x80\xa8",
        b"a\tb",
        b"\x7f\x08",
    ];
    let mut words: Vec<Vec<u8>> = escapes.iter().map(|word| word.to_vec()).collect();
    words.extend([vec![b'x'; 8000], vec![b'x'; 9000]]);
    words
}

/// Requests with each of them in the target, the method, the version, the host and the fields that are looked at.
fn requests() -> Vec<Vec<u8>> {
    let mut requests = Vec::new();
    for word in words() {
        let around = |before: &str, after: &str| [before.as_bytes(), &word, after.as_bytes()].concat();
        requests.extend([
            around("POST /", " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            around("POST /webhook?", " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            around("", " /webhook HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            around("POST /webhook HTTP/1.1", "\r\nHost: a\r\nConnection: close\r\n\r\n"),
            around("POST /webhook HTTP/1.1\r\nHost: ", "\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            around("POST /webhook HTTP/1.1\r\nHost: a\r\n", ": b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
        ]);
        let body = || format!("{{\"number\":{}}}", unique());
        for post in [signed(body()), signed_with("somebody else's secret", body()), unsigned(body())] {
            for name in ["X-GitHub-Event", "X-GitHub-Delivery", "X-Forwarded-For", "X-Hub-Signature-256"] {
                requests.push(post.clone().header("Connection", "close").header(name, &word).bytes());
            }
        }
    }
    requests.extend([b"\x16\x03\x01\0\x05hello\r\n\r\n".to_vec(), vec![b'A'; 70_000]]);
    requests
}

#[test]
fn each_line_is_a_whole_object_of_json_in_plain_letters() {
    let receiver = setup().start();
    let requests = requests();
    for request in &requests {
        let mut client = Client::connect(receiver.address);
        client.write(request);
        client.end();
        assert!(client.answer().status >= 200);
    }
    receiver.expect_talk_times("\"verdict\"", requests.len());
    let talk = receiver.talk();
    for line in talk.lines() {
        assert!(line.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{line:?}");
        let object: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line:?}"));
        assert!(object.is_object());
    }
    // The lines that it says itself are two at most: where it listens, and on what.
    let others = talk.lines().filter(|line| !line.contains("\"verdict\"")).count();
    assert!((1..=2).contains(&others), "{talk}");
}

#[test]
fn on_a_terminal_lines_are_for_people_and_nothing_in_them_moves_it() {
    if !installed("script") {
        return;
    }
    let folder = Folder::new();
    let mut command = Command::new("script");
    let serve =
        format!("exec {} serve --listen unix:socket --no-store > events", hookgate().get_program().to_string_lossy());
    command.args(["-qec", &serve, "/dev/null"]).current_dir(folder.path()).env("HOOKGATE_SECRET", SECRET);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut terminal = child.stdout.take().unwrap();
    let shown = std::thread::spawn(move || {
        let mut shown = Vec::new();
        let _ = terminal.read_to_end(&mut shown);
        shown
    });
    let start = Instant::now();
    let connect = || loop {
        match UnixStream::connect(folder.path().join("socket")) {
            Ok(stream) => return stream,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
    };
    let requests = requests();
    for request in &requests {
        let mut stream = connect();
        // It may answer, and close, before it has read all.
        let _ = stream.write_all(request);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    drop(connect());
    assert!(Command::new("kill").arg(serving(child.id())).status().unwrap().success());
    assert!(child.wait().unwrap().success());
    let shown = shown.join().unwrap();
    let text = String::from_utf8(shown).unwrap();
    assert!(text.starts_with("hookgate: listening on unix:"), "{text}");
    let lines: Vec<_> = text.lines().filter(|line| line.contains(" info request ")).collect();
    assert_eq!(lines.len(), requests.len(), "{text}");
    assert!(lines.iter().any(|line| line.contains(" verdict=accepted ")), "{text}");
    assert!(text.lines().all(|line| line.bytes().all(|byte| (b' '..=b'~').contains(&byte))), "{text:?}");
}

/// The process that `script` has started.
fn serving(script: u32) -> String {
    let children = std::fs::read_to_string(format!("/proc/{script}/task/{script}/children")).unwrap();
    children.split_whitespace().next().unwrap().to_string()
}
