//! A secret, as the operator holds it, read as its scheme has it: the bytes of the key.

use crate::base64;
use crate::verify::scheme::{SecretForm, Unprefixed};
use crate::verify::secret::Secret;
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
            && let Some(other) = super::pair::other_kind(bytes, prefix)
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
