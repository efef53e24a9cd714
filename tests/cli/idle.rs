//! What a receiver takes while nothing comes: memory within a limit, and no CPU.

use super::listen::{expect_service, listening};
use crate::support::command::hookgate;
use crate::support::folder::Folder;
use crate::support::{PATIENCE, SECRET};
use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Nothing of it runs for so long: whatever wakes up more often than that is seen.
const QUIET: Duration = Duration::from_secs(3);

/// Resident memory of the release build at most, in KiB: 12 MiB.
const RELEASE_LIMIT_KIB: u64 = 12 * 1024;

/// That of a debug build: some 10 MiB more of it are code that is not optimised.
const DEBUG_LIMIT_KIB: u64 = 32 * 1024;

/// The release build that `make idle` looks at, or the one under test; and its limit.
fn program() -> (PathBuf, u64) {
    match std::env::var_os("IDLE_RELEASE") {
        Some(path) => (PathBuf::from(path), RELEASE_LIMIT_KIB),
        None => (
            PathBuf::from(hookgate().get_program()),
            if cfg!(debug_assertions) { DEBUG_LIMIT_KIB } else { RELEASE_LIMIT_KIB },
        ),
    }
}

/// The number behind `name` in a file of /proc, such as `VmRSS:    8784 kB`.
fn number(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// How often its threads ran and stopped, all together, and its clock ticks of CPU: proc(5).
fn work(pid: u32) -> (u64, u64) {
    let mut switches = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let status = fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        switches += number(&status, "voluntary_ctxt_switches:") + number(&status, "nonvoluntary_ctxt_switches:");
    }
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    // Behind its name, which is in parentheses; utime and stime are the 14th and the 15th field.
    let fields: Vec<_> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    (switches, fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap())
}

/// Waits until nothing of it has run for as long as [`QUIET`]: what it does at the start, and after an event, takes its time.
fn expect_quiet(pid: u32) {
    let start = Instant::now();
    let mut before = work(pid);
    let mut since = Instant::now();
    while since.elapsed() < QUIET {
        assert!(start.elapsed() < PATIENCE, "it never rests for {QUIET:?}: now {before:?}");
        sleep(Duration::from_millis(100));
        let now = work(pid);
        if now != before {
            (before, since) = (now, Instant::now());
        }
    }
}

#[test]
fn an_idle_receiver_takes_little_memory_and_no_cpu() {
    let (program, limit_kib) = program();
    let folder = Folder::new();
    let mut command = Command::new(program);
    command.args(["serve", "--listen", "127.0.0.1:0"]).env("HOOKGATE_SECRET", SECRET).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let listening = listening(command, 1);
    let pid = listening.id();
    expect_quiet(pid);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let resident_kib = number(&status, "VmRSS:");
    eprintln!("idle: {resident_kib} KiB resident, limit {limit_kib}");
    assert!(resident_kib <= limit_kib, "{resident_kib} KiB are resident, limit {limit_kib}");

    expect_service(TcpStream::connect(listening.names[0].strip_prefix("http://").unwrap()).unwrap());
    expect_quiet(pid);
    listening.stop();
}
