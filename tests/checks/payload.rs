//! JSON and forms, against a parser and a decoder written out from their definitions.

use super::hex_digit;
use super::json_reference::{Flaw, Json, parse, without_white_space};
use hookgate::json::{self, DEPTH_LIMIT, NotJson};
use hookgate::payload::{self, Payload};
use hookgate::verify::PayloadRule;
use hookgate::{Head, Header, Refusal};
use serde_json::Value;

/// How many strings of one body are looked up by their pointers.
const POINTERS: usize = 32;

/// Checks any bytes, as JSON, as a form, and as the body of a delivery.
pub(crate) fn check(data: &[u8]) {
    check_json(data);
    check_form(data);
    check_body(data);
}

/// Checks that `bytes` are JSON exactly where the reference says so, and what is made of them.
pub(crate) fn check_json(bytes: &[u8]) {
    let verdict = json::check(bytes);
    let Ok(text) = std::str::from_utf8(bytes) else {
        check_encoding(bytes, verdict);
        return;
    };
    // Of text that is not JSON too, whatever may be written.
    let compact = written(json::write_compact, text);
    let pretty = written(json::write_pretty, text);
    check_string(text);
    match (parse(text, DEPTH_LIMIT), verdict) {
        (Ok(tree), Ok(checked)) => {
            assert_eq!(checked, text);
            let read = json::read(bytes).expect("it was checked");
            assert_eq!((read.as_str(), written(|_, out| read.write_compact(out), text)), (text, compact.clone()));
            check_rewriting(text, &tree, &compact, &pretty);
            check_pointers(text, &tree);
            check_serde(text, &tree, &compact, &pretty);
        }
        (Err(Flaw::Depth), Err(refusal)) => assert_eq!(refusal, NotJson::Depth { limit: DEPTH_LIMIT }, "{text:?}"),
        // Where something else is wrong before the depth is reached, either may be named.
        (Err(Flaw::Grammar), Err(NotJson::Depth { limit })) => {
            let brackets = text.chars().filter(|character| "[{".contains(*character)).count();
            assert!(limit == DEPTH_LIMIT && brackets > DEPTH_LIMIT, "{text:?} is not deep");
        }
        (Err(Flaw::Grammar), Err(NotJson::Grammar { line, column })) => {
            let lines: Vec<&str> = text.split('\n').collect();
            assert!((1..=lines.len()).contains(&line), "line {line} of {text:?}");
            let width = lines.get(line - 1).map_or(0, |line| line.len());
            assert!(column <= width + 1, "column {column} of line {line} of {text:?}");
        }
        (expected, verdict) => panic!("{text:?} should be {expected:?}, is {verdict:?}"),
    }
    if serde_json::from_str::<Value>(text).is_ok() {
        assert_eq!(verdict, Ok(text), "serde_json reads what is refused");
    }
}

fn written(write: impl Fn(&str, &mut Vec<u8>), text: &str) -> String {
    let mut out = b"before ".to_vec();
    write(text, &mut out);
    let out = String::from_utf8(out).expect("what is written of UTF-8 is UTF-8");
    out.strip_prefix("before ").expect("writing appends").to_string()
}

/// The refusal of what is not UTF-8 names the end of the longest prefix that is.
fn check_encoding(bytes: &[u8], verdict: Result<&str, NotJson>) {
    let Err(NotJson::Encoding { at }) = verdict else { panic!("{:?} is {verdict:?}", bytes.escape_ascii()) };
    let is_text = |end: usize| bytes.get(..end).is_some_and(|prefix| std::str::from_utf8(prefix).is_ok());
    assert!(is_text(at) && !(at + 1..=at + 4).any(is_text), "{at} in {:?}", bytes.escape_ascii());
}

/// Any text, written as a JSON string, reads back as itself.
fn check_string(text: &str) {
    let quoted = written(json::write_string, text);
    assert_eq!(parse(&quoted, 0), Ok(Json::String(text.encode_utf16().collect())), "{quoted}");
}

/// Rewriting JSON takes away or adds white space between tokens and does nothing else.
fn check_rewriting(text: &str, tree: &Json, compact: &str, pretty: &str) {
    assert_eq!(compact, without_white_space(text), "{text:?} on one line");
    assert!(!compact.contains(['\n', '\r']), "{compact:?} is one line");
    assert_eq!(parse(compact, DEPTH_LIMIT).as_ref(), Ok(tree), "{text:?} on one line");
    assert_eq!(written(json::write_compact, compact), compact, "{text:?} on one line, twice");
    assert_eq!(without_white_space(pretty), compact, "{text:?} indented");
    assert_eq!(parse(pretty, DEPTH_LIMIT).as_ref(), Ok(tree), "{text:?} indented");
    assert_eq!(written(json::write_pretty, pretty), pretty, "{text:?} indented, twice");
    assert_eq!(written(json::write_compact, pretty), compact, "{text:?} indented, then on one line");
    assert_eq!(json::check(compact.as_bytes()), Ok(compact));
    assert_eq!(json::check(pretty.as_bytes()), Ok(pretty));
}

/// Every member of every object of objects is found by its pointer, if it is a string.
fn check_pointers(text: &str, tree: &Json) {
    let mut members = Vec::new();
    collect_members(tree, String::new(), &mut members);
    for (pointer, json) in members {
        let expected = match json {
            Json::String(units) => String::from_utf16(units).ok(),
            _ => None,
        };
        assert_eq!(json::string_at(text, &pointer), expected, "{pointer:?} in {text:?}");
        let missing = format!("{pointer}/no such member");
        assert_eq!(json::string_at(text, &missing).is_some(), names_it(json), "{missing:?} in {text:?}");
    }
}

fn names_it(json: &Json) -> bool {
    let Json::Object(members) = json else { return false };
    let name: Vec<u16> = "no such member".encode_utf16().collect();
    let last = members.iter().rfind(|(known, _)| *known == name);
    last.is_some_and(|(_, json)| matches!(json, Json::String(units) if String::from_utf16(units).is_ok()))
}

/// The members of `json`, if it is an object whose names are all Unicode, with their pointers (RFC 6901), and theirs. Of
/// repeated names the last.
fn collect_members<'j>(json: &'j Json, pointer: String, found: &mut Vec<(String, &'j Json)>) {
    let Json::Object(members) = json else { return };
    let names: Option<Vec<String>> = members.iter().map(|(name, _)| String::from_utf16(name).ok()).collect();
    let Some(names) = names else { return };
    for name in &names {
        if found.len() == POINTERS {
            return;
        }
        let last = names.iter().zip(members).rfind(|(known, _)| *known == name);
        let (_, (_, member)) = last.expect("it is one of them");
        let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
        if !found.iter().any(|(known, _)| *known == pointer) {
            found.push((pointer.clone(), member));
            collect_members(member, pointer, found);
        }
    }
}

/// What `serde_json::Value` makes of accepted JSON: it refuses lone surrogates and numbers that no `f64` holds, and nothing
/// else. Where it loses nothing, its own rewriting and its own pointers are ours.
fn check_serde(text: &str, tree: &Json, compact: &str, pretty: &str) {
    // An object with this member is something else to serde_json.
    if text.contains("$serde_json") || text.contains("\\u") && has_name(tree, "$serde_json::private::RawValue") {
        return;
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        assert!(is_beyond_serde(tree), "serde_json refuses {text:?}");
        return;
    };
    assert!(!has_lone_surrogate(tree), "serde_json reads a lone surrogate in {text:?}");
    let rewritten = value.to_string();
    if rewritten == compact {
        assert_eq!(format!("{value:#}"), pretty);
    }
    let mut members = Vec::new();
    collect_members(tree, String::new(), &mut members);
    for (pointer, _) in members {
        let expected = value.pointer(&pointer).and_then(Value::as_str);
        assert_eq!(json::string_at(text, &pointer).as_deref(), expected, "{pointer:?} in {text:?}");
    }
}

fn any_node(json: &Json, holds: &impl Fn(&Json) -> bool) -> bool {
    holds(json)
        || match json {
            Json::Array(items) => items.iter().any(|item| any_node(item, holds)),
            Json::Object(members) => members.iter().any(|(_, member)| any_node(member, holds)),
            Json::Atom(_) | Json::String(_) => false,
        }
}

fn has_name(json: &Json, name: &str) -> bool {
    let name: Vec<u16> = name.encode_utf16().collect();
    any_node(json, &|node| matches!(node, Json::Object(members) if members.iter().any(|(known, _)| *known == name)))
}

fn has_lone_surrogate(json: &Json) -> bool {
    any_node(json, &|node| match node {
        Json::String(units) => String::from_utf16(units).is_err(),
        Json::Object(members) => members.iter().any(|(name, _)| String::from_utf16(name).is_err()),
        Json::Atom(_) | Json::Array(_) => false,
    })
}

fn is_beyond_serde(json: &Json) -> bool {
    let is_infinite = |atom: &String| atom.parse::<f64>().is_ok_and(f64::is_infinite);
    has_lone_surrogate(json) || any_node(json, &|node| matches!(node, Json::Atom(atom) if is_infinite(atom)))
}

/// Checks that every field of `form` reads as the reference reads it, and so does one that most forms don't have.
pub(crate) fn check_form(form: &[u8]) {
    let mut names: Vec<String> = ["payload", "a"].map(String::from).into();
    let decoded = form.split(|byte| *byte == b'&').filter_map(|pair| decoded(pair.split(|byte| *byte == b'=').next()?));
    names.extend(decoded.filter_map(|name| String::from_utf8(name).ok()).filter(|name| !name.is_empty()).take(8));
    for name in names {
        let expected = field(form, name.as_bytes());
        assert_eq!(payload::form_field(form, &name), expected, "{name:?} in {:?}", form.escape_ascii());
    }
}

/// The value of the one field of this name, if all names of `form` and that value are escaped well.
fn field(form: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut values = Vec::new();
    for pair in form.split(|byte| *byte == b'&') {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let known = decoded(halves.next().unwrap_or_default())?;
        if known == name {
            values.push(decoded(halves.next().unwrap_or_default()));
        }
    }
    if values.len() == 1 { values.remove(0) } else { None }
}

/// The bytes that `encoded` stands for: `+` is a space, `%` and two hex digits are a byte, the rest is itself.
fn decoded(encoded: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = encoded.iter();
    let mut decoded = Vec::new();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => hex_digit(*bytes.next()?)? * 16 + hex_digit(*bytes.next()?)?,
            byte => *byte,
        });
    }
    Some(decoded)
}

/// Checks what GitHub's payload rule makes of `body` under each Content-Type.
pub(crate) fn check_body(body: &[u8]) {
    let rule = PayloadRule::JsonOrFormField("payload".to_string());
    let read = |content_type: &[u8]| {
        let headers = [Header { name: "Content-Type", value: content_type }];
        payload::read(&rule, &Head { method: "POST", target: "/", headers: &headers }, body).map(owned)
    };
    let json = |bytes: &[u8]| match json::check(bytes) {
        Ok(text) => Ok(Some(text.to_string())),
        Err(not_json) => Err(Refusal::InvalidJson(not_json)),
    };
    let (from_json, from_form) = match body {
        b"" => (Err(Refusal::EmptyBody), Err(Refusal::EmptyBody)),
        _ => (json(body), field(body, b"payload").ok_or(Refusal::InvalidForm).and_then(|value| json(&value))),
    };
    for content_type in ["", "application/json", "application/x-www-form-urlencoded-2", "text/plain; charset=utf-8"] {
        assert_eq!(read(content_type.as_bytes()), from_json, "{content_type}");
    }
    // What begins with a bracket is JSON or nothing.
    let begins = body.iter().find(|byte| !b" \t\n\r\x0c".contains(byte));
    let from_form = if matches!(begins, Some(b'{' | b'[')) { from_json } else { from_form };
    for content_type in ["application/x-www-form-urlencoded", " Application/X-WWW-Form-URLEncoded\t; charset=utf-8"] {
        assert_eq!(read(content_type.as_bytes()), from_form, "{content_type}");
    }
}

fn owned(payload: Payload<'_>) -> Option<String> {
    payload.json().map(str::to_string)
}
