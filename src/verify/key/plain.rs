//! SHA-256 of a text that the secret is a part of: a MAC as it was made before there was HMAC.

use super::MacBytes;
use crate::verify::scheme::Scheme;
use crate::verify::secret::Secret;
use crate::verify::signature::Parts;
use crate::verify::text::Text;
use hmac::digest::{CtOutput, Output};
use sha2::{Digest as _, Sha256};

/// Whether any signature of `parts` is right, and the hash.
#[inline(never)]
pub(super) fn judge(secret: &Secret, scheme: &Scheme, text: &Text<'_>, parts: &Parts<'_>) -> (bool, MacBytes) {
    let hash = CtOutput::<Sha256>::new(hash(secret, scheme, text));
    // The library's own comparison, which takes the same time wherever two differ.
    let is_right = |signature: &[u8]| {
        Output::<Sha256>::try_from(signature).is_ok_and(|signature| CtOutput::<Sha256>::new(signature) == hash)
    };
    (parts.any_signature(scheme, is_right), MacBytes::of(hash.as_bytes()))
}

/// The hash of `text`.
pub(super) fn sign(secret: &Secret, scheme: &Scheme, text: &Text<'_>) -> Vec<u8> {
    hash(secret, scheme, text).to_vec()
}

fn hash(secret: &Secret, scheme: &Scheme, text: &Text<'_>) -> Output<Sha256> {
    let mut hash = Sha256::new();
    let text = Text { secret: secret.as_bytes(), ..*text };
    text.feed(&scheme.template, |piece| hash.update(piece));
    hash.finalize()
}
