//! `hookgate events prune`.

use super::filter::{When, when};
use crate::cli::data::DataOption;
use crate::cli::out::{Halt, Out};
use crate::cli::progress::Progress;
use crate::cli::stop::{Stop, Waited};
use crate::deliver::owed_from;
use crate::minimal::{Failure, say};
use crate::store::{Lock, Order, Reader, StoreError, prune};
use crate::time::UnixTime;
use clap::Args;
use signal_hook::consts::SIGUSR1;
use signal_hook::flag;
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// How often it is looked whether the receiver is done.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Deletes old events: asks the receiver to, where one runs, and waits until it has; else does it alone.
#[derive(Args)]
#[command(before_help = "Example: hookgate events prune --older-than 30d")]
pub(super) struct Prune {
    #[command(flatten)]
    data: DataOption,
    /// Delete what was received longer ago than this (30m, 2h, 30d), or before this (RFC 3339)
    #[arg(long, value_name = "WHEN", value_parser = when)]
    older_than: When,
}

impl Prune {
    pub(super) fn run(self) -> Result<ExitCode, Halt> {
        let moment = self.older_than.moment(UnixTime::now());
        let folder = self.data.folder();
        // A folder without a store gets none by this.
        let reader = self.data.reader()?;
        let (store, highest) = (reader.id().clone(), reader.ends()?.map_or(0, |(_, highest)| highest));
        drop(reader);
        // While this command has the lock, another one may take it for a receiver and ask it.
        let ignored = flag::register(SIGUSR1, Arc::default());
        ignored.map_err(|error| Failure::Running(format!("cannot listen for signals: {error}")))?;
        let mut out = Out::new()?;
        loop {
            match Lock::take(folder) {
                Ok(lock) => {
                    let owed_from = owed_from(folder, &store)?;
                    let mut progress = Progress::new("deleting", 0);
                    let deleted = prune::prune(folder, &lock, moment, owed_from, |deleted| progress.at(deleted))?;
                    drop(progress);
                    let line = format!("deleted {deleted} events, which were received before {moment}\n");
                    out.text().extend_from_slice(line.as_bytes());
                    if owed_from <= highest {
                        write_kept(owed_from, out.text());
                    }
                    break;
                }
                Err(StoreError::Locked { pid: Some(pid), .. }) => {
                    if self.ask(pid, moment, &out)? {
                        let line = format!("the receiver deleted the events received before {moment}\n");
                        out.text().extend_from_slice(line.as_bytes());
                        let reader = self.data.reader()?;
                        // What delivery has written down is never ahead of what it has done.
                        if let Some(kept) = first_before(&reader, owed_from(folder, &store)?, highest, moment)? {
                            write_kept(kept, out.text());
                        }
                        break;
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    /// Asks the receiver, and waits until it is done (true) or ends before that (false).
    fn ask(&self, pid: u32, moment: UnixTime, out: &Out) -> Result<bool, Halt> {
        let folder = self.data.folder();
        let stop = Stop::on_signals()?;
        prune::ask(folder, pid, moment)?;
        say(&format!("hookgate: asked the receiver, process {pid}, and wait until it has deleted them"));
        while prune::is_asked(folder) {
            if Lock::holder(folder)? != Some(pid) {
                return Ok(false);
            }
            if stop.wait(out.file(), LOOK_EVERY) == Waited::Stopped {
                let sign = folder.join(crate::store::PRUNE_FILE);
                let what = format!("not waited for: the receiver goes on, and is done when {} is gone", sign.display());
                return Err(Failure::Running(what).into());
            }
        }
        Ok(true)
    }
}

/// The first event from number `from` to `highest` that was received before `moment`.
fn first_before(reader: &Reader, from: i64, highest: i64, moment: UnixTime) -> Result<Option<i64>, Halt> {
    let mut first = None;
    let mut last = from.checked_sub(1);
    while let Some(after) = last.filter(|after| *after < highest && first.is_none()) {
        last = reader.look(Order::Ascending, after, |facts| {
            if facts.number <= highest && facts.received_at < moment {
                first = Some(facts.number);
            }
            if first.is_none() && facts.number < highest { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    Ok(first)
}

fn write_kept(from: i64, out: &mut Vec<u8>) {
    let line = format!("kept from number {from} on, of whatever age: they are yet to be handed on\n");
    out.extend_from_slice(line.as_bytes());
}
