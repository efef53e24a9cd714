//! Whether a receiver is well enough to be sent anything.

use crate::deliver::Watched;
use crate::serve::Stop;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The file that is written to see whether the store's folder can be, and how long: a page, which a full disk has no room for.
const PROBE_FILE: &str = "ready.probe";
const PROBE_BYTES: usize = 4096;

/// Shortest time between two such writes, however often is asked.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// Time for a write to the disk, or to standard output: half of that after which senders have given up (GitHub Docs, "Best
/// practices for using webhooks": ten seconds). A stream that failed is not known to work again before it is tried, so that it
/// counts as failing for as long.
const PATIENCE: Duration = Duration::from_secs(5);

/// What readiness hangs on.
#[derive(Debug)]
pub struct Health {
    stop: Stop,
    is_taking: AtomicBool,
    place: Place,
    began: Instant,
    /// When the keeper was asked to keep the turn that is under way, if one is.
    settling_since: AtomicU64,
    /// When the last turn could not be kept, if it was not.
    failed_at: AtomicU64,
    probe: Mutex<Probe>,
    watched: Option<Arc<Watched>>,
}

/// Where events are kept.
#[derive(Debug)]
pub enum Place {
    /// In a store, in this folder.
    Folder(PathBuf),
    /// They are written to this stream.
    Stream(File),
}

/// What is known of the store's folder.
#[derive(Debug, Default)]
struct Probe {
    /// Somebody is writing to it, since then.
    under_way: Option<Instant>,
    last: Option<(Instant, Result<(), String>)>,
}

impl Health {
    /// That of a receiver that `stop` stops, which keeps events in `place` and hands them on to these sinks, if it has any.
    #[must_use]
    pub fn new(stop: Stop, place: Place, watched: Option<Arc<Watched>>) -> Self {
        Health {
            stop,
            is_taking: AtomicBool::new(true),
            place,
            began: Instant::now(),
            settling_since: AtomicU64::new(0),
            failed_at: AtomicU64::new(0),
            probe: Mutex::default(),
            watched,
        }
    }

    /// Whether the keeper takes deliveries.
    pub(super) fn keeps(&self, is_taking: bool) {
        self.is_taking.store(is_taking, Ordering::Relaxed);
    }

    /// The keeper is asked to keep a turn.
    pub(super) fn settles(&self) {
        self.settling_since.store(self.now(), Ordering::Relaxed);
    }

    /// It has, or could not.
    pub(super) fn settled(&self, is_kept: bool) {
        self.settling_since.store(0, Ordering::Relaxed);
        self.failed_at.store(if is_kept { 0 } else { self.now() }, Ordering::Relaxed);
    }

    /// This moment, in milliseconds since it began, and one more: 0 is no moment.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).map_or(u64::MAX, |ms| ms.saturating_add(1))
    }

    /// The time since `moment`, if there was one.
    fn since(&self, moment: &AtomicU64) -> Option<Duration> {
        let moment = moment.load(Ordering::Relaxed);
        (moment > 0).then(|| Duration::from_millis(self.now().saturating_sub(moment)))
    }

    /// Why it is not ready: nothing where it is. Of all who ask, one at most waits for a disk.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.stop.asked() {
            reasons.push("the receiver is being stopped".to_string());
        }
        if !self.is_taking.load(Ordering::Relaxed) {
            reasons.push("the store takes no events".to_string());
        } else if let Err(why) = self.keeping() {
            reasons.push(why);
        }
        if self.watched.as_ref().is_some_and(|watched| watched.are_all_paused()) {
            reasons.push("all sinks are paused".to_string());
        }
        reasons
    }

    /// Whether events can be kept, as far as that can be seen without one.
    fn keeping(&self) -> Result<(), String> {
        if let Some(since) = self.since(&self.settling_since).filter(|since| *since > PATIENCE) {
            return Err(format!("events have been waiting to be kept for {} s", since.as_secs()));
        }
        match &self.place {
            Place::Folder(folder) => self.probe(folder).map_err(|why| format!("the store cannot be written: {why}")),
            Place::Stream(stream) if !has_reader(stream) => Err("nobody reads standard output".to_string()),
            Place::Stream(_) => match self.since(&self.failed_at) {
                Some(since) if since <= PATIENCE => Err("standard output takes no events".to_string()),
                _ => Ok(()),
            },
        }
    }

    /// Whether the store's folder can be written to.
    fn probe(&self, folder: &Path) -> Result<(), String> {
        let probe = || self.probe.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = probe();
        match (known.under_way, &known.last) {
            (Some(since), _) if since.elapsed() > PATIENCE => {
                return Err(format!("a page has been on its way to it for {} s", since.elapsed().as_secs()));
            }
            (Some(_), last) => return last.as_ref().map_or(Ok(()), |(_, outcome)| outcome.clone()),
            (None, Some((at, outcome))) if at.elapsed() < PROBE_EVERY => return outcome.clone(),
            (None, _) => {}
        }
        known.under_way = Some(Instant::now());
        drop(known);
        let outcome = write_to(folder).map_err(|error| error.to_string());
        *probe() = Probe { under_way: None, last: Some((Instant::now(), outcome.clone())) };
        outcome
    }
}

/// Whether there is somebody who reads `stream`, where it has another end.
fn has_reader(stream: &File) -> bool {
    // Nothing is asked for: that nobody is at the other end is told always.
    let mut fds = [PollFd::new(stream, PollFlags::empty())];
    let polled = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
    let [stream] = &fds;
    polled.is_err() || !stream.revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)
}

fn write_to(folder: &Path) -> std::io::Result<()> {
    let path = folder.join(PROBE_FILE);
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path)?;
    let written = file.write_all(&[0; PROBE_BYTES]);
    let _ = fs::remove_file(&path);
    written
}

/// The length of the store's files in `folder`, in bytes.
pub(super) fn store_bytes(folder: &Path) -> i64 {
    let Ok(files) = fs::read_dir(folder) else { return 0 };
    let is_of_the_store = |name: &[u8]| name.starts_with(b"events.db") || name.starts_with(b"delivery.db");
    let files = files.flatten().filter(|file| is_of_the_store(file.file_name().as_encoded_bytes()));
    let bytes: u64 = files.filter_map(|file| file.metadata().ok()).map(|metadata| metadata.len()).sum();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
