//! `hookgate events export`.

use super::filter::{Filter, FilterOptions};
use super::line::Object;
use super::stored::{write_all, write_base64};
use crate::cli::data::DataOption;
use crate::cli::out::{Halt, Out};
use crate::cli::progress::Progress;
use crate::cli::wrong;
use crate::minimal::{Failure, say};
use crate::store::{Event, Order, Reader};
use crate::time::UnixTime;
use clap::Args;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Copies events out of the store, oldest first, bodies byte for byte.
#[derive(Args)]
#[command(before_help = "Example: hookgate events export --raw ./events --since 7d")]
pub(super) struct Export {
    #[command(flatten)]
    data: DataOption,
    #[command(flatten)]
    filter: FilterOptions,
    #[command(flatten)]
    to: To,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
struct To {
    /// Print a line of JSON for each, with the body in base64
    #[arg(long)]
    json: bool,
    /// Folder to write the files ID.body and ID.json of each to; none that is there is overwritten
    #[arg(long, value_name = "DIR")]
    raw: Option<PathBuf>,
}

impl Export {
    pub(super) fn run(self) -> Result<ExitCode, Halt> {
        let reader = self.data.reader()?;
        let filter = self.filter.at(UnixTime::now());
        match &self.to.raw {
            Some(folder) => {
                let into = |error| wrong(format!("cannot make {}: {error}", folder.display()), "give another folder");
                // As private as the store is.
                DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(into)?;
                let mut written = 0_u64;
                let (mut body, mut rest) = (folder.clone(), folder.clone());
                each(&reader, &filter, |event| {
                    let id = event.id(reader.id()).to_string();
                    body.push(format!("{id}.body"));
                    write_file(&body, &event.body)?;
                    body.pop();
                    rest.push(format!("{id}.json"));
                    write_file(&rest, &line(event, &reader, false))?;
                    rest.pop();
                    written += 1;
                    Ok(())
                })?;
                say(&format!("hookgate: exported {written} events to {}", folder.display()));
            }
            None => {
                let mut out = Out::new()?;
                each(&reader, &filter, |event| {
                    out.text().extend_from_slice(&line(event, &reader, true));
                    out.settle()
                })?;
                out.flush()?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes each event that is there now and that `filter` takes, in order, to `visit`.
fn each(reader: &Reader, filter: &Filter<'_>, mut visit: impl FnMut(&Event) -> Result<(), Halt>) -> Result<(), Halt> {
    let Some((first, end)) = reader.ends()? else { return Ok(()) };
    let mut progress = Progress::new("exporting", end.abs_diff(first) + 1);
    let mut from = first.checked_sub(1);
    while let Some(after) = from.filter(|after| *after < end) {
        let mut numbers = Vec::new();
        from = reader.look(Order::Ascending, after, |facts| {
            if facts.number <= end && filter.takes(facts) {
                numbers.push(facts.number);
            }
            if facts.number < end { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        for number in numbers {
            // One body at a time is in memory, and no read is open while it is written.
            if let Some(event) = reader.whole(number)? {
                visit(&event)?;
            }
            progress.at(number.abs_diff(first) + 1);
        }
    }
    Ok(())
}

/// A line of JSON that says all of `event`, with its body or without.
fn line(event: &Event, reader: &Reader, with_body: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut object = Object::new(&mut out);
    write_all(event, &event.id(reader.id()), &mut object);
    if with_body {
        write_base64(&event.body, object.member("body_base64"));
    }
    object.end();
    out.push(b'\n');
    out
}

/// Writes a new file. One that is there with the same bytes is as good.
fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Halt> {
    let failed = |error: io::Error| Failure::Running(format!("cannot write {}: {error}", path.display()));
    if fs::symlink_metadata(path).is_ok() {
        // A file of another length is not read.
        let is_same_length = fs::metadata(path).is_ok_and(|there| there.len() == bytes.len() as u64);
        if is_same_length && fs::read(path).map_err(failed)? == bytes {
            return Ok(());
        }
        let what = format!("{} is there already, with other bytes", path.display());
        return Err(wrong(what, "give another folder: no file is overwritten").into());
    }
    // Until it is whole it has a name of this process's: who is ended meanwhile leaves nothing that is taken for it, or that stands
    // in the way of another export.
    let mut part = path.as_os_str().to_os_string();
    part.push(format!(".{}.part", std::process::id()));
    let _ = fs::remove_file(&part);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&part);
    written.and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&part, path)).map_err(|error| {
        let _ = fs::remove_file(&part);
        failed(error).into()
    })
}
