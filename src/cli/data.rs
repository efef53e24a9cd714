//! What the commands that look at a store share: where it is, and what to say where it cannot be used.

use super::wrong;
use crate::minimal::Failure;
use crate::store::{FOLDER, Reader, StoreError};
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
        Reader::open(&self.data).map_err(unusable)
    }
}

/// `error` in this program's form: what the operator can mend is his, with the remedy.
pub(super) fn unusable(error: StoreError) -> Failure {
    match error {
        StoreError::Failed { .. } => Failure::Running(error.to_string()),
        _ => wrong(error.to_string(), error.hint()),
    }
}
