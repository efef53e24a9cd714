//! From a secret, as the operator holds it, to a key that signatures are checked with.

#[cfg(feature = "providers")]
mod pair;
#[cfg(feature = "providers")]
mod plain;

#[cfg(feature = "providers")]
pub(super) use pair::{PrivateKey, PublicKey, is_of_key_pair};

use super::encoding::LONGEST;
#[cfg(feature = "providers")]
use super::scheme::Encoding;
use super::scheme::{Algorithm, Scheme, SecretForm, Unprefixed};
use super::secret::Secret;
use super::signature::Parts;
use super::text::Text;
#[cfg(feature = "providers")]
use super::token::Token;
use crate::base64;
use hmac::digest::{CtOutput, FixedOutputReset, Output};
use hmac::{HmacReset, KeyInit, Mac};
#[cfg(feature = "providers")]
use sha1::Sha1;
use sha2::{Sha256, Sha384, Sha512};
use std::fmt;

/// Shortest key accepted where the secret has to be decoded, in bytes. Whatever decodes to less was cut off or is something
/// else: no provider gives fewer than 24 (Standard Webhooks, "Symmetric").
pub const SHORTEST_DECODED_BYTES: usize = 8;

/// Why a secret is none for a scheme. It says where, and never what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnusableSecret {
    /// It has to be hex digits, two a byte.
    NotHex {
        /// Offset of the first byte that is none, or the length where it is odd.
        at: usize,
    },
    /// It has to be base64.
    NotBase64 {
        /// Offset of the first byte that is wrong, behind the prefix.
        at: usize,
    },
    /// What it decodes to is shorter than [`SHORTEST_DECODED_BYTES`].
    TooShort {
        /// How long that is, in bytes.
        bytes: usize,
    },
    /// It is a public key, where a shared secret is asked for: anybody could sign with it.
    #[cfg(feature = "providers")]
    PublicKey,
    /// It is a private key: it belongs to the sender, and nothing here needs it.
    #[cfg(feature = "providers")]
    PrivateKey,
    /// It is a shared secret, where a public key is asked for.
    #[cfg(feature = "providers")]
    SharedSecret,
    /// A public key has another length.
    #[cfg(feature = "providers")]
    KeyLength {
        /// How long it is, in bytes.
        bytes: usize,
        /// How long a key is.
        expected: usize,
    },
    /// It is the length of a public key, and no point of the curve, or not in the one form that a point has.
    #[cfg(feature = "providers")]
    NotOnCurve,
    /// It is a point of small order: signatures that it verifies are made without any key.
    #[cfg(feature = "providers")]
    WeakKey,
    /// It has to be a public key of P-256 as a SubjectPublicKeyInfo.
    #[cfg(feature = "providers")]
    NotPublicKeyInfo,
    /// A token that no header field could hold.
    NotInHeader {
        /// Offset of the first byte that a field's value cannot have there.
        at: usize,
    },
    /// A token that is no UTF-8.
    NotText {
        /// Offset of the first byte that is none.
        at: usize,
    },
}

impl fmt::Display for UnusableSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UnusableSecret::NotHex { at } => write!(f, "it has to be hex digits, two a byte, and is not at byte {at}"),
            UnusableSecret::NotBase64 { at } => write!(f, "it has to be base64, and is not at byte {at}"),
            UnusableSecret::NotInHeader { at } => {
                write!(f, "no header holds a control character, or white space at an end, as it has at byte {at}")
            }
            UnusableSecret::NotText { at } => write!(f, "it has to be UTF-8, and is not from byte {at} on"),
            UnusableSecret::TooShort { bytes } => {
                write!(f, "it decodes to {bytes} bytes, and fewer than {SHORTEST_DECODED_BYTES} are no key")
            }
            #[cfg(feature = "providers")]
            UnusableSecret::PublicKey => {
                f.write_str("it is a public key (whpk_), and the scheme has signatures by a shared secret alone")
            }
            #[cfg(feature = "providers")]
            UnusableSecret::PrivateKey => {
                f.write_str("it is a private key, which is the sender's alone; verify with the public one")
            }
            #[cfg(feature = "providers")]
            UnusableSecret::SharedSecret => {
                f.write_str("it is a shared secret (whsec_), and the scheme wants a public key")
            }
            #[cfg(feature = "providers")]
            UnusableSecret::KeyLength { bytes, expected } => {
                write!(f, "it has {bytes} bytes, and the public key {expected}")
            }
            #[cfg(feature = "providers")]
            UnusableSecret::NotOnCurve => f.write_str("it is no public key of Ed25519: no point of its curve"),
            #[cfg(feature = "providers")]
            UnusableSecret::WeakKey => f.write_str("it is a point of small order: anybody can sign for such a key"),
            #[cfg(feature = "providers")]
            UnusableSecret::NotPublicKeyInfo => f.write_str(
                "it has to be a public key of P-256 as SPKI (RFC 5480), what a PEM file has between its lines",
            ),
        }
    }
}

impl SecretForm {
    /// The key that `secret` stands for.
    ///
    /// # Errors
    /// Where it is not of this form, or decodes to next to nothing.
    pub fn key(&self, secret: &Secret) -> Result<Secret, UnusableSecret> {
        let bytes = secret.as_bytes();
        #[cfg(feature = "providers")]
        if let SecretForm::Base64 { prefix, .. } = self
            && !prefix.is_empty()
            && let Some(other) = pair::other_kind(bytes, prefix)
        {
            return Err(other);
        }
        let decoded = match self {
            SecretForm::Utf8 => return Ok(secret.clone()),
            SecretForm::Hex => hex::decode(bytes).map_err(|error| UnusableSecret::NotHex {
                at: match error {
                    hex::FromHexError::InvalidHexCharacter { index, .. } => index,
                    _ => bytes.len(),
                },
            })?,
            SecretForm::Base64 { prefix, without_prefix } => {
                match (bytes.strip_prefix(prefix.as_bytes()), without_prefix) {
                    (None, Unprefixed::Utf8) => return Ok(secret.clone()),
                    (rest, _) => {
                        let skipped = rest.map_or(0, |_| prefix.len());
                        base64::decode(rest.unwrap_or(bytes))
                            .map_err(|at| UnusableSecret::NotBase64 { at: at + skipped })?
                    }
                }
            }
        };
        let too_short = UnusableSecret::TooShort { bytes: decoded.len() };
        match Secret::new(decoded) {
            Ok(key) if key.as_bytes().len() >= SHORTEST_DECODED_BYTES => Ok(key),
            _ => Err(too_short),
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(form: &SecretForm, secret: &str) -> Result<Vec<u8>, UnusableSecret> {
        form.key(&Secret::new(secret.as_bytes().to_vec()).unwrap()).map(|key| key.as_bytes().to_vec())
    }

    fn whsec(without_prefix: Unprefixed) -> SecretForm {
        SecretForm::Base64 { prefix: "whsec_".to_string(), without_prefix }
    }

    #[test]
    fn a_secret_is_taken_as_its_form_says() {
        assert_eq!(key(&SecretForm::Utf8, "whsec_AAAA"), Ok(b"whsec_AAAA".to_vec()));
        assert_eq!(key(&SecretForm::Hex, "00ffAB0102030405"), Ok(vec![0, 255, 171, 1, 2, 3, 4, 5]));
        for secret in ["whsec_AAECAwQFBgc=", "whsec_AAECAwQFBgc", "AAECAwQFBgc=", "AAECAwQFBgc"] {
            assert_eq!(key(&whsec(Unprefixed::Base64), secret), Ok((0..8).collect()), "{secret}");
        }
        assert_eq!(key(&whsec(Unprefixed::Utf8), "whsec_AAECAwQFBgc="), Ok((0..8).collect()));
        assert_eq!(key(&whsec(Unprefixed::Utf8), "AAECAwQFBgc="), Ok(b"AAECAwQFBgc=".to_vec()));
    }

    #[test]
    fn a_secret_of_another_form_is_refused_with_its_place() {
        assert_eq!(key(&SecretForm::Hex, "00ff0102030405xx"), Err(UnusableSecret::NotHex { at: 14 }));
        assert_eq!(key(&SecretForm::Hex, "00ff010203040506\n"), Err(UnusableSecret::NotHex { at: 17 }));
        let whsec = whsec(Unprefixed::Base64);
        assert_eq!(key(&whsec, "whsec_AAECAwQFBgc=\n"), Err(UnusableSecret::NotBase64 { at: 17 }));
        assert_eq!(key(&whsec, "whsec_AAECA-QFBgc="), Err(UnusableSecret::NotBase64 { at: 11 }));
        assert_eq!(key(&whsec, "v1,whsec_AAECAwQF"), Err(UnusableSecret::NotBase64 { at: 2 }));
    }

    #[test]
    fn a_secret_that_decodes_to_next_to_nothing_is_refused() {
        assert_eq!(key(&whsec(Unprefixed::Base64), "whsec_"), Err(UnusableSecret::TooShort { bytes: 0 }));
        assert_eq!(key(&whsec(Unprefixed::Utf8), "whsec_"), Err(UnusableSecret::TooShort { bytes: 0 }));
        assert_eq!(key(&whsec(Unprefixed::Base64), "whsec_AAECAwQFBg=="), Err(UnusableSecret::TooShort { bytes: 7 }));
        assert_eq!(key(&SecretForm::Hex, "00010203040506"), Err(UnusableSecret::TooShort { bytes: 7 }));
    }
}
