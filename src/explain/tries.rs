//! One try: is the request rightly signed with this changed? And how many there may be.

use super::Question;
use crate::json;
use crate::request::Request;
use crate::time::UnixTime;
use crate::verify::{Refusal, Scheme, Secret, SecretForm, Verifier};

/// Most tries for one request. All that are known take under a thousand with one secret; the rest is for more of them, and
/// for the orders that an object's keys may have had.
pub const TRIES_LIMIT: u32 = 6000;

/// Most bytes hashed for one request, in all tries together: some seconds of work. A body of 25 MiB, the longest that GitHub
/// sends, has eighty tries in them.
pub const BYTES_LIMIT: u64 = 2 * 1024 * 1024 * 1024;

/// What a try costs beside its body, in bytes: keys are hashed too.
const BYTES_A_TRY: u64 = 1024;

/// The question, and what is left to spend on it.
pub(super) struct Tries<'q> {
    pub(super) question: &'q Question<'q>,
    /// The scheme, with timestamps of any age: a mistake is one also in a request that was kept for a week.
    pub(super) scheme: Scheme,
    /// The secrets that the scheme can use.
    pub(super) secrets: Vec<(String, Secret)>,
    tries_left: u32,
    bytes_left: u64,
    is_spent: bool,
}

impl<'q> Tries<'q> {
    pub(super) fn new(question: &'q Question<'q>) -> Self {
        let is_usable = |(_, secret): &&(String, Secret)| is_usable(question.scheme, secret);
        Tries {
            question,
            scheme: question.scheme.clone().ignoring_age(),
            secrets: question.secrets.iter().filter(is_usable).cloned().collect(),
            tries_left: TRIES_LIMIT,
            bytes_left: BYTES_LIMIT,
            is_spent: false,
        }
    }

    /// The verdict on the request as it is, with the secrets that the scheme can use; nothing where it can use none.
    pub(super) fn verdict(&self, now: UnixTime) -> Option<Result<(), Refusal>> {
        let question = self.question;
        let verifier = Verifier::at(question.scheme.clone(), self.secrets.iter().cloned(), question.url).ok()?;
        let verified = verifier.verify(question.request, now);
        let judged =
            verified.and_then(|verified| verified.judge_body_timestamp(json::check(question.request.body).ok(), now));
        Some(judged)
    }

    /// A verifier of the scheme as it is, where there is a secret for it.
    pub(super) fn verifier(&self) -> Option<Verifier> {
        Verifier::at(self.scheme.clone(), self.secrets.iter().cloned(), self.question.url).ok()
    }

    /// Whether `request` is rightly signed with `key`, whose bytes are taken as they are.
    pub(super) fn holds_with_key(&mut self, key: &Secret) -> bool {
        let scheme = Scheme { secret_form: SecretForm::Utf8, ..self.scheme.clone() };
        let verifier = Verifier::at(scheme, [(String::new(), key.clone())], self.question.url);
        verifier.is_ok_and(|verifier| self.holds(&verifier, self.question.request))
    }

    /// Whether `verifier` takes `request`. False, too, where nothing is left to spend.
    pub(super) fn holds(&mut self, verifier: &Verifier, request: &Request<'_>) -> bool {
        // The scheme bounds no age, so that no clock is needed.
        self.spend(request.body.len()) && verifier.verify(request, UnixTime::from_s(0)).is_ok()
    }

    /// Takes a try with a body of so many bytes from what is left; false where there is not enough.
    pub(super) fn spend(&mut self, body_bytes: usize) -> bool {
        let body_bytes = u64::try_from(body_bytes).unwrap_or(u64::MAX);
        let keys = u64::try_from(self.secrets.len().max(1)).unwrap_or(u64::MAX);
        let bytes = body_bytes.saturating_add(BYTES_A_TRY).saturating_mul(keys);
        match (self.tries_left.checked_sub(1), self.bytes_left.checked_sub(bytes)) {
            (Some(tries_left), Some(bytes_left)) => {
                (self.tries_left, self.bytes_left) = (tries_left, bytes_left);
                true
            }
            _ => {
                self.is_spent = true;
                false
            }
        }
    }

    /// Whether `verifier` takes the request with this body.
    pub(super) fn holds_with_body(&mut self, verifier: &Verifier, body: &[u8]) -> bool {
        self.holds(verifier, &Request { head: self.question.request.head, body })
    }

    /// Whether something was left untried because there was nothing left to spend.
    pub(super) fn is_spent(&self) -> bool {
        self.is_spent
    }
}

/// Whether `scheme` can use `secret`.
pub(super) fn is_usable(scheme: &Scheme, secret: &Secret) -> bool {
    scheme.secret_form.key(secret).is_ok()
}
