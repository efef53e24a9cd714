//! What delivery tells its operator.

use crate::store::StoreError;
use std::fmt;

/// Something that the operator may want to know.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Notice {
    /// A sink is new beside others: what came before it is not for it.
    Added {
        /// The sink.
        sink: String,
        /// The number of the last event that is not for it.
        after: i64,
    },
    /// A stream cannot be written to. It is tried again until it can.
    Blocked {
        /// The sink.
        sink: String,
        /// What the system said.
        why: String,
    },
    /// A sink failed, and did not before.
    Fails {
        /// The sink.
        sink: String,
        /// What happened.
        why: String,
    },
    /// A sink failed for so long that only one event at a time is tried.
    Paused {
        /// The sink.
        sink: String,
        /// What happened last.
        why: String,
    },
    /// A sink that was paused works.
    Resumed {
        /// The sink.
        sink: String,
    },
    /// An event was given up on.
    Dead {
        /// The sink.
        sink: String,
        /// The event's id.
        id: String,
        /// How often it was tried.
        attempts: u32,
        /// What happened last.
        why: String,
    },
    /// Nothing is handed on to a sink until this works again.
    Stuck {
        /// The sink.
        sink: String,
        /// What failed.
        error: StoreError,
    },
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Notice::Added { sink, after } => {
                write!(f, "the sink {sink} is new: it gets the events after number {after}")
            }
            Notice::Blocked { sink, why } => {
                write!(f, "{sink} takes no events: {why}; they are kept, and come when it does")
            }
            Notice::Fails { sink, why } => write!(f, "the sink {sink} fails: {why}; it is tried again"),
            Notice::Paused { sink, why } => {
                write!(f, "the sink {sink} fails on and on, and is paused: {why}; one event at a time is tried")
            }
            Notice::Resumed { sink } => write!(f, "the sink {sink} works again"),
            Notice::Dead { sink, id, attempts, why } => {
                let times = if *attempts == 1 { "attempt" } else { "attempts" };
                write!(
                    f,
                    "the sink {sink} gave up on {id} after {attempts} {times}: {why}; hookgate events replay {id} hands it on again"
                )
            }
            Notice::Stuck { sink, error } => {
                write!(f, "nothing is handed on to the sink {sink}: {error}; {}", error.hint())
            }
        }
    }
}
