//! Events written to a stream, flushed before they are answered: the receipt where there is no store.

use super::event::{self, EventIds, Shown};
use crate::memory::give_back;
use crate::receipt::{Keep, Novelty};
use crate::receive::Delivery;
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
            Style::Pretty { colour } => event::write_pretty(event, colour, out),
        }
    }

    /// Appends an event of the store to `out`, under its id there. Secrets in its body were left out when it was kept.
    #[cfg(feature = "store")]
    pub fn write_stored(self, event: &crate::store::Event, id: &str, out: &mut Vec<u8>) {
        let shown = Shown {
            id,
            source: &event.source,
            event_type: event.event_type.as_deref().map(Cow::Borrowed),
            delivery_id: event.delivery_id.as_deref().map(Cow::Borrowed),
            received_at: event.received_at,
            secret_label: &event.secret_label,
            payload: &event.payload(),
            scheme: None,
        };
        self.write(&shown, out);
    }
}

/// Keeps events by writing them to `out`, those of a turn in one write or a few, flushed.
#[derive(Debug)]
pub struct Lines<W> {
    out: W,
    style: Style,
    ids: EventIds,
    /// The text of the turn that is open.
    staged: Vec<u8>,
    /// The last write broke off within a line, which the next one has to end first.
    torn: bool,
}

impl<W: Write> Lines<W> {
    /// Events go to `out` in `style`, numbered by `ids`.
    pub fn new(out: W, style: Style, ids: EventIds) -> Self {
        Lines { out, style, ids, staged: Vec::new(), torn: false }
    }

    /// The stream, and how events are written to it, for what keeps them otherwise.
    pub fn into_parts(self) -> (W, Style) {
        (self.out, self.style)
    }

    /// Writes all of `text`; tells in `torn` whether it broke off within a line.
    fn write_turn(&mut self, text: &[u8]) -> io::Result<()> {
        if self.torn && !text.is_empty() {
            self.out.write_all(b"\n")?;
            self.torn = false;
        }
        let mut written = 0;
        while let Some(rest) = text.get(written..).filter(|rest| !rest.is_empty()) {
            let outcome = match self.out.write(rest) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    written += count;
                    Ok(())
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
                Err(error) => Err(error),
            };
            if let Err(error) = outcome {
                if let Some(last) = text.get(..written).and_then(<[u8]>::last) {
                    self.torn = *last != b'\n';
                }
                return Err(error);
            }
        }
        self.out.flush()
    }
}

impl<W: Write> Keep for Lines<W> {
    type Error = io::Error;

    /// A write costs a fraction of a request: those who were answered go on while the others are decided.
    const AT_ONCE: usize = 16;

    fn stage(&mut self, delivery: &Delivery<'_>) -> io::Result<Novelty> {
        let id = self.ids.next_id();
        self.style.write(&Shown::of(delivery, &id), &mut self.staged);
        // It remembers nothing.
        Ok(Novelty::New)
    }

    fn commit(&mut self) -> io::Result<()> {
        let mut text = std::mem::take(&mut self.staged);
        let written = self.write_turn(&text);
        // The memory is kept for the next turn, unless this one was uncommonly large.
        if text.capacity() <= KEPT_BYTES {
            text.clear();
            self.staged = text;
        } else {
            give_back(text);
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::UnixTime;

    /// A stream that takes `room` bytes and then fails, until more room is made.
    struct Narrow {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(room: usize) -> Lines<Narrow> {
        let out = Narrow { taken: Vec::new(), room };
        Lines::new(out, Style::Json, EventIds::starting(UnixTime::from_s(0)))
    }

    #[test]
    fn a_write_that_fails_is_an_error_and_never_half_a_success() {
        let mut lines = lines(3);
        assert_eq!(lines.write_turn(b"ab\ncd\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(!lines.torn, "it broke off at a line's end");
    }

    #[test]
    fn a_line_that_broke_off_is_ended_before_the_next() {
        let mut lines = lines(4);
        assert!(lines.write_turn(b"ab\ncd\n").is_err());
        lines.out.room = 100;
        lines.write_turn(b"ef\n").unwrap();
        lines.write_turn(b"gh\n").unwrap();
        assert_eq!(lines.out.taken, b"ab\nc\nef\ngh\n");
    }
}
