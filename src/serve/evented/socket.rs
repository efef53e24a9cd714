//! Listeners and streams, of TCP and of Unix sockets, as one.

use super::session::{Session, Tls};
use crate::serve::unix::{self, SocketFile};
use mio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::{Domain, Protocol, SockAddr, SockRef, Socket, Type};
use std::io::{self, Read, Write};
use std::net::{self, IpAddr, Shutdown, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::net as unix_net;
use std::path::Path;

/// Connections that the system holds ready for us to accept, at most. A burst that comes while a turn runs fits in.
pub const BACKLOG: i32 = 1024;

/// What the system holds of our answers to a client who does not read them, in bytes (it takes twice that, for its own
/// bookkeeping). It would take 2.6 MB, which are ten thousand answers, so that no deadline ever came due for them. An answer has
/// some hundred bytes.
const SEND_BUFFER_BYTES: usize = 64 * 1024;

/// A socket that connections are accepted from.
#[derive(Debug)]
pub struct Listener {
    kind: Kind,
    name: String,
    tls: Option<Tls>,
}

#[derive(Debug)]
enum Kind {
    Tcp(TcpListener),
    /// The file goes first: another listener may be on one of its name as soon as nobody listens there.
    Unix(#[expect(dead_code, reason = "its drop removes the file")] Option<SocketFile>, UnixListener),
}

impl Listener {
    /// Listens on `address`: `host:port`, or `unix:PATH`, whose file then has `mode`. A stale file of a socket is replaced;
    /// one on which somebody listens is refused.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] where it is no address, [`io::ErrorKind::AddrInUse`] where somebody listens there,
    /// otherwise what the system said.
    pub fn bind(address: &str, mode: u32) -> io::Result<Self> {
        match address.strip_prefix("unix:") {
            Some(path) => Self::bind_unix(Path::new(path), mode),
            None => Self::bind_tcp(address),
        }
    }

    /// Listens on `address`, `host:port`, and speaks TLS there.
    ///
    /// # Errors
    /// As [`Listener::bind`]. [`io::ErrorKind::InvalidInput`] for a Unix socket, too: nobody who could listen in on one is kept
    /// out by TLS.
    #[cfg(feature = "tls")]
    pub fn bind_tls(address: &str, tls: &Tls) -> io::Result<Self> {
        if address.starts_with("unix:") {
            let why = "TLS on a Unix socket keeps out nobody: who may open the socket is up to its file's mode";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let listener = Self::bind_tcp(address)?;
        let name = listener.name.replacen("http://", "https://", 1);
        Ok(Listener { tls: Some(tls.clone()), name, ..listener })
    }

    fn bind_tcp(address: &str) -> io::Result<Self> {
        let addresses =
            address.to_socket_addrs().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let mut outcome = Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no address"));
        for address in addresses {
            outcome = Self::bind_to(address);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }

    fn bind_to(address: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        // A receiver that restarts need not wait for the connections of the one before.
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            // [::] is IPv6 and nothing else, whatever the system's default: 0.0.0.0 can stand beside it.
            socket.set_only_v6(true)?;
        }
        // Accepted sockets inherit what follows.
        socket.set_send_buffer_size(SEND_BUFFER_BYTES)?;
        // An answer is one segment: there is no window to find, and BBR, the default of many systems, paces what it sends by a
        // timer for each. Where there is no Reno the default stays.
        #[cfg(target_os = "linux")]
        let _ = rustix::net::sockopt::set_tcp_congestion(&socket, "reno");
        socket.bind(&SockAddr::from(address))?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        let listener = TcpListener::from_std(socket.into());
        let name = format!("http://{}", listener.local_addr()?);
        Ok(Listener { kind: Kind::Tcp(listener), name, tls: None })
    }

    fn bind_unix(path: &Path, mode: u32) -> io::Result<Self> {
        let (listener, file) = unix::listen(path, mode, BACKLOG)?;
        listener.set_nonblocking(true)?;
        let name = format!("unix:{}", file.path().display());
        Ok(Listener { kind: Kind::Unix(Some(file), UnixListener::from_std(listener)), name, tls: None })
    }

    /// Takes over a TCP socket on which is listened already.
    ///
    /// # Errors
    /// What the system said.
    pub fn from_tcp(listener: net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        SockRef::from(&listener).set_send_buffer_size(SEND_BUFFER_BYTES)?;
        let name = format!("http://{}", listener.local_addr()?);
        Ok(Listener { kind: Kind::Tcp(TcpListener::from_std(listener)), name, tls: None })
    }

    /// Takes over a TCP socket on which is listened already, and speaks TLS there.
    ///
    /// # Errors
    /// What the system said.
    #[cfg(feature = "tls")]
    pub fn from_tcp_tls(listener: net::TcpListener, tls: &Tls) -> io::Result<Self> {
        let listener = Self::from_tcp(listener)?;
        let name = listener.name.replacen("http://", "https://", 1);
        Ok(Listener { tls: Some(tls.clone()), name, ..listener })
    }

    /// Takes over a Unix socket on which is listened already. Its file, if it has one, stays where it is.
    ///
    /// # Errors
    /// What the system said.
    pub fn from_unix(listener: unix_net::UnixListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        let name = match listener.local_addr()?.as_pathname() {
            Some(path) => format!("unix:{}", path.display()),
            None => "unix:".to_string(),
        };
        Ok(Listener { kind: Kind::Unix(None, UnixListener::from_std(listener)), name, tls: None })
    }

    /// Where it listens: `http://127.0.0.1:5000` with the real port, `https://` where it speaks TLS, or `unix:PATH`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next connection, and its peer's address where it has one.
    pub(super) fn accept(&self) -> io::Result<(Stream, Option<IpAddr>)> {
        match &self.kind {
            Kind::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                // Answers are written whole: waiting to merge them with more only delays them.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Some(address.ip())))
            }
            Kind::Unix(_, listener) => listener.accept().map(|(stream, _)| (Stream::Unix(stream), None)),
        }
    }

    /// The TLS session of a connection that was accepted, where it is to have one.
    pub(super) fn session(&self) -> io::Result<Option<Box<Session>>> {
        self.tls.as_ref().map(Tls::session).transpose()
    }

    /// The same TCP socket once more, for a listener of another kind on it.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a Unix socket; otherwise what the system said.
    pub fn again(&self) -> io::Result<net::TcpListener> {
        match &self.kind {
            Kind::Tcp(listener) => Ok(listener.as_fd().try_clone_to_owned()?.into()),
            Kind::Unix(..) => Err(io::Error::new(io::ErrorKind::InvalidInput, "TLS is spoken on TCP sockets only")),
        }
    }

    /// Its descriptor, by which its readiness is told: of what several hold nobody has the whole.
    pub(super) fn descriptor(&self) -> RawFd {
        match &self.kind {
            Kind::Tcp(listener) => listener.as_raw_fd(),
            Kind::Unix(_, listener) => listener.as_raw_fd(),
        }
    }
}

/// An accepted connection.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(super) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        match self {
            Stream::Tcp(stream) => registry.register(stream, token, interest),
            Stream::Unix(stream) => registry.register(stream, token, interest),
        }
    }

    pub(super) fn shutdown_write(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
        }
    }
}

// By the system's own calls: libc's are points where a thread can be cancelled, which costs some 40 ns each, and never is.

impl Read for Stream {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let (count, _) = recv(&*self, bytes, RecvFlags::empty())?;
        Ok(count)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(&*self, bytes, SendFlags::empty())?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}
