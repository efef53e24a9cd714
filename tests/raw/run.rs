//! The table, or a part of it, played against a receiver.

use super::exchange::{Manner, ids, play};
use super::verdict::{Events, fault};
use crate::support::PATIENCE;
use crate::support::receiver::{Event, Receiver, setup};
use crate::support::request::signed;
use crate::table::{BODY_LIMIT_BYTES, Case};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub(crate) fn receiver(front: &str) -> Receiver {
    let arguments = ["--front", front, "--body-limit", &BODY_LIMIT_BYTES.to_string()];
    // One that panics is to end at once, and not to look up names first.
    setup().arguments(&arguments).variable("RUST_BACKTRACE", "0").start()
}

/// What `play` makes of each of `cases`, a few at a time.
pub(crate) fn in_parallel<T: Send>(cases: &[Case], play: impl Fn(usize, &Case) -> T + Sync) -> Vec<T> {
    const THREADS: usize = 8;
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(case) = cases.get(number) else { return };
                    let outcome = play(number, case);
                    outcomes.lock().expect("nobody panics with it").insert(number, outcome);
                }
            });
        }
    });
    outcomes.into_inner().expect("nobody panics with it").into_values().collect()
}

/// How many events have each id.
pub(crate) fn count(events: impl IntoIterator<Item = Event>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for event in events {
        *counts.entry(event.text("delivery_id").unwrap_or_default()).or_default() += 1;
    }
    counts
}

/// Takes the events of case `number` out of `counts`.
pub(crate) fn take(counts: &mut BTreeMap<String, usize>, number: usize) -> Events {
    let [own, next, evil] = ids(number).map(|id| counts.remove(&id).unwrap_or_default());
    Events { own, next, evil }
}

/// All of `cases` against one receiver on the evented front, several connections at once.
pub(crate) fn evented(cases: &[Case], bytewise: bool) {
    let receiver = receiver("evented");
    let manner = Manner { address: receiver.address, patience: PATIENCE, patience_at_the_end: PATIENCE, bytewise };
    let seen = in_parallel(cases, |number, case| play(case, number, manner));
    receiver.send(&signed("{}").header("X-GitHub-Delivery", "sentinel")).expect_success();
    let events = std::iter::from_fn(|| Some(receiver.next_event()));
    let mut counts = count(events.take_while(|event| event.text("delivery_id").as_deref() != Some("sentinel")));
    let failed: Vec<String> = (0..cases.len())
        .filter_map(|number| {
            let (case, seen, events) = (&cases[number], &seen[number], take(&mut counts, number));
            let fault = fault(case, seen, events)?;
            Some(format!("{:?} ({}): {fault:?}: {seen:?}, {events:?}", case.name, case.source))
        })
        .collect();
    assert!(failed.is_empty(), "{} of {} failed:\n{}", failed.len(), cases.len(), failed.join("\n"));
    assert!(counts.is_empty(), "events of what nobody may see: {counts:?}");
    // The sending side is shut down at once, not after the two seconds for which it goes on reading. Half of them are to be
    // in time, so that a busy machine fails nothing.
    let mut endings: Vec<_> = seen.iter().filter_map(|seen| seen.ending).collect();
    endings.sort_unstable();
    assert!(endings[endings.len() / 2] < Duration::from_secs(1), "{:?}", endings[endings.len() / 2]);
}
