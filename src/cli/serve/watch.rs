//! `hookgate serve` as it is watched: its log, and the admin listener.

use super::super::wrong;
use crate::config::{Config, ConfigError, LogFormat, LogLevel, Logging};
use crate::deliver::Watched;
use crate::minimal::{Failure, say};
use crate::receive::Receivers;
use crate::serve::Stop;
use crate::serve::unix::SocketFile;
use crate::serve::watch::Watch;
use crate::watch::admin::{self, CannotListen};
use crate::watch::{Admin, Health, Metrics, Place, Requests, log};
use clap::{Args, ValueEnum};
use std::io::{self, IsTerminal};
use std::os::fd::AsFd;
use std::sync::Arc;
use tracing::level_filters::LevelFilter;

/// What it says of itself, and to whom.
#[derive(Args)]
#[command(next_help_heading = "Watching it")]
pub(super) struct WatchOptions {
    /// Address and port of loopback, or unix:PATH, where /healthz, /readyz and /metrics are answered; nowhere unless set
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<String>,
    /// How the log's lines are written (default: human on a terminal, json elsewhere)
    #[arg(long, value_enum)]
    log_format: Option<FormatOption>,
    /// Which lines the log has; info has one for each request
    #[arg(long, value_enum, default_value = "info")]
    log_level: LevelOption,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatOption {
    Human,
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LevelOption {
    Off,
    Error,
    Warn,
    Info,
}

impl WatchOptions {
    pub(super) fn admin(&self) -> Option<String> {
        self.admin.clone()
    }

    pub(super) fn logging(&self) -> Logging {
        Logging {
            format: self.log_format.map(|format| match format {
                FormatOption::Human => LogFormat::Human,
                FormatOption::Json => LogFormat::Json,
            }),
            level: match self.log_level {
                LevelOption::Off => LogLevel::Off,
                LevelOption::Error => LogLevel::Error,
                LevelOption::Warn => LogLevel::Warn,
                LevelOption::Info => LogLevel::Info,
            },
        }
    }
}

/// A receiver that is watched.
pub(super) struct Watching {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// The file of the admin listener's socket, which goes with this.
    _file: Option<SocketFile>,
}

impl Watching {
    /// Begins to watch the receiver of `config` that `stop` stops, and has the admin listener answer. The log starts: what was
    /// wrong so far is said plainly.
    pub(super) fn start(config: &Config, stop: &Stop, watched: Option<Arc<Watched>>) -> Result<Self, Failure> {
        let admin = config
            .admin
            .as_deref()
            .map(|address| Admin::bind(address, config.listen_mode).map_err(|why| cannot_listen(address, why)));
        let admin = admin.transpose()?;
        let folder = config.store.as_ref().map(|store| store.dir.clone());
        let metrics = Arc::new(Metrics::new(folder.clone(), watched.clone()));
        let place = match folder {
            Some(folder) => Place::Folder(folder),
            None => Place::Stream(io::stdout().as_fd().try_clone_to_owned().map_err(super::failed)?.into()),
        };
        let health = Arc::new(Health::new(stop.clone(), place, watched));
        start_log(config.log).map_err(super::failed)?;
        let file = match admin {
            Some(admin) => {
                say(&format!("hookgate: the admin listener is {}", admin.name()));
                admin.start(Arc::clone(&metrics), Arc::clone(&health)).map_err(super::failed)?
            }
            None => None,
        };
        Ok(Watching { metrics, health, _file: file })
    }

    /// What watches a front that will serve by `receivers`: their numbers are there before anybody is told that it listens.
    pub(super) fn requests(&self, receivers: &Receivers) -> Requests {
        let mut requests = Requests::new(Arc::clone(&self.metrics), Arc::clone(&self.health));
        requests.serves(receivers);
        requests
    }
}

fn start_log(logging: Logging) -> io::Result<()> {
    let is_for_people = io::stderr().is_terminal();
    let format = match logging.format {
        Some(LogFormat::Human) => log::Format::Human,
        Some(LogFormat::Json) => log::Format::Json,
        None if is_for_people => log::Format::Human,
        None => log::Format::Json,
    };
    let level = match logging.level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
    };
    log::start(format, level)
}

/// What is wrong with the admin listener's address, if that can be known.
pub(in super::super) fn check_admin(address: &str) -> Result<(), ConfigError> {
    if address.starts_with("unix:") {
        return Ok(());
    }
    admin::check(address).map(drop).map_err(|why| unusable(address, &why))
}

fn unusable(address: &str, why: &CannotListen) -> ConfigError {
    ConfigError::new(
        format!("the admin listener cannot be on {address:?}: {why}"),
        "it tells whoever asks: give a loopback address and port, such as 127.0.0.1:9000, or unix:PATH",
    )
}

fn cannot_listen(address: &str, why: CannotListen) -> Failure {
    match why {
        CannotListen::Open(_) | CannotListen::Unusable(_) => {
            let ConfigError { what, hint } = unusable(address, &why);
            wrong(what, hint)
        }
        CannotListen::Failed(error) => Failure::Running(format!("the admin listener cannot be on {address}: {error}")),
    }
}
