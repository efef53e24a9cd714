//! Standard output, for commands that write much: whoever reads it may have had enough.

use crate::minimal::Failure;
use crate::store::StoreError;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

/// Text gathered before it is written, in bytes.
const GATHERED_BYTES: usize = 64 * 1024;

/// Why a command ends before it is done.
pub(super) enum Halt {
    /// Nobody reads on. That is no failure: `| head` does so.
    ReaderGone,
    /// It failed.
    Failed(Failure),
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Halt::Failed(failure)
    }
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Halt::Failed(error.into())
    }
}

impl Halt {
    /// How the program ends.
    pub(super) fn end(self) -> Result<ExitCode, Failure> {
        match self {
            Halt::ReaderGone => Ok(ExitCode::SUCCESS),
            Halt::Failed(failure) => Err(failure),
        }
    }
}

/// Standard output.
pub(super) struct Out {
    file: File,
    text: Vec<u8>,
}

impl Out {
    pub(super) fn new() -> Result<Self, Failure> {
        // The descriptor itself: std's own stdout buffers, and takes a closed one for success.
        let file = io::stdout().as_fd().try_clone_to_owned().map_err(|error| cannot_write(&error))?;
        Ok(Out { file: File::from(file), text: Vec::new() })
    }

    /// What is put in here is written with the next [`Out::settle`] or [`Out::flush`].
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Writes what has gathered, if it is much.
    pub(super) fn settle(&mut self) -> Result<(), Halt> {
        if self.text.len() < GATHERED_BYTES { Ok(()) } else { self.flush() }
    }

    /// Writes what has gathered.
    pub(super) fn flush(&mut self) -> Result<(), Halt> {
        let written = self.file.write_all(&self.text);
        self.text.clear();
        self.text.shrink_to(GATHERED_BYTES);
        written.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Halt::ReaderGone,
            _ => Halt::Failed(cannot_write(&error)),
        })
    }

    /// The file that it is.
    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

/// Writes all of `bytes` to standard output; that nobody reads on is no failure.
pub(super) fn write_all(bytes: &[u8]) -> Result<(), Failure> {
    match Out::new()?.file.write_all(bytes) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(cannot_write(&error)),
        _ => Ok(()),
    }
}

fn cannot_write(error: &io::Error) -> Failure {
    Failure::Running(format!("cannot write to standard output: {error}"))
}
