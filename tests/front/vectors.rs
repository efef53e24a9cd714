//! Every vector of every provider against a running receiver: what is valid is answered 2xx and is an event, what is not is
//! refused by its own name. The receiver's clock is real: what is bound to a time is signed again for this one, with the
//! vector's own mistake in it.

#[path = "vectors/jwt.rs"]
mod jwt;

use crate::support::client::{Answer, Nothing};
use crate::support::receiver::{Receiver, setup};
use crate::support::request::unsigned;
use hookgate::verify::{
    Algorithm, Coverage, Encoding, Grammar, PayloadRule, ReplayRule, Signer, TimeUnit, TimestampPlace,
};
use hookgate::{Head, Header, Refusal, Request, Scheme, Secret, UnixTime, Verifier, preset};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Folders whose files are no providers' signatures.
const OTHERS: [&str; 6] = ["hmac", "json", "json-test-suite", "requests", "rfc8032", "wycheproof"];

/// One file.
struct Vector {
    path: PathBuf,
    scheme: Scheme,
    secrets: Vec<String>,
    /// What signs again: the secrets, but where those are public keys.
    signing: Vec<String>,
    /// In milliseconds since 1970; as in `tests/vectors.rs` where the file says nothing.
    now_ms: i64,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    method: String,
    url: Option<String>,
    expect: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_string)
}

impl Vector {
    fn read(path: PathBuf, folder: &str) -> Self {
        let vector: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let name = text(&vector["scheme"]).unwrap_or_else(|| folder.to_string());
        let mut scheme = match name.ends_with(".toml") {
            true => Scheme::from_toml(&std::fs::read_to_string(root().join(name)).unwrap()).unwrap(),
            false => preset(&name).unwrap(),
        };
        if let Some(algorithm) = vector["algorithm"].as_str() {
            scheme.algorithm = Algorithm::ALL.iter().find(|(known, _)| *known == algorithm).unwrap().1;
        }
        if vector.get("encoding").is_some() {
            scheme.encoding = Encoding::Base64;
        }
        if let Some(s) = vector["tolerance_s"].as_u64() {
            scheme = scheme.with_tolerance_s(s);
        }
        let header = |pair: &Value| (text(&pair[0]).unwrap(), text(&pair[1]).unwrap());
        let texts = |key: &str| Some(vector[key].as_array()?.iter().map(|secret| text(secret).unwrap()).collect());
        Vector {
            secrets: texts("secrets").unwrap(),
            signing: texts("private_keys").or_else(|| texts("secrets")).unwrap(),
            now_ms: vector["now"].as_i64().unwrap_or(1_700_000_000) * 1000,
            headers: vector["headers"].as_array().unwrap().iter().map(header).collect(),
            body: match vector["body"].as_str() {
                Some(body) => body.as_bytes().to_vec(),
                None => hex::decode(vector["body_hex"].as_str().unwrap()).unwrap(),
            },
            method: text(&vector["method"]).unwrap_or_else(|| "POST".to_string()),
            url: text(&vector["url"]),
            expect: text(&vector["expect"]).unwrap(),
            path,
            scheme,
        }
    }

    /// Where it is posted to, without its query.
    fn base_url(&self) -> Option<&str> {
        self.url.as_deref().map(|url| url.split('?').next().unwrap())
    }

    /// Path and query.
    fn target(&self) -> String {
        let Some(url) = &self.url else { return "/webhook".to_string() };
        let after = url.split_once("://").unwrap().1;
        after.find('/').map_or_else(|| "/".to_string(), |at| after[at..].to_string())
    }

    /// A receiver with its scheme and its secrets, whose payload rule is `payload`.
    fn receiver(&self, payload: &PayloadRule) -> Receiver {
        self.setup(payload).start()
    }

    fn setup(&self, payload: &PayloadRule) -> crate::support::receiver::Setup {
        let scheme = Scheme { payload: payload.clone(), ..self.scheme.clone() };
        let path = self.target().split('?').next().unwrap().to_string();
        let mut setup = setup().secret(None).path(&path);
        setup = match preset(&scheme.name).is_some_and(|preset| preset == scheme) {
            true => setup.arguments(&["--scheme", &scheme.name]),
            false => {
                setup.file("scheme.toml", scheme.to_toml().as_bytes()).arguments(&["--scheme-file", "scheme.toml"])
            }
        };
        for (at, secret) in self.secrets.iter().enumerate() {
            let file = format!("secret-{at}");
            setup = setup.file(&file, secret.as_bytes()).arguments(&["--secret-file-raw", &file]);
        }
        if scheme.coverage() == Coverage::Nothing {
            setup = setup.arguments(&["--accept-uncovered-body"]);
        }
        match self.base_url() {
            Some(url) => setup.arguments(&["--url", url]),
            None => setup,
        }
    }

    /// Whether its body is what its scheme's payload rule asks for, so that a signature is all that it takes.
    fn has_payload(&self) -> bool {
        let is_json = serde_json::from_slice::<Value>(&self.body).is_ok();
        match self.scheme.payload {
            PayloadRule::MayBeEmpty => true,
            PayloadRule::JsonOrEmpty => is_json || self.body.is_empty(),
            PayloadRule::Any => !self.body.is_empty(),
            _ => is_json || self.is_form(),
        }
    }

    /// Whether it is a form of a scheme that takes forms: those have a Content-Type, which the files leave out.
    fn is_form(&self) -> bool {
        self.scheme.payload == PayloadRule::JsonOrForm && self.body.contains(&b'=') && !self.body.starts_with(b"{")
    }

    /// The value of its header called `name`, of those that it has.
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// Each provider's vectors, those together that one receiver can take.
fn vectors() -> BTreeMap<String, Vec<Vector>> {
    let mut groups: BTreeMap<String, Vec<Vector>> = BTreeMap::new();
    for folder in root().join("tests/vectors").read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let name = folder.file_name().unwrap().to_str().unwrap().to_string();
        if !folder.is_dir() || OTHERS.contains(&name.as_str()) {
            continue;
        }
        for path in folder.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            let vector = Vector::read(path, &name);
            let key = format!("{name} {:?} {:?} {}", vector.secrets, vector.base_url(), vector.scheme.to_toml());
            groups.entry(key).or_default().push(vector);
        }
    }
    groups
}

/// What a signer for `vector` writes at `now_ms` for `body` with its secret number `at`; nothing where it cannot sign it.
fn fields(vector: &Vector, at: usize, body: &[u8], now_ms: i64) -> Option<Vec<(String, String)>> {
    let secret = Secret::new(vector.signing[at].as_bytes().to_vec()).ok()?;
    let id = vector.scheme.signed_id.as_ref().and_then(|name| vector.header(name)).unwrap_or("none");
    let signer = Signer::new(&vector.scheme, &secret).ok()?.with_id(id).with_method(&vector.method);
    signer.with_url(vector.url.as_deref().unwrap_or_default()).sign(body, UnixTime::from_ms(now_ms)).ok()
}

/// The encoded signature in what a signer wrote.
fn encoded<'f>(scheme: &Scheme, fields: &'f [(String, String)]) -> &'f str {
    let value = fields.last().unwrap().1.as_str();
    match &scheme.grammar {
        Grammar::Bare | Grammar::List(_) => value,
        Grammar::Prefix(prefix) => value.strip_prefix(prefix.as_str()).unwrap(),
        Grammar::Pairs { item_separator, key_separator, .. } => {
            value.rsplit(*item_separator).next().unwrap().split_once(*key_separator).unwrap().1
        }
    }
}

/// The moment that `text` says, in milliseconds since 1970.
fn moment_ms(unit: TimeUnit, text: &str) -> Option<i64> {
    match unit {
        TimeUnit::Seconds => text.parse::<i64>().ok()?.checked_mul(1000),
        TimeUnit::Milliseconds => text.parse().ok(),
        TimeUnit::Rfc3339 => {
            let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
            let offset_s = match text.get(text.len().checked_sub(6)?..)?.split_once(':') {
                Some((hours, minutes)) if hours.starts_with(['+', '-']) => {
                    let minutes = minutes.parse::<i64>().ok()? * if hours.starts_with('-') { -60 } else { 60 };
                    hours.parse::<i64>().ok()? * 3600 + minutes
                }
                _ => 0,
            };
            let (year, month) = (number(0, 4)?, number(5, 7)?);
            // Months from March on, so that the leap day is a year's last.
            let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
            let days =
                365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + number(8, 10)? - 719_469;
            let s = days * 86_400 + number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)? - offset_s;
            Some(s * 1000)
        }
    }
}

/// Whether the signature of `vector` is right for the time that it says.
fn is_rightly_signed(vector: &Vector) -> bool {
    let secrets = vector.secrets.iter().map(|secret| (String::new(), Secret::new(secret.as_bytes().to_vec()).unwrap()));
    let scheme = vector.scheme.clone().ignoring_age();
    let verifier = Verifier::accepting_uncovered_body(scheme, secrets, vector.base_url()).unwrap();
    let headers: Vec<_> = vector.headers.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    let head = Head { method: &vector.method, target: &vector.target(), headers: &headers };
    verifier.verify(&Request { head, body: &vector.body }, UnixTime::from_ms(vector.now_ms)).is_ok()
}

/// What says when `vector` was signed, as it is written there.
fn signed_at(vector: &Vector, place: &TimestampPlace) -> Option<String> {
    match place {
        TimestampPlace::Header(name) => vector.header(name).map(str::to_string),
        TimestampPlace::Field(key) => {
            let Grammar::Pairs { item_separator, key_separator, .. } = vector.scheme.grammar else {
                panic!("{} has no pairs", vector.scheme.name)
            };
            let value = vector.header(&vector.scheme.signature_headers[0])?;
            let mut pairs = value.split(item_separator).filter_map(|item| item.trim().split_once(key_separator));
            pairs.find(|(known, _)| known == key).map(|(_, value)| value.to_string())
        }
        TimestampPlace::Json(pointer) => {
            let json: Value = serde_json::from_slice(&vector.body).ok()?;
            json.pointer(pointer).map(Value::to_string)
        }
    }
}

/// The headers and the body of `vector` as they would be had it been made `shift_ms` later: its time is another, and so is each
/// signature that was right. What was wrong in it still is.
fn shifted(vector: &Vector, shift_ms: i64) -> (Vec<(String, String)>, Vec<u8>) {
    let (mut headers, mut body) = (vector.headers.clone(), vector.body.clone());
    if vector.scheme.signs_token() {
        for (_, value) in &mut headers {
            *value = jwt::shifted(value, vector.secrets[0].as_bytes(), shift_ms / 1000);
        }
        return (headers, body);
    }
    if vector.scheme.signature_in_body.is_some() {
        return (headers, shifted_body(vector, shift_ms));
    }
    let Some(rule) = &vector.scheme.timestamp else { return (headers, body) };
    if rule.past_s.is_none() && rule.future_s.is_none() {
        return (headers, body);
    }
    let Some(written) = signed_at(vector, &rule.place) else { return (headers, body) };
    let Some(old_ms) = moment_ms(rule.unit, &written) else { return (headers, body) };
    let new_ms = old_ms + shift_ms;
    let new = match rule.unit {
        TimeUnit::Seconds => (new_ms / 1000).to_string(),
        TimeUnit::Milliseconds => new_ms.to_string(),
        TimeUnit::Rfc3339 => {
            let fields = fields(vector, 0, &body, new_ms).unwrap();
            fields.into_iter().rev().nth(1).unwrap().1
        }
    };
    if matches!(rule.place, TimestampPlace::Json(_)) {
        body = String::from_utf8(body).unwrap().replace(&written, &new).into_bytes();
    }
    let mut is_signed_again = false;
    for at in 0..vector.signing.len() {
        let was = fields(vector, at, &vector.body, old_ms);
        let Some((was, is)) = was.zip(fields(vector, at, &body, new_ms)) else { continue };
        let (was, is) = (encoded(&vector.scheme, &was), encoded(&vector.scheme, &is));
        for (_, value) in &mut headers {
            is_signed_again |= value.contains(was);
            *value = value.replace(was, is);
        }
    }
    if is_rightly_signed(vector) && !is_signed_again {
        // Its time is written in another way than our signer's: all that is signed is made anew.
        let fields = fields(vector, 0, &body, new_ms).unwrap();
        let is_signature = |name: &str| vector.scheme.signature_headers.iter().any(|it| it.eq_ignore_ascii_case(name));
        headers
            .retain(|(name, _)| !is_signature(name) && !fields.iter().any(|(new, _)| new.eq_ignore_ascii_case(name)));
        headers.extend(fields);
    } else {
        for (name, value) in &mut headers {
            match (&rule.place, &vector.scheme.grammar) {
                (TimestampPlace::Header(place), _) if name.eq_ignore_ascii_case(place) => *value = new.clone(),
                (TimestampPlace::Field(key), Grammar::Pairs { key_separator, .. }) => {
                    let item = |written: &str| format!("{key}{key_separator}{written}");
                    *value = value.replacen(&item(&written), &item(&new), 1);
                }
                _ => {}
            }
        }
    }
    (headers, body)
}

/// The body of `vector` as it would be had it been made `shift_ms` later, where the signature stands in it.
fn shifted_body(vector: &Vector, shift_ms: i64) -> Vec<u8> {
    let Some(TimestampPlace::Json(pointer)) = vector.scheme.timestamp.as_ref().map(|rule| &rule.place) else {
        return vector.body.clone();
    };
    let json: Value = serde_json::from_slice(&vector.body).unwrap();
    let Some(written) = json.pointer(pointer).and_then(Value::as_str) else { return vector.body.clone() };
    let (old_ms, body) =
        (moment_ms(TimeUnit::Seconds, written).unwrap(), String::from_utf8(vector.body.clone()).unwrap());
    if !is_rightly_signed(vector) {
        return body.replace(written, &((old_ms + shift_ms) / 1000).to_string()).into_bytes();
    }
    let ReplayRule::Json(id) = &vector.scheme.replay_key else { panic!("{} signs a time alone", vector.scheme.name) };
    let secret = Secret::new(vector.secrets[0].as_bytes().to_vec()).unwrap();
    let signer = Signer::new(&vector.scheme, &secret).unwrap().with_id(json.pointer(id).unwrap().as_str().unwrap());
    signer.deliver(body.as_bytes(), UnixTime::from_ms(old_ms + shift_ms)).unwrap().1
}

/// The status and the detail that a refusal of this name is answered with.
fn answer_to(expect: &str) -> (u16, &'static str) {
    let refusals = [
        Refusal::EmptyBody,
        Refusal::MissingSignature,
        Refusal::RepeatedSignature,
        Refusal::UnsupportedScheme,
        Refusal::TooManySignatures { limit: 0 },
        Refusal::MissingTimestamp,
        Refusal::MalformedTimestamp,
        Refusal::MissingId,
        Refusal::MalformedId,
        Refusal::UnsupportedAlgorithm,
        Refusal::MalformedSignature,
        Refusal::SignatureMismatch,
        Refusal::Stale { age_s: 0, limit_s: 0 },
        Refusal::FromTheFuture { ahead_s: 0, limit_s: 0 },
    ];
    let name = |text: &str| text.split(' ').next().unwrap().to_string();
    let found = refusals.iter().find(|refusal| name(&format!("{refusal:?}")) == name(expect));
    found.unwrap_or_else(|| panic!("no refusal {expect}")).answer()
}

/// The answer to `vector`, made for now; nothing where the front ends the connection without one.
fn send(receiver: &Receiver, vector: &Vector) -> Option<Answer> {
    let shift_ms = UnixTime::now().as_ms() / 1000 * 1000 - vector.now_ms;
    let (headers, body) = shifted(vector, shift_ms);
    let mut post = unsigned(body).by(&vector.method).to(&vector.target());
    if vector.is_form() {
        post = post.header("Content-Type", "application/x-www-form-urlencoded");
    }
    let post = headers.iter().fold(post, |post, (name, value)| post.header(name, value));
    let mut client = receiver.connect();
    client.write(&post.bytes());
    client.end();
    match client.try_answer() {
        Ok(answer) => Some(answer),
        Err(Nothing::Closed) => None,
        Err(nothing) => panic!("{nothing:?} to {}", vector.path.display()),
    }
}

/// Checks the answer to a vector that is refused. What no field's value can be (RFC 9110 §5.5) is refused before it is one.
fn check_refused(vector: &Vector, answer: Option<Answer>) {
    let is_printable = |value: &str| value.bytes().all(|byte| byte == b' ' || byte == b'\t' || byte.is_ascii_graphic());
    let printable = vector.headers.iter().all(|(_, value)| is_printable(value));
    let what = vector.path.display();
    match answer {
        None => assert!(!printable && !crate::KEEPS_CONNECTIONS, "no answer to {what}"),
        Some(answer) if !printable => assert_eq!(answer.status, 400, "{what}: {}", answer.text()),
        Some(answer) => {
            // Where there is no body, none is hashed.
            let is_empty = vector.body.is_empty() && !vector.scheme.payload.takes_nothing();
            let is_of_mac =
                ["SignatureMismatch", "Stale", "FromTheFuture"].iter().any(|it| vector.expect.starts_with(it));
            let expect = if is_empty && is_of_mac { "EmptyBody" } else { &vector.expect };
            eprintln!("{what}");
            answer.expect_refusal(answer_to(expect).0, answer_to(expect).1);
        }
    }
}

#[test]
fn every_valid_vector_is_answered_2xx_and_every_invalid_one_4xx() {
    let (mut valid, mut invalid, mut unusable) = (0, 0, 0);
    for group in vectors().into_values() {
        let first = &group[0];
        if first.expect == "EmptySecret" {
            assert!(group.iter().all(|vector| vector.expect == first.expect));
            first.setup(&first.scheme.payload).fail().expect_misconfigured(&first.path.display().to_string());
            unusable += group.len();
            continue;
        }
        let mut receiver = first.receiver(&first.scheme.payload);
        // The same whatever the body is: some vectors' is nothing that the provider would send. A plain hash never goes so far.
        let is_plain_hash = first.scheme.algorithm == Algorithm::Sha256;
        let any = match first.scheme.signature_in_body {
            Some(_) => PayloadRule::Json,
            None if is_plain_hash => PayloadRule::JsonOrEmpty,
            None => PayloadRule::MayBeEmpty,
        };
        let mut lenient = first.receiver(&any);
        for vector in &group {
            let answer = send(&receiver, vector);
            if vector.expect != "Verified" {
                check_refused(vector, answer);
                invalid += 1;
                continue;
            }
            valid += 1;
            let answer = answer.unwrap_or_else(|| panic!("no answer to {}", vector.path.display()));
            let what = format!("{}: {}", vector.path.display(), answer.text());
            if vector.has_payload() {
                assert_eq!(answer.status / 100, 2, "{what}");
                receiver.next_event();
                continue;
            }
            assert_eq!(answer.status, 400, "{what}");
            assert!(
                what.contains("Missing signature header or payload") || what.contains("Invalid JSON payload"),
                "{what}"
            );
            if is_plain_hash && !vector.body.is_empty() {
                continue;
            }
            let answer = send(&lenient, vector).unwrap();
            assert_eq!(answer.status / 100, 2, "{}: {}", vector.path.display(), answer.text());
            lenient.next_event();
        }
        // None of what was refused is an event.
        for receiver in [&mut receiver, &mut lenient] {
            let events = receiver.kill();
            assert!(events.is_empty(), "{events:?} beside {}", first.path.display());
        }
    }
    eprintln!("{valid} valid, {invalid} invalid, {unusable} with an unusable secret");
    assert!(valid + invalid + unusable > 240 && valid > 100 && invalid > 100, "{valid}, {invalid}, {unusable}");
}
