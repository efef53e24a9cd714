//! The clock jumps.

use super::store::{FLEET, Store, holds};
use crate::support::faketime::faketime;
use crate::support::fleet::repeat;
use crate::support::receiver::Receiver;
use rusqlite::Connection;
use std::fs;
use std::path::Path;

/// A receiver whose clock is off by what stands in `offset`.
fn start(store: &Store, library: &Path, offset: &Path) -> Receiver {
    store.setup().clock(library, offset).start()
}

fn times(store: &Store, query: &str) -> Vec<i64> {
    let connection = Connection::open(store.data.join("events.db")).unwrap();
    let mut statement = connection.prepare(query).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_clock_that_jumps_by_a_day_loses_and_doubles_nothing() {
    let Some(library) = faketime() else { return };
    let store = Store::new();
    let offset = store.data.with_file_name("offset");
    fs::write(&offset, "+0").unwrap();
    let mut receiver = start(&store, &library, &offset);
    for jump in ["+0", "-1d", "+1d", "-1d"] {
        fs::write(&offset, jump).unwrap();
        assert_eq!(store.deliver(&receiver, FLEET), 0, "{jump}");
        holds(repeat(receiver.address, &store.ledger));
        receiver.kill();
        // And again, started where the clock now is.
        receiver = start(&store, &library, &offset);
        holds(repeat(receiver.address, &store.ledger));
        holds(store.ledger().look(&store.data));
    }
    const DAY_MS: i64 = 24 * 60 * 60 * 1000;
    let received = times(&store, "SELECT received_at FROM events ORDER BY id");
    let steps: Vec<i64> = received.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(steps.iter().any(|step| *step < -DAY_MS / 2), "the clock did not jump");
    let at = times(&store, "SELECT at FROM replay_keys ORDER BY event");
    assert!(at.windows(2).all(|pair| pair[0] <= pair[1]), "the clock of the keys went back");
    receiver.kill();
    holds(store.ledger().look_at_all(&store.data));
}
