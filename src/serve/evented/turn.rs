//! One turn of the loop after another.

use super::client::Decider;
use super::{Deciding, GONE, Loop, WAKER};
use crate::access::Rates;
use crate::answer::Answer;
use crate::http1::Want;
use crate::receipt::{Keep, Novelty, settle};
use crate::serve::Stop;
use crate::serve::watch::{Answered, Happening, Settled, Verdict};
use crate::time::UnixTime;
use mio::Events;
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

/// Most events taken from the system at once.
const EVENTS_A_TURN: usize = 1024;

/// Time in a turn, at most, for those who had their step and want more, and as much for handshakes. Whoever comes with little
/// waits no longer than that for all of them.
const BUSY_TIME: Duration = Duration::from_millis(1);

/// With this many deliveries a turn is kept without a look at who came meanwhile: a sync for so many costs each of them little.
const GATHERED: usize = 256;

/// Time in a turn, at most, for those who came while it went on.
const GATHER_TIME: Duration = Duration::from_millis(1);

/// Shortest time between two looks at all deadlines.
const EXPIRY_STEP: Duration = Duration::from_millis(50);

impl<K: Keep> Loop<'_, K> {
    pub(super) fn run(mut self, stop: &Stop) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_A_TURN);
        self.watch.serves(&self.receivers);
        loop {
            match self.poll.poll(&mut events, self.patience()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
            self.now = self.started.elapsed();
            self.date = UnixTime::now();
            for event in &events {
                self.note(event);
            }
            self.adopt();
            if stop.asked() && self.stopping.is_none() {
                self.begin_stopping();
            }
            self.accept();
            let ready = std::mem::take(&mut self.ready);
            for index in &ready {
                self.attend_ready(*index);
                self.settle_many();
            }
            self.gather(&mut events)?;
            self.attend_some(|this| &mut this.busy);
            self.attend_some(|this| &mut this.handshakes);
            self.settle();
            self.expire();
            self.tend();
            let patience = self.watch.tend(self.date);
            self.watch_after = patience.map_or(Duration::MAX, |patience| self.now.saturating_add(patience));
            // The list's memory is used again; what the turn put on the next one's list stays on it.
            self.reuse(ready);
            if self.stopping.is_some_and(|limit| self.slots.is_empty() || self.now >= limit) {
                return Ok(());
            }
        }
    }

    /// Takes what came while the turn's requests were decided into the turn, where keeping it waits for a disk: else those who
    /// were answered last time and those who were not go by turns, each with a sync of their own.
    fn gather(&mut self, events: &mut Events) -> io::Result<()> {
        if K::AT_ONCE < usize::MAX {
            return Ok(());
        }
        let start = Instant::now();
        while (1..GATHERED).contains(&self.deciding.len()) && start.elapsed() < GATHER_TIME {
            match self.poll.poll(events, Some(Duration::ZERO)) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
            if events.is_empty() {
                return Ok(());
            }
            for event in &*events {
                self.note(event);
            }
            self.adopt();
            self.accept();
            let came = std::mem::take(&mut self.ready);
            for index in &came {
                self.attend_ready(*index);
            }
            self.reuse(came);
        }
        Ok(())
    }

    fn reuse(&mut self, mut list: Vec<usize>) {
        list.clear();
        list.append(&mut self.ready);
        self.ready = list;
    }

    /// How long nothing can be due.
    fn patience(&self) -> Option<Duration> {
        let waiting = self.listeners.iter().any(|listening| listening.ready);
        if !(self.ready.is_empty() && self.busy.is_empty() && self.handshakes.is_empty())
            || (waiting && self.accept_after <= self.now)
        {
            return Some(Duration::ZERO);
        }
        let accept = if waiting { self.accept_after } else { Duration::MAX };
        let due = self
            .next_expiry
            .min(accept)
            .min(self.tend_after)
            .min(self.watch_after)
            .min(self.stopping.unwrap_or(Duration::MAX));
        // A step more than nothing, since the system's clock is coarser than ours.
        (due != Duration::MAX).then(|| due.saturating_sub(self.started.elapsed()) + Duration::from_millis(1))
    }

    fn note(&mut self, event: &mio::event::Event) {
        let token = event.token();
        if token == WAKER {
            (self.is_woken, self.is_called) = (true, true);
            return;
        }
        let number = (WAKER.0 - 1).checked_sub(token.0).unwrap_or(usize::MAX);
        if number < self.next_listener {
            if let Some(listening) = self.listeners.iter_mut().find(|listening| listening.number == number) {
                listening.ready = true;
            }
            return;
        }
        if let Some(slot) = self.slots.get_mut(token.0) {
            slot.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
            slot.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
            // After its end there is no further event: what is buffered is to be read through to it.
            slot.ends |= event.is_read_closed() || event.is_error();
            self.queue(token.0);
        }
    }

    /// Serves by what it was told to, if it was: once nothing is begun.
    fn adopt(&mut self) {
        // Not between two events of a batch: what is told of a connection must not meet another in its place.
        if !std::mem::take(&mut self.is_called) {
            return;
        }
        if let Some(serving) = self.change.take() {
            // A turn that takes in what came meanwhile may have been woken: what was proven is told by its receiver's number.
            self.settle();
            self.receivers = serving.receivers;
            self.watch.serves(&self.receivers);
            self.settings = serving.settings;
            // They go by the numbers of receivers, which may be others now.
            self.rates = Rates::default();
            if let Some(listeners) = serving.listeners.filter(|_| self.stopping.is_none()) {
                self.listen_on(listeners);
            }
        }
    }

    /// Has the connection looked at in the next turn.
    pub(super) fn queue(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index)
            && !slot.queued
        {
            slot.queued = true;
            self.ready.push(index);
        }
    }

    /// Has the connection looked at again, after the others.
    pub(super) fn queue_busy(&mut self, index: usize) {
        if let Some(slot) = self.slots.get_mut(index)
            && !slot.queued
        {
            slot.queued = true;
            match slot.is_handshaking() {
                true => self.handshakes.push_back(index),
                false => self.busy.push_back(index),
            }
        }
    }

    fn attend_ready(&mut self, index: usize) {
        match self.slots.get_mut(index) {
            Some(slot) if slot.is_handshaking() => {
                slot.queued = false;
                self.queue_busy(index);
            }
            _ => self.attend(index),
        }
    }

    /// Looks after those on a list, in turn, until their time is up.
    fn attend_some(&mut self, list: fn(&mut Self) -> &mut VecDeque<usize>) {
        if list(self).is_empty() {
            return;
        }
        let start = Instant::now();
        for _ in 0..list(self).len() {
            let Some(index) = list(self).pop_front() else { return };
            self.attend(index);
            self.settle_many();
            if start.elapsed() >= BUSY_TIME {
                return;
            }
        }
    }

    fn begin_stopping(&mut self) {
        // Else what was to be listened on would outlive the loop.
        self.is_called = true;
        self.adopt();
        // Who connected before is let in still.
        self.listen_on(Vec::new());
        self.stopping = Some(self.now + self.settings.stop_time);
        for index in self.slots.indices() {
            if let Some(slot) = self.slots.get_mut(index) {
                slot.http.drain();
                // What has come and was not read yet is in flight: only a read that finds nothing says that there is none.
                slot.readable = true;
                self.queue(index);
            }
        }
    }

    /// Settles before the turn's end where more than the keeper keeps at once wait for it.
    fn settle_many(&mut self) {
        if self.deciding.len() >= K::AT_ONCE {
            self.settle();
        }
    }

    /// Keeps all that was proven since the last time, and answers it.
    fn settle(&mut self) {
        if self.deciding.is_empty() {
            return;
        }
        let asked = self.started.elapsed();
        self.watch.settles();
        let receipt = settle(self.keeper).ok();
        let told = self.started.elapsed();
        let (deliveries, is_kept) = (self.deciding.len(), receipt.is_some());
        self.watch.settled(Settled { deliveries, took: told.saturating_sub(asked), is_kept });
        self.is_woken = true;
        let mut deciding = std::mem::take(&mut self.deciding);
        for Deciding { index, receiver, staged, peer, began } in deciding.drain(..) {
            let (verdict, number, answer) = match (staged, &receipt, self.receivers.at(receiver)) {
                (Some(staged), Some(receipt), Some(receiver)) => {
                    let verdict = match staged.novelty() {
                        Novelty::New => Verdict::Accepted,
                        Novelty::Duplicate => Verdict::Duplicate,
                    };
                    let number = staged.number();
                    (verdict, number, Answer::accepted(receiver.verifier().scheme(), staged, receipt))
                }
                _ => (Verdict::Unavailable, None, Answer::unavailable()),
            };
            self.id.clear();
            if let Some(number) = number.filter(|_| self.watch.wants_ids(self.date)) {
                self.keeper.write_id(number, &mut self.id);
            }
            self.watch.answered(&Answered {
                receiver: Some(receiver),
                verdict,
                status: answer.status(),
                id: std::str::from_utf8(&self.id).ok().filter(|id| !id.is_empty()),
                peer,
                took: told.saturating_sub(began),
                date: self.date,
            });
            let Some(slot) = self.slots.get_mut(index) else { continue };
            slot.http.answer_by(&self.settings.limits, self.now, |method, persistence, out| {
                self.last_answer.write(&answer, method, persistence, self.date, out);
            });
            let written = self.write(index);
            let Some(slot) = self.slots.get_mut(index) else { continue };
            match slot.want() {
                Want::Close => self.remove(index),
                Want::Write if !written => {}
                Want::Read if !slot.readable => {}
                _ => self.queue_busy(index),
            }
        }
        self.deciding = deciding;
    }

    /// Lets the keeper do what is due beside the turns, once a turn was kept, or its time has come.
    fn tend(&mut self) {
        if self.is_woken || self.now >= self.tend_after {
            self.is_woken = false;
            let patience = self.keeper.tend();
            self.watch.keeps(self.keeper.is_taking());
            self.tend_after =
                patience.map_or(Duration::MAX, |patience| self.started.elapsed().saturating_add(patience));
        }
    }

    fn expire(&mut self) {
        if self.now < self.next_expiry {
            return;
        }
        let mut next = Duration::MAX;
        for index in self.slots.indices() {
            let Some(slot) = self.slots.get_mut(index) else { continue };
            if slot.deadline() <= self.now {
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
                slot.expire(&mut decider, &self.settings.limits, self.now, self.date);
                // Who was too slow can wait for those who were not.
                self.queue_busy(index);
            }
            if let Some(slot) = self.slots.get_mut(index) {
                next = next.min(slot.deadline());
            }
        }
        self.next_expiry = next.max(self.now + EXPIRY_STEP);
    }

    pub(super) fn remove(&mut self, index: usize) {
        if let Some(mut slot) = self.slots.remove(index) {
            if slot.is_handshaking() {
                self.watch.connection(Happening::Handshaken { is_done: false });
            }
            self.watch.connection(Happening::Closed);
            slot.part();
            // A request of it that was staged is kept all the same; its answer has nowhere to go.
            for deciding in self.deciding.iter_mut().filter(|deciding| deciding.index == index) {
                deciding.index = GONE;
            }
        }
    }
}
