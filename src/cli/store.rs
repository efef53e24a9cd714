//! `hookgate store`.

use super::data::DataOption;
use super::progress::Progress;
use super::wrong;
use crate::deliver::DELIVERY_FILE;
use crate::minimal::{Failure, say};
use crate::sink::event::printable;
use crate::store::{self, Findings, Lock, Recovered};
use clap::{Args, Subcommand};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// How long the file's pages are looked at while a receiver runs: its log grows meanwhile, and at its limit nothing is taken.
const LIMIT_BESIDE_RECEIVER: Duration = Duration::from_secs(10);

/// Checks a store, or recovers what can be read of it.
#[derive(Args)]
#[command(before_help = "Example: hookgate store check --data ./hookgate-data", disable_help_subcommand = true)]
pub(super) struct StoreCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Say whether it is sound (exit 0) or damaged (exit 1); exit 2 where there is none
    #[command(before_help = "Example: hookgate store check && echo sound")]
    Check {
        #[command(flatten)]
        data: DataOption,
    },
    /// Make a new store beside it of all that can be read; the old one is not touched
    #[command(before_help = "Example: hookgate store recover --data ./hookgate-data --to ./recovered")]
    Recover {
        #[command(flatten)]
        data: DataOption,
        /// Folder of the new store, which must not be there yet (default: that of the old one and -recovered)
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
}

impl StoreCommand {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        match self.what {
            What::Check { data } => check(&data),
            What::Recover { data, to } => recover(&data, to),
        }
    }
}

fn check(data: &DataOption) -> Result<ExitCode, Failure> {
    let receiver = Lock::holder(data.folder())?;
    let limit = receiver.map(|_| LIMIT_BESIDE_RECEIVER);
    let mut progress = Progress::new("checking", 0);
    let findings = store::check(data.folder(), limit, |events, _| progress.at(events))?;
    drop(progress);
    let Findings { events, ends, replay_keys, flaws, is_complete } = findings;
    let numbers = ends.map_or_else(String::new, |(first, last)| format!(", numbers {first} to {last}"));
    let mut out = format!("{events} events{numbers}; {replay_keys} replay keys\n");
    for flaw in &flaws {
        out.push_str(&format!("damaged: {}\n", printable(flaw).replace('\n', " ")));
    }
    if !is_complete && flaws.is_empty() {
        let limit_s = LIMIT_BESIDE_RECEIVER.as_secs();
        out.push_str(&format!(
            "the file's pages were looked at for {limit_s} s, not to the end: a receiver runs, whose log they hold up\n"
        ));
    }
    out.push_str(if flaws.is_empty() { "sound\n" } else { "damaged\n" });
    write(&out)?;
    if flaws.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    say("hookgate: hint: hookgate store recover makes a new store of every event that can be read");
    Ok(ExitCode::FAILURE)
}

fn recover(data: &DataOption, to: Option<PathBuf>) -> Result<ExitCode, Failure> {
    let from = data.folder();
    let to = match to {
        Some(to) => to,
        None => {
            let name = from.file_name().ok_or_else(|| wrong("the new store needs a folder", "give one: --to DIR"))?;
            let mut name = name.to_os_string();
            name.push("-recovered");
            from.with_file_name(name)
        }
    };
    let mut progress = Progress::new("recovering", 0);
    let recovered = store::recover(from, &to, |events| progress.at(events))?;
    drop(progress);
    let delivery = take_along(from, &to);
    let Recovered { events, replay_keys, lost, doubtful, is_cut, notes } = recovered;
    let mut out = format!("{events} events and {replay_keys} replay keys are in {}\n", to.display());
    for range in &lost {
        match range.end() - range.start() {
            0 => out.push_str(&format!("lost: event {}\n", range.start())),
            _ => out.push_str(&format!(
                "lost: events {} to {}, those of them that there were\n",
                range.start(),
                range.end()
            )),
        }
    }
    for number in &doubtful {
        out.push_str(&format!(
            "doubtful: event {number} is not what was written; its body is in doubtful/{number}.body\n"
        ));
    }
    for note in &notes {
        out.push_str(&format!("note: {note}\n"));
    }
    if let Err(error) = delivery {
        let what = "could not be taken along, so that every event is handed on again";
        out.push_str(&format!("note: {DELIVERY_FILE} {what}: {error}\n"));
    }
    if lost.is_empty() && doubtful.is_empty() && !is_cut {
        out.push_str("nothing is lost\n");
    }
    out.push_str(&format!(
        "to go on with it: hookgate serve --data {}; {} is as it was\n",
        to.display(),
        from.display()
    ));
    write(&out)?;
    Ok(ExitCode::SUCCESS)
}

/// Copies what says how far each sink has come: the new store has its events by the same numbers.
fn take_along(from: &Path, to: &Path) -> io::Result<()> {
    let names = ["", "-wal"].map(|end| format!("{DELIVERY_FILE}{end}"));
    for name in &names {
        match fs::copy(from.join(name), to.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                // One without the other is of another time.
                for name in &names {
                    let _ = fs::remove_file(to.join(name));
                }
                return Err(error);
            }
            _ => {}
        }
    }
    Ok(())
}

fn write(text: &str) -> Result<(), Failure> {
    let failed = |error| Failure::Running(format!("cannot write to standard output: {error}"));
    io::stdout().write_all(text.as_bytes()).map_err(failed)
}
