//! What both kinds of sinks have at hand while they work.

use super::running::{Control, Mode};
use super::{Notice, Shared, WatchedSink};
use crate::config::Filter;
use crate::payload::Payload;
use crate::store::{Event, Facts, Reader, StoreError};
use crate::time::UnixTime;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often what is written about events that are gone from the store is let go of, at most.
const TIDY_EVERY: Duration = Duration::from_secs(60);

/// When it is tried again where a sink cannot begin.
const BEGIN_AGAIN: Duration = Duration::from_secs(30);

/// A sink's place in the store.
pub(super) struct Post {
    pub(super) name: String,
    pub(super) filter: Filter,
    pub(super) reader: Reader,
    pub(super) shared: Arc<Shared>,
    pub(super) control: Arc<Control>,
    pub(super) watched: Arc<WatchedSink>,
    /// All up to this event is done, or owed; as the file has it.
    pub(super) cursor: i64,
    pub(super) tidied: Option<Instant>,
}

impl Post {
    /// Goes to where the sink was left; nothing where it is to end already.
    pub(super) fn begin(mut self) -> Option<Self> {
        loop {
            let begun = self.shared.ledger.cursor(&self.name).and_then(|cursor| self.came_to(cursor, true));
            match begun {
                Ok(_) => return Some(self),
                Err(_) if self.control.stop.is_asked() || self.control.mode() != Mode::Run => return None,
                Err(error) => {
                    self.tell(Notice::Stuck { sink: self.name.clone(), error });
                    std::thread::park_timeout(BEGIN_AGAIN);
                }
            }
        }
    }

    /// Whether the sink may take an event of which no more is known than this.
    pub(super) fn may_take(&self, facts: &Facts<'_>) -> bool {
        self.filter.may_take(facts.source, facts.event_type)
    }

    /// Whether the sink takes this event.
    pub(super) fn takes(&self, event: &Event) -> bool {
        // Its JSON is looked for only where somebody asks about it.
        if self.filter.json.is_empty() {
            return self.filter.may_take(&event.source, event.event_type.as_deref());
        }
        let payload = event.payload();
        let json = match &payload {
            Payload::Json(text) => Some(text.as_str()),
            Payload::Opaque(_) => None,
        };
        self.filter.takes(&event.source, event.event_type.as_deref(), json)
    }

    pub(super) fn tell(&self, notice: Notice) {
        (self.shared.tell)(notice);
    }

    /// The id of the event of this number.
    pub(super) fn id(&self, number: i64) -> String {
        self.reader.id().event(number).to_string()
    }

    /// Whether somebody may have asked for events to be handed on again.
    pub(super) fn wishes(&self) -> bool {
        self.control.replays.swap(false, Ordering::AcqRel)
    }

    /// Makes owed what the sink is to be given again, `most` of it; gives how much that was. What has to wait is looked for
    /// again when something wakes the sink.
    pub(super) fn take_replays(&self, most: usize, (busy, last): (&BTreeSet<i64>, i64)) -> Result<usize, StoreError> {
        let taken = self.shared.ledger.take_replays(&self.name, most, (busy, last), UnixTime::now());
        // Where it failed, too.
        if taken.as_ref().map_or(true, |(_, is_left)| *is_left) {
            self.control.replays.store(true, Ordering::Release);
        }
        Ok(taken?.0)
    }

    /// The file has it that the sink has come to `cursor`. Where it `owes`, or may, events before that are held too. Whether dead
    /// letters may have gone with their events.
    pub(super) fn came_to(&mut self, cursor: i64, owes: bool) -> Result<bool, StoreError> {
        self.cursor = cursor;
        self.watched.set_done(cursor);
        let lowest = if owes { self.shared.ledger.lowest(&self.name)? } else { None };
        self.shared.holds.hold(&self.name, lowest.unwrap_or(i64::MAX).min(cursor.saturating_add(1)));
        if self.tidied.is_some_and(|tidied| tidied.elapsed() < TIDY_EVERY) {
            return Ok(false);
        }
        self.tidied = Some(Instant::now());
        let lowest = self.reader.ends()?.map_or(cursor, |(lowest, _)| lowest);
        self.shared.ledger.tidy(lowest)?;
        Ok(true)
    }
}
