//! Too few descriptors for all who come.

use super::plan::Plan;
use super::process::{Process, until};
use super::siege::{Siege, alone};
use super::swarm::Swarm;
use crate::support::client::Client;
use crate::support::receiver::setup;
use crate::support::request::signed;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::time::Duration;

/// Processor time that is nothing, of two seconds: waking up now and then.
const NOTHING: Duration = Duration::from_millis(100);

const TWO_SECONDS: Duration = Duration::from_secs(2);

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn with_64_descriptors_and_150_clients_it_goes_on_and_is_at_rest_afterwards() {
    let mut siege = Siege::of(setup().descriptors(64), 10);
    let request = signed("{}").bytes();
    let often = Plan::of("150 clients", 150).refrain(&request, request.len(), Duration::from_millis(50));
    let swarm = Swarm::start(siege.receiver.address, vec![Plan { rest: Duration::ZERO, ..often }]);
    // A quick receiver has answered thousands before the last of the clients has come.
    until(PATIENCE, || swarm.answered() >= 5000 && swarm.most_at_once() > 64).expect("many are answered, and crowd in");
    let [tally] = swarm.leave().try_into().unwrap();
    assert!(tally.ended > 0, "some had to go: {tally:?}");
    siege.wait_for_descriptors_as_at_the_start().unwrap();
    for _ in 0..10 {
        siege.receiver.send(&signed("{}")).expect_success();
    }
    assert!(siege.receiver.is_running());
    let used = siege.process.processor_time_within(TWO_SECONDS);
    assert!(used <= NOTHING, "{used:?} of processor time while nobody is there");
}

/// Leaves the process `spare` more descriptors than it has.
fn leave_descriptors(process: &Process, id: u32, spare: usize) {
    let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
    let limit = Some(process.descriptor_limit_for(spare));
    prlimit(Some(id), Resource::Nofile, Rlimit { current: limit, maximum: limit }).expect("the receiver is ours");
}

#[test]
fn where_accepting_fails_who_is_idle_makes_room_and_all_are_answered() {
    let _alone = alone();
    let receiver = setup().start();
    leave_descriptors(&Process::new(receiver.id()), receiver.id(), 3);
    let mut clients: Vec<Client> = (0..12).map(|_| receiver.connect()).collect();
    for client in &mut clients {
        client.write(&signed("{}").bytes());
    }
    for client in &mut clients {
        client.answer().expect_success();
    }
}

#[test]
fn where_accepting_fails_it_does_not_spin_and_resumes_once_there_is_room() {
    let _alone = alone();
    let receiver = setup().arguments(&["--head-timeout", "4"]).start();
    let process = Process::new(receiver.id());
    let before = process.descriptors();
    leave_descriptors(&process, receiver.id(), 3);
    let mut holders: Vec<Client> = (0..3).map(|_| receiver.connect()).collect();
    for holder in &mut holders {
        holder.write(b"POST ");
    }
    let mut waiting = receiver.connect();
    waiting.write(&signed("{}").bytes());
    until(PATIENCE, || process.descriptors() == before + 3).expect("three are accepted");
    let used = process.processor_time_within(TWO_SECONDS);
    assert!(used <= NOTHING, "{used:?} of processor time while it waits for room");
    // The heads come due, which makes room.
    waiting.answer().expect_success();
}
