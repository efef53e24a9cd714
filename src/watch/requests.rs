//! Each request, as it is answered: counted, and told in a line of the log.

use super::health::Health;
use super::log::REQUESTS;
use super::metrics::{Metrics, SourceMetrics};
use super::quota::{OF_EVENTS, OF_STRANGERS, Quota};
use crate::receive::Receivers;
use crate::serve::watch::{Answered, Happening, Settled, Verdict, Watch};
use crate::time::UnixTime;
use std::fmt::Write;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// Watches a front for the log and for [`Metrics`].
///
/// Each has its line, but for floods: of events, and of anything else, which whoever likes can send, so many have one each; the
/// rest is counted in one for all.
#[derive(Debug)]
pub struct Requests {
    metrics: Arc<Metrics>,
    health: Arc<Health>,
    /// By the numbers of their receivers.
    sources: Vec<SourceMetrics>,
    /// Of lines of accepted events.
    events: Quota,
    /// Of all other lines.
    others: Quota,
    /// The address of the last request, and as text: most come from the same.
    peer: (Option<IpAddr>, String),
}

impl Requests {
    /// A watcher that counts with `metrics` and tells `health` of the keeper.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, health: Arc<Health>) -> Self {
        let now = UnixTime::now();
        let (events, others) = (Quota::starting(OF_EVENTS, now), Quota::starting(OF_STRANGERS, now));
        Requests { metrics, health, sources: Vec::new(), events, others, peer: (None, String::new()) }
    }

    fn count(&self, request: &Answered<'_>) {
        let source = request.receiver.and_then(|number| self.sources.get(number));
        if !source.is_some_and(|source| source.count(request.verdict, request.date)) {
            self.metrics.count_seldom(source, request.verdict);
        }
    }

    fn tell(&mut self, request: &Answered<'_>) {
        if self.peer.0 != request.peer {
            self.peer.0 = request.peer;
            self.peer.1.clear();
            if let Some(address) = request.peer {
                let _ = write!(self.peer.1, "{}", address.to_canonical());
            }
        }
        let detail = match request.verdict {
            Verdict::Refused(refusal) => Some(refusal.to_string()),
            _ => None,
        };
        let source = request.receiver.and_then(|number| self.sources.get(number));
        tracing::info!(
            target: REQUESTS,
            id = request.id,
            source = source.map(|source| source.name.as_str()),
            verdict = request.verdict.name(),
            reason = Some(request.verdict.reason()).filter(|reason| !reason.is_empty()),
            detail = detail.as_deref(),
            status = u64::from(request.status),
            duration_us = u64::try_from(request.took.as_micros()).unwrap_or(u64::MAX),
            peer = request.peer.map(|_| self.peer.1.as_str()),
            "request"
        );
    }
}

impl Watch for Requests {
    fn serves(&mut self, receivers: &Receivers) {
        let now = UnixTime::now();
        let metrics = &self.metrics;
        self.sources = receivers
            .iter()
            .map(|receiver| metrics.source(receiver.source(), receiver.verifier().secret_labels(), now))
            .collect();
        metrics.serves(&self.sources);
    }

    fn proved(&mut self, receiver: usize, secret_label: &str, date: UnixTime) {
        if let Some(source) = self.sources.get(receiver) {
            source.proved(secret_label, date);
        }
    }

    fn answered(&mut self, request: &Answered<'_>) {
        self.count(request);
        if !tracing::enabled!(target: REQUESTS, tracing::Level::INFO) {
            return;
        }
        let quota = if request.verdict == Verdict::Accepted { &mut self.events } else { &mut self.others };
        if quota.take(request.date) {
            self.tell(request);
        }
    }

    fn wants_ids(&self, date: UnixTime) -> bool {
        self.events.has_some(date) && tracing::enabled!(target: REQUESTS, tracing::Level::INFO)
    }

    fn settles(&mut self) {
        self.health.settles();
    }

    fn settled(&mut self, turn: Settled) {
        self.health.settled(turn.is_kept);
        self.metrics.settled(turn);
    }

    fn keeps(&mut self, is_taking: bool) {
        self.health.keeps(is_taking);
    }

    fn connection(&mut self, happening: Happening) {
        self.metrics.connection(happening);
    }

    fn tend(&mut self, now: UnixTime) -> Option<Duration> {
        if let Some(count) = self.events.sum(now) {
            tracing::info!(target: REQUESTS, count, "accepted events had no line of their own");
        }
        if let Some(count) = self.others.sum(now) {
            tracing::info!(target: REQUESTS, count, "requests that were not accepted had no line of their own");
        }
        [self.events.due(now), self.others.due(now)].into_iter().flatten().min()
    }
}
