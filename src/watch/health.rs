//! Whether a receiver is well enough to be sent anything.

use crate::deliver::Watched;
use crate::serve::Stop;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The file that is written to see whether the store's folder can be, and how long: a page, which a full disk has no room for.
const PROBE_FILE: &str = "ready.probe";
const PROBE_BYTES: usize = 4096;

/// Shortest time between two such writes, however often is asked.
const PROBE_EVERY: Duration = Duration::from_secs(1);

/// What readiness hangs on.
#[derive(Debug)]
pub struct Health {
    stop: Stop,
    is_taking: AtomicBool,
    folder: Option<PathBuf>,
    probed: Mutex<Option<(Instant, Result<(), String>)>>,
    watched: Option<Arc<Watched>>,
}

impl Health {
    /// That of a receiver that `stop` stops, with its store in `folder` and these sinks, if it has any.
    #[must_use]
    pub fn new(stop: Stop, folder: Option<PathBuf>, watched: Option<Arc<Watched>>) -> Self {
        Health { stop, is_taking: AtomicBool::new(true), folder, probed: Mutex::default(), watched }
    }

    /// Whether the keeper takes deliveries.
    pub(super) fn keeps(&self, is_taking: bool) {
        self.is_taking.store(is_taking, Ordering::Relaxed);
    }

    /// Why it is not ready: nothing where it is.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.stop.asked() {
            reasons.push("the receiver is being stopped".to_string());
        }
        if !self.is_taking.load(Ordering::Relaxed) {
            reasons.push("the store takes no events".to_string());
        } else if let Err(why) = self.probe() {
            reasons.push(format!("the store cannot be written: {why}"));
        }
        if self.watched.as_ref().is_some_and(|watched| watched.are_all_paused()) {
            reasons.push("all sinks are paused".to_string());
        }
        reasons
    }

    /// Whether the store's folder can be written to.
    fn probe(&self) -> Result<(), String> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut probed = self.probed.lock().unwrap_or_else(PoisonError::into_inner);
        match &*probed {
            Some((at, outcome)) if at.elapsed() < PROBE_EVERY => outcome.clone(),
            _ => {
                let outcome = write_to(folder).map_err(|error| error.to_string());
                *probed = Some((Instant::now(), outcome.clone()));
                outcome
            }
        }
    }
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
