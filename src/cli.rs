//! The command line of the full program.

mod completions;
mod config;
mod data;
mod events;
mod exit;
mod handover;
mod input;
mod man;
mod out;
mod progress;
mod reload;
mod schemes;
mod send;
mod serve;
mod setup;
mod sign;
mod sinks;
mod stop;
mod store;
mod table;
mod tls;
mod verify;

pub use exit::{CODES, Code};

use crate::config::ConfigError;
use crate::minimal::{Failure, finish, flush_log, say};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use std::process::ExitCode;

/// Receives webhooks, proves who signed them, hands them on.
#[derive(Parser)]
#[command(
    name = "hookgate",
    version,
    before_help = "Example: hookgate serve --secret-file ./secret >> events.jsonl",
    after_help = "Exit codes: 0 as asked, 1 failed or refused, 2 wrong arguments or configuration",
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Receive: verify, keep on disk, answer, print each event as a line of JSON
    Serve(Box<serve::Serve>),
    /// Print the headers that sign a body
    Sign(sign::Sign),
    /// Sign a body, post it, print the answer
    Send(send::Send),
    /// Say whether a request's signature is valid (exit 0) or not (exit 1)
    Verify(verify::Verify),
    /// Look at the events that were kept: list, show, tail, export, stats, replay, prune
    Events(events::Events),
    /// Check a store, or recover what can be read of it
    Store(store::StoreCommand),
    /// List the signature schemes, or show one
    Schemes(schemes::Schemes),
    /// Write, check or import a configuration
    Config(config::Configuration),
    /// Have a running receiver read its configuration again
    Reload(reload::Reload),
    /// Print what completes the command line of a shell
    Completions(completions::Completions),
    /// Write the manual's pages
    Man(man::Manual),
}

/// The whole program of the full build.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let outcome = match arguments.verb {
        Verb::Serve(serve) => serve.run(),
        Verb::Sign(sign) => sign.run(),
        Verb::Send(send) => send.run(),
        Verb::Verify(verify) => verify.run(),
        Verb::Events(events) => events.run(),
        Verb::Store(store) => store.run(),
        Verb::Schemes(schemes) => schemes.run(),
        Verb::Config(config) => config.run(),
        Verb::Reload(reload) => reload.run(),
        Verb::Completions(completions) => completions.run(Arguments::command()),
        Verb::Man(manual) => manual.run(Arguments::command()),
    };
    let code = match outcome {
        Ok(code) => code,
        Err(failure) => finish(Err(failure)),
    };
    flush_log();
    code
}

/// clap's word on the arguments, in this program's form.
fn usage(error: &clap::Error) -> ExitCode {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            let text = error.render().to_string();
            let mut hinted = false;
            for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
                if let Some(what) = line.strip_prefix("error: ") {
                    say(&format!("hookgate: error: {what}"));
                } else if let Some(tip) = line.trim_start().strip_prefix("tip: ") {
                    say(&format!("hookgate: hint: {tip}"));
                    hinted = true;
                } else if !line.starts_with("For more information") {
                    say(line);
                }
            }
            if !hinted {
                say("hookgate: hint: hookgate --help, or --help behind a command, says what there is");
            }
            ExitCode::from(2)
        }
    }
}

/// An error of the operator's in the arguments.
fn wrong(what: impl Into<String>, hint: impl Into<String>) -> Failure {
    Failure::Config(ConfigError::new(what, hint))
}
