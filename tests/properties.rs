//! Properties that hold for all inputs. They are the checks of the fuzz targets (`tests/checks/`), on inputs that come near to
//! what is right, and on every seed of the fuzzers.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests say what went wrong by panicking"
)]

mod checks;
#[path = "properties/heads.rs"]
mod heads;
#[cfg(feature = "providers")]
#[path = "properties/other_kinds.rs"]
mod other_kinds;
#[path = "properties/payloads.rs"]
mod payloads;
#[path = "properties/schemes.rs"]
mod schemes;

use checks::{NOW, head, payload, preset as presets, scheme_header, signature_header, verifier};
use hookgate::verify::names;
use hookgate::{Head, Header, Refusal, Request, Secret, UnixTime, Verifier, preset, sign};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::path::Path;

/// A case that failed is not written to a file of proptest's: it becomes a vector or a seed, which every run replays.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn bytes(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=longest)
}

/// A secret: short, of a block of the hash, one byte around it, or longer.
fn secret() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 1..40), 1 => vec(any::<u8>(), 63..=65), 1 => vec(any::<u8>(), 1..200)]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_signed_verifies_and_with_any_bit_flipped_never_does(
        secret in secret(), body in bytes(300), bit in any::<usize>(),
    ) {
        verifier::check_delivery(&secret, &body, bit);
    }

    #[test]
    fn any_of_several_secrets_verifies_and_its_label_is_shown(
        secrets in vec(secret(), 1..6), which in any::<Index>(), stranger in secret(), body in bytes(100),
    ) {
        // The same secret twice would have two labels.
        let numbered: Vec<Vec<u8>> = (0_u8..).zip(&secrets).map(|(at, bytes)| [&[at], &bytes[..]].concat()).collect();
        let key = |bytes: &[u8]| Secret::new(bytes.to_vec()).unwrap();
        let labelled = numbered.iter().enumerate().map(|(at, bytes)| (at.to_string(), key(bytes)));
        let github = preset("github").unwrap();
        let verifier = Verifier::new(github.clone(), labelled).unwrap();
        let verdict = |secret: &[u8]| {
            let signature = sign(&github, &key(secret), &body).remove(0).1;
            let headers = [Header { name: "x-hub-signature-256", value: signature.as_bytes() }];
            let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body: &body };
            verifier.verify(&request, NOW).map(|verified| verified.secret_label().to_string())
        };
        let at = which.index(numbered.len());
        prop_assert_eq!(verdict(&numbered[at]), Ok(at.to_string()));
        prop_assert_eq!(verdict(&[&[0xff], &stranger[..]].concat()), Err(Refusal::SignatureMismatch));
    }
}

/// What a preset signs: any body, a key long enough for every form, an id of characters that ids have.
fn case() -> impl Strategy<Value = presets::Case> {
    let key = vec(any::<u8>(), 8..100);
    // In whole seconds: what a scheme's unit would cut off is not what is tested.
    (key, bytes(200), "[A-Za-z0-9_-]{1,40}", 0..4_000_000_000_i64).prop_map(|(key, body, id, now)| presets::Case {
        key,
        body,
        id,
        now: UnixTime::from_s(now),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..config() })]

    #[test]
    fn what_is_signed_for_any_preset_verifies_and_with_any_bit_flipped_never_does(case in case(), bit in any::<usize>()) {
        for name in names() {
            presets::check(&preset(name).unwrap(), &case, bit);
        }
    }
}

#[test]
fn every_seed_of_the_fuzz_targets_still_holds() {
    type Check = fn(&[u8]);
    let targets: &[(&str, Check)] = &[
        ("client_address", checks::client_address::check_bytes),
        #[cfg(feature = "config")]
        ("config", checks::config::check_bytes),
        #[cfg(feature = "config")]
        ("filter", checks::filter::check_bytes),
        #[cfg(feature = "providers")]
        ("in_body", checks::in_body::check_bytes),
        #[cfg(feature = "providers")]
        ("scheme_file", checks::scheme_file::check_bytes),
        #[cfg(feature = "providers")]
        ("form", checks::form::check_bytes),
        #[cfg(feature = "providers")]
        ("jwt", checks::jwt::check_bytes),
        ("scheme_header", scheme_header::check_bytes),
        ("signature_header", signature_header::check),
        ("verifier", verifier::check),
        ("payload", payload::check),
        ("head", head::check),
    ];
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut folders: Vec<_> = seeds.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    folders.sort();
    // Those of http1 are replayed in tests/http1.rs and tests/http1_references.rs, with the feature that it needs.
    folders.retain(|folder| !folder.to_string_lossy().starts_with("http1"));
    assert_eq!(
        folders,
        [
            "client_address",
            "config",
            "filter",
            "form",
            "head",
            "in_body",
            "jwt",
            "payload",
            "scheme_file",
            "scheme_header",
            "signature_header",
            "verifier"
        ],
        "a folder of seeds for each target"
    );
    for (target, check) in targets {
        let mut replayed = 0;
        for entry in seeds.join(target).read_dir().unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            check(&std::fs::read(&path).unwrap());
            replayed += 1;
        }
        assert!(replayed >= 10, "{target} has {replayed} seeds");
    }
}
