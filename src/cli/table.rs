//! Rows under each other, for people.

use crate::sink::event::printable;

/// Rows that are laid out together: the columns of a long table settle by its first rows.
const GATHERED: usize = 500;

/// A table that is written as its rows come.
pub(super) struct Table<const COLUMNS: usize> {
    rows: Vec<[String; COLUMNS]>,
    widths: [usize; COLUMNS],
    /// These are of numbers, which stand at the right of their columns.
    is_number: [bool; COLUMNS],
}

impl<const COLUMNS: usize> Table<COLUMNS> {
    pub(super) fn new(head: [&str; COLUMNS], is_number: [bool; COLUMNS]) -> Self {
        Table { rows: vec![head.map(str::to_string)], widths: [0; COLUMNS], is_number }
    }

    /// Adds a row. What stands in it is a stranger's: nothing of it steers a terminal, or begins another line.
    pub(super) fn row(&mut self, cells: [&str; COLUMNS], out: &mut Vec<u8>) {
        self.rows.push(cells.map(|cell| printable(cell).replace('\n', "\\n").replace('\t', "\\t")));
        if self.rows.len() > GATHERED {
            self.write(out);
        }
    }

    /// Appends the rows that were not yet to `out`.
    pub(super) fn write(&mut self, out: &mut Vec<u8>) {
        for row in &self.rows {
            for (width, cell) in self.widths.iter_mut().zip(row) {
                *width = cell.chars().count().max(*width);
            }
        }
        for row in self.rows.drain(..) {
            let mut line = String::new();
            for ((cell, width), is_number) in row.iter().zip(self.widths).zip(self.is_number) {
                match is_number {
                    true => line.push_str(&format!("{cell:>width$}  ")),
                    false => line.push_str(&format!("{cell:width$}  ")),
                }
            }
            out.extend_from_slice(line.trim_end().as_bytes());
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_and_rows_stay_rows() {
        let mut table = Table::new(["NAME", "COUNT"], [false, true]);
        let mut out = Vec::new();
        table.row(["a\nb\x1b[2J", "7"], &mut out);
        table.row(["é", "1000000"], &mut out);
        table.write(&mut out);
        table.row(["last", "1"], &mut out);
        table.write(&mut out);
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines,
            ["NAME             COUNT", "a\\nb\\u001b[2J        7", "é              1000000", "last                 1",]
        );
    }
}
