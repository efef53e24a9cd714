//! The log: events of `tracing` as lines, for people or as JSON, on standard error.
//!
//! A line is formatted where it is told, into memory that is there already, and written by a thread that nobody waits for. What
//! nobody reads is dropped once it is too much, and that is said when somebody reads again.

mod pipe;

use crate::digits::write_number;
use crate::json;
use crate::time::UnixTime;
use pipe::Pipe;
use std::fmt::{self, Write};
use std::io;
use std::sync::OnceLock;
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Level, Metadata, Subscriber};

/// The target of lines about requests. Whoever floods us makes these, so that they are the first to be dropped.
pub const REQUESTS: &str = "hookgate::requests";

/// The target of all other lines.
pub const TALK: &str = "hookgate::talk";

/// How lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Human,
    /// One object of JSON each.
    Json,
}

/// The log that was started, if one was.
static STARTED: OnceLock<Pipe> = OnceLock::new();

/// Starts the log of this process on its standard error: lines of `level` and above, in this format. Until then, and where
/// it was started before, nothing changes.
///
/// # Errors
/// Where standard error or a thread cannot be had.
pub fn start(format: Format, level: LevelFilter) -> io::Result<()> {
    let pipe = Pipe::start(format)?;
    let log = Log { format, level, pipe: pipe.clone() };
    // A program that embeds this may have a subscriber of its own, which has the events then.
    if STARTED.get().is_none() && tracing::dispatcher::set_global_default(Dispatch::new(log)).is_ok() {
        let _ = STARTED.set(pipe);
    }
    Ok(())
}

/// Whether the log was started.
#[must_use]
pub fn is_started() -> bool {
    STARTED.get().is_some()
}

/// Waits until all lines are written, but not longer than `patience`.
pub fn flush(patience: Duration) {
    if let Some(pipe) = STARTED.get() {
        pipe.flush(patience);
    }
}

/// How many lines were dropped, since nobody took them.
#[must_use]
pub fn dropped() -> u64 {
    STARTED.get().map_or(0, Pipe::dropped)
}

/// Says `line`, which begins with `hookgate: `, and what it is with `error: ` or `warning: ` after that.
pub fn say(line: &str) {
    let what = line.strip_prefix("hookgate: ").unwrap_or(line);
    if what.starts_with("error: ") || what.starts_with("hint: ") {
        tracing::error!(target: TALK, message = line);
    } else if what.starts_with("warning: ") {
        tracing::warn!(target: TALK, message = line);
    } else {
        tracing::info!(target: TALK, message = line);
    }
}

/// Says `line`, which is of something that has gone wrong.
pub fn alert(line: &str) {
    tracing::error!(target: TALK, message = line);
}

/// Takes events and has them written. There are no spans.
struct Log {
    format: Format,
    level: LevelFilter,
    pipe: Pipe,
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        !metadata.is_span() && *metadata.level() <= self.level && metadata.target().starts_with("hookgate")
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let is_of_a_request = event.metadata().target() == REQUESTS;
        self.pipe.append(is_of_a_request, |out| {
            let is_plain = self.format == Format::Human && !is_of_a_request;
            let mut line = Line { format: self.format, is_plain, is_first: false, out };
            line.begin(event.metadata().level(), UnixTime::now());
            event.record(&mut line);
            line.end();
        });
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A line that is being written.
struct Line<'o> {
    format: Format,
    /// What is said to people, who wait for it: without a time or a level.
    is_plain: bool,
    is_first: bool,
    out: &'o mut Vec<u8>,
}

impl Line<'_> {
    fn begin(&mut self, level: &Level, now: UnixTime) {
        self.is_first = true;
        if self.is_plain {
            return;
        }
        match self.format {
            Format::Json => {
                self.out.extend_from_slice(b"{\"time\":\"");
                now.write_rfc_3339(self.out);
                self.out.extend_from_slice(b"\",\"level\":\"");
                self.out.extend_from_slice(name(level).as_bytes());
                self.out.push(b'"');
            }
            Format::Human => {
                now.write_rfc_3339(self.out);
                self.out.push(b' ');
                self.out.extend_from_slice(name(level).as_bytes());
            }
        }
        self.is_first = false;
    }

    fn end(&mut self) {
        if self.format == Format::Json {
            self.out.push(b'}');
        }
        self.out.push(b'\n');
    }

    /// The name of a field, and what parts it from its value.
    fn key(&mut self, name: &str) {
        match self.format {
            Format::Json => {
                self.out.extend_from_slice(b",\"");
                self.out.extend_from_slice(name.as_bytes());
                self.out.extend_from_slice(b"\":");
            }
            Format::Human => {
                if !std::mem::replace(&mut self.is_first, false) {
                    self.out.push(b' ');
                }
                if name != "message" {
                    self.out.extend_from_slice(name.as_bytes());
                    self.out.push(b'=');
                }
            }
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        self.key(name);
        // In a line for people only what has spaces in it needs to be held together.
        if self.format == Format::Human && (name == "message" || !text.contains([' ', '"', '='])) {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            json::write_string(text, self.out);
        }
    }
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.key(field.name());
        write_number(value, 1, self.out);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        let _ = write!(text, "{value:?}");
        self.text(field.name(), &text);
    }
}

fn name(level: &Level) -> &'static str {
    match *level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    }
}

/// A line that the log says of itself.
fn write_note(format: Format, note: &str, out: &mut Vec<u8>) {
    let mut line = Line { format, is_plain: format == Format::Human, is_first: false, out };
    line.begin(&Level::WARN, UnixTime::now());
    line.text("message", note);
    line.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `tell` says, as the log of this format and level writes it.
    fn written(format: Format, level: LevelFilter, tell: impl FnOnce()) -> String {
        let (pipe, lines) = Pipe::to_memory(format);
        tracing::subscriber::with_default(Log { format, level, pipe }, tell);
        lines()
    }

    fn tell_a_request() {
        let (id, reason) = (Some("evt_1"), None::<&str>);
        tracing::info!(target: REQUESTS, id, source = "a", reason, duration_us = 7_u64, note = "two words", "request");
    }

    #[test]
    fn a_line_of_json_is_an_object_with_its_fields_and_no_others() {
        let line = written(Format::Json, LevelFilter::INFO, tell_a_request);
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        let mut names: Vec<_> = object.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["duration_us", "id", "level", "message", "note", "source", "time"]);
        assert_eq!(object["message"], "request");
        assert_eq!((&object["id"], &object["duration_us"]), (&"evt_1".into(), &7.into()));
        assert!(line.ends_with("}\n") && line.lines().count() == 1);
    }

    #[test]
    fn a_line_for_people_has_the_same_and_no_quotes_where_none_are_needed() {
        let line = written(Format::Human, LevelFilter::INFO, tell_a_request);
        let (time, rest) = line.split_once(' ').unwrap();
        assert!(UnixTime::from_rfc_3339(time.as_bytes()).is_some(), "{line}");
        assert_eq!(rest, "info request id=evt_1 source=a duration_us=7 note=\"two words\"\n");
    }

    #[test]
    fn what_is_said_to_people_is_as_it_always_was_and_in_json_a_message() {
        let line = "hookgate: warning: \"x\"";
        assert_eq!(written(Format::Human, LevelFilter::INFO, || say(line)), format!("{line}\n"));
        let object: serde_json::Value =
            serde_json::from_str(&written(Format::Json, LevelFilter::INFO, || say(line))).unwrap();
        assert_eq!((&object["level"], &object["message"]), (&"warn".into(), &line.into()));
    }

    #[test]
    fn what_is_below_the_level_is_not_written() {
        for (level, said) in [(LevelFilter::WARN, 2), (LevelFilter::ERROR, 1), (LevelFilter::OFF, 0)] {
            let text = written(Format::Human, level, || {
                tell_a_request();
                say("hookgate: warning: w");
                say("hookgate: error: e");
            });
            assert_eq!(text.lines().count(), said, "{level}: {text}");
        }
    }
}
