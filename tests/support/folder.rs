//! A folder of a test's own, gone when the test is.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// An empty folder that is removed on drop.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        let name = format!("hookgate-{}-{}", std::process::id(), super::unique());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&path).expect("the target folder can be written to");
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file that only its owner can read; gives its name, which commands run in this folder can use.
    pub(crate) fn file(&self, name: &str, bytes: &[u8]) -> String {
        self.file_with_mode(name, bytes, 0o600)
    }

    pub(crate) fn file_with_mode(&self, name: &str, bytes: &[u8], mode: u32) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).expect("the folder is ours");
        fs::set_permissions(&path, Permissions::from_mode(mode)).expect("the file is ours");
        name.to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
