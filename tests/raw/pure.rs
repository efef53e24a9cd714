//! The table against the pure connection: what it makes of a case's bytes, without sockets, with a receiver behind it.

use crate::table::{BODY_LIMIT_BYTES, Case, End, SECRET, Step, delivery_as};
use hookgate::http1::{Buffers, Connection, Limits, Service, Verdict, Want};
use hookgate::{Answer, Delivery, Head, Keep, Novelty, Receiver, Refusal, Request, Secret, UnixTime, Verifier, preset};
use hookgate::{settle, stage};
use std::convert::Infallible;
use std::time::Duration;

const NOW: Duration = Duration::from_secs(1);
const DATE: UnixTime = UnixTime::from_s(784_111_777);

/// A receiver as the connection asks it; it remembers what it accepted.
struct Judge {
    receiver: Receiver,
    ids: Ids,
    /// The answer to the request that was put off.
    accepted: Option<Answer>,
}

/// The ids of the deliveries that were accepted.
#[derive(Default)]
struct Ids(Vec<String>);

impl Keep for Ids {
    type Error = Infallible;

    fn stage(&mut self, delivery: &Delivery<'_>) -> Result<Novelty, Infallible> {
        self.0.push(delivery.delivery_id().unwrap_or_default().into_owned());
        Ok(Novelty::New)
    }

    fn commit(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

impl Judge {
    fn new() -> Self {
        let scheme = preset("github").expect("a preset of this crate");
        let secret = Secret::new(SECRET.into()).expect("it is long enough");
        let verifier = Verifier::new(scheme, [("main".to_string(), secret)]).expect("the scheme covers the body");
        let receiver = Receiver::new("github".into(), "/webhook".into(), verifier).expect("a path that requests have");
        let limit_bytes = BODY_LIMIT_BYTES.try_into().expect("a small number");
        Judge { receiver: receiver.with_body_limit_bytes(limit_bytes), ids: Ids::default(), accepted: None }
    }
}

impl Service for Judge {
    fn admit(&mut self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<u64, Refusal> {
        self.receiver.admit(head, declared_bytes)?;
        Ok(self.receiver.body_limit_bytes())
    }

    fn decide(&mut self, request: &Request<'_>) -> Verdict {
        let delivery = match self.receiver.receive(request, DATE) {
            Ok(received) => received.delivery().expect("GitHub has no handshake"),
            Err(refusal) => return Verdict::Answer(Answer::refused(&refusal)),
        };
        let Ok(staged) = stage(&mut self.ids, &delivery);
        let Ok(receipt) = settle(&mut self.ids);
        self.accepted = Some(Answer::accepted(self.receiver.verifier().scheme(), staged, &receipt));
        Verdict::Later
    }
}

/// A connection, and what it has written.
struct Line {
    http: Connection,
    judge: Judge,
    limits: Limits,
    buffers: Buffers,
    output: Vec<u8>,
}

impl Line {
    fn new() -> Self {
        let limits = Limits::default();
        let http = Connection::new(&limits, NOW);
        Line { http, judge: Judge::new(), limits, buffers: Buffers::default(), output: Vec::new() }
    }

    fn feed(&mut self, bytes: &[u8]) {
        self.http.receive(bytes, &mut self.judge, &self.limits, &mut self.buffers, NOW, DATE);
        self.go_on();
    }

    fn end(&mut self) {
        self.http.end_input();
        self.http.advance(&mut self.judge, &self.limits, NOW, DATE);
        self.go_on();
    }

    /// Until it waits for input, or for nothing any more.
    fn go_on(&mut self) {
        loop {
            match self.http.want() {
                Want::Advance => self.http.advance(&mut self.judge, &self.limits, NOW, DATE),
                Want::Answer => {
                    let answer = self.judge.accepted.take().expect("it was put off");
                    self.http.answer(&answer, &self.limits, NOW, DATE);
                }
                Want::Write => {
                    self.output.extend_from_slice(self.http.pending());
                    let written = self.http.pending().len();
                    self.http.wrote(written, &self.limits, &mut self.buffers, NOW);
                    self.http.advance(&mut self.judge, &self.limits, NOW, DATE);
                }
                Want::Read | Want::Linger | Want::Close => return,
            }
        }
    }

    fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8(self.output.clone()).expect("answers are text");
        let lines = text.split("HTTP/1.1 ").skip(1);
        lines.map(|rest| rest[..3].parse().expect("digits")).collect()
    }
}

/// Plays `case` with its writes cut into pieces of `most_bytes` and checks all that the table says of it.
pub(crate) fn check(case: &Case, most_bytes: usize) {
    let what = format!("{:?} ({}) in pieces of {most_bytes}", case.name, case.source);
    let mut line = Line::new();
    for step in case.steps_as("case0001", "evil0001") {
        match step {
            Step::Write(bytes) => bytes.chunks(most_bytes).for_each(|piece| line.feed(piece)),
            Step::Await(count) => assert_eq!(line.statuses().len(), count, "{what}: {:?}", line.statuses()),
            Step::HalfClose | Step::Vanish => line.end(),
        }
    }
    let mut expected = case.answers.clone();
    let mut ids = vec!["case0001"; case.events];
    match case.end {
        End::Kept => {
            assert_eq!(line.http.want(), Want::Read, "{what}: {:?}", line.statuses());
            line.feed(&delivery_as("next0001"));
            expected.push(200);
            ids.push("next0001");
        }
        End::Closed => {
            assert_eq!(line.http.want(), Want::Linger, "{what}: {:?}", line.statuses());
            let says = String::from_utf8_lossy(&line.output).matches("\r\nConnection: close\r\n").count();
            assert_eq!(says, 1, "{what}");
        }
        End::Ended => assert_eq!(line.http.want(), Want::Close, "{what}"),
        // What it answers, nobody hears.
        End::Gone => expected = line.statuses(),
    }
    assert_eq!(line.statuses(), expected, "{what}");
    assert_eq!(line.judge.ids.0, ids, "{what}");
}
