//! The log: a line for each request, and none for a flood of them.

use crate::request_lines;
use crate::support::client::Client;
use crate::support::command::hookgate;
use crate::support::receiver::{Receiver, Setup, setup};
use crate::support::request::{signed, signed_with, unsigned};
use crate::support::{PATIENCE, SECRET};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Instant;

/// Waits until there are so many lines about requests; gives them.
fn lines(receiver: &Receiver, count: usize) -> Vec<Value> {
    receiver.expect_talk_times("\"verdict\":", count);
    let lines = request_lines(receiver);
    assert_eq!(lines.len(), count, "{lines:#?}");
    lines
}

fn names(line: &Value) -> Vec<&str> {
    let mut names: Vec<_> = line.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[test]
fn an_accepted_request_is_a_line_of_json_with_the_id_of_its_event() {
    for setup in [setup().storing(), setup(), setup().arguments(&["--front", "tiny_http"])] {
        let receiver = setup.start();
        let sent = Instant::now();
        let event = receiver.accept(&signed("{\"a\":1}"));
        let line = &lines(&receiver, 1)[0];
        assert_eq!(
            names(line),
            ["duration_us", "id", "level", "message", "peer", "source", "status", "time", "verdict"],
            "{line}"
        );
        assert_eq!(line["id"].as_str(), event.text("id").as_deref(), "{line} {}", event.line);
        for (name, value) in [("source", "github"), ("verdict", "accepted"), ("peer", "127.0.0.1"), ("level", "info")] {
            assert_eq!(line[name], value, "{line}");
        }
        assert_eq!(line["status"], 200);
        assert!(u128::from(line["duration_us"].as_u64().unwrap()) <= sent.elapsed().as_micros(), "{line}");
        assert_eq!(line["time"].as_str().map(str::len), Some("2026-11-25T00:00:00.000Z".len()));
    }
}

#[test]
fn what_is_not_accepted_is_a_line_with_its_reason_and_no_id() {
    let receiver = setup().storing().start();
    let post = signed("{}");
    receiver.send(&post);
    receiver.send(&post);
    receiver.send(&unsigned("{}"));
    receiver.send(&signed_with("somebody else's", "{}"));
    receiver.send(&signed("{}").to("/elsewhere"));
    let lines = lines(&receiver, 5);
    for (line, (verdict, source, reason, status)) in lines.iter().zip([
        ("accepted", Some("github"), None, 200),
        ("duplicate", Some("github"), None, 200),
        ("refused", Some("github"), Some("missing_signature"), 400),
        ("refused", Some("github"), Some("signature_mismatch"), 401),
        ("refused", None, Some("unknown_path"), 404),
    ]) {
        assert_eq!(line["verdict"], verdict, "{line}");
        assert_eq!((line["source"].as_str(), line["reason"].as_str()), (source, reason), "{line}");
        assert_eq!(line["status"], status, "{line}");
        assert_eq!(line["id"].is_string(), verdict == "accepted", "{line}");
        assert_eq!(line["detail"].is_string(), verdict == "refused", "{line}");
        assert_eq!(line["peer"], "127.0.0.1");
    }
}

#[test]
fn the_time_that_a_request_took_is_from_its_first_byte_on() {
    let receiver = setup().start();
    let mut client = receiver.connect();
    // Its first bytes are read, and answered, before the last is sent.
    let expecting = signed("{}").header("Expect", "100-continue").head();
    client.write(&expecting);
    assert_eq!(client.try_head().unwrap().status, 100);
    let waiting = Instant::now();
    while waiting.elapsed().as_millis() < 50 {
        std::thread::yield_now();
    }
    client.write(b"{}");
    client.answer().expect_success();
    let line = &lines(&receiver, 1)[0];
    assert!(line["duration_us"].as_u64().unwrap() >= 50_000, "{line}");
}

#[test]
fn for_people_a_line_has_words_and_what_is_said_stands_as_it_is() {
    let receiver = setup().arguments(&["--log-format", "human"]).start();
    receiver.accept(&signed("{}"));
    receiver.send(&unsigned("{}"));
    receiver.expect_talk("reason=missing_signature");
    let talk = receiver.talk();
    let said: Vec<_> = talk.lines().collect();
    assert_eq!(said[0], format!("hookgate: listening on {} (scheme github)", receiver.url()));
    assert!(said[1].contains(" info request id=evt_") && said[1].contains(" verdict=accepted status=200 "), "{talk}");
    assert!(
        said[2].ends_with(" peer=127.0.0.1") && said[2].contains("detail=\"there is no signature header\""),
        "{talk}"
    );
}

#[test]
fn everything_said_once_it_listens_is_json_where_no_terminal_is() {
    let receiver = setup().storing().start();
    receiver.signal("HUP");
    receiver.expect_talk("read the configuration again (1 source)");
    receiver.send(&signed("{}")).expect_success();
    assert_eq!(receiver.send(&signed("{}")).status, 200);
    receiver.expect_talk("that had come before");
    for line in receiver.talk().lines() {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line["time"].is_string() && line["level"].is_string() && line["message"].is_string(), "{line}");
    }
}

#[test]
fn at_a_higher_level_there_is_no_line_for_a_request_and_at_off_there_is_none_at_all() {
    for level in ["warn", "error", "off"] {
        let setup = setup();
        let folder = setup.place();
        let mut command = hookgate();
        command.args(["serve", "--listen", "unix:socket", "--no-store", "--log-level", level]);
        command.current_dir(folder.path()).env("HOOKGATE_SECRET", SECRET);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let start = Instant::now();
        let mut stream = loop {
            match UnixStream::connect(folder.path().join("socket")) {
                Ok(stream) => break stream,
                Err(error) => assert!(start.elapsed() < PATIENCE, "{error}"),
            }
        };
        stream.write_all(&signed("{}").header("Connection", "close").bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{level}");
    }
}

#[test]
fn a_forger_makes_a_thousand_lines_and_then_five_a_second_and_the_rest_is_summed() {
    let receiver = setup().start();
    let (start, sent) = (Instant::now(), 3000);
    let mut client = receiver.connect();
    let forged = signed_with("somebody else's", "{}").bytes();
    for _ in 0..sent {
        client.write(&forged);
        assert_eq!(client.answer().status, 401);
    }
    receiver.accept(&signed("{}"));
    receiver.expect_talk("had no line of their own");
    let lines = request_lines(&receiver);
    let told = lines.iter().filter(|line| line["verdict"] == "refused").count();
    let most = 1000 + 5 * usize::try_from(start.elapsed().as_secs() + 1).unwrap();
    assert!((1000..=most).contains(&told), "{told} lines, {most} at most");
    assert!(lines.iter().any(|line| line["verdict"] == "accepted"), "who is proven is told of all the same");
    let talk = receiver.talk();
    let sums = talk.lines().filter(|line| line.contains("had no line of their own"));
    let summed: u64 = sums.map(|line| serde_json::from_str::<Value>(line).unwrap()["count"].as_u64().unwrap()).sum();
    assert_eq!(told as u64 + summed, sent);
}

/// A receiver whose standard error is read by the test alone, up to where it says that it listens.
struct Unread {
    place: Setup,
    child: Child,
    /// Until it is closed.
    talk: Option<BufReader<ChildStderr>>,
    address: SocketAddr,
}

impl Unread {
    fn start() -> Self {
        let place = setup();
        let mut command = hookgate();
        let arguments =
            ["serve", "--listen", "127.0.0.1:0", "--admin", "unix:admin", "--no-store", "--request-limit", "1000000"];
        command.args(arguments).current_dir(place.place().path()).env("HOOKGATE_SECRET", SECRET);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        // Not a byte more than is looked at.
        let mut talk = BufReader::with_capacity(1, child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(talk.read_line(&mut line).unwrap() > 0, "it ended");
            if let Some((_, rest)) = line.split_once("http://") {
                break rest.split('/').next().unwrap().parse().unwrap();
            }
        };
        Unread { place, child, talk: Some(talk), address }
    }

    /// How many lines it says were dropped.
    fn dropped(&self) -> u64 {
        let mut stream = UnixStream::connect(self.place.place().path().join("admin")).unwrap();
        stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (_, rest) = answer.split_once("\nhookgate_log_lines_dropped_total ").unwrap();
        rest.lines().next().unwrap().parse().unwrap()
    }

    /// Ends it by a signal; it has to end well.
    fn stop(mut self) {
        assert!(Command::new("kill").arg(self.child.id().to_string()).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Unread {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_blocked_pipe_stalls_nobody_and_what_was_dropped_is_said_once_it_is_read() {
    let mut receiver = Unread::start();
    let mut client = Client::connect(receiver.address);
    let (post, pipelined) = (signed("{}").bytes(), 16);
    let start = Instant::now();
    while receiver.dropped() == 0 {
        for _ in 0..40 {
            client.write(&post.repeat(pipelined));
            (0..pipelined).for_each(|_| client.answer().expect_success());
        }
        assert!(start.elapsed() < 4 * PATIENCE, "nothing is dropped");
    }
    client.write(&post);
    client.answer().expect_success();
    let mut lines = receiver.talk.as_mut().unwrap().lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("lines of the log were dropped")));
    // Again nobody reads, and it ends all the same.
    receiver.stop();
}

#[test]
fn a_closed_pipe_ends_nothing() {
    let mut receiver = Unread::start();
    receiver.talk = None;
    let mut client = Client::connect(receiver.address);
    for _ in 0..3 {
        client.write(&signed("{}").bytes());
        client.answer().expect_success();
    }
    receiver.stop();
}
