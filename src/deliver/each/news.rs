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

impl News {
    /// What comes after this event.
    pub(super) fn after(cursor: i64) -> Self {
        News { looked: cursor, next: VecDeque::new() }
    }

    /// The next event.
    pub(super) fn next(&mut self, post: &Post) -> Result<Option<i64>, StoreError> {
        while self.next.is_empty() {
            let next = &mut self.next;
            let last = post.reader.look(Order::Ascending, self.looked, |facts| {
                if post.may_take(facts) {
                    next.push_back(facts.number);
                }
                ControlFlow::Continue(())
            });
            // What is damaged on the way is looked at again as a whole.
            let last = last.inspect_err(|_| self.next.clear())?;
            let Some(last) = last else { return Ok(None) };
            self.looked = last;
        }
        Ok(self.next.pop_front())
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
