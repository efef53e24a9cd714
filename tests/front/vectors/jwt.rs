//! Tokens, signed again for another time.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};

/// The token `text` as it would be had it been made `shift_s` seconds later. Where its MAC is not that of `key`, the new one is
/// wrong in the same bits.
pub(super) fn shifted(text: &str, key: &[u8], shift_s: i64) -> String {
    let [header, claims, old_mac] = text.split('.').collect::<Vec<_>>().try_into().unwrap();
    let algorithm: Value = serde_json::from_slice(&decoded(header)).unwrap();
    let mac = |claims: &str| match algorithm["alg"].as_str().unwrap() {
        "HS256" => mac::<Hmac<Sha256>>(key, &format!("{header}.{claims}")),
        "HS384" => mac::<Hmac<Sha384>>(key, &format!("{header}.{claims}")),
        "HS512" => mac::<Hmac<Sha512>>(key, &format!("{header}.{claims}")),
        other => panic!("{other} signs no token"),
    };
    let (old_mac, right) = (decoded(old_mac), mac(claims));
    assert_eq!(old_mac.len(), right.len(), "{text}");
    let mut members: Value = serde_json::from_slice(&decoded(claims)).unwrap();
    for name in ["nbf", "exp", "iat"] {
        if let Some(at) = members.get_mut(name) {
            *at = Value::from(at.as_i64().unwrap() + shift_s);
        }
    }
    let claims = encoded(members.to_string().as_bytes());
    let new_mac = mac(&claims).into_iter().zip(old_mac).zip(right).map(|((new, old), right)| new ^ old ^ right);
    format!("{header}.{claims}.{}", encoded(&new_mac.collect::<Vec<u8>>()))
}

fn mac<M: KeyInit + Mac>(key: &[u8], signed: &str) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key).unwrap().chain_update(signed).finalize().into_bytes().to_vec()
}

const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn decoded(text: &str) -> Vec<u8> {
    let value = |digit: u8| ALPHABET.iter().position(|known| *known == digit).unwrap();
    let bits = text.bytes().flat_map(|digit| (0..6).rev().map(move |bit| value(digit) >> bit & 1 == 1));
    let bits: Vec<bool> = bits.collect();
    bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit))).collect()
}

fn encoded(bytes: &[u8]) -> String {
    let mut bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
    bits.resize(bits.len().next_multiple_of(6), 0);
    let digit = |six: &[u8]| char::from(ALPHABET[six.iter().fold(0, |value, bit| value << 1 | usize::from(*bit))]);
    bits.chunks(6).map(digit).collect()
}
