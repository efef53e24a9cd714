//! Lines that are whole: one that broke off is ended before the next begins.

use std::io::{self, Write};
use std::time::Duration;

/// How often a stream that takes nothing now, and does not wait by itself, is tried. Who gave us such a one (a terminal that another
/// program has set so) meant it to take all.
const TRY_EVERY: Duration = Duration::from_millis(10);

/// A stream that lines are written to.
#[derive(Debug)]
pub(super) struct WholeLines<W> {
    pub(super) out: W,
    /// The last write broke off within a line, which the next one has to end first.
    torn: bool,
    /// How much of the last text was written.
    written: usize,
}

impl<W: Write> WholeLines<W> {
    /// Lines go to `out`, which is at the beginning of one.
    pub(super) fn new(out: W) -> Self {
        WholeLines { out, torn: false, written: 0 }
    }

    /// The same where `out` is within a line, which somebody else did not end.
    #[cfg(feature = "cli")]
    pub(super) fn torn(out: W) -> Self {
        WholeLines { torn: true, ..WholeLines::new(out) }
    }

    /// How many bytes of the last text were written, which is all of it unless that failed.
    #[cfg(feature = "cli")]
    pub(super) fn written(&self) -> usize {
        self.written
    }

    /// Writes all of `text`, which is lines with their ends, and flushes it.
    pub(super) fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.written = 0;
        if self.torn && !text.is_empty() {
            self.out.write_all(b"\n")?;
            self.torn = false;
        }
        while let Some(rest) = text.get(self.written..).filter(|rest| !rest.is_empty()) {
            match self.out.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    self.written += count;
                    self.torn = rest.get(count.saturating_sub(1)) != Some(&b'\n');
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(TRY_EVERY),
                Err(error) => return Err(error),
            }
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream that takes `room` bytes and then fails, until more room is made.
    struct Narrow {
        taken: Vec<u8>,
        room: usize,
    }

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let count = bytes.len().min(self.room);
            if count == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.room -= count;
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn lines(room: usize) -> WholeLines<Narrow> {
        WholeLines::new(Narrow { taken: Vec::new(), room })
    }

    #[test]
    fn a_write_that_fails_is_an_error_and_never_half_a_success() {
        let mut lines = lines(3);
        assert_eq!(lines.write(b"ab\ncd\n").unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert!(!lines.torn, "it broke off at a line's end");
    }

    /// Takes one byte, and nothing the next time.
    struct Unsteady {
        taken: Vec<u8>,
        takes: bool,
    }

    impl Write for Unsteady {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.takes = !self.takes;
            match bytes {
                [first, ..] if self.takes => self.taken.push(*first),
                _ => return Err(io::ErrorKind::WouldBlock.into()),
            }
            Ok(1)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stream_that_does_not_wait_is_waited_for() {
        let mut lines = WholeLines::new(Unsteady { taken: Vec::new(), takes: false });
        lines.write(b"ab\ncd\n").unwrap();
        assert_eq!(lines.out.taken, b"ab\ncd\n");
    }

    #[test]
    fn a_line_that_broke_off_is_ended_before_the_next() {
        let mut lines = lines(4);
        assert!(lines.write(b"ab\ncd\n").is_err());
        lines.out.room = 100;
        lines.write(b"ef\n").unwrap();
        lines.write(b"gh\n").unwrap();
        assert_eq!(lines.out.taken, b"ab\nc\nef\ngh\n");
    }
}
