//! A receiver as a process of its own, on a free port.

use super::client::{Answer, Client};
use super::command::{Outcome, finish, hookgate};
pub(crate) use super::event::Event;
use super::folder::Folder;
use super::request::{Post, signed};
use super::wire::speaks_tls;
use super::{PATIENCE, SECRET, contains, unique};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A receiver to be started: listening on a free port of 127.0.0.1, with [`SECRET`] and without a store, unless told otherwise.
pub(crate) struct Setup {
    folder: Arc<Folder>,
    path: Option<String>,
    secret: Option<String>,
    arguments: Vec<String>,
    /// Told by a file, and by no argument.
    is_by_file: bool,
    variables: Vec<(String, OsString)>,
    stdout_closed: bool,
    within: Vec<String>,
    /// Whether it keeps events in a store, in its folder.
    is_storing: bool,
}

pub(crate) struct Receiver {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) folder: Arc<Folder>,
    path: String,
    events: mpsc::Receiver<String>,
    talk: Arc<Mutex<String>>,
    more_talk: Arc<Condvar>,
    talk_ended: mpsc::Receiver<()>,
    secret: String,
}

/// A receiver with nothing special about it.
pub(crate) fn start() -> Receiver {
    setup().start()
}

pub(crate) fn setup() -> Setup {
    let folder = Folder::new();
    #[cfg(feature = "tls")]
    if speaks_tls() {
        let pair = super::certificates::of(&["localhost"]);
        folder.file("cert.pem", pair.certificate.as_bytes());
        folder.file("key.pem", pair.key.as_bytes());
    }
    Setup {
        folder: Arc::new(folder),
        path: None,
        secret: Some(SECRET.into()),
        arguments: Vec::new(),
        is_by_file: false,
        variables: Vec::new(),
        stdout_closed: false,
        within: Vec::new(),
        is_storing: false,
    }
}

impl Setup {
    pub(crate) fn path(mut self, path: &str) -> Self {
        self.path = Some(path.into());
        self
    }

    /// The value of `HOOKGATE_SECRET`.
    pub(crate) fn secret(mut self, secret: Option<&str>) -> Self {
        self.secret = secret.map(str::to_string);
        self
    }

    /// More arguments to `serve`; the minimal build has none.
    #[cfg(feature = "cli")]
    pub(crate) fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Told all of this by its configuration file.
    #[cfg(feature = "cli")]
    pub(crate) fn config(mut self, text: &str) -> Self {
        self.folder.file("hookgate.toml", text.as_bytes());
        self.is_by_file = true;
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.variables.push((name.into(), value.into()));
        self
    }

    /// A file in the folder where the receiver runs.
    pub(crate) fn file(self, name: &str, bytes: &[u8]) -> Self {
        self.folder.file(name, bytes);
        self
    }

    /// In a folder where another one was.
    #[cfg(feature = "store")]
    pub(crate) fn folder(mut self, folder: &Arc<Folder>) -> Self {
        self.folder = Arc::clone(folder);
        self
    }

    /// It keeps events in a store; the minimal build has none.
    #[cfg(feature = "store")]
    pub(crate) fn storing(mut self) -> Self {
        self.is_storing = true;
        self
    }

    /// Where the receiver will run.
    pub(crate) fn place(&self) -> &Folder {
        &self.folder
    }

    /// Nobody reads its stdout.
    pub(crate) fn stdout_closed(mut self) -> Self {
        self.stdout_closed = true;
        self
    }

    /// The receiver may have this many descriptors.
    pub(crate) fn descriptors(self, limit: u32) -> Self {
        self.within(&["sh", "-c", r#"ulimit -n "$1" && shift && exec "$@""#, "sh", &limit.to_string()])
    }

    /// It is started by this command, which becomes it or leaves it to be a child of the test.
    pub(crate) fn within(mut self, command: &[&str]) -> Self {
        self.within.extend(command.iter().map(ToString::to_string));
        self
    }

    /// The command that starts it.
    fn command(&self) -> Command {
        let mut command = hookgate();
        if let [program, arguments @ ..] = self.within.as_slice() {
            let hookgate = command.get_program().to_os_string();
            let removed: Vec<_> = command.get_envs().map(|(name, _)| name.to_os_string()).collect();
            command = Command::new(program);
            command.args(arguments).arg(hookgate);
            for name in removed {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path());
        if let Some(secret) = &self.secret {
            command.env("HOOKGATE_SECRET", secret);
        }
        self.configure(&mut command);
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command
    }

    #[cfg(feature = "cli")]
    fn configure(&self, command: &mut Command) {
        if self.is_by_file {
            command.args(["serve", "--config", "hookgate.toml"]);
            return;
        }
        let address = if speaks_tls() { "https://127.0.0.1:0" } else { "127.0.0.1:0" };
        command.args(["serve", "--listen", address]).args(crate::FRONT);
        if let Some(path) = &self.path {
            command.args(["--path", path]);
        }
        if !self.is_storing {
            command.arg("--no-store");
        }
        command.args(&self.arguments);
    }

    #[cfg(not(feature = "cli"))]
    fn configure(&self, command: &mut Command) {
        assert!(!self.is_by_file, "the minimal build has no file");
        command.env("HOOKGATE_LISTEN", "127.0.0.1:0");
        if let Some(path) = &self.path {
            command.env("HOOKGATE_PATH", path);
        }
    }

    /// Starts what cannot serve; gives how it ended.
    pub(crate) fn fail(self) -> Outcome {
        finish(self.command(), b"")
    }

    /// Starts it and waits until it says that it listens.
    pub(crate) fn start(self) -> Receiver {
        self.try_start().unwrap_or_else(|outcome| panic!("it does not listen: {outcome:?}"))
    }

    /// The same, or how it ended where it did.
    pub(crate) fn try_start(self) -> Result<Receiver, Outcome> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the receiver can be started");
        let stdout = child.stdout.take().expect("stdout is piped");
        let stderr = child.stderr.take().expect("stderr is piped");
        let (event, events) = mpsc::channel();
        if self.stdout_closed {
            drop(stdout);
        } else {
            thread::spawn(move || {
                for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                    let _ = event.send(line);
                }
            });
        }
        let talk = Arc::<Mutex<String>>::default();
        let more_talk = Arc::<Condvar>::default();
        let (listening, listens) = mpsc::channel();
        let (ended, talk_ended) = mpsc::channel();
        thread::spawn({
            let (talk, more_talk) = (Arc::clone(&talk), Arc::clone(&more_talk));
            move || {
                for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                    talk.lock().expect("nobody panics with it").push_str(&format!("{line}\n"));
                    more_talk.notify_all();
                    if let Some(address) = address_in(&line) {
                        let _ = listening.send(address);
                    }
                }
                let _ = ended.send(());
            }
        });
        let address = match listens.recv_timeout(PATIENCE) {
            Ok(address) => address,
            Err(RecvTimeoutError::Disconnected) => {
                let status = child.wait().expect("the child is ours");
                let stderr = talk.lock().expect("nobody panics with it").clone();
                let stdout = events.try_iter().collect::<String>().into_bytes();
                return Err(Outcome { status, stdout, stderr });
            }
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("{command:?} does not listen: {}", talk.lock().expect("nobody panics with it"));
            }
        };
        let path = self.path.unwrap_or_else(|| "/webhook".into());
        let secret = self.secret.unwrap_or_default();
        let folder = self.folder;
        Ok(Receiver { child, address, folder, path, events, talk, more_talk, talk_ended, secret })
    }
}

/// The address in `... http://127.0.0.1:PORT/webhook ...`, or behind https.
fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = line.split_once("://")?;
    rest.split('/').next()?.parse().ok()
}

impl Receiver {
    pub(crate) fn url(&self) -> String {
        let scheme = if speaks_tls() { "https" } else { "http" };
        format!("{scheme}://{}/webhook", self.address)
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Sends `bytes` on a connection of their own and says that no more will come. Gives the answer, and what came after it
    /// until the receiver closed its side.
    pub(crate) fn exchange(&self, bytes: &[u8]) -> (Answer, Vec<u8>) {
        let mut client = self.connect();
        client.write(bytes);
        client.end();
        let answer = client.answer();
        answer.check_form();
        (answer, client.rest())
    }

    /// Sends `bytes`, which are one request, and gives the one answer to it.
    pub(crate) fn send_raw(&self, bytes: &[u8]) -> Answer {
        let (answer, rest) = self.exchange(bytes);
        assert!(rest.is_empty(), "after the answer came {:?}", String::from_utf8_lossy(&rest));
        answer
    }

    pub(crate) fn send(&self, post: &Post) -> Answer {
        self.send_raw(&post.bytes())
    }

    /// Sends what has to be accepted; gives its event.
    pub(crate) fn accept(&self, post: &Post) -> Event {
        self.send(post).expect_success();
        self.next_event()
    }

    /// Sends what has to be refused in exactly this way, without an event.
    pub(crate) fn refuse(&self, post: &Post, status: u16, detail: &str) {
        self.send(post).expect_refusal(status, detail);
        self.expect_no_event();
    }

    pub(crate) fn next_event(&self) -> Event {
        Event::parse(self.events.recv_timeout(PATIENCE).expect("an event is printed"))
    }

    /// That nothing was printed: the next event is that of a request sent now.
    pub(crate) fn expect_no_event(&self) {
        let mark = format!("sentinel-{}", unique());
        let sentinel = signed("{}").header("X-GitHub-Delivery", &mark).to(&self.path);
        self.send(&sentinel).expect_success();
        let event = self.next_event();
        assert_eq!(event.text("delivery_id"), Some(mark), "an event of a refused request: {}", event.line);
    }

    /// What it has said on stderr so far.
    pub(crate) fn talk(&self) -> String {
        self.talk.lock().expect("nobody panics with it").clone()
    }

    /// Waits until it has said these words on stderr.
    pub(crate) fn expect_talk(&self, words: &str) {
        let talk = self.talk.lock().expect("nobody panics with it");
        let is_silent = |talk: &mut String| !talk.contains(words);
        let (talk, waited) =
            self.more_talk.wait_timeout_while(talk, PATIENCE, is_silent).expect("nobody panics with it");
        assert!(!waited.timed_out(), "no {words:?} in {talk}");
    }

    /// Waits until it has said these words so often on stderr.
    pub(crate) fn expect_talk_times(&self, words: &str, times: usize) {
        let talk = self.talk.lock().expect("nobody panics with it");
        let is_silent = |talk: &mut String| talk.matches(words).count() < times;
        let (talk, waited) =
            self.more_talk.wait_timeout_while(talk, PATIENCE, is_silent).expect("nobody panics with it");
        assert!(!waited.timed_out(), "no {words:?} {times} times in {talk}");
    }

    /// Forgets what it has said: a panic of it is no failure of this test.
    pub(crate) fn forgive(&self) {
        self.talk.lock().expect("nobody panics with it").clear();
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the child is ours").is_none()
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(sent.expect("kill is there").success(), "{name} can be sent");
    }

    /// Four clients post until nobody answers; `stop` is called once `enough` were answered. Gives the ids of all deliveries
    /// that were answered 200.
    pub(crate) fn answered_until(&self, enough: usize, stop: impl FnOnce(&Receiver)) -> BTreeSet<String> {
        let (told, answered) = mpsc::channel();
        thread::scope(|scope| {
            for client in 0..4 {
                let (told, address) = (told.clone(), self.address);
                scope.spawn(move || {
                    for number in 0.. {
                        let id = format!("{client}-{number}");
                        let Ok(mut client) = Client::try_connect(address) else { return };
                        client.write(&signed("{}").header("X-GitHub-Delivery", &id).bytes());
                        let Ok(answer) = client.try_answer() else { return };
                        answer.expect_success();
                        told.send(id).expect("this test waits");
                    }
                });
            }
            drop(told);
            let mut ids: BTreeSet<String> = (0..enough).map(|_| answered.recv().expect("they are answered")).collect();
            stop(self);
            ids.extend(answered);
            ids
        })
    }

    /// Waits for its end; gives that and the events not yet taken.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Vec<Event>) {
        let (status, lines) = self.wait_for_lines();
        (status, lines.into_iter().map(Event::parse).collect())
    }

    fn wait_for_lines(&mut self) -> (ExitStatus, Vec<String>) {
        let mut lines = Vec::new();
        loop {
            match self.events.recv_timeout(PATIENCE) {
                Ok(line) => lines.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the receiver does not end: {}", self.talk()),
            }
        }
        self.talk_ended.recv_timeout(PATIENCE).expect("its stderr ends with it");
        (self.child.wait().expect("the child is ours"), lines)
    }

    /// Ends it as a crash would; gives the events not yet taken. The last line may have broken off, and is none then.
    pub(crate) fn kill(&mut self) -> Vec<Event> {
        self.child.kill().expect("the child is ours");
        let (status, mut lines) = self.wait_for_lines();
        assert_eq!(status.signal(), Some(9));
        lines.pop_if(|line| serde_json::from_str::<serde_json::Value>(line).is_err());
        lines.into_iter().map(Event::parse).collect()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            return;
        }
        let talk = self.talk();
        assert!(!talk.contains("panicked"), "{talk}");
        let secret = self.secret.as_bytes();
        assert!(secret.is_empty() || !contains(talk.as_bytes(), secret), "the secret is on stderr");
    }
}
