//! `/metrics`, read as strictly as Prometheus' text format can be (Prometheus Docs, "Exposition formats", text-based format), and what a
//! stranger can make of it: nothing.

use crate::support::client::Client;
use crate::support::receiver::{Receiver, setup};
use crate::support::request::{signed, signed_with, unsigned};
use crate::support::unique;
use crate::{get, until};
use std::collections::{BTreeMap, BTreeSet};

/// One family of numbers.
#[derive(Debug)]
struct Family {
    name: String,
    kind: String,
    /// By name and labels.
    samples: BTreeMap<(String, Vec<(String, String)>), f64>,
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '_')
}

/// The labels of a sample, and what follows them.
fn labels(text: &str) -> (Vec<(String, String)>, &str) {
    let Some(mut rest) = text.strip_prefix('{') else { return (Vec::new(), text) };
    let mut labels = Vec::new();
    loop {
        let (name, value) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {rest}"));
        assert!(is_name(name), "{name}");
        let (mut kept, mut characters) = (String::new(), value.char_indices());
        let end = loop {
            match characters.next().unwrap_or_else(|| panic!("no end: {value}")) {
                (_, '\\') => kept.push(match characters.next().unwrap().1 {
                    'n' => '\n',
                    other => {
                        assert!("\\\"".contains(other), "escaped: {other}");
                        other
                    }
                }),
                (end, '"') => break end,
                (_, other) => kept.push(other),
            }
        };
        labels.push((name.to_string(), kept));
        rest = &value[end + 1..];
        match rest.strip_prefix(',') {
            Some(more) => rest = more,
            None => return (labels, rest.strip_prefix('}').unwrap_or_else(|| panic!("no end: {rest}"))),
        }
    }
}

/// The families in `text`; it has to be of the format to its last byte.
fn read(text: &str) -> Vec<Family> {
    assert!(text.ends_with('\n') && !text.contains('\r') && !text.contains("\n\n"));
    let mut families: Vec<Family> = Vec::new();
    let mut helped = BTreeSet::new();
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, words) = help.split_once(' ').unwrap();
            assert!(is_name(name) && !words.trim().is_empty(), "{line}");
            assert!(helped.insert(name), "twice: {line}");
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(helped.contains(name) && families.iter().all(|family| family.name != name), "{line}");
            families.push(Family { name: name.to_string(), kind: kind.to_string(), samples: BTreeMap::new() });
        } else {
            let name = line.split(['{', ' ']).next().unwrap();
            let (labels, rest) = labels(&line[name.len()..]);
            let value = rest.strip_prefix(' ').unwrap_or_else(|| panic!("no value: {line}"));
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("no number: {line}"));
            // Those of a family stand together, after what it is.
            let family = families.last_mut().unwrap();
            let end = name.strip_prefix(family.name.as_str()).unwrap_or_else(|| panic!("of {}: {line}", family.name));
            let ends: &[&str] = if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            assert!(ends.contains(&end), "{line}");
            assert!(family.samples.insert((name.to_string(), labels), value).is_none(), "twice: {line}");
        }
    }
    families.iter().for_each(check);
    families
}

/// What its type asks of a family.
fn check(family: &Family) {
    let Family { name, kind, samples } = family;
    assert!(name.starts_with("hookgate_"), "{name}");
    assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
    for ((sample, labels), value) in samples {
        let names: BTreeSet<_> = labels.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), labels.len(), "{sample} {labels:?}");
        assert!(kind == "gauge" || *value >= 0.0, "{sample} {value}");
    }
    if kind != "histogram" {
        return;
    }
    let of = |end: &'static str| samples.iter().filter(move |((sample, _), _)| sample == &format!("{name}{end}"));
    let (mut buckets, count): (Vec<(f64, f64)>, f64) = (
        of("_bucket")
            .map(|((_, labels), value)| (labels[0].1.replace("+Inf", "inf").parse().unwrap(), *value))
            .collect(),
        *of("_count").next().unwrap().1,
    );
    assert!(of("_sum").count() == 1 && of("_count").count() == 1);
    buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
    assert_eq!(buckets.last(), Some(&(f64::INFINITY, count)), "{name}");
    assert!(buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1), "{name}: {buckets:?}");
}

fn numbers(receiver: &Receiver) -> Vec<Family> {
    read(&String::from_utf8(get(receiver, "/metrics").body).unwrap())
}

/// All that there is, without the values.
fn series(receiver: &Receiver) -> BTreeSet<(String, Vec<(String, String)>)> {
    numbers(receiver).into_iter().flat_map(|family| family.samples.into_keys()).collect()
}

/// A receiver of two sources with two sinks.
fn start() -> Receiver {
    let source = |name: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\npath = \"/{name}\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n"
        )
    };
    setup()
        .config(&format!(
            "listen = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n{}{}[[sink]]\nname = \"out\"\ntype = \"stdout\"\n\
             [[sink]]\nname = \"lines\"\ntype = \"file\"\npath = \"lines\"\n",
            source("a.b"),
            source("c_d-e"),
        ))
        .start()
}

#[test]
fn it_is_of_the_format_from_the_first_byte_to_the_last_and_every_family_has_something_to_say() {
    let receiver = start();
    receiver.accept(&signed("{}").to("/a.b"));
    receiver.send(&unsigned("{}").to("/c_d-e"));
    until(&receiver, |numbers| {
        numbers.has("hookgate_sink_last_success_timestamp_seconds{sink=\"lines\",kind=\"file\"}")
    });
    for family in numbers(&receiver) {
        assert!(!family.samples.is_empty(), "{family:?}");
    }
}

#[test]
fn a_stranger_makes_no_number_that_was_not_there() {
    let receiver = start();
    let flood = || {
        for _ in 0..20 {
            let number = unique();
            let body = format!("{{\"number\":{number}}}");
            for post in [
                unsigned(&body).to(&format!("/path-{number}")),
                unsigned(&body).to(&format!("/a.b?query-{number}")),
                unsigned(&body).to("/a.b").by(&format!("METHOD{number}")),
                unsigned(&body).to("/a.b").header("X-GitHub-Event", format!("type-{number}")),
                unsigned(&body).to("/a.b").header("Host", format!("host-{number}")),
                signed_with(&format!("some other secret {number}"), &body).to("/c_d-e"),
                // Who holds the secret makes none by what he sends.
                signed(&body).to("/a.b").header("X-GitHub-Event", format!("type-{number}")),
            ] {
                receiver.send(&post);
            }
            let mut client = Client::connect(crate::admin_of(&receiver));
            client.write(format!("GET /path-{number} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes());
            assert_eq!(client.answer().status, 404);
        }
        until(&receiver, |numbers| {
            numbers.at("hookgate_connections") == 0.0
                && numbers.has("hookgate_sink_last_success_timestamp_seconds{sink=\"lines\",kind=\"file\"}")
                && numbers.has("hookgate_sink_last_success_timestamp_seconds{sink=\"out\",kind=\"stdout\"}")
        });
        series(&receiver)
    };
    let first = flood();
    assert_eq!(flood(), first);
    assert!(first.len() < 200, "{first:#?}");
    let labels: BTreeSet<_> = first.iter().flat_map(|(_, labels)| labels.iter().map(|(_, value)| value)).collect();
    let is_of_a_stranger =
        |value: &&&String| ["path-", "query-", "METHOD", "type-", "host-"].iter().any(|word| value.contains(word));
    assert_eq!(labels.iter().find(is_of_a_stranger), None);
}
