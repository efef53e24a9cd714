//! Who has to go when there is no room for all.

use super::process::{Process, until};
use super::siege::alone;
use super::swarm::connect_from;
use crate::support::PATIENCE;
use crate::support::client::{Client, Nothing};
use crate::support::queues::on_the_way;
use crate::support::receiver::{Receiver, setup};
use crate::support::request::{Post, signed};

/// A client that comes from 127.0.0.`from`.
fn client_from(from: u8, receiver: &Receiver) -> Client {
    let stream = std::net::TcpStream::from(connect_from(from, receiver.address).expect("it connects"));
    stream.set_nonblocking(false).unwrap();
    Client::over(stream).unwrap()
}

/// One that has had an answer and keeps its connection.
fn idle(from: u8, receiver: &Receiver) -> Client {
    let mut client = client_from(from, receiver);
    serve(&mut client);
    client
}

/// One in the middle of its request.
fn unfinished(from: u8, receiver: &Receiver) -> Client {
    let mut client = client_from(from, receiver);
    client.write(&signed("{}").head());
    client
}

fn serve(client: &mut Client) {
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
}

fn finish(mut client: Client) {
    client.write(b"{}");
    client.answer().expect_success();
}

#[test]
fn when_full_the_connection_that_was_idle_longest_goes_first() {
    let _alone = alone();
    let receiver = setup().arguments(&["--connection-limit", "4"]).start();
    let head = unfinished(2, &receiver);
    let [mut first, mut second, mut third] = [2, 2, 3].map(|from| idle(from, &receiver));
    // The first is now the one that was idle shortest.
    serve(&mut first);
    let mut fifth = idle(4, &receiver);
    assert_eq!(second.next(), Err(Nothing::Closed));
    let sixth = unfinished(4, &receiver);
    assert_eq!(third.next(), Err(Nothing::Closed));
    serve(&mut fifth);
    serve(&mut first);
    finish(head);
    finish(sixth);
}

#[test]
fn when_full_of_unfinished_requests_the_oldest_of_the_address_with_most_goes() {
    let _alone = alone();
    let receiver = setup().arguments(&["--connection-limit", "6"]).start();
    let alone_in_the_world = unfinished(2, &receiver);
    let [mut first, second, third] = [3, 3, 3].map(|from| unfinished(from, &receiver));
    let [fifth, sixth] = [4, 4].map(|from| unfinished(from, &receiver));
    // The oldest of all is the only one of its address, and stays.
    let seventh = unfinished(5, &receiver);
    assert_eq!(first.next(), Err(Nothing::Closed));
    for client in [alone_in_the_world, second, third, fifth, sixth, seventh] {
        finish(client);
    }
}

#[test]
fn a_newcomer_is_served_whoever_holds_the_place() {
    let _alone = alone();
    let receiver = setup().arguments(&["--connection-limit", "1"]).start();
    let mut holders: Vec<Client> = Vec::new();
    for _ in 0..3 {
        holders.push(unfinished(2, &receiver));
        holders.push(idle(3, &receiver));
    }
    let last = holders.pop().unwrap();
    for mut holder in holders {
        assert_eq!(holder.next(), Err(Nothing::Closed));
    }
    let mut last = last;
    serve(&mut last);
}

#[test]
fn an_address_has_no_more_connections_than_it_may() {
    let _alone = alone();
    let receiver = setup().arguments(&["--address-connection-limit", "2"]).start();
    let [mut first, mut second] = [2, 2].map(|from| idle(from, &receiver));
    assert_eq!(client_from(2, &receiver).next(), Err(Nothing::Closed));
    serve(&mut idle(3, &receiver));
    serve(&mut first);
    serve(&mut second);
    drop(first);
    // Its place is free as soon as the receiver has seen it go.
    let served = (0..100).any(|_| {
        let mut client = client_from(2, &receiver);
        client.write(&signed("{}").bytes());
        client.try_answer().is_ok()
    });
    assert!(served);
}

/// A delivery whose body is a string of `bytes` bytes.
fn long(bytes: usize) -> Post {
    signed(format!("\"{}\"", "x".repeat(bytes - 2)))
}

#[test]
fn when_buffers_are_full_the_oldest_that_holds_much_goes_and_small_ones_stay() {
    let _alone = alone();
    let receiver = setup().arguments(&["--buffer-limit", "1400000"]).start();
    let small = unfinished(2, &receiver);
    let [mut first, mut second] = [2, 2].map(|from| client_from(from, &receiver));
    let [first_bytes, second_bytes] = [long(900_000), long(700_000)].map(|post| post.bytes());
    first.write(&first_bytes[..800_000]);
    second.write(&second_bytes[..600_000]);
    assert_eq!(first.next(), Err(Nothing::Closed));
    second.write(&second_bytes[600_000..]);
    second.answer().expect_success();
    finish(small);
}

#[test]
fn when_buffers_are_full_another_address_than_the_heaviest_is_spared() {
    let _alone = alone();
    let receiver = setup().arguments(&["--buffer-limit", "1400000"]).start();
    let mut other = client_from(3, &receiver);
    let [mut first, mut second] = [2, 2].map(|from| client_from(from, &receiver));
    let bytes = long(600_000).bytes();
    for client in [&mut other, &mut first] {
        client.write(&bytes[..550_000]);
    }
    // Of two that are read at the same time either may hold more when it is too much.
    until(PATIENCE, || on_the_way(receiver.address.port()) == 0).expect("both are read");
    second.write(&bytes[..550_000]);
    assert_eq!(first.next(), Err(Nothing::Closed));
    for client in [&mut other, &mut second] {
        client.write(&bytes[550_000..]);
        client.answer().expect_success();
    }
}

#[test]
fn when_buffers_are_full_nobody_goes_whose_request_is_decided() {
    let _alone = alone();
    let receiver = setup().arguments(&["--buffer-limit", "1300000"]).start();
    let process = Process::new(receiver.id());
    let descriptors = process.descriptors();
    let bytes = long(900_000).bytes();
    let mut decided = client_from(2, &receiver);
    decided.write(&bytes[..bytes.len() - 10]);
    let mut others: Vec<Client> = (0..10).map(|_| client_from(2, &receiver)).collect();
    let is_read = || on_the_way(receiver.address.port()) == 0 && process.descriptors() == descriptors + 11;
    until(PATIENCE, is_read).expect("it is read");
    // In one turn the request is decided, which holds most and is oldest, and then the others come to hold too much.
    receiver.signal("STOP");
    until(PATIENCE, || process.is_stopped()).expect("it stops");
    decided.write(&bytes[bytes.len() - 10..]);
    for other in &mut others {
        other.write(&long(100_000).bytes()[..60_000]);
    }
    receiver.signal("CONT");
    decided.answer().expect_success();
    let mut closed = 0;
    for mut other in others {
        other.write(&long(100_000).bytes()[60_000..]);
        closed += usize::from(other.try_answer().is_err());
    }
    assert!((1..10).contains(&closed), "{closed} of 10 had to go");
}
