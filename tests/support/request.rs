//! Requests as bytes, right in every way unless a test spoils them.

use super::{SECRET, signer};

/// A request to write to a socket. Content-Length is added where neither it nor Transfer-Encoding is given.
#[derive(Clone)]
pub(crate) struct Post {
    pub(crate) method: String,
    pub(crate) target: String,
    headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// A rightly signed delivery of `body`.
pub(crate) fn signed(body: impl AsRef<[u8]>) -> Post {
    signed_with(SECRET, body)
}

/// A delivery of `body`, signed with `secret`.
pub(crate) fn signed_with(secret: &str, body: impl AsRef<[u8]>) -> Post {
    let body = body.as_ref();
    unsigned(body).header("X-Hub-Signature-256", signer::signature(secret.as_bytes(), body))
}

/// A delivery of `body` without a signature header.
pub(crate) fn unsigned(body: impl AsRef<[u8]>) -> Post {
    let headers = vec![("Host".to_string(), b"localhost".to_vec())];
    Post { method: "POST".into(), target: "/webhook".into(), headers, body: body.as_ref().to_vec() }
}

impl Post {
    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.to_string(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn to(mut self, target: &str) -> Self {
        self.target = target.to_string();
        self
    }

    pub(crate) fn by(mut self, method: &str) -> Self {
        self.method = method.to_string();
        self
    }

    /// All up to the body.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(&[name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        let framed = |name: &str| self.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        if !framed("Content-Length") && !framed("Transfer-Encoding") {
            bytes.extend_from_slice(format!("Content-Length: {}\r\n", self.body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        bytes
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.head(), self.body.clone()].concat()
    }

    /// The same with its body in chunks of `chunk_bytes`.
    pub(crate) fn chunked(mut self, chunk_bytes: usize) -> Self {
        let chunks: Vec<u8> = self.body.chunks(chunk_bytes).flat_map(chunk).collect();
        self.body = [chunks, b"0\r\n\r\n".to_vec()].concat();
        self.header("Transfer-Encoding", "chunked")
    }
}

fn chunk(data: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", data.len()).as_bytes(), data, b"\r\n"].concat()
}
