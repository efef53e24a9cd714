//! `hookgate serve` with its store: what is kept, for how long, and what hands it on.

use super::super::wrong;
use crate::config::{self, ConfigError, DAYS, KEPT_BYTES};
use crate::deliver::{self, Delivery, Sink};
use crate::minimal::{Failure, alert, say, warn};
use crate::store::{self, FOLDER, Notice, Settings, Store, StoreError};
use crate::time::UnixTime;
use clap::Args;
use clap::builder::RangedU64ValueParser;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long attempts may go on after SIGTERM: all has to be over in 9 s, and what is ended has to be written down.
pub(super) const ATTEMPTS_LIMIT: Duration = Duration::from_millis(8_500);

/// What is kept of what was accepted.
#[derive(Args)]
#[command(next_help_heading = "Store")]
pub(super) struct StoreOptions {
    /// Folder that events are kept in; made where it is not there
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    data: PathBuf,
    /// Keep nothing: an event is answered once it was printed, and one that comes again is printed again
    #[arg(long)]
    no_store: bool,
    /// Days for which a delivery that comes again is known
    #[arg(long, value_name = "DAYS", default_value_t = config::Store::default().replay_days, value_parser = days())]
    replay_days: u32,
    /// Deliveries that are known at most; each takes some 32 bytes of memory
    #[arg(long, value_name = "COUNT", default_value_t = config::Store::default().replay_keys, value_parser = keys)]
    replay_keys: usize,
    /// Delete events that are older; kept for ever unless set
    #[arg(long, value_name = "DAYS", value_parser = days())]
    keep_days: Option<u32>,
    /// Delete the oldest events when the file has more bytes in use; no limit unless set
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u64).range(KEPT_BYTES))]
    keep_bytes: Option<u64>,
}

/// A store that is open, and its sinks at work.
pub(super) struct Kept {
    pub(super) store: Store,
    pub(super) delivery: Arc<Delivery>,
}

impl StoreOptions {
    /// The store, unless there is to be none.
    pub(super) fn config(&self) -> Option<config::Store> {
        let StoreOptions { data, no_store, replay_days, replay_keys, keep_days, keep_bytes } = self;
        (!no_store).then(|| config::Store {
            dir: data.clone(),
            replay_days: *replay_days,
            replay_keys: *replay_keys,
            keep_days: *keep_days,
            keep_bytes: *keep_bytes,
        })
    }
}

/// Opens the store that `config` asks for, and has its events handed on to `sinks`.
pub(super) fn open(config: &config::Store, sinks: Vec<Sink>) -> Result<Kept, Failure> {
    let settings = Settings {
        replay_days: config.replay_days,
        replay_keys: config.replay_keys,
        keep_days: config.keep_days,
        keep_bytes: config.keep_bytes,
        ..Settings::default()
    };
    warn(&Vec::from_iter(store::prepare(&config.dir)?));
    let store = Store::open(&config.dir, settings, UnixTime::now())?;
    let of_sinks = |notice: deliver::Notice| match notice {
        deliver::Notice::Added { .. } | deliver::Notice::Resumed { .. } => say(&format!("hookgate: {notice}")),
        _ => alert(&format!("hookgate: {notice}")),
    };
    let delivery = Delivery::start(&config.dir, sinks, (store.next_number() - 1, store.asks()), of_sinks)?;
    let tell = |notice: Notice| match notice {
        Notice::Failed(_) | Notice::LogHeld { .. } => alert(&format!("hookgate: {notice}")),
        _ => say(&format!("hookgate: {notice}")),
    };
    let store = store.with_bell(delivery.bell()).with_listener(tell);
    Ok(Kept { store, delivery: Arc::new(delivery) })
}

impl Kept {
    /// After the receiver has stopped: hands on what was kept, and closes the file.
    pub(super) fn finish(self) {
        self.delivery.finish(Instant::now() + ATTEMPTS_LIMIT);
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged { .. } | StoreError::Disk { .. } | StoreError::Failed { .. } => {
                Failure::Hinted(ConfigError::new(error.to_string(), error.hint()))
            }
            _ => wrong(error.to_string(), error.hint()),
        }
    }
}

/// What reads so many days, the same as in a file.
fn days() -> RangedU64ValueParser<u32> {
    RangedU64ValueParser::new().range(DAYS)
}

fn keys(text: &str) -> Result<usize, String> {
    let most = store::MOST_KEYS;
    text.parse()
        .ok()
        .filter(|count| (1..=most).contains(count))
        .ok_or_else(|| format!("give a number from 1 to {most}"))
}
