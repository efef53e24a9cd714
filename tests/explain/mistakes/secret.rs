//! With secrets.

use super::{Mistake, is_token};
use crate::explain::delivery::{Delivery, Sender, base64, hex, is_shared, pair_of, secret_of, unbase64, unhex};
use hookgate::verify::{SecretForm, Unprefixed};
use hookgate::{Scheme, Secret, preset};

/// In the order of docs/EXPLAIN.md.
pub(crate) const SECRETS: &[Mistake] = mistakes! {
    "The secret has a newline at its end" => "secret-white-space": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [&given.secret[..], b"\n"].concat();
        Some(given.with_secret(secret))
    };
    "The secret has spaces around it" => "secret-white-space": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"  ", &given.secret[..], b"\t"].concat();
        Some(given.with_secret(secret))
    };
    "The sender's secret has a newline at its end (`echo`)" => "secret-white-space-missing": |scheme| {
        (takes_text(scheme) && !is_token(scheme)).then(|| Sender::of(scheme).with_secret(b"a text of some length\n").to(scheme).with_secret(*b"a text of some length"))
    };
    "The secret has quotes around it" => "secret-quoted": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"\"", &given.secret[..], b"\"\n"].concat();
        Some(given.with_secret(secret))
    };
    "The secret has `whsec_` before it, which the sender drops" => "secret-prefix-extra": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"whsec_", &given.secret[..]].concat();
        (!is_base64_secret(scheme)).then(|| given.with_secret(secret))
    };
    "The secret has `v1,` before it" => "secret-prefix-extra": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"v1,", &given.secret[..]].concat();
        Some(given.with_secret(secret))
    };
    "The secret has `v1,whsec_` before it, which the sender drops" => "secret-prefix-extra": |scheme| {
        let given = Delivery::of(scheme);
        let secret = [b"v1,whsec_", &given.secret[..]].concat();
        (!is_base64_secret(scheme)).then(|| given.with_secret(secret))
    };
    "The secret lacks `whsec_`, which the sender keeps" => "secret-prefix-missing": |scheme| {
        let sender = Sender::of(scheme).with_secret(b"whsec_Zm9vYmFyYmF6cXV4");
        takes_text(scheme).then(|| sender.to(scheme).with_secret(*b"Zm9vYmFyYmF6cXV4"))
    };
    "The sender decodes the secret as hex" => "secret-is-hex": |scheme| {
        let secret = b"6a1f0c9e4b7d2853a0f1e2d3c4b5968778695a4b3c2d1e0f";
        let sender = Sender::of(scheme).with_form(SecretForm::Hex).with_secret(secret);
        (is_shared(scheme) && !is_token(scheme) && scheme.secret_form != SecretForm::Hex).then(|| sender.to(scheme))
    };
    "The sender decodes the secret as base64" => "secret-is-base64": |scheme| {
        let sender = Sender::of(scheme).with_form(base64_form("")).with_secret(base64(b"some bytes of a key, >?").as_bytes());
        (is_shared(scheme) && !is_token(scheme) && !is_base64_secret(scheme)).then(|| sender.to(scheme))
    };
    "The sender drops `whsec_` and decodes the rest as base64" => "secret-is-base64": |scheme| {
        let sender = Sender::of(scheme).with_form(base64_form("whsec_")).with_secret(b"whsec_Zm9vYmFyYmF6cXV4");
        (is_shared(scheme) && !is_token(scheme) && !is_base64_secret(scheme)).then(|| sender.to(scheme))
    };
    "The sender takes the secret as text, though it is hex or base64" => "secret-is-text": |scheme| {
        let sender = Sender::of(scheme).with_form(SecretForm::Utf8);
        (is_shared(scheme) && scheme.secret_form != SecretForm::Utf8).then(|| sender.to(scheme))
    };
    "The public key is in hex, the scheme's is in base64" => "secret-is-hex": |scheme| {
        let text = String::from_utf8(secret_of(scheme)).unwrap();
        let base64 = text.trim_start_matches("whpk_");
        let is_one = !is_shared(scheme) && is_base64_secret(scheme);
        is_one.then(|| Delivery::of(scheme).with_secret(hex(&unbase64(base64))))
    };
    "The public key is in base64, the scheme's is in hex" => "secret-is-base64": |scheme| {
        let is_one = !is_shared(scheme) && scheme.secret_form == SecretForm::Hex;
        is_one.then(|| Delivery::of(scheme).with_secret(base64(&unhex(&secret_of(scheme)))))
    };
    "The public key lost its `whpk_`, which tells it from a shared secret" => "secret-prefix-missing": |scheme| {
        let keyed = scheme.public_key.as_ref().map(|_| preset("standard-webhooks-v1a").unwrap())?;
        let keyed = Scheme { signature_headers: scheme.signature_headers.clone(), timestamp: scheme.timestamp.clone(), signed_id: scheme.signed_id.clone(), ..keyed };
        let text = secret_of(&keyed);
        let given = Sender::of(&keyed).to(&keyed);
        Some(Delivery { scheme: scheme.clone(), ..given.with_secret(&text[b"whpk_".len()..]) })
    };
    "A private key is given for the public one" => "secret-unusable": |scheme| {
        Some(Delivery::of(scheme).with_secret(pair_of(scheme, 0)?.0))
    };
    "A shared secret (`whsec_…`) is given for the public key" => "secret-unusable": |scheme| {
        (!is_shared(scheme)).then(|| Delivery::of(scheme).with_secret(*b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
    };
    "A public key is given with the lines of its PEM file" => "secret-unusable": |scheme| {
        let pem = [b"-----BEGIN PUBLIC KEY-----\n", &secret_of(scheme)[..], b"\n-----END PUBLIC KEY-----\n"].concat();
        (!is_shared(scheme)).then(|| Delivery::of(scheme).with_secret(pem))
    };
    "The secret's letters were made upper case" => "secret-case": |scheme| {
        let sender = Sender::of(scheme).with_secret(b"abcdefgh23456701");
        takes_text(scheme).then(|| sender.to(scheme).with_secret(*b"ABCDEFGH23456701"))
    };
    "The secret's letters were made lower case" => "secret-case": |scheme| {
        let sender = Sender::of(scheme).with_secret(b"ABCDEFGH23456701");
        takes_text(scheme).then(|| sender.to(scheme).with_secret(*b"abcdefgh23456701"))
    };
    "An API key (`sk_test_…`) is given for the secret" => "secret-is-api-key": |scheme| {
        Some(Delivery::of(scheme).with_secret(*b"sk_test_51NqYdLkdIwHu7ixZ"))
    };
    "An API token (`xoxb-…`) is given for the secret" => "secret-is-api-key": |scheme| {
        Some(Delivery::of(scheme).with_secret(*b"xoxb-17653672481-19874698323"))
    };
    "Another secret is given; the right one is in `--also-try`" => "another-secret": |scheme| {
        let given = Delivery::of(scheme);
        let right = Secret::new(given.secret.clone()).unwrap();
        let wrong = Secret::new(other_secret(scheme, 1)).unwrap();
        let also = vec![("old".to_string(), wrong), ("new".to_string(), right)];
        Some(Delivery { also, ..given.with_secret(other_secret(scheme, 2)) })
    };
    "Another secret is given, of the right form" => "unknown": |scheme| {
        let also = vec![("old".to_string(), Secret::new(other_secret(scheme, 1)).unwrap())];
        Some(Delivery { also, ..Delivery::of(scheme).with_secret(other_secret(scheme, 2)) })
    };
};

/// Whether a secret can be text that looks like base64 and is taken as it is.
fn takes_text(scheme: &Scheme) -> bool {
    match &scheme.secret_form {
        SecretForm::Utf8 => true,
        SecretForm::Base64 { without_prefix, .. } => *without_prefix == Unprefixed::Utf8,
        SecretForm::Hex => false,
    }
}

fn is_base64_secret(scheme: &Scheme) -> bool {
    matches!(scheme.secret_form, SecretForm::Base64 { .. })
}

fn base64_form(prefix: &str) -> SecretForm {
    SecretForm::Base64 { prefix: prefix.to_string(), without_prefix: Unprefixed::Base64 }
}

/// A secret of the scheme's form that is not the right one.
fn other_secret(scheme: &Scheme, number: u8) -> Vec<u8> {
    if let Some((_, public)) = pair_of(scheme, number) {
        return public;
    }
    let mut secret = secret_of(scheme);
    let at = secret.len() - 7;
    secret[at] = b'0' + number;
    secret
}
