//! A folder with a configuration and sinks that leave traces in it.

use crate::support::PATIENCE;
use crate::support::command::{Outcome, run};
use crate::support::folder::Folder;
use crate::support::receiver::{Receiver, Setup, setup};
use crate::support::request::signed;
use rusqlite::Connection;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Retries that a test can wait for.
pub(super) const QUICK: &str = "backoff = \"100ms\"\nbackoff_limit = \"200ms\"\n";

/// A configuration with a store, a source and these sinks.
pub(super) fn config(sinks: &[String]) -> String {
    let source = "[[source]]\nname = \"github\"\npath = \"/webhook\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n";
    format!("listen = [\"127.0.0.1:0\"]\n[store]\ndir = \"hookgate-data\"\n{source}{}", sinks.concat())
}

/// A sink that has `sh` run a script; `more` are lines of its table.
pub(super) fn command(name: &str, script: &str, more: &str) -> String {
    format!("[[sink]]\nname = \"{name}\"\ntype = \"command\"\nargv = [\"sh\", \"-c\", '''{script}''']\n{more}\n")
}

/// A sink that appends to `name`.jsonl.
pub(super) fn file(name: &str) -> String {
    format!("[[sink]]\nname = \"{name}\"\ntype = \"file\"\npath = \"{name}.jsonl\"\n")
}

/// A receiver with these sinks, in a folder of its own.
pub(super) fn with(sinks: &[String]) -> Setup {
    setup().config(&config(sinks))
}

/// The same in the folder of one that has ended.
pub(super) fn again(folder: &Arc<Folder>, sinks: &[String]) -> Receiver {
    setup().folder(folder).config(&config(sinks)).start()
}

/// Has it take these events, of type `push`, each `{"n":NUMBER}`.
pub(super) fn post(receiver: &Receiver, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        let name = number.to_string();
        let post = signed(format!("{{\"n\":{number}}}"));
        receiver.send(&post.header("X-GitHub-Event", "push").header("X-GitHub-Delivery", name)).expect_success();
    }
}

/// Waits until `is_so` gives something.
pub(super) fn wait_for<T>(what: &str, mut is_so: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = is_so() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The whole lines of a file, none where it is not there.
pub(super) fn lines(path: &Path) -> Vec<String> {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')).map(str::to_string).collect()
}

/// Waits until a file has so many lines, and gives them.
pub(super) fn wait_for_lines(path: &Path, count: usize) -> Vec<String> {
    let what = format!("{count} lines in {}", path.display());
    wait_for(&what, || Some(lines(path)).filter(|lines| lines.len() >= count))
}

/// The `n` of each event in a file of lines.
pub(super) fn numbers(lines: &[String]) -> Vec<u64> {
    lines.iter().map(|line| json(line)["payload"]["n"].as_u64().unwrap()).collect()
}

pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// What `hookgate events` says of the store in `folder`.
pub(super) fn events(folder: &Folder, arguments: &[&str]) -> Outcome {
    let outcome = run(folder.path(), &[&["events"], arguments, &["--data", "hookgate-data"]].concat(), b"");
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    outcome
}

/// What became of an event at a sink, as `events show` says.
pub(super) fn fate(folder: &Folder, event: u64, sink: &str) -> Value {
    let shown = json(&events(folder, &["show", &event.to_string(), "--json"]).out());
    let sinks = shown["sinks"].as_array().unwrap();
    sinks.iter().find(|it| it["sink"] == sink).unwrap_or_else(|| panic!("no {sink} in {shown}")).clone()
}

/// Waits until an event stands so at a sink.
pub(super) fn wait_for_standing(folder: &Folder, event: u64, sink: &str, standing: &str) -> Value {
    let what = format!("{event} is {standing} at {sink}");
    wait_for(&what, || Some(fate(folder, event, sink)).filter(|fate| fate["standing"] == standing))
}

/// How far a sink has come, by delivery's own file.
pub(super) fn cursor(folder: &Folder, sink: &str) -> i64 {
    let connection = Connection::open(folder.path().join("hookgate-data/delivery.db")).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    connection.query_row("SELECT event FROM cursors WHERE sink = ?1", [sink], |row| row.get(0)).unwrap()
}

/// Ends it, and waits for that.
pub(super) fn end(receiver: &mut Receiver) {
    receiver.signal("TERM");
    let (status, _) = receiver.wait();
    assert_eq!(status.code(), Some(0), "{}", receiver.talk());
}
