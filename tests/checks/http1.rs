//! The pure connection on any bytes and any split of them: shared by the tests and the fuzz target.
#![allow(dead_code, reason = "the fuzz target uses one part, the tests another")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests say what went wrong by panicking"
)]

use super::http1_reference::{Ending, Message, read, without_white_space};
use hookgate::http1::{Buffers, Connection, Limits, Service, Verdict, Want};
use hookgate::{Answer, Head, Refusal, Request, UnixTime};
use std::time::Duration;

pub(crate) const DATE: UnixTime = UnixTime::from_s(784_111_777);
const BODY_LIMIT_BYTES: u64 = 1000;

/// A service that takes anything, and remembers it.
pub(crate) struct Recorder {
    body_limit_bytes: u64,
    seen: Vec<Message>,
}

impl Default for Recorder {
    fn default() -> Self {
        Recorder { body_limit_bytes: BODY_LIMIT_BYTES, seen: Vec::new() }
    }
}

impl Service for Recorder {
    fn admit(&mut self, _: &Head<'_>, declared_bytes: Option<u64>) -> Result<u64, Refusal> {
        match declared_bytes {
            Some(bytes) if bytes > self.body_limit_bytes => {
                Err(Refusal::BodyTooLong { limit_bytes: self.body_limit_bytes })
            }
            _ => Ok(self.body_limit_bytes),
        }
    }

    fn decide(&mut self, request: &Request<'_>) -> Verdict {
        if request.body.len() as u64 > self.body_limit_bytes {
            return Verdict::Answer(Answer::refused(&Refusal::BodyTooLong { limit_bytes: self.body_limit_bytes }));
        }
        let Head { method, target, headers } = request.head;
        let values = headers.iter().map(|header| (header.name.to_string(), without_white_space(header.value)));
        let (method, target) = (method.to_string(), target.to_string());
        self.seen.push(Message { method, target, headers: values.collect(), body: request.body.to_vec() });
        Verdict::Answer(Answer::unavailable())
    }
}

/// What became of a connection.
#[derive(Debug, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) seen: Vec<Message>,
    pub(crate) output: Vec<u8>,
    pub(crate) want: Want,
}

impl Outcome {
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8(self.output.clone()).unwrap();
        let lines = text.split("HTTP/1.1 ").skip(1);
        lines.map(|rest| rest[..3].parse().unwrap()).collect()
    }
}

/// Feeds `pieces` one after another, taking all output at once.
pub(crate) fn run<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Outcome {
    run_with(Recorder::default(), pieces, limits)
}

fn run_with<'a>(mut recorder: Recorder, pieces: impl IntoIterator<Item = &'a [u8]>, limits: &Limits) -> Outcome {
    let mut buffers = Buffers::default();
    let mut output = Vec::new();
    let now = Duration::from_secs(1);
    let mut connection = Connection::new(limits, now);
    for piece in pieces {
        connection.receive(piece, &mut recorder, limits, &mut buffers, now, DATE);
        loop {
            match connection.want() {
                Want::Write => {
                    let pending = connection.pending().len();
                    output.extend_from_slice(connection.pending());
                    connection.wrote(pending, limits, &mut buffers, now);
                    connection.advance(&mut recorder, limits, now, DATE);
                }
                Want::Advance => connection.advance(&mut recorder, limits, now, DATE),
                Want::Answer => panic!("the recorder puts nothing off"),
                Want::Read | Want::Linger | Want::Close => break,
            }
        }
        let fed_most = limits.head_bytes.max(piece.len()) as u64 + BODY_LIMIT_BYTES;
        assert!(connection.held_bytes() as u64 <= 4 * fed_most + 64 * 1024, "{} bytes held", connection.held_bytes());
    }
    Outcome { seen: recorder.seen, output, want: connection.want() }
}

pub(crate) fn whole(bytes: &[u8]) -> Outcome {
    run([bytes], &Limits::default())
}

/// `bytes` cut at these places, modulo its length.
pub(crate) fn cut<'a>(bytes: &'a [u8], places: &[usize]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// The same, but for `100 Continue`, which depends on whether the body was there already.
pub(crate) fn without_continue(outcome: Outcome) -> Outcome {
    let text = String::from_utf8(outcome.output).unwrap().replace("HTTP/1.1 100 Continue\r\n\r\n", "");
    Outcome { output: text.into_bytes(), ..outcome }
}

/// Takes the first bytes of `data` for places to cut the rest at, and holds the outcome of the pieces against that of the
/// whole.
pub(crate) fn check(data: &[u8]) {
    let Some((places, bytes)) = data.split_first_chunk::<4>() else { return };
    let places: Vec<usize> = places.iter().map(|place| usize::from(*place) * (bytes.len() / 256 + 1)).collect();
    // Room for a body, so that longer ones are met too.
    let limits = Limits { head_bytes: 1024, target_bytes: 128, fields: 16, ..Limits::default() };
    let outcome = without_continue(run([bytes], &limits));
    assert_eq!(without_continue(run(cut(bytes, &places), &limits)), outcome, "cut at {places:?}");
    assert_eq!(outcome.statuses().len(), outcome.statuses().iter().filter(|status| **status >= 400).count());
    let consumed: usize = outcome.seen.iter().map(|seen| seen.method.len() + seen.target.len() + seen.body.len()).sum();
    assert!(consumed <= bytes.len(), "more was read than came");
    // A refusal ends the connection; what was decided before it has its own answers.
    let answers = outcome.statuses().len();
    assert!(
        answers == outcome.seen.len()
            || (answers == outcome.seen.len() + 1 && outcome.want != Want::Read)
            || outcome.statuses().contains(&413)
    );
}

/// Holds what the connection makes of `bytes` against what the naive reader does: the same requests, and the same end.
pub(crate) fn check_against_the_reference(bytes: &[u8]) {
    // In pieces smaller than the limit of a body, so that none is there whole when it is refused for its length; then all at
    // once, with room for every body that can be there.
    for (body_limit_bytes, piece_bytes) in [(1000, 500), (1 << 20, usize::MAX)] {
        let limits =
            Limits { head_bytes: 1024, target_bytes: 128, fields: 16, trailer_bytes: 300, ..Limits::default() };
        let recorder = Recorder { body_limit_bytes: body_limit_bytes as u64, seen: Vec::new() };
        let outcome = without_continue(run_with(recorder, bytes.chunks(piece_bytes), &limits));
        let (messages, ending) = read(bytes, &limits, body_limit_bytes);
        assert_eq!(outcome.seen, messages, "the reference ends with {ending:?}");
        let statuses = outcome.statuses();
        let refusal = statuses.get(messages.len()).map(|status| Ending::Refuses(*status));
        let found = match outcome.want {
            Want::Read => Ending::Waits,
            _ => refusal.unwrap_or(Ending::Closes),
        };
        assert_eq!(found, ending, "after {messages:?}");
        assert!(statuses.len() <= messages.len() + 1, "{statuses:?}");
    }
}
