//! Servers that misbehave.

use super::forward::{Came, forward, server, settings};
use super::{ID, LONG, going_on, push, why_again};
use hookgate::config;
use hookgate::sink::forward::Forward;
use hookgate::sink::{Attempt, Each, OUTPUT_LIMIT_BYTES, Outcome, Stopping};
use std::io::{BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

/// How long the one that is posted to has in these tests.
const SHORT: Duration = Duration::from_millis(500);

fn attempt_within(address: SocketAddr, timeout: Duration) -> Attempt {
    let settings = config::Forward { timeout, ..settings(&format!("http://{address}/")) };
    Forward::new(&settings, None, None).unwrap().attempt(&push(b"{}"), ID, 1, &going_on())
}

fn attempt(address: SocketAddr) -> Attempt {
    attempt_within(address, LONG)
}

/// A server that reads a request, says `answer`, then does `next`.
fn saying(answer: &'static [u8], next: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    server(move |mut stream| {
        let _ = Came::read(&mut BufReader::new(stream.try_clone().unwrap()));
        let _ = stream.write_all(answer);
        next(stream);
    })
}

/// Writes a byte, again and again, until nobody is there.
fn trickle(mut stream: TcpStream) {
    while stream.write_all(b"x").is_ok() {
        thread::sleep(Duration::from_millis(20));
    }
}

fn wait_for_the_end(mut stream: TcpStream) {
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn nobody_listens() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let attempt = attempt(address);
    assert!(why_again(&attempt.outcome).starts_with("did not answer: "), "{attempt:?}");
}

#[test]
fn it_closes_without_an_answer() {
    let attempt = attempt(saying(b"", drop));
    assert!(why_again(&attempt.outcome).starts_with("did not answer: "), "{attempt:?}");
}

#[test]
fn it_answers_what_is_no_http() {
    let attempt = attempt(saying(b"220 mail.example ESMTP\r\n\r\n", drop));
    let why = why_again(&attempt.outcome);
    assert!(why.starts_with("answered what is no HTTP: ") || why.starts_with("did not answer: "), "{why}");
}

#[test]
fn what_it_says_before_its_answer_is_not_the_answer() {
    for answer in [
        &b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"[..],
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\n",
    ] {
        assert_eq!(attempt(saying(answer, drop)), Outcome::Done.into(), "{}", String::from_utf8_lossy(answer));
    }
}

#[test]
fn what_it_compressed_is_kept_as_it_is() {
    // 10 MB of one letter would be a bomb.
    let attempt =
        attempt(saying(b"HTTP/1.1 500 No\r\ncontent-encoding: gzip\r\ncontent-length: 3\r\n\r\n\x1f\x8b\x08", drop));
    assert_eq!((why_again(&attempt.outcome), attempt.output.as_slice()), ("answered 500", &b"\x1f\x8b\x08"[..]));
}

#[test]
fn it_closes_within_its_answer() {
    // What it answered counts: the event is there.
    let done = attempt(saying(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart", drop));
    assert_eq!(done, Outcome::Done.into());
    let failed = attempt(saying(b"HTTP/1.1 500 No\r\ncontent-length: 100\r\n\r\npart", drop));
    assert_eq!((why_again(&failed.outcome), failed.output.as_slice()), ("answered 500", &b"part"[..]));
}

#[test]
fn it_never_answers() {
    let began = Instant::now();
    let attempt = attempt_within(saying(b"", wait_for_the_end), SHORT);
    assert_eq!(why_again(&attempt.outcome), "did not answer within 0.5 s");
    assert!(began.elapsed() >= SHORT);
}

#[test]
fn it_never_reads() {
    let address = server(|_stream| thread::sleep(LONG));
    let settings = config::Forward { timeout: SHORT, ..settings(&format!("http://{address}/")) };
    let sink = Forward::new(&settings, None, None).unwrap();
    // More than the buffers of both ends.
    let attempt = sink.attempt(&push(&vec![b'x'; 32 * 1024 * 1024]), ID, 1, &going_on());
    assert_eq!(why_again(&attempt.outcome), "did not answer within 0.5 s");
}

#[test]
fn it_answers_a_byte_at_a_time_without_end() {
    let attempt = attempt_within(saying(b"HTTP/1.1 200 OK\r\nx-long: ", trickle), SHORT);
    assert_eq!(why_again(&attempt.outcome), "did not answer within 0.5 s");
    // With time enough for the status to come, however busy the machine is.
    let answered = |answer: &'static [u8]| {
        let limits = [1, 4, 16, 64].map(Duration::from_secs);
        let attempts = limits.iter().map(|limit| attempt_within(saying(answer, trickle), *limit));
        let is_late =
            |attempt: &Attempt| matches!(&attempt.outcome, Outcome::Retry { why, .. } if why.contains("within"));
        attempts.into_iter().find(|attempt| !is_late(attempt)).unwrap_or_else(|| panic!("it never answers"))
    };
    let attempt = answered(b"HTTP/1.1 500 No\r\n\r\n");
    assert_eq!(why_again(&attempt.outcome), "answered 500");
    assert!(attempt.output.iter().all(|byte| *byte == b'x'));
    assert_eq!(answered(b"HTTP/1.1 200 OK\r\n\r\n"), Outcome::Done.into());
}

#[test]
fn its_answer_has_no_end() {
    let flood = |mut stream: TcpStream| while stream.write_all(&[b'x'; 65536]).is_ok() {};
    let attempt = attempt(saying(b"HTTP/1.1 500 No\r\n\r\n", flood));
    assert_eq!((why_again(&attempt.outcome), attempt.output.len()), ("answered 500", OUTPUT_LIMIT_BYTES));
    let attempt = self::attempt(saying(b"HTTP/1.1 500 No\r\n", flood));
    assert!(attempt.outcome != Outcome::Done && attempt.output.len() <= OUTPUT_LIMIT_BYTES, "{attempt:?}");
}

#[test]
fn a_connection_that_it_closed_meanwhile_is_not_used_again() {
    let address = saying(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", drop);
    let sink = forward(&format!("http://{address}/"));
    for _ in 0..20 {
        assert_eq!(sink.attempt(&push(b"{}"), ID, 1, &going_on()), Outcome::Done.into());
    }
}

/// A server that answers the first request of each connection, and closes it when the next has come; tells what came.
fn closing_when_used_again() -> (SocketAddr, mpsc::Receiver<Came>) {
    let (tell, told) = mpsc::channel();
    let address = server(move |mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let _ = tell.send(Came::read(&mut reader).unwrap());
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
        let _ = Came::read(&mut reader).map(|came| tell.send(came));
    });
    (address, told)
}

#[test]
fn a_connection_that_it_closes_just_when_it_is_used_again_is_no_failure() {
    let (address, came) = closing_when_used_again();
    let sink = forward(&format!("http://{address}/"));
    for _ in 0..5 {
        assert_eq!(sink.attempt(&push(b"{}"), ID, 1, &going_on()), Outcome::Done.into());
    }
    let bodies: Vec<_> = came.try_iter().map(|came| came.body).collect();
    assert_eq!(bodies, vec![b"{}".to_vec(); 9], "the first, and each other twice");
}

#[test]
fn what_is_closed_without_an_answer_is_posted_once_an_attempt() {
    let (tell, told) = mpsc::channel();
    let address = saying(b"", move |_| tell.send(()).unwrap());
    let sink = forward(&format!("http://{address}/"));
    for _ in 0..5 {
        let attempt = sink.attempt(&push(b"{}"), ID, 1, &going_on());
        assert!(why_again(&attempt.outcome).starts_with("did not answer: "), "{attempt:?}");
        told.recv().unwrap();
    }
    assert!(told.try_recv().is_err());
}

#[test]
fn what_is_under_way_when_everything_has_to_be_over_is_cut_off() {
    let stop = Stopping::new();
    let asker = stop.clone();
    let address = server(move |mut stream| {
        let _ = Came::read(&mut BufReader::new(stream.try_clone().unwrap()));
        asker.ask(Instant::now() + Duration::from_millis(100));
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let attempt = forward(&format!("http://{address}/")).attempt(&push(b"{}"), ID, 1, &stop);
    assert_eq!(why_again(&attempt.outcome), "was cut off, since the receiver stops");
}
