//! A command run for each event, without a shell: the raw body on its standard input, what else there is to say in variables.

mod captured;
mod running;

use super::{Attempt, Each, Outcome, Stopping};
use crate::config;
use crate::store::Event;
use running::{End, Running};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::ExitStatus;

/// Longest value of a variable that a command is told by, in bytes. Linux takes 128 KiB for each and 2 MiB for all (execve(2));
/// no provider has a type or an id of over a hundred.
pub const VALUE_LIMIT_BYTES: usize = 4096;

/// Runs a command for each event. It is a process group of its own, which is ended with it where it takes too long; a process that
/// it leaves behind when it ends by itself goes on, but is not heard any longer.
#[derive(Debug)]
pub struct Command {
    sink: String,
    settings: config::Command,
    variables: Vec<(OsString, OsString)>,
}

impl Command {
    /// The sink called `sink`. Of `variables`, which are those of the receiver, its commands get
    /// [`config::COMMAND_VARIABLES`] and those that the settings name.
    pub fn new(
        sink: &str,
        settings: config::Command,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Self {
        let is_given = |name: &OsString| {
            name.to_str().is_some_and(|name| {
                config::COMMAND_VARIABLES.contains(&name) || settings.env.iter().any(|env| env == name)
            })
        };
        let variables = variables.into_iter().filter(|(name, _)| is_given(name)).collect();
        Command { sink: sink.to_string(), settings, variables }
    }

    /// What a command is told of `event`. All of them are always there: what the event does not have is empty.
    fn told(&self, event: &Event, id: &str, number: u32) -> [(&'static str, String); 10] {
        let content_type = event.header("Content-Type").map(String::from_utf8_lossy).unwrap_or_default();
        [
            ("HOOKGATE_ID", value(id)),
            ("HOOKGATE_SOURCE", value(&event.source)),
            ("HOOKGATE_SCHEME", value(&event.scheme)),
            ("HOOKGATE_TYPE", value(event.event_type.as_deref().unwrap_or_default())),
            ("HOOKGATE_DELIVERY_ID", value(event.delivery_id.as_deref().unwrap_or_default())),
            ("HOOKGATE_RECEIVED_AT", event.received_at.to_string()),
            ("HOOKGATE_CONTENT_TYPE", value(&content_type)),
            ("HOOKGATE_PEER", value(event.peer.as_deref().unwrap_or_default())),
            ("HOOKGATE_SINK", value(&self.sink)),
            ("HOOKGATE_ATTEMPT", number.to_string()),
        ]
    }

    fn start(&self, event: &Event, id: &str, number: u32) -> Result<Running, String> {
        let (program, arguments) = self.settings.argv.split_first().ok_or("its argv names no program")?;
        let mut command = std::process::Command::new(program);
        command
            .args(arguments)
            .current_dir(&self.settings.working_dir)
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .envs(self.told(event, id, number));
        Running::start(command).map_err(|error| self.why_not_started(program, &error))
    }

    fn why_not_started(&self, program: &str, error: &io::Error) -> String {
        let folder = &self.settings.working_dir;
        let is_there = program.contains('/') && Path::new(program).exists();
        match error.kind() {
            _ if !folder.is_dir() => format!("its working_dir {} is no folder that is there", folder.display()),
            io::ErrorKind::NotFound if is_there => format!("{program} names in its first line what is not there"),
            io::ErrorKind::NotFound if program.contains('/') => format!("{program} is not there"),
            io::ErrorKind::NotFound => format!("{program} was not found in PATH"),
            io::ErrorKind::PermissionDenied => format!("{program} may not be run: is it executable?"),
            _ => format!("{program} could not be started: {error}"),
        }
    }

    fn outcome(&self, end: End) -> Outcome {
        let limit = self.settings.timeout.as_secs_f64();
        let retry = |why: String| Outcome::Retry { why, after: None };
        match end {
            End::Itself(status) => of_status(status, &self.settings.exits),
            End::TimedOut => retry(format!("took longer than {limit} s, and was killed")),
            End::Stopped => retry("was killed, since the receiver stops".to_string()),
            End::Unknown(why) => retry(format!("how it ended is not known: {why}")),
        }
    }
}

impl Each for Command {
    fn attempt(&self, event: &Event, id: &str, number: u32, stop: &Stopping) -> Attempt {
        match self.start(event, id, number) {
            Ok(running) => {
                let (end, output) = running.finish(&event.body, self.settings.timeout, stop);
                Attempt { outcome: self.outcome(end), output }
            }
            Err(why) => Outcome::Retry { why, after: None }.into(),
        }
    }
}

fn of_status(status: ExitStatus, exits: &config::Exits) -> Outcome {
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    let is_of = |codes: &[u8]| code.is_some_and(|code| codes.contains(&code));
    // As std writes it: `exit status: 3`, `signal: 9 (SIGKILL)`.
    let why = format!("ended with {status}");
    if is_of(&exits.done) {
        Outcome::Done
    } else if is_of(&exits.retry) || exits.retry_others {
        Outcome::Retry { why, after: None }
    } else {
        Outcome::Dead { why }
    }
}

/// `text` as the value of a variable can have it: a NUL, which would end it, is U+FFFD, and what is over the limit is cut off.
fn value(text: &str) -> String {
    let mut end = text.len().min(VALUE_LIMIT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().replace('\0', "\u{fffd}")
}
