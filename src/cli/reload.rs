//! `hookgate reload`.

use super::setup::{fail, read_config};
use super::wrong;
use crate::config::ConfigError;
use crate::minimal::{Failure, say};
use crate::store::{FOLDER, Lock};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::SIGHUP;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Has a running receiver read its configuration again. What comes of it, the receiver says itself.
#[derive(Args)]
#[command(before_help = "Example: hookgate reload --config hookgate.toml")]
pub(super) struct Reload {
    /// The receiver's configuration: it is checked first, and its store says which process is the receiver
    #[arg(long, value_name = "FILE", conflicts_with_all = ["data", "pid"])]
    config: Option<PathBuf>,
    /// The folder of the receiver's store
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    data: PathBuf,
    /// The receiver's process, where it has no store
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..), conflicts_with = "data")]
    pid: Option<i32>,
}

impl Reload {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let pid = match (&self.config, self.pid) {
            (_, Some(pid)) => pid,
            (Some(path), None) => match read_config(path).map_err(fail)?.store {
                Some(store) => holder(&store.dir)?,
                None => return Err(wrong("the receiver has no store, by which it could be found", "give --pid PID")),
            },
            (None, None) => holder(&self.data)?,
        };
        check_listens(pid)?;
        let process = Pid::from_raw(pid).ok_or_else(|| wrong("0 is no process", "give the receiver's"))?;
        kill_process(process, Signal::HUP)
            .map_err(|error| Failure::Running(format!("cannot ask the process {pid}: {error}")))?;
        say(&format!("hookgate: asked the receiver, process {pid}; it says itself what comes of it"));
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether the process minds SIGHUP, as far as the system says so (proc(5), `SigCgt`): any other would be ended by it. A receiver without
/// a file, at a terminal, is one of these: SIGHUP says that the terminal was closed.
fn check_listens(pid: i32) -> Result<(), Failure> {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { return Ok(()) };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let Some(caught) = caught.and_then(|caught| u64::from_str_radix(caught.trim(), 16).ok()) else { return Ok(()) };
    // The lowest bit is of signal 1.
    if caught & (1 << (SIGHUP - 1)) != 0 {
        return Ok(());
    }
    Err(Failure::Hinted(ConfigError::new(
        format!("the process {pid} would be ended by SIGHUP, and was not asked"),
        "a receiver that was started at a terminal without --config reads nothing again: start it anew; any other process is no receiver",
    )))
}

/// The process of the receiver that writes to the store in `folder`.
fn holder(folder: &Path) -> Result<i32, Failure> {
    let nobody = |what: &str| Failure::Running(format!("{what} {}", folder.display()));
    let pid = Lock::holder(folder)?.ok_or_else(|| nobody("no receiver runs on the store in"))?;
    i32::try_from(pid).ok().filter(|pid| *pid > 0).ok_or_else(|| nobody("the receiver could not say its process in"))
}
