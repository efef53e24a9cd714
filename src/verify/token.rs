//! Tokens: the secret itself is what is sent. Compared by MACs of both, so that how long it takes tells nothing of the token, its
//! length included.

use super::key::{Keyed, UnusableSecret};
use super::scheme::{Algorithm, Encoding, Scheme};
use super::secret::Secret;
use crate::base64;
use hmac::digest::{CtOutput, Output};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// A token, as it is written in a request.
#[derive(Clone)]
pub(super) struct Token {
    /// Keyed by the token: a fixed key would do as well.
    keyed: Hmac<Sha256>,
    mac: Output<Hmac<Sha256>>,
    written: Secret,
}

impl Token {
    /// The token that is written so.
    pub(super) fn new(written: &Secret) -> Self {
        let keyed = Hmac::new_from_slice(written.as_bytes()).expect("HMAC takes keys of any length (RFC 2104 §3)");
        let mac = Mac::chain_update(Clone::clone(&keyed), written.as_bytes()).finalize().into_bytes();
        Token { keyed, mac, written: written.clone() }
    }

    /// Whether `given` is the same. The library compares the two MACs, in constant time.
    pub(super) fn is(&self, given: &[u8]) -> bool {
        Mac::chain_update(self.keyed.clone(), given).finalize() == CtOutput::new(self.mac)
    }

    pub(super) fn written(&self) -> &[u8] {
        self.written.as_bytes()
    }
}

impl Scheme {
    /// What requests are checked with: the key that `secret` stands for, or the token as it is written in a request.
    ///
    /// # Errors
    /// Where it is not of the scheme's form, or no request could hold it.
    pub(crate) fn key(&self, secret: &Secret) -> Result<Secret, UnusableSecret> {
        let key = self.secret_form.key(secret)?;
        if self.algorithm != Algorithm::Token {
            // A public key is none before it was looked at.
            Keyed::new(self.algorithm, &key)?;
            return Ok(key);
        }
        let bytes = key.as_bytes();
        if self.encoding == Encoding::Base64 {
            return Ok(Secret::new(base64::text(bytes).into_bytes()).unwrap_or(key));
        }
        if let Err(error) = std::str::from_utf8(bytes) {
            return Err(UnusableSecret::NotText { at: error.valid_up_to() });
        }
        if self.signature_in_body.is_some() {
            return Ok(key);
        }
        let is_outer = |at: usize| at == 0 || at + 1 == bytes.len();
        let stands_in_no_field = |(at, byte): (usize, &u8)| match byte {
            b' ' | b'\t' => is_outer(at),
            byte => byte.is_ascii_control(),
        };
        match bytes.iter().enumerate().position(stands_in_no_field) {
            Some(at) => Err(UnusableSecret::NotInHeader { at }),
            None => Ok(key),
        }
    }
}

/// Whether `text` is base64 as a token is written in it.
pub(super) fn is_base64(text: &[u8]) -> bool {
    let digits = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    !digits.is_empty()
        && text.len().is_multiple_of(4)
        && digits.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::super::preset;
    use super::*;

    fn secret(text: &[u8]) -> Secret {
        Secret::new(text.to_vec()).unwrap()
    }

    #[test]
    fn a_token_is_itself_and_nothing_else() {
        let token = Token::new(&secret(b"abcdef"));
        assert!(token.is(b"abcdef"));
        for other in [&b""[..], b"abcde", b"abcdefg", b"abcdeF", b"abcdef\0", b"xbcdef"] {
            assert!(!token.is(other), "{other:?}");
        }
        // Longer than a block of the hash, which HMAC would shorten to its hash.
        let long = [b'x'; 65];
        assert!(Token::new(&secret(&long)).is(&long));
        assert!(!Token::new(&secret(&long)).is(&long[1..]));
    }

    #[test]
    fn a_secret_that_no_request_could_hold_is_refused_with_its_place() {
        let key = |name: &str, text: &[u8]| preset(name).unwrap().key(&secret(text)).map(|key| key.as_bytes().to_vec());
        assert_eq!(key("gitlab-token", "a tök\ten".as_bytes()), Ok("a tök\ten".as_bytes().to_vec()));
        assert_eq!(key("gitlab-token", b"token\n"), Err(UnusableSecret::NotInHeader { at: 5 }));
        assert_eq!(key("gitlab-token", b" token"), Err(UnusableSecret::NotInHeader { at: 0 }));
        assert_eq!(key("gitlab-token", b"token\t"), Err(UnusableSecret::NotInHeader { at: 5 }));
        assert_eq!(key("gitlab-token", b"to\x7fken"), Err(UnusableSecret::NotInHeader { at: 2 }));
        assert_eq!(key("gitlab-token", b"to\xffken"), Err(UnusableSecret::NotText { at: 2 }));
        assert_eq!(key("figma", b"token\n"), Ok(b"token\n".to_vec()), "JSON writes it as \\n");
        assert_eq!(key("figma", b"to\xffken"), Err(UnusableSecret::NotText { at: 2 }));
        assert_eq!(key("postmark", b"user:p\xff"), Ok(b"dXNlcjpw/w==".to_vec()), "base64 holds any bytes");
    }

    #[test]
    fn base64_is_told_from_other_text() {
        for text in [&b"YQ=="[..], b"YWI=", b"YWJj", b"+/+/"] {
            assert!(is_base64(text), "{text:?}");
        }
        for text in [&b""[..], b"=", b"====", b"YQ", b"YQ=", b"YW=j", b"YWJ_", b"user:pass", b"YQ== "] {
            assert!(!is_base64(text), "{text:?}");
        }
    }
}
