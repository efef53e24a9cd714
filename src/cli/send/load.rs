//! Many deliveries, over several connections at once.

use super::differing::{Differing, PLACEHOLDER};
use super::{Delivery, Send, agent};
use crate::cli::progress::Progress;
use crate::cli::wrong;
use crate::minimal::{Failure, say};
use crate::time::UnixTime;
use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// After so many failed exchanges one after the other a client takes the receiver for gone.
const FAILURES_LIMIT: u32 = 3;

/// What all clients share.
struct Load<'s> {
    send: &'s Send,
    bodies: Differing,
    content_type: Option<&'static str>,
    headers: Vec<(String, Vec<u8>)>,
    /// What the ids of this run begin with.
    run: String,
    /// The number of the next delivery.
    next: AtomicU64,
    /// Deliveries that were answered, or failed.
    done: AtomicU64,
    ids: Option<Mutex<File>>,
}

/// What came of the deliveries of a client.
#[derive(Default)]
struct Tally {
    by_status: BTreeMap<u16, u64>,
    failed: BTreeMap<String, u64>,
}

/// Sends `count` deliveries such as `body`, and says what came of them: exit 0 if all were answered with a 2xx, 1 if not.
pub(super) fn run(send: &Send, body: &[u8], headers: Vec<(String, Vec<u8>)>) -> Result<ExitCode, Failure> {
    let scheme = send.signing.scheme()?;
    let bodies = Differing::new(body, scheme).ok_or_else(|| {
        wrong(
            format!("this body cannot be made to differ for each delivery of {}", scheme.name),
            format!("give a JSON object, or write {PLACEHOLDER} where it is to differ"),
        )
    })?;
    let first = bodies.body("0");
    let content_type = if send.has_content_type(&headers) { None } else { Some(send.signing.content_type(&first)?) };
    let ids = match &send.ids {
        Some(path) => Some(Mutex::new(File::create(path).map_err(|error| {
            wrong(format!("cannot write {}: {error}", path.display()), "give a file that can be written: --ids FILE")
        })?)),
        None => None,
    };
    let load = Load {
        send,
        bodies,
        content_type,
        headers,
        run: run_id(UnixTime::now()),
        next: AtomicU64::new(0),
        done: AtomicU64::new(0),
        ids,
    };
    // What cannot be signed is told before anything is sent.
    send.signing.delivery_with_id(&first, Some(send.url_to_sign()), &format!("{}-0", load.run))?;
    let begun = Instant::now();
    let tallies = load.run()?;
    Ok(summarize(send.count, tallies, begun.elapsed()))
}

/// What the ids of a run begin with; unlike those of every other run, by the time and 64 random bits.
fn run_id(now: UnixTime) -> String {
    // `RandomState` is seeded by the operating system; hashing nothing gives its seed's worth of randomness.
    format!("{:011x}{:016x}", now.as_ms(), RandomState::new().hash_one(()))
}

impl Load<'_> {
    /// Runs all clients to their end, each on a thread of its own.
    fn run(&self) -> Result<Vec<Tally>, Failure> {
        let clients = u64::from(self.send.concurrency).min(self.send.count);
        std::thread::scope(|scope| {
            let start = |number: u64| {
                let client = std::thread::Builder::new().name(format!("client {number}"));
                let failed = |error| Failure::Running(format!("cannot start client {number}: {error}"));
                client.stack_size(CLIENT_STACK_BYTES).spawn_scoped(scope, || self.client()).map_err(failed)
            };
            let clients = (0..clients).map(start).collect::<Result<Vec<_>, _>>()?;
            let mut progress = Progress::new("sending", self.send.count);
            while !clients.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                std::thread::sleep(Duration::from_millis(20));
                progress.at(self.done.load(Ordering::Relaxed));
            }
            let ended = |_| Failure::Running("a client ended by itself".into());
            clients.into_iter().map(|client| client.join().map_err(ended)?).collect()
        })
    }

    /// Sends what is left to send, one after the other, over a connection that is kept.
    fn client(&self) -> Result<Tally, Failure> {
        let agent = agent();
        let mut tally = Tally::default();
        let mut failures = 0;
        while failures < FAILURES_LIMIT {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.send.count {
                break;
            }
            let id = format!("{}-{number}", self.run);
            let body = self.bodies.body(&id);
            let mut request = agent.post(&self.send.url);
            if let Some(content_type) = self.content_type {
                request = request.header("Content-Type", content_type);
            }
            let signing = &self.send.signing;
            let Delivery { headers, body, .. } = signing.delivery_with_id(&body, Some(self.send.url_to_sign()), &id)?;
            for (name, value) in headers {
                request = request.header(name, value);
            }
            for (name, value) in &self.headers {
                request = request.header(name, value.trim_ascii());
            }
            // A 2xx counts once it is read whole: only then is the connection free for the next.
            let answered = request.send(&body).and_then(|mut response| {
                let status = response.status();
                io::copy(&mut response.body_mut().as_reader(), &mut io::sink())?;
                Ok(status)
            });
            match answered {
                Ok(status) => {
                    failures = 0;
                    *tally.by_status.entry(status.as_u16()).or_default() += 1;
                    if status.is_success() {
                        self.note(&id)?;
                    }
                }
                Err(error @ (ureq::Error::BadUri(_) | ureq::Error::Http(_))) => {
                    return Err(self.send.cannot_post(error));
                }
                Err(error) => {
                    failures += 1;
                    *tally.failed.entry(error.to_string()).or_default() += 1;
                }
            }
            self.done.fetch_add(1, Ordering::Relaxed);
        }
        Ok(tally)
    }

    /// Writes down that this delivery was accepted: at once, so that the file is right whenever this process ends.
    fn note(&self, id: &str) -> Result<(), Failure> {
        let Some(ids) = &self.ids else { return Ok(()) };
        let mut ids = ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let written = ids.write_all(format!("{id}\n").as_bytes());
        written.map_err(|error| Failure::Running(format!("cannot write the ids: {error}")))
    }
}

/// Stack of a client's thread: signing and TLS need little, and there may be hundreds.
const CLIENT_STACK_BYTES: usize = 512 * 1024;

/// Says what came of all deliveries, on stdout.
fn summarize(count: u64, tallies: Vec<Tally>, taken: Duration) -> ExitCode {
    let (mut by_status, mut failed) = (BTreeMap::<u16, u64>::new(), BTreeMap::<String, u64>::new());
    for tally in tallies {
        for (status, count) in tally.by_status {
            *by_status.entry(status).or_default() += count;
        }
        for (error, count) in tally.failed {
            *failed.entry(error).or_default() += count;
        }
    }
    let answered: u64 = by_status.values().sum();
    let accepted: u64 =
        by_status.iter().filter(|(status, _)| (200..300).contains(*status)).map(|(_, count)| count).sum();
    let sent = answered + failed.values().sum::<u64>();
    let s = taken.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "shown with one digit after the point")]
    let per_s = answered as f64 / s.max(f64::MIN_POSITIVE);
    let mut out = format!("sent {sent} of {count}, answered {answered} in {s:.3} s, {per_s:.1} requests/s\n");
    for (status, count) in &by_status {
        out.push_str(&format!("{status}: {count}\n"));
    }
    for (error, count) in &failed {
        out.push_str(&format!("failed: {count}: {error}\n"));
    }
    if let Err(error) = io::stdout().write_all(out.as_bytes()) {
        say(&format!("hookgate: error: cannot write to standard output: {error}"));
        return ExitCode::FAILURE;
    }
    if accepted == count { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
