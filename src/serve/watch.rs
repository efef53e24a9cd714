//! What a front tells whoever watches it: numbers and verdicts, never a byte of a request.

use crate::receive::Receivers;
use crate::time::UnixTime;
use crate::verify::Refusal;
use std::net::IpAddr;
use std::time::Duration;

/// Watches a front, on the thread that receives: it must not wait for anything.
pub trait Watch: Send {
    /// The front serves by `receivers` from now on, whose numbers are those that the other calls speak of.
    fn serves(&mut self, receivers: &Receivers) {
        let _ = receivers;
    }

    /// A delivery to the receiver of this number was proven by the secret of this label.
    fn proved(&mut self, receiver: usize, secret_label: &str, date: UnixTime) {
        let _ = (receiver, secret_label, date);
    }

    /// Whether it wants to know which event a request became; to write an id costs more than to count.
    fn wants_ids(&self, date: UnixTime) -> bool {
        let _ = date;
        false
    }

    /// A request was answered.
    fn answered(&mut self, request: &Answered<'_>) {
        let _ = request;
    }

    /// The keeper is asked to keep a turn, which may take as long as a disk takes.
    fn settles(&mut self) {}

    /// The keeper was asked to keep a turn.
    fn settled(&mut self, turn: Settled) {
        let _ = turn;
    }

    /// Whether the keeper takes deliveries, as far as it knows.
    fn keeps(&mut self, is_taking: bool) {
        let _ = is_taking;
    }

    /// Something happened to a connection.
    fn connection(&mut self, happening: Happening) {
        let _ = happening;
    }

    /// Does what is due at `date`; gives how long nothing will be due, if anything ever is.
    fn tend(&mut self, date: UnixTime) -> Option<Duration> {
        let _ = date;
        None
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// A request that was answered.
#[derive(Clone, Copy, Debug)]
pub struct Answered<'a> {
    /// The number of the receiver that it was for, where there is one on its path.
    pub receiver: Option<usize>,
    /// What came of it.
    pub verdict: Verdict<'a>,
    /// The status of the answer.
    pub status: u16,
    /// The id of the event that it became, where that is wanted.
    pub id: Option<&'a str>,
    /// The address that its connection came from, where it has one.
    pub peer: Option<IpAddr>,
    /// From its first byte to its answer.
    pub took: Duration,
    /// When it was decided.
    pub date: UnixTime,
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It is an event, which was kept.
    Accepted,
    /// It is a delivery that came before.
    Duplicate,
    /// It was a handshake.
    Handshake,
    /// It was refused.
    Refused(&'a Refusal),
    /// It was proven, and could not be kept.
    Unavailable,
}

impl Verdict<'_> {
    /// Its name, in logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Duplicate => "duplicate",
            Verdict::Handshake => "handshake",
            Verdict::Refused(_) => "refused",
            Verdict::Unavailable => "unavailable",
        }
    }

    /// Why it was not taken, in one word of a fixed set; nothing where it was.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Verdict::Refused(refusal) => refusal.name(),
            Verdict::Unavailable => "store",
            Verdict::Accepted | Verdict::Duplicate | Verdict::Handshake => "",
        }
    }
}

/// A turn that the keeper was asked to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// How many deliveries it had.
    pub deliveries: usize,
    /// How long the keeper took.
    pub took: Duration,
    /// Whether all of them were kept.
    pub is_kept: bool,
}

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// One was opened.
    Opened,
    /// One was closed.
    Closed,
    /// One was closed, or not opened, to make room.
    Shed(Shed),
    /// One could not be accepted: the system has no descriptor or no memory for it.
    AcceptFailed,
    /// Its TLS handshake came to an end: a good one, or not.
    Handshaken {
        /// Whether it was good.
        is_done: bool,
    },
}

/// Why a connection was closed for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shed {
    /// There were as many as there may be.
    Connections,
    /// Its address had as many as it may have.
    Address,
    /// All together held as much memory as they may.
    Memory,
    /// The system had no descriptor for another one.
    Descriptors,
}

impl Shed {
    /// All of them.
    pub const ALL: [Shed; 4] = [Shed::Connections, Shed::Address, Shed::Memory, Shed::Descriptors];

    /// Its name, in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Shed::Connections => "connections",
            Shed::Address => "address",
            Shed::Memory => "memory",
            Shed::Descriptors => "descriptors",
        }
    }
}
