//! Signatures that a public key verifies: held against the vectors of those who attack them, with keys that are none, and by
//! what a replay is known.

#![cfg(feature = "providers")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests say what went wrong by panicking, and at which case"
)]

use hookgate::verify::{
    Algorithm, CannotSign, Encoding, Grammar, ReplayRule, SecretForm, Signer, Unprefixed, UnusableSecret,
    VerifierError, sign,
};
use hookgate::{Head, Header, Refusal, Request, Scheme, Secret, UnixTime, Verifier, preset};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const HEADER: &str = "X-Signature";

fn json(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(file);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::new(bytes.to_vec()).unwrap()
}

/// A scheme that signs the body and nothing else.
fn plain(algorithm: Algorithm, encoding: Encoding) -> Scheme {
    Scheme {
        signature_headers: vec![HEADER.into()],
        grammar: Grammar::Bare,
        algorithm,
        encoding,
        secret_form: SecretForm::Hex,
        ..preset("github").unwrap()
    }
}

/// The verdict on `signature`, as it is written, of `body`.
fn verdict(scheme: &Scheme, key: &[u8], body: &[u8], signature: &str) -> Result<(), Refusal> {
    let verifier = Verifier::new(scheme.clone(), [("one".to_string(), secret(key))]).unwrap();
    let headers = [Header { name: HEADER, value: signature.as_bytes() }];
    let head = Head { method: "POST", target: "/", headers: &headers };
    verifier.verify(&Request { head, body }, NOW).map(drop)
}

#[test]
fn the_signatures_of_rfc_8032_verify_and_are_what_is_signed() {
    let scheme = plain(Algorithm::Ed25519, Encoding::Hex);
    for file in ["test-1", "test-2", "test-3", "test-sha-abc"] {
        let vector = json(&format!("rfc8032/{file}.json"));
        let (public, signature) =
            (vector["public_key_hex"].as_str().unwrap(), vector["signature_hex"].as_str().unwrap());
        let body = bytes(&vector["message_hex"]);
        assert_eq!(verdict(&scheme, public.as_bytes(), &body, signature), Ok(()), "{file}");
        let private = format!("{}{public}", vector["secret_key_hex"].as_str().unwrap());
        assert_eq!(sign(&scheme, &secret(private.as_bytes()), &body)[0].1, signature, "{file}");
    }
}

/// Judges each case of a file of Wycheproof's: what it calls valid verifies, and nothing else does. How often each verdict was
/// given.
fn wycheproof(file: &str, scheme: &Scheme, key: &str, write: impl Fn(&[u8]) -> String) -> BTreeMap<String, usize> {
    let file = json(&format!("wycheproof/{file}"));
    let mut verdicts = BTreeMap::new();
    for group in file["testGroups"].as_array().unwrap() {
        let key = group.pointer(key).unwrap().as_str().unwrap().as_bytes();
        for test in group["tests"].as_array().unwrap() {
            let verdict = verdict(scheme, key, &bytes(&test["msg"]), &write(&bytes(&test["sig"])));
            match test["result"].as_str().unwrap() {
                "valid" => assert_eq!(verdict, Ok(()), "{test}"),
                "invalid" => assert!(verdict.is_err(), "{test}"),
                other => panic!("{other}"),
            }
            let name = verdict.map_or_else(|refusal| format!("{refusal:?}"), |()| "Verified".to_string());
            *verdicts.entry(name).or_default() += 1;
        }
    }
    assert_eq!(verdicts.values().sum::<usize>() as u64, file["numberOfTests"].as_u64().unwrap());
    verdicts
}

fn counted(verdicts: &BTreeMap<String, usize>) -> Vec<(&str, usize)> {
    verdicts.iter().map(|(verdict, count)| (verdict.as_str(), *count)).collect()
}

#[test]
fn wycheproofs_signatures_of_ed25519_are_judged_as_they_say() {
    let scheme = plain(Algorithm::Ed25519, Encoding::Hex);
    let verdicts = wycheproof("ed25519_test.json", &scheme, "/publicKey/pk", |signature| hex::encode(signature));
    assert_eq!(counted(&verdicts), [("MalformedSignature", 12), ("SignatureMismatch", 51), ("Verified", 88)]);
}

#[test]
fn wycheproofs_signatures_of_p256_are_judged_as_they_say_in_der_and_out_of_it() {
    let der = plain(Algorithm::EcdsaP256Sha256, Encoding::Base64Der);
    let verdicts = wycheproof("ecdsa_secp256r1_sha256_test.json", &der, "/publicKeyDer", base64);
    assert_eq!(counted(&verdicts), [("MalformedSignature", 287), ("SignatureMismatch", 23), ("Verified", 174)]);
    let whole = plain(Algorithm::EcdsaP256Sha256, Encoding::Hex);
    let verdicts = wycheproof("ecdsa_secp256r1_sha256_p1363_test.json", &whole, "/publicKeyDer", |signature| {
        hex::encode(signature)
    });
    assert_eq!(counted(&verdicts), [("MalformedSignature", 21), ("SignatureMismatch", 68), ("Verified", 173)]);
}

#[path = "checks/keys.rs"]
#[allow(dead_code, reason = "each test takes what it needs of it")]
mod keys;
use keys::{base64, keys};

/// Why a key of so many hex digits is none.
fn unusable(algorithm: Algorithm, digits: &str) -> Option<UnusableSecret> {
    let made = Verifier::new(plain(algorithm, Encoding::Hex), [("one".to_string(), secret(digits.as_bytes()))]);
    match made {
        Ok(_) => None,
        Err(VerifierError::Secret { why, .. }) => Some(why),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_is_no_public_key_of_ed25519_is_refused_when_it_is_given() {
    let right = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    let why = |digits: &str| unusable(Algorithm::Ed25519, digits);
    assert_eq!(why(right), None);
    assert_eq!(why(&right[2..]), Some(UnusableSecret::KeyLength { bytes: 31, expected: 32 }));
    assert_eq!(why(&format!("{right}00")), Some(UnusableSecret::KeyLength { bytes: 33, expected: 32 }));
    assert_eq!(why(&format!("{seed}{right}")), Some(UnusableSecret::PrivateKey));
    assert_eq!(why(&format!("{right}{seed}")), Some(UnusableSecret::KeyLength { bytes: 64, expected: 32 }));
    assert_eq!(why(&format!("02{}", "00".repeat(31))), Some(UnusableSecret::NotOnCurve));
    // y of 3, and with the prime added: the same point, written otherwise.
    assert_eq!(why(&format!("03{}", "00".repeat(31))), None);
    assert_eq!(why(&format!("f0{}7f", "ff".repeat(30))), Some(UnusableSecret::NotOnCurve));
}

/// The points whose eighth multiple is nothing: RFC 7748 §5.2's on this curve, in the one form that each has.
const SMALL_ORDER: [&str; 8] = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

#[test]
fn a_key_of_small_order_is_refused_and_a_signature_with_such_a_point_is_none() {
    for point in SMALL_ORDER {
        assert_eq!(unusable(Algorithm::Ed25519, point), Some(UnusableSecret::WeakKey), "{point}");
    }
    // The neutral point with its sign set, and what is written past the prime, are no second form of these.
    let others = [
        "0100000000000000000000000000000000000000000000000000000000000080",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ];
    for point in others {
        assert_eq!(unusable(Algorithm::Ed25519, point), Some(UnusableSecret::NotOnCurve), "{point}");
    }
    // With s and the key's multiple of nothing such a signature would hold for the key of order one.
    let scheme = plain(Algorithm::Ed25519, Encoding::Hex);
    let key = b"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    for point in SMALL_ORDER {
        let signature = format!("{point}{}", "00".repeat(32));
        assert_eq!(verdict(&scheme, key, b"", &signature), Err(Refusal::SignatureMismatch), "{point}");
    }
}

#[test]
fn what_is_no_public_key_of_p256_is_refused_when_it_is_given() {
    let why = |digits: &str| unusable(Algorithm::EcdsaP256Sha256, digits);
    let scheme = plain(Algorithm::EcdsaP256Sha256, Encoding::Hex);
    let (private, public) = keys(&scheme, b"a key of the tests");
    let [private, public] = [private, public].map(|key| String::from_utf8(key.as_bytes().to_vec()).unwrap());
    assert_eq!(why(&public), None);
    assert_eq!(why(&private), Some(UnusableSecret::PrivateKey));
    let point = &public[public.len() - 130..];
    let (before, x) = (&public[..public.len() - 130], &point[2..66]);
    let no = Some(UnusableSecret::NotPublicKeyInfo);
    for digits in [
        point.to_string(),
        format!("{public}00"),
        public[..public.len() - 2].to_string(),
        format!("{before}04{x}{x}"),
        format!("{before}04{}", "00".repeat(64)),
        // P-384's name, and RSA's.
        public.replace("2a8648ce3d030107", "2a8648ce3d030106"),
        public.replace("2a8648ce3d0201", "2a8648ce3d0202"),
        "302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a".to_string(),
    ] {
        assert_eq!(why(&digits), no, "{digits}");
    }
}

/// `body` signed for the preset `name` as `fields`, verified with `secrets`, each labelled by its place: the label of the one
/// that matched, and the replay key.
fn judged(
    name: &str,
    secrets: &[&str],
    fields: &[(String, String)],
    body: &str,
) -> Result<(String, Option<Vec<u8>>), Refusal> {
    let secrets = secrets.iter().enumerate().map(|(at, text)| (at.to_string(), secret(text.as_bytes())));
    let verifier = Verifier::new(preset(name).unwrap(), secrets).unwrap();
    let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    let head = Head { method: "POST", target: "/", headers: &headers };
    let request = Request { head, body: body.as_bytes() };
    let verified = verifier.verify(&request, NOW)?;
    Ok((verified.secret_label().to_string(), verified.replay_key(Some(body))))
}

#[test]
fn another_right_signature_of_the_same_text_is_the_same_delivery() {
    let read = |file: &str| {
        let vector = json(file);
        let pair = |pair: &Value| (pair[0].as_str().unwrap().to_string(), pair[1].as_str().unwrap().to_string());
        let fields: Vec<_> = vector["headers"].as_array().unwrap().iter().map(pair).collect();
        let secret = vector["secrets"][0].as_str().unwrap();
        (judged("sendgrid", &[secret], &fields, vector["body"].as_str().unwrap()).unwrap().1.unwrap(), fields)
    };
    let ((key, fields), (other_key, other_fields)) = (read("sendgrid/multi.json"), read("sendgrid/multi-other-s.json"));
    assert_ne!(fields, other_fields);
    assert_eq!((&key, key.len(), key[0]), (&other_key, 33, b'm'));
}

#[test]
fn a_replay_under_a_public_key_is_known_by_what_was_signed() {
    for name in ["discord", "telnyx", "sendgrid"] {
        let scheme = preset(name).unwrap();
        let (private, public) = keys(&scheme, b"a key of the tests");
        let public = String::from_utf8(public.as_bytes().to_vec()).unwrap();
        let key = |body: &str, s: i64| {
            let fields = Signer::new(&scheme, &private).unwrap().sign(body.as_bytes(), UnixTime::from_s(s)).unwrap();
            judged(name, &[&public], &fields, body).unwrap().1.unwrap()
        };
        let (same, s) = (key("{}", 1_700_000_000), 1_700_000_000);
        assert_eq!((key("{}", s), same[0], same.len()), (same.clone(), b'm', 33), "{name}");
        assert!(key("[]", s) != same && key("{}", s - 1) != same, "{name}");
    }
}

const SHARED: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const PRIVATE: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";

fn signed(name: &str, with: &str, body: &str) -> Vec<(String, String)> {
    let signer = Signer::new(&preset(name).unwrap(), &secret(with.as_bytes())).unwrap().with_id("msg_1");
    signer.sign(body.as_bytes(), NOW).unwrap()
}

#[test]
fn standard_webhooks_goes_from_a_shared_secret_to_a_public_key_and_back() {
    for name in ["standard-webhooks", "svix", "clerk", "resend", "brex"] {
        let of = |with: &str, secrets: &[&str]| judged(name, secrets, &signed(name, with, "{}"), "{}");
        let named = |label: &str| Ok((label.to_string(), Some(b"imsg_1".to_vec())));
        assert_eq!(of(SHARED, &[SHARED]), named("0"));
        assert_eq!(of(PRIVATE, &[PUBLIC]), named("0"));
        for secrets in [[SHARED, PUBLIC], [PUBLIC, SHARED]] {
            let at = |wanted: &str| secrets.iter().position(|secret| *secret == wanted).unwrap().to_string();
            assert_eq!(of(SHARED, &secrets), named(&at(SHARED)), "{name}");
            assert_eq!(of(PRIVATE, &secrets), named(&at(PUBLIC)), "{name}");
        }
        assert_eq!(of(PRIVATE, &[SHARED]), Err(Refusal::MalformedSignature), "there is no v1");
        assert_eq!(of(SHARED, &[PUBLIC]), Err(Refusal::MalformedSignature), "there is no v1a");
    }
}

#[test]
fn a_delivery_with_signatures_of_both_kinds_is_one_whichever_is_taken_out() {
    // A scheme whose deliveries are known by their MAC: that of the first shared secret, whatever else verified.
    let scheme = Scheme { replay_key: ReplayRule::Mac, ..preset("standard-webhooks").unwrap() };
    let secrets = [("old", SHARED), ("new", PUBLIC)];
    let secrets = secrets.map(|(label, text)| (label.to_string(), secret(text.as_bytes())));
    let verifier = Verifier::new(scheme, secrets).unwrap();
    let keys = [SHARED, PRIVATE].map(|with| {
        let fields = signed("standard-webhooks", with, "{}");
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let head = Head { method: "POST", target: "/", headers: &headers };
        assert_eq!(verifier.check_head(&head), Ok(()));
        verifier.verify(&Request { head, body: b"{}" }, NOW).unwrap().replay_key(Some("{}"))
    });
    assert!(keys[0] == keys[1] && keys[0].as_ref().is_some_and(|key| key.len() == 33), "{keys:?}");
    assert_eq!(format!("{verifier:?}"), r#"Verifier { scheme: "standard-webhooks", secrets: ["old", "new"] }"#);
}

#[test]
fn a_key_of_one_kind_is_never_taken_for_one_of_another() {
    let why = |name: &str, text: &str| match Verifier::new(
        preset(name).unwrap(),
        [("one".to_string(), secret(text.as_bytes()))],
    ) {
        Ok(_) => None,
        Err(VerifierError::Secret { why, .. }) => Some(why),
        Err(other) => panic!("{other}"),
    };
    assert_eq!(why("openai", PUBLIC), Some(UnusableSecret::PublicKey), "it takes other secrets as text");
    assert_eq!(why("gitlab", PUBLIC), Some(UnusableSecret::PublicKey));
    assert_eq!(why("standard-webhooks-v1a", SHARED), Some(UnusableSecret::SharedSecret));
    for name in ["standard-webhooks", "standard-webhooks-v1a", "openai"] {
        assert_eq!(why(name, PRIVATE), Some(UnusableSecret::PrivateKey), "{name}");
    }
    assert_eq!(why("standard-webhooks", "whpk_AAAA"), Some(UnusableSecret::TooShort { bytes: 3 }));
    let short = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbO";
    assert_eq!(why("standard-webhooks", short), Some(UnusableSecret::KeyLength { bytes: 30, expected: 32 }));
    // The same bytes without the prefix are a shared secret, and its signatures are not the public key's.
    let fields = signed("standard-webhooks", PRIVATE, "{}");
    assert_eq!(judged("standard-webhooks", &[&PUBLIC[5..]], &fields, "{}"), Err(Refusal::MalformedSignature));
    // Prefix or not, in the scheme that has no other kind.
    let fields = signed("standard-webhooks-v1a", PRIVATE, "{}");
    assert!(judged("standard-webhooks-v1a", &[&PUBLIC[5..]], &fields, "{}").is_ok());
}

#[test]
fn what_goes_further_of_two_refusals_is_told() {
    let both = [SHARED, PUBLIC];
    let refused = |fields: &[(String, String)]| judged("svix", &both, fields, "{}").unwrap_err();
    let mut fields = signed("svix", PRIVATE, "[]");
    assert_eq!(refused(&fields), Refusal::SignatureMismatch, "there is a v1a, and it is wrong");
    fields.last_mut().unwrap().1 = "v1,AAAA v1a,AAAA".to_string();
    assert_eq!(refused(&fields), Refusal::MalformedSignature);
    let signer = Signer::new(&preset("svix").unwrap(), &secret(PRIVATE.as_bytes())).unwrap().with_id("msg_1");
    let late = signer.sign(b"{}", UnixTime::from_s(1_699_999_699)).unwrap();
    assert_eq!(refused(&late), Refusal::Stale { age_s: 301, limit_s: 300 });
}

#[test]
fn who_holds_a_public_key_cannot_sign() {
    let cannot = |name: &str, text: &str| Signer::new(&preset(name).unwrap(), &secret(text.as_bytes())).map(drop);
    let public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    for (name, text) in [("standard-webhooks", PUBLIC), ("standard-webhooks-v1a", PUBLIC), ("discord", public)] {
        assert_eq!(cannot(name, text), Err(CannotSign::PublicKey), "{name}");
    }
    assert_eq!(cannot("discord", "00"), Err(CannotSign::Secret(UnusableSecret::TooShort { bytes: 1 })));
    assert_eq!(cannot("standard-webhooks-v1a", SHARED), Err(CannotSign::Secret(UnusableSecret::SharedSecret)));
    // The seed alone, as some write a private key.
    let seed = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=";
    assert_eq!(signed("svix", seed, "{}"), signed("svix", PRIVATE, "{}"));
}

#[test]
fn a_scheme_of_ones_own_takes_a_public_key_as_base64_without_a_prefix() {
    let base64_form = SecretForm::Base64 { prefix: String::new(), without_prefix: Unprefixed::Base64 };
    let scheme = Scheme { secret_form: base64_form, ..plain(Algorithm::Ed25519, Encoding::Base64) };
    let fields = sign(&scheme, &secret(&PRIVATE.as_bytes()[5..]), b"{}");
    assert_eq!(verdict(&scheme, &PUBLIC.as_bytes()[5..], b"{}", &fields[0].1), Ok(()));
    assert_eq!(verdict(&scheme, &PUBLIC.as_bytes()[5..], b"[]", &fields[0].1), Err(Refusal::SignatureMismatch));
}
