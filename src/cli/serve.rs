//! `hookgate serve`.

mod keeper;
mod listening;
mod options;
mod reload;
mod sockets;
mod store;
mod systemd;
mod watch;

pub(super) use watch::check_admin;

use super::handover::Handovers;
use super::setup::{Origin, fail, read_config, receivers};
use super::tls::{self, Binder, HTTPS};
use super::wrong;
use crate::config::{self, Config, ConfigError, FrontName, SinkKind};
use crate::deliver::Delivery;
use crate::minimal::{self, Failure, LISTEN, alert, flush_log};
use crate::receive::Receivers;
use crate::serve::evented::{self, Front, Serving, Settings};
use crate::serve::{Stop, tiny, unix};
use crate::store::Asks;
use clap::Args;
use keeper::{Keeper, Opened};
use listening::Listening;
use options::Options;
use reload::Reload;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;
use sockets::{Sockets, is_of_systemd};
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use systemd::Notifier;
use watch::Watching;

/// Longest wait for what was accepted before SIGTERM. Docker kills 10 s after it; the front itself gives up a second before.
const SHUTDOWN_LIMIT: Duration = Duration::from_secs(9);

/// How long a second SIGTERM waits for commands to be ended, at most.
const KILL_TIME: Duration = Duration::from_secs(1);
const KILL_LOOK: Duration = Duration::from_millis(10);

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

impl Serve {
    pub(super) fn run(self) -> Result<ExitCode, Failure> {
        // First of all, while there is one thread.
        let sockets = Sockets::take()?;
        let notifier = Notifier::of_environment();
        let config = self.config().map_err(fail)?;
        let receivers = receivers(&config, &self.origin(), &self.handovers).map_err(fail)?;
        let keeper = Keeper::new(&config, &self.origin()).map_err(fail)?;
        self.handovers.tell();
        match config.front {
            FrontName::Evented => self.evented(config, receivers, keeper, (sockets, &notifier))?,
            FrontName::TinyHttp => self.tiny_http(config, receivers, keeper, (&sockets, &notifier))?,
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

    fn evented(
        self,
        config: Config,
        receivers: Receivers,
        keeper: Keeper,
        (sockets, notifier): (Sockets, &Notifier),
    ) -> Result<(), Failure> {
        let signals = self.signals()?;
        let keeper = keeper.open()?;
        let settings = settings(&config);
        let binder = Binder::new(tls::read(&config.listen, &config.tls)?)?;
        let opened = sockets.listeners(&config, &binder)?;
        let listening = Listening::new(&opened, binder);
        let front = Front::new(opened.listeners()).map_err(failed)?;
        drop(opened);
        let stop = front.stop();
        let watching = Watching::start(&config, &stop, keeper.watched())?;
        let front = front.with_watch(watching.requests(&receivers));
        let (stop_too, wake) = (stop.clone(), Box::new(front.waker()));
        let minded = Minded { signals, stop: stop_too, kept: keeper.kept(), wake, notifier: notifier.clone() };
        self.mind_signals(config, minded, Reload::Evented(front.change(), listening))?;
        // Said last: whoever waits for it finds everything open.
        let announced = |receivers: Receivers| {
            front.names().for_each(|name| minimal::say_listening(name, &receivers));
            notifier.ready(status(&receivers));
            Serving { receivers, settings, listeners: None }
        };
        match keeper {
            Opened::Lines(mut lines) => {
                let serving = announced(receivers);
                front.run(serving, &mut notifier.watch(&mut lines), &stop).map_err(failed)
            }
            Opened::Store(mut kept) => {
                let serving = announced(receivers);
                front.run(serving, &mut notifier.watch(&mut kept.store), &stop).map_err(failed)?;
                kept.finish();
                Ok(())
            }
        }
    }

    fn tiny_http(
        self,
        config: Config,
        receivers: Receivers,
        keeper: Keeper,
        (sockets, notifier): (&Sockets, &Notifier),
    ) -> Result<(), Failure> {
        let [address] = config.listen.as_slice() else {
            return Err(wrong("the tiny_http front listens on one address", "--front evented listens on several"));
        };
        check_tiny_http(address)?;
        sockets.warn_of_what_is_left();
        let signals = self.signals()?;
        let keeper = keeper.open()?;
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
        let watching = Watching::start(&config, &stop, keeper.watched())?;
        let watch = &mut watching.requests(&receivers);
        // It looks around by itself.
        let (stop_too, wake) = (stop.clone(), Box::new(|| ()));
        let minded = Minded { signals, stop: stop_too, kept: keeper.kept(), wake, notifier: notifier.clone() };
        self.mind_signals(config, minded, Reload::TinyHttp(change.clone()))?;
        notifier.ready(status(&receivers));
        match keeper {
            Opened::Lines(mut lines) => {
                minimal::serve(&listener, &name, receivers, &mut notifier.watch(&mut lines), watch, &change, &stop)
            }
            Opened::Store(mut kept) => {
                let keep = &mut notifier.watch(&mut kept.store);
                minimal::serve(&listener, &name, receivers, keep, watch, &change, &stop)?;
                kept.finish();
                Ok(())
            }
        }
    }

    /// The signals that something is done about. From here on none of them ends the process by itself: who holds the store's
    /// lock may be sent SIGUSR1.
    fn signals(&self) -> Result<Signals, Failure> {
        let signals = Signals::new([SIGTERM, SIGINT, SIGUSR1]).map_err(no_signals)?;
        // Where whoever started us has it ignored, the system waits for our commands, and nobody learns how they ended. What
        // handles it, whatever it does, undoes that.
        flag::register(SIGCHLD, Arc::default()).map_err(no_signals)?;
        // A file that is as long as the system lets one get (RLIMIT_FSIZE) is like a disk that is full: what is written fails, and
        // we go on. Left to itself, the signal ends us. It is handled, not ignored, so that commands have it as they would.
        flag::register(SIGXFSZ, Arc::default()).map_err(no_signals)?;
        if self.config.is_some() || !io::stdin().is_terminal() {
            signals.add_signal(SIGHUP).map_err(no_signals)?;
        }
        Ok(signals)
    }

    /// The first SIGTERM or SIGINT asks the receiver to finish; a second one, or the limit, ends the process. SIGHUP has the
    /// configuration read again; but where there is no file and a terminal is closed, it ends the process as it always did.
    /// SIGUSR1 has the store look for what `hookgate events prune` asks, and delivery for what `hookgate events replay` does.
    fn mind_signals(self, mut running: Config, mut minded: Minded, mut reload: Reload) -> Result<(), Failure> {
        let wait = move || {
            let Minded { signals, stop, kept, wake, notifier } = &mut minded;
            for signal in signals.forever() {
                match (&kept, signal) {
                    (Some((asks, delivery)), SIGUSR1) => {
                        asks.look_for_prune();
                        wake();
                        delivery.look_for_replays();
                    }
                    (None, SIGUSR1) => {}
                    (_, SIGHUP) if stop.asked() => {}
                    (_, SIGHUP) => {
                        notifier.reloading();
                        notifier.ready(self.reload(
                            &mut running,
                            &mut reload,
                            kept.as_ref().map(|(_, delivery)| &**delivery),
                        ));
                        wake();
                    }
                    _ if stop.asked() => end_now(kept.as_ref().map(|(_, delivery)| &**delivery), 128 + signal),
                    _ => {
                        notifier.stopping();
                        stop.ask();
                        if let Some((_, delivery)) = kept {
                            delivery.stop(Instant::now() + store::ATTEMPTS_LIMIT);
                        }
                        end_after_the_limit(kept.is_some());
                    }
                }
            }
        };
        std::thread::Builder::new().name("signals".into()).spawn(wait).map_err(no_signals)?;
        Ok(())
    }
}

/// Whether the `tiny_http` front can listen on `address` at all.
pub(super) fn check_tiny_http(address: &str) -> Result<(), Failure> {
    if address.starts_with(HTTPS) {
        return Err(wrong("the tiny_http front speaks no TLS", "leave out --front tiny_http"));
    }
    if is_of_systemd(address) {
        return Err(wrong("the tiny_http front takes no sockets of systemd's", "leave out --front tiny_http"));
    }
    if address.starts_with("unix:") { Ok(()) } else { minimal::loopback(address).map(drop) }
}

/// What `systemctl status` shows.
fn status(receivers: &Receivers) -> String {
    let sources = receivers.iter().count();
    format!("serving {sources} {}", plural("source", sources))
}

/// What signals are minded with.
struct Minded {
    signals: Signals,
    stop: Stop,
    kept: Option<(Arc<Asks>, Arc<Delivery>)>,
    /// Wakes the loop.
    wake: Box<dyn Fn() + Send>,
    notifier: Notifier,
}

fn no_signals(error: io::Error) -> Failure {
    Failure::Running(format!("cannot listen for signals: {error}"))
}

/// Ends the process at once; what it has started is ended first.
fn end_now(delivery: Option<&Delivery>, code: i32) -> ! {
    if let Some(delivery) = delivery {
        let now = Instant::now();
        delivery.stop(now);
        while delivery.is_busy() && now.elapsed() < KILL_TIME {
            std::thread::sleep(KILL_LOOK);
        }
    }
    std::process::exit(code)
}

fn plural(word: &str, count: usize) -> String {
    if count == 1 { word.to_string() } else { format!("{word}s") }
}

/// The limits of `config`, as far as the system lets it have them.
fn settings(config: &Config) -> Settings {
    let connections = config.settings.connections.min(descriptors_for_connections(descriptors_of_sinks(config)));
    Settings { connections, ..config.settings }
}

fn failed(error: io::Error) -> Failure {
    Failure::Running(error.to_string())
}

fn cannot_listen(address: &str, error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidInput => wrong(
            format!("cannot listen on {address:?}: {error}"),
            format!("give an address and port, such as {LISTEN} or https://0.0.0.0:8443, or unix:PATH, or systemd"),
        ),
        _ => Failure::Running(format!("cannot listen on {address}: {error}")),
    }
}

/// Descriptors that the sinks of `config` take: each has the store open, and something to write to or several attempts under way.
fn descriptors_of_sinks(config: &Config) -> u64 {
    let of = |sink: &config::Sink| match &sink.kind {
        // Both ends of three pipes while it is started.
        SinkKind::Command(command) => 4 + 6 * u64::from(command.concurrency),
        // A connection, and one that is being looked up.
        SinkKind::Forward(forward) => 4 + 2 * u64::from(forward.concurrency),
        SinkKind::Stdout { .. } | SinkKind::File { .. } => 6,
    };
    config.sinks.iter().map(of).sum()
}

/// Raises the limit of open descriptors as far as it goes; how many of them connections can have beside `others`.
fn descriptors_for_connections(others: u64) -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).is_ok();
    let descriptors = if raised { maximum } else { current };
    descriptors.map_or(usize::MAX, |descriptors| {
        usize::try_from(descriptors.saturating_sub(SPARE_DESCRIPTORS + others).max(1)).unwrap_or(usize::MAX)
    })
}

fn end_after_the_limit(has_store: bool) {
    let limit = std::thread::Builder::new().name("shutdown limit".into()).spawn(move || {
        std::thread::sleep(SHUTDOWN_LIMIT);
        alert("hookgate: some requests were not finished in time and got no answer");
        if has_store {
            alert("hookgate: or some events were not handed on in time, and are after the next start");
        }
        flush_log();
        std::process::exit(0);
    });
    drop(limit);
}
