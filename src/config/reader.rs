//! Reading TOML strictly: every key is asked for by its name and type, what nobody asked for is a mistake, and each mistake
//! is told by its line.

use super::near::nearest;
use super::units;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Something to mend in a configuration. It shows keys, names and paths, and no other value that stands in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The line it is on; 0 where it is of no one line.
    pub line: usize,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

impl std::error::Error for Problem {}

/// The text of a file, and what was found wrong in it so far.
#[derive(Debug)]
pub(super) struct Document<'t> {
    text: &'t str,
    /// Where its line ends are.
    line_ends: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    /// Each kind of table that was read, and every key that was asked for in it.
    asked: RefCell<BTreeSet<(&'static str, &'static str)>>,
}

impl<'t> Document<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let line_ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        Document { text, line_ends, problems: RefCell::default(), asked: RefCell::default() }
    }

    pub(super) fn text(&self) -> &'t str {
        self.text
    }

    /// The line of a place in the text.
    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.line_ends.partition_point(|end| *end < at)
    }

    pub(super) fn problem(&self, line: usize, what: impl Into<String>, hint: impl Into<String>) {
        self.problems.borrow_mut().push(Problem { line, what: what.into(), hint: hint.into() });
    }

    /// The keys that there are in each kind of table that was read.
    #[cfg(test)]
    pub(super) fn asked(&self) -> BTreeSet<(&'static str, &'static str)> {
        self.asked.borrow().clone()
    }

    /// All problems, in the order of their lines.
    pub(super) fn problems(self) -> Vec<Problem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }
}

/// The keys of one table. Those that are asked for are known; [`Fields::end`] tells of the others.
pub(super) struct Fields<'d, 't> {
    document: &'d Document<'t>,
    /// How the table is called in the file; nothing where it is the whole file.
    called: String,
    /// The table, as the list of keys calls it.
    kind: &'static str,
    at: usize,
    table: &'d DeTable<'t>,
    asked: Vec<&'static str>,
}

impl<'d, 't> Fields<'d, 't> {
    pub(super) fn new(
        document: &'d Document<'t>,
        kind: &'static str,
        called: &str,
        table: &'d Spanned<DeTable<'t>>,
    ) -> Self {
        let at = table.span().start;
        Fields { document, called: called.to_string(), kind, at, table: table.get_ref(), asked: Vec::new() }
    }

    /// The line where the table begins.
    pub(super) fn line(&self) -> usize {
        self.document.line(self.at)
    }

    /// From here on the table is also called by its name.
    pub(super) fn call(&mut self, name: &str) {
        self.called = format!("{} {name:?}", self.called);
    }

    /// The value of a key, which is known from here on.
    pub(super) fn value(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'t>>> {
        if !self.asked.contains(&key) {
            self.asked.push(key);
        }
        self.table.get(key)
    }

    /// Whether a key is there.
    pub(super) fn has(&mut self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// The line of a key's value.
    pub(super) fn line_of(&mut self, key: &'static str) -> usize {
        let at = self.value(key).map_or(self.at, |value| value.span().start);
        self.document.line(at)
    }

    /// The line of a place in the text.
    pub(super) fn line_at(&self, at: usize) -> usize {
        self.document.line(at)
    }

    /// Tells of a mistake in the value of a key.
    pub(super) fn wrong(&mut self, key: &'static str, what: &str, hint: impl Into<String>) {
        let line = self.line_of(key);
        self.wrong_at(line, key, what, hint);
    }

    /// The same where the line is known.
    pub(super) fn wrong_at(&mut self, line: usize, key: &'static str, what: &str, hint: impl Into<String>) {
        let what = format!("{} {what}", self.name_of(key));
        self.document.problem(line, what, hint);
    }

    /// Tells of a key that is missing.
    pub(super) fn missing(&mut self, key: &'static str, hint: impl Into<String>) {
        let line = self.line();
        let called = if self.called.is_empty() { "the file".to_string() } else { self.called.clone() };
        self.document.problem(line, format!("{called} has no {key}"), hint);
    }

    fn name_of(&self, key: &str) -> String {
        if self.called.is_empty() { key.to_string() } else { format!("{key} of {}", self.called) }
    }

    /// What `read` makes of the value of a key, which has to be `expected`.
    fn read<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl FnOnce(&'d DeValue<'t>) -> Option<T>,
    ) -> Option<T> {
        let value = self.value(key)?.get_ref();
        let found = read(value);
        if found.is_none() {
            let is = match value {
                DeValue::Table(_) => "a table",
                DeValue::Array(_) => "a list",
                DeValue::String(_) => "text",
                DeValue::Boolean(_) => "true or false",
                DeValue::Integer(_) => "a number",
                DeValue::Float(_) => "a number with a point",
                DeValue::Datetime(_) => "a date",
            };
            self.wrong(key, &format!("is {is} that it cannot be"), format!("give {expected}"));
        }
        found
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.read(key, "text in quotes", |value| value.as_str().map(str::to_string))
    }

    pub(super) fn boolean(&mut self, key: &'static str) -> Option<bool> {
        self.read(key, "true or false", DeValue::as_bool)
    }

    /// A list of texts, each with its line.
    pub(super) fn texts(&mut self, key: &'static str, expected: &str) -> Option<Vec<(String, usize)>> {
        let document = self.document;
        self.read(key, expected, |value| {
            let text = |item: &Spanned<DeValue<'_>>| {
                Some((item.get_ref().as_str()?.to_string(), document.line(item.span().start)))
            };
            value.as_array()?.iter().map(text).collect()
        })
    }

    /// What `read` makes of a text.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        read: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        self.read(key, expected, |value| read(value.as_str()?))
    }

    pub(super) fn one_of<T: Clone>(&mut self, key: &'static str, known: &[(&str, T)]) -> Option<T> {
        let names: Vec<String> = known.iter().map(|(name, _)| format!("{name:?}")).collect();
        let found = |text: &str| known.iter().find(|(name, _)| *name == text).map(|(_, value)| value.clone());
        self.parsed(key, &format!("one of {}", names.join(", ")), found)
    }

    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let expected = format!("a number from {} to {}", range.start(), range.end());
        self.read(key, &expected, |value| integer(value).filter(|number| range.contains(number)))
    }

    pub(super) fn numbers(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<Vec<u64>> {
        let expected = format!("a list of numbers from {} to {}", range.start(), range.end());
        self.read(key, &expected, |value| {
            let number = |item: &Spanned<DeValue<'_>>| integer(item.get_ref()).filter(|number| range.contains(number));
            value.as_array()?.iter().map(number).collect()
        })
    }

    /// A size: bytes, or text with a unit.
    pub(super) fn size(&mut self, key: &'static str, range: RangeInclusive<u64>) -> Option<u64> {
        let (least, most) = (units::write_size(*range.start()), units::write_size(*range.end()));
        let expected = format!("bytes, or a size such as \"{most}\", from {least} to {most}");
        self.read(key, &expected, |value| {
            integer(value).or_else(|| units::size(value.as_str()?)).filter(|bytes| range.contains(bytes))
        })
    }

    /// A time: seconds, or text with a unit.
    pub(super) fn time(&mut self, key: &'static str, range: RangeInclusive<Duration>) -> Option<Duration> {
        let (least, most) = (units::write_time(*range.start()), units::write_time(*range.end()));
        let expected = format!("seconds, or a time such as \"{most}\", from {least} to {most}");
        self.read(key, &expected, |value| {
            let time = integer(value).map(Duration::from_secs).or_else(|| units::time(value.as_str()?));
            time.filter(|time| range.contains(time))
        })
    }

    /// The table in a key.
    pub(super) fn table(&mut self, key: &'static str, kind: &'static str, called: &str) -> Option<Fields<'d, 't>> {
        let at = self.value(key)?.span().start;
        let table = self.read(key, "a table", DeValue::as_table)?;
        let (document, called) = (self.document, called.to_string());
        Some(Fields { document, called, kind, at, table, asked: Vec::new() })
    }

    /// The tables in a key that is a list of them.
    pub(super) fn tables(&mut self, key: &'static str) -> Vec<Fields<'d, 't>> {
        let document = self.document;
        let called = format!("[[{key}]]");
        let tables = self.read(key, &format!("tables, each under its own {called}"), |value| {
            let table = |item: &'d Spanned<DeValue<'t>>| {
                let (table, called) = (item.get_ref().as_table()?, called.clone());
                let at = item.span().start;
                Some(Fields { document, called, kind: key, at, table, asked: Vec::new() })
            };
            value.as_array()?.iter().map(table).collect::<Option<Vec<_>>>()
        });
        tables.unwrap_or_default()
    }

    /// All keys and their values, for a table whose keys are the user's own.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'d str, usize, &'d DeValue<'t>)> + use<'d, 't> {
        let (document, table) = (self.document, self.table);
        table.iter().map(move |(key, value)| (key.get_ref().as_ref(), document.line(key.span().start), value.get_ref()))
    }

    /// Tells of every key that nobody asked for, with the one that was meant.
    pub(super) fn end(self) {
        self.document.asked.borrow_mut().extend(self.asked.iter().map(|key| (self.kind, *key)));
        for (key, _) in self.table {
            let written: &str = key.get_ref();
            if self.asked.contains(&written) {
                continue;
            }
            let line = self.document.line(key.span().start);
            let place = if self.called.is_empty() { String::new() } else { format!(" in {}", self.called) };
            let mut known = self.asked.clone();
            known.sort_unstable();
            let hint = match nearest(written, &known) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("the keys there are: {}", known.join(", ")),
            };
            self.document.problem(line, format!("there is no key {}{place}", shown(written)), hint);
        }
    }
}

/// A key as it can be shown: what is no word may be anything, such as a secret in the wrong place.
fn shown(key: &str) -> String {
    const LONGEST: usize = 40;
    let is_word = key.len() <= LONGEST && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_word { format!("{key:?}") } else { "such as this".to_string() }
}

fn integer(value: &DeValue<'_>) -> Option<u64> {
    let integer = value.as_integer()?;
    u64::from_str_radix(integer.as_str(), integer.radix()).ok()
}
