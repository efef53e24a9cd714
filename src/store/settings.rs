//! What the operator decides about the store.

/// How long and how much the store keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// For how many days a delivery that comes again is known.
    pub replay_days: u32,
    /// How many deliveries are known at most; the oldest are forgotten first.
    pub replay_keys: usize,
    /// Events that are older are deleted, in days. Nothing: none is.
    pub keep_days: Option<u32>,
    /// The oldest events are deleted when the file has more bytes in use. Nothing: none is.
    pub keep_bytes: Option<u64>,
    /// Longest write-ahead log, in bytes. It grows while somebody reads the file without an end; at this length nothing more is
    /// taken until they are done.
    pub log_limit_bytes: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            // Providers try again for up to three days (Stripe Docs, "Webhooks", retries: up to three days), and operators
            // send again by hand within the week.
            replay_days: 7,
            replay_keys: 1_000_000,
            keep_days: None,
            keep_bytes: None,
            log_limit_bytes: 1024 * 1024 * 1024,
        }
    }
}

/// Milliseconds of a day.
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

impl Settings {
    pub(super) fn replay_ms(&self) -> i64 {
        i64::from(self.replay_days) * DAY_MS
    }

    pub(super) fn keep_ms(&self) -> Option<i64> {
        self.keep_days.map(|days| i64::from(days) * DAY_MS)
    }
}
