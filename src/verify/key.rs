//! From a secret, as the operator holds it, to a key that signatures are checked with.

mod form;
#[cfg(feature = "providers")]
mod pair;
#[cfg(feature = "providers")]
mod plain;

pub use form::{SHORTEST_DECODED_BYTES, UnusableSecret};
#[cfg(feature = "providers")]
pub(super) use pair::{PrivateKey, PublicKey, is_of_key_pair};

use super::encoding::LONGEST;
#[cfg(feature = "providers")]
use super::scheme::Encoding;
use super::scheme::{Algorithm, Scheme};
use super::secret::Secret;
use super::signature::Parts;
use super::text::Text;
#[cfg(feature = "providers")]
use super::token::Token;
use hmac::digest::{CtOutput, FixedOutputReset, Output};
use hmac::{HmacReset, KeyInit, Mac};
#[cfg(feature = "providers")]
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};

/// A MAC's state with its key already fed, cloned for each request; or another kind of key.
///
/// [`HmacReset`], since it gives the MAC from where it lies: [`hmac::Hmac`] is moved for that, state and all, just written as it
/// is, which takes 9 ns of the 620 for a body of 1 KiB.
#[derive(Clone)]
pub(super) enum Keyed {
    #[cfg(feature = "providers")]
    HmacSha1(HmacReset<Sha1>),
    HmacSha256(HmacReset<Sha256>),
    HmacSha384(HmacReset<Sha384>),
    HmacSha512(HmacReset<Sha512>),
    #[cfg(feature = "providers")]
    Token(Token),
    #[cfg(feature = "providers")]
    Sha256(Secret),
    #[cfg(feature = "providers")]
    Public(Box<PublicKey>),
}

/// A MAC: of all signatures that are tried, and of what is replayed.
#[derive(Clone, Copy)]
pub(super) struct MacBytes {
    bytes: [u8; LONGEST],
    len: usize,
}

impl MacBytes {
    #[cfg(feature = "providers")]
    pub(super) const EMPTY: Self = MacBytes { bytes: [0; LONGEST], len: 0 };

    #[inline(always)]
    pub(super) fn of(mac: &[u8]) -> Self {
        let mut bytes = [0; LONGEST];
        let len = mac.len().min(LONGEST);
        if let (Some(room), Some(mac)) = (bytes.get_mut(..len), mac.get(..len)) {
            room.copy_from_slice(mac);
        }
        MacBytes { bytes, len }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes.split_at(self.len).0
    }
}

impl Keyed {
    /// `key`, ready to be used by `algorithm`.
    ///
    /// # Errors
    /// Where it is none for it. Any bytes are a MAC's key.
    pub(super) fn new(algorithm: Algorithm, key: &Secret) -> Result<Self, UnusableSecret> {
        Ok(match algorithm {
            #[cfg(feature = "providers")]
            Algorithm::HmacSha1 => Keyed::HmacSha1(keyed(key)),
            Algorithm::HmacSha256 => Keyed::HmacSha256(keyed(key)),
            Algorithm::HmacSha384 => Keyed::HmacSha384(keyed(key)),
            Algorithm::HmacSha512 => Keyed::HmacSha512(keyed(key)),
            #[cfg(feature = "providers")]
            Algorithm::Token => Keyed::Token(Token::new(key)),
            #[cfg(feature = "providers")]
            Algorithm::Sha256 => Keyed::Sha256(key.clone()),
            #[cfg(feature = "providers")]
            Algorithm::Ed25519 | Algorithm::EcdsaP256Sha256 => {
                Keyed::Public(Box::new(PublicKey::new(algorithm, key.as_bytes())?))
            }
        })
    }

    /// Whether any signature of `parts` is right, and the MAC.
    #[inline(always)]
    pub(super) fn judge(&self, scheme: &Scheme, text: &Text<'_>, parts: &Parts<'_>) -> (bool, MacBytes) {
        match self {
            #[cfg(feature = "providers")]
            Keyed::HmacSha1(keyed) => judge(keyed, scheme, text, parts),
            Keyed::HmacSha256(keyed) => judge(keyed, scheme, text, parts),
            Keyed::HmacSha384(keyed) => judge(keyed, scheme, text, parts),
            Keyed::HmacSha512(keyed) => judge(keyed, scheme, text, parts),
            #[cfg(feature = "providers")]
            Keyed::Sha256(secret) => plain::judge(secret, scheme, text, parts),
            #[cfg(feature = "providers")]
            Keyed::Public(key) => key.judge(scheme, text, parts),
            #[cfg(feature = "providers")]
            Keyed::Token(token) => (parts.any_written(|written| token.is(written)), MacBytes::EMPTY),
        }
    }

    /// Whether `mac` is the MAC of `message`: whole, and compared by the library in constant time.
    #[cfg(feature = "providers")]
    pub(super) fn has_signed(&self, message: &[u8], mac: &[u8]) -> bool {
        match self {
            Keyed::HmacSha256(keyed) => keyed.clone().chain_update(message).verify_slice(mac).is_ok(),
            Keyed::HmacSha384(keyed) => keyed.clone().chain_update(message).verify_slice(mac).is_ok(),
            Keyed::HmacSha512(keyed) => keyed.clone().chain_update(message).verify_slice(mac).is_ok(),
            // No token is signed so.
            _ => false,
        }
    }

    /// The MAC of `text`; nothing where only the sender has the key.
    pub(super) fn sign(&self, scheme: &Scheme, text: &Text<'_>) -> Vec<u8> {
        match self {
            #[cfg(feature = "providers")]
            Keyed::HmacSha1(keyed) => sign(keyed, scheme, text),
            Keyed::HmacSha256(keyed) => sign(keyed, scheme, text),
            Keyed::HmacSha384(keyed) => sign(keyed, scheme, text),
            Keyed::HmacSha512(keyed) => sign(keyed, scheme, text),
            #[cfg(feature = "providers")]
            Keyed::Sha256(secret) => plain::sign(secret, scheme, text),
            #[cfg(feature = "providers")]
            Keyed::Public(_) => Vec::new(),
            #[cfg(feature = "providers")]
            Keyed::Token(token) => token.written().to_vec(),
        }
    }

    /// Whether `written` is the token, or the encoded MAC of what `feed` gives; and that MAC.
    #[cfg(feature = "providers")]
    pub(super) fn judge_one(&self, encoding: Encoding, written: &[u8], feed: &Feed<'_>) -> (bool, MacBytes) {
        match self {
            Keyed::HmacSha1(keyed) => judge_one(keyed, encoding, written, feed),
            Keyed::HmacSha256(keyed) => judge_one(keyed, encoding, written, feed),
            Keyed::HmacSha384(keyed) => judge_one(keyed, encoding, written, feed),
            Keyed::HmacSha512(keyed) => judge_one(keyed, encoding, written, feed),
            Keyed::Token(token) => (token.is(written), MacBytes::EMPTY),
            // Refused where a scheme comes in.
            Keyed::Sha256(_) | Keyed::Public(_) => (false, MacBytes::EMPTY),
        }
    }

    /// The signature of what `feed` gives.
    #[cfg(feature = "providers")]
    pub(super) fn sign_one(&self, feed: &Feed<'_>) -> Vec<u8> {
        match self {
            Keyed::HmacSha1(keyed) => mac_of(keyed, feed).as_bytes().to_vec(),
            Keyed::HmacSha256(keyed) => mac_of(keyed, feed).as_bytes().to_vec(),
            Keyed::HmacSha384(keyed) => mac_of(keyed, feed).as_bytes().to_vec(),
            Keyed::HmacSha512(keyed) => mac_of(keyed, feed).as_bytes().to_vec(),
            Keyed::Token(token) => token.written().to_vec(),
            Keyed::Sha256(_) | Keyed::Public(_) => Vec::new(),
        }
    }
}

#[cfg(feature = "providers")]
fn mac_of<M: Mac + FixedOutputReset + Clone>(keyed: &M, feed: &Feed<'_>) -> CtOutput<M> {
    let mut mac = keyed.clone();
    feed(&mut |piece| Mac::update(&mut mac, piece));
    mac.finalize_reset()
}

#[cfg(feature = "providers")]
fn judge_one<M: Mac + FixedOutputReset + Clone>(
    keyed: &M,
    encoding: Encoding,
    written: &[u8],
    feed: &Feed<'_>,
) -> (bool, MacBytes) {
    let mac = mac_of(keyed, feed);
    let mut decoded = [0; LONGEST];
    let (signature, _) = decoded.split_at_mut(mac.as_bytes().len().min(LONGEST));
    let is_right = super::encoding::decode(encoding, written, signature) && is_same(&mac, signature);
    (is_right, MacBytes::of(mac.as_bytes()))
}

/// Gives the pieces of what is signed to what takes them.
#[cfg(feature = "providers")]
pub(super) type Feed<'a> = dyn Fn(&mut dyn FnMut(&[u8])) + 'a;

fn keyed<M: KeyInit>(key: &Secret) -> M {
    M::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length (RFC 2104 §3)")
}

#[inline(always)]
fn judge<M: Mac + FixedOutputReset + Clone>(
    keyed: &M,
    scheme: &Scheme,
    text: &Text<'_>,
    parts: &Parts<'_>,
) -> (bool, MacBytes) {
    let mac = mac_of_text(keyed, scheme, text);
    let matched = parts.any_signature(scheme, |signature| is_same(&mac, signature));
    (matched, MacBytes::of(mac.as_bytes()))
}

/// The MAC of `text`.
#[inline(always)]
fn mac_of_text<M: Mac + FixedOutputReset + Clone>(keyed: &M, scheme: &Scheme, text: &Text<'_>) -> CtOutput<M> {
    let mut mac = keyed.clone();
    text.feed(&scheme.template, |piece| Mac::update(&mut mac, piece));
    mac.finalize_reset()
}

/// Whether `signature` is `mac`: the library's own comparison, which takes the same time wherever two differ.
#[inline(always)]
fn is_same<M: Mac>(mac: &CtOutput<M>, signature: &[u8]) -> bool {
    Output::<M>::try_from(signature).is_ok_and(|signature| CtOutput::<M>::new(signature) == *mac)
}

fn sign<M: Mac + FixedOutputReset + Clone>(keyed: &M, scheme: &Scheme, text: &Text<'_>) -> Vec<u8> {
    mac_of_text(keyed, scheme, text).as_bytes().to_vec()
}
