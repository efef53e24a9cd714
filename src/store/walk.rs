//! Walking through a table of which parts cannot be read.

use rusqlite::{Connection, Row};
use std::ops::RangeInclusive;

/// Rows read in one go.
const PAGE: u32 = 500;

/// After so many rows that were read one by one, whole pages are tried again.
const RUN: u32 = 64;

/// A gap between two readable rows that is no longer than this is looked through number by number: a page of damage in the
/// middle of the tree's root hides that many.
const GAP: i64 = 5_000_000;

/// Rows by their integer keys, from the lowest to the highest.
pub(super) struct Walk<'w> {
    pub(super) connection: &'w Connection,
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    pub(super) columns: &'w str,
    /// Keys up to this one were given, as far as anybody knows.
    pub(super) highest_known: i64,
}

/// Keys behind which there may have been rows.
pub(super) type Lost = Vec<RangeInclusive<i64>>;

/// How a walk went.
pub(super) struct Walked {
    /// What could not be read.
    pub(super) lost: Lost,
    /// The end of the table could not be read: there may have been more rows, of higher keys than any that is known.
    pub(super) is_cut: bool,
}

/// What whoever takes a row says of it.
pub(super) enum Taken {
    /// It is kept.
    Kept,
    /// It is not what was written.
    Spoilt,
}

/// Where a read in one go ended.
enum Ended {
    /// With the last row of the table.
    AtEnd,
    /// Where it was to.
    InTime,
    /// Where nothing can be read.
    AtDamage,
}

impl Walk<'_> {
    /// Shows every row that can be read to `take`, in order. Gives what could not be.
    ///
    /// # Errors
    /// What `take` says.
    pub(super) fn run<E>(&self, mut take: impl FnMut(i64, &Row<'_>) -> Result<Taken, E>) -> Result<Walked, E> {
        let mut lost = Lost::new();
        let mut last = 0;
        loop {
            match self.page(&mut last, &mut lost, &mut take)? {
                Ended::InTime => {}
                Ended::AtEnd => {
                    // An end may be where the tree was cut.
                    let beyond = last.saturating_add(1)..=self.highest_known.min(last.saturating_add(GAP));
                    self.one_by_one(beyond, u32::MAX, &mut lost, &mut take)?;
                    return Ok(Walked { lost, is_cut: false });
                }
                Ended::AtDamage => {
                    let next = self.next_readable(last);
                    // Where it can be read from the very next key on and yet was not, that key is looked for by itself.
                    let end = next.map_or(self.highest_known, |next| (next - 1).max(last.saturating_add(1)));
                    if end.saturating_sub(last) > GAP {
                        add(&mut lost, last.saturating_add(1)..=end);
                        last = end;
                    } else {
                        last = self.one_by_one(last.saturating_add(1)..=end, RUN, &mut lost, &mut take)?.max(last);
                    }
                    if next.is_none() && last >= end {
                        return Ok(Walked { lost, is_cut: true });
                    }
                }
            }
        }
    }

    /// Reads the rows after `last`, some of them.
    fn page<E>(
        &self,
        last: &mut i64,
        lost: &mut Lost,
        take: &mut impl FnMut(i64, &Row<'_>) -> Result<Taken, E>,
    ) -> Result<Ended, E> {
        let Walk { table, key, columns, .. } = self;
        let query = format!("SELECT {columns} FROM {table} WHERE {key} > ?1 ORDER BY {key} LIMIT ?2");
        let Ok(mut statement) = self.connection.prepare(&query) else { return Ok(Ended::AtDamage) };
        let Ok(mut rows) = statement.query((*last, PAGE)) else { return Ok(Ended::AtDamage) };
        let mut count = 0;
        loop {
            let Ok(row) = rows.next() else { return Ok(Ended::AtDamage) };
            let Some(row) = row else { return Ok(if count < PAGE { Ended::AtEnd } else { Ended::InTime }) };
            // On a damaged page keys stand in any order.
            let Some(number) = row.get::<_, i64>(0).ok().filter(|number| number > last) else {
                return Ok(Ended::AtDamage);
            };
            *last = number;
            count += 1;
            if let Taken::Spoilt = take(number, row)? {
                add(lost, number..=number);
            }
        }
    }

    /// Looks for the row of each of these keys, until so many were found in a run. Gives the last key that was looked for.
    fn one_by_one<E>(
        &self,
        keys: RangeInclusive<i64>,
        enough: u32,
        lost: &mut Lost,
        take: &mut impl FnMut(i64, &Row<'_>) -> Result<Taken, E>,
    ) -> Result<i64, E> {
        let Walk { table, key, columns, .. } = self;
        let mut last = keys.start().saturating_sub(1);
        let query = format!("SELECT {columns} FROM {table} WHERE {key} = ?1");
        let Ok(mut statement) = self.connection.prepare(&query) else {
            last = *keys.end().max(&last);
            add(lost, keys);
            return Ok(last);
        };
        let mut run = 0;
        for number in keys {
            last = number;
            let mut rows = match statement.query([number]) {
                Ok(rows) => rows,
                Err(_) => {
                    add(lost, number..=number);
                    continue;
                }
            };
            let taken = match rows.next() {
                Ok(None) => continue,
                Ok(Some(row)) if row.get::<_, i64>(0) == Ok(number) => take(number, row)?,
                Ok(Some(_)) | Err(_) => Taken::Spoilt,
            };
            match taken {
                Taken::Kept => run += 1,
                Taken::Spoilt => {
                    run = 0;
                    add(lost, number..=number);
                }
            }
            if run >= enough {
                break;
            }
        }
        Ok(last)
    }

    /// The lowest key after `last` from which on rows can be read in one go, as far as leaps find it; nothing where there is none.
    fn next_readable(&self, last: i64) -> Option<i64> {
        let (mut unreadable, mut leap) = (last, 1_i64);
        let mut readable = loop {
            let at = last.checked_add(leap)?;
            if self.can_read_from(at) {
                break at;
            }
            unreadable = at;
            leap = leap.checked_mul(2)?;
        };
        while readable - unreadable > 1 {
            let middle = unreadable + (readable - unreadable) / 2;
            if self.can_read_from(middle) {
                readable = middle;
            } else {
                unreadable = middle;
            }
        }
        Some(readable)
    }

    /// Whether there is a row of this key or a later one, and it can be read.
    fn can_read_from(&self, at: i64) -> bool {
        let Walk { table, key, columns, .. } = self;
        let query = format!("SELECT {columns} FROM {table} WHERE {key} >= ?1 ORDER BY {key} LIMIT 1");
        self.connection.query_row(&query, [at], |row| row.get::<_, i64>(0)).is_ok_and(|found| found >= at)
    }
}

/// Adds keys, which are beyond those that are in it, to `lost`.
fn add(lost: &mut Lost, keys: RangeInclusive<i64>) {
    if keys.is_empty() {
        return;
    }
    match lost.last_mut() {
        Some(before) if before.end().checked_add(1) == Some(*keys.start()) => {
            *before = *before.start()..=*keys.end();
        }
        _ => lost.push(keys),
    }
}
