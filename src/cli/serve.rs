//! `hookgate serve`.

mod options;
mod store;

use super::handover::Handovers;
use super::setup::{Origin, fail, read_config, receivers};
use super::tls::{self, Binder, HTTPS};
use super::wrong;
use crate::config::{Config, ConfigError, Format, FrontName, SinkKind};
use crate::minimal::{self, Failure, LISTEN, lines_to_stdout, say, say_error, warn};
use crate::receive::Receivers;
use crate::serve::evented::{self, Front, Serving, Settings};
use crate::serve::{Change, Stop, tiny, unix};
use crate::store::Asks;
use clap::Args;
use options::Options;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use signal_hook::iterator::Signals;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for what was accepted before SIGTERM. Docker kills 10 s after it; the front itself gives up a second before.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(9);

/// Descriptors that are not connections: standard streams, listeners, readiness, signals, the files of the store (ten), and some to
/// spare.
const SPARE_DESCRIPTORS: u64 = 40;

/// Receives webhooks until SIGTERM or SIGINT.
#[derive(Args)]
#[command(before_help = "Example: hookgate serve --secret-file ./secret --listen 127.0.0.1:5000 --path /webhook")]
pub(super) struct Serve {
    /// File that says all of it, for any number of sources and sinks: docs/CONFIGURATION.md. SIGHUP has it read again
    #[arg(long, value_name = "FILE", exclusive = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: Options,
    #[arg(skip)]
    handovers: Handovers,
}

/// How a running receiver is given another configuration.
enum Reload {
    Evented(Change<Serving>, Binder),
    TinyHttp(Change<Receivers>),
}

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        let config = self.config().map_err(fail)?;
        let receivers = self.receivers(&config).map_err(fail)?;
        self.handovers.tell();
        match config.front {
            FrontName::Evented => self.evented(config, receivers)?,
            FrontName::TinyHttp => self.tiny_http(config, receivers)?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn origin(&self) -> Origin {
        Origin(self.config.clone())
    }

    /// What the file says, or the arguments.
    fn config(&self) -> Result<Config, Vec<ConfigError>> {
        match &self.config {
            Some(path) => read_config(path),
            None => self.options.config().map_err(|failure| match failure {
                Failure::Config(error) | Failure::Hinted(error) => vec![error],
                Failure::Running(what) => vec![ConfigError::new(what, "mend the arguments")],
            }),
        }
    }

    /// The receivers of `config`, if all of it can be run.
    fn receivers(&self, config: &Config) -> Result<Receivers, Vec<ConfigError>> {
        let unable = |(line, what): (usize, String)| {
            vec![self.origin().error(
                line,
                &what,
                "this version prints events to standard output, and does nothing else yet",
            )]
        };
        match what_cannot_run(config) {
            Some(what) => Err(unable(what)),
            None => receivers(config, &self.origin(), &self.handovers),
        }
    }

    fn evented(self, config: Config, receivers: Receivers) -> Result<(), Failure> {
        let kept = store::open(config.store.as_ref())?;
        let settings = settings(&config);
        let binder = Binder::new(tls::read(&config.listen, &config.tls)?)?;
        let bind =
            |address: &String| binder.bind(address, config.listen_mode).map_err(|error| cannot_listen(address, &error));
        let listeners = config.listen.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
        let front = Front::new(listeners).map_err(failed)?;
        let stop = front.stop();
        let asks = kept.as_ref().map(|kept| kept.store.asks());
        self.mind_signals(config, stop.clone(), Reload::Evented(front.change(), binder), asks, front.waker())?;
        // Said last: whoever waits for it finds everything open.
        let announced = |receivers: Receivers| {
            front.names().for_each(|name| minimal::say_listening(name, &receivers));
            Serving { receivers, settings }
        };
        match kept {
            None => {
                let mut lines = lines_to_stdout().map_err(failed)?;
                let serving = announced(receivers);
                front.run(serving, &mut lines, &stop).map_err(failed)
            }
            Some(mut kept) => {
                let serving = announced(receivers);
                front.run(serving, &mut kept.store, &stop).map_err(failed)?;
                kept.finish();
                Ok(())
            }
        }
    }

    fn tiny_http(self, config: Config, receivers: Receivers) -> Result<(), Failure> {
        let [address] = config.listen.as_slice() else {
            return Err(wrong("the tiny_http front listens on one address", "--front evented listens on several"));
        };
        if address.starts_with(HTTPS) {
            return Err(wrong("the tiny_http front speaks no TLS", "leave out --front tiny_http"));
        }
        let kept = store::open(config.store.as_ref())?;
        // The socket's file is there until this returns.
        let (listener, name, _file) = match address.strip_prefix("unix:") {
            Some(path) => {
                let bound = unix::listen(Path::new(path), config.listen_mode, evented::BACKLOG);
                let (listener, file) = bound.map_err(|error| cannot_listen(address, &error))?;
                (tiny::Listener::Unix(listener), address.clone(), Some(file))
            }
            None => {
                let (listener, name) = minimal::bind(address)?;
                (listener, name, None)
            }
        };
        let stop = tiny::stop(&listener).map_err(failed)?;
        let change = tiny::change();
        let asks = kept.as_ref().map(|kept| kept.store.asks());
        // It looks around by itself.
        self.mind_signals(config, stop.clone(), Reload::TinyHttp(change.clone()), asks, || ())?;
        match kept {
            None => {
                let mut lines = lines_to_stdout().map_err(failed)?;
                minimal::serve(&listener, &name, receivers, &mut lines, &change, &stop)
            }
            Some(mut kept) => {
                minimal::serve(&listener, &name, receivers, &mut kept.store, &change, &stop)?;
                kept.finish();
                Ok(())
            }
        }
    }

    /// The first SIGTERM or SIGINT asks the receiver to finish; a second one, or the limit, ends the process. SIGHUP has the
    /// configuration read again; but where there is no file and a terminal is closed, it ends the process as it always did.
    /// SIGUSR1 has the store look for what `hookgate events prune` asks, and `wake` wakes the loop for that.
    fn mind_signals(
        self,
        running: Config,
        stop: Stop,
        reload: Reload,
        asks: Option<Arc<Asks>>,
        wake: impl Fn() + Send + 'static,
    ) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::Running(format!("cannot listen for signals: {error}"));
        let mut signals = Signals::new([SIGTERM, SIGINT, SIGUSR1]).map_err(failed)?;
        if self.config.is_some() || !io::stdin().is_terminal() {
            signals.add_signal(SIGHUP).map_err(failed)?;
        }
        let wait = move || {
            for signal in signals.forever() {
                match (&asks, signal) {
                    (Some(asks), SIGUSR1) => {
                        asks.look_for_prune();
                        wake();
                    }
                    (None, SIGUSR1) => {}
                    (_, SIGHUP) if stop.asked() => {}
                    (_, SIGHUP) => self.reload(&running, &reload),
                    _ if stop.asked() => std::process::exit(128 + signal),
                    _ => {
                        stop.ask();
                        end_after_the_limit(asks.is_some());
                    }
                }
            }
        };
        std::thread::Builder::new().name("signals".into()).spawn(wait).map_err(failed)?;
        Ok(())
    }

    /// Has the receiver that began with `running` serve by what the configuration says now; or, where that cannot be, go on
    /// as before.
    fn reload(&self, running: &Config, reload: &Reload) {
        let read = self.config().and_then(|config| {
            let receivers = self.receivers(&config)?;
            // Where TLS is spoken was decided at the start.
            let material = tls::read(&running.listen, &config.tls);
            Ok((receivers, material.map_err(|failed| vec![self.origin().failure(0, failed)])?, config))
        });
        match read {
            Ok((receivers, material, config)) => {
                warn(&what_stays(running, &config));
                self.handovers.tell();
                let sources = receivers.iter().count();
                match reload {
                    Reload::Evented(change, binder) => {
                        binder.replace(material);
                        change.make(Serving { receivers, settings: settings(&config) });
                    }
                    Reload::TinyHttp(change) => change.make(receivers),
                }
                say(&format!("hookgate: read the configuration again ({sources} {})", plural("source", sources)));
            }
            Err(errors) => {
                errors.iter().for_each(say_error);
                say("hookgate: the configuration was not taken: nothing has changed");
            }
        }
    }
}

fn plural(word: &str, count: usize) -> String {
    if count == 1 { word.to_string() } else { format!("{word}s") }
}

/// What of `config` cannot be run yet, and its line.
fn what_cannot_run(config: &Config) -> Option<(usize, String)> {
    let unable = config.sinks.iter().enumerate().find(|(at, sink)| {
        let prints = matches!(&sink.kind, SinkKind::Stdout { format: Format::Json });
        *at > 0 || !prints || sink.filter != crate::config::Filter::default()
    });
    unable.map(|(_, sink)| (sink.line, format!("the sink {:?} cannot be run yet", sink.name)))
}

/// What cannot change while a receiver runs, and does in `next`.
fn what_stays(running: &Config, next: &Config) -> Vec<String> {
    let stays = |name: &str, changed: bool| {
        changed.then(|| format!("{name} cannot change while the receiver runs, and was left as it was: start it anew"))
    };
    [
        stays("listen", running.listen != next.listen || running.listen_mode != next.listen_mode),
        stays("front", running.front != next.front),
        stays("the store", running.store != next.store),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The limits of `config`, as far as the system lets it have them.
fn settings(config: &Config) -> Settings {
    let connections = config.settings.connections.min(descriptors_for_connections());
    Settings { connections, ..config.settings }
}

fn failed(error: io::Error) -> Failure {
    Failure::Running(error.to_string())
}

fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidInput => wrong(
            format!("cannot listen on {address:?}: {error}"),
            format!("give an address and port, such as {LISTEN} or https://0.0.0.0:8443, or unix:PATH"),
        ),
        _ => Failure::Running(format!("cannot listen on {address}: {error}")),
    }
}

/// Raises the limit of open descriptors as far as it goes; how many of them connections can have.
fn descriptors_for_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let descriptors = if raised { maximum } else { current };
    descriptors.map_or(usize::MAX, |descriptors| {
        usize::try_from(descriptors.saturating_sub(SPARE_DESCRIPTORS).max(1)).unwrap_or(usize::MAX)
    })
}

fn end_after_the_limit(has_store: bool) {
    let limit = std::thread::Builder::new().name("shutdown limit".into()).spawn(move || {
        std::thread::sleep(SHUTDOWN_LIMIT);
        say("hookgate: some requests were not finished in time and got no answer");
        if has_store {
            say("hookgate: or some events were not printed in time, and come after the next start");
        }
        std::process::exit(0);
    });
    drop(limit);
}
