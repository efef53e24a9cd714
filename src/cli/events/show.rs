//! `hookgate events show`.

use super::fates;
use super::line::Object;
use super::stored::{write_all, write_member, write_payload};
use crate::cli::data::DataOption;
use crate::cli::out::{Halt, Out};
use crate::deliver::{Fate, Look};
use crate::minimal::Failure;
use crate::sink::event::printable;
use crate::store::{Event, EventId};
use clap::Args;
use std::process::ExitCode;

/// Shows an event: what it is, how it was verified, what became of it at each sink, its headers, its payload.
#[derive(Args)]
#[command(before_help = "Example: hookgate events show 42")]
pub(super) struct Show {
    /// Its id as it is printed, or its number alone
    id: String,
    #[command(flatten)]
    data: DataOption,
    /// Print a line of JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) fn run(self) -> Result<ExitCode, Halt> {
        let reader = self.data.reader()?;
        let number = reader.id().number(&self.id)?;
        let id = reader.id().event(number);
        let Some(event) = reader.whole(number)? else {
            return Err(Failure::Running(format!("there is no event {id}: it was deleted, or never given")).into());
        };
        let definition = reader.definition_of(event.definition)?.unwrap_or_default();
        let fates = match Look::open(self.data.folder(), reader.id())? {
            Some(look) => look.fates(number)?,
            None => Vec::new(),
        };
        let mut out = Out::new()?;
        if self.json {
            let mut object = Object::new(out.text());
            write_all(&event, &id, &mut object);
            object.text("definition", &definition);
            write_member(&event, &mut object);
            fates::write_member(&fates, &mut object);
            object.end();
            out.text().push(b'\n');
        } else {
            write(&event, &id, &definition, &fates, out.text());
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// For people.
fn write(event: &Event, id: &EventId, definition: &str, fates: &[Fate], out: &mut Vec<u8>) {
    let mut fact = |name: &str, value: &str| {
        out.extend_from_slice(format!("{name:10} {}\n", one_line(value)).as_bytes());
    };
    fact("id", &id.to_string());
    fact("received", &event.received_at.to_string());
    fact("source", &event.source);
    fact("type", event.event_type.as_deref().unwrap_or("-"));
    fact("delivery", event.delivery_id.as_deref().unwrap_or("-"));
    fact("from", event.peer.as_deref().unwrap_or("a Unix socket"));
    fact("request", &format!("{} {}", event.method, event.target));
    fact("body", &format!("{} bytes, {}", event.body.len(), event.payload));
    out.extend_from_slice(b"\nverified\n");
    let mut fact = |name: &str, value: &str| {
        out.extend_from_slice(format!("  {name:10} {}\n", one_line(value)).as_bytes());
    };
    fact("scheme", &event.scheme);
    fact("secret", &event.secret_label);
    for (name, value) in how(definition) {
        fact(name, &value);
    }
    fates::write(fates, out);
    out.extend_from_slice(b"\nheaders\n");
    for (name, value) in &event.headers {
        let value = match std::str::from_utf8(value) {
            Ok(value) => one_line(value),
            Err(_) => value.escape_ascii().to_string(),
        };
        out.extend_from_slice(format!("  {}: {value}\n", one_line(name)).as_bytes());
    }
    out.push(b'\n');
    write_payload(event, out);
    out.push(b'\n');
}

/// What of a scheme's definition says how it was verified: the algorithm, what is signed, how and where the signature is written.
fn how(definition: &str) -> Vec<(&'static str, String)> {
    let Ok(table) = definition.parse::<toml::Table>() else { return Vec::new() };
    let names = [
        ("algorithm", "algorithm"),
        ("signed", "template"),
        ("written", "encoding"),
        ("in", "signature_headers"),
        ("as", "grammar"),
        ("replay key", "replay_key"),
    ];
    names.into_iter().filter_map(|(name, key)| Some((name, text(table.get(key)?)))).collect()
}

/// A value of a definition, for people.
fn text(value: &toml::Value) -> String {
    match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Boolean(is) => is.to_string(),
        toml::Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(", "),
        toml::Value::Table(table) => {
            table.iter().map(|(name, value)| format!("{name} {:?}", text(value))).collect::<Vec<_>>().join(", ")
        }
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Float(number) => number.to_string(),
        toml::Value::Datetime(moment) => moment.to_string(),
    }
}

/// `text` on one line, without what could steer a terminal.
fn one_line(text: &str) -> String {
    printable(text).replace('\n', "\\n").replace('\t', "\\t")
}
