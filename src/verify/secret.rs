//! A secret: never empty, never shown, wiped when dropped.

use hmac::digest::zeroize::Zeroize;
use std::fmt;

/// A signing secret. It cannot be empty, its `Debug` is `Secret(…)`, and its memory is wiped when it is dropped.
///
/// Not promised: that no copy was made before the bytes came here (the environment keeps its own).
#[derive(Clone)]
pub struct Secret(Vec<u8>);

/// The secret has no bytes: anybody could sign with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptySecret;

impl Secret {
    /// The secret `bytes`, exactly.
    ///
    /// # Errors
    /// Where there are none.
    pub fn new(bytes: Vec<u8>) -> Result<Self, EmptySecret> {
        if bytes.is_empty() { Err(EmptySecret) } else { Ok(Secret(bytes)) }
    }

    /// Its bytes. Keep them out of anything that is shown.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Display for EmptySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the secret is empty")
    }
}

impl std::error::Error for EmptySecret {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_secret_is_refused() {
        assert_eq!(Secret::new(Vec::new()).map(drop), Err(EmptySecret));
    }

    #[test]
    fn debug_shows_nothing_of_a_secret() {
        let secret = Secret::new(b"hunter2".to_vec()).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:#?}", Some(secret)), "Some(\n    Secret(…),\n)");
    }
}
