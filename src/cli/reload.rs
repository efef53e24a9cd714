//! `hookgate reload`.

use super::wrong;
use crate::minimal::{Failure, say};
use clap::Args;
use rustix::process::{Pid, Signal, kill_process};
use std::process::ExitCode;

/// Has a running receiver read its configuration again. What came of it, the receiver says itself.
#[derive(Args)]
#[command(before_help = "Example: hookgate reload --pid \"$(pidof hookgate)\"")]
pub(super) struct Reload {
    /// The receiver's process
    #[arg(long, value_name = "PID", value_parser = clap::value_parser!(i32).range(1..))]
    pid: i32,
}

impl Reload {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        ask(self.pid)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Asks the receiver of this process.
fn ask(pid: i32) -> Result<(), Failure> {
    let process = Pid::from_raw(pid).ok_or_else(|| wrong("0 is no process", "give the receiver's"))?;
    kill_process(process, Signal::HUP)
        .map_err(|error| Failure::Running(format!("cannot ask the process {pid}: {error}")))?;
    say(&format!("hookgate: asked the process {pid}"));
    Ok(())
}
