//! `hookgate events`.

mod filter;
mod line;
mod list;

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
}

impl Events {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let done = match self.what {
            What::List(list) => list.run(),
        };
        done.or_else(Halt::end)
    }
}
