//! A receiver that keeps events in a file of SQLite and can be told to break one promise: what the rounds are tested with. It is
//! part of this process; killing it lets nothing further come to its file.

use super::target::{Running, Target};
use rusqlite::{Connection, OptionalExtension};
use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The promise that is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    None,
    /// It answers, then commits when a few have come together.
    AnswersFirst,
    /// Whatever comes again is an event again.
    TakesRepeats,
    /// What came before the last start is not known any more.
    ForgetsKeys,
    /// The next number is one more than the highest that is there, also after events were deleted.
    ReusesIds,
    /// Now and then an event is written that nobody sent.
    Invents,
    /// Now and then a body is not kept as it came.
    Changes,
}

#[derive(Clone, Copy)]
pub(super) struct Fake(pub(super) Lie);

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE IF NOT EXISTS events (id INTEGER PRIMARY KEY, delivery_id TEXT, body BLOB NOT NULL);
    CREATE TABLE IF NOT EXISTS replay_keys (event INTEGER PRIMARY KEY, keys BLOB NOT NULL, name TEXT NOT NULL);
";

/// Commits of one that answers first wait for so many events.
const LATE: usize = 8;

struct State {
    lie: Lie,
    connection: Connection,
    /// Killed: nothing further is written.
    dead: bool,
    late: Vec<(String, Vec<u8>)>,
    /// What was committed since the start.
    known: BTreeSet<String>,
    clients: Vec<TcpStream>,
}

struct Serving {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    thread: JoinHandle<()>,
}

impl Target for Fake {
    fn start(&self, data: &Path) -> Box<dyn Running> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (known, late, clients) = Default::default();
        let state = State { lie: self.0, connection: connection(data), dead: false, late, known, clients };
        let state = Arc::new(Mutex::new(state));
        let thread = thread::spawn({
            let state = Arc::clone(&state);
            move || serve(&listener, &state)
        });
        Box::new(Serving { address, state, thread })
    }

    fn kill_at_start(&self, data: &Path, _: Duration) {
        drop(connection(data));
    }

    fn prune(&self, data: &Path) {
        connection(data).execute("DELETE FROM events", []).unwrap();
    }

    fn handed(&self, _: &Path) -> Option<PathBuf> {
        None
    }
}

impl Running for Serving {
    fn address(&self) -> SocketAddr {
        self.address
    }

    fn kill(self: Box<Self>) {
        {
            let mut state = self.state.lock().unwrap();
            state.dead = true;
            for client in state.clients.drain(..) {
                let _ = client.shutdown(Shutdown::Both);
            }
        }
        // Wakes it from its accept.
        drop(TcpStream::connect(self.address));
        self.thread.join().unwrap();
    }
}

fn connection(data: &Path) -> Connection {
    fs::create_dir_all(data).unwrap();
    let connection = Connection::open(data.join("events.db")).unwrap();
    connection.busy_timeout(Duration::from_secs(10)).unwrap();
    connection.execute_batch(SCHEMA).unwrap();
    connection
}

fn serve(listener: &TcpListener, state: &Arc<Mutex<State>>) {
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        let stream = stream.unwrap();
        let state = {
            let mut open = state.lock().unwrap();
            if open.dead {
                break;
            }
            open.clients.push(stream.try_clone().unwrap());
            Arc::clone(state)
        };
        threads.push(thread::spawn(move || converse(stream, &state)));
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

fn converse(stream: TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(&stream);
    while let Some((delivery, body)) = read_request(&mut reader) {
        let Some(repeat) = state.lock().unwrap().take(&delivery, &body) else { return };
        let body = if repeat { r#"{"status":"success","duplicate":true}"# } else { r#"{"status":"success"}"# };
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        if (&stream).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// The delivery's name and its body; nothing where the connection has ended.
fn read_request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let (mut delivery, mut bytes) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("X-GitHub-Delivery", value)) => delivery = value.into(),
            Some(("Content-Length", value)) => bytes = value.parse().unwrap(),
            None if line == "\r\n" => break,
            _ => {}
        }
    }
    let mut body = vec![0; bytes];
    reader.read_exact(&mut body).ok()?;
    Some((delivery, body))
}

impl State {
    /// Whether it is a repeat; nothing where this process is dead.
    fn take(&mut self, delivery: &str, body: &[u8]) -> Option<bool> {
        if self.dead {
            return None;
        }
        let is_known = self.known.contains(delivery);
        if is_known || (self.lie != Lie::ForgetsKeys && self.is_kept(delivery)) {
            if self.lie == Lie::TakesRepeats {
                self.keep(delivery, body);
            }
            return Some(true);
        }
        self.known.insert(delivery.to_string());
        match self.lie {
            Lie::AnswersFirst => {
                self.late.push((delivery.to_string(), body.to_vec()));
                if self.late.len() == LATE {
                    for (delivery, body) in std::mem::take(&mut self.late) {
                        self.keep(&delivery, &body);
                    }
                }
            }
            Lie::Invents if self.known.len() % 50 == 7 => {
                self.keep(delivery, body);
                self.keep(&format!("{delivery}0"), body);
            }
            Lie::Changes if self.known.len() % 50 == 7 => self.keep(delivery, body.to_ascii_lowercase().as_slice()),
            _ => self.keep(delivery, body),
        }
        Some(false)
    }

    fn is_kept(&self, delivery: &str) -> bool {
        let query = "SELECT 1 FROM replay_keys WHERE name = ?1";
        self.connection.query_row(query, [delivery], |_| Ok(())).optional().unwrap().is_some()
    }

    fn keep(&mut self, delivery: &str, body: &[u8]) {
        let highest = match self.lie {
            Lie::ReusesIds => "SELECT coalesce(max(id), 0) FROM events",
            _ => "SELECT coalesce(max(event), 0) FROM replay_keys",
        };
        let transaction = self.connection.transaction().unwrap();
        let id: i64 = transaction.query_row(highest, [], |row| row.get(0)).unwrap();
        transaction.execute("INSERT INTO events VALUES (?1, ?2, ?3)", (id + 1, delivery, body)).unwrap();
        transaction
            .execute("INSERT OR REPLACE INTO replay_keys VALUES (?1, ?2, ?3)", (id + 1, [0_u8; 16], delivery))
            .unwrap();
        transaction.commit().unwrap();
    }
}
