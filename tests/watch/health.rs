//! `/healthz` and `/readyz`: when they say what.

use crate::support::client::Client;
use crate::support::command::hookgate;
use crate::support::folder::Folder;
use crate::support::receiver::Receiver;
use crate::support::request::signed;
use crate::support::{PATIENCE, SECRET};
use crate::{Numbers, get, readiness, watched};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Waits until it says that it is ready, or that it is not; gives why.
fn until_ready(receiver: &Receiver, is_ready: bool) -> String {
    let start = Instant::now();
    loop {
        let (status, said) = readiness(receiver);
        assert_eq!(said["ready"], status == 200, "{said}");
        assert_eq!(said["reasons"].as_array().unwrap().is_empty(), status == 200, "{said}");
        assert!(matches!(status, 200 | 503));
        if (status == 200) == is_ready {
            return said["reasons"].to_string();
        }
        assert!(start.elapsed() < PATIENCE, "{said}");
    }
}

#[test]
fn it_is_alive_and_ready_from_the_start_on_with_a_store_and_without() {
    for setup in [watched().storing(), watched()] {
        let receiver = setup.start();
        assert_eq!(get(&receiver, "/healthz").status, 200);
        assert_eq!(readiness(&receiver), (200, serde_json::json!({ "ready": true, "reasons": [] })));
        assert_eq!(Numbers::of(&receiver).at("hookgate_ready"), 1.0);
    }
}

#[test]
fn a_store_whose_folder_is_gone_is_not_ready_also_where_nobody_sends_anything() {
    let receiver = watched().storing().start();
    let folder = receiver.folder.path();
    fs::rename(folder.join("hookgate-data"), folder.join("away")).unwrap();
    assert!(until_ready(&receiver, false).contains("the store cannot be written"));
    assert_eq!(get(&receiver, "/healthz").status, 200, "the process lives");
    assert_eq!(Numbers::of(&receiver).at("hookgate_ready"), 0.0);
    fs::rename(folder.join("away"), folder.join("hookgate-data")).unwrap();
    until_ready(&receiver, true);
}

#[test]
fn a_store_that_takes_nothing_is_not_ready_until_it_does_again() {
    for front in ["evented", "tiny_http"] {
        let receiver = watched().storing().arguments(&["--front", front]).start();
        let folder = receiver.folder.path();
        fs::rename(folder.join("hookgate-data"), folder.join("away")).unwrap();
        receiver.send(&signed("{}")).expect_refusal(503, "Temporarily unable to accept events");
        assert!(until_ready(&receiver, false).contains("the store "));
        fs::rename(folder.join("away"), folder.join("hookgate-data")).unwrap();
        // Nobody sends anything meanwhile: who waits for its readiness would wait for ever.
        until_ready(&receiver, true);
        receiver.send(&signed("{}")).expect_success();
    }
}

#[test]
fn no_file_is_left_by_asking() {
    let receiver = watched().storing().start();
    let files = || {
        let folder = fs::read_dir(receiver.folder.path().join("hookgate-data")).unwrap();
        let mut names: Vec<_> = folder.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    for _ in 0..3 {
        readiness(&receiver);
    }
    assert_eq!(files(), before);
}

#[test]
fn a_receiver_that_is_being_stopped_is_not_ready() {
    let mut receiver = watched().start();
    // Half a request keeps it from ending.
    let mut client = receiver.connect();
    let bytes = signed("{}").bytes();
    client.write(&bytes[..bytes.len() - 1]);
    crate::until(&receiver, |numbers| numbers.at("hookgate_connections") >= 1.0);
    receiver.signal("TERM");
    assert!(until_ready(&receiver, false).contains("being stopped"));
    client.write(&bytes[bytes.len() - 1..]);
    client.answer().expect_success();
    assert!(receiver.wait().0.success());
}

#[test]
fn without_a_store_it_is_not_ready_where_nobody_reads_what_it_prints() {
    for front in ["evented", "tiny_http"] {
        let receiver = watched().arguments(&["--front", front]).stdout_closed().start();
        assert!(until_ready(&receiver, false).contains("nobody reads standard output"));
        receiver.send(&signed("{}")).expect_refusal(503, "Temporarily unable to accept events");
        assert_eq!(get(&receiver, "/healthz").status, 200);
    }
}

#[test]
fn without_a_store_it_is_not_ready_after_an_event_that_could_not_be_printed_until_another_may_be_tried() {
    let receiver = watched().within(&["sh", "-c", "exec \"$@\" > /dev/full", "sh"]).start();
    until_ready(&receiver, true);
    receiver.send(&signed("{}")).expect_refusal(503, "Temporarily unable to accept events");
    assert!(until_ready(&receiver, false).contains("standard output takes no events"));
    until_ready(&receiver, true);
}

#[test]
fn a_receiver_that_waits_for_who_reads_what_it_prints_is_alive_and_not_ready_until_it_is_read() {
    let folder = Folder::new();
    let mut command = hookgate();
    command.args(["serve", "--listen", "unix:socket", "--admin", "unix:admin", "--no-store", "--log-level", "off"]);
    command.current_dir(folder.path()).env("HOOKGATE_SECRET", SECRET);
    let mut child = Ended(command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap());
    let start = Instant::now();
    let connect = |name: &str| loop {
        match UnixStream::connect(folder.path().join(name)) {
            Ok(stream) => return stream,
            Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
        }
    };
    let ask = |path: &str| {
        let mut stream = connect("admin");
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    // More than the pipe holds.
    let mut client = connect("socket");
    let body = format!("\"{}\"", "x".repeat(2_000_000));
    client.write_all(&signed(&body).header("Connection", "close").bytes()).unwrap();
    let until = |words: &str| {
        while !ask("/readyz").contains(words) {
            assert!(start.elapsed() < PATIENCE, "no {words}");
            assert!(ask("/healthz").starts_with("HTTP/1.1 200"));
        }
    };
    until("events have been waiting to be kept for ");
    let mut printed = BufReader::new(child.0.stdout.take().unwrap());
    printed.read_line(&mut String::new()).unwrap();
    until("\"ready\":true");
    let mut answer = String::new();
    client.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// A process that ends with the test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_disk_that_takes_for_ever_holds_up_one_who_asks_and_nobody_else() {
    let receiver = watched().storing().start();
    let probe = receiver.folder.path().join("hookgate-data/ready.probe");
    // To open it waits for somebody who reads it.
    assert!(Command::new("mkfifo").arg(&probe).status().unwrap().success());
    let start = Instant::now();
    // Of all who ask one waits for it, and waits in vain.
    let said = loop {
        let mut client = Client::connect(crate::admin_of(&receiver));
        client.be_patient_for(Duration::from_secs(1));
        client.write(b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n");
        match client.try_answer() {
            Ok(answer) if answer.status == 503 => break answer.text(),
            _ => assert!(start.elapsed() < PATIENCE, "it is ready"),
        }
    };
    assert!(said.contains("the store cannot be written: a page has been on its way to it for "), "{said}");
    for _ in 0..20 {
        assert_eq!(get(&receiver, "/healthz").status, 200);
        assert_eq!(Numbers::of(&receiver).at("hookgate_ready"), 0.0);
    }
    receiver.accept(&signed("{}"));
    drop(fs::File::open(&probe).unwrap());
    until_ready(&receiver, true);
}
