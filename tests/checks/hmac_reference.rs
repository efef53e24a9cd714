//! HMAC-SHA256 written out from RFC 2104, over the hash alone.

use sha2::{Digest, Sha256};

/// The block of SHA-256, in bytes (FIPS 180-4 §1).
const BLOCK_BYTES: usize = 64;

/// The MAC of `message` under `key`: H(K ⊕ opad, H(K ⊕ ipad, message)).
pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = if key.len() > BLOCK_BYTES { Sha256::digest(key).to_vec() } else { key.to_vec() };
    block.resize(BLOCK_BYTES, 0);
    let padded = |pad: u8| block.iter().map(|byte| byte ^ pad).collect::<Vec<u8>>();
    let inner = Sha256::digest([&padded(0x36), message].concat());
    Sha256::digest([padded(0x5c), inner.to_vec()].concat()).into()
}
