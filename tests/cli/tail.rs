//! `hookgate events tail`.

use super::events::{events, lines, numbers};
use crate::support::PATIENCE;
use crate::support::command::hookgate;
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::signed;
use crate::support::store::{Row, make};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

/// A command that follows a store.
struct Follower {
    child: Child,
    lines: mpsc::Receiver<String>,
}

fn follow(folder: &Folder, arguments: &[&str]) -> Follower {
    let mut command = hookgate();
    command.args(["events", "tail", "-f"]).args(arguments).current_dir(folder.path());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    let (line, lines) = mpsc::channel();
    thread::spawn(move || stdout.lines().map_while(Result::ok).for_each(|text| drop(line.send(text))));
    Follower { child, lines }
}

impl Follower {
    fn next(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("an event is printed")
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_newest_are_printed_in_order() {
    let folder = Folder::new();
    make(folder.path(), (0..3000).map(|_| Row::default()));
    assert_eq!(numbers(&lines(&events(&folder, &["tail"]))), (2991..=3000).collect::<Vec<_>>());
    assert_eq!(numbers(&lines(&events(&folder, &["tail", "-n", "2900"]))), (101..=3000).collect::<Vec<_>>());
    assert_eq!(numbers(&lines(&events(&folder, &["tail", "-n", "0"]))), [0; 0]);
}

/// The lines are those of `serve`, to the byte: one program reads both.
#[test]
fn what_comes_is_printed_as_the_receiver_prints_it_until_sigint_or_sigterm() {
    for signal in ["INT", "TERM"] {
        let receiver = setup().storing().start();
        let before = receiver.accept(&signed("{\"n\" : 0}"));
        let mut follower = follow(&receiver.folder, &[]);
        assert_eq!(follower.next(), before.line);
        for number in 1..=3 {
            let form = number == 3;
            let post = if form {
                signed("payload=%7B%7D").header("Content-Type", "application/x-www-form-urlencoded")
            } else {
                signed(format!("{{\"n\" : {number}}}"))
            };
            let printed = receiver.accept(&post.header("X-GitHub-Event", "push"));
            assert_eq!(follower.next(), printed.line);
        }
        let kill = Command::new("kill").args([format!("-{signal}"), follower.child.id().to_string()]).status();
        assert!(kill.unwrap().success());
        assert_eq!(follower.child.wait().unwrap().code(), Some(0), "{signal}");
        assert!(follower.lines.recv_timeout(PATIENCE).is_err(), "nothing more");
    }
}

#[test]
fn only_what_is_asked_for_is_followed() {
    let receiver = setup().storing().start();
    receiver.accept(&signed("{\"n\":1}").header("X-GitHub-Event", "ping"));
    let follower = follow(&receiver.folder, &["--type", "push"]);
    receiver.accept(&signed("{\"n\":2}").header("X-GitHub-Event", "ping"));
    let push = receiver.accept(&signed("{\"n\":3}").header("X-GitHub-Event", "push"));
    assert_eq!(follower.next(), push.line);
}

/// It notices although it has nothing to write.
#[test]
fn it_ends_when_nobody_reads_on() {
    let folder = Folder::new();
    make(folder.path(), [Row::default()]);
    let mut command = hookgate();
    command.args(["events", "tail", "-f"]).current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    drop(stdout);
    let (told, ended) = mpsc::channel();
    thread::spawn(move || told.send(child.wait().unwrap()));
    assert_eq!(ended.recv_timeout(PATIENCE).expect("it ends").code(), Some(0));
}
