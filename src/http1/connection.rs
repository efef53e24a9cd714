//! One connection as a state machine.

mod advance;

use super::buffers::Buffers;
use super::chunked::Decoder;
use super::head;
use super::limits::Limits;
use crate::answer::{Answer, Persistence};
use crate::memory::give_back;
use crate::request::{Head, Request};
use crate::time::UnixTime;
use crate::verify::Refusal;
use std::time::Duration;

/// Who decides about requests.
pub trait Service {
    /// Whether a request with this head is let in at all. Asked before all else, and once for each, so that it may count them.
    ///
    /// # Errors
    /// The refusal to answer instead.
    fn enter(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
        let _ = head;
        Ok(())
    }

    /// Whether to wait for the body behind `head`, and how long it may be, in bytes. `declared_bytes` is its Content-Length.
    ///
    /// # Errors
    /// The refusal to answer instead.
    fn admit(&mut self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<u64, Refusal>;

    /// The verdict on a whole request.
    fn decide(&mut self, request: &Request<'_>) -> Verdict;

    /// The answer to a request that was not let in, or not admitted: it is over with that.
    fn refuse(&mut self, head: &Head<'_>, refusal: &Refusal) -> Answer {
        let _ = head;
        Answer::refused(refusal)
    }

    /// Told of what was refused without being asked about: it is no request, or one that did not come to its end. It has a
    /// head where its body was waited for. `status` is that of the answer.
    fn broke_off(&mut self, head: Option<&Head<'_>>, refusal: &Refusal, status: u16) {
        let _ = (head, refusal, status);
    }
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
    /// When what is in the input began to come.
    began: Duration,
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

impl Connection {
    /// A connection accepted at `now`.
    #[must_use]
    pub fn new(limits: &Limits, now: Duration) -> Self {
        Connection {
            phase: Phase::Head { looked: 0, begun: true },
            input: Vec::new(),
            output: Vec::new(),
            written: 0,
            deadline: now + limits.head_time,
            began: now,
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
                if self.input.is_empty() {
                    self.began = now;
                }
                if self.input.capacity() == 0 {
                    self.input = buffers.take();
                }
                if self.output.capacity() == 0 {
                    self.output = buffers.take();
                }
                self.make_room(bytes.len());
                self.input.extend_from_slice(bytes);
            }
        }
    }

    /// Grows the input by doubling, but not past the body that is declared, or that may come in chunks: memory follows what came, and does not
    /// overshoot.
    fn make_room(&mut self, bytes: usize) {
        let needed = self.input.len() + bytes;
        if needed <= self.input.capacity() {
            return;
        }
        let doubled = needed.max(2 * self.input.capacity());
        let wanted = match self.phase {
            Phase::Body { head_bytes, body: Body::Length { bytes } } => doubled.min(head_bytes + bytes).max(needed),
            Phase::Body { head_bytes, body: Body::Chunked { limit_bytes, .. } } => {
                let longest = usize::try_from(limit_bytes).map_or(usize::MAX, |limit| limit.saturating_add(head_bytes));
                doubled.min(longest).max(needed)
            }
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

    /// Says that the receiver stops: the request at hand, or one that has come and was not fed yet, is answered with
    /// `Connection: close`.
    pub fn drain(&mut self) {
        self.draining = true;
    }

    /// Says that nothing more has come: a connection that has no request at hand is closed once it was told to drain.
    pub fn end_if_drained(&mut self) {
        if self.draining && self.is_idle() {
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

    /// Answers the request that was decided.
    pub fn answer(&mut self, answer: &Answer, limits: &Limits, now: Duration, date: UnixTime) {
        self.answer_by(limits, now, |method, persistence, out| answer.write(method, persistence, date, out));
    }

    /// Answers the request that was decided with what `write` appends, which is told the method, as far as it matters, and
    /// whether the connection is kept.
    pub fn answer_by(&mut self, limits: &Limits, now: Duration, write: impl FnOnce(&str, Persistence, &mut Vec<u8>)) {
        let Phase::Deciding { bytes, persistence, head_only } = self.phase else { return };
        // It may have been told to stop since.
        let persistence = if self.draining { Persistence::Close } else { persistence };
        write(if head_only { "HEAD" } else { "POST" }, persistence, &mut self.output);
        self.served += 1;
        self.input.drain(..bytes.min(self.input.len()));
        if persistence == Persistence::Close {
            give_back(std::mem::take(&mut self.input));
        }
        self.deadline = now + limits.write_time;
        self.began = now;
        self.phase = match persistence {
            Persistence::Keep | Persistence::KeepAsAsked => Phase::Head { looked: 0, begun: !self.input.is_empty() },
            Persistence::Close => Phase::Ending,
        };
    }

    /// Answers what is no request, or none that could be read to its end.
    fn refuse(
        &mut self,
        refusal: &Refusal,
        service: &mut impl Service,
        limits: &Limits,
        now: Duration,
        date: UnixTime,
    ) {
        let answer = Answer::refused(refusal);
        let head = match self.phase {
            Phase::Body { head_bytes, .. } => self.input.get(..head_bytes),
            _ => None,
        };
        let mut tell = |head: Option<&Head<'_>>| service.broke_off(head, refusal, answer.status());
        match head {
            // It was one when its body began to be waited for.
            Some(head) => drop(head::parse(head, limits, |head, _| tell(Some(head)))),
            None => tell(None),
        }
        self.end_with(&answer, false, limits, now, date);
    }

    /// Answers without having read the request to its end. The framing is lost: nothing that follows is parsed.
    fn end_with(&mut self, answer: &Answer, head_only: bool, limits: &Limits, now: Duration, date: UnixTime) {
        answer.write(if head_only { "HEAD" } else { "POST" }, Persistence::Close, date, &mut self.output);
        give_back(std::mem::take(&mut self.input));
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

    /// When the request at hand began to come: at `now`, where nothing of it has come yet.
    #[must_use]
    pub fn began(&self, now: Duration) -> Duration {
        if self.input.is_empty() { now } else { self.began }
    }

    /// When [`Connection::expire`] is due.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Says that the deadline has passed: a request that came too slowly is refused, anything else is closed.
    pub fn expire(&mut self, service: &mut impl Service, limits: &Limits, now: Duration, date: UnixTime) {
        match self.phase {
            Phase::Head { .. } | Phase::Body { .. } if self.pending().is_empty() && !self.input.is_empty() => {
                self.refuse(&Refusal::TooSlow, service, limits, now, date);
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

impl Drop for Connection {
    fn drop(&mut self) {
        give_back(std::mem::take(&mut self.input));
    }
}
