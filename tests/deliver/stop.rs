//! How it ends, with events under way.

use super::place::{QUICK, again, command, end, fate, file, numbers, post, wait_for_lines, with};
use crate::support::request::signed;
use rusqlite::Connection;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

#[test]
fn a_command_that_runs_may_end_and_is_not_run_again() {
    let script = "echo >> begun; until [ -e go ]; do sleep 0.05; done; cat >> got; echo >> got";
    let sinks = [command("run", script, "")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, [1]);
    wait_for_lines(&folder.path().join("begun"), 1);
    receiver.signal("TERM");
    folder.file("go", b"");
    let (status, _) = receiver.wait();
    assert_eq!(status.code(), Some(0), "{}", receiver.talk());
    let mut receiver = again(&folder, &sinks);
    post(&receiver, [2]);
    assert_eq!(wait_for_lines(&folder.path().join("got"), 2), [r#"{"n":1}"#, r#"{"n":2}"#]);
    end(&mut receiver);
}

#[test]
fn a_command_that_does_not_end_is_ended_in_time_and_run_again_and_that_is_no_attempt_of_its() {
    let script = "echo $$ >> begun; [ -e ok ] || sleep 3600; cat >> got; echo >> got";
    let sinks = [command("run", script, "max_attempts = 1\n"), file("log")];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, [1]);
    let pid = wait_for_lines(&folder.path().join("begun"), 1).remove(0);
    let start = Instant::now();
    end(&mut receiver);
    // 9 s, and what a busy machine takes to see it.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "{state}");
    assert_eq!(fate(&folder, 1, "run")["standing"], "owed");
    folder.file("ok", b"");
    let mut receiver = again(&folder, &sinks);
    assert_eq!(wait_for_lines(&folder.path().join("got"), 1), [r#"{"n":1}"#]);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 1)), [1]);
    end(&mut receiver);
}

#[test]
fn a_second_signal_ends_it_at_once_and_its_commands_with_it() {
    // Deaf to the first request, so that only the second signal ends it before its time.
    let script = "trap '' TERM; echo $$ >> begun; while :; do sleep 0.1; done";
    let mut receiver = with(&[command("run", script, "")]).start();
    let folder = receiver.folder.clone();
    post(&receiver, [1]);
    let pid = wait_for_lines(&folder.path().join("begun"), 1).remove(0);
    let start = Instant::now();
    receiver.signal("TERM");
    receiver.signal("INT");
    let (status, _) = receiver.wait();
    // What was under way ends by it, and may end the receiver by itself before the signal does: but never in the time that one
    // signal leaves.
    let is_early = start.elapsed() < Duration::from_secs(8);
    assert!(matches!(status.code(), Some(130 | 143)) || (status.code() == Some(0) && is_early), "{status:?}");
    super::place::wait_for("its command is gone", || {
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        (state.is_empty() || state.contains(") Z ")).then_some(())
    });
}

#[test]
fn neither_a_server_that_never_answers_nor_a_blocked_pipe_keeps_it_from_ending_in_time() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let forward = format!(
        "[[sink]]\nname = \"post\"\ntype = \"forward\"\nurl = \"{url}\"\nconcurrency = 3\ntimeout = \"1h\"\nmax_attempts = 1\n"
    );
    let stdout = "[[sink]]\nname = \"out\"\ntype = \"stdout\"\n".to_string();
    let blocked = ["sh", "-c", "mkfifo pipe && exec \"$@\" 1<>pipe", "sh"];
    let mut receiver = with(&[forward, stdout, file("log")]).within(&blocked).start();
    let folder = receiver.folder.clone();
    for number in 1..=16 {
        receiver.send(&signed(format!("{{\"n\":{number},\"fill\":\"{}\"}}", "x".repeat(16 * 1024)))).expect_success();
    }
    wait_for_lines(&folder.path().join("log.jsonl"), 16);
    let _connections: Vec<_> = (0..3).map(|_| listener.accept().unwrap()).collect();
    let start = Instant::now();
    end(&mut receiver);
    // 9 s, and what a busy machine takes to see it.
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    // What was cut off is no attempt of its: it would be its last.
    for event in 1..=3 {
        assert_eq!(fate(&folder, event, "post")["standing"], "owed");
    }
}

#[test]
fn a_server_that_asks_to_be_left_alone_while_it_ends_is_left_alone_after_the_next_start() {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", server.server_addr());
    let forward = format!("[[sink]]\nname = \"post\"\ntype = \"forward\"\nurl = \"{url}\"\n{QUICK}");
    let mut receiver = with(&[forward]).start();
    let folder = receiver.folder.clone();
    post(&receiver, [1]);
    let request = server.recv().unwrap();
    receiver.signal("TERM");
    // It takes no connections once it is told.
    super::place::wait_for("it is being stopped", || TcpStream::connect(receiver.address).is_err().then_some(()));
    let after: tiny_http::Header = "Retry-After: 86400".parse().unwrap();
    request.respond(tiny_http::Response::empty(503).with_header(after)).unwrap();
    let (status, _) = receiver.wait();
    assert_eq!(status.code(), Some(0), "{}", receiver.talk());
    let connection = Connection::open(folder.path().join("hookgate-data/delivery.db")).unwrap();
    let pause = "SELECT next_at - at FROM owed JOIN attempts USING (sink, event)";
    let pause_ms: i64 = connection.query_row(pause, [], |row| row.get(0)).unwrap();
    assert!(pause_ms >= 86_400_000, "{pause_ms}");
}
