//! The hookgate command, run to its end.

use super::{PATIENCE, SECRET};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;

/// What a command did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn code(&self) -> Option<i32> {
        self.status.code()
    }

    pub(crate) fn out(&self) -> String {
        String::from_utf8(self.stdout.clone()).unwrap_or_else(|_| panic!("stdout is not text: {self:?}"))
    }

    /// Exit 2 with an error and its remedy on stderr, nothing on stdout.
    pub(crate) fn expect_misconfigured(&self, what: &str) {
        assert_eq!(self.code(), Some(2), "{what}: {self:?}");
        assert!(self.stdout.is_empty(), "{what}: {self:?}");
        assert!(self.stderr.contains("hookgate: error: "), "{what}: {self:?}");
        assert!(self.stderr.contains("hookgate: hint: "), "{what}: {self:?}");
    }
}

/// The program under test, without any setting of the one who runs the tests.
pub(crate) fn hookgate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hookgate"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HOOKGATE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Runs hookgate with `arguments` in `folder`, `HOOKGATE_SECRET` set, `stdin` as its input.
pub(crate) fn run(folder: &Path, arguments: &[&str], stdin: &[u8]) -> Outcome {
    let mut command = hookgate();
    command.args(arguments).env("HOOKGATE_SECRET", SECRET).current_dir(folder);
    finish(command, stdin)
}

/// Runs `command` to its end, which has to come in time. Nothing it says may hold the secret.
pub(crate) fn finish(mut command: Command, stdin: &[u8]) -> Outcome {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the command can be started");
    let mut input = child.stdin.take().expect("stdin is piped");
    let bytes = stdin.to_vec();
    thread::spawn(move || input.write_all(&bytes));
    let out = read_all(child.stdout.take().expect("stdout is piped"));
    let err = read_all(child.stderr.take().expect("stderr is piped"));
    let (Ok(stdout), Ok(stderr)) = (out.recv_timeout(PATIENCE), err.recv_timeout(PATIENCE)) else {
        let _ = child.kill();
        let _ = child.wait();
        panic!("{command:?} does not end");
    };
    let status = child.wait().expect("the child is ours");
    let outcome = Outcome { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() };
    assert!(!super::contains(&outcome.stdout, SECRET.as_bytes()), "the secret is on stdout of {command:?}");
    assert!(!outcome.stderr.contains(SECRET), "the secret is on stderr of {command:?}");
    outcome
}

fn read_all(mut stream: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (done, result) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let _ = done.send(bytes);
    });
    result
}

/// Whether the tool is there. Without it a test is skipped, and says so; but never in CI.
pub(crate) fn installed(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there {
        assert!(std::env::var_os("CI").is_none(), "{tool} is not installed, and this is CI");
        eprintln!("skipped: {tool} is not installed");
    }
    there
}
