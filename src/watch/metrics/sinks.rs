//! The numbers of sinks, which delivery counts: they are taken over when somebody asks.

use super::{Seconds, registered};
use crate::deliver::{Came, Watched};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::atomic::Ordering;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SinkLabels {
    sink: String,
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct AttemptLabels {
    sink: String,
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Debug)]
pub(super) struct Sinks {
    lag: Family<SinkLabels, Gauge>,
    attempts: Family<AttemptLabels, Counter>,
    owed: Family<SinkLabels, Gauge>,
    dead: Family<SinkLabels, Gauge>,
    paused: Family<SinkLabels, Gauge>,
    succeeded_at: Family<SinkLabels, Seconds>,
}

impl Sinks {
    pub(super) fn register(registry: &mut Registry) -> Self {
        Sinks {
            lag: registered(registry, "sink_lag_events", "Events that a sink has yet to look at"),
            attempts: registered(registry, "sink_attempts", "Attempts to hand an event to a sink, by outcome"),
            owed: registered(registry, "sink_owed_events", "Events that a sink is to be tried with again"),
            dead: registered(registry, "sink_dead_letters", "Events that a sink was given up on with"),
            paused: registered(
                registry,
                "sink_paused",
                "1 where a sink failed for so long that it takes no new events",
            ),
            succeeded_at: registered(
                registry,
                "sink_last_success_timestamp_seconds",
                "When a sink last took an event, since the start",
            ),
        }
    }

    /// Takes over what delivery has counted. Sinks that are no more go.
    pub(super) fn set(&self, watched: &Watched) {
        for family in [&self.lag, &self.owed, &self.dead, &self.paused] {
            family.clear();
        }
        self.attempts.clear();
        self.succeeded_at.clear();
        let gauge = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        for sink in watched.sinks() {
            let kind = sink.kind();
            let labels = SinkLabels { sink: sink.name().to_string(), kind };
            self.lag.get_or_create(&labels).set(gauge(watched.pending(&sink)));
            self.owed.get_or_create(&labels).set(gauge(sink.owed()));
            self.dead.get_or_create(&labels).set(gauge(sink.dead()));
            self.paused.get_or_create(&labels).set(i64::from(sink.is_paused()));
            if let Some(at) = sink.succeeded_at() {
                self.succeeded_at.get_or_create(&labels).set(at.as_ms() as f64 / 1000.0);
            }
            for (came, outcome) in [(Came::Done, "done"), (Came::Retry, "retry"), (Came::Dead, "dead")] {
                let labels = AttemptLabels { sink: sink.name().to_string(), kind, outcome };
                self.attempts.get_or_create(&labels).inner().store(sink.attempts(came), Ordering::Relaxed);
            }
        }
    }
}
