//! The TLS layer between a socket and its connection: records in and out, by rustls's own state.
//!
//! rustls holds no bytes of a connection here: what came and is not a whole record yet, and what is sealed and not written
//! yet, lie in a session's two buffers, where they can be counted. Between requests both are empty and hold no memory.

pub(crate) use crate::serve::tls::Tls;

use super::socket::Stream;
use crate::answer::{Answer, Persistence};
use crate::http1::{Limits, Want};
use crate::time::UnixTime;
use rustls::Error;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus, WriteTraffic};
use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

/// Most bytes sealed at once: those of one record (RFC 8446 §5.1).
const SEALED_BYTES: usize = 16 * 1024;

/// What rustls holds of a connection beside our buffers, in bytes: keys, mostly. Measured, as resident memory of a thousand idle
/// connections with TLS and without.
const STATE_BYTES: usize = 3 * 1024;

/// What a record takes beside its content, in bytes: at most 5 of its header, 8 of a nonce, 16 of a tag, one of its type.
const RECORD_BYTES: usize = 5 + 8 + 16 + 1;

impl Tls {
    /// The session of a new connection.
    pub(super) fn session(&self) -> io::Result<Box<Session>> {
        Ok(Box::new(Session {
            connection: self.connection()?,
            incoming: Vec::new(),
            outgoing: Vec::new(),
            written: 0,
            sealed: 0,
            has_begun: false,
            has_spoken: false,
            has_ended: false,
            said_goodbye: false,
            ending: None,
        }))
    }
}

/// The server's side of one TLS connection.
pub(super) struct Session {
    connection: UnbufferedServerConnection,
    /// What came and is no whole record, or no whole handshake message.
    incoming: Vec<u8>,
    /// What is to be written, as records.
    outgoing: Vec<u8>,
    /// How much of it is.
    written: usize,
    /// How much of the connection's answer is in it.
    sealed: usize,
    /// Something came.
    has_begun: bool,
    /// Something was said to it.
    has_spoken: bool,
    /// The client said that nothing more will come.
    has_ended: bool,
    /// We said that nothing more will come.
    said_goodbye: bool,
    /// It failed, and its client is being told.
    ending: Option<Ending>,
}

/// After the last words what still comes is thrown away, so that they are not lost to a reset.
#[derive(Clone, Copy, Debug)]
struct Ending {
    left_bytes: usize,
    deadline: Duration,
}

/// Without what rustls holds, which is no more than keys.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("ending", &self.ending).finish_non_exhaustive()
    }
}

/// What to seal once the state allows it.
#[derive(Clone, Copy)]
enum Seal<'a> {
    Nothing,
    Bytes(&'a [u8]),
    Goodbye,
}

impl Session {
    /// What is wanted of the socket where the connection behind it wants `http`.
    pub(super) fn want(&self, http: Want) -> Want {
        match &self.ending {
            Some(Ending { left_bytes: 0, .. }) => Want::Close,
            Some(_) if self.has_outgoing() => Want::Write,
            Some(_) => Want::Linger,
            None if matches!(http, Want::Close | Want::Answer) => http,
            // Who does not take what he is told is not listened to.
            None if self.has_outgoing() => Want::Write,
            None => http,
        }
    }

    fn has_outgoing(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether its next step may be costly.
    pub(super) fn is_handshaking(&self) -> bool {
        self.ending.is_none() && self.connection.is_handshaking()
    }

    /// Whether it failed; then what the connection behind it wants does not matter any more.
    pub(super) fn has_failed(&self) -> bool {
        self.ending.is_some()
    }

    /// Whether the client said that nothing more will come.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// When it is closed, if it has failed.
    pub(super) fn deadline(&self) -> Option<Duration> {
        self.ending.map(|ending| ending.deadline)
    }

    /// Ends a session that has failed.
    pub(super) fn give_up(&mut self) {
        if let Some(ending) = &mut self.ending {
            ending.left_bytes = 0;
        }
    }

    /// Memory it holds, in bytes.
    pub(super) fn held_bytes(&self) -> usize {
        STATE_BYTES + self.incoming.capacity() + self.outgoing.capacity()
    }

    /// Puts what came before, and is not yet opened, at the start of `buffer`; how much that is.
    pub(super) fn lay_out(&self, buffer: &mut [u8]) -> usize {
        match buffer.get_mut(..self.incoming.len()) {
            Some(start) => {
                start.copy_from_slice(&self.incoming);
                start.len()
            }
            None => 0,
        }
    }

    /// Opens `records`, which begin with what [`Session::lay_out`] put there; appends what is in them to `opened`. `is_last`
    /// says that no more will come.
    pub(super) fn open(
        &mut self,
        records: &mut [u8],
        opened: &mut Vec<u8>,
        is_last: bool,
        limits: &Limits,
        now: Duration,
        date: UnixTime,
    ) {
        if let Some(ending) = &mut self.ending {
            ending.left_bytes = ending.left_bytes.saturating_sub(records.len());
            return;
        }
        if self.said_goodbye {
            // It is not opened any more, only counted by the connection, which throws away what comes now.
            opened.resize(records.len(), 0);
            return;
        }
        // No record begins with a letter (RFC 8446 §5.1), and every request does.
        let is_request = !self.has_begun && records.first().is_some_and(u8::is_ascii_alphabetic);
        self.has_begun = true;
        if is_request {
            Answer::without_tls().write("POST", Persistence::Close, date, &mut self.outgoing);
            return self.fail(limits, now);
        }
        if is_last && !self.has_spoken {
            // A client has to hear us before it can end a handshake. One that has gone is not worth a signature.
            self.fail(limits, now);
            return self.give_up();
        }
        match self.process(records, opened, Seal::Nothing) {
            (used, Ok(())) if !self.has_ended => self.keep(records.get(used..).unwrap_or_default()),
            (_, Ok(())) => self.keep(&[]),
            (used, Err(_)) => {
                self.take_alerts(records.get_mut(used..).unwrap_or_default());
                self.fail(limits, now);
            }
        }
    }

    fn keep(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            self.incoming = Vec::new();
            return;
        }
        self.incoming.clear();
        self.incoming.reserve_exact(rest.len());
        self.incoming.extend_from_slice(rest);
    }

    fn fail(&mut self, limits: &Limits, now: Duration) {
        self.incoming = Vec::new();
        self.sealed = 0;
        self.ending = Some(Ending { left_bytes: limits.linger_bytes, deadline: now + limits.linger_time });
    }

    /// Writes what is sealed, and of `plaintext` a record at most. How much of `plaintext` is written to its end: it is to be
    /// given again until then.
    pub(super) fn write(&mut self, stream: &mut Stream, plaintext: &[u8]) -> io::Result<usize> {
        if self.sealed == 0 && self.ending.is_none() && !plaintext.is_empty() {
            let piece = plaintext.get(..SEALED_BYTES).unwrap_or(plaintext);
            self.seal(Seal::Bytes(piece))?;
            self.sealed = piece.len();
        }
        self.flush(stream)?;
        Ok(std::mem::take(&mut self.sealed))
    }

    /// Has the client told that nothing more will come, if it was not and can be. Whether there is something to write for it.
    pub(super) fn say_goodbye(&mut self) -> bool {
        if self.said_goodbye || self.ending.is_some() || self.connection.is_handshaking() {
            return false;
        }
        self.said_goodbye = true;
        self.seal(Seal::Goodbye).is_ok()
    }

    /// Writes what is sealed.
    pub(super) fn flush(&mut self, stream: &mut Stream) -> io::Result<()> {
        while let Some(rest) = self.outgoing.get(self.written..).filter(|rest| !rest.is_empty()) {
            match stream.write(rest) {
                Ok(count) => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.has_spoken |= self.has_outgoing();
        self.outgoing = Vec::new();
        self.written = 0;
        Ok(())
    }

    fn seal(&mut self, seal: Seal<'_>) -> io::Result<()> {
        let mut incoming = std::mem::take(&mut self.incoming);
        // All that could be opened was.
        let mut opened = Vec::new();
        let (used, outcome) = self.process(&mut incoming, &mut opened, seal);
        self.incoming = incoming;
        self.incoming.drain(..used.min(self.incoming.len()));
        outcome.map_err(io::Error::other)
    }

    /// Drives the state as far as `records` go, then seals. How many bytes of them are done with.
    fn process(&mut self, records: &mut [u8], opened: &mut Vec<u8>, mut seal: Seal<'_>) -> (usize, Result<(), Error>) {
        let mut used = 0;
        loop {
            let rest = records.get_mut(used..).unwrap_or_default();
            let UnbufferedStatus { mut discard, state } = self.connection.process_tls_records(rest);
            let mut is_done = false;
            let outcome = match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => loop {
                    match traffic.next_record() {
                        Some(Ok(record)) => {
                            opened.extend_from_slice(record.payload);
                            discard += record.discard;
                        }
                        Some(Err(error)) => break Err(error),
                        None => break Ok(()),
                    }
                },
                Ok(ConnectionState::EncodeTlsData(mut data)) => append(&mut self.outgoing, 0, |out| {
                    data.encode(out).map_err(|error| match error {
                        EncodeError::InsufficientSize(size) => Some(size.required_size),
                        EncodeError::AlreadyEncoded => None,
                    })
                }),
                Ok(ConnectionState::TransmitTlsData(data)) => {
                    // It is in the outgoing buffer, which keeps its order.
                    data.done();
                    Ok(())
                }
                Ok(ConnectionState::PeerClosed) => {
                    self.has_ended = true;
                    Ok(())
                }
                Ok(ConnectionState::WriteTraffic(traffic)) => {
                    is_done = matches!(seal, Seal::Nothing);
                    append_sealed(&mut self.outgoing, traffic, std::mem::replace(&mut seal, Seal::Nothing))
                }
                Ok(ConnectionState::BlockedHandshake | ConnectionState::Closed) => {
                    is_done = true;
                    Ok(())
                }
                Ok(_) => Err(Error::General("a state that was not asked for".into())),
                Err(error) => Err(error),
            };
            used += discard;
            if is_done || outcome.is_err() {
                return (used, outcome);
            }
        }
    }

    /// After an error: takes what rustls wants the client told. What is broken in `records` is not looked at again.
    fn take_alerts(&mut self, records: &mut [u8]) {
        let mut used = 0;
        while self.connection.wants_write() {
            let rest = records.get_mut(used..).unwrap_or_default();
            let UnbufferedStatus { discard, state } = self.connection.process_tls_records(rest);
            let Ok(ConnectionState::EncodeTlsData(mut data)) = state else { return };
            let taken = append(&mut self.outgoing, 0, |out| {
                data.encode(out).map_err(|error| match error {
                    EncodeError::InsufficientSize(size) => Some(size.required_size),
                    EncodeError::AlreadyEncoded => None,
                })
            });
            if taken.is_err() {
                return;
            }
            used += discard;
        }
    }
}

/// Appends what is to be sealed.
fn append_sealed<Data>(out: &mut Vec<u8>, mut traffic: WriteTraffic<'_, Data>, seal: Seal<'_>) -> Result<(), Error> {
    let size = |error: EncryptError| match error {
        EncryptError::InsufficientSize(size) => Some(size.required_size),
        EncryptError::EncryptExhausted => None,
    };
    match seal {
        Seal::Nothing => Ok(()),
        Seal::Bytes(bytes) => append(out, bytes.len() + RECORD_BYTES, |out| traffic.encrypt(bytes, out).map_err(size)),
        Seal::Goodbye => append(out, 0, |out| traffic.queue_close_notify(out).map_err(size)),
    }
}

/// Appends what `write` puts into a buffer, of `room` bytes or, where that is too little, of as many as it asks for then.
fn append(
    out: &mut Vec<u8>,
    room: usize,
    mut write: impl FnMut(&mut [u8]) -> Result<usize, Option<usize>>,
) -> Result<(), Error> {
    let start = out.len();
    let mut room = room;
    loop {
        out.resize(start + room, 0);
        match write(out.get_mut(start..).unwrap_or_default()) {
            Ok(count) => {
                out.truncate(start + count);
                return Ok(());
            }
            Err(Some(needed)) if needed > room => room = needed,
            Err(_) => {
                out.truncate(start);
                return Err(Error::EncryptError);
            }
        }
    }
}
