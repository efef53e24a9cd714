//! A client that is only a socket: it sends the bytes it is given and reads answers by the rules of HTTP/1.1.

use super::PATIENCE;
use super::wire::Wire;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) struct Client {
    wire: Wire,
    received: Vec<u8>,
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Every byte of it.
    pub(crate) raw: Vec<u8>,
}

/// What came instead of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// The receiver closed the connection.
    Closed,
    /// The same without TLS's word for it: who cannot tell whether something was cut off.
    CutOff,
    /// Nothing came for as long as the client waits.
    Silence,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Client::try_connect(address).expect("the receiver listens")
    }

    pub(crate) fn try_connect(address: SocketAddr) -> io::Result<Self> {
        Ok(Client::of(Wire::connect(address, PATIENCE)?))
    }

    /// A client without TLS.
    pub(crate) fn over(stream: TcpStream) -> io::Result<Self> {
        Ok(Client::of(Wire::over(stream, PATIENCE)?))
    }

    pub(crate) fn of(wire: Wire) -> Self {
        Client { wire, received: Vec::new() }
    }

    pub(crate) fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    pub(crate) fn be_patient_for(&mut self, patience: Duration) {
        self.wire.be_patient_for(patience);
    }

    /// Writes `bytes`. A receiver that answers early may close its side meanwhile; whether it may is for the answer to show.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if let Err(error) = self.try_write(bytes) {
            // The last of them within a handshake.
            let closed =
                matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof);
            assert!(closed, "the receiver does not read: {error}");
        }
    }

    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes)
    }

    /// Says that nothing more will be sent.
    pub(crate) fn end(&mut self) {
        self.wire.end();
    }

    /// The next answer to a request other than HEAD.
    pub(crate) fn answer(&mut self) -> Answer {
        self.try_answer().unwrap_or_else(|nothing| panic!("no answer: {nothing:?}"))
    }

    pub(crate) fn try_answer(&mut self) -> Result<Answer, Nothing> {
        let mut answer = self.try_head()?;
        let length = answer.header("Content-Length").map_or(0, |length| length.parse().expect("digits"));
        self.fill(length).unwrap_or_else(|nothing| panic!("{nothing:?} within the body of {answer:?}"));
        answer.body = self.received.drain(..length).collect();
        answer.raw.extend_from_slice(&answer.body);
        Ok(answer)
    }

    /// The next answer up to its body.
    pub(crate) fn try_head(&mut self) -> Result<Answer, Nothing> {
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            self.fill(self.received.len() + 1)?;
        };
        Ok(Answer::head(self.received.drain(..end).collect()))
    }

    /// Everything up to the end of the connection.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        loop {
            match self.fill(self.received.len() + 1) {
                Err(Nothing::Closed) => break,
                Err(Nothing::CutOff) => panic!("cut off after {:?}", String::from_utf8_lossy(&self.received)),
                _ => {}
            }
        }
        std::mem::take(&mut self.received)
    }

    /// Waits for `Closed`, `Silence` or a byte.
    pub(crate) fn next(&mut self) -> Result<u8, Nothing> {
        self.fill(1)?;
        Ok(self.received.remove(0))
    }

    /// Waits for `Closed`, `Silence` or a byte, which is left to be read.
    pub(crate) fn peek(&mut self) -> Result<(), Nothing> {
        self.fill(1)
    }

    /// Reads until `bytes` bytes are there.
    fn fill(&mut self, bytes: usize) -> Result<(), Nothing> {
        let mut buffer = vec![0; 64 * 1024];
        while self.received.len() < bytes {
            match self.wire.read(&mut buffer) {
                Ok(0) => return Err(Nothing::Closed),
                Ok(count) => self.received.extend_from_slice(&buffer[..count]),
                Err(error) => match error.kind() {
                    ErrorKind::ConnectionReset => return Err(Nothing::Closed),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => return Err(Nothing::Silence),
                    ErrorKind::UnexpectedEof => return Err(Nothing::CutOff),
                    ErrorKind::Interrupted => {}
                    _ => panic!("{error}"),
                },
            }
        }
        Ok(())
    }
}

impl Answer {
    fn head(raw: Vec<u8>) -> Self {
        let text = String::from_utf8(raw.clone()).expect("the head of an answer is text");
        let mut lines = text.trim_end().split("\r\n");
        let status_line = lines.next().expect("an answer has a first line");
        let mut parts = status_line.splitn(3, ' ');
        assert_eq!(parts.next(), Some("HTTP/1.1"), "{status_line}");
        let status = parts.next().and_then(|status| status.parse().ok()).expect("a status of digits");
        let headers = lines
            .map(|line| line.split_once(": ").unwrap_or_else(|| panic!("not a header field: {line}")))
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect();
        Answer { status, headers, body: Vec::new(), raw }
    }

    /// The value of the field called `name`; it must not be repeated.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        let first = values.next();
        assert!(values.next().is_none(), "{name} is repeated in {:?}", self.text());
        first.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.raw).into_owned()
    }

    /// What every answer of a receiver has.
    pub(crate) fn check_form(&self) {
        let text = self.text();
        match self.header("Connection") {
            Some("close") => {}
            other => assert!(crate::KEEPS_CONNECTIONS && other.is_none(), "{text}"),
        }
        assert_eq!(self.header("Transfer-Encoding"), None, "{text}");
        assert!(self.header("Content-Length").is_some(), "{text}");
        let date = self.header("Date").unwrap_or_default();
        assert!(date.len() == 29 && date.ends_with(" GMT"), "IMF-fixdate (RFC 9110 §5.6.7): {text}");
    }

    pub(crate) fn expect_success(&self) {
        assert_eq!(self.status, 200, "{}", self.text());
        assert_eq!(self.header("Content-Type"), Some("application/json"), "{}", self.text());
        assert_eq!(self.body, br#"{"status":"success"}"#, "{}", self.text());
    }

    /// That it is the problem document (RFC 9457) of `status` with exactly `detail`.
    pub(crate) fn expect_refusal(&self, status: u16, detail: &str) {
        assert_eq!(self.expect_problem(status), detail, "{}", self.text());
    }

    /// The detail of a problem document of `status`.
    pub(crate) fn expect_problem(&self, status: u16) -> String {
        let text = self.text();
        assert_eq!(self.status, status, "{text}");
        assert_eq!(self.header("Content-Type"), Some("application/problem+json"), "{text}");
        let problem: serde_json::Value = serde_json::from_slice(&self.body).expect("a problem is JSON");
        assert_eq!(problem["status"], status, "{text}");
        let member = |name: &str| problem[name].as_str().unwrap_or_else(|| panic!("no {name} in {text}")).to_string();
        assert!(!member("type").is_empty() && !member("title").is_empty(), "{text}");
        member("detail")
    }
}
