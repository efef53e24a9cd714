//! What the commands that look at a store share: where it is.

use crate::minimal::Failure;
use crate::store::{FOLDER, Reader};
use clap::Args;
use std::path::{Path, PathBuf};

/// Where the store is.
#[derive(Args)]
pub(super) struct DataOption {
    /// Folder of the store
    #[arg(long, value_name = "DIR", default_value = FOLDER)]
    data: PathBuf,
}

impl DataOption {
    pub(super) fn folder(&self) -> &Path {
        &self.data
    }

    /// The store, to read from.
    pub(super) fn reader(&self) -> Result<Reader, Failure> {
        Ok(Reader::open(&self.data)?)
    }
}
