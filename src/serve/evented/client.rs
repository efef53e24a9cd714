//! Looking after one connection: its reads, its requests, its writes.

use super::{Deciding, Loop};
use crate::access::Rates;
use crate::answer::Answer;
use crate::http1::{Service, Verdict, Want};
use crate::receipt::{Keep, Staged, stage};
use crate::receive::{Received, Receivers};
use crate::request::{Head, Request};
use crate::serve::watch::{self, Answered, Happening, Watch};
use crate::time::UnixTime;
use crate::verify::Refusal;
use std::io::{self, Read};
use std::net::IpAddr;
use std::time::{Duration, Instant};

impl<K: Keep> Loop<'_, K> {
    /// Looks after one connection until it waits for its socket, for the turn's commit, or for the others, who come first once it
    /// has had a step: a read, or the decision of one request that was read before.
    pub(super) fn attend(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index) {
            slot.queued = false;
        }
        let mut had_a_step = false;
        loop {
            let Some(slot) = self.slots.get_mut(index) else { return };
            let want = slot.want();
            match want {
                Want::Close => return self.remove(index),
                Want::Answer => return,
                Want::Write => {
                    if !self.write(index) {
                        return;
                    }
                }
                Want::Advance => {
                    if had_a_step {
                        return self.queue_busy(index);
                    }
                    had_a_step = true;
                    self.advance(index, Came::Nothing);
                }
                Want::Read | Want::Linger => {
                    if want == Want::Linger && !slot.shut && slot.end_output() {
                        continue;
                    }
                    if !slot.readable {
                        return;
                    }
                    if had_a_step {
                        return self.queue_busy(index);
                    }
                    had_a_step = true;
                    if !self.read(index) {
                        return;
                    }
                }
            }
        }
    }

    /// Reads once and decides what came. Whether the connection is to be looked at further.
    fn read(&mut self, index: usize) -> bool {
        let Some(slot) = self.slots.get_mut(index) else { return false };
        // Where the buffer is full of one handshake message, nothing more is read, as if its end had come: none is that long.
        let kept = slot.session.as_ref().map_or(0, |session| session.lay_out(&mut self.read_buffer));
        let room = self.read_buffer.get_mut(kept..).unwrap_or_default();
        let room_bytes = room.len();
        let came = match slot.stream.read(room) {
            Ok(0) => {
                slot.readable = false;
                slot.end_input();
                Came::Nothing
            }
            Ok(count) => {
                // A short read took all there was, and more will be told of; unless the end was told already. Once the front
                // stops, a read that finds nothing ends who has no request.
                slot.readable = count == room_bytes || slot.ends || self.stopping.is_some();
                if slot.session.is_some() {
                    self.open(index, kept + count);
                    return true;
                }
                Came::Read(count)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                slot.readable = false;
                slot.http.end_if_drained();
                return slot.want() == Want::Close;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return true,
            Err(_) => {
                self.remove(index);
                return false;
            }
        };
        self.advance(index, came);
        true
    }

    /// Opens the first `bytes` of the read buffer, TLS records, and decides what was in them.
    fn open(&mut self, index: usize, bytes: usize) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let Some(session) = &mut slot.session else { return };
        let records = self.read_buffer.get_mut(..bytes).unwrap_or_default();
        let was_handshaking = session.is_handshaking();
        session.open(records, &mut self.opened, slot.ends, &self.settings.limits, self.now, self.date);
        if was_handshaking && !session.is_handshaking() {
            self.watch.connection(Happening::Handshaken { is_done: !session.has_failed() });
        }
        let has_ended = session.has_ended();
        if has_ended {
            slot.http.end_input();
        }
        if has_ended || !self.opened.is_empty() {
            self.advance(index, Came::Opened);
            self.opened.clear();
        } else {
            self.account(index);
        }
    }

    /// Decides what has come, `came` last.
    fn advance(&mut self, index: usize, came: Came) {
        let Some(slot) = self.slots.get_mut(index) else { return };
        let mut decider = Decider {
            receivers: &self.receivers,
            rates: &mut self.rates,
            keeper: self.keeper,
            watch: &mut *self.watch,
            started: self.started,
            began: slot.http.began(self.now),
            peer: slot.peer(),
            now: (self.now, self.date),
            proven: None,
        };
        let limits = &self.settings.limits;
        let bytes = match came {
            Came::Nothing => None,
            Came::Read(count) => self.read_buffer.get(..count),
            Came::Opened => Some(self.opened.as_slice()),
        };
        match bytes {
            Some([]) | None => slot.http.advance(&mut decider, limits, self.now, self.date),
            Some(bytes) => {
                slot.http.receive(bytes, &mut decider, limits, &mut self.buffers, self.now, self.date);
            }
        }
        let Decider { peer, began, proven, .. } = decider;
        if let (Some((receiver, staged)), Want::Answer) = (proven, slot.http.want()) {
            self.deciding.push(Deciding { index, receiver, staged, peer, began });
        }
        self.account(index);
    }

    /// Writes what is pending. Whether the connection is to be looked at further.
    pub(super) fn write(&mut self, index: usize) -> bool {
        let Some(slot) = self.slots.get_mut(index) else { return false };
        if !slot.writable {
            return false;
        }
        match slot.write() {
            // What was written of TLS alone is no answer.
            Ok(0) => {
                self.account(index);
                true
            }
            Ok(count) => {
                slot.http.wrote(count, &self.settings.limits, &mut self.buffers, self.now);
                if slot.http.want() == Want::Read && slot.http.input_ended() {
                    self.advance(index, Came::Nothing);
                }
                self.account(index);
                true
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                slot.writable = false;
                false
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => true,
            Err(_) => {
                self.remove(index);
                false
            }
        }
    }
}

/// What has come since a connection was last looked at.
enum Came {
    Nothing,
    /// This many bytes, in the read buffer.
    Read(usize),
    /// What was opened of TLS records.
    Opened,
}

/// The receivers as the connection asks them.
pub(super) struct Decider<'a, K> {
    pub(super) receivers: &'a Receivers,
    pub(super) rates: &'a mut Rates,
    pub(super) keeper: &'a mut K,
    pub(super) watch: &'a mut dyn Watch,
    /// When the front began to run.
    pub(super) started: Instant,
    /// When the request at hand began to come, since then.
    pub(super) began: Duration,
    pub(super) peer: Option<IpAddr>,
    pub(super) now: (Duration, UnixTime),
    /// The number of the receiver that proved a delivery, and whether it was staged.
    pub(super) proven: Option<(usize, Option<Staged>)>,
}

impl<K> Decider<'_, K> {
    /// Tells who watches of a request that was answered at once.
    fn tell(&mut self, receiver: Option<usize>, verdict: watch::Verdict<'_>, status: u16) {
        let took = self.started.elapsed().saturating_sub(self.began);
        let (peer, date) = (self.peer, self.now.1);
        self.watch.answered(&Answered { receiver, verdict, status, id: None, peer, took, date });
    }
}

impl<K: Keep> Service for Decider<'_, K> {
    fn enter(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
        self.receivers.enter(head, self.peer, self.rates, self.now.0)
    }

    fn admit(&mut self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<u64, Refusal> {
        self.receivers.admit(head, declared_bytes)
    }

    fn decide(&mut self, request: &Request<'_>) -> Verdict {
        match self.receivers.receive(request, self.rates, self.now) {
            Ok((receiver, Received::Handshake(answer))) => {
                self.tell(Some(receiver), watch::Verdict::Handshake, answer.status());
                Verdict::Answer(answer)
            }
            Ok((receiver, Received::Delivery(delivery))) => {
                self.watch.proved(receiver, delivery.verified().secret_label(), self.now.1);
                self.proven = Some((receiver, stage(self.keeper, &delivery.with_peer(self.peer)).ok()));
                Verdict::Later
            }
            Err(refusal) => Verdict::Answer(self.refuse(&request.head, &refusal)),
        }
    }

    fn refuse(&mut self, head: &Head<'_>, refusal: &Refusal) -> Answer {
        let answer = self.receivers.refuse(head, refusal);
        let receiver = self.receivers.find(head).map(|(number, _)| number);
        self.tell(receiver, watch::Verdict::Refused(refusal), answer.status());
        answer
    }

    fn broke_off(&mut self, head: Option<&Head<'_>>, refusal: &Refusal, status: u16) {
        let receiver = head.and_then(|head| self.receivers.find(head)).map(|(number, _)| number);
        self.tell(receiver, watch::Verdict::Refused(refusal), status);
    }
}
