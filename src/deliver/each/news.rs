//! The events that a sink has not been given yet, in order.

use super::super::post::Post;
use crate::store::{Order, StoreError};
use std::collections::VecDeque;
use std::ops::ControlFlow;

/// Numbers of events that are next, as far as was looked.
pub(super) struct News {
    /// The last event that was looked at.
    looked: i64,
    /// Those up to it that may be for this sink, by their source and type.
    next: VecDeque<i64>,
}

/// What comes next.
pub(super) enum Next {
    /// This event may be for the sink.
    Event(i64),
    /// Events that are not for it; there may be more behind them.
    OfOthers,
    /// There is no more yet.
    Nothing,
}

impl News {
    /// What comes after this event.
    pub(super) fn after(cursor: i64) -> Self {
        News { looked: cursor, next: VecDeque::new() }
    }

    /// What comes next. It looks at the store once at most, for some milliseconds.
    pub(super) fn next(&mut self, post: &Post) -> Result<Next, StoreError> {
        if self.next.is_empty() {
            let (next, mut seen) = (&mut self.next, self.looked);
            let last = post.reader.look(Order::Ascending, self.looked, |facts| {
                seen = facts.number;
                // Of what cannot be read nobody can tell whether it was for this sink: whoever takes it finds out what it is.
                if !facts.is_readable || post.may_take(facts) {
                    next.push_back(facts.number);
                }
                ControlFlow::Continue(())
            });
            match last {
                Ok(Some(last)) => self.looked = last,
                Ok(None) => return Ok(Next::Nothing),
                // What came before the damage is right; what is behind it nobody knows.
                Err(_) if seen > self.looked => self.looked = seen,
                Err(error) => return Err(error),
            }
        }
        Ok(self.next.pop_front().map_or(Next::OfOthers, Next::Event))
    }

    /// That event could not be read: it is next again.
    pub(super) fn put_back(&mut self, number: i64) {
        self.next.push_front(number);
    }

    /// The last event that was given or left out.
    pub(super) fn looked(&self) -> i64 {
        self.next.front().map_or(self.looked, |next| next - 1)
    }

    /// All up to here is done, where `first` is the first that is under way.
    pub(super) fn cursor(&self, first: Option<i64>) -> i64 {
        first.map_or(self.looked(), |first| self.looked().min(first - 1))
    }
}
