//! Signatures that are tokens: what may stand around one, and the algorithm it is signed with.

use super::cause::{Cause, SignatureCause};
use super::tries::Tries;
use crate::request::{Head, Header, Request};
use crate::verify::{Algorithm, Grammar, Scheme, Verifier};

/// The algorithms of tokens that are signed with a secret.
const ALGORITHMS: [Algorithm; 3] = [Algorithm::HmacSha256, Algorithm::HmacSha384, Algorithm::HmacSha512];

/// The header that a token stands in alone.
const PLAIN_HEADER: &str = "Signature";

/// Whether the token is right, and only written otherwise than the scheme writes it.
pub(super) fn writings(tries: &mut Tries<'_>) -> Option<Cause> {
    let question = tries.question;
    let scheme = question.scheme;
    let value = question.request.head.value(scheme.signature_headers.first()?)?;
    // The last word: what is before it is a prefix, whatever it says.
    let at = value.iter().rposition(|byte| b" =:".contains(byte)).map_or(0, |at| at + 1);
    let (before, token) = value.split_at_checked(at)?;
    let wanted = if let Grammar::Prefix(prefix) = &scheme.grammar { prefix.as_bytes() } else { b"" };
    let jwt = scheme.jwt.as_ref()?;
    let is_own = |algorithm: &Algorithm| *algorithm == scheme.algorithm || jwt.other_algorithms.contains(algorithm);
    if holds(tries, token, scheme.algorithm, jwt.other_algorithms.clone()) {
        let cause = match before {
            before if before == wanted => return None,
            [] => SignatureCause::PrefixMissing,
            _ if wanted.is_empty() => SignatureCause::PrefixExtra,
            before if before.ends_with(wanted) || before.starts_with(wanted) => SignatureCause::PrefixExtra,
            before if before.eq_ignore_ascii_case(wanted) => SignatureCause::PrefixCase,
            _ => SignatureCause::PrefixOther,
        };
        return Some(Cause::Signature(cause));
    }
    ALGORITHMS.into_iter().filter(|algorithm| !is_own(algorithm)).find_map(|signed| {
        holds(tries, token, signed, Vec::new()).then_some(Cause::Algorithm { signed, wanted: scheme.algorithm })
    })
}

/// Whether the request is right with `token`, signed with one of these algorithms.
fn holds(tries: &mut Tries<'_>, token: &[u8], algorithm: Algorithm, other_algorithms: Vec<Algorithm>) -> bool {
    let question = tries.question;
    let Some(mut jwt) = tries.scheme.jwt.clone() else { return false };
    jwt.other_algorithms = other_algorithms;
    let scheme = Scheme {
        signature_headers: vec![PLAIN_HEADER.to_string()],
        grammar: Grammar::Bare,
        algorithm,
        jwt: Some(jwt),
        ..tries.scheme.clone()
    };
    let Ok(verifier) = Verifier::at(scheme, tries.secrets.iter().cloned(), question.url) else { return false };
    let headers = [Header { name: PLAIN_HEADER, value: token }];
    let request = question.request;
    tries.holds(&verifier, &Request { head: Head { headers: &headers, ..request.head }, body: request.body })
}
