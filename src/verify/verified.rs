//! The proof: a request whose signature is right, and what it says.

#[cfg(feature = "providers")]
use super::in_body;
#[cfg(feature = "providers")]
use super::jwt::Jwt;
use super::key::{Keyed, MacBytes};
use super::scheme::{Piece, Place, ReplayRule, Scheme, TimestampPlace};
use super::text::{Text, Url};
use super::{Refusal, pointer, timestamp};
use crate::request::Request;
use crate::time::UnixTime;
use std::borrow::Cow;
use std::fmt;

/// A request whose signature is proven. Only [`Verifier::verify`](crate::Verifier::verify) makes one, and what hands events on takes nothing else.
///
/// A program cannot make its own. This compiles:
/// ```
/// fn whole<'a>(head: hookgate::Head<'a>, body: &'a [u8]) -> hookgate::Request<'a> {
///     hookgate::Request { head, body }
/// }
/// ```
/// and this, one name apart, does not:
/// ```compile_fail
/// fn whole<'a>(head: hookgate::Head<'a>, body: &'a [u8]) -> hookgate::Request<'a> {
///     hookgate::Verified { head, body }
/// }
/// ```
/// Nor can it put another request under a proof. This compiles:
/// ```
/// fn swap<'a>(mut proven: hookgate::Verified<'a>, other: hookgate::Request<'a>) -> hookgate::Request<'a> {
///     let mut kept = *proven.request();
///     kept = other;
///     kept
/// }
/// ```
/// and this does not:
/// ```compile_fail
/// fn swap<'a>(mut proven: hookgate::Verified<'a>, other: hookgate::Request<'a>) -> hookgate::Request<'a> {
///     let mut kept = *proven.request();
///     proven.request = other;
///     kept
/// }
/// ```
#[derive(Clone, Copy)]
pub struct Verified<'a> {
    pub(super) request: Request<'a>,
    pub(super) scheme: &'a Scheme,
    pub(super) secret_label: &'a str,
    /// The secret that matched, as a key.
    pub(super) keyed: &'a Keyed,
    /// The signed id; or the token, where the signature is one.
    pub(super) id: &'a [u8],
    /// The MAC under the first secret, whichever matched; where it stands in the body, under the one that did.
    pub(super) mac: MacBytes,
}

impl<'a> Verified<'a> {
    /// The request that was proven, byte for byte.
    #[must_use]
    pub fn request(&self) -> &Request<'a> {
        &self.request
    }

    /// The scheme it was proven by.
    #[must_use]
    pub fn scheme(&self) -> &'a Scheme {
        self.scheme
    }

    /// The label of the secret that matched.
    #[must_use]
    pub fn secret_label(&self) -> &'a str {
        self.secret_label
    }

    /// The MAC of `token` alone under the secret that matched: what a handshake asks for, and nobody else is given.
    pub(super) fn mac_of(&self, token: &[u8]) -> Vec<u8> {
        let plain = Scheme { template: vec![Piece::Body], ..self.scheme.clone() };
        let request = Request { head: self.request.head, body: token };
        self.keyed.sign(&plain, &Text::new(&request, (&[], &[]), &Url::new("")))
    }

    /// The event's type: the first of the scheme's places that holds a value. `payload` is the body's JSON, if it has one.
    #[must_use]
    pub fn event_type<'p>(&self, payload: Option<&'p str>) -> Option<Cow<'p, str>>
    where
        'a: 'p,
    {
        self.first_of(&self.scheme.event_type, payload)
    }

    /// The sender's id of this delivery, from the scheme's places. A header is not covered by the signature: it names the
    /// delivery and proves nothing.
    #[must_use]
    pub fn delivery_id<'p>(&self, payload: Option<&'p str>) -> Option<Cow<'p, str>>
    where
        'a: 'p,
    {
        self.first_of(&self.scheme.delivery_id, payload)
    }

    fn first_of<'p>(&self, places: &[Place], payload: Option<&'p str>) -> Option<Cow<'p, str>>
    where
        'a: 'p,
    {
        places.iter().find_map(|place| match place {
            Place::Header(name) => self.request.head.value(name).map(text),
            Place::Json(pointer) => {
                let payload = payload?;
                let found = crate::json::string_at(payload, pointer).or_else(|| pointer::scalar_at(payload, pointer));
                found.map(Cow::Owned)
            }
        })
    }

    /// Whether a timestamp that the scheme has inside the body is within its bounds at `now`. `payload` is the body's JSON,
    /// if it has one. A scheme without such a timestamp takes any.
    ///
    /// # Errors
    /// Where it is not, or is missing or malformed.
    pub fn judge_body_timestamp(&self, payload: Option<&str>, now: UnixTime) -> Result<(), Refusal> {
        let Some(rule) = &self.scheme.timestamp else { return Ok(()) };
        let TimestampPlace::Json(pointer) = &rule.place else { return Ok(()) };
        if rule.past_s.is_none() && rule.future_s.is_none() {
            return Ok(());
        }
        match payload.and_then(|payload| self.signed_scalar_at(payload, pointer)) {
            None if rule.accept_missing_timestamp => Ok(()),
            None => Err(Refusal::MissingTimestamp),
            Some(text) => {
                let signed_at = timestamp::moment(rule.unit, text.as_bytes()).ok_or(Refusal::MalformedTimestamp)?;
                rule.judge(signed_at, now)
            }
        }
    }

    /// What stands at `pointer`, read as it was when its signature was proven.
    fn signed_scalar_at(&self, payload: &str, pointer: &str) -> Option<String> {
        #[cfg(feature = "providers")]
        if self.scheme.signature_in_body.is_some() {
            return in_body::scalar_at(payload, pointer);
        }
        pointer::scalar_at(payload, pointer)
    }

    /// What a delivery that comes again has in common with this one: by the scheme's rule, and always something that the
    /// signature covers. `payload` is the body's JSON, if it has one. Nothing where the scheme tells no two apart.
    ///
    /// It begins with a letter for its kind, so that an id in the body is never taken for a MAC. Where the scheme's place
    /// holds nothing it is the MAC: what lacks an id is no way around this. The MAC is the first secret's, whichever matched:
    /// a second signature beside the first makes no second delivery.
    #[must_use]
    pub fn replay_key(&self, payload: Option<&str>) -> Option<Vec<u8>> {
        let keyed = |kind: u8, bytes: &[u8]| Some([&[kind], bytes].concat());
        match &self.scheme.replay_key {
            ReplayRule::None => None,
            ReplayRule::SignedId => keyed(b'i', self.id),
            ReplayRule::Mac => keyed(b'm', self.mac.as_bytes()),
            ReplayRule::Json(pointer) => match payload.and_then(|payload| self.signed_scalar_at(payload, pointer)) {
                Some(id) => keyed(b'j', id.as_bytes()),
                None => keyed(b'm', self.mac.as_bytes()),
            },
            #[cfg(feature = "providers")]
            ReplayRule::TokenId => match Jwt::id(self.id) {
                Some(id) => keyed(b't', id.as_bytes()),
                None => keyed(b'm', self.mac.as_bytes()),
            },
        }
    }
}

/// A MAC that verifies is as good as the secret for its body: `Debug` shows none.
impl fmt::Debug for Verified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Verified");
        shown
            .field("request", &self.request)
            .field("scheme", &self.scheme.name)
            .field("secret_label", &self.secret_label);
        shown.finish_non_exhaustive()
    }
}

/// `bytes` as text. Most are: the library looks at those a word at a time, and at what has to be mended a byte at a time.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
