//! What keeps the events of `hookgate serve`: the store, with sinks at work, or a stream.

use super::super::setup::Origin;
use super::super::sinks;
use super::store::{self, Kept};
use crate::config::{self, Config, ConfigError};
use crate::deliver::{self, Delivery, Watched};
use crate::minimal::Failure;
use crate::sink::Lines;
use crate::store::Asks;
use std::fs::File;
use std::sync::Arc;

/// What keeps the events.
pub(super) enum Keeper {
    Store(config::Store, Vec<deliver::Sink>),
    Lines(Lines<File>),
}

/// The same, open.
pub(super) enum Opened {
    Store(Box<Kept>),
    Lines(Lines<File>),
}

impl Keeper {
    /// What keeps the events by `config`, before anything is opened for it.
    pub(super) fn new(config: &Config, origin: &Origin) -> Result<Self, Vec<ConfigError>> {
        Ok(match &config.store {
            Some(store) => Keeper::Store(store.clone(), sinks::all(config, origin)?),
            None => Keeper::Lines(sinks::lines(config, origin)?),
        })
    }

    pub(super) fn open(self) -> Result<Opened, Failure> {
        Ok(match self {
            Keeper::Store(config, sinks) => Opened::Store(Box::new(store::open(&config, sinks)?)),
            Keeper::Lines(lines) => Opened::Lines(lines),
        })
    }
}

impl Opened {
    /// What signals ask something of.
    pub(super) fn kept(&self) -> Option<(Arc<Asks>, Arc<Delivery>)> {
        match self {
            Opened::Store(kept) => Some((kept.store.asks(), Arc::clone(&kept.delivery))),
            Opened::Lines(_) => None,
        }
    }

    /// What can be seen of its sinks.
    pub(super) fn watched(&self) -> Option<Arc<Watched>> {
        match self {
            Opened::Store(kept) => Some(kept.delivery.watched()),
            Opened::Lines(_) => None,
        }
    }
}
