//! `hookgate events tail`.

use super::filter::{Filter, FilterOptions};
use super::stored::{write_line, write_pretty};
use crate::cli::data::DataOption;
use crate::cli::out::{Halt, Out};
use crate::cli::stop::{Stop, Waited};
use crate::store::{Order, Reader};
use crate::time::UnixTime;
use clap::Args;
use std::collections::VecDeque;
use std::io::{self, IsTerminal};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::Duration;

/// How often the store is asked whether somebody wrote to it: soon enough for whoever watches, and ten looks a second at shared
/// memory cost nothing.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Prints the newest events, oldest of them first; then, with -f, each one that comes.
#[derive(Args)]
#[command(before_help = "Example: hookgate events tail -f --type push | jq .payload.ref")]
pub(super) struct Tail {
    #[command(flatten)]
    data: DataOption,
    #[command(flatten)]
    filter: FilterOptions,
    /// Go on with what comes, until SIGINT or SIGTERM
    #[arg(short, long)]
    follow: bool,
    /// Events to begin with
    #[arg(short = 'n', long = "lines", value_name = "N", default_value_t = 10)]
    count: usize,
    /// Print a line of JSON for each on a terminal, too
    #[arg(long)]
    json: bool,
}

/// What prints events.
struct Printer<'r> {
    reader: &'r Reader,
    out: Out,
    style: Style,
}

#[derive(Clone, Copy)]
enum Style {
    Json,
    Pretty { colour: bool },
}

impl Tail {
    pub(super) fn run(self) -> Result<ExitCode, Halt> {
        let stop = Stop::on_signals()?;
        let reader = self.data.reader()?;
        let filter = self.filter.at(UnixTime::now());
        let style = match io::stdout().is_terminal() && !self.json {
            true => Style::Pretty { colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) },
            false => Style::Json,
        };
        let mut printer = Printer { reader: &reader, out: Out::new()?, style };
        let mut edition = reader.edition()?;
        let mut last = reader.ends()?.map_or(0, |(_, highest)| highest);
        let numbers = newest(&reader, &filter, last, self.count, &stop)?;
        printer.print(numbers)?;
        while self.follow && !stop.is_asked() {
            last = printer.print_after(last, &filter, &stop)?;
            let mut now = edition;
            while now == edition && !stop.is_asked() {
                if stop.wait(printer.out.file(), LOOK_EVERY) == Waited::ReaderGone {
                    return Err(Halt::ReaderGone);
                }
                now = reader.edition()?;
            }
            edition = now;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The numbers of the newest `count` events up to `last` that `filter` takes, in order.
fn newest(reader: &Reader, filter: &Filter<'_>, last: i64, count: usize, stop: &Stop) -> Result<VecDeque<i64>, Halt> {
    let mut numbers = VecDeque::new();
    let mut from = last.checked_add(1);
    while let Some(before) = from.filter(|_| numbers.len() < count && !stop.is_asked()) {
        from = reader.look(Order::Descending, before, |facts| {
            if filter.takes(facts) {
                numbers.push_front(facts.number);
            }
            if numbers.len() < count { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
    }
    Ok(numbers)
}

impl Printer<'_> {
    /// Prints the events of these numbers that are still there, each read on its own: a body can be large.
    fn print(&mut self, numbers: impl IntoIterator<Item = i64>) -> Result<(), Halt> {
        for number in numbers {
            let Some(event) = self.reader.whole(number)? else { continue };
            let id = event.id(self.reader.id());
            match self.style {
                Style::Json => write_line(&event, &id, self.out.text()),
                Style::Pretty { colour } => write_pretty(&event, &id, colour, self.out.text()),
            }
            self.out.settle()?;
        }
        self.out.flush()
    }

    /// Prints all events after number `from`; gives the number of the last one.
    fn print_after(&mut self, from: i64, filter: &Filter<'_>, stop: &Stop) -> Result<i64, Halt> {
        let mut last = from;
        while !stop.is_asked() {
            let mut numbers = Vec::new();
            let looked = self.reader.look(Order::Ascending, last, |facts| {
                if filter.takes(facts) {
                    numbers.push(facts.number);
                }
                ControlFlow::Continue(())
            })?;
            self.print(numbers)?;
            match looked {
                Some(number) => last = number,
                None => break,
            }
        }
        Ok(last)
    }
}
