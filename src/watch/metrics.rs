//! The numbers of a receiver that runs, in the text format of Prometheus. docs/WATCHING.md lists them.
//!
//! Labels are names that the operator gave, or words of fixed sets: never a stranger's text, so that nobody can make their number
//! grow.

mod sinks;

use super::log;
use crate::deliver::Watched;
use crate::serve::watch::{Happening, Settled, Shed, Verdict};
use crate::store::{Order, Reader};
use crate::time::UnixTime;
use crate::verify::Refusal;
use prometheus_client::encoding::{EncodeLabelSet, prometheus_text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};
use sinks::Sinks;
use std::fmt;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The type that `/metrics` is answered with.
pub const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

type Seconds = Gauge<f64, AtomicU64>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RequestLabels {
    source: String,
    verdict: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SourceLabel {
    source: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct SecretLabels {
    source: String,
    secret: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Version {
    version: &'static str,
}

/// All numbers of one receiver. Who counts holds on to what he counts with, which is an atomic, so that a request costs no look-up.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    matches: Family<SecretLabels, Counter>,
    matched_at: Family<SecretLabels, Seconds>,
    silence: Family<SourceLabel, Seconds>,
    batches: Histogram,
    commits: Histogram,
    failed_commits: Counter,
    connections: Gauge,
    opened: Counter,
    shed: [Counter; Shed::ALL.len()],
    failed_accepts: Counter,
    handshakes: [Counter; 2],
    store_bytes: Gauge,
    ready: Gauge,
    dropped_lines: Counter,
    sinks: Sinks,
    /// The sources that are served, and when each last accepted an event, or began to be served; until there are any, those of the
    /// store.
    sources: Mutex<Vec<(String, Arc<AtomicI64>)>>,
    /// Where the store is.
    folder: Option<PathBuf>,
    watched: Option<Arc<Watched>>,
}

/// How many looks into the store, of 2,000 events each, are taken for the last event of every source: some 20 ms.
const LOOKS_BACK: u32 = 5;

/// When the newest event of each source in `folder` came, of those that have one among the newest of all: whoever starts a receiver
/// each day wants to hear of a silence that is older. What cannot be read begins with the start, and is told of by others.
fn last_accepted(folder: &Path) -> Vec<(String, Arc<AtomicI64>)> {
    let Ok(reader) = Reader::open(folder) else { return Vec::new() };
    let mut found: Vec<(String, Arc<AtomicI64>)> = Vec::new();
    let mut from = i64::MAX;
    for _ in 0..LOOKS_BACK {
        let seen = reader.look(Order::Descending, from, |facts| {
            if facts.is_readable && !found.iter().any(|(source, _)| source == facts.source) {
                found.push((facts.source.to_string(), Arc::new(AtomicI64::new(facts.received_at.as_ms()))));
            }
            ControlFlow::Continue(())
        });
        let Ok(Some(last)) = seen else { break };
        from = last;
    }
    found
}

/// What one source is counted with.
#[derive(Debug)]
pub(super) struct SourceMetrics {
    pub(super) name: String,
    accepted: Counter,
    duplicate: Counter,
    accepted_at: Arc<AtomicI64>,
    secrets: Vec<(String, Counter, Seconds)>,
}

impl Metrics {
    /// Those of a receiver whose store is in `folder` and whose sinks are `watched`, if it has one.
    #[must_use]
    pub fn new(folder: Option<PathBuf>, watched: Option<Arc<Watched>>) -> Self {
        let mut registry = Registry::with_prefix("hookgate");
        let register = &mut registry;
        let build: Family<Version, Gauge> = registered(register, "build_info", "1; its label says what runs");
        build.get_or_create(&Version { version: env!("CARGO_PKG_VERSION") }).set(1);
        Metrics {
            requests: registered(register, "requests", "Requests that were answered, by source, verdict and reason"),
            matches: registered(register, "secret_matches", "Proven deliveries, by the secret that proved them"),
            matched_at: registered(
                register,
                "secret_last_match_timestamp_seconds",
                "When a secret last proved a delivery",
            ),
            silence: registered(
                register,
                "since_last_accepted_seconds",
                "Time since a source's last accepted event, or since it began to be served if there was none",
            ),
            // From one delivery to as many as there may be connections.
            batches: histogram(
                register,
                "batch_deliveries",
                "Deliveries kept with one commit",
                exponential_buckets(1.0, 2.0, 13),
                None,
            ),
            // From what a write to memory takes to what a disk in trouble takes.
            commits: histogram(
                register,
                "commit_duration",
                "Time that a commit took",
                exponential_buckets(0.000_1, 2.0, 17),
                Some(Unit::Seconds),
            ),
            failed_commits: registered(
                register,
                "commit_failures",
                "Commits that failed: all their deliveries were answered 503",
            ),
            connections: registered(register, "connections", "Connections that are open"),
            opened: registered(register, "connections_opened", "Connections that were accepted"),
            shed: {
                let family: Family<Reason, Counter> = registered(
                    register,
                    "connections_shed",
                    "Connections that were closed, or not opened, to make room",
                );
                Shed::ALL.map(|shed| family.get_or_create_owned(&Reason { reason: shed.name() }))
            },
            failed_accepts: registered(
                register,
                "accept_failures",
                "Times that the system had no descriptor or no memory for a connection",
            ),
            handshakes: {
                let family: Family<OutcomeLabel, Counter> =
                    registered(register, "tls_handshakes", "TLS handshakes that came to an end");
                ["failed", "done"].map(|outcome| family.get_or_create_owned(&OutcomeLabel { outcome }))
            },
            store_bytes: registered(register, "store_bytes", "Length of the store's files"),
            ready: registered(register, "ready", "1 where /readyz says so, else 0"),
            dropped_lines: registered(register, "log_lines_dropped", "Lines of the log that nobody took"),
            sinks: Sinks::register(register),
            sources: Mutex::new(folder.as_deref().map(last_accepted).unwrap_or_default()),
            folder,
            watched,
            registry,
        }
    }

    /// What a source is counted with from now on. Where it was served before, that goes on.
    pub(super) fn source(&self, name: &str, labels: impl Iterator<Item = String>, now: UnixTime) -> SourceMetrics {
        let source = || name.to_string();
        let counter = |verdict: Verdict<'_>| self.requests.get_or_create_owned(&request_labels(name, verdict));
        let secrets = labels.map(|secret| {
            let labels = SecretLabels { source: source(), secret: secret.clone() };
            (secret, self.matches.get_or_create_owned(&labels), self.matched_at.get_or_create_owned(&labels))
        });
        // What a secret looks like that was changed on one side only: an alarm sees no growth in a number that was not there.
        let _ = counter(Verdict::Refused(&Refusal::SignatureMismatch));
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        let known = sources.iter().find(|(known, _)| known == name).map(|(_, at)| Arc::clone(at));
        SourceMetrics {
            name: source(),
            accepted: counter(Verdict::Accepted),
            duplicate: counter(Verdict::Duplicate),
            accepted_at: known.unwrap_or_else(|| Arc::new(AtomicI64::new(now.as_ms()))),
            secrets: secrets.collect(),
        }
    }

    /// These are the sources that are served.
    pub(super) fn serves(&self, sources: &[SourceMetrics]) {
        let served = sources.iter().map(|source| (source.name.clone(), Arc::clone(&source.accepted_at)));
        *self.sources.lock().unwrap_or_else(PoisonError::into_inner) = served.collect();
    }

    /// Counts a request to no source, or one that no counter of its source's is for.
    pub(super) fn count_seldom(&self, source: Option<&SourceMetrics>, verdict: Verdict<'_>) {
        let name = source.map_or("", |source| source.name.as_str());
        self.requests.get_or_create(&request_labels(name, verdict)).inc();
    }

    pub(super) fn settled(&self, turn: Settled) {
        // No turn is so long that this loses anything of it.
        self.batches.observe(turn.deliveries as f64);
        self.commits.observe(turn.took.as_secs_f64());
        if !turn.is_kept {
            self.failed_commits.inc();
        }
    }

    pub(super) fn connection(&self, happening: Happening) {
        match happening {
            Happening::Opened => {
                self.opened.inc();
                self.connections.inc();
            }
            Happening::Closed => {
                self.connections.dec();
            }
            Happening::Shed(why) => {
                let shed = Shed::ALL.iter().zip(&self.shed).find(|(shed, _)| **shed == why);
                shed.map(|(_, counter)| counter.inc());
            }
            Happening::AcceptFailed => {
                self.failed_accepts.inc();
            }
            Happening::Handshaken { is_done } => {
                self.handshakes.get(usize::from(is_done)).map(Counter::inc);
            }
        }
    }

    /// All of them at `now`, as text.
    #[must_use]
    pub fn text(&self, is_ready: bool, now: UnixTime) -> String {
        // One at a time: some are set only for this.
        let sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        self.silence.clear();
        for (source, at) in sources.iter() {
            let since_ms = now.as_ms().saturating_sub(at.load(Ordering::Relaxed)).max(0);
            self.silence.get_or_create(&SourceLabel { source: source.clone() }).set(since_ms as f64 / 1000.0);
        }
        self.store_bytes.set(self.folder.as_deref().map_or(0, super::health::store_bytes));
        self.ready.set(i64::from(is_ready));
        self.dropped_lines.inner().store(log::dropped(), Ordering::Relaxed);
        if let Some(watched) = &self.watched {
            self.sinks.set(watched);
        }
        let mut text = String::new();
        // `String` refuses no write.
        let _ = prometheus_text::encode(&mut text, &self.registry);
        drop(sources);
        text
    }
}

impl SourceMetrics {
    /// Counts a request; whether there was a counter at hand.
    pub(super) fn count(&self, verdict: Verdict<'_>, date: UnixTime) -> bool {
        match verdict {
            Verdict::Accepted => {
                self.accepted.inc();
                self.accepted_at.store(date.as_ms(), Ordering::Relaxed);
            }
            Verdict::Duplicate => {
                self.duplicate.inc();
            }
            _ => return false,
        }
        true
    }

    /// A delivery was proven by the secret of this label.
    pub(super) fn proved(&self, secret_label: &str, date: UnixTime) {
        if let Some((_, matches, matched_at)) = self.secrets.iter().find(|(label, ..)| label == secret_label) {
            matches.inc();
            matched_at.set(date.as_ms() as f64 / 1000.0);
        }
    }
}

fn request_labels(source: &str, verdict: Verdict<'_>) -> RequestLabels {
    RequestLabels { source: source.to_string(), verdict: verdict.name(), reason: verdict.reason() }
}

fn registered<M>(registry: &mut Registry, name: &str, help: &str) -> M
where
    M: prometheus_client::registry::Metric + Default + Clone,
{
    let metric = M::default();
    registry.register(name, help, metric.clone());
    metric
}

fn histogram(
    registry: &mut Registry,
    name: &str,
    help: &str,
    buckets: impl Iterator<Item = f64>,
    unit: Option<Unit>,
) -> Histogram {
    let histogram = Histogram::new(buckets);
    match unit {
        Some(unit) => registry.register_with_unit(name, help, unit, histogram.clone()),
        None => registry.register(name, help, histogram.clone()),
    }
    histogram
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}
