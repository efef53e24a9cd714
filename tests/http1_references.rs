//! The pure connection beside two other readers of the same bytes: a naive one by the sentences of the RFCs, and hyper.
#![cfg(feature = "evented")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what went wrong by panicking"
)]

#[path = "checks/http1.rs"]
mod checks;
#[path = "checks/http1_hyper.rs"]
mod http1_hyper;
#[path = "checks/http1_reference.rs"]
mod http1_reference;
#[path = "support/signer.rs"]
mod signer;
#[path = "raw/table.rs"]
mod table;

use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::path::Path;
use std::sync::OnceLock;
use table::Case;

/// What the cases of the table write, the long ones left out.
fn pieces() -> &'static [Vec<u8>] {
    static PIECES: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    PIECES.get_or_init(|| table::all().iter().map(Case::bytes).filter(|bytes| bytes.len() < 2000).collect())
}

/// A change of some bytes at a place.
#[derive(Clone, Debug)]
enum Change {
    Replace(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
}

/// Bytes that mean something to a reader of HTTP.
fn telling() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> = vec![
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b"\0",
        b"\x0b",
        b"0",
        b"1",
        b"2",
        b"a",
        b"+",
        b"-",
        b"0x",
        b"\xff",
        b"\"",
        b"/",
        b"HTTP/1.0",
        b"HTTP/1.1",
        b"chunked",
        b"identity",
        b"close",
        b"keep-alive",
        b"0\r\n\r\n",
        b"Content-Length: 2\r\n",
        b"Content-Length: 0\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"Expect: 100-continue\r\n",
        b"Host: a\r\n",
        b"GET / HTTP/1.1\r\n",
        b"2\r\n{}\r\n",
    ];
    prop_oneof![8 => select(words).prop_map(<[u8]>::to_vec), 1 => prop::collection::vec(any::<u8>(), 1..3)]
}

fn change() -> impl Strategy<Value = Change> {
    let place = any::<Index>;
    prop_oneof![
        (place(), telling()).prop_map(|(at, bytes)| Change::Replace(at, bytes[0])),
        (place(), telling()).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        (place(), 1..6_usize).prop_map(|(at, count)| Change::Remove(at, count)),
        (place(), 1..40_usize).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |index: &Index| index.index(bytes.len());
        match self {
            Change::Replace(at, byte) => {
                let at = place(at);
                bytes[at] = *byte;
            }
            Change::Insert(at, more) => drop(bytes.splice(place(at)..place(at), more.iter().copied())),
            Change::Remove(at, count) => drop(bytes.drain(place(at)..bytes.len().min(place(at) + count))),
            Change::Repeat(at, count) => bytes.extend_from_within(place(at)..bytes.len().min(place(at) + count)),
        }
        if bytes.is_empty() {
            bytes.push(b'\r');
        }
    }
}

/// Requests of the table one behind another, some of their bytes changed.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop_oneof![2 => Just(0..1_usize), 3 => Just(1..6_usize)];
    let changes = changes.prop_flat_map(|count| prop::collection::vec(change(), count));
    (prop::collection::vec(select(pieces()), 1..4), changes).prop_map(|(pieces, changes)| {
        let mut bytes = pieces.concat();
        if bytes.is_empty() {
            bytes.push(b'\n');
        }
        for change in &changes {
            change.apply(&mut bytes);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_stream_has_the_requests_and_the_end_that_a_naive_reader_sees(bytes in stream()) {
        checks::check_against_the_reference(&bytes);
    }

    #[test]
    fn a_stream_never_has_more_requests_than_hyper_sees_nor_others(bytes in stream()) {
        http1_hyper::check(&bytes);
    }
}

#[test]
fn every_case_of_the_table_is_read_alike() {
    for case in table::all() {
        checks::check_against_the_reference(&case.bytes());
        http1_hyper::check(&case.bytes());
    }
}

#[test]
fn every_seed_of_the_fuzz_targets_still_holds() {
    for (target, check) in
        [("http1_differential", checks::check_against_the_reference as fn(&[u8])), ("http1_hyper", http1_hyper::check)]
    {
        let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
        let files: Vec<_> = seeds.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        assert!(files.len() >= 10, "{} seeds of {target}", files.len());
        for file in files {
            check(&std::fs::read(file).unwrap());
        }
    }
}
