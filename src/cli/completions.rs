//! `hookgate completions`.

use super::out::write_all;
use crate::minimal::Failure;
use clap::Args;
use clap_complete::Shell;
use std::process::ExitCode;

/// Prints what completes the command line of a shell. docs/OPERATION.md says where each shell looks for it.
#[derive(Args)]
#[command(before_help = "Example: hookgate completions bash > ~/.local/share/bash-completion/completions/hookgate")]
pub(super) struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, mut command: clap::Command) -> Result<ExitCode, Failure> {
        // Not to standard output itself, where it would panic when nobody reads.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "hookgate", &mut script);
        write_all(&script)?;
        Ok(ExitCode::SUCCESS)
    }
}
