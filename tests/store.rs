//! The store against a map: whatever is appended, comes again, is pruned, fails or is cut off, it has what the map has.
#![cfg(feature = "store")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what went wrong by panicking"
)]

use hookgate::store::{Event, Lock, Reader, Settings, Store, StoreError, delete_before, writable};
use hookgate::{
    Head, Header, Keep, Novelty, Receiver, Request, Secret, UnixTime, Verifier, preset, settle, sign, stage,
};
use proptest::prelude::*;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// First what all need, then the tests.
mod store {
    mod flipped;
    mod versions;
}

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);

/// A folder of a test's own, gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("store-{}-{number}", std::process::id()));
        hookgate::store::prepare(&path).unwrap();
        Folder(path)
    }

    fn open(&self) -> Store {
        self.open_with(Settings::default())
    }

    fn open_with(&self, settings: Settings) -> Store {
        Store::open(&self.0, settings, NOW).unwrap()
    }

    fn events(&self) -> Vec<Event> {
        Reader::open(&self.0).unwrap().events_after(0, usize::MAX, usize::MAX).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn receiver() -> (Receiver, Secret) {
    let secret = Secret::new(b"a secret of the tests".to_vec()).unwrap();
    let verifier = Verifier::new(preset("github").unwrap(), [("one".to_string(), secret.clone())]).unwrap();
    (Receiver::new("github".into(), "/".into(), verifier).unwrap(), secret)
}

/// Stages the delivery of `body` at `now`.
fn deliver_at(store: &mut Store, body: &str, now: UnixTime) -> Result<Novelty, StoreError> {
    let (receiver, secret) = receiver();
    let signature = sign(receiver.verifier().scheme(), &secret, body.as_bytes()).remove(0).1;
    let headers = [Header { name: "X-Hub-Signature-256", value: signature.as_bytes() }];
    let head = Head { method: "POST", target: "/", headers: &headers };
    let received = receiver.receive(&Request { head, body: body.as_bytes() }, now).unwrap();
    stage(store, &received.delivery().unwrap()).map(|staged| staged.novelty())
}

fn deliver(store: &mut Store, body: &str) -> Result<Novelty, StoreError> {
    deliver_at(store, body, NOW)
}

/// Lets the store do what is due until it takes events again.
fn recover(store: &mut Store) {
    let start = Instant::now();
    while deliver(store, "\"are you there\"").is_err() {
        let _ = settle(store);
        let pause = store.tend().unwrap_or_default();
        std::thread::sleep(pause.min(Duration::from_millis(20)));
        assert!(start.elapsed() < Duration::from_secs(10), "it does not recover");
    }
    settle(store).unwrap();
}

/// Lets the store do what is due until this holds.
fn tend_until(store: &mut Store, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        let pause = store.tend().unwrap_or_default();
        std::thread::sleep(pause.min(Duration::from_millis(100)));
        assert!(start.elapsed() < Duration::from_secs(20), "it does not come to that");
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// A turn of these deliveries.
    Turn(Vec<u8>),
    /// The same, while another program keeps the file from being written to.
    FailedTurn(Vec<u8>),
    /// Every event is pruned, by the receiver or while none runs.
    Prune {
        alone: bool,
    },
    /// The receiver ends: in order, or as in a crash, with a turn open.
    Reopen {
        open_turn: Option<u8>,
    },
    Tend,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let turn = || prop::collection::vec(0_u8..30, 0..6);
    let step = prop_oneof![
        6 => turn().prop_map(Step::Turn),
        1 => turn().prop_map(Step::FailedTurn),
        1 => any::<bool>().prop_map(|alone| Step::Prune { alone }),
        2 => prop::option::of(0_u8..30).prop_map(|open_turn| Step::Reopen { open_turn }),
        1 => Just(Step::Tend),
    ];
    prop::collection::vec(step, 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn it_has_what_a_map_has(steps in steps()) {
        let folder = Folder::new();
        let mut store = folder.open();
        // By id; which bodies came; the id after the last one given.
        let (mut events, mut known, mut next) = (BTreeMap::<i64, String>::new(), BTreeSet::<String>::new(), 1);
        for step in steps {
            match step {
                Step::Turn(numbers) => {
                    for number in numbers {
                        let body = number.to_string();
                        let expected = if known.contains(&body) { Novelty::Duplicate } else { Novelty::New };
                        prop_assert_eq!(deliver(&mut store, &body), Ok(expected));
                        if known.insert(body.clone()) {
                            events.insert(next, body);
                            next += 1;
                        }
                    }
                    settle(&mut store).unwrap();
                }
                Step::FailedTurn(numbers) => {
                    let other = Connection::open(folder.0.join("hookgate").with_file_name("events.db")).unwrap();
                    other.execute_batch("BEGIN IMMEDIATE").unwrap();
                    let failed = numbers.iter().filter(|number| deliver(&mut store, &number.to_string()).is_err()).count();
                    prop_assert_eq!(settle(&mut store).is_err(), failed > 0);
                    other.execute_batch("ROLLBACK").unwrap();
                    recover(&mut store);
                    if known.insert("\"are you there\"".into()) {
                        events.insert(next, "\"are you there\"".into());
                        next += 1;
                    }
                }
                Step::Prune { alone: true } => {
                    drop(store);
                    let lock = Lock::take(&folder.0).unwrap();
                    let connection = writable(&folder.0, &lock).unwrap();
                    while delete_before(&connection, 0, i64::MAX, i64::MAX).unwrap().deleted > 0 {}
                    drop((connection, lock));
                    events.clear();
                    store = folder.open();
                }
                Step::Prune { alone: false } => {
                    std::fs::write(folder.0.join("prune"), i64::MAX.to_string()).unwrap();
                    store.asks().look_for_prune();
                    while folder.0.join("prune").exists() {
                        store.tend();
                    }
                    events.clear();
                }
                Step::Reopen { open_turn } => {
                    if let Some(number) = open_turn {
                        deliver(&mut store, &number.to_string()).unwrap();
                    }
                    drop(store);
                    store = folder.open();
                }
                Step::Tend => drop(store.tend()),
            }
            prop_assert_eq!(store.next_number(), next);
        }
        drop(store);
        let kept: BTreeMap<i64, String> =
            folder.events().into_iter().map(|event| (event.number, String::from_utf8(event.body).unwrap())).collect();
        prop_assert_eq!(kept, events);
    }
}

#[test]
fn a_key_outlives_its_event_and_not_its_window() {
    let folder = Folder::new();
    let mut store = folder.open();
    assert_eq!(deliver(&mut store, "1"), Ok(Novelty::New));
    settle(&mut store).unwrap();
    drop(store);
    let day = |days: i64| UnixTime::from_s(NOW.as_ms() / 1000 + days * 86_400);
    let novelty_on = |now: UnixTime| {
        let mut store = Store::open(&folder.0, Settings::default(), now).unwrap();
        deliver(&mut store, "1").unwrap()
    };
    assert_eq!(novelty_on(day(6)), Novelty::Duplicate);
    assert_eq!(novelty_on(day(-1)), Novelty::Duplicate, "a clock that went back forgets nothing");
    assert_eq!(novelty_on(day(8)), Novelty::New);
}

#[test]
fn retention_by_size_deletes_the_oldest_and_never_what_a_sink_has_yet_to_have() {
    let folder = Folder::new();
    let mut store = folder.open_with(Settings { keep_bytes: Some(1024 * 1024), ..Settings::default() });
    let body = |number: usize| format!("\"{number}{}\"", "x".repeat(100 * 1024));
    store.asks().owe_from(15);
    for number in 1..=40 {
        deliver(&mut store, &body(number)).unwrap();
        settle(&mut store).unwrap();
    }
    let first = || folder.events().first().map(|event| event.number);
    tend_until(&mut store, || first() == Some(15));
    store.asks().owe_from(41);
    tend_until(&mut store, || folder.events().len() < 11);
    // A step more than what is due would show.
    store.tend();
    let left = folder.events();
    let bytes: usize = left.iter().map(|event| event.body.len()).sum();
    assert!(
        (512 * 1024..1024 * 1024).contains(&bytes) && left.last().map(|event| event.number) == Some(40),
        "{bytes} bytes are left"
    );
    assert_eq!(deliver(&mut store, &body(1)), Ok(Novelty::Duplicate), "its key is still known");
}

#[test]
fn events_of_a_clock_that_was_ahead_keep_no_old_one_from_being_deleted() {
    let folder = Folder::new();
    let mut store = folder.open_with(Settings { keep_days: Some(30), ..Settings::default() });
    let in_a_year = UnixTime::from_s(UnixTime::now().as_ms() / 1000 + 365 * 86_400);
    // More than a step looks at.
    for number in 0..600 {
        deliver_at(&mut store, &number.to_string(), in_a_year).unwrap();
    }
    for number in 600..605 {
        deliver_at(&mut store, &number.to_string(), NOW).unwrap();
    }
    settle(&mut store).unwrap();
    tend_until(&mut store, || folder.events().len() == 600);
    // The same where somebody asks for it.
    for number in 605..610 {
        deliver_at(&mut store, &number.to_string(), NOW).unwrap();
    }
    settle(&mut store).unwrap();
    std::fs::write(folder.0.join("prune"), UnixTime::now().as_ms().to_string()).unwrap();
    store.asks().look_for_prune();
    tend_until(&mut store, || !folder.0.join("prune").exists());
    assert_eq!(folder.events().len(), 600);
}

#[test]
fn the_log_stays_short_however_much_is_written() {
    let folder = Folder::new();
    let mut store = folder.open();
    let log = folder.0.join("events.db-wal");
    let mut longest = 0;
    for number in 0..160 {
        deliver(&mut store, &format!("\"{number}{}\"", "x".repeat(1024 * 1024))).unwrap();
        settle(&mut store).unwrap();
        store.tend();
        longest = longest.max(std::fs::metadata(&log).unwrap().len());
    }
    // At 32 MiB the loop brings in what is left, or waits for the thread, while which no more than as much comes.
    assert!(longest < 72 * 1024 * 1024, "the log had {longest} bytes");
    // And once nothing comes, all of it is brought in.
    let file = folder.0.join("events.db");
    tend_until(&mut store, || std::fs::metadata(&file).unwrap().len() > 160 * 1024 * 1024);
}

#[test]
fn a_reader_without_an_end_holds_the_log_up_to_its_limit() {
    let folder = Folder::new();
    let limit = 8 * 1024 * 1024;
    let mut store = folder.open_with(Settings { log_limit_bytes: limit, ..Settings::default() });
    deliver(&mut store, "0").unwrap();
    settle(&mut store).unwrap();
    let reader = Reader::open(&folder.0).unwrap();
    reader.connection().execute_batch("BEGIN; SELECT count(*) FROM events").unwrap();
    let refused = (1..).find_map(|number| {
        let outcome = deliver(&mut store, &format!("\"{number}{}\"", "x".repeat(512 * 1024)));
        let settled = settle(&mut store).map(drop);
        store.tend();
        outcome.err().map(|error| (number, error, settled))
    });
    let (number, error, settled) = refused.unwrap();
    assert!((12..40).contains(&number), "after {number} events");
    assert_eq!((error, settled), (StoreError::LogFull, Err(StoreError::LogFull)));
    let length = std::fs::metadata(folder.0.join("events.db-wal")).unwrap().len();
    assert!(length < limit + 2 * 1024 * 1024, "the log has {length} bytes");
    reader.connection().execute_batch("COMMIT").unwrap();
    recover(&mut store);
    assert_eq!(folder.events().len(), usize::try_from(number).unwrap() + 1);
}
