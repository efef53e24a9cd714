//! The numbers that there are, that the document lists, and that the alarms go by.

use crate::support::request::signed;
use crate::{get, until, watched};
use std::collections::BTreeSet;
use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// All names of numbers in `text`.
fn names(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_'));
    words.filter(|word| word.starts_with("hookgate_")).map(str::to_string).collect()
}

/// The numbers that a receiver has once something happened, with their types.
fn there_are() -> BTreeSet<(String, String)> {
    let receiver = watched().storing().start();
    receiver.accept(&signed("{}"));
    // That its sink has it is known a moment after it was printed.
    until(&receiver, |numbers| {
        numbers.has("hookgate_sink_last_success_timestamp_seconds{sink=\"stdout\",kind=\"stdout\"}")
    });
    let text = String::from_utf8(get(&receiver, "/metrics").body).unwrap();
    let typed = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let typed = typed.map(|line| line.split_once(' ').unwrap());
    typed.map(|(name, kind)| (name.to_string(), kind.to_string())).collect()
}

#[test]
fn the_document_lists_every_number_with_its_type_and_no_other() {
    let document = read("docs/WATCHING.md");
    let (_, table) = document.split_once("\n## Numbers\n").unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `hookgate_"));
    let listed: BTreeSet<_> = rows
        .map(|row| {
            let mut cells = row.split('|');
            let name = format!("hookgate_{}", cells.next().unwrap().trim_end_matches(['`', ' ']));
            (name, cells.next().unwrap().trim().split(',').next().unwrap().to_string())
        })
        .collect();
    assert_eq!(listed, there_are());
}

#[test]
fn every_alarm_goes_by_numbers_that_there_are() {
    let alarms = read("examples/alarms.yml");
    let there_are: BTreeSet<_> = there_are()
        .into_iter()
        .flat_map(|(name, kind)| match kind.as_str() {
            "histogram" => ["_bucket", "_sum", "_count"].map(|end| format!("{name}{end}")).to_vec(),
            _ => vec![name],
        })
        .collect();
    let named = names(&alarms);
    assert!(named.len() >= 8, "{named:?}");
    let unknown: Vec<_> = named.difference(&there_are).collect();
    assert!(unknown.is_empty(), "{unknown:?} in {there_are:?}");
}
