//! What hostile clients do, as data.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

/// What each of a number of clients does.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) clients: usize,
    /// Sent at once.
    pub(super) opening: Arc<[u8]>,
    /// Sent after it, over and over, at `pace`; nothing where it is empty.
    pub(super) refrain: Arc<[u8]>,
    /// This many bytes each time this long has passed; fewer where the receiver takes fewer.
    pub(super) pace: (usize, Duration),
    /// Most bytes sent on a connection.
    pub(super) bytes: usize,
    /// What it does once all is sent.
    pub(super) end: End,
    /// Whether it reads what it is answered. Who does not has a small buffer for it, too.
    pub(super) reads: bool,
    /// From the end of its connection to its next one.
    pub(super) rest: Duration,
    /// Most connections in all, of all these clients together.
    pub(super) connections: usize,
    /// With fewer connections than this, of all these clients together, it was no attack.
    pub(super) enough: usize,
    /// They come from these addresses, 127.0.0.N, in turn. The probe's is the first.
    pub(super) from: RangeInclusive<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Waits until the receiver closes.
    Stay,
    /// Closes, and leaves what it is answered unread.
    Close,
    /// Closes with a reset.
    Reset,
}

impl Plan {
    /// Clients that connect and then do nothing, from one address, which is the probe's, until the receiver closes.
    pub(super) fn of(name: &'static str, clients: usize) -> Self {
        Plan {
            name,
            clients,
            opening: Arc::default(),
            refrain: Arc::default(),
            pace: (0, Duration::MAX),
            bytes: usize::MAX,
            end: End::Stay,
            reads: true,
            rest: Duration::from_millis(20),
            connections: usize::MAX,
            enough: clients,
            from: 1..=1,
        }
    }

    pub(super) fn opening(self, bytes: impl AsRef<[u8]>) -> Self {
        Plan { opening: bytes.as_ref().into(), ..self }
    }

    pub(super) fn refrain(self, bytes: impl AsRef<[u8]>, piece: usize, every: Duration) -> Self {
        Plan { refrain: bytes.as_ref().into(), pace: (piece, every), ..self }
    }

    /// The bytes from `sent` on that are sent next.
    pub(super) fn next(&self, sent: usize) -> &[u8] {
        let most = self.bytes.saturating_sub(sent);
        if let Some(rest) = self.opening.get(sent..).filter(|rest| !rest.is_empty()) {
            return &rest[..rest.len().min(most)];
        }
        if self.refrain.is_empty() {
            return &[];
        }
        let rest = &self.refrain[(sent - self.opening.len()) % self.refrain.len()..];
        &rest[..rest.len().min(most).min(self.pace.0)]
    }
}
