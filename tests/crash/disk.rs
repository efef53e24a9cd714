//! What a disk holds of a folder if the power is cut: what was synced, and of the rest any part. It promises no more than POSIX
//! does: a file's bytes are there once it was synced, its name once the folder was, the folder once the one around it was.

use super::strace::Call;
use crate::support::dice::Dice;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

/// What a disk writes whole or not at all, in bytes: the smallest there is. SQLite asks no more of one (sqlite.org, "Atomic
/// Commit In SQLite", §2).
const SECTOR_BYTES: usize = 512;

/// What is left of that which was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Nothing.
    All,
    /// All of it: what killing a process leaves.
    None,
    /// Some writes and not others.
    Some,
    /// Some sectors and not others.
    Torn,
    /// What was written first, up to some sector.
    Late,
}

pub(super) const LOSSES: [Loss; 5] = [Loss::All, Loss::None, Loss::Some, Loss::Torn, Loss::Late];

/// The files of a folder, by name.
pub(super) type Image = BTreeMap<String, Vec<u8>>;

#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    folder: String,
    /// By number: what was ever a file here.
    files: Vec<File>,
    names: BTreeMap<String, usize>,
    synced_names: BTreeMap<String, usize>,
    /// Changes of names that are not synced.
    renamings: Vec<(Renaming, usize)>,
    /// The folder is in the one around it.
    is_there: bool,
    /// Syncs that began: of which file, and how much of what was not synced was there by then.
    syncing: BTreeMap<usize, (Option<usize>, usize)>,
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    /// With the number of the call that made it.
    changes: Vec<(Change, usize)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    Write {
        at: usize,
        bytes: Vec<u8>,
    },
    Length(usize),
    /// A write whose sync failed. Linux says so once and then takes it for written: no later sync brings it to the disk.
    Adrift {
        at: usize,
        bytes: Vec<u8>,
    },
}

#[derive(Clone, Debug)]
enum Renaming {
    Add(String, usize),
    Remove(String),
}

impl Disk {
    /// A disk on which `folder` is as `image` has it, all synced; nothing where there is no folder.
    pub(super) fn new(folder: &Path, image: Option<&Image>) -> Self {
        let mut disk = Disk { folder: folder.to_str().expect("a plain name").into(), ..Disk::default() };
        disk.is_there = image.is_some();
        for (name, bytes) in image.into_iter().flatten() {
            disk.names.insert(name.clone(), disk.files.len());
            disk.files.push(File { synced: bytes.clone(), changes: Vec::new() });
        }
        disk.synced_names = disk.names.clone();
        disk
    }

    /// The same for another process, whose calls are numbered anew.
    pub(super) fn started_anew(mut self) -> Self {
        self.syncing.clear();
        for change in self.files.iter_mut().flat_map(|file| &mut file.changes) {
            // Of no call of that process.
            change.1 = usize::MAX;
        }
        self
    }

    /// Whether what is in a file called `name` is looked at. The index of the log is made anew from it; what else there is holds
    /// no events.
    pub(super) fn is_modelled(name: &str) -> bool {
        matches!(name, "events.db" | "events.db-wal" | "events.db-journal")
    }

    /// The name in the folder that `path` is.
    fn name(&self, path: &str) -> Option<String> {
        Some(path.strip_prefix(&self.folder)?.strip_prefix('/')?.to_string())
    }

    /// The file that a call's descriptor in argument `at` is of, if it is looked at.
    pub(super) fn file(&self, call: &Call, at: usize) -> Option<usize> {
        let name = self.name(&call.descriptor(at)?)?;
        self.names.get(&name).copied().filter(|_| Disk::is_modelled(&name))
    }

    /// Takes in that `call`, the `number`th, began. Its writes may be on the disk from now on.
    pub(super) fn began(&mut self, call: &Call, number: usize) {
        let change = match call.name.as_str() {
            "pwrite64" => Change::Write { at: call.number(3), bytes: call.bytes(1) },
            "ftruncate" => Change::Length(call.number(1)),
            "fsync" | "fdatasync" => return self.sync_began(call, number),
            "mmap" => {
                let shared = call.arguments.iter().any(|text| text.contains("MAP_SHARED"));
                let writable = call.arguments.iter().any(|text| text.contains("PROT_WRITE"));
                assert!(!(shared && writable && self.file(call, 4).is_some()), "a write that is not seen: {call:?}");
                return;
            }
            "write" | "writev" | "pwritev" | "pwritev2" | "fallocate" | "sendfile" | "splice" => {
                assert!(self.file(call, 0).is_none(), "a way to write that is not known here: {}", call.name);
                return;
            }
            "io_uring_setup" | "sync_file_range" | "truncate" | "copy_file_range" | "link" | "linkat" => {
                panic!("a way to write that is not known here: {}", call.name)
            }
            _ => return,
        };
        if let Some(file) = self.file(call, 0) {
            self.files[file].changes.push((change, number));
        }
    }

    /// Takes in that `call`, the `number`th, ended. What it synced is on the disk from now on.
    pub(super) fn ended(&mut self, call: &Call, number: usize) {
        match call.name.as_str() {
            "pwrite64" | "ftruncate" => {
                let Some(file) = self.file(call, 0) else { return };
                let whole = call.name == "ftruncate" || call.number(2) as i64 == call.result;
                if let Some((Change::Write { bytes, .. }, _)) =
                    self.files[file].changes.iter_mut().find(|(_, of)| *of == number && !whole)
                {
                    bytes.truncate(usize::try_from(call.result).unwrap_or(0));
                }
            }
            "fsync" | "fdatasync" => self.sync_ended(call, number),
            "openat" | "open" if call.result >= 0 => self.opened(call, number),
            "mkdir" if call.result == 0 && call.path(0) == self.folder => {
                *self = Disk { folder: std::mem::take(&mut self.folder), ..Disk::default() };
            }
            "unlink" if call.result == 0 => {
                if let Some(name) = self.name(&call.path(0)) {
                    self.names.remove(&name);
                    self.renamings.push((Renaming::Remove(name), number));
                }
            }
            "rename" if call.result == 0 => {
                let (Some(from), Some(to)) = (self.name(&call.path(0)), self.name(&call.path(1))) else { return };
                let file = self.names.remove(&from).expect("what is renamed is there");
                self.names.insert(to.clone(), file);
                // Both at once, as a file system does it.
                self.renamings.push((Renaming::Remove(from), number));
                self.renamings.push((Renaming::Add(to, file), number));
            }
            "unlinkat" | "renameat" | "renameat2" | "mkdirat" | "creat" if call.result >= 0 => {
                let text = format!("{call:?}");
                assert!(!text.contains(&self.folder), "a way to change names that is not known here: {text}");
            }
            _ => {}
        }
    }

    fn opened(&mut self, call: &Call, number: usize) {
        let (path, flags) = if call.name == "open" { (0, 1) } else { (1, 2) };
        let flags = call.arguments.get(flags).map_or("", String::as_str);
        let Some(name) = self.name(&call.path(path)).filter(|_| flags.contains("O_CREAT")) else { return };
        match self.names.get(&name) {
            Some(file) if flags.contains("O_TRUNC") => self.files[*file].changes.push((Change::Length(0), number)),
            Some(_) => {}
            None => {
                let file = self.files.len();
                self.files.push(File::default());
                self.names.insert(name.clone(), file);
                self.renamings.push((Renaming::Add(name, file), number));
            }
        }
    }

    fn sync_began(&mut self, call: &Call, number: usize) {
        let Some(path) = call.descriptor(0) else { return };
        let around = Path::new(&self.folder).parent().and_then(Path::to_str);
        if path == self.folder {
            self.syncing.insert(number, (None, self.renamings.len()));
        } else if Some(path.as_str()) == around && call.result == 0 {
            self.is_there = true;
        } else if let Some(file) = self.file(call, 0) {
            self.syncing.insert(number, (Some(file), self.files[file].changes.len()));
        }
    }

    fn sync_ended(&mut self, call: &Call, number: usize) {
        match self.syncing.remove(&number) {
            Some((Some(file), count)) => self.files[file].sync(count, call.result == 0),
            Some((None, count)) if call.result == 0 => {
                for (renaming, _) in self.renamings.drain(..count) {
                    renaming.apply(&mut self.synced_names);
                }
            }
            _ => {}
        }
    }

    /// What is found in the folder if the power is cut now; nothing where there is no folder then.
    pub(super) fn cut(&self, loss: Loss, dice: &mut Dice) -> Option<Image> {
        if !self.is_there && (loss == Loss::All || (loss != Loss::None && dice.one_in(2))) {
            return None;
        }
        let mut names = self.synced_names.clone();
        let count = match loss {
            Loss::All => 0,
            Loss::None => self.renamings.len(),
            // File systems keep the changes of a folder in order.
            _ => dice.below(self.renamings.len() + 1),
        };
        for (renaming, _) in self.renamings.iter().take(count) {
            renaming.clone().apply(&mut names);
        }
        let names = names.into_iter().filter(|(name, _)| Disk::is_modelled(name));
        Some(names.map(|(name, file)| (name, self.files[file].cut(loss, dice))).collect())
    }
}

impl File {
    /// Takes in that a sync of the first `count` changes ended, well or not.
    fn sync(&mut self, count: usize, well: bool) {
        let later = self.changes.split_off(count.min(self.changes.len()));
        let mut adrift = Vec::new();
        for (change, number) in std::mem::take(&mut self.changes) {
            match change {
                Change::Adrift { .. } => adrift.push((change, number)),
                Change::Write { at, bytes } if !well => adrift.push((Change::Adrift { at, bytes }, number)),
                Change::Length(_) if !well => adrift.push((change, number)),
                change => {
                    if let Change::Write { at, bytes } = &change {
                        adrift = adrift.into_iter().flat_map(|it| without(it, &(*at..at + bytes.len()))).collect();
                    }
                    change.apply(&mut self.synced);
                }
            }
        }
        self.changes = adrift;
        self.changes.extend(later);
    }

    fn cut(&self, loss: Loss, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        let sectors: usize = self.changes.iter().map(|(change, _)| change.sectors().len()).sum();
        let mut room = dice.below(sectors + 1);
        for (change, _) in &self.changes {
            let keeps = match loss {
                Loss::All => false,
                Loss::None => true,
                Loss::Some => dice.one_in(2),
                Loss::Torn | Loss::Late => {
                    for sector in change.sectors() {
                        let keeps = if loss == Loss::Torn { dice.one_in(2) } else { room > 0 };
                        room = room.saturating_sub(1);
                        if keeps {
                            change.part(&sector).apply(&mut bytes);
                        }
                    }
                    false
                }
            };
            if keeps {
                change.clone().apply(&mut bytes);
            }
        }
        bytes
    }
}

impl Change {
    fn apply(self, file: &mut Vec<u8>) {
        match self {
            Change::Length(length) => file.resize(length, 0),
            Change::Write { at, bytes } | Change::Adrift { at, bytes } => {
                let end = at + bytes.len();
                file.resize(file.len().max(end), 0);
                file[at..end].copy_from_slice(&bytes);
            }
        }
    }

    /// The parts of it that are written whole or not at all, as places in its bytes.
    fn sectors(&self) -> Vec<Range<usize>> {
        let (at, length) = match self {
            Change::Length(_) => return std::iter::once(0..0).collect(),
            Change::Write { at, bytes } | Change::Adrift { at, bytes } => (*at, bytes.len()),
        };
        let first = SECTOR_BYTES - at % SECTOR_BYTES;
        let starts = std::iter::once(0).chain((first..length).step_by(SECTOR_BYTES));
        let end = |start: usize| length.min(start + SECTOR_BYTES - (at + start) % SECTOR_BYTES);
        starts.filter(|start| *start < length).map(|start| start..end(start)).collect()
    }

    fn part(&self, part: &Range<usize>) -> Change {
        match self {
            Change::Length(length) => Change::Length(*length),
            Change::Write { at, bytes } | Change::Adrift { at, bytes } => {
                Change::Write { at: at + part.start, bytes: bytes[part.clone()].to_vec() }
            }
        }
    }
}

/// What is left of an adrift write where `range` was written again since.
fn without((change, number): (Change, usize), range: &Range<usize>) -> Vec<(Change, usize)> {
    let Change::Adrift { at, bytes } = change else { return vec![(change, number)] };
    let before = range.start.saturating_sub(at).min(bytes.len());
    let after = range.end.saturating_sub(at).min(bytes.len());
    if before >= after {
        return vec![(Change::Adrift { at, bytes }, number)];
    }
    let parts = [(at, bytes[..before].to_vec()), (at + after, bytes[after..].to_vec())];
    let parts = parts.into_iter().filter(|(_, bytes)| !bytes.is_empty());
    parts.map(|(at, bytes)| (Change::Adrift { at, bytes }, number)).collect()
}

impl Renaming {
    fn apply(self, names: &mut BTreeMap<String, usize>) {
        match self {
            Renaming::Add(name, file) => drop(names.insert(name, file)),
            Renaming::Remove(name) => drop(names.remove(&name)),
        }
    }
}
