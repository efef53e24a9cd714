//! One case over a socket: what the client sees.

use crate::support::client::Nothing;
use crate::support::queues::wait_until_all_has_come_from;
use crate::support::wire;
use crate::table::{Case, End, Step, delivery_as};
use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// What the client saw.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Each answer's status, and whether it says that the connection is closed.
    pub(crate) answers: Vec<(u16, bool)>,
    /// What came last: the end of the connection, or silence.
    pub(crate) last: Option<Nothing>,
    /// Whether the next request was sent, to see whether the connection goes on.
    pub(crate) went_on: bool,
    /// How long the end of the connection took to come after the answers, where it was waited for.
    pub(crate) ending: Option<Duration>,
}

/// How to play a case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manner {
    pub(crate) address: SocketAddr,
    /// How long nothing comes, where an answer is due, until it is silence.
    pub(crate) patience: Duration,
    /// The same, where the end of the connection is due.
    pub(crate) patience_at_the_end: Duration,
    /// Whether each byte is a write of its own.
    pub(crate) bytewise: bool,
}

/// The ids that the deliveries of case `number` have: its own, of the one sent to see whether the connection goes on, and of
/// the one behind what closes it.
pub(crate) fn ids(number: usize) -> [String; 3] {
    ["case", "next", "evil"].map(|role| format!("{role}{number:04}"))
}

/// Plays `case`, which has this number, on a connection of its own.
pub(crate) fn play(case: &Case, number: usize, manner: Manner) -> Seen {
    let [own, next, evil] = ids(number);
    let steps = case.steps_as(&own, &evil);
    let mut wire = Wire::connect(manner);
    let mut went_on = false;
    let mut ending = None;
    let waited = steps.iter().all(|step| match step {
        Step::Write(bytes) => wire.write(bytes),
        Step::Await(count) => wire.wait_for(*count),
        Step::HalfClose => {
            wire.stream.end();
            true
        }
        Step::Vanish => {
            // Over TLS there is something that it has not read: its session tickets.
            if wire::speaks_tls() {
                wait_until_all_has_come_from(wire.stream.socket().local_addr().expect("it is connected").port());
            }
            true
        }
    });
    match case.end {
        _ if !waited => {}
        End::Gone => {}
        End::Closed | End::Ended => {
            if wire.wait_for(case.answers.len()) {
                let answered = Instant::now();
                wire.read_to_end(manner.patience_at_the_end);
                ending = Some(answered.elapsed());
            }
        }
        End::Kept if wire.wait_for(case.answers.len()) => {
            if answers(&wire.received).last().is_some_and(|(_, closes)| *closes) {
                // It is the client's turn to close.
                wire.stream.end();
                wire.read_to_end(manner.patience_at_the_end);
            } else {
                went_on = true;
                wire.write(&delivery_as(&next));
                wire.wait_for(case.answers.len() + 1);
            }
        }
        End::Kept => {}
    }
    Seen { answers: answers(&wire.received), last: wire.last, went_on, ending }
}

struct Wire {
    stream: wire::Wire,
    received: Vec<u8>,
    last: Option<Nothing>,
    bytewise: bool,
}

impl Wire {
    fn connect(manner: Manner) -> Self {
        let stream = wire::Wire::connect(manner.address, manner.patience).expect("the receiver listens");
        Wire { stream, received: Vec::new(), last: None, bytewise: manner.bytewise }
    }

    /// Whether to go on: a receiver that has closed its side may not take it all, which is for the answers to show.
    fn write(&mut self, bytes: &[u8]) -> bool {
        let outcome = if self.bytewise {
            bytes.chunks(1).try_for_each(|byte| self.stream.write_all(byte))
        } else {
            self.stream.write_all(bytes)
        };
        match outcome {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                self.last = Some(Nothing::Silence);
                false
            }
            _ => true,
        }
    }

    /// Whether this many answers are there.
    fn wait_for(&mut self, count: usize) -> bool {
        while answers(&self.received).len() < count {
            if !self.read() {
                return false;
            }
        }
        true
    }

    fn read_to_end(&mut self, patience: Duration) {
        self.stream.be_patient_for(patience);
        while self.read() {}
    }

    /// Whether something came.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        self.last = match self.stream.read(&mut buffer) {
            Ok(0) => Some(Nothing::Closed),
            Ok(count) => {
                self.received.extend_from_slice(&buffer[..count]);
                None
            }
            Err(error) => match error.kind() {
                ErrorKind::ConnectionReset => Some(Nothing::Closed),
                ErrorKind::UnexpectedEof => Some(Nothing::CutOff),
                ErrorKind::WouldBlock | ErrorKind::TimedOut => Some(Nothing::Silence),
                _ => panic!("{error}"),
            },
        };
        self.last.is_none()
    }
}

/// The answers in `bytes`, as far as they are there: the status of each, and whether it says `Connection: close`.
pub(crate) fn answers(bytes: &[u8]) -> Vec<(u16, bool)> {
    let mut rest = bytes;
    let mut answers = Vec::new();
    while let Some(at) = rest.windows(4).position(|window| window == b"\r\n\r\n") {
        let (head, body) = rest.split_at(at + 4);
        let head = std::str::from_utf8(head).expect("the head of an answer is text").to_ascii_lowercase();
        let status = head.strip_prefix("http/1.1 ").or_else(|| head.strip_prefix("http/1.0 "));
        let status = status.and_then(|rest| rest.get(..3)?.parse().ok());
        let status: u16 = status.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(rest)));
        let length = head.split_once("content-length: ").and_then(|(_, rest)| rest.split_once("\r\n"));
        let length: usize = length.map_or(0, |(digits, _)| digits.parse().expect("digits"));
        // The answer to a HEAD tells the length of a body that does not come.
        let length = if body.starts_with(b"HTTP/1.") { 0 } else { length.min(body.len()) };
        answers.push((status, head.contains("\r\nconnection: close\r\n")));
        rest = &body[length..];
    }
    answers
}
