//! The client's end of a connection: a TCP socket, with TLS on it where the front under test speaks it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

#[cfg(feature = "tls")]
use {super::certificates, rustls::ClientConnection};

/// Whether the front under test speaks TLS.
pub(crate) fn speaks_tls() -> bool {
    crate::FRONT.contains(&"--tls-cert")
}

pub(crate) struct Wire {
    socket: TcpStream,
    #[cfg(feature = "tls")]
    tls: Option<Box<ClientConnection>>,
}

impl Wire {
    /// A connection that waits at most `patience` for anything. A handshake comes with the first byte that is sent.
    pub(crate) fn connect(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let wire = Wire::over(TcpStream::connect_timeout(&address, patience)?, patience)?;
        #[cfg(feature = "tls")]
        if speaks_tls() {
            return Ok(wire.with_tls(certificates::client()));
        }
        Ok(wire)
    }

    /// The same over a socket that is connected, without TLS.
    pub(crate) fn over(socket: TcpStream, patience: Duration) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(patience))?;
        socket.set_write_timeout(Some(patience))?;
        Ok(Wire {
            socket,
            #[cfg(feature = "tls")]
            tls: None,
        })
    }

    #[cfg(feature = "tls")]
    pub(crate) fn with_tls(self, connection: ClientConnection) -> Self {
        Wire { tls: Some(Box::new(connection)), ..self }
    }

    /// The TLS on it.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(&mut self) -> &mut ClientConnection {
        self.tls.as_mut().expect("there is TLS on it")
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(crate) fn be_patient_for(&self, patience: Duration) {
        self.socket.set_read_timeout(Some(patience)).expect("not zero");
    }

    /// Says that nothing more will be sent. Where the other side is gone already, there is nothing to end.
    pub(crate) fn end(&mut self) {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            // Within a handshake nobody can trust that word.
            if tls.is_handshaking() {
                let _ = tls.complete_io(&mut self.socket);
            }
            tls.send_close_notify();
            let _ = rustls::Stream::new(&mut **tls, &mut self.socket).flush();
        }
        let _ = self.socket.shutdown(Shutdown::Write);
    }
}

impl Read for Wire {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return read_tls(tls, &mut self.socket, bytes);
        }
        self.socket.read(bytes)
    }
}

/// Reads also where the receiver takes nothing more: what it said before is to be seen.
#[cfg(feature = "tls")]
fn read_tls(tls: &mut ClientConnection, socket: &mut TcpStream, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match tls.reader().read(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            outcome => return outcome,
        }
        while tls.wants_write() && tls.write_tls(socket).is_ok() {}
        tls.read_tls(socket)?;
        tls.process_new_packets().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return rustls::Stream::new(&mut **tls, &mut self.socket).write(bytes);
        }
        self.socket.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &mut self.tls {
            return rustls::Stream::new(&mut **tls, &mut self.socket).flush();
        }
        self.socket.flush()
    }
}
