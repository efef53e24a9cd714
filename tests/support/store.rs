//! Stores for tests: made by hand with what no receiver is sent often, read by hand, and damaged.

use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::path::Path;

/// The id of a store that is made by hand.
pub(crate) const ID: &str = "3f9a0c7be215";

/// An event to be put into a store; what is not set is usual.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) received_at: i64,
    pub(crate) source: &'static str,
    pub(crate) event_type: Option<&'static str>,
    pub(crate) delivery_id: Option<String>,
    pub(crate) headers: String,
    pub(crate) payload: &'static str,
    pub(crate) body: Vec<u8>,
}

impl Default for Row {
    fn default() -> Self {
        Row {
            received_at: 1_700_000_000_000,
            source: "github",
            event_type: Some("push"),
            delivery_id: None,
            headers: r#"[["Host","example.com"]]"#.into(),
            payload: "json",
            body: b"{}".to_vec(),
        }
    }
}

/// Makes the store `folder`/hookgate-data, as a receiver would, with these events, numbered from 1.
pub(crate) fn make(folder: &Path, rows: impl IntoIterator<Item = Row>) {
    let folder = folder.join("hookgate-data");
    std::fs::create_dir_all(&folder).unwrap();
    let mut connection = Connection::open(folder.join("events.db")).unwrap();
    connection
        .execute_batch("PRAGMA page_size = 8192; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")
        .unwrap();
    let transaction = connection.transaction().unwrap();
    transaction.execute_batch(include_str!("../../src/store/schema/1.sql")).unwrap();
    transaction.execute_batch(include_str!("../../src/store/schema/2.sql")).unwrap();
    transaction.execute_batch("PRAGMA application_id = 0x686b6774; PRAGMA user_version = 2").unwrap();
    transaction.execute("INSERT INTO store (id) VALUES (?1)", [ID]).unwrap();
    let definition = hookgate::preset("github").unwrap().to_toml();
    transaction.execute("INSERT INTO schemes (id, definition) VALUES (1, ?1)", [definition]).unwrap();
    for (number, row) in (1_i64..).zip(rows) {
        transaction
            .execute(
                "INSERT INTO events VALUES (?1, ?2, ?3, 'github', 1, 'main', ?4, ?5, '192.0.2.7', 'POST', '/webhook', ?6, ?7, ?8, NULL)",
                params![number, row.received_at, row.source, row.event_type, row.delivery_id, row.headers, row.payload, row.body],
            )
            .unwrap();
        let key = [number.to_le_bytes(), [7; 8]].concat();
        transaction
            .execute("INSERT INTO replay_keys VALUES (?1, ?2, ?3, NULL)", params![number, row.received_at, key])
            .unwrap();
    }
    transaction.commit().unwrap();
    // All of it in the one file, for tests that damage that.
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
}

/// All that is kept of each event, by its number.
pub(crate) fn rows(folder: &Path) -> BTreeMap<i64, Vec<rusqlite::types::Value>> {
    let connection = Connection::open(folder.join("events.db")).unwrap();
    let mut statement = connection.prepare("SELECT * FROM events").unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values = (0..columns).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<_>>>()?;
        Ok((row.get(0)?, values))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// Numbers that look random, and are the same each time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number under `end`.
    pub(crate) fn under(&mut self, end: usize) -> usize {
        // Knuth, MMIX: the linear congruential generator's multiplier and increment; the high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}
