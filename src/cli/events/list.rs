//! `hookgate events list`.

use super::filter::FilterOptions;
use super::line::write_facts;
use crate::cli::data::DataOption;
use crate::cli::out::{Halt, Out};
use crate::cli::table::Table;
use crate::store::Order;
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
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

impl List {
    pub(super) fn run(self) -> Result<ExitCode, Halt> {
        let reader = self.data.reader()?;
        let filter = self.filter.at(UnixTime::now());
        let mut out = Out::new()?;
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
}
