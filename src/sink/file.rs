//! Events appended to a file, a line each; when it is long enough, another is begun.

use super::whole::WholeLines;
use super::{Stream, Style};
use crate::store::{Event, StoreId};
use rustix::fs::OFlags;
use std::fs::{self, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Memory kept between batches, in bytes.
const KEPT_BYTES: usize = 1024 * 1024;

/// How long nothing is written after a sync: under load, a sync for every few events takes the disk from the store
/// (docs/DESIGN.md).
const REST: Duration = Duration::from_millis(5);

/// Lines in a file, of mode 0600 where it is made here. What was written is synced before it counts, so that neither a crash nor a
/// power cut takes it. `events.jsonl` that would grow over its limit becomes `events.jsonl.1`, that before it `events.jsonl.2`,
/// and so on: a line is in one file as a whole, and a file is longer than the limit only where its single line is.
///
/// The file may be renamed, removed or emptied meanwhile, as logrotate does: what is at its path is looked at before each batch.
/// Not promised: that two may write to one path, where both rotate it.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    style: Style,
    rotate_at_bytes: u64,
    /// How many files are kept that were ended.
    keep: u32,
    open: Option<Open>,
    /// The lines that are yet to be written.
    text: Vec<u8>,
    /// The event of each of them, and where its line ends.
    ends: Vec<(i64, usize)>,
    /// The first events of a batch that failed after them: they are in the file, and synced.
    had: Vec<i64>,
}

#[derive(Debug)]
struct Open {
    lines: WholeLines<fs::File>,
    /// Its device and number there.
    place: (u64, u64),
    /// How long it was when it was looked at last.
    bytes: u64,
}

impl File {
    /// Events are appended to what is at `path`, in `style`; with another file for what would be over `rotate_at_bytes`, and
    /// `keep` of those that were ended.
    #[must_use]
    pub fn new(path: PathBuf, style: Style, rotate_at_bytes: u64, keep: u32) -> Self {
        File { path, style, rotate_at_bytes, keep, open: None, text: Vec::new(), ends: Vec::new(), had: Vec::new() }
    }

    /// Writes what is pending, and syncs it.
    fn settle(&mut self) -> io::Result<()> {
        if self.ends.is_empty() {
            return Ok(());
        }
        let mut open = self.opened()?;
        let written = open.lines.write(&self.text);
        // What was written of a batch that failed is not written again: a disk that is full would be filled with it.
        let whole = open.lines.written();
        open.lines.out.sync_data()?;
        self.open = Some(open);
        self.had.extend(self.ends.iter().filter(|(_, end)| *end <= whole).map(|(number, _)| *number));
        self.text.clear();
        self.ends.clear();
        written
    }

    /// The file at the path, opened if it is another one than before. It is given back by putting it back.
    fn opened(&mut self) -> io::Result<Open> {
        let place = |is: &Metadata| (is.dev(), is.ino());
        match (self.open.take(), fs::metadata(&self.path)) {
            (Some(open), Ok(now)) if open.place == place(&now) => Ok(Open { bytes: now.len(), ..open }),
            _ => {
                // Neither waits for the other end of a pipe that it may be, nor makes a terminal ours.
                let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
                let mut options = OpenOptions::new();
                options.read(true).append(true).create(true).mode(0o600).custom_flags(flags);
                let mut file = options.open(&self.path)?;
                let is = file.metadata()?;
                if !is.is_file() {
                    return Err(io::Error::other(format!("{} is no regular file", self.path.display())));
                }
                self.sync_folder()?;
                let lines = if ends_within_a_line(&mut file, is.len())? {
                    WholeLines::torn(file)
                } else {
                    WholeLines::new(file)
                };
                Ok(Open { lines, place: place(&is), bytes: is.len() })
            }
        }
    }

    /// Ends the file: it becomes the newest of those that are kept.
    fn rotate(&mut self) -> io::Result<()> {
        self.settle()?;
        self.open = None;
        // Where a crash cut this short there is a gap, up to which the others are moved.
        let free = (1..=self.keep).find(|number| !self.numbered(*number).exists()).unwrap_or(self.keep);
        for number in (1..free).rev() {
            fs::rename(self.numbered(number), self.numbered(number + 1))?;
        }
        match self.keep {
            0 => fs::remove_file(&self.path)?,
            _ => fs::rename(&self.path, self.numbered(1))?,
        }
        let mut extra = self.keep.saturating_add(1);
        while fs::remove_file(self.numbered(extra)).is_ok() {
            extra = extra.saturating_add(1);
        }
        self.sync_folder()
    }

    fn numbered(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }

    fn sync_folder(&self) -> io::Result<()> {
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder)?.sync_all()
    }

    /// How many of the first of `events` are in the file already, from a batch of the same that failed.
    fn had_of(&mut self, events: &[Event]) -> usize {
        let numbers = events.iter().map(|event| event.number).take(self.had.len());
        if numbers.eq(self.had.iter().copied()) {
            return self.had.len();
        }
        self.had.clear();
        0
    }

    fn write_all(&mut self, events: &[Event], store: &StoreId) -> io::Result<()> {
        let had = self.had_of(events);
        let open = self.opened()?;
        let mut bytes = open.bytes;
        self.open = Some(open);
        for event in events.iter().skip(had) {
            let start = self.text.len();
            self.style.write_stored(event, &event.id(store).to_string(), &mut self.text);
            let line_bytes = (self.text.len() - start) as u64;
            if bytes > 0 && bytes.saturating_add(line_bytes) > self.rotate_at_bytes {
                let line = self.text.split_off(start);
                self.rotate()?;
                self.text = line;
                bytes = 0;
            }
            bytes = bytes.saturating_add(line_bytes);
            self.ends.push((event.number, self.text.len()));
        }
        self.settle()
    }
}

/// Whether the file of so many bytes ends with a line that has no end.
fn ends_within_a_line(file: &mut fs::File, bytes: u64) -> io::Result<bool> {
    let Some(last) = bytes.checked_sub(1) else { return Ok(false) };
    let mut byte = [0];
    file.seek(SeekFrom::Start(last))?;
    file.read_exact(&mut byte)?;
    Ok(byte != *b"\n")
}

impl Stream for File {
    fn write(&mut self, events: &[Event], store: &StoreId) -> io::Result<()> {
        let written = self.write_all(events, store);
        self.text.clear();
        self.text.shrink_to(KEPT_BYTES);
        self.ends.clear();
        match written {
            Ok(()) => self.had.clear(),
            // It may be another file by the next time, or have lost what was written: it is looked at anew.
            Err(_) => self.open = None,
        }
        written
    }

    fn rest(&self) -> Duration {
        REST
    }
}
