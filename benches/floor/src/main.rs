//! The floor under any receiver on one thread: readiness, one read and one write a request, and nothing that could be left out.
//!
//!     hookgate-floor 127.0.0.1:5003
//!
//! It looks for the end of the head and for the length of the body, so that it answers once a request is whole; it looks at
//! no other byte. The answer is a constant, as long as hookgate's. It has no limits, no deadlines and no verdict: nobody
//! should run it.

use memchr::memmem::Finder;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};

/// hookgate's answer to an event that was kept, but always of the same second.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/json\r\n\
    Content-Length: 20\r\nCache-Control: no-store\r\n\r\n{\"status\":\"success\"}";

/// As in hookgate's front.
const READ_BYTES: usize = 64 * 1024;
/// As in hookgate's front.
const EVENTS_A_TURN: usize = 1024;

const LISTENER: Token = Token(usize::MAX);

struct Client {
    stream: TcpStream,
    /// The begin of a request that came in pieces; of one that comes whole, nothing is kept.
    begun: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: hookgate-floor ADDRESS")?;
    let mut listener = TcpListener::bind(address.parse()?)?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut events = Events::with_capacity(EVENTS_A_TURN);
    let mut clients: Vec<Option<Client>> = Vec::new();
    let marks = Marks::new();
    let mut read_buffer = vec![0; READ_BYTES].into_boxed_slice();
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut clients)?;
            } else if let Some(client) = clients.get_mut(event.token().0)
                && client.as_mut().is_some_and(|client| !client.serve(&marks, &mut read_buffer))
            {
                *client = None;
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, clients: &mut Vec<Option<Client>>) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let index = clients.iter().position(Option::is_none).unwrap_or_else(|| {
            clients.push(None);
            clients.len() - 1
        });
        poll.registry().register(&mut stream, Token(index), Interest::READABLE)?;
        clients[index] = Some(Client { stream, begun: Vec::new() });
    }
}

impl Client {
    /// Reads what came and answers what is whole. Whether the client is still there.
    fn serve(&mut self, marks: &Marks, read_buffer: &mut [u8]) -> bool {
        loop {
            let count = match self.stream.read(read_buffer) {
                Ok(0) => return false,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                Err(_) => return false,
            };
            let came = &read_buffer[..count];
            if self.begun.is_empty() && marks.request_bytes(came) == Some(count) {
                if !self.answer() {
                    return false;
                }
            } else {
                self.begun.extend_from_slice(came);
                while let Some(bytes) = marks.request_bytes(&self.begun).filter(|bytes| *bytes <= self.begun.len()) {
                    self.begun.drain(..bytes);
                    if !self.answer() {
                        return false;
                    }
                }
            }
            // A short read took all there was; more will be told of.
            if count < read_buffer.len() {
                return true;
            }
        }
    }

    /// Whether it was taken whole: 170 bytes into a socket that is read from always are.
    fn answer(&mut self) -> bool {
        self.stream.write(ANSWER).is_ok_and(|count| count == ANSWER.len())
    }
}

/// What is looked for in a request, prepared once.
struct Marks {
    head_end: Finder<'static>,
    length: Finder<'static>,
}

impl Marks {
    const HEAD_END: &[u8] = b"\r\n\r\n";
    const LENGTH: &[u8] = b"\r\nContent-Length: ";

    fn new() -> Self {
        Marks { head_end: Finder::new(Self::HEAD_END), length: Finder::new(Self::LENGTH) }
    }

    /// The length of the request at the start of `bytes`, head and body, once its head is whole.
    fn request_bytes(&self, bytes: &[u8]) -> Option<usize> {
        let head_bytes = self.head_end.find(bytes)? + Self::HEAD_END.len();
        let head = &bytes[..head_bytes];
        let digits = self.length.find(head).map_or(&[][..], |at| &head[at + Self::LENGTH.len()..]);
        let digits = digits.iter().take_while(|digit| digit.is_ascii_digit());
        let body_bytes = digits.fold(0, |sum, digit| sum * 10 + usize::from(digit - b'0'));
        Some(head_bytes + body_bytes)
    }
}
