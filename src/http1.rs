//! HTTP/1.1 as pure functions and a state machine: bytes and a time in, requests and bytes out. No sockets, no clock.

#[cfg(feature = "evented")]
mod buffers;
#[cfg(feature = "evented")]
mod chunked;
#[cfg(feature = "evented")]
mod connection;
mod framing;
#[cfg(feature = "evented")]
mod head;
#[cfg(feature = "evented")]
mod limits;

#[cfg(feature = "evented")]
pub use buffers::Buffers;
#[cfg(feature = "evented")]
pub use connection::{Connection, Service, Verdict, Want};
pub use framing::{Framing, framing};
#[cfg(feature = "evented")]
pub use limits::Limits;
