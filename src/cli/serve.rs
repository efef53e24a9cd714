//! `hookgate serve`.

use super::input::{SchemeOption, SecretOptions};
use super::wrong;
use crate::minimal::{self, Failure, LISTEN, PATH, say};
use crate::receive::{BODY_LIMIT_BYTES, Receiver};
use crate::serve::Stop;
use clap::Args;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::process::ExitCode;
use std::time::Duration;

/// Longest wait for what was accepted before SIGTERM. Docker kills 10 s after it.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(9);

/// Receives webhooks until SIGTERM or SIGINT.
#[derive(Args)]
#[command(before_help = "Example: hookgate serve --secret-file ./secret --listen 127.0.0.1:5000 --path /webhook")]
pub(super) struct Serve {
    /// Loopback address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = LISTEN)]
    listen: String,
    /// Path to answer on, matched byte for byte
    #[arg(long, default_value = PATH)]
    path: String,
    #[command(flatten)]
    scheme: SchemeOption,
    #[command(flatten)]
    secrets: SecretOptions,
    /// Longest body accepted, in bytes
    #[arg(long, value_name = "BYTES", default_value_t = BODY_LIMIT_BYTES)]
    body_limit: u64,
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let scheme = self.scheme.scheme()?;
        let source = scheme.name.clone();
        let verifier = self.secrets.verifier(scheme)?;
        let receiver = Receiver::new(source, self.path, verifier)
            .map_err(|error| wrong(error.to_string(), "a path begins with / and has no query, space or fragment"))?
            .with_body_limit_bytes(self.body_limit);
        let listener = minimal::bind(&self.listen)?;
        let stop = Stop::of(&listener).map_err(|error| Failure::Running(error.to_string()))?;
        stop_on_signals(stop.clone())?;
        minimal::serve(&listener, &receiver, &stop)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The first SIGTERM or SIGINT asks the receiver to finish; a second one, or the limit, ends the process.
fn stop_on_signals(stop: Stop) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::Running(format!("cannot listen for signals: {error}"));
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    let wait = move || {
        let mut received = signals.forever();
        if received.next().is_none() {
            return;
        }
        stop.ask();
        let limit = std::thread::Builder::new().name("shutdown limit".into()).spawn(|| {
            std::thread::sleep(SHUTDOWN_LIMIT);
            say("hookgate: some requests were not finished in time and got no answer");
            std::process::exit(0);
        });
        drop(limit);
        if let Some(signal) = received.next() {
            std::process::exit(128 + signal);
        }
    };
    std::thread::Builder::new().name("signals".into()).spawn(wait).map_err(failed)?;
    Ok(())
}
