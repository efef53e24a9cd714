//! The parameters of a form, as those sign them who sign no bytes: decoded and sorted.
//!
//! What is signed so tells no order from another, nor one way to escape a character from another. And there is nothing between
//! a name, its value and the next name: `ab=c` is signed as `a=bc` is. That is the providers' design, and docs/SCHEMES.md says
//! so.

use super::encoding;
use super::refusal::Refusal;
use super::scheme::{Encoding, Piece, Scheme};
use crate::payload::{decode_form, is_form};
use crate::request::Request;
use hmac::digest::CtOutput;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Most parameters of a form, or of a query, that are sorted. PHP reads as many (`max_input_vars`), and so does Django
/// (`DATA_UPLOAD_MAX_NUMBER_FIELDS`); Twilio, Plivo and Mandrill send a few dozen.
pub const PARAMETERS_LIMIT: usize = 1000;

/// A name and its value, decoded.
type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

/// What is signed of a request besides its pieces: sorted by name, then by value, byte by byte.
#[derive(Debug, Default)]
pub(super) struct Form<'a> {
    /// The query's fields, where they are signed sorted.
    query: Vec<Pair<'a>>,
    body: Vec<Pair<'a>>,
}

impl<'a> Form<'a> {
    /// The parameters of `request` that `scheme` signs.
    ///
    /// # Errors
    /// Where the body is not the hashed one, is of another type than a form, or is a form that cannot be read.
    pub(super) fn read(scheme: &Scheme, request: &Request<'a>) -> Result<Self, Refusal> {
        let Request { head, body } = request;
        let mut form = Form::default();
        if !scheme.signs_form() {
            return Ok(form);
        }
        if scheme.template.contains(&Piece::UrlFormSorted) {
            form.query = sorted(head.query().unwrap_or_default().as_bytes())?;
        }
        if let Some(name) = &scheme.body_hash_parameter {
            match hash_in(head.query().unwrap_or_default().as_bytes(), name.as_bytes()) {
                Hash::None => {}
                Hash::One(hash) if is_sha256_of(body, Encoding::Hex, &hash) => return Ok(form),
                Hash::One(_) | Hash::Several => return Err(Refusal::SignatureMismatch),
            }
        }
        // Read as a form, what is none would be under a signature that says another thing than its reader takes it for.
        if !body.is_empty() && head.value("Content-Type").is_some() && !is_form(head) {
            return Err(Refusal::UncoveredBody);
        }
        form.body = sorted(body)?;
        Ok(form)
    }

    /// Gives what [`Piece::FormSorted`] stands for to `take`.
    pub(super) fn feed(&self, mut take: impl FnMut(&[u8])) {
        let mut last = None;
        for pair in &self.body {
            if last != Some(pair) {
                take(&pair.0);
                take(&pair.1);
            }
            last = Some(pair);
        }
    }

    /// Gives what [`Piece::UrlFormSorted`] stands for to `take`; `url` is scheme, authority and path.
    pub(super) fn feed_with_url(&self, url: &[u8], mut take: impl FnMut(&[u8])) {
        take(url);
        if !self.query.is_empty() || !self.body.is_empty() {
            take(b"?");
        }
        for (at, (name, value)) in self.query.iter().enumerate() {
            if at > 0 {
                take(b"&");
            }
            take(name);
            take(b"=");
            take(value);
        }
        if !self.query.is_empty() && !self.body.is_empty() {
            take(b".");
        }
        for (name, value) in &self.body {
            take(name);
            take(value);
        }
    }
}

/// The pairs of `form` (WHATWG URL, "application/x-www-form-urlencoded parsing"; but an escape that is none is refused, not
/// taken as it stands), sorted.
fn sorted(form: &[u8]) -> Result<Vec<Pair<'_>>, Refusal> {
    let mut pairs = Vec::new();
    for pair in parts(form) {
        if pairs.len() == PARAMETERS_LIMIT {
            return Err(Refusal::TooManyParameters { limit: PARAMETERS_LIMIT });
        }
        let (name, value) = halves(pair);
        pairs.push((decode_form(name).ok_or(Refusal::InvalidForm)?, decode_form(value).ok_or(Refusal::InvalidForm)?));
    }
    pairs.sort_unstable();
    Ok(pairs)
}

/// What stands between the `&` of `form`, where anything does.
fn parts(form: &[u8]) -> impl Iterator<Item = &[u8]> {
    form.split(|byte| *byte == b'&').filter(|part| !part.is_empty())
}

/// What is before the first `=` of `pair`, and what is behind it.
fn halves(pair: &[u8]) -> (&[u8], &[u8]) {
    let (name, rest) = pair.split_at(pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len()));
    (name, rest.strip_prefix(b"=").unwrap_or_default())
}

/// What a query has under the name of a hash.
enum Hash<'a> {
    None,
    One(Cow<'a, [u8]>),
    Several,
}

fn hash_in<'a>(query: &'a [u8], name: &[u8]) -> Hash<'a> {
    let mut found = Hash::None;
    for (_, value) in parts(query).map(halves).filter(|(known, _)| decode_form(known).is_some_and(|it| *it == *name)) {
        found = match (found, decode_form(value)) {
            (Hash::None, Some(value)) => Hash::One(value),
            _ => Hash::Several,
        };
    }
    found
}

/// Whether `text` is the SHA-256 of `bytes`, so written. Compared by the library, in a time that says nothing of where two
/// differ.
pub(super) fn is_sha256_of(bytes: &[u8], encoding: Encoding, text: &[u8]) -> bool {
    let mut hash = [0; 32];
    let is_hash = encoding::decode(encoding, text, &mut hash);
    is_hash & (CtOutput::<Sha256>::new(hash.into()) == CtOutput::new(Sha256::digest(bytes)))
}

#[cfg(test)]
mod tests {
    use super::super::preset;
    use super::*;
    use crate::request::{Head, Header};

    fn read<'a>(name: &str, target: &'a str, content_type: &str, body: &'a [u8]) -> Result<Form<'a>, Refusal> {
        let headers = [Header { name: "content-type", value: content_type.as_bytes() }];
        let headers = if content_type.is_empty() { &headers[..0] } else { &headers[..] };
        let head = Head { method: "POST", target, headers: &[] };
        Form::read(&preset(name).unwrap(), &Request { head: Head { headers, ..head }, body }).map(|form| Form {
            query: form.query.into_iter().map(|(name, value)| (owned(name), owned(value))).collect(),
            body: form.body.into_iter().map(|(name, value)| (owned(name), owned(value))).collect(),
        })
    }

    fn owned(text: Cow<'_, [u8]>) -> Cow<'static, [u8]> {
        Cow::Owned(text.into_owned())
    }

    fn signed(form: &[u8]) -> Result<String, Refusal> {
        let mut out = Vec::new();
        read("twilio", "/", "", form)?.feed(|bytes| out.extend_from_slice(bytes));
        Ok(String::from_utf8(out).unwrap())
    }

    fn plivo(target: &str, form: &[u8]) -> String {
        let mut out = Vec::new();
        read("plivo", target, "", form).unwrap().feed_with_url(b"U", |bytes| out.extend_from_slice(bytes));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn parameters_are_decoded_sorted_and_the_same_ones_taken_once() {
        for (form, text) in [
            (&b""[..], ""),
            (b"To=%2B1+2&From=a%26b", "Froma&bTo+1 2"),
            (b"b=2&B=1&a=", "B1ab2"),
            (b"M=b&M=a&M=b&L=b", "LbMaMb"),
            (b"&&a&=1&", "1a"),
            (b"a=b=c", "ab=c"),
            (b"%61=1&a=0", "a0a1"),
            ("a=\u{e9}&b=%C3%A9".as_bytes(), "a\u{e9}b\u{e9}"),
        ] {
            assert_eq!(signed(form).as_deref(), Ok(text), "{:?}", String::from_utf8_lossy(form));
        }
    }

    #[test]
    fn an_escape_that_is_none_and_too_many_parameters_are_refused() {
        for form in [&b"a=%"[..], b"a=%4", b"%zz=1", b"a=1&b=%g0"] {
            assert_eq!(signed(form), Err(Refusal::InvalidForm), "{:?}", String::from_utf8_lossy(form));
        }
        assert!(signed("a=1&".repeat(PARAMETERS_LIMIT).as_bytes()).is_ok());
        let limit = PARAMETERS_LIMIT;
        assert_eq!(signed("a=1&".repeat(limit + 1).as_bytes()), Err(Refusal::TooManyParameters { limit }));
    }

    #[test]
    fn a_body_that_is_no_form_has_its_hash_in_the_query_once_and_right() {
        let body = br#"{"property": "value", "boolean": true}"#;
        let hash = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";
        let verdict =
            |target: &str, content_type: &str| read("twilio", target, content_type, body).map(|form| form.body.len());
        let right = format!("/?a=1&bodySHA256={hash}");
        assert_eq!(verdict(&right, "application/json"), Ok(0));
        assert_eq!(verdict(&right, ""), Ok(0));
        assert_eq!(verdict(&format!("/?body%53HA256={hash}"), ""), Ok(0));
        for target in [
            format!("{right}0"),
            format!("{right}&bodySHA256={hash}"),
            format!("{right}&bodySHA256"),
            "/?bodySHA256=".to_string(),
            "/?bodySHA256=%zz".to_string(),
            right.replace("0a", "1a"),
        ] {
            assert_eq!(verdict(&target, "application/json"), Err(Refusal::SignatureMismatch), "{target}");
        }
        for target in ["/", "/?bodysha256=1", "/#bodySHA256=1"] {
            assert_eq!(verdict(target, "application/json"), Err(Refusal::UncoveredBody), "{target}");
            assert_eq!(verdict(target, "text/plain; x=application/x-www-form-urlencoded"), Err(Refusal::UncoveredBody));
        }
        assert_eq!(
            read("twilio", "/", "application/json", b"").map(|form| form.body.len()),
            Ok(0),
            "nothing is covered"
        );
        // Mandrill hashes no body in a URL.
        let refused = read("mandrill", &right, "application/json", body).map(drop);
        assert_eq!(refused, Err(Refusal::UncoveredBody));
    }

    #[test]
    fn plivo_signs_the_query_sorted_and_a_point_between_it_and_the_form() {
        for (target, form, text) in [
            ("/", &b""[..], "U"),
            ("/?", b"", "U"),
            ("/?b=2&a=%201", b"", "U?a= 1&b=2"),
            ("/", b"b=2&a=1&a=1", "U?a1a1b2"),
            ("/?b&a=1&a=0", b"c=3", "U?a=0&a=1&b=.c3"),
        ] {
            assert_eq!(plivo(target, form), text, "{target}");
        }
    }
}
