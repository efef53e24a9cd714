//! Tokens that are right, and stand or are written otherwise than the scheme has it.

use super::cause::{Cause, SignatureCause, TokenCause};
use super::tries::Tries;
use crate::base64;
use crate::request::{Head, Header, Request};
use crate::verify::{Algorithm, Encoding, Grammar, Scheme, Verifier};

/// The header that a plain scheme has its token in.
const PLAIN_HEADER: &str = "Token";

/// Most bytes of a value that is looked at: a longer one is no token.
const TOKEN_LIMIT_BYTES: usize = 1024;

/// Whether the token is right, and only written otherwise, or standing elsewhere.
pub(super) fn writings(tries: &mut Tries<'_>) -> Option<Cause> {
    if tries.scheme.algorithm != Algorithm::Token {
        return None;
    }
    let verifier = plain(tries)?;
    let question = tries.question;
    let head = &question.request.head;
    let own = |name: &str| question.scheme.signature_headers.iter().any(|known| known.eq_ignore_ascii_case(name));
    let values = head.headers.iter().filter(|header| own(header.name)).map(Header::trimmed);
    values.clone().find_map(|value| written(tries, &verifier, value)).or_else(|| {
        let others = head.headers.iter().filter(|header| !own(header.name)).map(Header::trimmed);
        let is_it = |value: &[u8]| {
            let behind = value.iter().position(|byte| *byte == b' ').and_then(|at| value.get(at + 1..));
            is_right(tries, &verifier, value) || behind.is_some_and(|behind| is_right(tries, &verifier, behind))
        };
        others.into_iter().any(is_it).then_some(Cause::Token(TokenCause::OtherPlace))
    })
}

/// A verifier of the token alone, in a header of its own.
fn plain(tries: &Tries<'_>) -> Option<Verifier> {
    let scheme = Scheme {
        signature_headers: vec![PLAIN_HEADER.to_string()],
        signature_in_body: None,
        require_headers: Vec::new(),
        grammar: Grammar::Bare,
        event_type: Vec::new(),
        delivery_id: Vec::new(),
        handshakes: Vec::new(),
        ..tries.scheme.clone()
    };
    Verifier::accepting_uncovered_body(scheme, tries.secrets.iter().cloned(), None).ok()
}

/// What is wrong with `value` of the scheme's header, where the token is in it.
fn written(tries: &mut Tries<'_>, verifier: &Verifier, value: &[u8]) -> Option<Cause> {
    let (encoding, grammar) = (tries.scheme.encoding, tries.scheme.grammar.clone());
    let prefix = match &grammar {
        Grammar::Prefix(prefix) => prefix.as_bytes(),
        _ => b"",
    };
    let (start, rest) = value.split_at_checked(prefix.len()).unwrap_or((b"", value));
    let behind = value.iter().position(|byte| *byte == b' ').and_then(|at| value.get(at + 1..)).unwrap_or_default();
    let inside = rest.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or_default();
    let decoded = base64::decode(rest).unwrap_or_default();
    let (missing, other) = match prefix {
        b"" => (None, SignatureCause::PrefixExtra),
        _ => (Some(SignatureCause::PrefixMissing), SignatureCause::PrefixOther),
    };
    let in_other_case = start != prefix && start.eq_ignore_ascii_case(prefix);
    if in_other_case && is_right(tries, verifier, rest) {
        return Some(Cause::Signature(SignatureCause::PrefixCase));
    }
    if let Some(missing) = missing
        && is_right(tries, verifier, value)
    {
        return Some(Cause::Signature(missing));
    }
    if start != prefix {
        return is_right(tries, verifier, behind).then_some(Cause::Signature(other));
    }
    if is_right(tries, verifier, inside) {
        return Some(Cause::Token(TokenCause::Quoted));
    }
    let encoded = base64::text(rest);
    match encoding {
        Encoding::Base64 if is_right(tries, verifier, encoded.as_bytes()) => Some(Cause::Token(TokenCause::Plain)),
        Encoding::Verbatim if is_right(tries, verifier, &decoded) => Some(Cause::Token(TokenCause::Base64)),
        _ => is_right(tries, verifier, behind).then_some(Cause::Signature(other)),
    }
}

/// Whether `token` is the token, as the scheme has it written.
fn is_right(tries: &mut Tries<'_>, verifier: &Verifier, token: &[u8]) -> bool {
    if token.is_empty() || token.len() > TOKEN_LIMIT_BYTES {
        return false;
    }
    let headers = [Header { name: PLAIN_HEADER, value: token }];
    let head = Head { headers: &headers, ..tries.question.request.head };
    tries.holds(verifier, &Request { head, body: b"" })
}
