//! `hookgate events`.

mod export;
mod fates;
mod filter;
mod line;
mod list;
mod prune;
mod replay;
mod show;
mod stats;
mod stored;
mod tail;

use super::out::Halt;
use crate::minimal::Failure;
use clap::{Args, Subcommand};
use std::process::ExitCode;

/// Looks at the events that a receiver has kept, while it runs or not.
#[derive(Args)]
#[command(before_help = "Example: hookgate events list --type push --since 2h", disable_help_subcommand = true)]
pub(super) struct Events {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Events, newest first
    List(list::List),
    /// One event: headers, payload, how it was verified, what became of it
    Show(show::Show),
    /// The newest events, and with -f what comes
    Tail(tail::Tail),
    /// Copy events out, byte for byte
    Export(export::Export),
    /// Count events by source and hour
    Stats(stats::Stats),
    /// Hand events on once more, to all sinks or one
    Replay(replay::Replay),
    /// Delete old events
    Prune(prune::Prune),
}

impl Events {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let done = match self.what {
            What::List(list) => list.run(),
            What::Show(show) => show.run(),
            What::Tail(tail) => tail.run(),
            What::Export(export) => export.run(),
            What::Stats(stats) => stats.run(),
            What::Replay(replay) => replay.run(),
            What::Prune(prune) => prune.run(),
        };
        done.or_else(Halt::end)
    }
}
