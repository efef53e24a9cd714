//! The fields of a table, taken one by one: what is left at the end is no field.

use crate::verify::check::UnusableScheme;
use toml::{Table, Value};

/// How far from now a timestamp may be unless the file says otherwise, in seconds. Standard Webhooks and Stripe say five
/// minutes.
const TOLERANCE_S: u64 = 300;

/// The fields that are left of a table; `of` names it, where it is not the whole file.
pub(super) struct Fields {
    pub(super) of: &'static str,
    pub(super) table: Table,
}

impl Fields {
    pub(super) fn wrong(&self, field: &str, expected: &str) -> UnusableScheme {
        UnusableScheme::new(&self.path(field), format!("it has to be {expected}"))
    }

    pub(super) fn missing(&self, field: &str) -> UnusableScheme {
        UnusableScheme::new(&self.path(field), "it has to be stated")
    }

    pub(super) fn path(&self, field: &str) -> String {
        if self.of.is_empty() { field.to_string() } else { format!("{}.{field}", self.of) }
    }

    pub(super) fn end(&self) -> Result<(), UnusableScheme> {
        match self.table.keys().next() {
            None => Ok(()),
            Some(field) => Err(UnusableScheme::new(&self.path(field), "there is no such field")),
        }
    }

    /// True or false; false where it is not there.
    pub(super) fn flag(&mut self, field: &str) -> Result<bool, UnusableScheme> {
        match self.table.remove(field) {
            None => Ok(false),
            Some(Value::Boolean(flag)) => Ok(flag),
            Some(_) => Err(self.wrong(field, "true or false")),
        }
    }

    pub(super) fn text(&mut self, field: &str) -> Result<Option<String>, UnusableScheme> {
        match self.table.remove(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(field, "text in quotes")),
        }
    }

    pub(super) fn texts(&mut self, field: &str) -> Result<Option<Vec<String>>, UnusableScheme> {
        let Some(value) = self.table.remove(field) else { return Ok(None) };
        let text = |value: &Value| value.as_str().map(str::to_string);
        let texts = value.as_array().and_then(|texts| texts.iter().map(text).collect());
        texts.map(Some).ok_or_else(|| self.wrong(field, "a list of texts"))
    }

    /// A character, and whether a space follows it.
    pub(super) fn spaced_character(&mut self, field: &str) -> Result<(char, bool), UnusableScheme> {
        let text = self.text(field)?.ok_or_else(|| self.missing(field))?;
        let mut characters = text.chars();
        match (characters.next(), characters.as_str()) {
            (Some(character), "") => Ok((character, false)),
            (Some(character), " ") if character != ' ' => Ok((character, true)),
            _ => Err(self.wrong(field, "one character, with a space behind it or without")),
        }
    }

    /// A list of names and values; none where it is not there.
    pub(super) fn pairs(&mut self, field: &str) -> Result<Vec<(String, String)>, UnusableScheme> {
        let Some(value) = self.table.remove(field) else { return Ok(Vec::new()) };
        let pair = |value: &Value| match value.as_array()?.as_slice() {
            [Value::String(name), Value::String(value)] => Some((name.clone(), value.clone())),
            _ => None,
        };
        let pairs = value.as_array().and_then(|pairs| pairs.iter().map(pair).collect());
        pairs.ok_or_else(|| self.wrong(field, "a list of names and values: [[\"X-Version\", \"1\"]]"))
    }

    pub(super) fn character(&mut self, field: &str) -> Result<char, UnusableScheme> {
        let text = self.text(field)?.ok_or_else(|| self.missing(field))?;
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (Some(character), None) => Ok(character),
            _ => Err(self.wrong(field, "one character")),
        }
    }

    pub(super) fn one_of<T: Clone>(&mut self, field: &str, known: &[(&str, T)]) -> Result<Option<T>, UnusableScheme> {
        let Some(name) = self.text(field)? else { return Ok(None) };
        let found = known.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
        let names = || known.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
        found.map(Some).ok_or_else(|| self.wrong(field, &format!("one of {}", names())))
    }

    /// A bound in seconds: stated, `"any"` for none, or the usual one.
    pub(super) fn bound(&mut self, field: &str) -> Result<Option<u64>, UnusableScheme> {
        match self.table.remove(field) {
            None => Ok(Some(TOLERANCE_S)),
            Some(Value::Integer(s)) if s >= 0 => Ok(u64::try_from(s).ok()),
            Some(Value::String(any)) if any == "any" => Ok(None),
            Some(_) => Err(self.wrong(field, "seconds, or \"any\"")),
        }
    }

    /// The table in `field`; nothing where it is not there or says `default`.
    pub(super) fn inner(&mut self, field: &'static str, default: &str) -> Result<Option<Fields>, UnusableScheme> {
        match self.table.remove(field) {
            None => Ok(None),
            Some(Value::String(text)) if text == default => Ok(None),
            Some(Value::Table(table)) => Ok(Some(Fields { of: field, table })),
            Some(_) if default.is_empty() => Err(self.wrong(field, "a table in braces")),
            Some(_) => Err(self.wrong(field, &format!("{default:?}, or a table in braces"))),
        }
    }
}
