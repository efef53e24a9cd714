//! `hookgate events stats`.

use super::filter::FilterOptions;
use super::line::Object;
use crate::cli::data::DataOption;
use crate::cli::out::{Halt, Out};
use crate::cli::progress::Progress;
use crate::cli::table::Table;
use crate::store::Order;
use crate::time::UnixTime;
use clap::Args;
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::process::ExitCode;

const HOUR_MS: i64 = 3_600_000;

/// Counts events by source and hour (UTC). Memory is taken for each such hour, not for each event.
#[derive(Args)]
#[command(before_help = "Example: hookgate events stats --since 24h")]
pub(super) struct Stats {
    #[command(flatten)]
    data: DataOption,
    #[command(flatten)]
    filter: FilterOptions,
    /// Print a line of JSON for each
    #[arg(long)]
    json: bool,
}

/// Events of an hour from a source.
#[derive(Default)]
struct Count {
    events: u64,
    bytes: u64,
}

impl Stats {
    pub(super) fn run(self) -> Result<ExitCode, Halt> {
        let reader = self.data.reader()?;
        let filter = self.filter.at(UnixTime::now());
        let mut counts = BTreeMap::<i64, BTreeMap<String, Count>>::new();
        if let Some((first, end)) = reader.ends()? {
            let mut progress = Progress::new("counting", end.abs_diff(first) + 1);
            // What comes from now on is not waited for: counting would have no end.
            let mut from = first.checked_sub(1);
            while let Some(after) = from.filter(|after| *after < end) {
                from = reader.look(Order::Ascending, after, |facts| {
                    if facts.number > end {
                        return ControlFlow::Break(());
                    }
                    if filter.takes(facts) {
                        let hour = counts.entry(facts.received_at.as_ms().div_euclid(HOUR_MS)).or_default();
                        if !hour.contains_key(facts.source) {
                            hour.insert(facts.source.to_string(), Count::default());
                        }
                        if let Some(count) = hour.get_mut(facts.source) {
                            count.events += 1;
                            count.bytes = count.bytes.saturating_add(facts.body_bytes);
                        }
                    }
                    ControlFlow::Continue(())
                })?;
                progress.at(from.unwrap_or(end).abs_diff(first));
            }
        }
        let mut out = Out::new()?;
        let mut table = Table::new(["HOUR", "SOURCE", "EVENTS", "BYTES"], [false, false, true, true]);
        for (hour, sources) in &counts {
            let hour = UnixTime::from_ms(hour.saturating_mul(HOUR_MS)).to_string();
            for (source, count) in sources {
                if self.json {
                    let mut object = Object::new(out.text());
                    object.text("hour", &hour);
                    object.text("source", source);
                    object.number("events", count.events);
                    object.number("body_bytes", count.bytes);
                    object.end();
                    out.text().push(b'\n');
                } else {
                    // 2026-11-24T00: the rest of it is zeros.
                    let shown = hour.get(..13).unwrap_or(&hour);
                    table.row([shown, source, &count.events.to_string(), &count.bytes.to_string()], out.text());
                }
                out.settle()?;
            }
        }
        if !self.json {
            table.write(out.text());
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
