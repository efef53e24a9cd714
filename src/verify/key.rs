//! From a secret, as the operator holds it, to a key that signatures are checked with.

use super::encoding::LONGEST;
#[cfg(feature = "providers")]
use super::form::Form;
#[cfg(feature = "providers")]
use super::scheme::Encoding;
use super::scheme::{Algorithm, Piece, Scheme, SecretForm, Unprefixed};
use super::secret::Secret;
use super::signature::Parts;
#[cfg(feature = "providers")]
use super::token::Token;
use crate::base64;
use crate::request::Request;
use hmac::digest::{CtOutput, Output};
use hmac::{Hmac, KeyInit, Mac};
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

/// A MAC's state with its key already fed: cloned for each request.
#[derive(Clone)]
pub(super) enum Keyed {
    #[cfg(feature = "providers")]
    HmacSha1(Hmac<Sha1>),
    HmacSha256(Hmac<Sha256>),
    HmacSha384(Hmac<Sha384>),
    HmacSha512(Hmac<Sha512>),
    #[cfg(feature = "providers")]
    Token(Token),
}

/// A MAC: of all signatures that are tried, and of what is replayed.
#[derive(Clone, Copy)]
pub(super) struct MacBytes {
    bytes: [u8; LONGEST],
    len: usize,
}

impl MacBytes {
    pub(super) const EMPTY: Self = MacBytes { bytes: [0; LONGEST], len: 0 };

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
    pub(super) fn new(algorithm: Algorithm, key: &Secret) -> Self {
        match algorithm {
            #[cfg(feature = "providers")]
            Algorithm::HmacSha1 => Keyed::HmacSha1(keyed(key)),
            Algorithm::HmacSha256 => Keyed::HmacSha256(keyed(key)),
            Algorithm::HmacSha384 => Keyed::HmacSha384(keyed(key)),
            Algorithm::HmacSha512 => Keyed::HmacSha512(keyed(key)),
            #[cfg(feature = "providers")]
            Algorithm::Token => Keyed::Token(Token::new(key)),
        }
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

    /// The signature of `text`.
    pub(super) fn sign(&self, scheme: &Scheme, text: &Text<'_>) -> Vec<u8> {
        match self {
            #[cfg(feature = "providers")]
            Keyed::HmacSha1(keyed) => sign(keyed, scheme, text),
            Keyed::HmacSha256(keyed) => sign(keyed, scheme, text),
            Keyed::HmacSha384(keyed) => sign(keyed, scheme, text),
            Keyed::HmacSha512(keyed) => sign(keyed, scheme, text),
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
        }
    }
}

#[cfg(feature = "providers")]
fn mac_of<M: Mac + Clone>(keyed: &M, feed: &Feed<'_>) -> CtOutput<M> {
    let mut mac = keyed.clone();
    feed(&mut |piece| mac.update(piece));
    mac.finalize()
}

#[cfg(feature = "providers")]
fn judge_one<M: Mac + Clone>(keyed: &M, encoding: Encoding, written: &[u8], feed: &Feed<'_>) -> (bool, MacBytes) {
    let mac = mac_of(keyed, feed);
    let mut decoded = [0; LONGEST];
    let (signature, _) = decoded.split_at_mut(mac.as_bytes().len().min(LONGEST));
    let is_right = super::encoding::decode(encoding, written, signature)
        && Output::<M>::try_from(&*signature).is_ok_and(|signature| CtOutput::<M>::new(signature) == mac);
    (is_right, MacBytes::of(mac.as_bytes()))
}

/// Gives the pieces of what is signed to what takes them.
#[cfg(feature = "providers")]
pub(super) type Feed<'a> = dyn Fn(&mut dyn FnMut(&[u8])) + 'a;

fn keyed<M: KeyInit>(key: &Secret) -> M {
    M::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any length (RFC 2104 §3)")
}

fn judge<M: Mac + Clone>(keyed: &M, scheme: &Scheme, text: &Text<'_>, parts: &Parts<'_>) -> (bool, MacBytes) {
    let mut mac = keyed.clone();
    text.feed(&scheme.template, |piece| mac.update(piece));
    let mac = mac.finalize();
    // The library's own comparison, which takes the same time wherever two differ.
    let is_right =
        |signature: &[u8]| Output::<M>::try_from(signature).is_ok_and(|signature| CtOutput::<M>::new(signature) == mac);
    let matched = parts.any_signature(scheme, is_right);
    (matched, MacBytes::of(mac.as_bytes()))
}

fn sign<M: Mac + Clone>(keyed: &M, scheme: &Scheme, text: &Text<'_>) -> Vec<u8> {
    let mut mac = keyed.clone();
    text.feed(&scheme.template, |piece| mac.update(piece));
    mac.finalize().as_bytes().to_vec()
}

/// What a template's pieces stand for in one request.
#[derive(Clone, Copy)]
pub(super) struct Text<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) timestamp: &'a [u8],
    pub(super) id: &'a [u8],
    pub(super) url: &'a Url,
    /// The request's form, where the scheme signs its parameters.
    #[cfg(feature = "providers")]
    pub(super) form: Option<&'a Form<'a>>,
}

/// Scheme, authority and path of the URL that the provider posts to.
pub(super) struct Url {
    as_received: String,
    /// The same as HubSpot signs it: done once.
    unescaped: Vec<u8>,
}

impl Url {
    pub(super) fn new(url: &str) -> Self {
        let mut unescaped = Vec::new();
        unescape(url.as_bytes(), &mut |bytes| unescaped.extend_from_slice(bytes));
        Url { as_received: url.to_string(), unescaped }
    }

    #[cfg(feature = "providers")]
    pub(super) fn as_str(&self) -> &str {
        &self.as_received
    }
}

impl<'a> Text<'a> {
    /// That of `request`, with its timestamp and id.
    #[inline(always)]
    pub(super) fn new(request: &'a Request<'a>, (timestamp, id): (&'a [u8], &'a [u8]), url: &'a Url) -> Self {
        Text {
            request,
            timestamp,
            id,
            url,
            #[cfg(feature = "providers")]
            form: None,
        }
    }

    /// Gives the bytes of `template` to `take`: the body as it lies there, uncopied; what is short gathered before it, since
    /// a hash takes one piece faster than five.
    #[inline(always)]
    fn feed(&self, template: &[Piece], mut take: impl FnMut(&[u8])) {
        if let [Piece::Body] = template {
            return take(self.request.body);
        }
        let mut gathered = Gathered { bytes: [0; GATHERED_BYTES], len: 0 };
        for piece in template {
            match piece {
                Piece::Literal(text) => gathered.put(text.as_bytes(), &mut take),
                Piece::Timestamp => gathered.put(self.timestamp, &mut take),
                Piece::Id => gathered.put(self.id, &mut take),
                // It is fed elsewhere: see `in_body`.
                #[cfg(feature = "providers")]
                Piece::Json(_) => {}
                Piece::Method => gathered.put(self.request.head.method.as_bytes(), &mut take),
                Piece::Body => {
                    gathered.give(&mut take);
                    take(self.request.body);
                }
                #[cfg(feature = "providers")]
                Piece::FormSorted | Piece::UrlFormSorted => {
                    gathered.give(&mut take);
                    self.feed_form(piece, &mut take);
                }
                #[cfg(feature = "providers")]
                Piece::UrlAnyPort => self.put_url(&mut gathered, &mut take),
                Piece::Url => self.put_url(&mut gathered, &mut take),
                Piece::UrlUnescaped => {
                    gathered.put(&self.url.unescaped, &mut take);
                    if let Some(query) = self.request.head.query() {
                        gathered.put(b"?", &mut take);
                        unescape(query.as_bytes(), &mut |bytes| gathered.put(bytes, &mut take));
                    }
                }
            }
        }
        gathered.give(&mut take);
    }

    #[inline(always)]
    fn put_url(&self, gathered: &mut Gathered, take: &mut impl FnMut(&[u8])) {
        gathered.put(self.url.as_received.as_bytes(), take);
        if let Some(query) = self.request.head.query() {
            gathered.put(b"?", take);
            gathered.put(query.as_bytes(), take);
        }
    }

    #[cfg(feature = "providers")]
    #[cold]
    fn feed_form(&self, piece: &Piece, take: &mut impl FnMut(&[u8])) {
        match (self.form, piece) {
            (Some(form), Piece::UrlFormSorted) => form.feed_with_url(self.url.as_received.as_bytes(), take),
            (Some(form), _) => form.feed(take),
            (None, _) => {}
        }
    }
}

/// Room for what is short: an id, a timestamp and what stands between them.
const GATHERED_BYTES: usize = 128;

/// Bytes that wait to be fed together.
struct Gathered {
    bytes: [u8; GATHERED_BYTES],
    len: usize,
}

impl Gathered {
    /// Keeps `piece` for later, or gives it to `take`, behind what is kept, where there is no room for it.
    #[inline(always)]
    fn put(&mut self, piece: &[u8], take: &mut impl FnMut(&[u8])) {
        if let ([byte], Some(room)) = (piece, self.bytes.get_mut(self.len)) {
            // What parts two pieces is mostly one byte, and no call is worth that.
            *room = *byte;
            self.len += 1;
        } else if let Some(room) = self.bytes.get_mut(self.len..self.len + piece.len()) {
            room.copy_from_slice(piece);
            self.len += piece.len();
        } else {
            self.give(take);
            take(piece);
        }
    }

    #[inline(always)]
    fn give(&mut self, take: &mut impl FnMut(&[u8])) {
        if self.len > 0 {
            take(self.bytes.split_at(self.len).0);
            self.len = 0;
        }
    }
}

/// The characters whose escapes HubSpot undoes (HubSpot's developer documentation, "Validate requests", v3).
const UNESCAPED: &[u8] = b":/?@!$'()*,;";

/// Gives `text` to `take` with the escapes of [`UNESCAPED`] undone.
fn unescape(mut text: &[u8], take: &mut impl FnMut(&[u8])) {
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| rest.iter().position(|byte| *byte == b'%')) {
        let at = from + at;
        let digits = text.get(at + 1..at + 3).unwrap_or_default();
        let mut byte = [0];
        if hex::decode_to_slice(digits, &mut byte).is_ok() && UNESCAPED.contains(&byte[0]) {
            take(text.get(..at).unwrap_or_default());
            take(&byte);
            text = text.get(at + 3..).unwrap_or_default();
            from = 0;
        } else {
            from = at + 1;
        }
    }
    take(text);
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

    #[test]
    fn the_escapes_that_hubspot_undoes_are_undone_and_no_others() {
        for (text, expected) in [
            ("/a?b=c", "/a?b=c"),
            ("%3A%2f%3F%40%21%24%27%28%29%2A%2c%3B", ":/?@!$'()*,;"),
            ("%20%41%25%3d", "%20%41%25%3d"),
            ("%%3A%3", "%:%3"),
            ("%", "%"),
            ("%253A", "%253A"),
        ] {
            let mut out = Vec::new();
            unescape(text.as_bytes(), &mut |bytes| out.extend_from_slice(bytes));
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{text}");
        }
    }
}
