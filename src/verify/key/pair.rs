//! Keys of a pair: the public one, which verifies, and the private one, which signs and belongs to the sender.

use super::{MacBytes, UnusableSecret};
use crate::base64;
use crate::verify::scheme::{Algorithm, ReplayRule, Scheme};
use crate::verify::secret::Secret;
use crate::verify::signature::Parts;
use crate::verify::text::Text;
use ed25519_dalek::Signer as _;
use p256::ecdsa::signature::hazmat::{PrehashSigner as _, PrehashVerifier as _};
use p256::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use sha2::{Digest as _, Sha256};

/// Length of an Ed25519 public key, in bytes (RFC 8032 §5.1.5). A private one with its public one behind it, as libsodium and
/// Standard Webhooks write it, has twice as many.
const ED25519_BYTES: usize = 32;

/// How a private key of Standard Webhooks begins.
const PRIVATE: &[u8] = b"whsk_";

/// Whether `secret` says of itself that it is a key of a pair, whose public one begins with `prefix`.
pub(in crate::verify) fn is_of_key_pair(secret: &[u8], prefix: &str) -> bool {
    secret.starts_with(prefix.as_bytes()) || secret.starts_with(PRIVATE)
}

/// What `secret` is by its own word, where a secret that begins with `wanted` is asked for and it is none.
pub(super) fn other_kind(secret: &[u8], wanted: &str) -> Option<UnusableSecret> {
    let begins = |prefix: &str| wanted != prefix && secret.starts_with(prefix.as_bytes());
    if secret.starts_with(PRIVATE) {
        Some(UnusableSecret::PrivateKey)
    } else if begins("whpk_") {
        Some(UnusableSecret::PublicKey)
    } else if begins("whsec_") {
        Some(UnusableSecret::SharedSecret)
    } else {
        None
    }
}

/// A public key that is one: on its curve, and not of small order.
#[derive(Clone, Debug)]
pub(in crate::verify) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    EcdsaP256(p256::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// The key that `bytes` are: for Ed25519 those of RFC 8032, for P-256 a SubjectPublicKeyInfo (RFC 5480).
    pub(super) fn new(algorithm: Algorithm, bytes: &[u8]) -> Result<Self, UnusableSecret> {
        match algorithm {
            Algorithm::Ed25519 => ed25519(bytes).map(PublicKey::Ed25519),
            _ => match p256::PublicKey::from_public_key_der(bytes) {
                Ok(key) => Ok(PublicKey::EcdsaP256(key.into())),
                Err(_) if p256::SecretKey::from_pkcs8_der(bytes).is_ok() => Err(UnusableSecret::PrivateKey),
                Err(_) => Err(UnusableSecret::NotPublicKeyInfo),
            },
        }
    }

    /// Whether any signature of `parts` is right; and what tells a replay: SHA-256 of what is signed.
    #[inline(never)]
    pub(super) fn judge(&self, scheme: &Scheme, text: &Text<'_>, parts: &Parts<'_>) -> (bool, MacBytes) {
        let is_right = match self {
            PublicKey::Ed25519(key) => {
                parts.any_signature(scheme, |signature| is_ed25519(key, signature, scheme, text))
            }
            PublicKey::EcdsaP256(key) => {
                let hash = hash(scheme, text);
                parts.any_signature(scheme, |signature| {
                    let signature = p256::ecdsa::Signature::from_slice(signature);
                    signature.is_ok_and(|signature| key.verify_prehash(&hash, &signature).is_ok())
                })
            }
        };
        let is_named_by_it = matches!(scheme.replay_key, ReplayRule::Mac | ReplayRule::Json(_));
        let name = if is_right && is_named_by_it { MacBytes::of(&hash(scheme, text)) } else { MacBytes::EMPTY };
        (is_right, name)
    }
}

/// RFC 8032 §5.1.7, strictly: a point has one form, and the key is not of small order, whose signatures are right for any
/// text.
fn ed25519(bytes: &[u8]) -> Result<ed25519_dalek::VerifyingKey, UnusableSecret> {
    let bytes: &[u8; ED25519_BYTES] = match bytes.try_into() {
        Ok(bytes) => bytes,
        Err(_) if ed25519_private(bytes).is_some() => return Err(UnusableSecret::PrivateKey),
        Err(_) => return Err(UnusableSecret::KeyLength { bytes: bytes.len(), expected: ED25519_BYTES }),
    };
    let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).map_err(|_| UnusableSecret::NotOnCurve)?;
    if key.to_edwards().compress().to_bytes() != *bytes {
        return Err(UnusableSecret::NotOnCurve);
    }
    if key.is_weak() { Err(UnusableSecret::WeakKey) } else { Ok(key) }
}

/// What `verify_strict` of the library judges, of a text that comes in pieces: s below the order and one form of R (both are
/// the library's), and R not of small order.
fn is_ed25519(key: &ed25519_dalek::VerifyingKey, signature: &[u8], scheme: &Scheme, text: &Text<'_>) -> bool {
    let Ok(signature) = ed25519_dalek::Signature::from_slice(signature) else { return false };
    let is_point = ed25519_dalek::VerifyingKey::from_bytes(signature.r_bytes()).is_ok_and(|point| !point.is_weak());
    let Some(mut verifier) = key.verify_stream(&signature).ok().filter(|_| is_point) else { return false };
    text.feed(&scheme.template, |piece| verifier.update(piece));
    verifier.finalize_and_verify().is_ok()
}

fn hash(scheme: &Scheme, text: &Text<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    text.feed(&scheme.template, |piece| hash.update(piece));
    hash.finalize().into()
}

/// A private key, for who tests a receiver with a pair of his own: the provider's stays with the provider.
#[derive(Clone)]
pub(in crate::verify) enum PrivateKey {
    Ed25519(ed25519_dalek::SigningKey),
    EcdsaP256(p256::ecdsa::SigningKey),
}

impl PrivateKey {
    /// The private key that `secret` is: for Ed25519 its 32 bytes and the 32 of its public key, written as the public one
    /// would be, or with `whsk_` before their base64, where the first 32 do too; for P-256 a PrivateKeyInfo (RFC 5208). Nothing where it is none.
    pub(in crate::verify) fn read(scheme: &Scheme, secret: &Secret) -> Option<Self> {
        let named = secret.as_bytes().strip_prefix(PRIVATE);
        let bytes = match named {
            Some(text) => Secret::new(base64::decode(text).ok()?).ok()?,
            None => scheme.secret_form.key(secret).ok()?,
        };
        match (scheme.algorithm, named, bytes.as_bytes().try_into()) {
            (Algorithm::Ed25519, Some(_), Ok(seed)) => {
                Some(PrivateKey::Ed25519(ed25519_dalek::SigningKey::from_bytes(seed)))
            }
            (Algorithm::Ed25519, ..) => ed25519_private(bytes.as_bytes()).map(PrivateKey::Ed25519),
            _ => p256::SecretKey::from_pkcs8_der(bytes.as_bytes()).ok().map(|key| PrivateKey::EcdsaP256(key.into())),
        }
    }

    /// The signature of `text`.
    pub(in crate::verify) fn sign(&self, scheme: &Scheme, text: &Text<'_>) -> Vec<u8> {
        match self {
            PrivateKey::Ed25519(key) => {
                let mut signed = Vec::new();
                text.feed(&scheme.template, |piece| signed.extend_from_slice(piece));
                key.sign(&signed).to_bytes().to_vec()
            }
            PrivateKey::EcdsaP256(key) => {
                let signature: Result<p256::ecdsa::Signature, _> = key.sign_prehash(&hash(scheme, text));
                signature.map_or_else(|_| Vec::new(), |signature| signature.to_bytes().to_vec())
            }
        }
    }
}

fn ed25519_private(bytes: &[u8]) -> Option<ed25519_dalek::SigningKey> {
    ed25519_dalek::SigningKey::from_keypair_bytes(bytes.try_into().ok()?).ok()
}
