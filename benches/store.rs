//! What a turn of the store costs, beside a bare append of the same bytes with `fdatasync`, and beside a table with a unique index on a
//! random id. A disk's speed changes from one second to the next, so that the three take turns, a few commits each, and what counts
//! is the ratio within a round. `--check` asks for the ratio that is promised; `--test` runs a turn of each and times nothing.

#![allow(clippy::print_stdout, reason = "what it found is for whoever ran it")]

use hookgate::store::{Settings, Store, prepare};
use hookgate::{
    Delivery, Head, Header, Keep, Receiver, Request, Secret, UnixTime, Verifier, preset, settle, sign, stage,
};
use rusqlite::{Connection, params};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The body of a push as GitHub sends it, of 1,024 bytes.
const PUSH: &[u8; 1024] = include_bytes!("support/push.json");

const BATCHES: [usize; 4] = [1, 16, 64, 256];
const ROUNDS: usize = 15;
/// Commits of each way in a round.
const ROUND_COMMITS: usize = 64;
/// Of what a bare append reaches, at batches of 64 and 256.
const PROMISED: f64 = 0.8;

fn main() -> ExitCode {
    let has = |flag: &str| std::env::args().any(|argument| argument == flag);
    let is_test = has("--test");
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-store-{}", std::process::id()));
    prepare(&folder).expect("the target folder can be written to");
    let mut kept = true;
    for batch in BATCHES {
        let mut ways = Ways::new(&folder.join(batch.to_string()));
        let commits = if is_test { 1 } else { ROUND_COMMITS };
        let rounds = if is_test { 1 } else { ROUNDS };
        let mut speeds: [Vec<f64>; 3] = Default::default();
        for _ in 0..rounds {
            let times = ways.round(batch, commits);
            for (speeds, time) in speeds.iter_mut().zip(times) {
                speeds.push((batch * commits) as f64 / time.as_secs_f64());
            }
        }
        if is_test {
            continue;
        }
        let [bare, store, indexed] = &speeds;
        let ratio = |of: &[f64]| median(of.iter().zip(bare).map(|(speed, bare)| speed / bare).collect());
        let events = |of: &[f64]| median(of.to_vec());
        println!(
            "store/batch/{batch}: {:.0} events/s, bare append {:.0} ({:.2} of it), unique index {:.0} ({:.2} of it)",
            events(store),
            events(bare),
            ratio(store),
            events(indexed),
            ratio(indexed),
        );
        kept &= batch < 64 || ratio(store) >= PROMISED;
    }
    let _ = fs::remove_dir_all(&folder);
    if has("--check") && !kept { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

struct Ways {
    receiver: Receiver,
    secret: Secret,
    number: u64,
    bare: File,
    store: Store,
    indexed: Connection,
}

impl Ways {
    fn new(folder: &Path) -> Self {
        prepare(folder).expect("the folder is ours");
        let secret = Secret::new(b"a secret of the benchmarks".to_vec()).expect("it is not empty");
        let scheme = preset("github").expect("a preset");
        let verifier = Verifier::new(scheme, [("main".to_string(), secret.clone())]).expect("a secret");
        let indexed = Connection::open(folder.join("indexed.db")).expect("the folder is ours");
        let schema = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            CREATE TABLE events (id INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, delivery_id TEXT UNIQUE, source TEXT,
                type TEXT, headers TEXT, body BLOB) STRICT;";
        indexed.execute_batch(schema).expect("it is SQL");
        Ways {
            receiver: Receiver::new("github".into(), "/webhook".into(), verifier).expect("a path"),
            secret,
            number: 0,
            bare: File::create(folder.join("bare")).expect("the folder is ours"),
            store: Store::open(folder, Settings::default(), UnixTime::now()).expect("the folder is ours"),
            indexed,
        }
    }

    /// So many commits of `batch` events each: how long a bare append, the store, and the table with an index took.
    fn round(&mut self, batch: usize, commits: usize) -> [Duration; 3] {
        let mut times = [Duration::ZERO; 3];
        for (way, time) in times.iter_mut().enumerate() {
            for _ in 0..commits {
                let bodies: Vec<Vec<u8>> = (0..batch).map(|_| self.body()).collect();
                let fields: Vec<[(&str, String); 7]> = bodies.iter().map(|body| self.fields(body)).collect();
                let headers: Vec<Vec<Header<'_>>> = fields.iter().map(as_headers).collect();
                let requests = bodies.iter().zip(&headers).map(|(body, headers)| Request {
                    head: Head { method: "POST", target: "/webhook", headers },
                    body,
                });
                let now = UnixTime::now();
                let deliveries: Vec<Delivery<'_>> = requests
                    .map(|request| {
                        self.receiver.receive(&request, now).expect("it is signed").delivery().expect("an event")
                    })
                    .collect();
                let start = Instant::now();
                match way {
                    0 => append(&mut self.bare, &deliveries),
                    1 => keep(&mut self.store, &deliveries),
                    _ => insert(&self.indexed, &deliveries),
                }
                *time += start.elapsed();
            }
        }
        times
    }

    fn body(&mut self) -> Vec<u8> {
        self.number += 1;
        let mut body = PUSH.to_vec();
        let hash = PUSH.windows(8).position(|window| window == b"6113728f").expect("`before` begins so");
        body.splice(hash..hash + 16, format!("{:016x}", self.number).into_bytes());
        body
    }

    /// What GitHub sends with a push.
    fn fields(&self, body: &[u8]) -> [(&'static str, String); 7] {
        let signature = sign(self.receiver.verifier().scheme(), &self.secret, body).remove(0).1;
        // Like a random one: nothing of it grows with the number.
        let random = signature.get(7..43).unwrap_or_default().to_string();
        [
            ("Host", "hooks.example.com".into()),
            ("User-Agent", "GitHub-Hookshot/044aadd".into()),
            ("Content-Type", "application/json".into()),
            ("Content-Length", body.len().to_string()),
            ("X-GitHub-Event", "push".into()),
            ("X-GitHub-Delivery", random),
            ("X-Hub-Signature-256", signature),
        ]
    }
}

fn as_headers<'a>(fields: &'a [(&'static str, String); 7]) -> Vec<Header<'a>> {
    fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect()
}

/// Head and body as they came, one after another, in one write.
fn append(file: &mut File, deliveries: &[Delivery<'_>]) {
    let mut bytes = Vec::new();
    for delivery in deliveries {
        let request = delivery.verified().request();
        for header in request.head.headers {
            bytes.extend_from_slice(header.name.as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(header.value);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(request.body);
    }
    file.write_all(&bytes).and_then(|()| file.sync_data()).expect("there is room");
}

fn keep(store: &mut Store, deliveries: &[Delivery<'_>]) {
    for delivery in deliveries {
        stage(store, delivery).expect("there is room");
    }
    settle(store).expect("there is room");
    store.tend();
}

fn insert(connection: &Connection, deliveries: &[Delivery<'_>]) {
    let insert =
        "INSERT INTO events (received_at, delivery_id, source, type, headers, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.execute_batch("BEGIN").expect("nobody else has it");
    for delivery in deliveries {
        let request = delivery.verified().request();
        let headers: Vec<(&str, String)> = request
            .head
            .headers
            .iter()
            .map(|header| (header.name, String::from_utf8_lossy(header.value).into_owned()))
            .collect();
        let headers = serde_json::to_string(&headers).expect("text is JSON");
        let mut insert = connection.prepare_cached(insert).expect("it is SQL");
        let row = params![
            delivery.received_at().as_ms(),
            delivery.delivery_id(),
            delivery.source(),
            delivery.event_type(),
            headers,
            request.body
        ];
        insert.execute(row).expect("there is room");
    }
    connection.execute_batch("COMMIT").expect("there is room");
}
