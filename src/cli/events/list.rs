//! `hookgate events list`.

use super::filter::{Filter, FilterOptions};
use super::line::{Object, begin_facts, write_facts};
use crate::cli::data::DataOption;
use crate::cli::out::{Halt, Out};
use crate::cli::table::Table;
use crate::deliver::{DeadLetter, Look};
use crate::store::{Facts, Order, Reader};
use crate::time::UnixTime;
use clap::Args;
use std::ops::ControlFlow;
use std::process::ExitCode;

/// Lists events, newest first.
#[derive(Args)]
#[command(before_help = "Example: hookgate events list --type push --since 2h --limit 0 --json | jq -r .id")]
pub(super) struct List {
    #[command(flatten)]
    data: DataOption,
    #[command(flatten)]
    filter: FilterOptions,
    /// Most events to list; 0 lists all
    #[arg(long, value_name = "N", default_value_t = 20)]
    limit: u64,
    /// Only those that a sink gave up on, with that sink and why
    #[arg(long)]
    dead: bool,
    /// With --dead: only those of this sink
    #[arg(long, value_name = "NAME", requires = "dead")]
    sink: Option<String>,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self) -> Result<ExitCode, Halt> {
        let reader = self.data.reader()?;
        let filter = self.filter.at(UnixTime::now());
        let mut out = Out::new()?;
        if self.dead {
            return self.dead(&reader, &filter, out);
        }
        let mut table = Table::new(
            ["ID", "RECEIVED", "SOURCE", "TYPE", "DELIVERY", "BYTES"],
            [false, false, false, false, false, true],
        );
        let mut left = if self.limit == 0 { u64::MAX } else { self.limit };
        let mut from = Some(i64::MAX);
        while let Some(before) = from.filter(|_| left > 0) {
            from = reader.look(Order::Descending, before, |facts| {
                if filter.takes(facts) {
                    left -= 1;
                    if self.json {
                        write_facts(facts, reader.id(), out.text());
                    } else {
                        let id = reader.id().event(facts.number).to_string();
                        let received_at = facts.received_at.to_string();
                        let (event_type, delivery_id) =
                            (facts.event_type.unwrap_or("-"), facts.delivery_id.unwrap_or("-"));
                        let bytes = facts.body_bytes.to_string();
                        table.row([&id, &received_at, facts.source, event_type, delivery_id, &bytes], out.text());
                    }
                }
                if left > 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            })?;
            out.settle()?;
        }
        if !self.json {
            table.write(out.text());
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    /// Lists dead letters.
    fn dead(&self, reader: &Reader, filter: &Filter<'_>, mut out: Out) -> Result<ExitCode, Halt> {
        let look = Look::open(self.data.folder(), reader.id())?;
        let mut table = Table::new(
            ["ID", "RECEIVED", "SOURCE", "TYPE", "SINK", "ATTEMPTS", "WHY"],
            [false, false, false, false, false, true, false],
        );
        let mut left = if self.limit == 0 { u64::MAX } else { self.limit };
        let mut before = i64::MAX;
        while left > 0 {
            let letters = match &look {
                Some(look) => look.dead(Order::Descending, before, self.sink.as_deref())?,
                None => Vec::new(),
            };
            let Some(last) = letters.last() else { break };
            before = last.event;
            for letter in &letters {
                // One whose event was deleted goes with it.
                reader.look_at(letter.event, |facts| {
                    if left > 0 && filter.takes(facts) {
                        left -= 1;
                        self.write_dead(letter, facts, reader, &mut table, out.text());
                    }
                })?;
            }
            out.settle()?;
        }
        if !self.json {
            table.write(out.text());
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }

    fn write_dead(
        &self,
        letter: &DeadLetter,
        facts: &Facts<'_>,
        reader: &Reader,
        table: &mut Table<7>,
        out: &mut Vec<u8>,
    ) {
        if self.json {
            let mut object = Object::new(out);
            begin_facts(facts, reader.id(), &mut object);
            object.text("sink", &letter.sink);
            object.number("attempts", u64::from(letter.attempts));
            object.text("why", &letter.why);
            object.end();
            out.push(b'\n');
        } else {
            let (id, received_at) = (reader.id().event(facts.number).to_string(), facts.received_at.to_string());
            let event_type = facts.event_type.unwrap_or("-");
            let attempts = letter.attempts.to_string();
            let row = [&id, &received_at, facts.source, event_type, &letter.sink, &attempts, &letter.why];
            table.row(row, out);
        }
    }
}
