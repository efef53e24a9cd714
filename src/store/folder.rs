//! The folder that the store's files stand in.

use super::StoreError;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;

/// Makes `folder`, for its owner alone, where it is not there yet. Gives a warning where one that is there is open to others.
///
/// # Errors
/// Where it cannot be made, or is no folder.
pub fn prepare(folder: &Path) -> Result<Option<String>, StoreError> {
    let failed = |error: io::Error| StoreError::using(folder, &error);
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(StoreError::Folder { path: folder.into(), why: "not a folder".into() });
        }
        Err(error) => return Err(failed(error)),
    }
    // Its name has to be on the disk before an event is; who made it may have been killed before he had synced that.
    let around = folder.parent().filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(around).and_then(|around| around.sync_all()).map_err(failed)?;
    let mode = fs::metadata(folder).map_err(failed)?.permissions().mode() & 0o777;
    Ok((mode & 0o077 != 0).then(|| {
        let shown = folder.display();
        format!("{shown} has mode {mode:03o}: others on this machine may get at the events in it (chmod 700 {shown})")
    }))
}
