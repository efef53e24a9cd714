//! What goes wrong with the store. Ours, or the operator's: never the sender's.

use rusqlite::ErrorCode;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why the store cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder, or a file in it, cannot be made or used.
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// The disk does not let a file be used now: it is full, or it failed.
    Disk {
        /// Which.
        path: PathBuf,
        /// What SQLite or the system said.
        why: String,
    },
    /// There is no store.
    Missing {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// Another receiver has it.
    Locked {
        /// The folder.
        path: PathBuf,
        /// Its process, if it could write that down.
        pid: Option<u32>,
    },
    /// The file is some other program's.
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer hookgate.
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: i32,
        /// The newest version that this program knows.
        known: i32,
    },
    /// The file is damaged.
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
    /// An event is not what was written: something in its row has changed since.
    Spoilt {
        /// Its number.
        event: i64,
    },
    /// Not an event's id.
    InvalidId {
        /// What was given.
        text: String,
    },
    /// The id of an event of another store.
    OfAnotherStore {
        /// What was given.
        text: String,
        /// The id of this store.
        store: String,
    },
    /// The file that says how far each sink has come cannot be used.
    Delivery {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        why: String,
    },
    /// The write-ahead log has reached its limit: another program reads the file without an end.
    LogFull,
    /// Reading or writing failed.
    Failed {
        /// What was being done.
        doing: &'static str,
        /// What SQLite or the system said.
        why: String,
    },
}

impl StoreError {
    /// `error`, which came of opening or reading `path`.
    pub(super) fn opening(path: &Path, error: &rusqlite::Error) -> Self {
        if is_damage(error) {
            return StoreError::Damaged { path: path.into(), why: error.to_string() };
        }
        if is_of_disk(error) {
            return StoreError::Disk { path: path.into(), why: error.to_string() };
        }
        StoreError::Folder { path: path.into(), why: error.to_string() }
    }

    /// `error` of the system, which came of using `path`.
    pub(crate) fn using(path: &Path, error: &io::Error) -> Self {
        let (path, why) = (path.to_path_buf(), error.to_string());
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                StoreError::Disk { path, why }
            }
            _ => StoreError::Folder { path, why },
        }
    }

    /// `error`, which came while `doing` something with an open store.
    pub(super) fn failed(doing: &'static str, error: &rusqlite::Error) -> Self {
        StoreError::Failed { doing, why: error.to_string() }
    }

    /// What is said where the store failed before, and was not opened again yet.
    pub(super) fn closed() -> Self {
        StoreError::Failed { doing: "writing", why: "the store failed a moment ago".into() }
    }

    /// What the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            StoreError::Folder { .. } => "give a folder on a local disk that this user can write to: --data DIR".into(),
            StoreError::Missing { .. } => "hookgate serve makes one; --data DIR says where".into(),
            StoreError::Locked { .. } => {
                "end that receiver first, or give this one a folder of its own: --data DIR".into()
            }
            StoreError::Foreign { .. } => "give a folder of hookgate's own: --data DIR".into(),
            StoreError::Newer { .. } => "run the newer hookgate: an older one could lose what it does not know".into(),
            StoreError::Damaged { .. } | StoreError::Spoilt { .. } => {
                "hookgate store check says what is damaged; hookgate store recover keeps every event that can be read"
                    .into()
            }
            StoreError::InvalidId { .. } | StoreError::OfAnotherStore { .. } => {
                "hookgate events list shows the ids".into()
            }
            StoreError::Delivery { .. } => {
                "where it is damaged, move it away: every event that is kept is then handed on again".into()
            }
            StoreError::LogFull => "end what reads events.db: fuser events.db names it".into(),
            StoreError::Disk { .. } | StoreError::Failed { .. } => {
                "look at the disk: its room, its health, whether it is mounted read-only".into()
            }
        }
    }
}

/// Whether `error` is the disk's, which may be well again later, with nobody having changed what was asked for.
pub(crate) fn is_of_disk(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
}

/// Whether `error` says that the file's content is not what SQLite wrote.
pub(crate) fn is_damage(error: &rusqlite::Error) -> bool {
    match error {
        rusqlite::Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        }
        // A column that holds another type than it is declared to: no version of this program wrote that.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::IntegralValueOutOfRange(..)
        | rusqlite::Error::Utf8Error(..)
        | rusqlite::Error::InvalidColumnType(..) => true,
        _ => false,
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Folder { path, why } | StoreError::Disk { path, why } => {
                write!(f, "cannot use {}: {why}", path.display())
            }
            StoreError::Missing { path } => write!(f, "there is no store in {}", path.display()),
            StoreError::Locked { path, pid: Some(pid) } => {
                write!(f, "another receiver has {}: process {pid}", path.display())
            }
            StoreError::Locked { path, pid: None } => write!(f, "another receiver has {}", path.display()),
            StoreError::Foreign { path } => write!(f, "{} is not a store of hookgate", path.display()),
            StoreError::Newer { path, version, known } => {
                write!(f, "{} is of version {version}, this program knows {known} at most", path.display())
            }
            StoreError::Damaged { path, why } => write!(f, "{} is damaged: {why}", path.display()),
            StoreError::Spoilt { event } => write!(f, "event {event} is not what was written"),
            StoreError::InvalidId { text } => write!(f, "{text:?} is not the id of an event"),
            StoreError::OfAnotherStore { text, store } => {
                write!(f, "{text:?} is the id of an event in another store; this one is {store}")
            }
            StoreError::Delivery { path, why } => write!(f, "cannot use {}: {why}", path.display()),
            StoreError::LogFull => {
                f.write_str("the store's log is as long as it may be: another program reads events.db without an end")
            }
            StoreError::Failed { doing, why } => write!(f, "{doing} failed: {why}"),
        }
    }
}

impl std::error::Error for StoreError {}
