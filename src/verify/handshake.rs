//! How a provider asks a receiver to prove itself before it delivers, and what it is answered: data, and the pure decision.
//!
//! None of these is a way in. One that needs no signature is answered only where no event could come of the request; one that
//! needs it is known by what the signature covers. What is echoed is short and of few characters.

mod check;
mod spot;

pub(super) use check::check;
pub use spot::Spot;

use super::scheme::Scheme;
use super::{Refusal, Secret, Verified};
use crate::payload::is_form;
use crate::request::Head;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use spot::ANY;
use std::fmt;

/// Longest token that is echoed, in bytes. Microsoft Graph's have some 120, the others' fewer than 100.
pub const ECHO_LIMIT_BYTES: usize = 256;

/// Longest token that is signed for an answer, in bytes. Zoom's have 22.
pub const SIGNED_TOKEN_LIMIT_BYTES: usize = 64;

/// One question of a provider, and the answer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// The method that it comes by.
    pub method: String,
    /// Whether it is answered only once its signature is proven, as a delivery's is.
    pub signed: bool,
    /// What has to stand where for a request to be this question: `(spot, value)`. `[]` is an empty list, `*` any value, and
    /// `!` in a signed body's JSON that there is none.
    pub when: Vec<(Spot, String)>,
    /// Where the token stands that the operator agreed on with the provider.
    pub agreed_token: Option<Spot>,
    /// Where the token stands that the provider chose for this question.
    pub token: Option<Spot>,
    /// What it is answered with, status 200 unless it says another.
    pub reply: Reply,
}

/// What answers a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// No body.
    Empty,
    /// No body, status 204.
    #[cfg(feature = "providers")]
    NoContent,
    /// The token, as text.
    Text,
    /// The token, as text, which may have spaces and colons.
    Sentence,
    /// A JSON object with the token under this name.
    Json(String),
    /// A JSON object with the token and, in hex, its MAC under the secret that proved the request.
    Mac {
        /// The name that the token stands under.
        token: String,
        /// The name that the MAC stands under.
        mac: String,
    },
    /// This JSON.
    Fixed(String),
    /// The token is the secret from now on, and goes back in the field that it came in. It is refused but in a window that the
    /// operator opens: see [`Handshake::handed_over`].
    Secret,
}

/// What is said to a provider that asked: a status, 200 or 204, and a body. Only the decisions of this module make one.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    status: u16,
    content_type: &'static str,
    body: String,
    /// A field of the answer's head: a name and a value.
    #[cfg(feature = "providers")]
    field: Option<(String, String)>,
}

impl Said {
    /// The status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The value of its Content-Type field.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        self.content_type
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The field that its head has beside those that every answer has: a name and a value.
    #[must_use]
    #[cfg(feature = "providers")]
    pub fn field(&self) -> Option<(&str, &str)> {
        self.field.as_ref().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// What is said can be a secret, or a MAC: `Debug` shows none.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("status", &self.status).finish_non_exhaustive()
    }
}

/// The token that the operator agreed on with the provider, such as Meta's verify token.
pub struct AgreedToken(Hmac<Sha256>, Secret);

impl AgreedToken {
    /// The token that `secret` holds.
    #[must_use]
    pub fn new(secret: &Secret) -> Self {
        let keyed = Hmac::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length (RFC 2104 §3)");
        AgreedToken(keyed, secret.clone())
    }

    /// Whether `given` is the same. MACs of both are compared, by the library: how long that takes tells nothing of the token,
    /// its length included.
    fn is(&self, given: &[u8]) -> bool {
        let mac = |bytes: &[u8]| self.0.clone().chain_update(bytes).finalize();
        mac(given) == mac(self.1.as_bytes())
    }
}

impl fmt::Debug for AgreedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AgreedToken(…)")
    }
}

/// The body of a request, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// Its declared length, in bytes, where it has one.
    Declared(Option<u64>),
    /// All of it.
    Whole(&'a [u8]),
}

impl Scheme {
    /// Methods that only questions come by.
    pub fn handshake_methods(&self) -> impl Iterator<Item = &str> {
        let methods = self.handshakes.iter().map(|handshake| handshake.method.as_str());
        methods.filter(|method| !self.methods.iter().any(|known| known == method))
    }

    /// The question that needs no signature and that a request is, if it is one.
    #[must_use]
    pub fn unsigned_handshake(&self, head: &Head<'_>, body: Body<'_>) -> Option<&Handshake> {
        let mut asked = self.handshakes.iter().filter(|handshake| !handshake.signed && handshake.method == head.method);
        let found = asked.find(|handshake| handshake.is_asked_by(head, body))?;
        // What could be an event is judged as one.
        let could_be_event = self.methods.iter().any(|method| method == head.method) && self.can_be_signed(head);
        (!could_be_event).then_some(found)
    }

    /// What is said to the question that `verified` is, if it is one. `payload` is its body's JSON, if it has one.
    ///
    /// # Errors
    /// Where the question holds no token that can be echoed.
    #[must_use]
    pub fn signed_handshake(&self, verified: &Verified<'_>, payload: Option<&str>) -> Option<Result<Said, Refusal>> {
        let payload = payload?;
        let head = &verified.request().head;
        let is_asked = |handshake: &&Handshake| {
            handshake.signed
                && handshake.method == head.method
                && handshake.when.iter().all(|(spot, value)| spot.holds(value, payload))
        };
        let handshake = self.handshakes.iter().find(is_asked)?;
        let token = handshake.token.as_ref().and_then(|spot| spot.read(head, Some(payload), &[]));
        Some(handshake.reply.to(token, |token| verified.mac_of(token)))
    }
}

impl Handshake {
    /// Whether a request is this question, which needs no signature.
    fn is_asked_by(&self, head: &Head<'_>, body: Body<'_>) -> bool {
        let holds = |spot: &Spot, value: &str| {
            spot.read(head, None, &[]).is_some_and(|held| value == ANY || held == value.as_bytes())
        };
        let has = |spot: &Option<Spot>| match (spot, body) {
            #[cfg(feature = "providers")]
            (Some(spot), body) if self.reply == Reply::Secret => {
                body.is_empty_object_or_less() && spot.read(head, None, &[]).is_some()
            }
            (None, body) => body.is_empty(),
            (Some(Spot::Form(_)), Body::Declared(bytes)) => is_form(head) && bytes.is_some_and(is_short),
            (Some(spot @ Spot::Form(_)), Body::Whole(form)) => is_form(head) && spot.read(head, None, form).is_some(),
            (Some(spot), body) => body.is_empty() && spot.read(head, None, &[]).is_some(),
        };
        has(&self.token) && self.when.iter().all(|(spot, value)| holds(spot, value))
    }

    /// The secret that this question hands over, and what is said to it once that is kept: the same, in the field that it came
    /// in. Nothing where it is no such question.
    ///
    /// # Errors
    /// Where what stands there cannot be sent back.
    #[must_use]
    #[cfg(feature = "providers")]
    pub fn handed_over(&self, head: &Head<'_>) -> Option<Result<(Secret, Said), Refusal>> {
        let (Reply::Secret, Some(spot @ Spot::Header(name))) = (&self.reply, &self.token) else { return None };
        let handed = || {
            let said = Reply::Text.to(spot.read(head, None, &[]), |_| Vec::new())?;
            let secret = Secret::new(said.body.clone().into_bytes()).map_err(|_| Refusal::InvalidHandshake)?;
            Ok((secret, Said { field: Some((name.clone(), said.body)), body: String::new(), ..said }))
        };
        Some(handed())
    }

    /// What is said to this question, which needs no signature.
    ///
    /// # Errors
    /// Where the agreed token is not the operator's, or the question holds no token that can be echoed.
    pub fn answer_unsigned(&self, head: &Head<'_>, body: &[u8], agreed: Option<&AgreedToken>) -> Result<Said, Refusal> {
        if let Some(spot) = &self.agreed_token {
            let given = spot.read(head, None, &[]).ok_or(Refusal::HandshakeRefused)?;
            if !agreed.is_some_and(|agreed| agreed.is(&given)) {
                return Err(Refusal::HandshakeRefused);
            }
        }
        let token = self.token.as_ref().and_then(|spot| spot.read(head, None, body));
        // A scheme that would sign for strangers is refused where it comes in.
        self.reply.to(token, |_| Vec::new())
    }
}

impl Body<'_> {
    fn is_empty(self) -> bool {
        match self {
            Body::Declared(bytes) => bytes == Some(0),
            Body::Whole(bytes) => bytes.is_empty(),
        }
    }

    /// Whether it is nothing, or an object with nothing in it: in neither is an event.
    #[cfg(feature = "providers")]
    fn is_empty_object_or_less(self) -> bool {
        match self {
            Body::Declared(bytes) => bytes == Some(0) || bytes == Some(b"{}".len() as u64),
            Body::Whole(bytes) => bytes.is_empty() || bytes == b"{}",
        }
    }
}

/// Whether a form of so many bytes can be a question.
fn is_short(bytes: u64) -> bool {
    (1..=2 * ECHO_LIMIT_BYTES as u64).contains(&bytes)
}

impl Reply {
    /// This reply with `token`, whose MAC `mac_of` gives.
    fn to(&self, token: Option<Vec<u8>>, mac_of: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<Said, Refusal> {
        let is_of: fn(&u8) -> bool = match self {
            Reply::Sentence => |byte| is_of_token(byte) || b" :".contains(byte),
            Reply::Mac { .. } => is_of_signed_token,
            _ => is_of_token,
        };
        let limit = if matches!(self, Reply::Mac { .. }) { SIGNED_TOKEN_LIMIT_BYTES } else { ECHO_LIMIT_BYTES };
        let token = || match token {
            Some(token) if (1..=limit).contains(&token.len()) && token.iter().all(is_of) => {
                String::from_utf8(token).map_err(|_| Refusal::InvalidHandshake)
            }
            _ => Err(Refusal::InvalidHandshake),
        };
        let (content_type, body) = match self {
            Reply::Empty => (TEXT, String::new()),
            #[cfg(feature = "providers")]
            Reply::NoContent => (TEXT, String::new()),
            Reply::Text | Reply::Sentence => (TEXT, token()?),
            Reply::Json(name) => (JSON, format!("{{\"{name}\":\"{}\"}}", token()?)),
            Reply::Mac { token: name, mac } => {
                let token = token()?;
                let digits = hex::encode(mac_of(token.as_bytes()));
                (JSON, format!("{{\"{name}\":\"{token}\",\"{mac}\":\"{digits}\"}}"))
            }
            Reply::Fixed(json) => (JSON, json.clone()),
            Reply::Secret => return Err(Refusal::HandshakeRefused),
        };
        let status = match self {
            #[cfg(feature = "providers")]
            Reply::NoContent => 204,
            _ => 200,
        };
        Ok(Said {
            status,
            content_type,
            body,
            #[cfg(feature = "providers")]
            field: None,
        })
    }
}

const TEXT: &str = "text/plain";
const JSON: &str = "application/json";

/// RFC 9110 §11.2, the characters of a token68: none of them means anything in HTML, JSON or a header.
fn is_of_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(byte)
}

/// The characters of base64url: none of them stands between the parts of what a scheme signs.
pub(super) fn is_of_signed_token(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_".contains(byte)
}

#[cfg(test)]
mod tests;
