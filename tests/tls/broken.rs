//! What is no handshake, or a broken one, or none that ends.

use crate::support::certificates::{client_of, config};
use crate::support::client::{Client, Nothing};
use crate::support::receiver::{setup, start};
use crate::support::request::signed;
use crate::support::wire::Wire;
use crate::{VERSIONS, bare, client};
use rustls::AlertDescription;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

/// What a client of this version says first.
fn hello(version: &'static rustls::SupportedProtocolVersion) -> Vec<u8> {
    let mut bytes = Vec::new();
    client_of(config(&[version]), "localhost").write_tls(&mut bytes).unwrap();
    bytes
}

/// All that comes up to the end, where a reset is an end, too.
fn rest(wire: &mut Wire) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Err(error) = wire.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}");
    }
    bytes
}

#[test]
fn a_request_without_tls_is_told_so_and_is_no_event() {
    let receiver = start();
    let large = signed(format!("\"{}\"", "x".repeat(1_000_000)));
    for post in [signed("{}"), large, signed("{}").by("GET")] {
        let mut client = Client::of(bare(&receiver));
        client.write(&post.bytes());
        let answer = client.answer();
        answer.expect_refusal(400, "This address is for https");
        assert_eq!(answer.header("Connection"), Some("close"));
        assert_eq!(client.next(), Err(Nothing::Closed));
    }
    receiver.expect_no_event();
}

#[test]
fn what_is_no_tls_ends_with_an_alert_at_once() {
    let receiver = start();
    // RFC 8446 §6. rustls says nothing about a message that is too long, and who sends an alert is not sent one.
    const ALERT: Option<u8> = Some(21);
    for (name, bytes, said_first) in [
        ("zeros", vec![0; 100], ALERT),
        ("binary", (128..=255).collect(), ALERT),
        ("a handshake of nonsense", [&[22, 3, 1, 0, 100][..], &[b'x'; 100]].concat(), None),
        ("a record that is too long", [&[22, 3, 1, 0xff, 0xff][..], &[0; 200]].concat(), ALERT),
        ("a message of 16 MiB", [&[22, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff][..], &[0; 0x3ffc]].concat(), None),
        ("application data first", [&[23, 3, 3, 0, 20][..], &[0; 20]].concat(), ALERT),
        ("a hello of SSL 2", vec![0x80, 0x2e, 1, 0, 2, 0, 0x15, 0, 0, 0, 0x10, 1, 0, 0x80], ALERT),
        ("an alert", vec![21, 3, 1, 0, 2, 2, 40], None),
    ] {
        let start = Instant::now();
        let mut wire = bare(&receiver);
        wire.write_all(&bytes).unwrap();
        let said = rest(&mut wire);
        assert!(start.elapsed() < Duration::from_secs(9), "{name}: only the head's deadline ended it");
        assert_eq!(said.first().copied(), said_first, "{name}: {said:?}");
    }
    receiver.expect_no_event();
}

#[test]
fn a_hello_that_breaks_off_ends_the_connection() {
    let receiver = start();
    for version in VERSIONS {
        let hello = hello(version);
        for sent in [0, 1, 5, 6, hello.len() / 2, hello.len() - 1, hello.len()] {
            let mut wire = bare(&receiver);
            wire.write_all(&hello[..sent]).unwrap();
            wire.end();
            // Of the whole of it, what comes back may be the receiver's part: the end may come after.
            let said = rest(&mut wire);
            assert!(said.is_empty() || (sent == hello.len() && said[0] == 22), "after {sent} bytes: {said:?}");
        }
    }
    receiver.expect_no_event();
}

#[test]
fn a_handshake_that_stalls_is_cut_off_when_the_head_is_due() {
    let receiver = setup().arguments(&["--head-timeout", "1", "--idle-timeout", "60", "--body-timeout", "60"]).start();
    for version in VERSIONS {
        let hello = hello(version);
        for sent in [0, 20, hello.len()] {
            let start = Instant::now();
            let mut wire = bare(&receiver);
            wire.write_all(&hello[..sent]).unwrap();
            rest(&mut wire);
            // The loop's clock is read once a turn.
            assert!(start.elapsed() > Duration::from_millis(900), "{:?}", start.elapsed());
        }
        // A handshake that is done and no request behind it: the same time is for both.
        let start = Instant::now();
        let mut client = client(&receiver, version);
        client.write(b"POST");
        client.answer().expect_problem(408);
        assert!(start.elapsed() > Duration::from_millis(900), "{:?}", start.elapsed());
        assert_eq!(client.next(), Err(Nothing::Closed));
    }
}

#[test]
fn a_record_that_was_changed_on_the_way_is_no_request() {
    let receiver = start();
    for version in VERSIONS {
        let mut client = client(&receiver, version);
        client.write(&signed("{}").bytes());
        client.answer().expect_success();
        receiver.next_event();
        let wire = client.wire();
        let mut records = Vec::new();
        wire.tls().writer().write_all(&signed("[1]").bytes()).unwrap();
        wire.tls().write_tls(&mut records).unwrap();
        *records.last_mut().unwrap() ^= 1;
        let mut socket = wire.socket().try_clone().unwrap();
        socket.write_all(&records).unwrap();
        let error = wire.read(&mut [0; 1]).unwrap_err();
        let alert = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>());
        assert_eq!(alert, Some(&rustls::Error::AlertReceived(AlertDescription::BadRecordMac)), "{error}");
    }
    receiver.expect_no_event();
}
