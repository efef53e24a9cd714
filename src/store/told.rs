//! What the store tells its operator, and how often.

use super::StoreError;
use std::fmt;
use std::time::{Duration, Instant};

/// Something that the operator may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// Nothing can be taken: every sender is told to try again.
    Failed(StoreError),
    /// What failed works again.
    Recovered,
    /// So many deliveries came before.
    Duplicates(u64),
    /// Somebody reads the file without an end, so that its log grows.
    LogHeld {
        /// The log's length.
        length_bytes: u64,
        /// The length at which nothing more is taken.
        limit_bytes: u64,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Failed(error) => write!(f, "no event is taken: {error}; {}", error.hint()),
            Notice::Recovered => f.write_str("events are taken again"),
            Notice::Duplicates(1) => f.write_str("a delivery came that had come before"),
            Notice::Duplicates(count) => write!(f, "{count} deliveries came that had come before"),
            Notice::LogHeld { length_bytes, limit_bytes } => write!(
                f,
                "the store's log has {length_bytes} bytes, since another program reads events.db without an end; at {limit_bytes} no event is taken"
            ),
        }
    }
}

/// Repeats of duplicates are told this often at most.
const DUPLICATES_EVERY: Duration = Duration::from_secs(1);

/// A failure that goes on is told again after this long.
const FAILURE_EVERY: Duration = Duration::from_secs(30);

type Tell = dyn Fn(Notice) + Send;

/// Tells, on the thread that receives: whoever listens does not keep it.
pub(super) struct Told {
    tell: Option<Box<Tell>>,
    duplicates: u64,
    duplicates_told: Option<Instant>,
    failure_told: Option<Instant>,
    log_told: Option<Instant>,
}

impl Told {
    pub(super) fn new() -> Self {
        Told { tell: None, duplicates: 0, duplicates_told: None, failure_told: None, log_told: None }
    }

    pub(super) fn listen(&mut self, tell: Box<Tell>) {
        self.tell = Some(tell);
    }

    fn tell(&self, notice: Notice) {
        if let Some(tell) = &self.tell {
            tell(notice);
        }
    }

    pub(super) fn failed(&mut self, error: &StoreError) {
        if self.failure_told.is_none_or(|told| told.elapsed() >= FAILURE_EVERY) {
            self.failure_told = Some(Instant::now());
            self.tell(Notice::Failed(error.clone()));
        }
    }

    /// A turn was kept, with so many deliveries in it that came before.
    pub(super) fn kept(&mut self, duplicates: u64) {
        self.duplicates += duplicates;
        if self.failure_told.take().is_some() {
            self.tell(Notice::Recovered);
        }
    }

    pub(super) fn log_held(&mut self, length_bytes: u64, limit_bytes: u64) {
        if self.log_told.is_none_or(|told| told.elapsed() >= FAILURE_EVERY) {
            self.log_told = Some(Instant::now());
            self.tell(Notice::LogHeld { length_bytes, limit_bytes });
        }
    }

    /// Tells what is due; gives when more will be, if anything will.
    pub(super) fn tend(&mut self) -> Option<Duration> {
        if self.duplicates == 0 {
            return None;
        }
        match self.duplicates_told.map(|told| told.elapsed()) {
            Some(since) if since < DUPLICATES_EVERY => Some(DUPLICATES_EVERY - since),
            _ => {
                self.duplicates_told = Some(Instant::now());
                let count = std::mem::take(&mut self.duplicates);
                self.tell(Notice::Duplicates(count));
                None
            }
        }
    }
}
