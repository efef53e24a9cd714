//! How a connection goes on with what has come: from head to body to verdict.

use super::{Body, Connection, Phase, Service, Verdict};
use crate::answer::{Answer, Persistence};
use crate::http1::buffers::Buffers;
use crate::http1::chunked::Decoder;
use crate::http1::framing::Framing;
use crate::http1::head::{self, End, Facts};
use crate::http1::limits::Limits;
use crate::request::{Head, Request};
use crate::time::UnixTime;
use crate::verify::Refusal;
use std::time::Duration;

/// What became of the head at hand.
enum Headed {
    /// The request is whole and decided.
    Decided { verdict: Verdict, bytes: usize, persistence: Persistence, head_only: bool },
    /// Its body is not worth waiting for.
    Refused { answer: Answer, head_only: bool },
    /// Its body is to be waited for.
    Admitted { body: Body, expects_continue: bool },
}

impl Connection {
    /// Most requests decided in one call of [`Connection::advance`], so that one client cannot keep the others waiting.
    const DECIDED_AT_ONCE: u32 = 16;

    /// Takes `bytes` that came at `now` and decides what has come, as far as it goes: [`Connection::feed`], then
    /// [`Connection::advance`], but a request that comes whole is decided where it lies. Most do, and need not be copied.
    pub fn receive(
        &mut self,
        bytes: &[u8],
        service: &mut impl Service,
        limits: &Limits,
        buffers: &mut Buffers,
        now: Duration,
        date: UnixTime,
    ) {
        let Some((verdict, deciding, rest)) = self.decide_whole(bytes, service, limits) else {
            self.feed(bytes, limits, buffers, now);
            return self.advance(service, limits, now, date);
        };
        self.phase = deciding;
        if self.output.capacity() == 0 {
            self.output = buffers.take();
        }
        if !rest.is_empty() {
            self.feed(rest, limits, buffers, now);
        }
        if let Verdict::Answer(answer) = verdict {
            self.answer(&answer, limits, now, date);
        }
    }

    /// The verdict on the request that `bytes` begin with, the phase after it and what follows, if nothing came before and
    /// all of it is here. Whatever else they are is for [`Connection::advance`] to find out.
    fn decide_whole<'b>(
        &self,
        bytes: &'b [u8],
        service: &mut impl Service,
        limits: &Limits,
    ) -> Option<(Verdict, Phase, &'b [u8])> {
        // Empty lines before it count for nothing, and are for `advance_head` to take away.
        let nothing_before = self.input.is_empty() && self.pending().is_empty() && !bytes.starts_with(b"\r\n");
        let (Phase::Head { .. }, true, End::At(end)) = (self.phase, nothing_before, head::find_end(bytes, 0)) else {
            return None;
        };
        check_head_length(bytes, end, limits).ok()?;
        let (head, rest) = bytes.split_at_checked(end)?;
        let more = self.more_after_this(limits);
        let parsed = head::parse(head, limits, |head, facts| {
            let body = whole_body(facts, rest)?;
            let (verdict, persistence) = decide(head, facts, body, more, service);
            let phase = Phase::Deciding { bytes: 0, persistence, head_only: head.method == "HEAD" };
            Some((verdict, phase, rest.get(body.len()..)?))
        });
        parsed.ok().flatten()
    }

    /// Whether the connection may go on after the request at hand.
    fn more_after_this(&self, limits: &Limits) -> bool {
        self.served + 1 < limits.requests && !self.draining
    }

    /// Decides what has come, as far as it goes. `date` is for the answers.
    pub fn advance(&mut self, service: &mut impl Service, limits: &Limits, now: Duration, date: UnixTime) {
        for _ in 0..Self::DECIDED_AT_ONCE {
            if !self.pending().is_empty() {
                return;
            }
            let went_on = match self.phase {
                Phase::Head { looked, .. } => {
                    let went_on = self.advance_head(looked, service, limits, now, date);
                    went_on.map_err(|refusal| self.first_doubt(refusal, limits))
                }
                Phase::Body { head_bytes, body } => self.advance_body(head_bytes, body, service, limits, now, date),
                _ => return,
            };
            match went_on {
                Ok(true) => {}
                Ok(false) => break,
                Err(refusal) => return self.refuse(&refusal, service, limits, now, date),
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

    pub(super) fn has_more(&self) -> bool {
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
                check_head_length(&self.input, end, limits)?;
                end
            }
            End::NotBefore(end) => {
                self.phase = Phase::Head { looked: end, begun: true };
                check_head_length(&self.input, end, limits)?;
                return match head::find_bare_cr(&self.input, looked) {
                    Some(_) => Err(Refusal::MalformedHead),
                    None => Ok(false),
                };
            }
            End::MalformedAt(end) => {
                check_head_length(&self.input, end, limits)?;
                return Err(Refusal::MalformedHead);
            }
        };
        let (head, rest) = self.input.split_at(end);
        let more = self.more_after_this(limits);
        let headed = head::parse(head, limits, |head, facts| headed(head, facts, end, rest, more, service))??;
        match headed {
            Headed::Decided { verdict, bytes, persistence, head_only } => {
                self.phase = Phase::Deciding { bytes, persistence, head_only };
                if let Verdict::Answer(answer) = verdict {
                    self.answer(&answer, limits, now, date);
                }
            }
            Headed::Refused { answer, head_only } => {
                self.end_with(&answer, head_only, limits, now, date);
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

    /// The refusal of a head that is to be refused: that of the bare CR in it, where one came before it was too long, so that
    /// it does not hang on how the head came in pieces.
    fn first_doubt(&self, refusal: Refusal, limits: &Limits) -> Refusal {
        let (End::At(end) | End::NotBefore(end) | End::MalformedAt(end)) = head::find_end(&self.input, 0);
        match head::find_bare_cr(self.input.get(..end).unwrap_or_default(), 0) {
            Some(seen) if check_head_length(&self.input, seen, limits).is_ok() => Refusal::MalformedHead,
            _ => refusal,
        }
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
        let more = self.more_after_this(limits);
        let (verdict, persistence, head_only) = head::parse(head, limits, |head, facts| {
            (service.decide(&Request { head: *head, body }), persistence(facts, more), head.method == "HEAD")
        })?;
        self.phase = Phase::Deciding { bytes: head_bytes + body_bytes, persistence, head_only };
        if let Verdict::Answer(answer) = verdict {
            self.answer(&answer, limits, now, date);
        }
        Ok(true)
    }
}

/// Whether a head of which `bytes` are known, the first of `input`, is not too long.
fn check_head_length(input: &[u8], bytes: usize, limits: &Limits) -> Result<(), Refusal> {
    // The method and the version beside the target are short, or nothing that we know.
    const BESIDE_TARGET_BYTES: usize = 64;
    let line_limit = limits.target_bytes + BESIDE_TARGET_BYTES;
    if bytes > line_limit && !input.get(..line_limit).unwrap_or_default().contains(&b'\n') {
        return Err(Refusal::TargetTooLong);
    }
    if bytes > limits.head_bytes { Err(Refusal::HeadTooLong) } else { Ok(()) }
}

fn persistence(facts: Facts, more: bool) -> Persistence {
    match (facts.keep && more, facts.http_1_0) {
        (false, _) => Persistence::Close,
        (true, false) => Persistence::Keep,
        (true, true) => Persistence::KeepAsAsked,
    }
}

/// Lets a request that came whole in, and decides it: the verdict, and whether the connection goes on after it.
fn decide(
    head: &Head<'_>,
    facts: Facts,
    body: &[u8],
    more: bool,
    service: &mut impl Service,
) -> (Verdict, Persistence) {
    if let Err(refusal) = service.enter(head) {
        return (Verdict::Answer(service.refuse(head, &refusal)), persistence(facts, more && body.is_empty()));
    }
    let verdict = service.decide(&Request { head: *head, body });
    // A body that is not worth waiting for ends the connection, also where it is here already: what becomes of a connection
    // does not hang on how its bytes were split.
    let unwanted = matches!(verdict, Verdict::Answer(_))
        && !body.is_empty()
        && service.admit(head, facts.framing.declared_bytes()).is_err();
    (verdict, persistence(facts, more && !unwanted))
}

/// The body of a request, if all of it is in `rest`, which follows the head.
fn whole_body(facts: Facts, rest: &[u8]) -> Option<&[u8]> {
    let declared = facts.framing.declared_bytes()?;
    rest.get(..usize::try_from(declared).ok()?)
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
    if let Some(body) = whole_body(facts, rest) {
        let (verdict, persistence) = decide(head, facts, body, more, service);
        let bytes = head_bytes + body.len();
        return Ok(Headed::Decided { verdict, bytes, persistence, head_only: head.method == "HEAD" });
    }
    let limit_bytes = match service.enter(head).and_then(|()| service.admit(head, declared)) {
        Ok(limit_bytes) => limit_bytes,
        Err(refusal) => {
            return Ok(Headed::Refused { answer: service.refuse(head, &refusal), head_only: head.method == "HEAD" });
        }
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
