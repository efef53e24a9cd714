//! The store's clock: it tells how long a replay key is known, and does not go back.

use crate::time::UnixTime;
use std::time::Instant;

/// Milliseconds since 1970 as this machine's clock had it when the store was opened, and as they passed since: whoever sets the
/// machine's clock meanwhile makes no key older or younger. Where that clock stands before the newest key, it goes on from there.
#[derive(Debug)]
pub(super) struct Clock {
    base_ms: i64,
    started: Instant,
}

impl Clock {
    pub(super) fn starting(now: UnixTime, newest_ms: Option<i64>) -> Self {
        Clock { base_ms: now.as_ms().max(newest_ms.unwrap_or(i64::MIN)), started: Instant::now() }
    }

    pub(super) fn now(&self) -> i64 {
        self.base_ms.saturating_add(i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
