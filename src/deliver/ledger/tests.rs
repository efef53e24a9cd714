use super::*;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("hookgate-ledger-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn store(id: &str) -> StoreId {
    StoreId::new(id.into())
}

fn ended(event: i64, number: u32, then: Then) -> Ended {
    Ended {
        event,
        number,
        counted: number,
        at: UnixTime::from_s(1000),
        took_ms: 5,
        outcome: "retry",
        why: "no".into(),
        output: Vec::new(),
        then,
        was_owed: number > 1,
    }
}

fn place(event: i64, is_added: bool) -> Place {
    Place { event, is_added }
}

const NOW: UnixTime = UnixTime::from_s(2000);

#[test]
fn the_first_sinks_begin_with_the_first_event_and_those_that_are_added_after_the_last() {
    let folder = Folder::new("places");
    let ledger = Ledger::open(&folder.0, &store("a"), 7).unwrap();
    assert_eq!(ledger.configure(&store("a"), &["x", "y"], 7), Ok(vec![place(0, false); 2]));
    ledger.settle("x", 5, &[]).unwrap();
    assert_eq!(ledger.configure(&store("a"), &["x", "z"], 7), Ok(vec![place(5, false), place(7, true)]));
    assert_eq!(ledger.configure(&store("a"), &["y"], 9), Ok(vec![place(0, false)]), "it goes on from where it was");
    drop(ledger);
    // A copy of the store that had less in it.
    let ledger = Ledger::open(&folder.0, &store("a"), 3).unwrap();
    assert_eq!(ledger.configure(&store("a"), &["x"], 3), Ok(vec![place(3, false)]));
    ledger.owe("x", 2, NOW).unwrap();
    drop(ledger);
    let ledger = Ledger::open(&folder.0, &store("b"), 4).unwrap();
    assert_eq!(ledger.configure(&store("b"), &["x", "y"], 4), Ok(vec![place(0, false); 2]), "of another store");
    assert_eq!(ledger.counts("x"), Ok((0, 0)));
}

#[test]
fn a_file_of_cursors_alone_is_brought_up_to_date_and_a_newer_one_is_refused() {
    let folder = Folder::new("versions");
    let path = folder.0.join(DELIVERY_FILE);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE cursors (sink TEXT NOT NULL, store TEXT NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (sink)) STRICT;
             INSERT INTO cursors VALUES ('stdout', 'a', 41);",
        )
        .unwrap();
    assert_eq!(owed_from(&folder.0, &store("a")), Ok(42));
    let ledger = Ledger::open(&folder.0, &store("a"), 50).unwrap();
    assert_eq!(ledger.configure(&store("a"), &["stdout"], 50), Ok(vec![place(41, false)]));
    assert_eq!(owed_from(&folder.0, &store("a")), Ok(42));
    drop(ledger);
    connection.pragma_update(None, "user_version", 2).unwrap();
    let newer = StoreError::Newer { path, version: 2, known: 1 };
    assert_eq!(Ledger::open(&folder.0, &store("a"), 50).map(drop), Err(newer.clone()));
    assert_eq!(owed_from(&folder.0, &store("a")), Err(newer));
}

#[test]
fn what_failed_is_owed_until_it_is_done_or_dead() {
    let folder = Folder::new("owed");
    let ledger = Ledger::open(&folder.0, &store("a"), 9).unwrap();
    ledger.configure(&store("a"), &["x"], 9).unwrap();
    ledger.settle("x", 3, &[ended(2, 1, Then::Again(9000)), ended(3, 1, Then::Again(8000))]).unwrap();
    let owed = |event, next_at| Owed { event, attempts: 1, next_at };
    assert_eq!(ledger.soonest("x", 9), Ok(vec![owed(3, 8000), owed(2, 9000)]));
    assert_eq!(ledger.soonest("x", 1), Ok(vec![owed(3, 8000)]));
    assert_eq!((ledger.counts("x"), ledger.lowest("x"), ledger.cursor("x")), (Ok((2, 0)), Ok(Some(2)), Ok(3)));
    assert_eq!(owed_from(&folder.0, &store("a")), Ok(2));
    ledger.settle("x", 4, &[ended(2, 2, Then::Dead), ended(3, 2, Then::Done)]).unwrap();
    assert_eq!((ledger.counts("x"), ledger.lowest("x")), (Ok((0, 1)), Ok(None)));
    assert_eq!(owed_from(&folder.0, &store("a")), Ok(5));
    let look = Look::open(&folder.0, &store("a")).unwrap().unwrap();
    let standing = |event| look.fates(event).unwrap().remove(0).standing;
    assert_eq!(standing(2), Standing::Dead { attempts: 2 });
    assert_eq!((standing(3), standing(5)), (Standing::Done, Standing::Waiting));
    let letter = DeadLetter { sink: "x".into(), event: 2, attempts: 2, why: "no".into() };
    assert_eq!(look.dead(crate::store::Order::Ascending, 0, None), Ok(vec![letter]));
    ledger.tidy(3).unwrap();
    assert_eq!(ledger.counts("x"), Ok((0, 0)));
    assert_eq!(look.fates(2).unwrap().remove(0).attempts, []);
}

#[test]
fn of_attempts_the_newest_are_kept_and_of_reasons_the_beginning() {
    let folder = Folder::new("bounds");
    let ledger = Ledger::open(&folder.0, &store("a"), 9).unwrap();
    ledger.configure(&store("a"), &["x"], 9).unwrap();
    for number in 1..=30 {
        let why = "é".repeat(400);
        ledger.settle("x", 1, &[Ended { why, ..ended(1, number, Then::Again(0)) }]).unwrap();
    }
    let fate = Look::open(&folder.0, &store("a")).unwrap().unwrap().fates(1).unwrap().remove(0);
    let numbers: Vec<u32> = fate.attempts.iter().map(|tried| tried.number).collect();
    assert_eq!(numbers, (11..=30).collect::<Vec<_>>());
    assert_eq!(fate.attempts[0].why, "é".repeat(250));
}

#[test]
fn a_success_at_once_leaves_no_trace_but_the_cursor() {
    let folder = Folder::new("success");
    let ledger = Ledger::open(&folder.0, &store("a"), 9).unwrap();
    ledger.configure(&store("a"), &["x"], 9).unwrap();
    let done = Ended { outcome: "done", why: String::new(), ..ended(1, 1, Then::Done) };
    ledger.settle("x", 2, &[done.clone(), Ended { event: 2, output: b"built".to_vec(), ..done }]).unwrap();
    let look = Look::open(&folder.0, &store("a")).unwrap().unwrap();
    assert_eq!(look.fates(1).unwrap().remove(0).attempts, []);
    assert_eq!(look.fates(2).unwrap().remove(0).attempts[0].output, b"built");
    assert_eq!(ledger.cursor("x"), Ok(2));
}

#[test]
fn wishes_wait_for_what_is_under_way_or_was_not_given_yet_and_hold_their_events() {
    let folder = Folder::new("replays");
    let ledger = Ledger::open(&folder.0, &store("a"), 9).unwrap();
    assert_eq!(Replays::open(&folder.0, &store("a")).map(|replays| replays.is_some()), Ok(false));
    ledger.configure(&store("a"), &["x", "y"], 9).unwrap();
    ledger.settle("x", 9, &[]).unwrap();
    ledger.settle("y", 9, &[]).unwrap();
    let mut replays = Replays::open(&folder.0, &store("a")).unwrap().unwrap();
    assert_eq!(replays.sinks(), ["x", "y"]);
    replays.add([("x", 5), ("x", 3), ("x", 8), ("y", 7), ("x", 5)]).unwrap();
    assert_eq!((ledger.lowest("x"), owed_from(&folder.0, &store("a"))), (Ok(Some(3)), Ok(3)));
    let take =
        |most, busy: &[i64], last| ledger.take_replays("x", most, (&BTreeSet::from_iter(busy.to_vec()), last), NOW);
    assert_eq!(take(9, &[5], 6), Ok((1, true)), "3; 5 is busy, and 8 is not given yet");
    assert_eq!(take(1, &[], 9), Ok((1, true)));
    assert_eq!(take(9, &[], 9), Ok((1, false)));
    assert_eq!(take(9, &[], 9), Ok((0, false)));
    let events: Vec<i64> = ledger.soonest("x", 9).unwrap().iter().map(|owed| owed.event).collect();
    assert_eq!(events, [3, 5, 8]);
    assert_eq!(ledger.counts("y"), Ok((0, 0)));
    assert_eq!(ledger.lowest("y"), Ok(Some(7)));
}
