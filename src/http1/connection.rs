//! One connection as a state machine.

use super::chunked::Decoder;
use super::framing::Framing;
use super::head::{self, End, Facts};
use super::limits::Limits;
use crate::answer::{Answer, Persistence};
use crate::request::{Head, Request};
use crate::time::UnixTime;
use crate::verify::Refusal;
use std::time::Duration;

/// Who decides about requests.
pub trait Service {
    /// Whether to wait for the body behind `head`, and how long it may be, in bytes. `declared_bytes` is its Content-Length.
    ///
    /// # Errors
    /// The refusal to answer instead.
    fn admit(&mut self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<u64, Refusal>;

    /// The verdict on a whole request.
    fn decide(&mut self, request: &Request<'_>) -> Verdict;
}

/// What comes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// This answer, now.
    Answer(Answer),
    /// An answer that follows by [`Connection::answer`]. Until then nothing more is read from the connection.
    Later,
}

/// What a connection wants of its socket next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// More bytes, by [`Connection::feed`].
    Read,
    /// [`Connection::pending`] written, told by [`Connection::wrote`].
    Write,
    /// The answer that was put off, by [`Connection::answer`].
    Answer,
    /// Another call of [`Connection::advance`]: more requests are here already.
    Advance,
    /// The sending side shut down, and what still comes read and fed: it is thrown away.
    Linger,
    /// To be closed.
    Close,
}

/// Memory that connections share, so that a warm receiver allocates nothing for a request and an idle connection holds none.
#[derive(Debug, Default)]
pub struct Buffers {
    spare: Vec<Vec<u8>>,
}

impl Buffers {
    /// Most buffers kept.
    const SPARE: usize = 256;
    /// Largest buffer kept, in bytes; larger ones go back to the system.
    const SPARE_BYTES: usize = 16 * 1024;

    fn take(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    fn give(&mut self, mut buffer: Vec<u8>) {
        if self.spare.len() < Self::SPARE && (1..=Self::SPARE_BYTES).contains(&buffer.capacity()) {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    /// Memory held for reuse, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.spare.iter().map(Vec::capacity).sum()
    }
}

/// The server's side of one HTTP/1.1 connection: bytes are fed in, requests are decided by a [`Service`], bytes come out.
///
/// Requests are answered in order, one at a time; while an answer waits, nothing is read. Times are since any one fixed
/// moment.
#[derive(Debug)]
pub struct Connection {
    phase: Phase,
    /// What was fed and not yet consumed; the request at hand begins at its start.
    input: Vec<u8>,
    output: Vec<u8>,
    written: usize,
    deadline: Duration,
    served: u32,
    /// Nothing more will come.
    input_ended: bool,
    /// The receiver stops: no request after the one at hand.
    draining: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Before or in a head, looked through up to `looked`. Once it has begun its time runs, empty lines before it included.
    Head { looked: usize, begun: bool },
    /// In the body behind a head of `head_bytes`.
    Body { head_bytes: usize, body: Body },
    /// A request of `bytes` is decided; its answer follows.
    Deciding { bytes: usize, persistence: Persistence, head_only: bool },
    /// The answer is in the output; after it the sending side is shut down and input thrown away.
    Ending,
    /// The same, and the answer is written.
    Lingering { left_bytes: usize },
    /// To be closed at once.
    Closed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    Length { bytes: usize },
    Chunked { decoder: Decoder, decoded: usize, limit_bytes: u64 },
}

/// What became of the head at hand.
enum Headed {
    /// The request is whole and decided.
    Decided { verdict: Verdict, bytes: usize, persistence: Persistence, head_only: bool },
    /// Its body is not worth waiting for.
    Refused { refusal: Refusal, head_only: bool },
    /// Its body is to be waited for.
    Admitted { body: Body, expects_continue: bool },
}

impl Connection {
    /// Most requests decided in one call of [`Connection::advance`], so that one client cannot keep the others waiting.
    const DECIDED_AT_ONCE: u32 = 16;

    /// A connection accepted at `now`.
    #[must_use]
    pub fn new(limits: &Limits, now: Duration) -> Self {
        Connection {
            phase: Phase::Head { looked: 0, begun: true },
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            deadline: now + limits.head_time,
            served: 0,
            input_ended: false,
            draining: false,
        }
    }

    /// Takes `bytes` that came at `now`.
    pub fn feed(&mut self, bytes: &[u8], limits: &Limits, buffers: &mut Buffers, now: Duration) {
        match &mut self.phase {
            Phase::Lingering { left_bytes } => match left_bytes.checked_sub(bytes.len()) {
                Some(left) => *left_bytes = left,
                None => self.phase = Phase::Closed,
            },
            Phase::Ending | Phase::Closed => {}
            Phase::Head { .. } | Phase::Body { .. } | Phase::Deciding { .. } => {
                if let Phase::Head { begun: begun @ false, .. } = &mut self.phase {
                    *begun = true;
                    self.deadline = now + limits.head_time;
                }
                if self.input.capacity() == 0 {
                    self.input = buffers.take();
                }
                self.make_room(bytes.len());
                self.input.extend_from_slice(bytes);
            }
        }
    }

    /// Grows the input by doubling, but not past the body that is declared: memory follows what came, and does not
    /// overshoot.
    fn make_room(&mut self, bytes: usize) {
        let needed = self.input.len() + bytes;
        if needed <= self.input.capacity() {
            return;
        }
        let doubled = needed.max(2 * self.input.capacity());
        let wanted = match self.phase {
            Phase::Body { head_bytes, body: Body::Length { bytes } } => doubled.min(head_bytes + bytes).max(needed),
            _ => doubled,
        };
        self.input.reserve_exact(wanted - self.input.len());
    }

    /// Says that no more will come.
    pub fn end_input(&mut self) {
        self.input_ended = true;
        if matches!(self.phase, Phase::Lingering { .. }) {
            self.phase = Phase::Closed;
        }
    }

    /// Says that the receiver stops: the request at hand is answered with `Connection: close`, and a connection without one
    /// is closed.
    pub fn drain(&mut self) {
        self.draining = true;
        if self.is_idle() {
            self.phase = Phase::Closed;
        }
    }

    /// Whether the end of its input was told.
    #[must_use]
    pub fn input_ended(&self) -> bool {
        self.input_ended
    }

    /// Whether it has answered a request.
    #[must_use]
    pub fn has_served(&self) -> bool {
        self.served > 0
    }

    /// Whether it is between requests, with nothing to write.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Head { .. }) && self.input.is_empty() && self.pending().is_empty()
    }

    /// Decides what has come, as far as it goes. `date` is for the answers.
    pub fn advance(&mut self, service: &mut impl Service, limits: &Limits, now: Duration, date: UnixTime) {
        for _ in 0..Self::DECIDED_AT_ONCE {
            if !self.pending().is_empty() {
                return;
            }
            let went_on = match self.phase {
                Phase::Head { looked, .. } => self.advance_head(looked, service, limits, now, date),
                Phase::Body { head_bytes, body } => self.advance_body(head_bytes, body, service, limits, now, date),
                _ => return,
            };
            match went_on {
                Ok(true) => {}
                Ok(false) => break,
                Err(refusal) => return self.refuse(&refusal, limits, now, date),
            }
        }
        if self.input_ended
            && self.pending().is_empty()
            && matches!(self.phase, Phase::Head { .. } | Phase::Body { .. })
            && !self.has_more()
        {
            // Of what has begun the rest will not come: nobody waits for an answer to it.
            self.phase = Phase::Closed;
        }
    }

    fn has_more(&self) -> bool {
        match self.phase {
            Phase::Head { looked, .. } => looked < self.input.len(),
            _ => false,
        }
    }

    /// Whether it went on; if not, it waits for more.
    fn advance_head(
        &mut self,
        looked: usize,
        service: &mut impl Service,
        limits: &Limits,
        now: Duration,
        date: UnixTime,
    ) -> Result<bool, Refusal> {
        // RFC 9112 §2.2: empty lines before a request are ignored.
        let mut empty_lines = 0;
        while self.input.get(empty_lines..).is_some_and(|rest| rest.starts_with(b"\r\n")) {
            empty_lines += 2;
        }
        self.input.drain(..empty_lines);
        let looked = looked.saturating_sub(empty_lines);
        // Its length is judged first, so that the refusal of what is both too long and malformed does not hang on how it
        // came in pieces.
        let end = match head::find_end(&self.input, looked) {
            End::At(end) => {
                self.check_head_length(end, limits)?;
                end
            }
            End::NotBefore(looked) => {
                self.phase = Phase::Head { looked, begun: true };
                self.check_head_length(looked, limits)?;
                return Ok(false);
            }
            End::MalformedAt(end) => {
                self.check_head_length(end, limits)?;
                return Err(Refusal::MalformedHead);
            }
        };
        let (head, rest) = self.input.split_at(end);
        let (served, draining) = (self.served, self.draining);
        let headed = head::parse(head, limits, |head, facts| -> Result<Headed, Refusal> {
            let more = served + 1 < limits.requests && !draining;
            headed(head, facts, end, rest, more, service)
        })??;
        match headed {
            Headed::Decided { verdict, bytes, persistence, head_only } => {
                self.phase = Phase::Deciding { bytes, persistence, head_only };
                if let Verdict::Answer(answer) = verdict {
                    self.answer(&answer, limits, now, date);
                }
            }
            Headed::Refused { refusal, head_only } => {
                self.end_with(&Answer::refused(&refusal), head_only, limits, now, date);
                return Ok(false);
            }
            Headed::Admitted { body, expects_continue } => {
                self.deadline = now + limits.body_time;
                self.phase = Phase::Body { head_bytes: end, body };
                if expects_continue && self.input.len() == end {
                    self.output.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn check_head_length(&self, bytes: usize, limits: &Limits) -> Result<(), Refusal> {
        // The method and the version beside the target are short, or nothing that we know.
        const BESIDE_TARGET_BYTES: usize = 64;
        let line_limit = limits.target_bytes + BESIDE_TARGET_BYTES;
        if bytes > line_limit && !self.input.get(..line_limit).unwrap_or_default().contains(&b'\n') {
            return Err(Refusal::TargetTooLong);
        }
        if bytes > limits.head_bytes { Err(Refusal::HeadTooLong) } else { Ok(()) }
    }

    fn advance_body(
        &mut self,
        head_bytes: usize,
        body: Body,
        service: &mut impl Service,
        limits: &Limits,
        now: Duration,
        date: UnixTime,
    ) -> Result<bool, Refusal> {
        let body_bytes = match body {
            Body::Length { bytes } if self.input.len() < head_bytes + bytes => return Ok(false),
            Body::Length { bytes } => bytes,
            Body::Chunked { mut decoder, decoded, limit_bytes } => {
                let progress = decoder.decode(&mut self.input, head_bytes, decoded, limits, limit_bytes)?;
                if !progress.done {
                    let body = Body::Chunked { decoder, decoded: progress.decoded, limit_bytes };
                    self.phase = Phase::Body { head_bytes, body };
                    return Ok(false);
                }
                progress.decoded
            }
        };
        let (head, rest) = self.input.split_at(head_bytes);
        let body = rest.get(..body_bytes).unwrap_or_default();
        let more = self.served + 1 < limits.requests && !self.draining;
        let (verdict, persistence, head_only) = head::parse(head, limits, |head, facts| {
            (service.decide(&Request { head: *head, body }), persistence(facts, more), head.method == "HEAD")
        })?;
        self.phase = Phase::Deciding { bytes: head_bytes + body_bytes, persistence, head_only };
        if let Verdict::Answer(answer) = verdict {
            self.answer(&answer, limits, now, date);
        }
        Ok(true)
    }

    /// Answers the request that was decided.
    pub fn answer(&mut self, answer: &Answer, limits: &Limits, now: Duration, date: UnixTime) {
        let Phase::Deciding { bytes, persistence, head_only } = self.phase else { return };
        // It may have been told to stop since.
        let persistence = if self.draining { Persistence::Close } else { persistence };
        answer.write(if head_only { "HEAD" } else { "POST" }, persistence, date, &mut self.output);
        self.served += 1;
        self.input.drain(..bytes.min(self.input.len()));
        if persistence == Persistence::Close {
            self.input = Vec::new();
        }
        self.deadline = now + limits.write_time;
        self.phase = match persistence {
            Persistence::Keep | Persistence::KeepAsAsked => Phase::Head { looked: 0, begun: !self.input.is_empty() },
            Persistence::Close => Phase::Ending,
        };
    }

    /// Answers what is no request, or none that could be read to its end.
    fn refuse(&mut self, refusal: &Refusal, limits: &Limits, now: Duration, date: UnixTime) {
        self.end_with(&Answer::refused(refusal), false, limits, now, date);
    }

    /// Answers without having read the request to its end. The framing is lost: nothing that follows is parsed.
    fn end_with(&mut self, answer: &Answer, head_only: bool, limits: &Limits, now: Duration, date: UnixTime) {
        answer.write(if head_only { "HEAD" } else { "POST" }, Persistence::Close, date, &mut self.output);
        self.input = Vec::new();
        self.deadline = now + limits.write_time;
        self.phase = Phase::Ending;
    }

    /// What is to be written.
    #[must_use]
    pub fn pending(&self) -> &[u8] {
        self.output.get(self.written..).unwrap_or_default()
    }

    /// Says that the first `bytes` of [`Connection::pending`] are written; gives memory back to `buffers`.
    pub fn wrote(&mut self, bytes: usize, limits: &Limits, buffers: &mut Buffers, now: Duration) {
        self.written += bytes;
        if !self.pending().is_empty() {
            return;
        }
        self.written = 0;
        self.output.clear();
        match self.phase {
            Phase::Head { .. } if self.input.is_empty() => {
                self.deadline = now + limits.idle_time;
                buffers.give(std::mem::take(&mut self.input));
                buffers.give(std::mem::take(&mut self.output));
            }
            Phase::Head { .. } => self.deadline = now + limits.head_time,
            Phase::Ending if self.input_ended => self.phase = Phase::Closed,
            Phase::Ending => {
                self.deadline = now + limits.linger_time;
                self.phase = Phase::Lingering { left_bytes: limits.linger_bytes };
            }
            Phase::Body { .. } | Phase::Deciding { .. } | Phase::Lingering { .. } | Phase::Closed => {}
        }
    }

    /// What it wants next.
    #[must_use]
    pub fn want(&self) -> Want {
        match self.phase {
            Phase::Closed => Want::Close,
            _ if !self.pending().is_empty() => Want::Write,
            Phase::Lingering { .. } => Want::Linger,
            Phase::Deciding { .. } => Want::Answer,
            Phase::Ending => Want::Close,
            Phase::Head { .. } if self.has_more() => Want::Advance,
            Phase::Head { .. } | Phase::Body { .. } => Want::Read,
        }
    }

    /// When [`Connection::expire`] is due.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Says that the deadline has passed: a request that came too slowly is refused, anything else is closed.
    pub fn expire(&mut self, limits: &Limits, now: Duration, date: UnixTime) {
        match self.phase {
            Phase::Head { .. } | Phase::Body { .. } if self.pending().is_empty() && !self.input.is_empty() => {
                self.refuse(&Refusal::TooSlow, limits, now, date);
            }
            // Its verdict is ours to give, not the client's to wait for.
            Phase::Deciding { .. } => self.deadline = now + limits.write_time,
            _ => self.phase = Phase::Closed,
        }
    }

    /// Memory it holds beside its own size, in bytes.
    #[must_use]
    pub fn held_bytes(&self) -> usize {
        self.input.capacity() + self.output.capacity()
    }
}

fn persistence(facts: Facts, more: bool) -> Persistence {
    match (facts.keep && more, facts.http_1_0) {
        (false, _) => Persistence::Close,
        (true, false) => Persistence::Keep,
        (true, true) => Persistence::KeepAsAsked,
    }
}

/// Decides the request at once where its body is here already, else whether to wait for it.
fn headed(
    head: &Head<'_>,
    facts: Facts,
    head_bytes: usize,
    rest: &[u8],
    more: bool,
    service: &mut impl Service,
) -> Result<Headed, Refusal> {
    let declared = facts.framing.declared_bytes();
    let whole = declared.and_then(|bytes| usize::try_from(bytes).ok()).and_then(|bytes| rest.get(..bytes));
    if let Some(body) = whole {
        return Ok(Headed::Decided {
            verdict: service.decide(&Request { head: *head, body }),
            bytes: head_bytes + body.len(),
            persistence: persistence(facts, more),
            head_only: head.method == "HEAD",
        });
    }
    let limit_bytes = match service.admit(head, declared) {
        Ok(limit_bytes) => limit_bytes,
        Err(refusal) => return Ok(Headed::Refused { refusal, head_only: head.method == "HEAD" }),
    };
    let body = match facts.framing {
        // What is over the limit was refused, so that this is an address in memory.
        Framing::Length(bytes) => {
            let bytes = usize::try_from(bytes).map_err(|_| Refusal::BodyTooLong { limit_bytes })?;
            Body::Length { bytes }
        }
        Framing::Chunked => Body::Chunked { decoder: Decoder::new(), decoded: 0, limit_bytes },
    };
    Ok(Headed::Admitted { body, expects_continue: facts.expects_continue })
}
