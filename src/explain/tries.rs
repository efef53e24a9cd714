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

/// The same where a public key verifies: as long as that takes, so many bytes are hashed.
const BYTES_A_PUBLIC_KEY_TRY: u64 = 256 * 1024;

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
        let verifier =
            Verifier::accepting_uncovered_body(question.scheme.clone(), self.secrets.iter().cloned(), question.url)
                .ok()?;
        let verified = verifier.verify(question.request, now);
        let judged =
            verified.and_then(|verified| verified.judge_body_timestamp(json::check(question.request.body).ok(), now));
        Some(judged)
    }

    /// A verifier of the scheme as it is, where there is a secret for it.
    pub(super) fn verifier(&self) -> Option<Verifier> {
        Verifier::accepting_uncovered_body(self.scheme.clone(), self.secrets.iter().cloned(), self.question.url).ok()
    }

    /// Whether `request` is rightly signed with `key`, whose bytes are taken as they are.
    pub(super) fn holds_with_key(&mut self, key: &Secret) -> bool {
        let scheme = Scheme { secret_form: SecretForm::Utf8, public_key: None, ..self.scheme.clone() };
        let verifier = Verifier::accepting_uncovered_body(scheme, [(String::new(), key.clone())], self.question.url);
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
        let own = if self.scheme.algorithm.has_public_key() { BYTES_A_PUBLIC_KEY_TRY } else { BYTES_A_TRY };
        let bytes = body_bytes.saturating_add(own).saturating_mul(keys);
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
    scheme.key(secret).is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::{Cause, PARSED_LIMIT_BYTES, Reach, explain};
    use super::*;
    use crate::request::{Head, Header};
    use crate::verify::{preset, sign};

    const NOW: UnixTime = UnixTime::from_s(1_700_000_000);

    fn secret() -> Secret {
        Secret::new(b"a secret of the tests".to_vec()).unwrap()
    }

    /// What `ask` says of a request whose body was signed as `signed`.
    fn asked<T>(signed: &[u8], body: &[u8], secrets: usize, ask: impl FnOnce(&Question<'_>) -> T) -> T {
        let scheme = preset("github").unwrap();
        let fields = sign(&scheme, &secret(), signed);
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let head = Head { method: "POST", target: "/", headers: &headers };
        let secrets: Vec<_> = (0..secrets).map(|at| (at.to_string(), secret())).collect();
        let request = &Request { head, body };
        let reach = Reach::Everything;
        ask(&Question { scheme: &scheme, secrets: &secrets, also: &[], url: None, request, reach })
    }

    #[test]
    fn there_are_so_many_tries_and_no_more() {
        asked(b"{}", b"[]", 1, |question| {
            let mut tries = Tries::new(question);
            let verifier = tries.verifier().unwrap();
            assert!((0..TRIES_LIMIT - 1).all(|_| tries.spend(0)));
            assert!(tries.holds_with_body(&verifier, b"{}") && !tries.is_spent());
            assert!(!tries.holds_with_body(&verifier, b"{}") && tries.is_spent());
        });
    }

    #[test]
    fn so_many_bytes_are_hashed_and_no_more_with_each_secret() {
        for secrets in [1, 4] {
            asked(b"{}", b"[]", secrets, |question| {
                let mut tries = Tries::new(question);
                let share = usize::try_from(BYTES_LIMIT).unwrap() / secrets - usize::try_from(BYTES_A_TRY).unwrap();
                assert!(!tries.spend(share + 1) && tries.is_spent());
                assert!(tries.spend(share));
                assert!(!tries.spend(0));
            });
        }
    }

    #[test]
    fn a_body_over_the_limit_is_not_parsed_and_that_is_said() {
        // What is added to the body is on top of the limit, and its first byte makes it other JSON than was signed.
        let signed = |bytes: usize| format!("[{}]", "1".repeat(bytes - 2)).into_bytes();
        let cause = |bytes: usize, body: &[u8]| asked(&signed(bytes), body, 1, |question| explain(question, NOW));
        let spaced = |bytes: usize| [b"[ ", &signed(bytes)[1..]].concat();
        let at_limit = cause(PARSED_LIMIT_BYTES - 1, &spaced(PARSED_LIMIT_BYTES - 1));
        assert_eq!(at_limit.map(|cause| cause.name()), Some("json-pretty-printed"));
        let over = cause(PARSED_LIMIT_BYTES, &spaced(PARSED_LIMIT_BYTES));
        assert_eq!(over, Some(Cause::Unknown { all_tried: false }));
        let newline = [&signed(PARSED_LIMIT_BYTES)[..], b"\n"].concat();
        assert_eq!(cause(PARSED_LIMIT_BYTES, &newline).map(|cause| cause.name()), Some("body-newline-added"));
        assert_eq!(cause(3, b"[2]"), Some(Cause::Unknown { all_tried: true }));
    }
}
