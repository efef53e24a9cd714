//! From the configuration of a sink to what hands events on: its files read, its secret found.

use super::setup::{Origin, secret};
use crate::config::{self, ConfigError, Format, Sink, SinkKind};
use crate::minimal::lines_to_stdout;
use crate::sink::command::Command;
use crate::sink::file::File;
use crate::sink::forward::Forward;
use crate::sink::{Each, Printed, Stream, Style};
use std::io::Read;
use std::path::Path;

/// Longest file of certificates read, in bytes. Mozilla's whole list has 220 KiB.
const CA_LIMIT_BYTES: u64 = 1024 * 1024;

/// A sink that can be run.
pub(super) enum Made {
    /// It takes events in order.
    Stream(Box<dyn Stream>),
    /// It takes one event at a time, so many at once.
    Each(Box<dyn Each>, u32),
}

/// The sink of these settings. Nothing is opened yet that events go to.
///
/// # Errors
/// Where its secret or its certificates cannot be had.
pub(super) fn make(sink: &Sink, origin: &Origin) -> Result<Made, ConfigError> {
    let unusable =
        |error: ConfigError| origin.error(sink.line, &format!("the sink {:?}: {}", sink.name, error.what), error.hint);
    Ok(match &sink.kind {
        SinkKind::Stdout { format } => {
            let lines = lines_to_stdout().map_err(|error| {
                unusable(ConfigError::new(format!("there is no standard output: {error}"), "leave it open"))
            })?;
            let (out, shown) = lines.into_parts();
            Made::Stream(Box::new(Printed::new(out, style(*format, shown))))
        }
        SinkKind::File { path, format, rotate_at_bytes, rotate_keep } => {
            let style = style(*format, Style::Json);
            Made::Stream(Box::new(File::new(path.clone(), style, *rotate_at_bytes, *rotate_keep)))
        }
        SinkKind::Command(settings) => {
            let command = Command::new(&sink.name, settings.clone(), std::env::vars_os());
            Made::Each(Box::new(command), settings.concurrency)
        }
        SinkKind::Forward(settings) => Made::Each(Box::new(forward(settings).map_err(unusable)?), settings.concurrency),
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
    let unreadable = |error: std::io::Error| {
        let what = format!("its ca {} cannot be read: {error}", path.display());
        ConfigError::new(what, "give a PEM file that this user can read")
    };
    let mut pem = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
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
