//! What one connection may take: every number has a default and a reason.

use std::time::Duration;

/// The limits of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest head, request line and field lines with their line ends, in bytes. GitHub's are under 2 KiB; proxies add some.
    pub head_bytes: usize,
    /// Most field lines in a head. At most [`Limits::FIELDS_MOST`].
    pub fields: usize,
    /// Longest request target, in bytes. RFC 9110 §4.1 asks for 8,000 at least.
    pub target_bytes: usize,
    /// From the first byte of a request, or from the connection's start, to the end of its head.
    pub head_time: Duration,
    /// From the end of a head to the end of its body, in all.
    pub body_time: Duration,
    /// From when an answer could first not be written to its end.
    pub write_time: Duration,
    /// From an answer to the next request's first byte.
    pub idle_time: Duration,
    /// Most requests answered on one connection.
    pub requests: u32,
    /// After an answer that ends a connection early: how long and how much is still read, and thrown away, so that the
    /// answer is not lost to a reset.
    pub linger_time: Duration,
    /// See [`Limits::linger_time`]; in bytes.
    pub linger_bytes: usize,
    /// Longest chunk-size line with its extensions and line end, in bytes.
    pub chunk_line_bytes: usize,
    /// Longest trailer section, in bytes.
    pub trailer_bytes: usize,
}

impl Limits {
    /// The most field lines that [`Limits::fields`] can allow.
    pub const FIELDS_MOST: usize = 128;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            head_bytes: 32 * 1024,
            fields: Limits::FIELDS_MOST,
            target_bytes: 8 * 1024,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(30),
            write_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(60),
            requests: 10_000,
            linger_time: Duration::from_secs(2),
            linger_bytes: 256 * 1024,
            chunk_line_bytes: 256,
            trailer_bytes: 8 * 1024,
        }
    }
}
