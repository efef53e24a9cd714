//! The lines that wait to be written, and the thread that writes them.

use super::{Format, write_note};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lines that wait hold this many bytes at most: some 5,000 of them, and more than come in the time between two writes.
const WAITING_BYTES: usize = 1024 * 1024;

/// What is kept free of lines about requests, so that a flood of these drowns nothing else, in bytes.
const SPARE_BYTES: usize = 64 * 1024;

/// Shortest time between two writes: under load a wake-up of the thread and a write are for a thousand lines. The first line after
/// a silence is written at once.
const BETWEEN_WRITES: Duration = Duration::from_millis(10);

/// Memory that is kept for the next lines when there are none for a while, in bytes.
const KEPT_BYTES: usize = 64 * 1024;

/// A pause before a stream that takes nothing just now (it is non-blocking) is tried again.
const RETRY: Duration = Duration::from_millis(10);

/// Lines on their way to a stream. Its clones are one and the same.
#[derive(Clone, Debug)]
pub(super) struct Pipe(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    format: Format,
    state: Mutex<State>,
    /// Rung for the thread that writes.
    bell: Condvar,
    /// Rung by it, when all is written.
    written: Condvar,
    dropped: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    waiting: Vec<u8>,
    /// Lines that were dropped since the last ones were written.
    dropped: u64,
    /// The thread waits for a line, and wants the bell rung.
    is_idle: bool,
    /// Lines are being written.
    is_writing: bool,
    /// Somebody waits for all to be written.
    is_hurried: bool,
    /// Nobody will append any more.
    #[cfg(test)]
    is_closed: bool,
}

impl Pipe {
    /// A pipe to this process's standard error.
    pub(super) fn start(format: Format) -> io::Result<Self> {
        // Not std's stderr, whose lock the end of the program takes.
        let stderr = File::from(io::stderr().as_fd().try_clone_to_owned()?);
        let pipe = Pipe::new(format);
        let shared = Arc::clone(&pipe.0);
        std::thread::Builder::new().name("log".into()).spawn(move || shared.write_all(stderr))?;
        Ok(pipe)
    }

    fn new(format: Format) -> Self {
        Pipe(Arc::new(Shared {
            format,
            state: Mutex::default(),
            bell: Condvar::new(),
            written: Condvar::new(),
            dropped: AtomicU64::new(0),
        }))
    }

    /// Appends the line that `write` appends to what waits, unless there is no room.
    pub(super) fn append(&self, is_of_a_request: bool, write: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.lock();
        let limit = if is_of_a_request { WAITING_BYTES - SPARE_BYTES } else { WAITING_BYTES };
        if state.waiting.len() >= limit {
            state.dropped += 1;
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        write(&mut state.waiting);
        if std::mem::replace(&mut state.is_idle, false) {
            self.0.bell.notify_one();
        }
    }

    /// Waits until all that was appended is written, but not longer than `patience`.
    pub(super) fn flush(&self, patience: Duration) {
        let mut state = self.0.lock();
        state.is_hurried = true;
        self.0.bell.notify_one();
        let is_left = |state: &mut State| state.is_writing || !state.waiting.is_empty();
        let _ = self.0.written.wait_timeout_while(state, patience, is_left);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// A pipe into memory, and what gives all that came there.
    #[cfg(test)]
    pub(super) fn to_memory(format: Format) -> (Self, impl FnOnce() -> String) {
        let pipe = Pipe::new(format);
        let shared = Arc::clone(&pipe.0);
        let lines = move || {
            shared.lock().is_closed = true;
            let mut written = Vec::new();
            shared.write_all(&mut written);
            String::from_utf8(written).unwrap()
        };
        (pipe, lines)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what comes to `out`, for ever.
    fn write_all(&self, mut out: impl Write) {
        let mut lines = Vec::new();
        // The last write broke off within a line, which the next one has to end first.
        let mut is_torn = false;
        let mut state = self.lock();
        loop {
            while state.waiting.is_empty() {
                #[cfg(test)]
                if state.is_closed {
                    return;
                }
                state.is_idle = true;
                state.waiting.shrink_to(KEPT_BYTES);
                lines.shrink_to(KEPT_BYTES);
                self.written.notify_all();
                state = self.bell.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            state.is_idle = false;
            state.is_writing = true;
            std::mem::swap(&mut state.waiting, &mut lines);
            let told = std::mem::take(&mut state.dropped);
            if told > 0 {
                let note = format!("hookgate: warning: {told} lines of the log were dropped: nobody took them");
                write_note(self.format, &note, &mut lines);
            }
            drop(state);
            is_torn = is_torn && write_whole(&mut out, b"\n") == 0;
            let taken = if is_torn { 0 } else { write_whole(&mut out, &lines) };
            let (written, rest) = lines.split_at_checked(taken).unwrap_or_default();
            is_torn |= written.last().is_some_and(|byte| *byte != b'\n');
            let lost = count_lines(rest);
            lines.clear();
            let next = Instant::now() + BETWEEN_WRITES;
            state = self.lock();
            if lost > 0 {
                // The note was the last of them, and is none of those that it is about.
                let lost = lost - u64::from(told > 0);
                self.dropped.fetch_add(lost, Ordering::Relaxed);
                state.dropped += told + lost;
            }
            state.is_writing = false;
            if state.waiting.is_empty() {
                self.written.notify_all();
            }
            // Meanwhile lines gather; nobody rings for one.
            while !state.is_hurried
                && let Some(pause) = next.checked_duration_since(Instant::now())
            {
                #[cfg(test)]
                if state.is_closed {
                    break;
                }
                state =
                    self.bell.wait_timeout(state, pause).map_or_else(|error| error.into_inner().0, |(state, _)| state);
            }
            state.is_hurried = false;
        }
    }
}

/// Writes all of `bytes`, as far as `out` takes them at all, which a full disk does not, nor one that is closed. How many it took.
fn write_whole(out: &mut impl Write, bytes: &[u8]) -> usize {
    let mut taken = 0;
    while let Some(rest) = bytes.get(taken..).filter(|rest| !rest.is_empty()) {
        match out.write(rest) {
            Ok(count) if count > 0 => taken += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Ok(_) | Err(_) => break,
        }
    }
    taken
}

/// How many lines end in `bytes`.
fn count_lines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_takes_is_dropped_and_said_once_somebody_does() {
        let (pipe, lines) = Pipe::to_memory(Format::Human);
        let line =
            |out: &mut Vec<u8>| out.extend_from_slice(&[b'x'; 1023].iter().chain(b"\n").copied().collect::<Vec<_>>());
        for _ in 0..2000 {
            pipe.append(true, line);
        }
        let fit = (WAITING_BYTES - SPARE_BYTES) / 1024;
        assert_eq!(pipe.dropped(), 2000 - fit as u64);
        pipe.append(false, |out| out.extend_from_slice(b"of something else\n"));
        let text = lines();
        assert_eq!(text.lines().filter(|line| line.starts_with('x')).count(), fit);
        assert!(text.contains("of something else\n"), "a flood of requests drowns nothing else");
        assert!(text.ends_with(&format!("{} lines of the log were dropped: nobody took them\n", 2000 - fit)));
    }

    /// A disk that has room for `room` bytes, and as much as is wanted once it was full for so many writes.
    struct Full {
        taken: Vec<u8>,
        room: usize,
        refusals: u32,
        /// What is told meanwhile.
        pipe: Pipe,
    }

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = if self.refusals > 0 { bytes.len().min(self.room) } else { bytes.len() };
            if count == 0 {
                self.refusals -= 1;
                self.pipe.append(true, |out| out.extend_from_slice(b"meanwhile\n"));
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= count.min(self.room);
            self.taken.extend_from_slice(bytes.get(..count).unwrap_or_default());
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_a_full_disk_does_not_take_is_counted_and_said_once_it_has_room_and_no_line_goes_on_from_half_a_one() {
        let pipe = Pipe::new(Format::Human);
        for line in ["first\n", "second\n", "third\n"] {
            pipe.append(true, |out| out.extend_from_slice(line.as_bytes()));
        }
        pipe.0.lock().is_closed = true;
        let mut disk = Full { taken: Vec::new(), room: 9, refusals: 3, pipe: pipe.clone() };
        pipe.0.write_all(&mut disk);
        // After the first refusal two lines are lost, after each further one the line that came meanwhile.
        assert_eq!(pipe.dropped(), 4);
        let text = String::from_utf8(disk.taken).unwrap();
        let lines =
            ["first", "sec", "meanwhile", "hookgate: warning: 4 lines of the log were dropped: nobody took them"];
        assert_eq!(text.lines().collect::<Vec<_>>(), lines);
    }
}
