//! Events written to a stream, flushed before they are answered: the receipt where there is no store.

#[cfg(feature = "store")]
use super::Stream;
use super::event::{self, EventIds, Shown};
use super::whole::WholeLines;
use crate::memory::give_back;
use crate::receipt::{Keep, Novelty};
use crate::receive::Delivery;
#[cfg(feature = "store")]
use crate::store::{Event, StoreId};
#[cfg(feature = "store")]
use std::borrow::Cow;
use std::io::{self, Write};

/// Memory kept between turns, in bytes: enough for a full turn of usual events.
const KEPT_BYTES: usize = 1024 * 1024;

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A line of JSON each: for programs.
    Json,
    /// A line of JSON each as CloudEvents 1.0 have it, in structured mode: for programs that know those.
    #[cfg(feature = "config")]
    CloudEvents,
    /// Indented, the type first: for people.
    Pretty {
        /// With the colours of a terminal.
        colour: bool,
    },
}

impl Style {
    fn write(self, event: &Shown<'_>, out: &mut Vec<u8>) {
        match self {
            Style::Json => event::write_line(event, out),
            #[cfg(feature = "config")]
            Style::CloudEvents => event::write_cloud_event(event, out),
            Style::Pretty { colour } => event::write_pretty(event, colour, out),
        }
    }

    /// Appends an event of the store to `out`, under its id there. Secrets in its body were left out when it was kept.
    #[cfg(feature = "store")]
    pub fn write_stored(self, event: &Event, id: &str, out: &mut Vec<u8>) {
        let shown = Shown {
            id,
            source: &event.source,
            event_type: event.event_type.as_deref().map(Cow::Borrowed),
            delivery_id: event.delivery_id.as_deref().map(Cow::Borrowed),
            received_at: event.received_at,
            secret_label: &event.secret_label,
            payload: &event.payload(),
            #[cfg(feature = "config")]
            content_type: event.header("Content-Type"),
            scheme: None,
        };
        self.write(&shown, out);
    }
}

/// Keeps events by writing them to `out`, those of a turn in one write or a few, flushed.
#[derive(Debug)]
pub struct Lines<W> {
    out: WholeLines<W>,
    style: Style,
    ids: EventIds,
    /// The id of the last event: its memory is used again.
    id: String,
    /// The text of the turn that is open.
    staged: Vec<u8>,
}

impl<W: Write> Lines<W> {
    /// Events go to `out` in `style`, numbered by `ids`.
    pub fn new(out: W, style: Style, ids: EventIds) -> Self {
        Lines { out: WholeLines::new(out), style, ids, id: String::new(), staged: Vec::new() }
    }

    /// The stream, and how events are written to it, for what keeps them otherwise.
    pub fn into_parts(self) -> (W, Style) {
        (self.out.out, self.style)
    }
}

/// Hands events of the store on to a stream, flushed.
#[cfg(feature = "store")]
#[derive(Debug)]
pub struct Printed<W> {
    out: WholeLines<W>,
    style: Style,
    text: Vec<u8>,
}

#[cfg(feature = "store")]
impl<W: Write> Printed<W> {
    /// Events go to `out` in `style`.
    pub fn new(out: W, style: Style) -> Self {
        Printed { out: WholeLines::new(out), style, text: Vec::new() }
    }
}

#[cfg(feature = "store")]
impl<W: Write + Send> Stream for Printed<W> {
    fn write(&mut self, events: &[Event], store: &StoreId) -> io::Result<()> {
        self.text.clear();
        for event in events {
            self.style.write_stored(event, &event.id(store).to_string(), &mut self.text);
        }
        // Two sinks may be the same stream: a pipe that is full takes what each of them writes piece by piece.
        let alone = io::stdout().lock();
        let written = self.out.write(&self.text);
        drop(alone);
        self.text.shrink_to(KEPT_BYTES);
        written
    }
}

impl<W: Write> Keep for Lines<W> {
    type Error = io::Error;

    /// A write costs a fraction of a request: those who were answered go on while the others are decided. At 64 and 256 connections 32
    /// came to 2 to 4 % more requests a second than 16; with 256, at 64 connections, the slowest of a hundred waited 1.7 times as
    /// long.
    const AT_ONCE: usize = 32;

    fn stage(&mut self, delivery: &Delivery<'_>) -> io::Result<Novelty> {
        self.id.clear();
        self.ids.write_next(&mut self.id);
        self.style.write(&Shown::of(delivery, &self.id), &mut self.staged);
        // It remembers nothing.
        Ok(Novelty::New)
    }

    fn commit(&mut self) -> io::Result<()> {
        let mut text = std::mem::take(&mut self.staged);
        let written = self.out.write(&text);
        // The memory is kept for the next turn, unless this one was uncommonly large.
        if text.capacity() <= KEPT_BYTES {
            text.clear();
            self.staged = text;
        } else {
            give_back(text);
        }
        written
    }

    fn last_number(&self) -> Option<u64> {
        self.ids.given().checked_sub(1)
    }

    fn write_id(&self, number: u64, out: &mut Vec<u8>) {
        let mut id = String::new();
        self.ids.write(number, &mut id);
        out.extend_from_slice(id.as_bytes());
    }
}

#[cfg(all(test, feature = "store"))]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader};

    /// An event of number `number`, whose line is longer than any pipe holds.
    fn long(number: i64) -> Event {
        Event::sample(number, format!("\"{}\"", "x".repeat(3 * 1024 * 1024)).into_bytes())
    }

    #[test]
    fn two_sinks_that_are_one_pipe_break_no_line_of_each_other() {
        let (read, write) = io::pipe().unwrap();
        let store = StoreId::new("a".into());
        let lines: Vec<String> = std::thread::scope(|scope| {
            for first in [10, 20] {
                let (write, store) = (write.try_clone().unwrap(), store.clone());
                scope.spawn(move || {
                    let mut sink = Printed::new(write, Style::Json);
                    (first..first + 4).for_each(|number| sink.write(&[long(number)], &store).unwrap());
                });
            }
            drop(write);
            BufReader::new(read).lines().map(Result::unwrap).collect()
        });
        let id = |line: &String| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].to_string();
        let mut ids: Vec<String> = lines.iter().map(id).collect();
        ids.sort();
        let expected: Vec<String> =
            (10..14).chain(20..24).map(|number| format!("\"{}\"", store.event(number))).collect();
        assert_eq!(ids, expected);
    }
}
