//! Deciding one request: the receiver that both fronts feed.

#[cfg(feature = "providers")]
mod handover;
mod receivers;

#[cfg(feature = "providers")]
pub use handover::{HANDOVER_WINDOW_S, Handover, NotTaken};
pub use receivers::{Receivers, RepeatedPath};

use crate::access::Access;
use crate::answer::Answer;
use crate::payload::{self, Payload};
use crate::request::{Head, Request};
use crate::time::UnixTime;
#[cfg(feature = "providers")]
use crate::verify::Said;
use crate::verify::{AgreedToken, Body, Handshake, Refusal, Secret, Verified, Verifier};
use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
#[cfg(feature = "providers")]
use std::sync::Arc;

/// Longest body accepted unless told otherwise, in bytes. GitHub caps a delivery at 25 MB (GitHub Docs, "Webhook events and
/// payloads").
pub const BODY_LIMIT_BYTES: u64 = 25 * 1024 * 1024;

/// One source of deliveries: where it posts, how it signs, and how much it may send.
#[derive(Debug)]
pub struct Receiver {
    source: String,
    path: String,
    verifier: Verifier,
    body_limit_bytes: u64,
    agreed_token: Option<AgreedToken>,
    access: Access,
    watcher: Option<Watcher>,
    /// Where its secret comes by a handshake, and `verifier` is without one.
    #[cfg(feature = "providers")]
    awaited: Option<handover::Awaited>,
}

/// What a request was that is answered with a 2xx.
#[derive(Clone, Debug)]
pub enum Received<'a> {
    /// A delivery: to be kept, then answered.
    Delivery(Delivery<'a>),
    /// A handshake, which is no event, and its answer.
    Handshake(Answer),
}

/// What is told of requests that were refused for their signature or their time.
struct Watcher(Box<Watch>);

type Watch = dyn Fn(&Request<'_>, &Refusal, UnixTime) + Send + Sync;

/// A path that no request could match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidPath(pub String);

impl Receiver {
    /// A receiver for what `source` posts to `path` and signs for `verifier`, with bodies of up to [`BODY_LIMIT_BYTES`].
    ///
    /// # Errors
    /// Where `path` does not begin with `/` or has a character that the path of a request target cannot have.
    pub fn new(source: String, path: String, verifier: Verifier) -> Result<Self, InvalidPath> {
        if !is_path(&path) {
            return Err(InvalidPath(path));
        }
        Ok(Receiver {
            source,
            path,
            verifier,
            body_limit_bytes: BODY_LIMIT_BYTES,
            agreed_token: None,
            access: Access::default(),
            watcher: None,
            #[cfg(feature = "providers")]
            awaited: None,
        })
    }

    /// The same with another limit for the body, in bytes.
    #[must_use]
    pub fn with_body_limit_bytes(self, body_limit_bytes: u64) -> Self {
        Receiver { body_limit_bytes, ..self }
    }

    /// The same with the token that the operator agreed on with the provider, where its handshake asks for one: Meta's verify
    /// token.
    #[must_use]
    pub fn with_agreed_token(self, token: &Secret) -> Self {
        Receiver { agreed_token: Some(AgreedToken::new(token)), ..self }
    }

    /// The same, open to those only who `access` lets in. [`Receivers::enter`] asks it: this receiver knows no addresses.
    #[must_use]
    pub fn with_access(self, access: Access) -> Self {
        Receiver { access, ..self }
    }

    /// The same with somebody who is told of each request whose signature does not match, or whose time is out of bounds:
    /// once it is refused, on the thread that receives. Neither the refusal nor the answer is his to change.
    #[must_use]
    pub fn with_watcher(self, watch: impl Fn(&Request<'_>, &Refusal, UnixTime) + Send + Sync + 'static) -> Self {
        Receiver { watcher: Some(Watcher(Box::new(watch))), ..self }
    }

    /// The same for a provider whose handshake hands over the secret: it is verified with from then on, under this label. Its
    /// verifier is one that waits for it, [`Verifier::without_secret`].
    #[must_use]
    #[cfg(feature = "providers")]
    pub fn awaiting_secret(self, label: String, handover: Arc<Handover>) -> Self {
        Receiver { awaited: Some(handover::Awaited::new(label, handover)), ..self }
    }

    /// Longest body accepted, in bytes.
    #[must_use]
    pub fn body_limit_bytes(&self) -> u64 {
        self.body_limit_bytes
    }

    /// The name of its source.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The path that it answers on.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The verifier of its source.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        #[cfg(feature = "providers")]
        if let Some(verifier) = self.awaited.as_ref().and_then(|awaited| awaited.verifier(&self.verifier)) {
            return verifier;
        }
        &self.verifier
    }

    /// Whether the body of this request is worth waiting for: all that is decided without it, in the order path, method,
    /// declared size, Content-Encoding, signature header. `declared_bytes` is its Content-Length, where it has one.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn admit(&self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<(), Refusal> {
        self.check_path(head)?;
        self.admit_here(head, declared_bytes)
    }

    /// [`Receiver::admit`] of a request that is for this path.
    fn admit_here(&self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<(), Refusal> {
        self.check_head(head, declared_bytes)?;
        match self.handshake(head, Body::Declared(declared_bytes))? {
            Some(_) => Ok(()),
            None => self.verifier.check_head(head),
        }
    }

    fn check_path(&self, head: &Head<'_>) -> Result<(), Refusal> {
        if head.path() == self.path { Ok(()) } else { Err(Refusal::UnknownPath) }
    }

    /// What [`Receiver::admit`] decides between the path and the signature header.
    fn check_head(&self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<(), Refusal> {
        if !self.delivers_by(head.method) && !self.verifier.scheme().handshake_methods().any(|it| it == head.method) {
            return Err(Refusal::MethodNotAllowed);
        }
        if declared_bytes.is_some_and(|bytes| bytes > self.body_limit_bytes) {
            return Err(self.body_too_long());
        }
        if !head.values("Content-Encoding").all(|value| value.is_empty() || value.eq_ignore_ascii_case(b"identity")) {
            return Err(Refusal::UnsupportedContentEncoding);
        }
        Ok(())
    }

    fn delivers_by(&self, method: &str) -> bool {
        self.verifier.scheme().methods.iter().any(|known| known == method)
    }

    /// The handshake without a signature that a request is, if it is one. By a method of handshakes it can be nothing else.
    fn handshake(&self, head: &Head<'_>, body: Body<'_>) -> Result<Option<&Handshake>, Refusal> {
        match self.verifier.scheme().unsigned_handshake(head, body) {
            None if !self.delivers_by(head.method) => Err(Refusal::InvalidHandshake),
            found => Ok(found),
        }
    }

    /// The refusal of a body over this receiver's limit, for a front that sees it grow.
    #[must_use]
    pub fn body_too_long(&self) -> Refusal {
        Refusal::BodyTooLong { limit_bytes: self.body_limit_bytes }
    }

    /// The answer to a request that was refused.
    #[must_use]
    pub fn refuse(&self, refusal: &Refusal) -> Answer {
        let scheme = self.verifier.scheme();
        let asked_by = scheme.handshake_methods().map(str::to_string);
        let methods: Vec<String> = scheme.methods.iter().cloned().chain(asked_by).collect();
        let answer = Answer::refused_of(refusal, &methods);
        if scheme.bare_refusals { answer.without_body() } else { answer }
    }

    /// Decides one whole request: [`Receiver::admit`], then body, signature and payload rule, or what answers a handshake.
    /// `now` is when it came.
    ///
    /// # Errors
    /// The first that does not hold.
    pub fn receive<'a>(&'a self, request: &Request<'a>, now: UnixTime) -> Result<Received<'a>, Refusal> {
        self.check_path(&request.head)?;
        self.receive_here(request, now)
    }

    /// [`Receiver::receive`] of a request that is for this path.
    fn receive_here<'a>(&'a self, request: &Request<'a>, now: UnixTime) -> Result<Received<'a>, Refusal> {
        let body_bytes = u64::try_from(request.body.len()).unwrap_or(u64::MAX);
        self.check_head(&request.head, Some(body_bytes))?;
        if let Some(handshake) = self.handshake(&request.head, Body::Whole(request.body))? {
            #[cfg(feature = "providers")]
            if let Some(awaited) = &self.awaited
                && let Some(handed) = handshake.handed_over(&request.head)
            {
                return self.take_secret(awaited, handed?, now);
            }
            let said = handshake.answer_unsigned(&request.head, request.body, self.agreed_token.as_ref())?;
            return Ok(Received::Handshake(Answer::handshake(&said)));
        }
        if let Err(refusal) = payload::check_presence(&self.verifier.scheme().payload, request.body) {
            // Where there is a body, verifying it says what is wrong with the signature header.
            self.verifier.check_head(&request.head)?;
            return Err(refusal);
        }
        let verified = self.verifier().verify(request, now);
        let delivery = verified.and_then(|verified| Delivery::new(&self.source, verified, now));
        let delivery = delivery.inspect_err(|refusal| self.tell(request, refusal, now))?;
        match self.verifier.scheme().signed_handshake(&delivery.verified, delivery.payload.json()) {
            Some(said) => Ok(Received::Handshake(Answer::handshake(&said?))),
            None => Ok(Received::Delivery(delivery)),
        }
    }

    /// What comes of a secret that was handed over at `now`: it is answered once it is kept.
    #[cfg(feature = "providers")]
    #[cold]
    fn take_secret(
        &self,
        awaited: &handover::Awaited,
        (secret, said): (Secret, Said),
        now: UnixTime,
    ) -> Result<Received<'_>, Refusal> {
        match awaited.take(&self.verifier, secret, now) {
            Ok(()) => Ok(Received::Handshake(Answer::handshake(&said))),
            Err(NotTaken::Unkept) => Ok(Received::Handshake(Answer::unavailable())),
            Err(NotTaken::Refused) => Err(Refusal::HandshakeRefused),
        }
    }

    #[cold]
    fn tell(&self, request: &Request<'_>, refusal: &Refusal, now: UnixTime) {
        let is_told =
            matches!(refusal, Refusal::SignatureMismatch | Refusal::Stale { .. } | Refusal::FromTheFuture { .. });
        if let Some(Watcher(watch)) = self.watcher.as_ref().filter(|_| is_told) {
            watch(request, refusal, now);
        }
    }
}

/// Whether a request can have this path.
pub(crate) fn is_path(path: &str) -> bool {
    path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#".contains(&byte))
}

impl<'a> Received<'a> {
    /// The delivery, if it was one.
    #[must_use]
    pub fn delivery(self) -> Option<Delivery<'a>> {
        match self {
            Received::Delivery(delivery) => Some(delivery),
            Received::Handshake(_) => None,
        }
    }
}

/// A proven request and what it holds: what is kept, printed and handed on.
///
/// It takes a [`Verified`]. This compiles:
/// ```
/// fn deliver<'a>(it: hookgate::Verified<'a>, now: hookgate::UnixTime) {
///     let _ = hookgate::Delivery::new("github", it, now);
/// }
/// ```
/// and this, with a request that nobody proved, does not:
/// ```compile_fail
/// fn deliver<'a>(it: hookgate::Request<'a>, now: hookgate::UnixTime) {
///     let _ = hookgate::Delivery::new("github", it, now);
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Delivery<'a> {
    source: &'a str,
    verified: Verified<'a>,
    payload: Payload<'a>,
    received_at: UnixTime,
    peer: Option<IpAddr>,
}

impl<'a> Delivery<'a> {
    /// The delivery from `source` that `verified` proves, received at `now`. Not promised: that it is no handshake, which
    /// [`Receiver::receive`] tells.
    ///
    /// # Errors
    /// Where the body is not what the scheme's payload rule asks for, or holds a timestamp out of the scheme's bounds.
    pub fn new(source: &'a str, verified: Verified<'a>, now: UnixTime) -> Result<Self, Refusal> {
        let request = *verified.request();
        let payload = payload::read(&verified.scheme().payload, &request.head, request.body)?;
        verified.judge_body_timestamp(payload.json(), now)?;
        Ok(Delivery { source, verified, payload, received_at: now, peer: None })
    }

    /// The same with the address that its connection came from, where it has one.
    #[must_use]
    pub fn with_peer(self, peer: Option<IpAddr>) -> Self {
        Delivery { peer, ..self }
    }

    /// The name of its source.
    #[must_use]
    pub fn source(&self) -> &'a str {
        self.source
    }

    /// The proof, and with it the request.
    #[must_use]
    pub fn verified(&self) -> &Verified<'a> {
        &self.verified
    }

    /// What its body holds.
    #[must_use]
    pub fn payload(&self) -> &Payload<'a> {
        &self.payload
    }

    /// When it was received, by this machine's clock.
    #[must_use]
    pub fn received_at(&self) -> UnixTime {
        self.received_at
    }

    /// The address that its connection came from; nothing where it came over a Unix socket.
    #[must_use]
    pub fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// The event's type, from where the scheme says it stands.
    #[must_use]
    pub fn event_type(&self) -> Option<Cow<'_, str>> {
        self.verified.event_type(self.payload.json())
    }

    /// The sender's id of this delivery, from where the scheme says it stands.
    #[must_use]
    pub fn delivery_id(&self) -> Option<Cow<'_, str>> {
        self.verified.delivery_id(self.payload.json())
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher(…)")
    }
}

impl fmt::Display for InvalidPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no request can match the path {:?}", self.0)
    }
}

impl std::error::Error for InvalidPath {}

#[cfg(test)]
mod tests;
