//! Many clients, and clients that go away.

use crate::support::client::{Client, Nothing};
use crate::support::receiver::{Receiver, setup, start};
use crate::support::request::{signed, unsigned};
use std::thread;
use std::time::Duration;

#[test]
fn eight_clients_that_would_keep_their_connections_are_all_answered() {
    let receiver = start();
    let clients: Vec<_> = (0..8).map(|_| receiver.connect()).collect();
    thread::scope(|scope| {
        for mut client in clients {
            scope.spawn(move || {
                client.write(&signed("{}").header("Connection", "keep-alive").bytes());
                // It says `Connection: close`, so the client closes.
                let answer = client.answer();
                answer.check_form();
                answer.expect_success();
            });
        }
    });
    for _ in 0..8 {
        receiver.next_event();
    }
}

#[test]
fn a_client_of_http_1_0_is_answered() {
    let receiver = start();
    let bytes = signed("{}").bytes();
    let old = String::from_utf8(bytes).unwrap().replace("HTTP/1.1", "HTTP/1.0");
    receiver.send_raw(old.as_bytes()).expect_success();
    receiver.next_event();
}

#[test]
fn a_client_that_asks_to_close_sees_the_connection_closed() {
    let receiver = start();
    let mut client = receiver.connect();
    client.write(&signed("{}").header("Connection", "close").bytes());
    client.answer().expect_success();
    assert_eq!(client.next(), Err(Nothing::Closed));
}

#[test]
fn two_hundred_connections_one_after_another_are_all_answered() {
    let receiver = start();
    for number in 0..200 {
        assert_eq!(receiver.accept(&signed(number.to_string())).payload(), number.to_string());
    }
}

#[test]
fn sixty_four_connections_at_once_are_all_answered() {
    let receiver = start();
    thread::scope(|scope| {
        for _ in 0..64 {
            let address = receiver.address;
            scope.spawn(move || {
                let mut client = Client::connect(address);
                client.write(&signed("{}").bytes());
                client.answer().expect_success();
            });
        }
    });
    for _ in 0..64 {
        receiver.next_event();
    }
}

#[test]
fn clients_that_go_away_half_way_harm_nobody() {
    let mut receiver = start();
    let small = signed("[1,2,3]").bytes();
    let large = signed(format!("\"{}\"", "x".repeat(100_000))).bytes();
    let chunked = signed(format!("\"{}\"", "x".repeat(5000))).chunked(700).bytes();
    let forged = unsigned("x".repeat(100_000)).bytes();
    for request in [&small, &large, &chunked, &forged] {
        for sent in [0, 1, 20, 100, request.len() / 2, request.len() - 1] {
            let mut client = receiver.connect();
            client.write(&request[..sent.min(request.len() - 1)]);
        }
    }
    receiver.expect_no_event();
    assert!(receiver.is_running());
}

#[test]
fn a_client_that_does_not_wait_for_its_answer_has_its_event_all_the_same() {
    let receiver = start();
    for _ in 0..20 {
        receiver.connect().write(&signed("[1]").bytes());
        assert_eq!(receiver.next_event().payload(), "[1]");
    }
    receiver.expect_no_event();
}

#[test]
fn when_descriptors_run_out_it_serves_again_once_there_are_some() {
    // Of an odd and an even number free, one fails to accept and the other fails half way.
    for limit in [32, 33] {
        let mut receiver = setup().descriptors(limit).start();
        let holders: Vec<_> = (0..40).map(|_| receiver.connect()).collect();
        drop(holders);
        answered_in_the_end(&receiver);
        assert!(receiver.is_running());
    }
}

/// Some connections of the time of need may be lost; the ones after it are not.
fn answered_in_the_end(receiver: &Receiver) {
    let answered = (0..10).any(|_| {
        let mut client = receiver.connect();
        client.be_patient_for(Duration::from_secs(1));
        client.write(&signed("{}").bytes());
        matches!(client.try_answer(), Ok(answer) if answer.status == 200)
    });
    assert!(answered, "nobody is answered any more: {}", receiver.talk());
    receiver.next_event();
}
