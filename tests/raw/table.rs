//! What is sent to a front and what has to come of it: one table, run against both fronts over sockets and against the pure
//! connection. Every request in it is a rightly signed delivery but for what the case is about, so that a front that does not
//! notice accepts it.
#![allow(dead_code, reason = "each test binary uses its own part")]

mod accepted;
mod chunks;
mod connection;
mod early_close;
mod expect;
mod framing;
mod grammar;
mod hosts;
mod pipelining;
mod size;
mod smuggling;

use crate::signer;

/// The secret that the receiver under test has.
pub(crate) const SECRET: &str = "It's a Secret to Everybody";

/// The longest body that the receiver under test takes, in bytes.
pub(crate) const BODY_LIMIT_BYTES: usize = 100_000;

/// The id of each delivery in the table, which [`Case::steps_as`] replaces.
const ID: &str = "case0000";

/// The id of each delivery that is not to be seen.
const HIDDEN: &str = "hidden00";

/// One connection: what the client does, and what it must see.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// What is special about it; no other case has the same.
    pub(crate) name: String,
    /// Who says so, or who got it wrong.
    pub(crate) source: &'static str,
    pub(crate) steps: Vec<Step>,
    /// The status of each answer, interim ones included.
    pub(crate) answers: Vec<u16>,
    /// How many of its deliveries are accepted.
    pub(crate) events: usize,
    pub(crate) end: End,
    /// Whether its outcome is the same however its bytes are split. It is not where a refusal need not wait for a body.
    pub(crate) splits: bool,
}

/// What the client does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It writes.
    Write(Vec<u8>),
    /// It waits until it has this many answers.
    Await(usize),
    /// It says that it will write no more.
    HalfClose,
    /// It goes away without reading.
    Vanish,
}

/// How the connection is after the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The next request on it is answered.
    Kept,
    /// The receiver closes it, unasked, and parses nothing that follows.
    Closed,
    /// The receiver closes it, since the client has ended its side.
    Ended,
    /// The client is gone.
    Gone,
}

/// All cases.
pub(crate) fn all() -> Vec<Case> {
    let mut table = Table { cases: Vec::new(), source: "" };
    accepted::cases(&mut table);
    connection::cases(&mut table);
    grammar::cases(&mut table);
    hosts::cases(&mut table);
    framing::cases(&mut table);
    smuggling::cases(&mut table);
    chunks::cases(&mut table);
    size::cases(&mut table);
    pipelining::cases(&mut table);
    expect::cases(&mut table);
    early_close::cases(&mut table);
    table.cases
}

/// A rightly signed delivery with this id, to see whether it is accepted.
pub(crate) fn delivery_as(id: &str) -> Vec<u8> {
    replace(&plain(), ID.as_bytes(), id.as_bytes())
}

impl Case {
    /// Its steps, with `own`, of eight bytes, as the id of each delivery. Behind what closes the connection stands one more,
    /// which nobody may see, with the id `evil`.
    pub(crate) fn steps_as(&self, own: &str, evil: &str) -> Vec<Step> {
        assert_eq!(own.len(), ID.len(), "sizes stay what the case says");
        let renamed = |step: &Step| match step {
            Step::Write(bytes) => Step::Write(replace(bytes, ID.as_bytes(), own.as_bytes())),
            step => step.clone(),
        };
        let mut steps: Vec<Step> = self.steps.iter().map(renamed).collect();
        if self.end == End::Closed {
            match steps.last_mut() {
                Some(Step::Write(bytes)) => bytes.extend_from_slice(&delivery_as(evil)),
                _ => steps.push(Step::Write(delivery_as(evil))),
            }
        }
        steps
    }

    /// All that it writes.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let writes = self.steps.iter().filter_map(|step| match step {
            Step::Write(bytes) => Some(bytes.as_slice()),
            _ => None,
        });
        writes.collect::<Vec<_>>().concat()
    }
}

/// Cases in the making, and the source of those that come next.
struct Table {
    cases: Vec<Case>,
    source: &'static str,
}

impl Table {
    fn source(&mut self, source: &'static str) {
        self.source = source;
    }

    /// One delivery that has to be accepted, on a connection that goes on.
    fn accepts(&mut self, name: impl Into<String>, bytes: impl AsRef<[u8]>) {
        self.answers(&[200], name, bytes);
    }

    /// What is answered by these, on a connection that goes on.
    fn answers(&mut self, answers: &[u16], name: impl Into<String>, bytes: impl AsRef<[u8]>) -> &mut Case {
        self.steps(answers, End::Kept, name, vec![Step::Write(bytes.as_ref().to_vec())])
    }

    /// What is answered by these, and then the receiver closes the connection.
    fn closes(&mut self, answers: &[u16], name: impl Into<String>, bytes: impl AsRef<[u8]>) {
        self.steps(answers, End::Closed, name, vec![Step::Write(bytes.as_ref().to_vec())]);
    }

    /// What is refused, and leaves it in doubt what follows.
    fn refuses(&mut self, status: u16, name: impl Into<String>, bytes: impl AsRef<[u8]>) {
        self.closes(&[status], name, bytes);
    }

    fn steps(&mut self, answers: &[u16], end: End, name: impl Into<String>, steps: Vec<Step>) -> &mut Case {
        let name = name.into();
        assert!(self.cases.iter().all(|case| case.name != name), "{name:?} is there twice");
        assert!(!self.source.is_empty(), "{name:?} has no source");
        let events = answers.iter().filter(|status| **status == 200).count();
        self.cases.push(Case {
            name,
            source: self.source,
            steps,
            answers: answers.to_vec(),
            events,
            end,
            splits: true,
        });
        self.cases.last_mut().expect("one was pushed")
    }
}

/// A rightly signed delivery in a place where a reader of HTTP sees no request.
fn hidden() -> Vec<u8> {
    delivery_as(HIDDEN)
}

/// A delivery of `{}` as any client would send it.
fn plain() -> Vec<u8> {
    delivery("Content-Length: 2\r\n", "{}")
}

/// A delivery of `payload` as any client would send it.
fn of(payload: &str) -> Vec<u8> {
    signed(payload, format!("Content-Length: {}\r\n", payload.len()), payload)
}

/// A delivery of `{}`, with `rest` for its chunks.
fn chunked(rest: impl AsRef<[u8]>) -> Vec<u8> {
    delivery("Transfer-Encoding: chunked\r\n", rest)
}

/// A head with a signature for `{}` and with `lines` at its end, then `rest`.
fn delivery(lines: impl AsRef<[u8]>, rest: impl AsRef<[u8]>) -> Vec<u8> {
    signed("{}", lines, rest)
}

/// A head with a signature for `payload` and with `lines` at its end, then `rest`.
fn signed(payload: &str, lines: impl AsRef<[u8]>, rest: impl AsRef<[u8]>) -> Vec<u8> {
    let signature = signer::signature(SECRET.as_bytes(), payload.as_bytes());
    let head = format!(
        "POST /webhook HTTP/1.1\r\nHost: a.example\r\nX-GitHub-Delivery: {ID}\r\nX-Hub-Signature-256: {signature}\r\n"
    );
    [head.as_bytes(), lines.as_ref(), b"\r\n", rest.as_ref()].concat()
}

/// [`plain`] with `new` where `old` stands, which it must.
fn plain_but(old: &str, new: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = replace(&plain(), old.as_bytes(), new.as_ref());
    assert_ne!(bytes, plain(), "{old:?} is not there");
    bytes
}

/// [`plain`] with this request line.
fn with_line(line: impl AsRef<[u8]>) -> Vec<u8> {
    plain_but("POST /webhook HTTP/1.1", line)
}

/// [`plain`] with these field lines more, each with its line end, before its Content-Length.
fn with_fields(lines: impl AsRef<[u8]>) -> Vec<u8> {
    delivery([lines.as_ref(), b"Content-Length: 2\r\n"].concat(), "{}")
}

/// A request without a body, on whose path nobody listens for its method.
fn bodiless(line: &str) -> Vec<u8> {
    format!("{line}\r\nHost: a.example\r\n\r\n").into_bytes()
}

/// `bytes` with every `old` replaced.
fn replace(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = rest.windows(old.len()).position(|window| window == old) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(new);
        rest = &rest[at + old.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}
