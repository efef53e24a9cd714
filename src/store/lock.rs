//! One receiver on a folder: who comes second is told who was first.

use super::log::identity;
use super::{LOCK_FILE, StoreError};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

/// How often, and after what pause, a lock that somebody holds is tried again: [`Lock::holder`] takes it for a moment.
const LOOKS: u32 = 5;
const LOOK_TIME: Duration = Duration::from_millis(10);

/// Held for as long as this process may write to the store of a folder. The system lets go of it when the process ends,
/// however it ends; the file stays, and what stands in it counts for nothing without the lock.
#[derive(Debug)]
pub struct Lock(File);

impl Lock {
    /// The lock of the store in `folder`, with this process's pid in its file.
    ///
    /// # Errors
    /// [`StoreError::Locked`] where another process holds it; otherwise what the system said.
    pub fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(LOCK_FILE);
        let failed = |error| StoreError::Folder { path: path.clone(), why: format!("cannot lock: {error}") };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(|error| StoreError::using(&path, &error))?;
        let mut looks = 0;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                // Who only looks, looks for a moment.
                Err(TryLockError::WouldBlock) if looks < LOOKS => std::thread::sleep(LOOK_TIME),
                Err(TryLockError::WouldBlock) => {
                    return Err(StoreError::Locked { path: folder.into(), pid: pid_in(&mut file) });
                }
                Err(TryLockError::Error(error)) => return Err(failed(error)),
            }
            looks += 1;
        }
        // A disk that is full now keeps nobody from receiving when it has room again: the pid is for people.
        let _ = file.set_len(0).and_then(|()| file.rewind()).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Lock(file))
    }

    /// Whether it is the lock of `folder`: another folder may have taken the place of the one that it was taken in.
    pub(super) fn is_of(&self, folder: &Path) -> bool {
        let held = self.0.metadata().map(|file| (file.dev(), file.ino())).ok();
        held.is_some() && held == identity(&folder.join(LOCK_FILE))
    }

    /// The pid of the receiver that holds the lock of the store in `folder`, 0 where it could not write it; nothing where
    /// nobody holds it.
    ///
    /// # Errors
    /// What the system said.
    pub fn holder(folder: &Path) -> Result<Option<u32>, StoreError> {
        let path = folder.join(LOCK_FILE);
        let failed =
            |error| StoreError::Folder { path: path.clone(), why: format!("cannot look at the lock: {error}") };
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(pid_in(&mut file).unwrap_or_default())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

fn pid_in(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
