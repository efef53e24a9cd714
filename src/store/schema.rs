//! What is in `events.db`; docs/STORE.md is the contract, this makes it.

use super::{EVENTS_FILE, StoreError};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

/// Marks the file as ours (`PRAGMA application_id`): `hkgt` in ASCII.
pub const APPLICATION_ID: i32 = 0x686b_6774;

/// The schema's version (`PRAGMA user_version`) that this program writes. It reads older ones by bringing them up to it.
pub const VERSION: i32 = 2;

/// What brings a file from the version that is its place in this list to the next.
const STEPS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// Refuses a file that is not ours, or of a version that this program does not know. Gives its version; 0 is a file in which
/// nothing is yet.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<i32, StoreError> {
    let number = |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i32>(0));
    let failed = |error| StoreError::opening(path, &error);
    let application = number("application_id").map_err(failed)?;
    let version = number("user_version").map_err(failed)?;
    if application == 0 && version == 0 {
        let tables = "SELECT 1 FROM sqlite_schema LIMIT 1";
        let is_used = connection.query_row(tables, [], |_| Ok(())).optional().map_err(failed)?.is_some();
        return if is_used { Err(StoreError::Foreign { path: path.into() }) } else { Ok(0) };
    }
    if application != APPLICATION_ID || version < 1 {
        return Err(StoreError::Foreign { path: path.into() });
    }
    if version > VERSION {
        return Err(StoreError::Newer { path: path.into(), version, known: VERSION });
    }
    Ok(version)
}

/// Brings the file up to [`VERSION`], each step whole or not at all.
pub(super) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    migrate_to(VERSION, connection, path)
}

/// Brings the file up to this version, if it is older.
pub(super) fn migrate_to(to: i32, connection: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let failed = |error| StoreError::opening(path, &error);
    let from = check(connection, path)?;
    let steps = STEPS.iter().zip(1..).filter(|(_, version)| (from + 1..=to).contains(version));
    for (step, version) in steps {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        transaction.execute_batch(step).map_err(failed)?;
        if version == 1 {
            transaction.execute("INSERT INTO store (id) VALUES (?1)", [random_id()]).map_err(failed)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID).map_err(failed)?;
        }
        transaction.pragma_update(None, "user_version", version).map_err(failed)?;
        transaction.commit().map_err(failed)?;
    }
    Ok(())
}

/// Twelve hex digits that no other store has: the part of its events' ids that tells them from those of another store.
fn random_id() -> String {
    // `RandomState` is seeded by the operating system; hashing nothing gives its seed's worth of randomness.
    let random = RandomState::new().hash_one(EVENTS_FILE);
    format!("{:012x}", random >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened() -> (Connection, Result<(), StoreError>) {
        let mut connection = Connection::open_in_memory().unwrap();
        let outcome = migrate(&mut connection, Path::new("events.db"));
        (connection, outcome)
    }

    #[test]
    fn a_new_file_is_brought_up_to_this_version_once() {
        let (mut connection, outcome) = opened();
        assert_eq!(outcome, Ok(()));
        assert_eq!(check(&connection, Path::new("x")), Ok(VERSION));
        let id =
            |connection: &Connection| connection.query_row("SELECT id FROM store", [], |row| row.get::<_, String>(0));
        let first = id(&connection).unwrap();
        assert!(first.len() == 12 && first.bytes().all(|byte| byte.is_ascii_hexdigit()), "{first}");
        assert_eq!(migrate(&mut connection, Path::new("x")), Ok(()));
        assert_eq!(id(&connection).unwrap(), first);
    }

    #[test]
    fn a_newer_file_and_one_of_another_program_are_refused() {
        let (mut connection, _) = opened();
        connection.pragma_update(None, "user_version", VERSION + 1).unwrap();
        let newer = StoreError::Newer { path: "x".into(), version: VERSION + 1, known: VERSION };
        assert_eq!(migrate(&mut connection, Path::new("x")), Err(newer));
        let foreign = StoreError::Foreign { path: "x".into() };
        connection.pragma_update(None, "application_id", 1).unwrap();
        assert_eq!(check(&connection, Path::new("x")), Err(foreign.clone()));
        let other = Connection::open_in_memory().unwrap();
        other.execute_batch("CREATE TABLE t (a)").unwrap();
        assert_eq!(check(&other, Path::new("x")), Err(foreign));
    }

    #[test]
    fn the_id_of_an_event_that_is_deleted_is_remembered() {
        let (connection, _) = opened();
        let insert = "INSERT INTO events VALUES (?1, 0, '', '', 1, '', NULL, NULL, NULL, '', '', '[]', 'json', x'', 0)";
        for id in 1..=3 {
            connection.execute(insert, [id]).unwrap();
        }
        let next = || connection.query_row("SELECT next_event FROM store", [], |row| row.get::<_, i64>(0)).unwrap();
        for (deleted, expected) in [("id = 2", 3), ("id = 1", 3), ("true", 4)] {
            connection.execute(&format!("DELETE FROM events WHERE {deleted}"), []).unwrap();
            assert_eq!(next(), expected, "after deleting {deleted}");
        }
    }
}
