//! The fronts that listen and feed the receiver.

pub mod tiny;

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Asks a running front to stop, from any thread.
#[derive(Clone, Debug)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    listener: Arc<TcpListener>,
}

impl Stop {
    /// A way to stop the front that will listen on `listener`.
    ///
    /// # Errors
    /// Where the listener cannot be duplicated (out of descriptors).
    pub fn of(listener: &TcpListener) -> io::Result<Self> {
        Ok(Stop { asked: Arc::default(), listener: Arc::new(listener.try_clone()?) })
    }

    /// Stops accepting; what was accepted is finished, then the front returns.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
        // Wakes a thread that waits in accept, where the system does that (Linux); elsewhere the front looks at the flag by
        // and by.
        if let Ok(socket) = as_stream(&self.listener) {
            let _ = socket.shutdown(Shutdown::Both);
        }
    }

    /// Whether it was asked to stop.
    #[must_use]
    pub fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

/// The same socket as a stream, on which std has the options and the shutdown that it does not offer on a listener.
fn as_stream(listener: &TcpListener) -> io::Result<TcpStream> {
    Ok(TcpStream::from(OwnedFd::from(listener.try_clone()?)))
}
