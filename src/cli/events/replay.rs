//! `hookgate events replay`.

use super::filter::{Filter, FilterOptions};
use crate::cli::data::DataOption;
use crate::cli::out::{Halt, Out};
use crate::cli::progress::Progress;
use crate::cli::wrong;
use crate::deliver::{Look, Replays};
use crate::minimal::{Failure, say};
use crate::store::{Lock, Order, Reader, prune};
use crate::time::UnixTime;
use clap::Args;
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::process::ExitCode;

/// Events that are queued with one write. It takes some milliseconds, for which delivery's own writes wait.
const AT_ONCE: usize = 500;

/// Hands events on once more, byte for byte and with the id they had: by the receiver, if one runs, else by the next one.
#[derive(Args)]
#[command(before_help = "Example: hookgate events replay --dead --sink deploy")]
pub(super) struct Replay {
    /// Their ids as they are printed, or their numbers alone
    #[arg(value_name = "ID", conflicts_with_all = ["dead", "source", "event_type", "since"])]
    ids: Vec<String>,
    #[command(flatten)]
    data: DataOption,
    /// Those that a sink gave up on, to that sink
    #[arg(long)]
    dead: bool,
    #[command(flatten)]
    filter: FilterOptions,
    /// To this sink alone; else to every sink there is. Its filter counts here as ever
    #[arg(long, value_name = "NAME")]
    sink: Option<String>,
}

impl Replay {
    pub(super) fn run(self) -> Result<ExitCode, Halt> {
        if self.ids.is_empty() && !self.dead && !self.filter.is_any() {
            return Err(wrong("which events?", "name their ids, or say --dead, --since, --type or --source").into());
        }
        let reader = self.data.reader()?;
        let Some(replays) = Replays::open(self.data.folder(), reader.id())? else {
            let what = "no receiver has handed on anything of this store yet";
            return Err(wrong(what, "start one: it begins with the first event there is").into());
        };
        let sinks = match &self.sink {
            None => replays.sinks().to_vec(),
            Some(name) if replays.sinks().contains(name) => vec![name.clone()],
            Some(name) => {
                let known = replays.sinks().join(", ");
                let what = format!("the receiver has no sink that is called {name:?}");
                return Err(wrong(what, format!("it has {known}")).into());
            }
        };
        let doing = Progress::new("queueing", 0);
        let mut queue = Queue { replays, wanted: Vec::new(), events: 0, sinks: BTreeSet::new(), doing };
        if self.dead {
            self.dead(&reader, &mut queue)?;
        } else if self.ids.is_empty() {
            self.filtered(&reader, &sinks, &mut queue)?;
        } else {
            self.named(&reader, &sinks, &mut queue)?;
        }
        queue.write()?;
        let Queue { events, sinks, doing, .. } = queue;
        drop(doing);
        let mut out = Out::new()?;
        let noun = if events == 1 { "event" } else { "events" };
        let sinks = Vec::from_iter(sinks).join(", ");
        let line =
            if events == 0 { "queued 0 events\n".into() } else { format!("queued {events} {noun} for {sinks}\n") };
        out.text().extend_from_slice(line.as_bytes());
        out.flush()?;
        match Lock::holder(self.data.folder())?.filter(|_| events > 0) {
            Some(pid) => {
                prune::wake(self.data.folder(), pid)?;
                say(&format!("hookgate: the receiver, process {pid}, hands them on"));
            }
            None if events > 0 => say("hookgate: no receiver runs: they are handed on when one is started"),
            None => {}
        }
        Ok(ExitCode::SUCCESS)
    }

    fn named(&self, reader: &Reader, sinks: &[String], queue: &mut Queue) -> Result<(), Halt> {
        // One that is named twice is wanted once.
        let mut numbers = BTreeSet::new();
        for id in &self.ids {
            let number = reader.id().number(id)?;
            if !reader.look_at(number, |_| ())? {
                let id = reader.id().event(number);
                return Err(Failure::Running(format!("there is no event {id}: it was deleted, or never given")).into());
            }
            numbers.insert(number);
        }
        numbers.into_iter().try_for_each(|number| queue.add(number, sinks))
    }

    fn filtered(&self, reader: &Reader, sinks: &[String], queue: &mut Queue) -> Result<(), Halt> {
        let filter = self.filter.at(UnixTime::now());
        // What comes while this runs is handed on in any case.
        let Some((_, end)) = reader.ends()? else { return Ok(()) };
        let mut from = Some(0);
        while let Some(after) = from.filter(|after| *after < end) {
            let mut numbers = Vec::new();
            from = reader.look(Order::Ascending, after, |facts| {
                if facts.number <= end && filter.takes(facts) {
                    numbers.push(facts.number);
                }
                ControlFlow::Continue(())
            })?;
            numbers.into_iter().try_for_each(|number| queue.add(number, sinks))?;
        }
        Ok(())
    }

    fn dead(&self, reader: &Reader, queue: &mut Queue) -> Result<(), Halt> {
        let Some(look) = Look::open(self.data.folder(), reader.id())? else { return Ok(()) };
        let filter = self.filter.at(UnixTime::now());
        let mut after = 0;
        loop {
            let letters = look.dead(Order::Ascending, after, self.sink.as_deref())?;
            let Some(last) = letters.last() else { return Ok(()) };
            after = last.event;
            for letters in letters.chunk_by(|one, other| one.event == other.event) {
                let Some(number) = letters.first().map(|letter| letter.event) else { continue };
                if is_taken(reader, &filter, number)? {
                    // A sink that is no longer configured gets nothing.
                    let known = letters.iter().map(|letter| &letter.sink);
                    let sinks: Vec<String> =
                        known.filter(|sink| queue.replays.sinks().contains(sink)).cloned().collect();
                    queue.add(number, &sinks)?;
                }
            }
        }
    }
}

fn is_taken(reader: &Reader, filter: &Filter<'_>, number: i64) -> Result<bool, Halt> {
    let mut is_taken = false;
    reader.look_at(number, |facts| is_taken = filter.takes(facts))?;
    Ok(is_taken)
}

/// Events on their way into delivery's file.
struct Queue {
    replays: Replays,
    wanted: Vec<(String, i64)>,
    events: u64,
    /// Those that get any.
    sinks: BTreeSet<String>,
    doing: Progress,
}

impl Queue {
    fn add(&mut self, number: i64, sinks: &[String]) -> Result<(), Halt> {
        self.events += u64::from(!sinks.is_empty());
        self.sinks.extend(sinks.iter().cloned());
        self.wanted.extend(sinks.iter().map(|sink| (sink.clone(), number)));
        if self.wanted.len() < AT_ONCE { Ok(()) } else { self.write() }
    }

    fn write(&mut self) -> Result<(), Halt> {
        self.replays.add(self.wanted.iter().map(|(sink, number)| (sink.as_str(), *number)))?;
        self.wanted.clear();
        self.doing.at(self.events);
        Ok(())
    }
}
