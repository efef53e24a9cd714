//! The table of mistakes and what they are called: checked, and written into docs/EXPLAIN.md.

use super::delivery::Delivery;
use super::mistakes::{Fits, Mistake, mistakes};
use hookgate::explain::{Cause, Reach};
use hookgate::preset;
use hookgate::verify::names;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// What comes before the generated part, and what comes behind it.
const INTRODUCTION: &str = include_str!("introduction.md");

/// The share of mistakes that are to be named right, in a hundred.
const AIM: f64 = 95.0;

/// What came of one mistake with every preset.
struct Row {
    mistake: &'static Mistake,
    right: usize,
    /// The presets with which it could not be known.
    unknown: Vec<&'static str>,
    example: Option<Cause>,
    /// What is not as it has to be: wrong names first of all.
    wrong: Vec<String>,
}

/// What `mistake` is called with each preset.
fn row((mistake, fits): (&'static Mistake, Fits), reach: Reach) -> Row {
    let mut row = Row { mistake, right: 0, unknown: Vec::new(), example: None, wrong: Vec::new() };
    for name in names() {
        let scheme = preset(name).unwrap();
        assert!(Delivery::of(&scheme).is_valid(), "{name} without a mistake");
        let Some(given) = fits(&scheme).then(|| (mistake.make)(&scheme)).flatten() else { continue };
        let Some(cause) = given.cause(reach).filter(|_| !given.is_valid()) else {
            row.wrong.push(format!("{} is no mistake with {name}", mistake.what));
            continue;
        };
        let said = format!("{cause}\n{}", cause.remedy());
        assert!(said.lines().count() == 2 && !said.contains(String::from_utf8_lossy(&given.secret).trim()), "{said}");
        match cause.name() {
            called if called == mistake.right => {
                row.right += 1;
                // Two providers that many know, else the first.
                if row.example.is_none() || ["github", "stripe"].contains(&name) {
                    row.example = Some(cause);
                }
            }
            "unknown" => row.unknown.push(name),
            called => row.wrong.push(format!("{}, with {name}, is called {called}: {cause}", mistake.what)),
        }
    }
    // Without parsing, a form that cannot be read is called that.
    let is_read = reach == Reach::Everything;
    assert!(!is_read || row.right + row.unknown.len() > 0, "{} can happen to no preset", mistake.what);
    row
}

#[test]
fn every_mistake_is_named_and_the_document_says_how() {
    let rows: Vec<Row> = mistakes().map(|mistake| row(mistake, Reach::Everything)).collect();
    let wrong: Vec<_> = rows.iter().flat_map(|row| &row.wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let right: usize = rows.iter().map(|row| row.right).sum();
    let all = right + rows.iter().map(|row| row.unknown.len()).sum::<usize>();
    let share = f64::from(u32::try_from(right).unwrap()) * 100.0 / f64::from(u32::try_from(all).unwrap());
    assert!(share >= AIM, "{share} %");

    let mut text = INTRODUCTION.to_string();
    let mistakes = rows.len();
    writeln!(text, "## The table\n").unwrap();
    writeln!(
        text,
        "{mistakes} mistakes, each made with every preset that it can happen to: {all} in all. **{right} of them ({share:.1} %) are \
         named right, {} are `unknown`, and none is called what it is not.** A test makes them and writes this.\n",
        all - right
    )
    .unwrap();
    writeln!(text, "| the mistake | presets | what it is called |\n|---|---|---|").unwrap();
    for row in &rows {
        let of = row.right + row.unknown.len();
        let called = match row.unknown.as_slice() {
            [] => format!("`{}`", row.mistake.right),
            _ if row.right == 0 => format!("`unknown` (it cannot be told: it would be `{}`)", row.mistake.right),
            unknown => format!("`{}`; `unknown` with {}", row.mistake.right, unknown.join(", ")),
        };
        writeln!(text, "| {} | {of} | {called} |", row.mistake.what).unwrap();
    }
    let mut causes: BTreeMap<&str, &Cause> = BTreeMap::new();
    for row in &rows {
        if let Some(cause) = &row.example {
            causes.entry(row.mistake.right).or_insert(cause);
        }
    }
    assert!(causes.len() > 25, "{} causes", causes.len());
    writeln!(
        text,
        "\n## The causes\n\nWhat each says, as one of the mistakes above makes it, and what to do about it.\n"
    )
    .unwrap();
    writeln!(text, "| cause | it says | remedy |\n|---|---|---|").unwrap();
    for (name, cause) in causes {
        writeln!(text, "| `{name}` | {cause} | {} |", cause.remedy()).unwrap();
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/EXPLAIN.md");
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/EXPLAIN.md is out of date: run make docs");
}

#[test]
fn what_parses_nothing_gives_no_wrong_name_either() {
    for (mistake, fits) in mistakes() {
        let parsed = ["json-", "form-", "content-encoding-", "secret-is-api-key"];
        let is_left_out = parsed.iter().any(|start| mistake.right.starts_with(start));
        let row = row((mistake, fits), Reach::WithoutParsing);
        assert!(!is_left_out || row.right == 0, "{} was parsed", mistake.what);
        if !is_left_out {
            let unknown = if mistake.right == "unknown" { 0 } else { row.unknown.len() };
            let as_ever = if mistake.what.contains("another port") || mistake.what.contains("query was lost") {
                usize::MAX
            } else {
                0
            };
            assert!(unknown <= as_ever, "{}: {:?}", mistake.what, row.unknown);
        }
    }
}
