//! What the documents say of the presets is written from the presets. `make docs` writes it; this fails where it is out of date.
//! And the tests that docs/FAILURES.md names are there.
#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what went wrong by panicking")]

use hookgate::cli::CODES;
use hookgate::config::keys::{KEYS, TABLES};
use hookgate::verify::{Coverage, Handshake, ReplayRule, Reply, aliases, names};
use hookgate::{Scheme, preset};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schemes() -> impl Iterator<Item = Scheme> {
    names().filter_map(preset)
}

/// A cell of a table, as text: what would end it, or be taken for markup, is escaped.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

fn code(text: &str) -> String {
    format!("`{}`", cell(text))
}

fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut lines = vec![format!("| {} |", head.join(" | ")), format!("|{}", "---|".repeat(head.len()))];
    lines.extend(rows.map(|row| {
        assert_eq!(row.len(), head.len());
        format!("| {} |", row.join(" | "))
    }));
    lines.join("\n")
}

/// Its name, and the others that it goes by.
fn name(scheme: &Scheme) -> String {
    let others: Vec<_> = aliases(&scheme.name).iter().map(|alias| code(alias)).collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join(", ")) };
    code(&scheme.name) + &others
}

fn headers(scheme: &Scheme) -> String {
    if let Some(in_body) = &scheme.signature_in_body {
        let each = in_body.each.as_ref().map(|each| format!(" of each of {}", code(each))).unwrap_or_default();
        return format!("in the body: {}{each}", code(&in_body.signature));
    }
    match scheme.signature_headers.as_slice() {
        [first, .., last] if scheme.signature_headers.len() > 2 => format!("{} … {}", code(first), code(last)),
        headers => headers.iter().map(|header| code(header)).collect::<Vec<_>>().join(", "),
    }
}

/// What it signs with; all that a token may be signed with.
fn algorithm(scheme: &Scheme) -> String {
    let others = scheme.jwt.iter().flat_map(|jwt| &jwt.other_algorithms);
    let names = std::iter::once(&scheme.algorithm).chain(others).map(|it| code(it.name()));
    names.collect::<Vec<_>>().join(", ") + if scheme.signs_token() { ", in a JWT" } else { "" }
}

fn covers(scheme: &Scheme) -> &'static str {
    if scheme.signs_form() {
        return "its parameters, and the URL";
    }
    match (scheme.covers_body(), scheme.covers_url()) {
        (false, _) if scheme.coverage() == Coverage::Fields => "some fields",
        (true, false) => "yes",
        (true, true) => "yes, and the URL",
        (false, true) => "no, the URL only",
        (false, false) => "**no**",
    }
}

fn replay_key(scheme: &Scheme) -> String {
    match &scheme.replay_key {
        ReplayRule::SignedId => code(scheme.signed_id.as_deref().unwrap()),
        ReplayRule::Json(pointer) => code(pointer),
        ReplayRule::Mac if scheme.algorithm.has_public_key() => "what is signed".to_string(),
        ReplayRule::Mac => "the MAC".to_string(),
        ReplayRule::None => "none".to_string(),
        ReplayRule::TokenId => code("jti"),
    }
}

/// What a handshake is known by.
fn question(handshake: &Handshake) -> String {
    let mut known_by: Vec<String> = handshake
        .when
        .iter()
        .map(|(spot, value)| match value.as_str() {
            "!" => format!("no {}", code(&spot.to_string())),
            value => format!("{} is {}", code(&spot.to_string()), code(value)),
        })
        .collect();
    let has = |spot: &_| format!("has {}", code(&format!("{spot}")));
    known_by.extend(handshake.agreed_token.iter().map(has));
    known_by.extend(handshake.token.iter().filter(|_| !handshake.signed).map(has));
    let by = if known_by.is_empty() { String::new() } else { format!(", {}", known_by.join(", ")) };
    handshake.method.clone() + &by
}

fn reply(handshake: &Handshake) -> String {
    let token = handshake.token.as_ref().map(|spot| code(&spot.to_string())).unwrap_or_default();
    match &handshake.reply {
        Reply::Empty => "no body".to_string(),
        Reply::NoContent => "no body, status 204".to_string(),
        Reply::Text | Reply::Sentence => format!("{token} as text"),
        Reply::Json(name) => format!("{token} as the JSON member {}", code(name)),
        Reply::Mac { token: name, mac } => format!("{token} as {}, its MAC as {}", code(name), code(mac)),
        Reply::Fixed(json) => code(json),
        Reply::Secret => format!("{token} in its own header; it is the secret from then on"),
    }
}

fn when(handshake: &Handshake) -> &'static str {
    match (handshake.signed, &handshake.agreed_token) {
        (false, _) if handshake.reply == Reply::Secret => "unsigned, once, where the operator waits for it",
        (true, _) => "once its signature is proven",
        (false, Some(_)) => "where the agreed token is right",
        (false, None) => "unsigned",
    }
}

/// In a word or two, for the README.
fn short_handshake(scheme: &Scheme) -> String {
    let one = |handshake: &Handshake| match (handshake.signed, &handshake.reply) {
        (_, Reply::Secret) => "hands over the secret".to_string(),
        (true, _) => "signed".to_string(),
        (false, _) => handshake.method.clone(),
    };
    scheme.handshakes.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// A table of keys for each table of the file.
fn configuration() -> String {
    let sections = TABLES.iter().map(|(table, meaning)| {
        let keys = KEYS.iter().filter(|key| key.table == *table);
        let rows = keys.map(|key| {
            vec![code(key.name), cell(key.form), key.default.map(code).unwrap_or_default(), cell(key.meaning)]
        });
        format!("{meaning}\n\n{}", self::table(&["key", "value", "default", "what it is for"], rows))
    });
    sections.collect::<Vec<_>>().join("\n\n")
}

/// The text that belongs in the block of this name.
fn generated(block: &str) -> String {
    let row = |cells: &[String]| cells.to_vec();
    match block {
        "providers" => table(
            &["scheme", "header", "algorithm", "body", "replay key", "handshake", "documentation"],
            schemes().map(|it| {
                let algorithm = algorithm(&it);
                let covers = covers(&it).to_string();
                let documentation = cell(&it.documentation);
                row(&[name(&it), headers(&it), algorithm, covers, replay_key(&it), short_handshake(&it), documentation])
            }),
        ),
        "provider table" => table(
            &["scheme", "header", "algorithm", "body", "replay key", "handshake"],
            schemes().map(|it| {
                let covers = covers(&it).to_string();
                row(&[name(&it), headers(&it), algorithm(&it), covers, replay_key(&it), short_handshake(&it)])
            }),
        ),
        "replay keys" => table(
            &["scheme", "replay key", "because"],
            schemes().map(|it| row(&[code(&it.name), replay_key(&it), cell(&it.replay_reason)])),
        ),
        "handshakes" => table(
            &["scheme", "the question", "is answered", "with"],
            schemes().flat_map(|it| {
                let rows = it.handshakes.iter().map(|handshake| {
                    row(&[code(&it.name), question(handshake), when(handshake).to_string(), reply(handshake)])
                });
                rows.collect::<Vec<_>>()
            }),
        ),
        "configuration" => configuration(),
        "exit codes" => table(
            &["command", "exit code", "what it says"],
            CODES.iter().map(|it| {
                let command =
                    if it.command.is_empty() { "each, unless it says otherwise".into() } else { code(it.command) };
                row(&[command, it.code.to_string(), cell(it.meaning)])
            }),
        ),
        file => format!("```toml\n{}```", std::fs::read_to_string(root().join(file)).unwrap()),
    }
}

/// `text` with what stands between each block's marks written anew, and how many blocks there are.
fn written(text: &str) -> (String, usize) {
    let (mut out, mut rest, mut blocks) = (String::new(), text, 0);
    while let Some((before, after)) = rest.split_once("<!-- generated: ") {
        let (block, after) = after.split_once(" -->").unwrap();
        let (_, after) = after.split_once("<!-- end -->").unwrap_or_else(|| panic!("{block} does not end"));
        out.push_str(&format!("{before}<!-- generated: {block} -->\n{}\n<!-- end -->", generated(block)));
        rest = after;
        blocks += 1;
    }
    (out + rest, blocks)
}

fn check(file: &str, blocks: usize) {
    let path = root().join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    let (right, found) = written(&text);
    assert_eq!(found, blocks, "blocks in {file}");
    if std::env::var_os("WRITE_DOCS").is_some() {
        std::fs::write(&path, &right).unwrap();
    } else {
        assert!(right == text, "{file} is out of date: run make docs");
    }
}

#[test]
fn the_tables_of_schemes_are_those_of_the_presets() {
    check("docs/SCHEMES.md", 10);
}

#[test]
fn the_tables_of_keys_are_those_that_the_parser_is_tested_by() {
    check("docs/CONFIGURATION.md", 2);
}

#[test]
fn the_table_of_exit_codes_is_that_which_the_program_is_tested_by() {
    check("docs/OPERATION.md", 1);
}

#[test]
fn the_readmes_provider_table_is_that_of_the_presets() {
    check("README.md", 1);
}

#[test]
fn a_block_is_written_anew_and_nothing_beside_it() {
    let text = "before\n<!-- generated: providers -->\nold\n<!-- end -->\nafter\n";
    let (right, blocks) = written(text);
    assert!(
        right.starts_with("before\n<!-- generated: providers -->\n| scheme |")
            && right.ends_with("|\n<!-- end -->\nafter\n")
    );
    assert_eq!((blocks, written(&right).0 == right), (1, true));
}

/// The sections of docs/FAILURES.md: their titles and what stands in them.
fn failures(text: &str) -> Vec<(&str, &str)> {
    let sections = text.split("\n### ").skip(1).map(|section| section.split_once('\n').unwrap());
    sections.map(|(title, rest)| (title, rest.split("\n## ").next().unwrap())).collect()
}

/// The tests that a section says it is held by, as `(file, function)`.
fn holders<'a>(title: &str, section: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut held = section.lines().filter_map(|line| line.strip_prefix("Held by "));
    let line = held.next().unwrap_or_else(|| panic!("no test holds: {title}"));
    assert_eq!(held.next(), None, "{title}");
    let files = line.strip_suffix(").").unwrap_or_else(|| panic!("does not end: {line}")).split("); ");
    let named = files.flat_map(|part| {
        let (names, file) = part.split_once(" in [").unwrap_or_else(|| panic!("no file: {part}"));
        let (file, link) = file.split_once("](../").unwrap_or_else(|| panic!("no link: {part}"));
        assert_eq!(file, link, "{title}");
        names.split(", ").map(move |name| {
            let name = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
            (file, name.unwrap_or_else(|| panic!("no name: {part}")))
        })
    });
    named.collect()
}

/// Whether `source` has a function of this name that is run as a test.
fn has_test(source: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    let mut above = source.split('\n').take_while(|line| !line.trim_start().starts_with(&function)).collect::<Vec<_>>();
    let found = above.len() < source.split('\n').count();
    above.reverse();
    found
        && above
            .iter()
            .take_while(|line| line.trim_start().starts_with(['#', '/']))
            .any(|line| line.trim() == "#[test]")
}

/// What is timed is no test of cargo's: `make timing` runs it.
const TIMED: (&str, &str) = ("benches/timing/src/main.rs", "compare");

#[test]
fn every_failure_has_a_source_and_a_test_that_is_there() {
    let text = std::fs::read_to_string(root().join("docs/FAILURES.md")).unwrap();
    let failures = failures(&text);
    assert!(failures.len() >= 25, "{}", failures.len());
    for (title, section) in failures {
        assert!(section.contains("](https://") || section.contains("Measured here"), "no source: {title}");
        for (file, name) in holders(title, section) {
            let source = std::fs::read_to_string(root().join(file)).unwrap_or_else(|why| panic!("{file}: {why}"));
            let there = if (file, name) == TIMED { source.contains("fn compare(") } else { has_test(&source, name) };
            assert!(there, "{title}: there is no test {name} in {file}");
        }
    }
}

#[test]
fn a_test_is_found_by_its_whole_name_and_its_attribute() {
    let source =
        "#[test]\n/// Why.\nfn it_holds() {}\n\nfn helper() {}\n    #[test]\n    fn within(case in case()) {}\n";
    for (name, there) in [
        ("it_holds", true),
        ("within", true),
        ("helper", false),
        ("it_hold", false),
        ("t_holds", false),
        ("it_holds2", false),
        ("", false),
    ] {
        assert_eq!(has_test(source, name), there, "{name}");
    }
    let section = "\nWhat.\n\nHeld by `a`, `b` in [x.rs](../x.rs); `c` in [y/z.rs](../y/z.rs).\n";
    assert_eq!(holders("", section), [("x.rs", "a"), ("x.rs", "b"), ("y/z.rs", "c")]);
    let text = "# A\n\n### Zero\n## B\n\n### One\n\na\n\n## C\n\n### Two\n\nb\n";
    assert_eq!(failures(text).iter().map(|(title, _)| *title).collect::<Vec<_>>(), ["Zero", "One", "Two"]);
}
