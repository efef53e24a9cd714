//! What happens to a body that is handled as text: line ends, the newline at its end, the byte order mark.

use super::cause::{BodyCause, Cause};
use super::tries::Tries;
use crate::verify::Verifier;

/// U+FEFF in UTF-8.
pub(super) const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether the request is right with its body's text changed: in one way, then in several.
pub(super) fn variants(tries: &mut Tries<'_>) -> Option<Cause> {
    let verifier = tries.verifier()?;
    let body = tries.question.request.body;
    (1..=3).find_map(|changes| with_changes(tries, &verifier, body, changes)).map(Cause::Body)
}

/// Those with exactly so many changes: made in this order, each with nothing as the first.
fn with_changes(tries: &mut Tries<'_>, verifier: &Verifier, body: &[u8], changes: usize) -> Option<BodyCause> {
    for (mark, unmarked) in marks(body) {
        for (line_end, lined) in line_ends(&unmarked) {
            for (newline, ended) in newlines(&lined) {
                let made: Vec<BodyCause> = [mark, line_end, newline].into_iter().flatten().collect();
                if made.len() == changes && tries.holds_with_body(verifier, &ended) {
                    return Some(if let [cause] = made.as_slice() { *cause } else { BodyCause::Text });
                }
            }
        }
    }
    None
}

/// A change, where there is one, and the body that was signed if that is what happened.
type Variant = (Option<BodyCause>, Vec<u8>);

fn marks(body: &[u8]) -> Vec<Variant> {
    let changed = match body.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => (BodyCause::BomAdded, rest.to_vec()),
        None => (BodyCause::BomRemoved, [BYTE_ORDER_MARK, body].concat()),
    };
    vec![(None, body.to_vec()), (Some(changed.0), changed.1)]
}

fn line_ends(body: &[u8]) -> Vec<Variant> {
    let mut variants = vec![(None, body.to_vec())];
    let with_lf = to_lf(body);
    let with_crlf = to_crlf(&with_lf);
    if with_crlf != body {
        variants.push((Some(BodyCause::CrlfToLf), with_crlf));
    }
    if with_lf != body {
        variants.push((Some(BodyCause::LfToCrlf), with_lf));
    }
    variants
}

fn newlines(body: &[u8]) -> Vec<Variant> {
    let mut variants = vec![(None, body.to_vec())];
    for newline in [&b"\n"[..], b"\r\n"] {
        variants.extend(body.strip_suffix(newline).map(|rest| (Some(BodyCause::NewlineAdded), rest.to_vec())));
        variants.push((Some(BodyCause::NewlineRemoved), [body, newline].concat()));
    }
    variants
}

fn to_lf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    let mut bytes = body.iter().peekable();
    while let Some(byte) = bytes.next() {
        if !(*byte == b'\r' && bytes.peek() == Some(&&b'\n')) {
            out.push(*byte);
        }
    }
    out
}

fn to_crlf(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    for byte in body {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}
