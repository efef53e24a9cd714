//! How connections end, from either side.

use crate::support::client::{Client, Nothing};
use crate::support::receiver::{setup, start};
use crate::support::request::{signed, unsigned};
use crate::{VERSIONS, client};
use std::io::Write;
use std::net::Shutdown;

fn serve(client: &mut Client) {
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
}

#[test]
fn the_end_is_told_whatever_ended_it() {
    let receiver = setup().arguments(&["--idle-timeout", "1", "--request-limit", "2"]).start();
    for version in VERSIONS {
        let mut asks = client(&receiver, version);
        asks.write(&signed("{}").header("Connection", "close").bytes());
        asks.answer().expect_success();
        assert_eq!(asks.next(), Err(Nothing::Closed), "{version:?}: asked for");

        let mut refused = client(&receiver, version);
        refused.write(&unsigned("").header("Content-Length", "99999999999").head());
        assert_eq!(refused.answer().status, 413);
        assert_eq!(refused.next(), Err(Nothing::Closed), "{version:?}: after a refusal");

        let mut idle = client(&receiver, version);
        serve(&mut idle);
        assert_eq!(idle.next(), Err(Nothing::Closed), "{version:?}: too long idle");

        let mut busy = client(&receiver, version);
        serve(&mut busy);
        serve(&mut busy);
        assert_eq!(busy.next(), Err(Nothing::Closed), "{version:?}: enough requests");
    }
}

#[test]
fn a_client_may_end_its_side_in_any_way_and_is_answered() {
    let receiver = start();
    for version in VERSIONS {
        // With a word and the socket's end, as others do in this suite; with the word alone; and without it.
        let mut polite = client(&receiver, version);
        polite.write(&signed("{}").bytes());
        polite.wire().tls().send_close_notify();
        polite.wire().flush().unwrap();
        polite.answer().expect_success();
        assert_eq!(polite.next(), Err(Nothing::Closed), "{version:?}");

        let mut curt = client(&receiver, version);
        curt.write(&signed("{}").bytes());
        curt.wire().socket().shutdown(Shutdown::Write).unwrap();
        curt.answer().expect_success();
        assert_eq!(curt.next(), Err(Nothing::Closed), "{version:?}");

        // In the middle of a request: no answer, and an end all the same.
        let mut leaving = client(&receiver, version);
        leaving.write(&signed("{}").head());
        leaving.wire().tls().send_close_notify();
        leaving.wire().flush().unwrap();
        assert_eq!(leaving.next(), Err(Nothing::Closed), "{version:?}");
    }
}

#[test]
fn on_sigterm_all_are_told_and_what_is_in_flight_is_answered() {
    for version in VERSIONS {
        let mut receiver = start();
        let mut idle = client(&receiver, version);
        serve(&mut idle);
        let mut in_flight = client(&receiver, version);
        in_flight.write(&signed("[1]").head());
        // It is known to have come when an answer to something later has.
        serve(&mut idle);
        receiver.signal("TERM");
        assert_eq!(idle.next(), Err(Nothing::Closed), "{version:?}");
        in_flight.write(b"[1]");
        let answer = in_flight.answer();
        answer.expect_success();
        assert_eq!(answer.header("Connection"), Some("close"));
        assert_eq!(in_flight.next(), Err(Nothing::Closed), "{version:?}");
        drop(in_flight);
        let (status, events) = receiver.wait();
        assert_eq!(status.code(), Some(0));
        assert_eq!(events.last().unwrap().payload(), "[1]");
    }
}
