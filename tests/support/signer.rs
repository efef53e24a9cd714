//! GitHub's signature, made with the hmac crate directly.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The 64 lower-case hex digits of HMAC-SHA256.
pub(crate) fn digits(secret: &[u8], body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret).expect("HMAC takes keys of any length (RFC 2104 §3)");
    hex::encode(mac.chain_update(body).finalize().into_bytes())
}

/// The value of `X-Hub-Signature-256`.
pub(crate) fn signature(secret: &[u8], body: &[u8]) -> String {
    format!("sha256={}", digits(secret, body))
}
