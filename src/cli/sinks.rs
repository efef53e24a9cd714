//! From the configuration of a sink to what hands events on: its files read, its secret found.

use super::setup::{Origin, secret};
use crate::config::{self, Config, ConfigError, Filter, Format, Retries, Sink, SinkKind};
use crate::deliver::{self, Taker};
use crate::minimal::lines_to_stdout;
use crate::open::open;
use crate::sink::command::Command;
use crate::sink::file::File;
use crate::sink::forward::Forward;
use crate::sink::{EventIds, Lines, Printed, Style};
use crate::time::UnixTime;
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;
use std::sync::Arc;

/// Longest file of certificates read, in bytes. Mozilla's whole list has 220 KiB.
const CA_LIMIT_BYTES: u64 = 1024 * 1024;

/// All sinks of `config`. Where it has none, events go to standard output: indented on a terminal, a line each elsewhere.
///
/// # Errors
/// Everything that is wrong.
pub(super) fn all(config: &Config, origin: &Origin) -> Result<Vec<deliver::Sink>, Vec<ConfigError>> {
    let usual = [usual()];
    let configured = if config.sinks.is_empty() { &usual[..] } else { &config.sinks };
    let (mut sinks, mut errors) = (Vec::new(), Vec::new());
    for configured in configured {
        match make(configured, origin) {
            Ok(taker) => sinks.push(deliver::Sink { configured: configured.clone(), taker }),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(sinks) } else { Err(errors) }
}

/// Where events go that nobody says anything about.
fn usual() -> Sink {
    let format = if io::stdout().is_terminal() { Format::Pretty } else { Format::Json };
    Sink {
        name: "stdout".to_string(),
        kind: SinkKind::Stdout { format },
        filter: Filter::default(),
        retries: Retries::default(),
        line: 0,
    }
}

/// What keeps events by writing them out, where `config` has no store.
///
/// # Errors
/// Where that is asked for what takes one.
pub(super) fn lines(config: &Config, origin: &Origin) -> Result<Lines<fs::File>, Vec<ConfigError>> {
    let needs = |sink: &Sink, what: &str| {
        let what = format!("the sink {:?}: {what} takes a store, from which it is tried again", sink.name);
        vec![origin.error(sink.line, &what, "leave out --no-store, or enabled = false in [store]")]
    };
    let usual = usual();
    let sink = match config.sinks.as_slice() {
        [] => &usual,
        [only] => only,
        [_, second, ..] => return Err(needs(second, "more than one sink")),
    };
    let SinkKind::Stdout { format } = sink.kind else {
        return Err(needs(sink, "every sink but standard output"));
    };
    if format == Format::CloudEvents {
        return Err(needs(sink, "format = \"cloudevents\""));
    }
    if sink.filter != Filter::default() {
        return Err(needs(sink, "a filter"));
    }
    let none = |error: io::Error| vec![ConfigError::new(no_stdout(&error), "leave it open")];
    let (out, shown) = lines_to_stdout().map_err(none)?.into_parts();
    Ok(Lines::new(out, style(format, shown), EventIds::starting(UnixTime::now())))
}

fn no_stdout(error: &io::Error) -> String {
    format!("there is no standard output: {error}")
}

/// The sink of these settings. Nothing is opened yet that events go to.
///
/// # Errors
/// Where its secret or its certificates cannot be had.
pub(super) fn make(sink: &Sink, origin: &Origin) -> Result<Taker, ConfigError> {
    let unusable =
        |error: ConfigError| origin.error(sink.line, &format!("the sink {:?}: {}", sink.name, error.what), error.hint);
    Ok(match &sink.kind {
        SinkKind::Stdout { format } => {
            let lines =
                lines_to_stdout().map_err(|error| unusable(ConfigError::new(no_stdout(&error), "leave it open")))?;
            let (out, shown) = lines.into_parts();
            Taker::Stream(Box::new(Printed::new(out, style(*format, shown))))
        }
        SinkKind::File { path, format, rotate_at_bytes, rotate_keep } => {
            let style = style(*format, Style::Json);
            Taker::Stream(Box::new(File::new(path.clone(), style, *rotate_at_bytes, *rotate_keep)))
        }
        SinkKind::Command(settings) => {
            let command = Command::new(&sink.name, settings.clone(), std::env::vars_os());
            Taker::Each(Arc::new(command), settings.concurrency)
        }
        SinkKind::Forward(settings) => {
            Taker::Each(Arc::new(forward(settings).map_err(unusable)?), settings.concurrency)
        }
    })
}

/// What posts by these settings.
///
/// # Errors
/// Where its secret or its certificates cannot be had.
pub(super) fn forward(settings: &config::Forward) -> Result<Forward, ConfigError> {
    let told = |failed| {
        let ConfigError { what, hint } = Origin::default().failure(0, failed);
        ConfigError { what, hint }
    };
    let secret = settings.sign_with.as_ref().map(secret).transpose().map_err(told)?;
    let authorities = settings.ca.as_deref().map(read).transpose()?;
    Forward::new(settings, secret.as_ref(), authorities.as_deref())
}

fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    let unreadable = |error: io::Error| {
        let what = format!("its ca {} cannot be read: {error}", path.display());
        ConfigError::new(what, "give a PEM file that this user can read")
    };
    let mut pem = Vec::new();
    let file = open(path).map_err(unreadable)?;
    file.take(CA_LIMIT_BYTES).read_to_end(&mut pem).map_err(unreadable)?;
    Ok(pem)
}

/// How events are written as `format`; with colour where they are `shown` so.
fn style(format: Format, shown: Style) -> Style {
    match format {
        Format::Json => Style::Json,
        Format::CloudEvents => Style::CloudEvents,
        Format::Pretty => Style::Pretty { colour: matches!(shown, Style::Pretty { colour: true }) },
    }
}
