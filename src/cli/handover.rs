//! Where the secret of a handshake comes to lie, and until when one is waited for.

use super::setup::Origin;
use crate::config::{ConfigError, Keeping, SecretReference, Source};
use crate::minimal::say;
use crate::receive::{HANDOVER_WINDOW_S, Handover};
use crate::time::UnixTime;
use crate::verify::{Reply, Scheme, Secret};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The windows that this process has opened. A configuration that is read again opens none a second time.
#[derive(Debug, Default)]
pub(super) struct Handovers(Mutex<Vec<Opened>>);

/// One of them, and for what.
#[derive(Debug)]
struct Opened {
    source: String,
    path: String,
    file: PathBuf,
    handover: Arc<Handover>,
    is_told: bool,
}

impl Handovers {
    /// Tells the operator of each window that he was not told of.
    pub(super) fn tell(&self) {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for opened in opened.iter_mut().filter(|opened| !opened.is_told) {
            opened.is_told = true;
            say(&format!(
                "hookgate: the secret of {} is that of the first handshake on {} in the next {} minutes, and goes to {}: create the webhook now",
                opened.source,
                opened.path,
                HANDOVER_WINDOW_S / 60,
                opened.file.display()
            ));
        }
    }

    /// The window of `source`, and the label of the secret that comes in it; nothing where it waits for none.
    ///
    /// # Errors
    /// Where what the operator wants of it cannot be.
    pub(super) fn of(
        &self,
        source: &Source,
        scheme: &Scheme,
        origin: &Origin,
    ) -> Result<Option<(String, Arc<Handover>)>, ConfigError> {
        let mut opened = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !source.accept_handshake {
            // Who says so anew has it opened anew.
            opened.retain(|known| known.source != source.name);
            return Ok(None);
        }
        if !scheme.handshakes.iter().any(|handshake| handshake.reply == Reply::Secret) {
            let what = format!("the scheme {} has no handshake that hands over a secret", scheme.name);
            return Err(origin.error(source.line, &what, "leave --accept-handshake, or accept_handshake, out"));
        }
        let Some((label, file)) = one_file(&source.secrets) else {
            let hint = "give one --secret-file, or file:PATH in the configuration, and no other secret; it need not be there yet";
            return Err(origin.error(source.line, "a secret that a handshake hands over is kept in one file", hint));
        };
        if !is_free(file).map_err(|error| unwritable(source, file, &error, origin))? {
            // What was taken before this was read again is known from the file as any secret is.
            say(&format!("hookgate: {} holds a secret: {} takes none from a handshake", file.display(), source.name));
            return Ok(None);
        }
        let known = opened.iter().find(|known| known.source == source.name && known.file == *file);
        if let Some(known) = known {
            return Ok(Some((label.clone(), Arc::clone(&known.handover))));
        }
        check_folder(file).map_err(|error| unwritable(source, file, &error, origin))?;
        let handover = Arc::new(Handover::new(UnixTime::now(), keeper(source.path.clone(), file.clone())));
        opened.push(Opened {
            source: source.name.clone(),
            path: source.path.clone(),
            file: file.clone(),
            handover: Arc::clone(&handover),
            is_told: false,
        });
        Ok(Some((label.clone(), handover)))
    }
}

/// The label and the file of the one secret that there is.
fn one_file(secrets: &[SecretReference]) -> Option<(&String, &PathBuf)> {
    match secrets {
        [SecretReference { label, keeping: Keeping::File(path) | Keeping::RawFile(path), .. }] => Some((label, path)),
        _ => None,
    }
}

fn unwritable(source: &Source, file: &Path, error: &io::Error, origin: &Origin) -> ConfigError {
    let what = format!("the secret of a handshake cannot be kept in {}: {error}", file.display());
    origin.error(source.line, &what, "name a file in a folder that this user can write to")
}

/// Whether there is no secret in `file`: it is not there, or it is empty. What is no file, a pipe, say, is taken for one that
/// holds a secret.
fn is_free(file: &Path) -> io::Result<bool> {
    match fs::metadata(file) {
        Ok(metadata) => Ok(metadata.is_file() && metadata.len() == 0),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether a file could be made beside `file`: one is, and goes away again.
fn check_folder(file: &Path) -> io::Result<()> {
    let place = Place::of(file);
    let _lock = place.lock()?;
    place.write(b"").and_then(|()| fs::remove_file(&place.beside))
}

/// What keeps a secret in `file`, and says so. What goes wrong is said once: whoever asks can ask often.
fn keeper(path: String, file: PathBuf) -> impl Fn(&Secret) -> io::Result<()> + Send + Sync {
    let is_told = AtomicBool::new(false);
    move |secret| {
        let kept = keep(&file, secret);
        match &kept {
            Ok(()) => say(&format!("hookgate: took the secret of a handshake on {path}, into {}", file.display())),
            Err(error) if !is_told.swap(true, Ordering::Relaxed) => {
                say(&format!("hookgate: cannot keep the secret of a handshake in {}: {error}", file.display()));
            }
            Err(_) => {}
        }
        kept
    }
}

/// Writes `secret` to `file`, of mode 0600 and in one step, and has it on disk when this returns.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] where the file holds something; otherwise what the system said, and nothing has changed.
fn keep(file: &Path, secret: &Secret) -> io::Result<()> {
    let place = Place::of(file);
    // Another process may wait for the secret of the same file.
    let folder = place.lock()?;
    if !is_free(&place.file)? {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it holds a secret"));
    }
    let moved = place.write(secret.as_bytes()).and_then(|()| fs::rename(&place.beside, &place.file));
    if moved.is_err() {
        let _ = fs::remove_file(&place.beside);
    }
    moved?;
    folder.sync_all()
}

/// Where a secret is written.
struct Place {
    /// Behind its links: these stay.
    file: PathBuf,
    folder: PathBuf,
    /// Where it stands until it is whole.
    beside: PathBuf,
}

impl Place {
    fn of(file: &Path) -> Self {
        let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_path_buf());
        let folder = match file.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let mut name = OsString::from(".");
        name.push(file.file_name().unwrap_or_default());
        name.push(".hookgate-handshake");
        Place { beside: folder.join(name), folder, file }
    }

    /// The folder, which nobody else of us writes to until this is dropped.
    fn lock(&self) -> io::Result<File> {
        let folder = File::open(&self.folder)?;
        folder.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::WouldBlock, "another process writes to its folder")
            }
            TryLockError::Error(error) => error,
        })?;
        Ok(folder)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        // One that a process left behind that ended meanwhile.
        match fs::remove_file(&self.beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.beside)?;
        written.write_all(bytes)?;
        written.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A folder of this test's own.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("hookgate-handover-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir(&folder).unwrap();
            Folder(folder)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn secret() -> Secret {
        Secret::new(b"b537207f20cbfa02357cf448134da559".to_vec()).unwrap()
    }

    #[test]
    fn it_is_kept_where_there_is_no_file_or_an_empty_one_for_its_owner_alone() {
        let folder = Folder::new("kept");
        for is_there in [false, true] {
            let file = folder.0.join(format!("secret-{is_there}"));
            if is_there {
                fs::write(&file, b"").unwrap();
                fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
            }
            keep(&file, &secret()).unwrap();
            assert_eq!(fs::read(&file).unwrap(), secret().as_bytes());
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(keep(&file, &secret()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(folder.names(), ["secret-false", "secret-true"], "nothing is left beside it");
    }

    #[test]
    fn what_holds_something_is_left_as_it_is() {
        let folder = Folder::new("held");
        let file = folder.0.join("secret");
        for held in [&b"another"[..], b"\n", b"\0"] {
            fs::write(&file, held).unwrap();
            assert_eq!(keep(&file, &secret()).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&file).unwrap(), held);
        }
        assert_eq!(keep(&folder.0, &secret()).unwrap_err().kind(), io::ErrorKind::AlreadyExists, "a folder");
    }

    #[test]
    fn a_link_stays_and_what_it_names_holds_the_secret() {
        let folder = Folder::new("link");
        let (file, link) = (folder.0.join("secret"), folder.0.join("link"));
        fs::write(&file, b"").unwrap();
        symlink(&file, &link).unwrap();
        keep(&link, &secret()).unwrap();
        assert_eq!(fs::read(&file).unwrap(), secret().as_bytes());
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn what_a_killed_process_left_is_in_nobodys_way_and_no_other_file_is_touched() {
        let folder = Folder::new("left");
        let file = folder.0.join("secret");
        let place = Place::of(&file);
        fs::write(&place.beside, b"half a sec").unwrap();
        fs::write(folder.0.join("secret.new"), b"mine").unwrap();
        check_folder(&file).unwrap();
        fs::write(&place.beside, b"half a sec").unwrap();
        keep(&file, &secret()).unwrap();
        assert_eq!(fs::read(&file).unwrap(), secret().as_bytes());
        assert_eq!(folder.names(), ["secret", "secret.new"]);
    }

    #[test]
    fn a_folder_that_is_not_there_and_one_that_another_process_holds_are_told() {
        let folder = Folder::new("locked");
        let nowhere = folder.0.join("nosuch/secret");
        assert_eq!(keep(&nowhere, &secret()).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(check_folder(&nowhere).unwrap_err().kind(), io::ErrorKind::NotFound);
        let file = folder.0.join("secret");
        let held = Place::of(&file).lock().unwrap();
        assert_eq!(keep(&file, &secret()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(held);
        keep(&file, &secret()).unwrap();
    }
}
