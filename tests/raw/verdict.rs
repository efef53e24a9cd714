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

/// What is wrong first: with the answers that are due, then with what comes behind them, then with the connection.
pub(crate) fn fault(case: &Case, seen: &Seen, events: Events) -> Option<Fault> {
    let mut expected = case.answers.clone();
    expected.extend(seen.went_on.then_some(200));
    let statuses: Vec<u16> = seen.answers.iter().map(|(status, _)| *status).collect();
    let due = Events { own: case.events, next: usize::from(seen.went_on), evil: 0 };
    if events.own > due.own {
        return Some(Fault::Accepts);
    }
    if let Some((got, _)) = statuses.iter().zip(&expected).find(|(got, due)| got != due) {
        return Some(if *got == 200 { Fault::Accepts } else { Fault::AnswersOtherwise });
    }
    if case.end == End::Ended && statuses.len() > expected.len() {
        // RFC 9112 §8: that its request is incomplete a client may be told.
        return (statuses[expected.len()..] != [400]).then_some(Fault::AnswersOtherwise);
    }
    let closing = seen.answers.iter().position(|(_, closes)| *closes);
    if statuses.len() > expected.len() || events.evil > 0 || closing.is_some_and(|at| at + 1 < statuses.len()) {
        return Some(Fault::ReadsOn);
    }
    if statuses.len() < expected.len() {
        let silent = seen.last == Some(Nothing::Silence);
        return Some(if silent { Fault::StaysSilent } else { Fault::HangsUp });
    }
    if events != due {
        return Some(Fault::Miscounts);
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
