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
            if state.dropped > 0 {
                let note =
                    format!("hookgate: warning: {} lines of the log were dropped: nobody took them", state.dropped);
                write_note(self.format, &note, &mut lines);
                state.dropped = 0;
            }
            drop(state);
            write_whole(&mut out, &lines);
            lines.clear();
            let next = Instant::now() + BETWEEN_WRITES;
            state = self.lock();
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

/// Writes all of `bytes`, as far as `out` takes them at all: who has closed it wants to hear nothing.
fn write_whole(out: &mut impl Write, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(count) if count > 0 => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(RETRY),
            Ok(_) | Err(_) => return,
        }
    }
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
}
