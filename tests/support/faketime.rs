//! A clock that a test sets.

use super::receiver::Setup;
use std::fs;
use std::path::{Path, PathBuf};

/// The library that moves the clock of a program; Debian's package faketime has it. Without it the test is skipped, and says
/// so; never in CI.
pub(crate) fn faketime() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "faketime is not installed, and this is CI");
        eprintln!("skipped: faketime is not installed");
    }
    found
}

impl Setup {
    /// Its clock, but not the monotonic one, is off by what stands in the file `offset`, whenever it looks.
    pub(crate) fn clock(self, library: &Path, offset: &Path) -> Self {
        self.variable("LD_PRELOAD", library)
            .variable("FAKETIME_TIMESTAMP_FILE", offset)
            .variable("FAKETIME_NO_CACHE", "1")
            .variable("FAKETIME_DONT_FAKE_MONOTONIC", "1")
    }
}
