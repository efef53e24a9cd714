//! `hookgate config`.

mod check;

use super::setup::fail;
use super::wrong;
use crate::config::{ConfigError, HOOKS_FILE_LIMIT_BYTES, Imported, import};
use crate::minimal::{Failure, say, warn};
use crate::open::open;
use clap::{Args, Subcommand};
use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A commented start.
const START: &str = include_str!("config/init.toml");

/// Writes, checks and imports configurations.
#[derive(Args)]
#[command(before_help = "Example: hookgate config check --config hookgate.toml", disable_help_subcommand = true)]
pub(super) struct Configuration {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write a commented start; never over a file that is there
    Init {
        /// The file to write; - is standard output
        #[arg(default_value = "hookgate.toml")]
        file: PathBuf,
    },
    /// Say everything that is wrong with a configuration (exit 2), or that nothing is (exit 0)
    Check {
        /// The configuration
        #[arg(long, value_name = "FILE", default_value = "hookgate.toml")]
        config: PathBuf,
        /// Also ask the URLs of forward sinks whether they answer
        #[arg(long)]
        probe: bool,
    },
    /// Make a configuration of hooks for adnanh/webhook (JSON), and say what it cannot carry over
    Import {
        /// The file of hooks
        #[arg(value_name = "HOOKS.JSON")]
        hooks: PathBuf,
        /// The configuration to write; - is standard output. Secrets are written to files beside it
        #[arg(long, value_name = "FILE", default_value = "-")]
        output: PathBuf,
        /// What the hooks' paths begin with, as webhook -urlprefix has it
        #[arg(long, default_value = "hooks")]
        prefix: String,
    },
}

impl Configuration {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Init { file } => write_new(&file, START, 0o644)?,
            What::Check { config, probe } => {
                let said = check::check(&config, probe).map_err(fail)?;
                write_out(&said)?;
            }
            What::Import { hooks, output, prefix } => import_hooks(&hooks, &output, &prefix)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn import_hooks(hooks: &Path, output: &Path, prefix: &str) -> Result<(), Failure> {
    let unreadable = |error: io::Error| {
        wrong(format!("cannot read the hooks {}: {error}", hooks.display()), "give the file that webhook -hooks takes")
    };
    let mut text = String::new();
    let file = open(hooks).map_err(unreadable)?;
    file.take(HOOKS_FILE_LIMIT_BYTES as u64 + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() > HOOKS_FILE_LIMIT_BYTES {
        return Err(wrong(
            format!("{} is longer than {HOOKS_FILE_LIMIT_BYTES} bytes", hooks.display()),
            "give a file of hooks",
        ));
    }
    let Imported { toml, secrets, notes, counts: (carried, all) } = import(&text, prefix)?;
    let folder = output.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Nothing is written unless all of it can be.
    let files: Vec<PathBuf> = secrets.iter().map(|(name, _)| folder.join(name)).collect();
    if let Some(there) =
        files.iter().chain([&output.to_path_buf()]).find(|file| file.as_os_str() != "-" && file.exists())
    {
        return Err(exists(there));
    }
    for (file, (_, secret)) in files.iter().zip(&secrets) {
        write_file(file, secret.as_bytes(), 0o600)?;
        say(&format!("hookgate: wrote a secret to {} (mode 0600)", file.display()));
    }
    if output.as_os_str() == "-" {
        write_out(&toml)?;
        if !files.is_empty() {
            say("hookgate: the configuration names these files as beside itself: keep them together");
        }
    } else {
        write_new(output, &toml, 0o644)?;
    }
    warn(&notes);
    say(&format!("hookgate: carried over {carried} of {all} hooks"));
    Ok(())
}

/// Writes `text` to a file that is not there yet, or to standard output for `-`.
fn write_new(file: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    if file.as_os_str() == "-" {
        return write_out(text);
    }
    write_file(file, text.as_bytes(), mode)?;
    say(&format!("hookgate: wrote {}", file.display()));
    Ok(())
}

fn write_file(file: &Path, bytes: &[u8], mode: u32) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(file);
    let written = opened.and_then(|mut opened| opened.write_all(bytes));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => exists(file),
        _ => Failure::Running(format!("cannot write {}: {error}", file.display())),
    })
}

fn exists(file: &Path) -> Failure {
    let what = format!("{} is there already, and nothing is written over", file.display());
    Failure::Config(ConfigError::new(what, "name another file, or move that one away"))
}

fn write_out(text: &str) -> Result<(), Failure> {
    let written = io::stdout().write_all(text.as_bytes());
    written.map_err(|error| Failure::Running(format!("cannot write to standard output: {error}")))
}
