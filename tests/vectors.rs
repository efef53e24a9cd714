//! The vectors: files under `tests/vectors/`, each named by what is right or wrong in it, each with the verdict it must get.
//! A folder that nothing runs, a key that nothing reads, and a vector more or less than counted are failures.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests say what went wrong by panicking, and at which file"
)]

#[path = "checks/hmac_reference.rs"]
mod hmac_reference;

use hmac_reference::hmac_sha256;
use hookgate::payload::Payload;
use hookgate::verify::{Algorithm, EmptySecret, Encoding, Grammar};
use hookgate::{BODY_LIMIT_BYTES, Delivery, Head, Header, Receiver, Request, Scheme, Secret, UnixTime, Verifier};
use hookgate::{json, preset, sign};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::path::{Path, PathBuf};

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);

/// Each folder of a provider's signatures and how many files of vectors it holds.
const PROVIDERS: [(&str, usize); 38] = [
    ("adnanh-webhook", 15),
    ("adyen", 14),
    ("bitbucket", 17),
    ("box", 8),
    ("circleci", 2),
    ("coinbase-commerce", 2),
    ("convoy", 14),
    ("discord", 14),
    ("dropbox", 2),
    ("figma", 11),
    ("gitea", 13),
    ("github", 84),
    ("gocardless", 2),
    ("gogs", 7),
    ("hook0", 2),
    ("hubspot", 9),
    ("line", 2),
    ("linear", 2),
    ("mailgun", 11),
    ("messagebird", 20),
    ("microsoft-graph", 8),
    ("openai", 6),
    ("paddle", 13),
    ("pagerduty", 3),
    ("pusher", 2),
    ("razorpay", 2),
    ("sendgrid", 10),
    ("shopify", 4),
    ("slack", 5),
    ("square", 6),
    ("standard-webhooks", 27),
    ("stripe", 15),
    ("svix", 11),
    ("telnyx", 6),
    ("token", 59),
    ("twilio", 7),
    ("websub", 1),
    ("zoom", 2),
];

/// Each other folder.
const OTHERS: [(&str, usize); 6] =
    [("hmac", 8), ("json", 26), ("json-test-suite", 311), ("requests", 41), ("rfc8032", 4), ("wycheproof", 4)];

fn folders() -> Vec<(&'static str, usize)> {
    let mut folders = [&PROVIDERS[..], &OTHERS].concat();
    folders.sort_unstable();
    folders
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// The vectors of `folder`, in the order of their names. A README beside them says where they come from.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = root().join(folder).read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.file_name().unwrap() != "README.md");
    paths.sort();
    for path in &paths {
        assert_eq!(path.extension().unwrap(), "json", "{} is no vector", path.display());
    }
    let (_, count) = folders().into_iter().find(|(known, _)| *known == folder).unwrap();
    assert!(count > 0);
    assert_eq!(paths.len(), count, "vectors in {folder}");
    paths
}

/// Runs each vector of `folder`: its verdict has to be the one it expects, to the word, and every key has to be read.
fn run(folder: &str, judge: impl Fn(&mut Vector) -> String) {
    for path in files(folder) {
        println!("{}", path.display());
        let mut vector = Vector::read(&path);
        vector.text("source");
        vector.optional_text("note");
        let expected = vector.fields.get("expect").cloned().map(text).unwrap();
        let verdict = judge(&mut vector);
        vector.text("expect");
        assert_eq!(verdict, expected, "{}", path.display());
        assert!(vector.fields.is_empty(), "{} has keys that nothing reads: {:?}", path.display(), vector.fields);
    }
}

/// The keys of one vector; reading takes them out.
struct Vector {
    path: PathBuf,
    fields: Map<String, Value>,
}

impl Vector {
    fn read(path: &Path) -> Vector {
        match serde_json::from_slice(&std::fs::read(path).unwrap()) {
            Ok(Value::Object(fields)) => Vector { path: path.to_path_buf(), fields },
            other => panic!("{}: {other:?}", path.display()),
        }
    }

    fn take(&mut self, key: &str) -> Value {
        self.fields.remove(key).unwrap_or_else(|| panic!("{} has no {key}", self.path.display()))
    }

    fn text(&mut self, key: &str) -> String {
        text(self.take(key))
    }

    fn optional_text(&mut self, key: &str) -> Option<String> {
        self.fields.remove(key).map(text)
    }

    fn hex(&mut self, key: &str) -> Vec<u8> {
        hex::decode(self.text(key)).unwrap()
    }

    /// What stands under `name` as text, or under `hex_name` where it is none.
    fn bytes(&mut self, name: &str, hex_name: &str) -> Vec<u8> {
        if self.fields.contains_key(hex_name) { self.hex(hex_name) } else { self.text(name).into_bytes() }
    }

    fn list(&mut self, key: &str) -> Vec<Value> {
        let Value::Array(items) = self.take(key) else { panic!("{}: {key} is no list", self.path.display()) };
        items
    }

    fn headers(&mut self) -> Vec<(String, String)> {
        let pairs = self.list("headers").into_iter().map(|pair| {
            let Value::Array(pair) = pair else { panic!("a header is a name and a value") };
            let [name, value] = pair.try_into().unwrap();
            (text(name), text(value))
        });
        pairs.collect()
    }

    fn optional_number(&mut self, key: &str) -> Option<u64> {
        self.fields.remove(key).map(|number| number.as_u64().unwrap())
    }

    /// The vector's secrets, labelled by their place.
    fn secrets(&mut self) -> Result<Vec<(String, Secret)>, EmptySecret> {
        let secrets = self.list("secrets").into_iter().map(|secret| Secret::new(text(secret).into_bytes()));
        let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
        Ok(secrets.into_iter().enumerate().map(|(at, secret)| (at.to_string(), secret)).collect())
    }

    /// A verifier with them.
    fn verifier(&mut self, scheme: Scheme) -> Result<Verifier, EmptySecret> {
        Ok(Verifier::new(scheme, self.secrets()?).unwrap())
    }

    /// The vector's scheme: the preset that it names, or the file; else the one called like its folder.
    fn scheme(&mut self, folder: &str) -> Option<Scheme> {
        let name = self.optional_text("scheme").unwrap_or_else(|| folder.to_string());
        let mut scheme = match name.ends_with(".toml") {
            true => from_file(&name),
            false => preset(&name),
        }?;
        let algorithm = self.optional_text("algorithm");
        if let Some(algorithm) = &algorithm {
            scheme.algorithm = Algorithm::ALL.iter().find(|(known, _)| known == algorithm).unwrap().1;
        }
        match self.optional_text("encoding").as_deref() {
            None => {}
            Some("base64") => scheme.encoding = Encoding::Base64,
            Some(other) => panic!("no encoding {other}"),
        }
        if let Some(tolerance_s) = self.optional_number("tolerance_s") {
            scheme = scheme.with_tolerance_s(tolerance_s);
        }
        Some(scheme)
    }
}

#[cfg(feature = "providers")]
fn from_file(name: &str) -> Option<Scheme> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    Some(Scheme::from_toml(&text).unwrap())
}

#[cfg(not(feature = "providers"))]
fn from_file(_: &str) -> Option<Scheme> {
    None
}

fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => panic!("{other} is no string"),
    }
}

fn borrowed(headers: &[(String, String)]) -> Vec<Header<'_>> {
    headers.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect()
}

fn github() -> Scheme {
    preset("github").unwrap()
}

/// GitHub's scheme with the digits alone for a signature.
fn bare() -> Scheme {
    Scheme { grammar: Grammar::Bare, ..github() }
}

/// `good` or the refusal, as words.
fn said<T, E: Debug>(verdict: Result<T, E>, good: &str) -> String {
    match verdict {
        Ok(_) => good.to_string(),
        Err(refusal) => format!("{refusal:?}"),
    }
}

/// The verdict on a MAC over `message`, as a signature of bare digits and as GitHub's; they have to agree.
fn judge_mac(key: &[u8], message: &[u8], mac: &[u8]) -> String {
    let verdicts =
        [(bare(), hex::encode(mac)), (github(), format!("sha256={}", hex::encode(mac)))].map(|(scheme, value)| {
            let secret = Secret::new(key.to_vec())?;
            let verifier = Verifier::new(scheme.clone(), [("one".to_string(), secret.clone())]).unwrap();
            let headers = [Header { name: "X-Hub-Signature-256", value: value.as_bytes() }];
            let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body: message };
            let verdict = verifier.verify(&request, NOW).map(drop);
            assert_eq!(sign(&scheme, &secret, message)[0].1 == value, verdict.is_ok(), "what verifies is what we sign");
            Ok(said(verdict, "Verified"))
        });
    let [bare, prefixed] =
        verdicts.map(|verdict| verdict.unwrap_or_else(|refusal: EmptySecret| format!("{refusal:?}")));
    assert_eq!(bare, prefixed);
    bare
}

#[test]
fn every_folder_of_vectors_is_run() {
    let mut folders: Vec<String> = root()
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md" && name != ".gitattributes")
        .collect();
    folders.sort();
    let known: Vec<_> = self::folders().into_iter().map(|(folder, _)| folder).collect();
    assert_eq!(folders, known);
}

#[test]
fn macs_of_rfc_4231_verify_whole_and_are_refused_truncated() {
    run("hmac", |vector| {
        let (key, message, mac) = (vector.hex("key_hex"), vector.hex("message_hex"), vector.hex("mac_hex"));
        assert!(hmac_sha256(&key, &message).starts_with(&mac), "the reference of the fuzz targets computes it too");
        judge_mac(&key, &message, &mac)
    });
}

#[test]
fn macs_of_wycheproof_verify_whole_and_are_refused_modified_or_truncated() {
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for path in files("wycheproof").iter().filter(|path| path.ends_with("hmac_sha256_test.json")) {
        let mut file = Vector::read(path);
        assert_eq!(file.text("algorithm"), "HMACSHA256");
        assert_eq!(file.text("schema"), "mac_test_schema_v1.json");
        assert_eq!(file.take("numberOfTests"), 174);
        for group in file.list("testGroups") {
            let tag_bits = &group["tagSize"];
            for test in group["tests"].as_array().unwrap() {
                let bytes = |key: &str| hex::decode(test[key].as_str().unwrap()).unwrap();
                let (key, message, tag) = (bytes("key"), bytes("msg"), bytes("tag"));
                assert_eq!(Value::from(8 * tag.len()), *tag_bits);
                assert_eq!(Value::from(8 * key.len()), group["keySize"]);
                let is_right = hmac_sha256(&key, &message).starts_with(&tag);
                let expected = match (test["result"].as_str().unwrap(), tag.len()) {
                    ("valid", 32) => "Verified",
                    ("invalid", 32) => "SignatureMismatch",
                    ("valid" | "invalid", 16) => "MalformedSignature",
                    other => panic!("{other:?} in {test}"),
                };
                assert_eq!(is_right, test["result"] == "valid", "the reference of the fuzz targets: {test}");
                assert_eq!(judge_mac(&key, &message, &tag), expected, "{test}");
                *verdicts.entry(expected.to_string()).or_default() += 1;
            }
        }
    }
    let counted = [("MalformedSignature", 87), ("SignatureMismatch", 54), ("Verified", 33)];
    assert_eq!(verdicts.iter().map(|(verdict, count)| (verdict.as_str(), *count)).collect::<Vec<_>>(), counted);
}

/// The verdict on the signature alone, and on the time it was made.
fn judge_signature(vector: &mut Vector, folder: &str) -> String {
    // Its public keys are no secrets to a build that lacks them.
    let has_public_key = vector.fields.remove("private_keys").is_some();
    let Some(scheme) = vector.scheme(folder).filter(|_| cfg!(feature = "providers") || !has_public_key) else {
        if cfg!(feature = "providers") {
            panic!("{} names an unknown scheme", vector.path.display());
        }
        vector.fields.retain(|key, _| key == "expect");
        return vector.fields.get("expect").cloned().map(text).unwrap();
    };
    let secrets = vector.secrets();
    let headers = vector.headers();
    let body = vector.bytes("body", "body_hex");
    let now = vector.fields.remove("now").map_or(NOW, |now| UnixTime::from_s(now.as_i64().unwrap()));
    let (method, url) = (vector.optional_text("method"), vector.optional_text("url"));
    let secrets = match secrets {
        Ok(secrets) => secrets,
        Err(refusal) => return format!("{refusal:?}"),
    };
    let target = url.as_deref().unwrap_or("/");
    let base = url.as_deref().map(|url| url.split('?').next().unwrap());
    let verifier = Verifier::accepting_uncovered_body(scheme, secrets, base).unwrap();
    let headers = borrowed(&headers);
    let head = Head { method: method.as_deref().unwrap_or("POST"), target, headers: &headers };
    let verdict = verifier.verify(&Request { head, body: &body }, now);
    let verdict = verdict.and_then(|verified| verified.judge_body_timestamp(json::check(&body).ok(), now));
    said(verdict, "Verified")
}

#[test]
fn every_providers_signatures_get_their_verdict() {
    for (folder, _) in PROVIDERS {
        run(folder, |vector| judge_signature(vector, folder));
    }
}

/// What is said of a delivery, if the vector asks: nothing where it holds nothing.
fn check_delivery(vector: &mut Vector, delivery: &Delivery<'_>) {
    assert_eq!(delivery.payload().json().map(str::to_string), vector.optional_text("payload"));
    assert_eq!(delivery.event_type().map(String::from), vector.optional_text("event_type"));
    assert_eq!(delivery.delivery_id().map(String::from), vector.optional_text("delivery_id"));
    assert!(matches!(delivery.payload(), Payload::Json(_)));
}

#[test]
fn whole_requests_are_delivered_or_refused_by_name() {
    run("requests", |vector| {
        let verifier = vector.verifier(github()).unwrap();
        let limit = vector.fields.remove("body_limit_bytes").map_or(BODY_LIMIT_BYTES, |limit| limit.as_u64().unwrap());
        let receiver = Receiver::new("github".to_string(), "/webhook".to_string(), verifier).unwrap();
        let receiver = receiver.with_body_limit_bytes(limit);
        let (method, target, headers) = (vector.text("method"), vector.text("target"), vector.headers());
        let body = vector.bytes("body", "body_hex");
        let headers = borrowed(&headers);
        let head = Head { method: &method, target: &target, headers: &headers };
        let verdict = receiver.receive(&Request { head, body: &body }, NOW);
        let verdict = verdict.map(|received| received.delivery().unwrap());
        if let Ok(delivery) = &verdict {
            check_delivery(vector, delivery);
        }
        said(verdict, "Delivered")
    });
}

#[test]
fn payloads_are_json_or_refused_by_name() {
    run("json", |vector| said(json::check(&vector.bytes("text", "hex")), "Json"));
}

#[test]
fn the_json_test_suite_is_judged_as_its_names_say() {
    let mut verdicts: BTreeMap<String, usize> = BTreeMap::new();
    for path in files("json-test-suite") {
        let name = path.file_stem().unwrap().to_str().unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let is_text = std::str::from_utf8(&bytes).is_ok();
        let expected = match name.split_once('_').unwrap() {
            // Nested deeper than is let in.
            ("y", "structure_500_nested_arrays") => "Depth",
            ("y", _) => "Json",
            // What the suite leaves to the implementation: escaped surrogates are JSON (RFC 8259 §8.2), what is not UTF-8
            // is not (§8.1).
            ("i", _) if is_text => "Json",
            ("i", _) => "Encoding",
            ("n", _) if is_text => "Grammar",
            ("n", _) => "Encoding",
            _ => panic!("{name} is neither y, n nor i"),
        };
        let verdict = said(json::check(&bytes), "Json");
        assert_eq!(verdict.split(' ').next(), Some(expected), "{name}");
        *verdicts.entry(expected.to_string()).or_default() += 1;
    }
    let counted = [("Depth", 1), ("Encoding", 22), ("Grammar", 174), ("Json", 114)];
    assert_eq!(verdicts.iter().map(|(verdict, count)| (verdict.as_str(), *count)).collect::<Vec<_>>(), counted);
}
