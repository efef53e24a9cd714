//! The raw-socket suite: one table of connections (`raw/table.rs`), played against both fronts. What tiny_http gets wrong is
//! an explicit list (`raw/tiny_http_fails.rs`), which fails when one of it starts to pass.
#![cfg(feature = "cli")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests say what went wrong by panicking"
)]

mod support;
#[path = "raw/table.rs"]
mod table;

mod raw {
    pub(crate) mod exchange;
    pub(crate) mod run;
    pub(crate) mod tiny_http_fails;
    pub(crate) mod verdict;
}

use raw::exchange::{Manner, play};
use raw::run::{count, evented, in_parallel, receiver, take};
use raw::tiny_http_fails::{is_silence, listed};
use raw::verdict::{Fault, fault};
use std::collections::BTreeSet;
use support::client::{Client, Nothing};
use support::receiver::Receiver;
use support::request::signed;
use support::signer;
use support::{PATIENCE, SILENCE};
use table::{Case, End};

/// The front is an argument of each receiver here.
const FRONT: &[&str] = &[];
const KEEPS_CONNECTIONS: bool = true;

#[test]
fn the_table_has_enough_of_everything() {
    let cases = table::all();
    assert!(cases.len() >= 650, "{} cases", cases.len());
    let sources: BTreeSet<&str> = cases.iter().map(|case| case.source).collect();
    for source in ["RFC 9112", "RFC 9110", "llhttp", "h11", "http-garden", "CVE-"] {
        let of_it = cases.iter().filter(|case| case.source.contains(source)).count();
        assert!(of_it >= 8, "{of_it} cases of {source}, of {} sources", sources.len());
    }
}

#[test]
fn the_evented_front_passes_all() {
    evented(&table::all(), false);
}

#[test]
fn the_evented_front_passes_all_byte_by_byte() {
    let few: Vec<Case> = table::all().into_iter().filter(|case| case.splits && case.bytes().len() < 1000).collect();
    assert!(few.len() >= 400, "{}", few.len());
    evented(&few, true);
}

/// How tiny_http fails `case`, on a receiver of its own: some of it ends the process, or holds it up for good.
fn of_tiny_http(case: &Case, listed: &[Fault]) -> (Option<Fault>, String) {
    let mut receiver = receiver("tiny_http");
    // What is listed as saying nothing, or as not closing, need not be waited for.
    let patience = if is_silence(listed) { SILENCE } else { PATIENCE };
    let patience_at_the_end = if listed.is_empty() { PATIENCE } else { SILENCE };
    let seen = play(case, 0, Manner { address: receiver.address, patience, patience_at_the_end, bytewise: false });
    let early: Vec<_> = match case.end {
        // Nothing else tells when it has come so far.
        End::Gone => (0..case.events).map(|_| receiver.next_event()).collect(),
        _ => Vec::new(),
    };
    if seen.answers.len() < case.answers.len() && seen.last == Some(Nothing::Closed) && !serves(&receiver) {
        receiver.wait();
        receiver.forgive();
        return (Some(Fault::Dies), format!("{seen:?}"));
    }
    let mut counts = count(early.into_iter().chain(receiver.kill()));
    counts.remove("sentinel");
    let mut events = take(&mut counts, 0);
    events.evil += counts.into_values().sum::<usize>();
    (fault(case, &seen, events), format!("{seen:?}, {events:?}"))
}

/// Whether it is still there for others.
fn serves(receiver: &Receiver) -> bool {
    let Ok(mut client) = Client::try_connect(receiver.address) else { return false };
    client.write(&signed("{}").header("X-GitHub-Delivery", "sentinel").bytes());
    client.try_answer().is_ok()
}

#[test]
fn tiny_http_fails_what_is_listed_and_nothing_else() {
    let cases = table::all();
    let listed = listed();
    for name in listed.keys() {
        assert!(cases.iter().any(|case| case.name == *name), "no case is called {name:?}");
    }
    let listed = |case: &Case| listed.get(case.name.as_str()).map_or(&[][..], Vec::as_slice);
    let outcomes = in_parallel(&cases, |_, case| of_tiny_http(case, listed(case)));
    let mut unsaid = 0;
    let mut wrong = Vec::new();
    for (case, (fault, seen)) in cases.iter().zip(outcomes) {
        let known = listed(case);
        match fault {
            // Its own answers close the connection and do not say so, which RFC 9112 §9.6 asks for with SHOULD.
            Some(Fault::DoesNotSay) if known.is_empty() => unsaid += 1,
            Some(fault) if known.contains(&fault) => {}
            None if known.is_empty() => {}
            Some(fault) => wrong.push(format!("{fault:?} is not listed: {}: {seen}", case.name)),
            None => wrong.push(format!("passes now, take it off the list: {}: {seen}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(unsaid > 0, "its own answers say now that they close the connection");
}
