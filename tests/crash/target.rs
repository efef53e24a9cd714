//! What is killed: hookgate, or one that lies.

use crate::support::command::{Outcome, hookgate};
use crate::support::folder::Folder;
use crate::support::receiver::{Receiver, setup};
use crate::support::{PATIENCE, SECRET};
use rusqlite::Connection;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A receiver that can be started on a folder.
pub(super) trait Target {
    /// Starts it, and waits until it listens.
    fn start(&self, data: &Path) -> Box<dyn Running>;

    /// Starts it, and kills it after `time`, whatever it has come to by then.
    fn kill_at_start(&self, data: &Path, time: Duration);

    /// Deletes all events, while none runs, once they were handed on.
    fn prune(&self, data: &Path);

    /// The file that its sink appends events to, if it has one.
    fn handed(&self, data: &Path) -> Option<PathBuf>;
}

/// One that runs.
pub(super) trait Running {
    fn address(&self) -> SocketAddr;

    /// Ends it as a crash would.
    fn kill(self: Box<Self>);
}

/// The program under test.
pub(super) struct Hookgate {
    /// More arguments to `serve`.
    pub(super) arguments: &'static [&'static str],
    /// Where its store is, as an argument; unless it is to have none.
    pub(super) stores: bool,
}

impl Hookgate {
    pub(super) fn on(arguments: &'static [&'static str]) -> Self {
        Hookgate { arguments, stores: true }
    }

    fn data_arguments<'a>(&self, data: &'a Path) -> Vec<&'a str> {
        let data = data.to_str().expect("the folders of tests have plain names");
        if self.stores { vec!["--data", data] } else { vec!["--no-store"] }
    }

    /// That its events are appended to a file.
    fn sink_arguments(&self, data: &Path) -> Vec<String> {
        let path = format!("path={}", handed_file(data).display());
        if !self.stores {
            return Vec::new();
        }
        // One file, however long it gets.
        ["type=file", &path, "rotate_at=1024GiB"].iter().flat_map(|key| ["--sink".into(), (*key).to_string()]).collect()
    }

    /// Starts it, if it takes what is in `data`; otherwise it says why.
    pub(super) fn try_start(&self, data: &Path) -> Result<Box<dyn Running>, Outcome> {
        let setup = setup().arguments(self.arguments);
        let started = if self.stores {
            let sink = self.sink_arguments(data);
            let sink: Vec<&str> = sink.iter().map(String::as_str).collect();
            setup.storing().arguments(&self.data_arguments(data)).arguments(&sink).try_start()
        } else {
            setup.try_start()
        };
        Ok(Box::new(started?))
    }

    /// Starts it, and waits until all that is in its store was handed on.
    fn hand_on(&self, data: &Path) {
        let running = self.start(data);
        let start = Instant::now();
        while !is_handed_on(data) {
            assert!(start.elapsed() < PATIENCE, "it does not hand on what it has");
            thread::sleep(Duration::from_millis(10));
        }
        running.kill();
    }
}

impl Target for Hookgate {
    fn start(&self, data: &Path) -> Box<dyn Running> {
        self.try_start(data).unwrap_or_else(|outcome| panic!("it does not listen: {outcome:?}"))
    }

    fn kill_at_start(&self, data: &Path, time: Duration) {
        let folder = Folder::new();
        let mut command = hookgate();
        command.args(["serve", "--listen", "127.0.0.1:0"]).args(self.arguments).args(self.data_arguments(data));
        command.args(self.sink_arguments(data));
        command.env("HOOKGATE_SECRET", SECRET).current_dir(folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the receiver can be started");
        // The moment is what is left to chance; nothing waits for it to pass.
        thread::sleep(time);
        child.kill().expect("the child is ours");
        child.wait().expect("the child is ours");
    }

    /// Asks for it as docs/STORE.md says, and waits for a receiver to have done it.
    fn prune(&self, data: &Path) {
        self.hand_on(data);
        let tomorrow = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970") + DAY;
        fs::write(data.join("asked"), format!("{}\n", tomorrow.as_millis())).expect("the folder is ours");
        fs::rename(data.join("asked"), data.join("prune")).expect("the folder is ours");
        let running = self.start(data);
        let start = Instant::now();
        while data.join("prune").exists() {
            assert!(start.elapsed() < PATIENCE, "it does not delete what it was asked to");
            thread::sleep(Duration::from_millis(10));
        }
        running.kill();
    }

    fn handed(&self, data: &Path) -> Option<PathBuf> {
        self.stores.then(|| handed_file(data))
    }
}

/// Beside the store.
fn handed_file(data: &Path) -> PathBuf {
    data.with_file_name("handed.jsonl")
}

/// Whether its sink's cursor is at the last event, by docs/STORE.md.
fn is_handed_on(data: &Path) -> bool {
    let number = |file: &str, query: &str| {
        let connection = Connection::open(data.join(file)).expect("the file is there");
        connection.busy_timeout(PATIENCE).expect("a time can be set");
        connection.query_row(query, [], |row| row.get::<_, Option<i64>>(0)).expect("it can be read").unwrap_or(0)
    };
    number("delivery.db", "SELECT min(event) FROM cursors WHERE is_configured = 1")
        >= number("events.db", "SELECT max(id) FROM events")
}

impl Running for Receiver {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn kill(mut self: Box<Self>) {
        Receiver::kill(&mut self);
    }
}
