//! Why a signature does not match: the mistake, found by making each known one and looking whether the signature is right
//! then.
//!
//! A cause that is found so is certain: nobody makes a MAC that is right for another secret or another body by chance. What
//! cannot be proven so is named only where the request itself shows it (a header that is not there, a time too long ago) and
//! else is [`Cause::Unknown`]. docs/EXPLAIN.md lists the mistakes that are tried and what each is called.

mod body;
mod cause;
mod encoded;
mod form;
mod json;
mod jwt;
mod secret;
mod signature;
mod time;
mod token;
mod tries;
mod url;

pub use cause::{BodyCause, Cause, SecretCause, SignatureCause, TokenCause};
#[cfg(feature = "cli")]
pub(crate) use secret::begins_as_api_key;
pub use tries::{BYTES_LIMIT, TRIES_LIMIT};

use crate::request::Request;
use crate::time::UnixTime;
use crate::verify::{Refusal, Scheme, Secret};
use std::borrow::Cow;
use std::fmt;
use tries::Tries;

/// Longest body that is read as JSON, as a form or as compressed data, in bytes. It bounds the memory that its parts take;
/// what providers send is far below it, but for GitHub's largest pushes.
pub const PARSED_LIMIT_BYTES: usize = 1024 * 1024;

/// What is to be explained. All of it is given: nothing here reads a file or a clock.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// The scheme that the request is judged by.
    pub scheme: &'a Scheme,
    /// The secrets that are configured, each with its label.
    pub secrets: &'a [(String, Secret)],
    /// Secrets that may be the right ones, each with its label.
    pub also: &'a [(String, Secret)],
    /// The URL that the provider posts to, without its query, where the scheme signs that.
    pub url: Option<&'a str>,
    /// The request that was refused.
    pub request: &'a Request<'a>,
    /// How far the search goes.
    pub reach: Reach,
}

/// How far the search for a cause goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All that is known, the body read as JSON, as a form and as compressed data. For a request that an operator hands in.
    Everything,
    /// What parses nothing of the request: for one that came from a stranger.
    WithoutParsing,
}

/// Why the request is refused at `now`, or nothing where it is not.
///
/// The order is from what is certain by the request alone, over what is cheap to try, to what is dear; within the body from
/// one change to several, so that the most specific name that fits is given. At most [`TRIES_LIMIT`] tries are made and
/// [`BYTES_LIMIT`] bytes hashed. Signatures are compared as everywhere: in a time that says nothing of where they differ.
#[must_use]
pub fn explain(question: &Question<'_>, now: UnixTime) -> Option<Cause> {
    let is_own = |(_, secret): &&(String, Secret)| matches!(question.scheme.for_secret(secret), Cow::Borrowed(_));
    let own: Vec<_> = question.secrets.iter().filter(is_own).cloned().collect();
    let Some((_, key)) = question.secrets.iter().find(|secret| !is_own(secret)) else {
        return explain_alone(question, now);
    };
    // The request may be of either kind: what is known of one of them counts.
    let scheme = question.scheme.for_secret(key).into_owned();
    let keys: Vec<_> = question.secrets.iter().filter(|secret| !is_own(secret)).cloned().collect();
    let by_key = explain_alone(&Question { scheme: &scheme, secrets: &keys, ..*question }, now)?;
    if own.is_empty() {
        return Some(by_key);
    }
    let by_secret = explain_alone(&Question { secrets: &own, ..*question }, now)?;
    let is_vague = matches!(by_secret, Cause::Unknown { .. } | Cause::Head { .. });
    Some(if is_vague && !matches!(by_key, Cause::Head { .. }) { by_key } else { by_secret })
}

/// The same where all secrets are of one kind.
fn explain_alone(question: &Question<'_>, now: UnixTime) -> Option<Cause> {
    if let Some(other) = question.scheme.under_other_names()
        && !question.scheme.is_signed(&question.request.head)
        && other.is_signed(&question.request.head)
    {
        return explain_alone(&Question { scheme: &other, ..*question }, now);
    }
    let mut tries = Tries::new(question);
    let refusal = match tries.verdict(now) {
        Some(Ok(())) => return None,
        Some(Err(refusal)) => Some(refusal),
        None => None,
    };
    Some(match refusal {
        Some(refusal @ (Refusal::Stale { .. } | Refusal::FromTheFuture { .. })) => time::of_age(question, refusal, now),
        Some(Refusal::SignatureMismatch) => of_mismatch(&mut tries, now),
        Some(refusal) => of_form(&mut tries, refusal, now),
        None => secret::readings(&mut tries).unwrap_or_else(|| by_its_look(&tries)),
    })
}

/// The cause of a mismatch of signatures that are well formed.
fn of_mismatch(tries: &mut Tries<'_>, now: UnixTime) -> Cause {
    // What the signature does not cover is no cause.
    let covers = tries.scheme.covers_body();
    let parses = parses(tries);
    token::writings(tries)
        .or_else(|| signature::writings(tries))
        .or_else(|| secret::others(tries))
        .or_else(|| secret::readings(tries))
        .or_else(|| secret::public_key(tries))
        .or_else(|| time::writings(tries, now))
        .or_else(|| url::variants(tries))
        .or_else(|| if covers { body::variants(tries) } else { None })
        .or_else(|| if covers && parses { parsed(tries) } else { None })
        .unwrap_or_else(|| by_its_look(tries))
}

/// Whether the body is read, and not only hashed.
fn parses(tries: &Tries<'_>) -> bool {
    tries.question.reach == Reach::Everything && tries.question.request.body.len() <= PARSED_LIMIT_BYTES
}

fn parsed(tries: &mut Tries<'_>) -> Option<Cause> {
    encoded::variants(tries).or_else(|| form::variants(tries)).or_else(|| json::variants(tries))
}

/// The cause of a refusal by the head alone.
fn of_form(tries: &mut Tries<'_>, refusal: Refusal, now: UnixTime) -> Cause {
    let found = match refusal {
        Refusal::MalformedSignature | Refusal::UnsupportedAlgorithm | Refusal::MissingTimestamp => {
            let written = token::writings(tries).or_else(|| signature::writings(tries));
            written.or_else(|| secret::public_key(tries))
        }
        Refusal::MissingSignature => token::writings(tries),
        Refusal::MalformedTimestamp => time::malformed(tries, now),
        // A decoded form can hold what is no escape.
        Refusal::InvalidForm if parses(tries) => form::variants(tries),
        _ => None,
    };
    found.unwrap_or_else(|| Cause::Head { refusal, wanted: signature::wanted(tries.question.scheme, refusal) })
}

/// What can be seen without a signature that is right.
fn by_its_look(tries: &Tries<'_>) -> Cause {
    let parses = parses(tries);
    let undone = if parses && tries.scheme.covers_body() { encoded::undone(tries.question.request) } else { None };
    undone
        .or_else(|| secret::api_key(tries.question))
        .or_else(|| secret::unusable(tries.question))
        .unwrap_or(Cause::Unknown { all_tried: !tries.is_spent() && parses })
}

/// Secrets and requests show nothing of themselves.
impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("scheme", &self.scheme.name)
            .field("request", &self.request)
            .field("reach", &self.reach)
            .finish_non_exhaustive()
    }
}
