//! Having old events deleted: by the receiver, if one runs, else by oneself. docs/STORE.md, "Pruning while the receiver runs".

use super::{LOCK_FILE, Lock, PRUNE_FILE, StoreError};
use crate::time::UnixTime;
use rustix::process::{Pid, Signal, kill_process};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Asks the receiver of the store in `folder`, which is the process `pid`, to delete the events that were received before
/// `moment`. It is done when [`is_asked`] no longer holds.
///
/// # Errors
/// Where it cannot be asked.
pub fn ask(folder: &Path, pid: u32, moment: UnixTime) -> Result<(), StoreError> {
    let path = folder.join(PRUNE_FILE);
    let failed = |error: io::Error| StoreError::using(&path, &error);
    // Until it is written, the receiver takes back none that it has fulfilled: it could be this one.
    let held = File::open(folder).and_then(|folder| folder.lock().map(|()| folder));
    // Somebody may have asked for more already; who asks for less is done when that is.
    if asked(folder).is_none_or(|before| before < moment) {
        let new = folder.join(format!("{PRUNE_FILE}.{}", std::process::id()));
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&new).map_err(failed)?;
        let written = writeln!(file, "{}", moment.as_ms()).and_then(|()| fs::rename(&new, &path));
        if let Err(error) = written {
            let _ = fs::remove_file(&new);
            return Err(failed(error));
        }
    }
    drop(held);
    wake(folder, pid)
}

/// Has the receiver of the store in `folder`, which is the process `pid`, look for what it is asked.
///
/// # Errors
/// Where it cannot be told. It looks when it is started again.
pub fn wake(folder: &Path, pid: u32) -> Result<(), StoreError> {
    if !has_open(pid, &folder.join(LOCK_FILE)) {
        // A process of another container may have this number here. It is told nothing.
        let why = "the receiver runs where signals do not reach it: it looks when it is started again".into();
        return Err(StoreError::Failed { doing: "asking the receiver", why });
    }
    if !takes_signal(pid) {
        // It is just starting, and looks when it has.
        return Ok(());
    }
    let process = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let sent = process.map_or(Err(rustix::io::Errno::SRCH), |process| kill_process(process, Signal::USR1));
    sent.map_err(|error| StoreError::Failed { doing: "asking the receiver", why: error.to_string() })
}

/// Whether somebody's wish to have events deleted is still open.
#[must_use]
pub fn is_asked(folder: &Path) -> bool {
    folder.join(PRUNE_FILE).exists()
}

/// Before which moment what was received is to be deleted, if that is asked for.
pub(super) fn asked(folder: &Path) -> Option<UnixTime> {
    fs::read_to_string(folder.join(PRUNE_FILE)).ok()?.trim().parse().ok().map(UnixTime::from_ms)
}

/// Deletes the events of the store in `folder` that were received before `moment` and have a number under
/// `owed_from`, in small steps; gives how many there were. `seen` is told how many are deleted so far.
///
/// # Errors
/// Where writing fails. What was deleted until then is gone.
pub fn prune(
    folder: &Path,
    lock: &Lock,
    moment: UnixTime,
    owed_from: i64,
    mut seen: impl FnMut(u64),
) -> Result<u64, StoreError> {
    let connection = super::writable(folder, lock)?;
    let failed = |error| StoreError::failed("deleting events", &error);
    let (mut deleted, mut after) = (0, 0);
    loop {
        let step = super::delete_before(&connection, after, moment.as_ms(), owed_from).map_err(failed)?;
        if step.deleted > 0 {
            // What was written goes into the file at once, so that the log stays short.
            connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())).map_err(failed)?;
            deleted += step.deleted as u64;
            seen(deleted);
        }
        match step.last {
            Some(last) => after = last,
            None => break,
        }
    }
    // What was asked of a receiver that ended before it was done. Somebody else may be asking now: he goes on waiting.
    let _ = settle(folder, moment);
    Ok(deleted)
}

/// What became of the wish in a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// It is taken back: whoever waits for that is done.
    Fulfilled,
    /// It is another one by now, to delete what was received before this.
    Another(UnixTime),
    /// Somebody is writing one.
    Held,
}

/// Takes back the wish in `folder`, where it asks for no more than what is done: all events are deleted that were received before
/// `moment`.
pub(super) fn settle(folder: &Path, moment: UnixTime) -> Wish {
    // Where a file system knows no locks, it goes without: two commands at one moment may then have to be given again.
    let held = File::open(folder).map(|folder| folder.try_lock().map(|()| folder));
    match (held, asked(folder)) {
        (Ok(Err(TryLockError::WouldBlock)), _) => Wish::Held,
        (_, Some(before)) if before > moment => Wish::Another(before),
        (_held, _) => {
            let _ = fs::remove_file(folder.join(PRUNE_FILE));
            Wish::Fulfilled
        }
    }
}

/// Whether the process `pid` does something with SIGUSR1 but to end of it, as far as this system shows that: proc(5), `SigCgt`.
fn takes_signal(pid: u32) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { return true };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    caught.is_none_or(|caught| caught >> (Signal::USR1.as_raw() - 1) & 1 == 1)
}

/// Whether the process `pid` has the file `path` open, as far as this system shows that: where it does not, it is believed.
fn has_open(pid: u32, path: &Path) -> bool {
    if !Path::new("/proc/self/fd").exists() {
        return true;
    }
    let Ok(file) = fs::metadata(path) else { return false };
    let Ok(open) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    let is_it = |open: fs::Metadata| (open.dev(), open.ino()) == (file.dev(), file.ino());
    open.flatten().any(|open| fs::metadata(open.path()).is_ok_and(is_it))
}
