//! Ten thousand connections that wait for the next delivery.

use super::plan::Plan;
use super::process::until;
use super::siege::{Siege, has_descriptors};
use super::swarm::Swarm;
use crate::support::receiver::setup;
use crate::support::request::signed;
use std::time::Duration;

const COUNT: usize = 10_000;

/// Resident memory of the receiver with all of them, in bytes, at most.
const RESIDENT_BYTES: usize = 24 * 1024 * 1024;

#[test]
fn ten_thousand_idle_connections_after_a_request_each_take_24_mib_at_most() {
    // The receiver inherits the limit of this process.
    if !has_descriptors(COUNT as u64 + 200) {
        return;
    }
    let siege = Siege::of(setup().arguments(&["--connection-limit", "10100", "--idle-timeout", "600"]), 10);
    let idle = Plan { from: 2..=5, ..Plan::of("idle", COUNT).opening(signed("{}").bytes()) };
    let swarm = Swarm::start(siege.receiver.address, vec![idle]);
    until(Duration::from_secs(60), || swarm.answered() == COUNT).expect("all are answered");
    let resident = siege.process.resident_bytes();
    assert_eq!(siege.process.descriptors(), siege.descriptors + COUNT, "all are there");
    eprintln!("{COUNT} idle connections: {:.1} MiB resident", resident as f64 / 1024.0 / 1024.0);
    assert!(resident <= RESIDENT_BYTES, "{resident} bytes are resident");
    siege.receiver.send(&signed("{}")).expect_success();
    let [tally] = swarm.leave().try_into().unwrap();
    assert_eq!((tally.connected, tally.ended), (COUNT, 0), "nobody had to go");
    siege.wait_for_descriptors_as_at_the_start().unwrap();
}
