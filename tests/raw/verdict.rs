//! What is wrong with what the client saw, if anything is.

use super::exchange::Seen;
use crate::support::client::Nothing;
use crate::table::{Case, End};

/// How a front fails a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The process ends.
    Dies,
    /// It accepts what it has to refuse.
    Accepts,
    /// It parses what stands behind a request that leaves it in doubt where the next one begins, or behind an answer that
    /// says `Connection: close`.
    ReadsOn,
    /// It answers, but not so.
    AnswersOtherwise,
    /// It closes the connection without the answers.
    HangsUp,
    /// It neither answers nor closes the connection.
    StaysSilent,
    /// It answers, and leaves the connection open.
    StaysOpen,
    /// It closes the connection after an answer that does not say so, or says so and does not.
    DoesNotSay,
    /// It has more or fewer events than deliveries that it accepted.
    Miscounts,
}

/// How many events came of a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Events {
    /// Of its own deliveries.
    pub(crate) own: usize,
    /// Of the one that was sent to see whether the connection goes on.
    pub(crate) next: usize,
    /// Of those that nobody may see.
    pub(crate) evil: usize,
}

/// What is wrong first.
pub(crate) fn fault(case: &Case, seen: &Seen, events: Events) -> Option<Fault> {
    let mut expected = case.answers.clone();
    expected.extend(seen.went_on.then_some(200));
    let statuses: Vec<u16> = seen.answers.iter().map(|(status, _)| *status).collect();
    let successes = |statuses: &[u16]| statuses.iter().filter(|status| **status == 200).count();
    let closing = seen.answers.iter().position(|(_, closes)| *closes);
    let due = Events { own: case.events, next: usize::from(seen.went_on), evil: 0 };
    if events.evil > 0 || closing.is_some_and(|at| at + 1 < statuses.len()) {
        return Some(Fault::ReadsOn);
    }
    if statuses != expected {
        return Some(if successes(&statuses) > successes(&expected) {
            Fault::Accepts
        } else if statuses.len() > expected.len() && statuses.starts_with(&expected) {
            Fault::ReadsOn
        } else if !expected.starts_with(&statuses) {
            Fault::AnswersOtherwise
        } else if seen.last == Some(Nothing::Silence) {
            Fault::StaysSilent
        } else {
            Fault::HangsUp
        });
    }
    if events != due {
        return Some(if events.own > due.own { Fault::Accepts } else { Fault::Miscounts });
    }
    let must_close = matches!(case.end, End::Closed | End::Ended);
    if must_close && seen.last != Some(Nothing::Closed) {
        return Some(Fault::StaysOpen);
    }
    let says_what_it_does = match case.end {
        End::Closed => closing.is_some(),
        End::Kept => closing.is_some() != seen.went_on,
        End::Ended | End::Gone => true,
    };
    (!says_what_it_does).then_some(Fault::DoesNotSay)
}
