//! Forms that were decoded, or decoded and encoded again.

use super::cause::{BodyCause, Cause};
use super::tries::Tries;
use crate::verify::PayloadRule;

/// How a program encodes a form's values: what it leaves as it is beside letters and digits, and what it makes of a space.
struct Encoder {
    kept: &'static [u8],
    space: &'static [u8],
}

const ENCODERS: [Encoder; 6] = [
    // WHATWG URL, "application/x-www-form-urlencoded".
    Encoder { kept: b"*-._", space: b"+" },
    // Python's `quote_plus`, Go's `url.QueryEscape`.
    Encoder { kept: b"-._~", space: b"+" },
    // PHP's `urlencode`.
    Encoder { kept: b"-._", space: b"+" },
    // RFC 3986 §2.3.
    Encoder { kept: b"-._~", space: b"%20" },
    // JavaScript's `encodeURIComponent`.
    Encoder { kept: b"-_.!~*'()", space: b"%20" },
    Encoder { kept: b"*-._", space: b"%20" },
];

/// Whether the request is right with its body as another form of the same fields.
pub(super) fn variants(tries: &mut Tries<'_>) -> Option<Cause> {
    let question = tries.question;
    let body = question.request.body;
    let verifier = tries.verifier()?;
    let is_json = body.trim_ascii_start().starts_with(b"{") || body.trim_ascii_start().starts_with(b"[");
    let mut holds = |cause, variant: &[u8]| {
        (variant != body && tries.holds_with_body(&verifier, variant)).then_some(Cause::Body(cause))
    };
    if is_json {
        let field = match &question.scheme.payload {
            PayloadRule::JsonOrFormField(name) => name.as_str(),
            _ => "payload",
        };
        return written(&[(field.as_bytes().to_vec(), Some(body.to_vec()))])
            .find_map(|form| holds(BodyCause::FormFieldTaken, &form));
    }
    if !body.contains(&b'=') {
        return None;
    }
    if question.scheme.signs_form() {
        // Read once more, a decoded form is another where it has what would be escapes.
        let mut escaped = Vec::with_capacity(body.len());
        for byte in body {
            match byte {
                b'%' => escaped.extend_from_slice(b"%25"),
                b'+' => escaped.extend_from_slice(b"%2B"),
                byte => escaped.push(*byte),
            }
        }
        if let Some(cause) = holds(BodyCause::FormDecoded, &escaped) {
            return Some(cause);
        }
    }
    let decoded = decoded(body);
    if decoded != body {
        if let Some(cause) = holds(BodyCause::FormEncoded, &decoded) {
            return Some(cause);
        }
        return written(&fields(body, true)).find_map(|form| holds(BodyCause::FormReencoded, &form));
    }
    // A decoded value may hold what parts fields: as many as there seem to be, then one.
    let one_field = body.iter().position(|byte| *byte == b'=').map(|at| {
        let (name, value) = body.split_at(at);
        vec![(name.to_vec(), value.get(1..).map(<[u8]>::to_vec))]
    });
    let readings = [Some(fields(body, false)), one_field];
    readings
        .into_iter()
        .flatten()
        .find_map(|fields| written(&fields).find_map(|form| holds(BodyCause::FormDecoded, &form)))
}

/// A field's name and its value, where it has one.
type Field = (Vec<u8>, Option<Vec<u8>>);

fn fields(form: &[u8], is_encoded: bool) -> Vec<Field> {
    let text = |bytes: &[u8]| if is_encoded { decoded(bytes) } else { bytes.to_vec() };
    form.split(|byte| *byte == b'&')
        .map(|field| match field.iter().position(|byte| *byte == b'=') {
            Some(at) => (text(field.get(..at).unwrap_or_default()), field.get(at + 1..).map(text)),
            None => (text(field), None),
        })
        .collect()
}

/// `fields` as each encoder writes them, with hex digits of either case.
fn written(fields: &[Field]) -> impl Iterator<Item = Vec<u8>> {
    ENCODERS.iter().flat_map(|encoder| [b"0123456789ABCDEF", b"0123456789abcdef"].map(|digits| (encoder, digits))).map(
        |(encoder, digits)| {
            let mut form = Vec::new();
            for (at, (name, value)) in fields.iter().enumerate() {
                if at > 0 {
                    form.push(b'&');
                }
                encoder.write(digits, name, &mut form);
                if let Some(value) = value {
                    form.push(b'=');
                    encoder.write(digits, value, &mut form);
                }
            }
            form
        },
    )
}

impl Encoder {
    fn write(&self, digits: &[u8; 16], text: &[u8], out: &mut Vec<u8>) {
        for byte in text {
            if byte.is_ascii_alphanumeric() || self.kept.contains(byte) {
                out.push(*byte);
            } else if *byte == b' ' {
                out.extend_from_slice(self.space);
            } else {
                out.push(b'%');
                out.extend([byte >> 4, byte & 15].iter().filter_map(|value| digits.get(usize::from(*value))));
            }
        }
    }
}

/// `text` with its escapes undone, and `+` made a space; what is no escape stays.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let mut byte = [0];
        let digits = after.get(..2).unwrap_or_default();
        rest = match first {
            b'%' if hex::decode_to_slice(digits, &mut byte).is_ok() => {
                out.push(byte[0]);
                after.get(2..).unwrap_or_default()
            }
            b'+' => {
                out.push(b' ');
                after
            }
            first => {
                out.push(*first);
                after
            }
        };
    }
    out
}
