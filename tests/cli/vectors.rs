//! `hookgate verify` on every vector of every provider: exit 0 for what is valid, 1 for what is refused, 2 for a secret that is
//! none.

use crate::support::command::run;
use crate::support::folder::Folder;
use serde_json::Value;
use std::path::Path;

/// Folders whose files are no providers' signatures.
const OTHERS: [&str; 6] = ["hmac", "json", "json-test-suite", "requests", "rfc8032", "wycheproof"];

#[test]
fn every_vector_gets_its_verdict_from_the_command_line() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Folder::new();
    let mut run_so_far = 0;
    for provider in root.join("tests/vectors").read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let name = provider.file_name().unwrap().to_str().unwrap();
        if !provider.is_dir() || OTHERS.contains(&name) {
            continue;
        }
        for path in provider.read_dir().unwrap().map(|entry| entry.unwrap().path()) {
            let vector: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
            // What changes a scheme's file has no flag, and no argument holds a NUL.
            let has_nul = vector["headers"].to_string().contains("\\u0000");
            if has_nul || vector.get("algorithm").is_some() || vector.get("encoding").is_some() {
                continue;
            }
            judge(root, &folder, name, &vector, &path);
            run_so_far += 1;
        }
    }
    assert!(run_so_far > 240, "{run_so_far} vectors");
}

fn judge(root: &Path, folder: &Folder, provider: &str, vector: &Value, path: &Path) {
    let scheme = vector["scheme"].as_str().unwrap_or(provider);
    let scheme_file = root.join(scheme).to_str().unwrap().to_string();
    let mut arguments: Vec<String> = vec!["verify".to_string()];
    let mut flag = |name: &str, value: String| arguments.extend([name.to_string(), value]);
    match scheme.ends_with(".toml") {
        true => flag("--scheme-file", scheme_file),
        false => flag("--scheme", scheme.to_string()),
    }
    for (at, secret) in vector["secrets"].as_array().unwrap().iter().enumerate() {
        let file = folder.file(&format!("secret-{at}"), secret.as_str().unwrap().as_bytes());
        flag("--secret-file-raw", format!("secret{at}={file}"));
    }
    for header in vector["headers"].as_array().unwrap() {
        flag("--header", format!("{}: {}", header[0].as_str().unwrap(), header[1].as_str().unwrap()));
    }
    for (key, name) in [("url", "--url"), ("method", "--method")] {
        if let Some(text) = vector[key].as_str() {
            flag(name, text.to_string());
        }
    }
    for (key, name) in [("now", "--now"), ("tolerance_s", "--tolerance")] {
        if vector[key].is_number() {
            flag(name, vector[key].to_string());
        }
    }
    let body = match vector["body"].as_str() {
        Some(text) => text.as_bytes().to_vec(),
        None => hex::decode(vector["body_hex"].as_str().unwrap()).unwrap(),
    };
    flag("--", folder.file("body", &body));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = run(folder.path(), &arguments, b"");
    let expected = match vector["expect"].as_str().unwrap() {
        "Verified" => 0,
        "EmptySecret" => 2,
        _ => 1,
    };
    assert_eq!(outcome.code(), Some(expected), "{}: {outcome:?}", path.display());
}
