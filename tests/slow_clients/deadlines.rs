//! Each deadline, from outside: it cuts off who is too slow, however busy he looks, and nobody else.

use super::process::{Process, until};
use super::siege::alone;
use crate::support::client::{Client, Nothing};
use crate::support::receiver::{Receiver, setup};
use crate::support::request::{Post, signed, unsigned};
use std::io::Write;
use std::net::TcpStream;
use std::sync::MutexGuard;
use std::thread;
use std::time::{Duration, Instant};

/// The deadline that a test is about; the others are far away.
const DEADLINE: Duration = Duration::from_secs(2);

/// The loop's clock is read once a turn, so that a deadline counts from a moment before.
const EARLY: Duration = Duration::from_millis(100);

/// What a busy machine adds.
const LATE: Duration = Duration::from_secs(2);

/// Every 20 ms a byte: never silent, and far from done within the deadline.
const DRIBBLE: Duration = Duration::from_millis(20);

fn receiver(flag: &str) -> (Receiver, MutexGuard<'static, ()>) {
    let mut arguments = Vec::new();
    for name in ["--head-timeout", "--body-timeout", "--write-timeout", "--idle-timeout"] {
        arguments.extend([name, if name == flag { "2" } else { "60" }]);
    }
    let alone = alone();
    (setup().arguments(&arguments).start(), alone)
}

/// Sends `bytes` in small pieces and far apart, until they end or something comes back; then waits for what comes back.
fn dribble(client: &mut Client, bytes: &[u8], piece: usize) {
    client.be_patient_for(DRIBBLE);
    for piece in bytes.chunks(piece) {
        // The receiver may close between a look and the next piece, which then cannot be written.
        if client.try_write(piece).is_err() || client.peek() != Err(Nothing::Silence) {
            break;
        }
    }
    client.be_patient_for(DEADLINE + LATE);
}

/// Sends `bytes` in four pieces over `time`.
fn spread(client: &mut Client, bytes: &[u8], time: Duration) {
    for piece in bytes.chunks(bytes.len().div_ceil(4)) {
        thread::sleep(time / 4);
        client.write(piece);
    }
}

fn expect_due(start: Instant) {
    let took = start.elapsed();
    assert!(took + EARLY >= DEADLINE, "cut off after {took:?}");
    assert!(took <= DEADLINE + LATE, "cut off only after {took:?}");
}

fn expect_too_slow(client: &mut Client, start: Instant) {
    let answer = client.answer();
    expect_due(start);
    answer.expect_problem(408);
    assert_eq!(answer.header("Connection"), Some("close"));
    assert_eq!(client.next(), Err(Nothing::Closed));
}

fn long_request() -> Post {
    signed("{}").header("X-Long", "x".repeat(1000))
}

#[test]
fn who_connects_and_says_nothing_is_cut_off_when_the_head_is_due() {
    let (receiver, _alone) = receiver("--head-timeout");
    let start = Instant::now();
    let mut client = receiver.connect();
    assert_eq!(client.next(), Err(Nothing::Closed), "there is no request to answer");
    expect_due(start);
}

#[test]
fn a_head_that_comes_byte_by_byte_is_cut_off_when_it_is_due() {
    let (receiver, _alone) = receiver("--head-timeout");
    let start = Instant::now();
    let mut client = receiver.connect();
    dribble(&mut client, &long_request().head(), 1);
    expect_too_slow(&mut client, start);
    receiver.expect_no_event();
}

#[test]
fn empty_lines_before_a_request_do_not_stop_its_time() {
    let (receiver, _alone) = receiver("--head-timeout");
    let start = Instant::now();
    let mut client = receiver.connect();
    dribble(&mut client, &b"\r\n".repeat(500), 2);
    assert_eq!(client.next(), Err(Nothing::Closed), "there is no request to answer");
    expect_due(start);
}

#[test]
fn a_slow_head_within_its_time_is_served() {
    let (receiver, _alone) = receiver("--head-timeout");
    let mut client = receiver.connect();
    spread(&mut client, &signed("{}").bytes(), DEADLINE / 2);
    client.answer().expect_success();
}

#[test]
fn the_time_of_a_later_head_begins_with_its_first_byte() {
    let (receiver, _alone) = receiver("--head-timeout");
    let mut client = receiver.connect();
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
    thread::sleep(DEADLINE * 3 / 4);
    spread(&mut client, &signed("{}").bytes(), DEADLINE / 2);
    client.answer().expect_success();
    let start = Instant::now();
    dribble(&mut client, &long_request().head(), 1);
    expect_too_slow(&mut client, start);
}

#[test]
fn a_body_that_comes_byte_by_byte_is_cut_off_when_it_is_due() {
    for post in [signed("x".repeat(1000)), signed("x".repeat(1000)).chunked(1)] {
        let (receiver, _alone) = receiver("--body-timeout");
        let mut client = receiver.connect();
        client.write(&post.head());
        let start = Instant::now();
        dribble(&mut client, &post.body, 1);
        expect_too_slow(&mut client, start);
        receiver.expect_no_event();
    }
}

#[test]
fn a_body_that_stalls_is_cut_off_when_it_is_due() {
    let (receiver, _alone) = receiver("--body-timeout");
    let mut client = receiver.connect();
    client.write(&signed("{}").head());
    let start = Instant::now();
    client.write(b"{");
    expect_too_slow(&mut client, start);
    receiver.expect_no_event();
}

#[test]
fn a_slow_body_within_its_time_is_served() {
    let (receiver, _alone) = receiver("--body-timeout");
    for post in [signed("[1,2,3,4]"), signed("[1,2,3,4]").chunked(2)] {
        let mut client = receiver.connect();
        client.write(&post.head());
        spread(&mut client, &post.body, DEADLINE / 2);
        client.answer().expect_success();
        assert_eq!(receiver.next_event().payload(), "[1,2,3,4]");
    }
}

#[test]
fn a_bodys_time_begins_when_its_head_has_ended() {
    let (receiver, _alone) = receiver("--body-timeout");
    let post = signed("[1,2,3,4]");
    let mut client = receiver.connect();
    spread(&mut client, &post.head(), DEADLINE * 3 / 4);
    spread(&mut client, &post.body, DEADLINE / 2);
    client.answer().expect_success();
}

/// Requests, one after another, the answers to which are longer.
fn requests(count: usize) -> Vec<u8> {
    b"GET /webhook HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(count)
}

#[test]
fn who_does_not_read_his_answers_is_cut_off_when_one_could_not_be_written() {
    let (receiver, _alone) = receiver("--write-timeout");
    let process = Process::new(receiver.id());
    let before = process.descriptors();
    let mut stream = TcpStream::connect(receiver.address).unwrap();
    stream.set_write_timeout(Some(DEADLINE / 4)).unwrap();
    let start = Instant::now();
    while stream.write(&requests(100)).is_ok() {}
    assert_eq!(process.descriptors(), before + 1, "cut off too early");
    // An answer was stuck for a quarter of its time at most, since the requests were.
    until(DEADLINE + LATE, || process.descriptors() == before).expect("it is cut off");
    assert!(start.elapsed() + EARLY >= DEADLINE, "cut off after {:?}", start.elapsed());
}

#[test]
fn who_reads_his_answers_slowly_gets_them_all() {
    const COUNT: usize = 9_000;
    let (receiver, _alone) = receiver("--write-timeout");
    let mut stream = TcpStream::connect(receiver.address).unwrap();
    let mut client = Client::over(stream.try_clone().unwrap()).unwrap();
    let sending = thread::spawn(move || stream.write_all(&requests(COUNT)).is_ok());
    for number in 0..COUNT {
        // Six pauses, each half of what an answer may take, and together more.
        if number % (COUNT / 6) == 0 {
            thread::sleep(DEADLINE / 2);
        }
        assert_eq!(client.answer().status, 405, "answer {number}");
    }
    assert!(sending.join().unwrap(), "all requests were taken");
}

#[test]
fn a_connection_between_requests_is_closed_when_it_was_idle_too_long() {
    let (receiver, _alone) = receiver("--idle-timeout");
    let mut client = receiver.connect();
    for _ in 0..2 {
        client.write(&signed("{}").bytes());
        client.answer().expect_success();
        thread::sleep(DEADLINE * 3 / 4);
    }
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
    let start = Instant::now();
    assert_eq!(client.next(), Err(Nothing::Closed), "there is no request to answer");
    expect_due(start);
}

#[test]
fn who_does_not_close_after_a_refusal_is_closed_two_seconds_later() {
    let (receiver, _alone) = receiver("none");
    let process = Process::new(receiver.id());
    let before = process.descriptors();
    let mut client = receiver.connect();
    client.write(&unsigned("").header("Content-Length", "99999999999").head());
    assert_eq!(client.answer().status, 413);
    let start = Instant::now();
    assert_eq!(process.descriptors(), before + 1, "it is given time to read the answer");
    until(DEADLINE + LATE, || process.descriptors() == before).expect("it is closed");
    expect_due(start);
}
