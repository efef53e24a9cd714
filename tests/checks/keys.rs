//! The keys of a scheme: what the sender signs with, and what is verified with. They differ where a public key verifies.

#![allow(clippy::indexing_slicing, reason = "what is out of place here is a test that is wrong")]

#[cfg(feature = "providers")]
use hookgate::verify::Algorithm;
use hookgate::verify::SecretForm;
use hookgate::{Scheme, Secret};

/// Both, as an operator holds them, that stand for `key`: bytes, of which there are some.
pub(crate) fn keys(scheme: &Scheme, key: &[u8]) -> (Secret, Secret) {
    let written = |bytes: &[u8]| written(scheme, bytes);
    match pair(scheme, key) {
        Some((private, public)) => (written(&private), written(&public)),
        None => (written(key), written(key)),
    }
}

/// What is verified with where bit number `bit`, modulo how many there are, is another.
pub(crate) fn with_other_bit(scheme: &Scheme, key: &[u8], flip: impl Fn(&[u8]) -> Vec<u8>) -> Secret {
    let verifying = pair(scheme, key).map_or_else(|| key.to_vec(), |(_, public)| public);
    written(scheme, &flip(&verifying))
}

/// `bytes` as a secret of the scheme's form is written.
fn written(scheme: &Scheme, bytes: &[u8]) -> Secret {
    let hex = || bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    let text = match &scheme.secret_form {
        // Not every byte can stand in a header, or in JSON.
        SecretForm::Utf8 if is_token(scheme) => hex(),
        SecretForm::Utf8 => bytes.to_vec(),
        SecretForm::Hex => hex(),
        SecretForm::Base64 { prefix, .. } => format!("{prefix}{}", base64(bytes)).into_bytes(),
    };
    Secret::new(text).expect("a key has some bytes")
}

#[cfg(feature = "providers")]
pub(crate) fn is_token(scheme: &Scheme) -> bool {
    scheme.algorithm == Algorithm::Token
}

#[cfg(not(feature = "providers"))]
pub(crate) fn is_token(_: &Scheme) -> bool {
    false
}

/// A private key and its public one, of `key`.
#[cfg(feature = "providers")]
fn pair(scheme: &Scheme, key: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut seed: Vec<u8> = key.iter().copied().cycle().take(32).collect();
    match scheme.algorithm {
        Algorithm::Ed25519 => {
            let seed: [u8; 32] = seed.try_into().ok()?;
            let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
            Some(([seed, public].concat(), public.to_vec()))
        }
        Algorithm::EcdsaP256Sha256 => {
            // Neither zero nor beyond the order.
            seed[0] = 1;
            let public = p256::SecretKey::from_slice(&seed).ok()?.public_key();
            // RFC 5958 and RFC 5480: what stands before the numbers is always the same.
            let before_private = "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
            let before_public = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
            let point = p256::Sec1Point::from(public);
            Some(([unhex(before_private), seed].concat(), [unhex(before_public), point.as_bytes().to_vec()].concat()))
        }
        _ => None,
    }
}

#[cfg(not(feature = "providers"))]
fn pair(_: &Scheme, _: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    None
}

#[cfg(feature = "providers")]
fn unhex(digits: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).expect("hex digits, two a byte");
    (0..digits.len()).step_by(2).map(byte).collect()
}

/// Base64 by its definition: six bits a character.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let alphabet: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let mut bits: Vec<bool> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)).collect();
    while !bits.len().is_multiple_of(6) {
        bits.push(false);
    }
    let digit = |six: &[bool]| alphabet[six.iter().fold(0, |value, bit| value << 1 | usize::from(*bit))];
    let mut text: String = bits.chunks(6).map(digit).collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}
