//! Decoding a chunked body in place, strictly (RFC 9112 §7.1).

use super::limits::Limits;
use crate::verify::Refusal;

/// What is left between two reads of a chunked body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Decoder {
    state: State,
    /// Bytes of the chunk-size line, or of the trailer section, so far.
    line_bytes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the hex digits of a chunk's size.
    Size { bytes: u64, digits: u8 },
    /// In a chunk extension.
    Extension { bytes: u64 },
    /// After the CR of a chunk-size line.
    SizeLineEnd { bytes: u64 },
    /// In a chunk's data.
    Data { left: u64 },
    /// After a chunk's data.
    DataEnd,
    /// After the CR behind a chunk's data.
    DataLineEnd,
    /// At the start of a trailer line.
    TrailerStart,
    /// In a trailer field's name.
    TrailerName,
    /// In a trailer field's value.
    TrailerValue,
    /// After the CR of a trailer line.
    TrailerLineEnd,
    /// After the CR of the last, empty line.
    LastLineEnd,
}

/// How far a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Progress {
    /// Bytes of body decoded so far, in all.
    pub(super) decoded: usize,
    /// Whether the body is complete.
    pub(super) done: bool,
}

impl Decoder {
    pub(super) fn new() -> Self {
        Decoder { state: State::Size { bytes: 0, digits: 0 }, line_bytes: 0 }
    }

    /// Decodes `buffer[decoded..]`, which is still raw, moving data down behind the `decoded` bytes before it. What is raw
    /// and belongs to no body any more follows the decoded bytes; nothing else does. A body over `limit_bytes` is refused at
    /// the size line of the chunk that would pass it.
    pub(super) fn decode(
        &mut self,
        buffer: &mut Vec<u8>,
        start: usize,
        mut decoded: usize,
        limits: &Limits,
        limit_bytes: u64,
    ) -> Result<Progress, Refusal> {
        let mut raw = start + decoded;
        let mut done = false;
        while let Some(&byte) = buffer.get(raw) {
            if let State::Data { left } = self.state {
                let here = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len() - raw);
                buffer.copy_within(raw..raw + here, start + decoded);
                decoded += here;
                raw += here;
                // `here` is at most `left`.
                let left = left - here as u64;
                self.state = if left == 0 { State::DataEnd } else { State::Data { left } };
                continue;
            }
            raw += 1;
            self.state = match self.step(byte, limits)? {
                Some(State::Data { left }) if (decoded as u64).saturating_add(left) > limit_bytes => {
                    return Err(Refusal::BodyTooLong { limit_bytes });
                }
                Some(state) => state,
                None => {
                    done = true;
                    break;
                }
            };
        }
        buffer.copy_within(raw.., start + decoded);
        buffer.truncate(buffer.len() - (raw - start - decoded));
        Ok(Progress { decoded, done })
    }

    /// The state after `byte`, or nothing where that was the body's last.
    fn step(&mut self, byte: u8, limits: &Limits) -> Result<Option<State>, Refusal> {
        self.line_bytes += 1;
        let limit_bytes = match self.state {
            State::Size { .. } | State::Extension { .. } | State::SizeLineEnd { .. } => limits.chunk_line_bytes,
            _ => limits.trailer_bytes,
        };
        if self.line_bytes > limit_bytes {
            return Err(Refusal::BrokenBody);
        }
        let next = match (self.state, byte) {
            (State::Size { bytes, digits }, _) if byte.is_ascii_hexdigit() => {
                let digit = char::from(byte).to_digit(16).unwrap_or_default();
                let bytes = bytes.checked_mul(16).and_then(|bytes| bytes.checked_add(u64::from(digit)));
                // Zeros in front overflow nothing; the line's limit bounds them.
                State::Size { bytes: bytes.ok_or(Refusal::BrokenBody)?, digits: digits.saturating_add(1) }
            }
            (State::Size { digits: 0, .. }, _) => return Err(Refusal::BrokenBody),
            (State::Size { bytes, .. }, b';') => State::Extension { bytes },
            (State::Size { bytes, .. } | State::Extension { bytes }, b'\r') => State::SizeLineEnd { bytes },
            (State::Extension { bytes }, _) if is_text(byte) => State::Extension { bytes },
            (State::SizeLineEnd { bytes }, b'\n') => {
                self.line_bytes = 0;
                if bytes == 0 { State::TrailerStart } else { State::Data { left: bytes } }
            }
            (State::DataEnd, b'\r') => State::DataLineEnd,
            (State::DataLineEnd, b'\n') => {
                self.line_bytes = 0;
                State::Size { bytes: 0, digits: 0 }
            }
            (State::TrailerStart, b'\r') => State::LastLineEnd,
            (State::TrailerStart, _) if is_token(byte) => State::TrailerName,
            (State::TrailerName, b':') => State::TrailerValue,
            (State::TrailerName, _) if is_token(byte) => State::TrailerName,
            (State::TrailerValue, b'\r') => State::TrailerLineEnd,
            (State::TrailerValue, _) if is_text(byte) => State::TrailerValue,
            (State::TrailerLineEnd, b'\n') => State::TrailerStart,
            (State::LastLineEnd, b'\n') => return Ok(None),
            _ => return Err(Refusal::BrokenBody),
        };
        Ok(Some(next))
    }
}

/// field-vchar, space and tab of RFC 9110 §5.5.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || byte == b' ' || byte.is_ascii_graphic() || byte >= 0x80
}

/// tchar of RFC 9110 §5.6.2.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
