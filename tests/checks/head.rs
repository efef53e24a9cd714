//! What is read out of a request's head, against the sentences of RFC 9110 and 9112 it comes from.

use super::{signature_header, without_optional_white_space};
use hookgate::http1::{self, Framing};
use hookgate::{Head, Header, Receiver, Refusal, Secret, Verifier, preset};

/// The receiver's path and its limit for the body.
const PATH: &str = "/webhook";
const LIMIT_BYTES: u64 = 1000;

/// Checks any bytes: a request line, then a header field a line. Lines that are neither are left out.
pub(crate) fn check(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let request_line = String::from_utf8_lossy(lines.next().unwrap_or_default());
    let mut words = request_line.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let fields: Vec<(String, &[u8])> = lines
        .filter_map(|line| {
            let mut halves = line.splitn(2, |byte| *byte == b':');
            let name = String::from_utf8(halves.next()?.to_vec()).ok()?;
            Some((name, halves.next()?))
        })
        .collect();
    check_head(method, target, &fields);
}

/// Checks everything that is decided from this head.
pub(crate) fn check_head(method: &str, target: &str, fields: &[(String, &[u8])]) {
    let headers: Vec<Header<'_>> = fields.iter().map(|(name, value)| Header { name, value }).collect();
    let head = Head { method, target, headers: &headers };
    assert_eq!(head.path(), path(target), "{target:?}");
    for name in fields.iter().map(|(name, _)| name.as_str()).chain(["Content-Length", "X-Hub-Signature-256", ""]) {
        for name in [name, &name.to_ascii_uppercase()] {
            let expected = values(fields, name);
            assert_eq!(head.values(name).collect::<Vec<_>>(), expected, "{name:?} of {fields:?}");
            assert_eq!(head.value(name), expected.first().map(Vec::as_slice), "{name:?} of {fields:?}");
        }
    }
    for http_1_0 in [false, true] {
        assert_eq!(http1::framing(&head, http_1_0), framing(fields, http_1_0), "1.0 is {http_1_0}: {fields:?}");
    }
    check_admission(&head, fields);
    check_debug(&head);
}

/// The path of a target: what is before the first `?` in it, once the scheme and the authority of an absolute form are off.
fn path(target: &str) -> String {
    let folded = target.to_ascii_lowercase();
    let scheme = ["http://", "https://"].into_iter().find(|scheme| folded.starts_with(scheme));
    let mut origin: Vec<char> = target.chars().skip(scheme.map_or(0, str::len)).collect();
    while scheme.is_some() && origin.first().is_some_and(|character| !"/?".contains(*character)) {
        origin.remove(0);
    }
    let path: String = origin.into_iter().take_while(|character| *character != '?').collect();
    if path.is_empty() { "/".to_string() } else { path }
}

/// The values of the fields of this name, in whatever case either is written.
fn values(fields: &[(String, &[u8])], name: &str) -> Vec<Vec<u8>> {
    let same = |known: &str| lower(known.as_bytes()) == lower(name.as_bytes());
    fields.iter().filter(|(known, _)| same(known)).map(|(_, value)| without_optional_white_space(value)).collect()
}

/// `bytes` with the 26 letters of ASCII in lower case.
fn lower(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| if byte.is_ascii_uppercase() { byte + 32 } else { *byte }).collect()
}

/// The framing by what [`http1::framing`] promises: at most one of the two fields, at most once.
fn framing(fields: &[(String, &[u8])], http_1_0: bool) -> Result<Framing, Refusal> {
    let lengths = values(fields, "content-length");
    let codings = values(fields, "transfer-encoding");
    if lengths.len() + codings.len() == 0 {
        return Ok(Framing::Length(0));
    }
    if lengths.len() > 1 || !lengths.is_empty() && !codings.is_empty() || !codings.is_empty() && http_1_0 {
        return Err(Refusal::AmbiguousFraming);
    }
    if let [digits] = &lengths[..] {
        return length(digits).map(Framing::Length).ok_or(Refusal::AmbiguousFraming);
    }
    match &codings[..] {
        [coding] if lower(coding) == b"chunked" => Ok(Framing::Chunked),
        _ => Err(Refusal::UnsupportedTransferEncoding),
    }
}

/// The number that these digits, and nothing else, make.
fn length(digits: &[u8]) -> Option<u64> {
    let number = digits.iter().try_fold(0_u64, |number, digit| {
        let digit = (b'0'..=b'9').position(|known| known == *digit)?;
        number.checked_mul(10)?.checked_add(u64::try_from(digit).ok()?)
    });
    if digits.is_empty() { None } else { number }
}

/// What a receiver says of this head without its body: the first of path, method, declared size, Content-Encoding and
/// signature header that is wrong.
fn check_admission(head: &Head<'_>, fields: &[(String, &[u8])]) {
    let secret = Secret::new(signature_header::SECRET.to_vec()).expect("a secret of 26 bytes");
    let scheme = preset("github").expect("a preset of this crate");
    let verifier = Verifier::new(scheme, [("one".to_string(), secret)]).expect("GitHub's scheme covers the body");
    let receiver = Receiver::new("github".to_string(), PATH.to_string(), verifier).expect("a path that requests have");
    let receiver = receiver.with_body_limit_bytes(LIMIT_BYTES);
    let signatures = values(fields, "x-hub-signature-256");
    let signatures: Vec<&[u8]> = signatures.iter().map(Vec::as_slice).collect();
    let is_encoded = values(fields, "content-encoding").iter().any(|value| {
        let coding = lower(value);
        !coding.is_empty() && coding != b"identity"
    });
    for declared_bytes in [None, Some(0), Some(LIMIT_BYTES), Some(LIMIT_BYTES + 1), Some(u64::MAX)] {
        let expected = if path(head.target) != PATH {
            Err(Refusal::UnknownPath)
        } else if head.method != "POST" {
            Err(Refusal::MethodNotAllowed)
        } else if declared_bytes.unwrap_or(0) > LIMIT_BYTES {
            Err(Refusal::BodyTooLong { limit_bytes: LIMIT_BYTES })
        } else if is_encoded {
            Err(Refusal::UnsupportedContentEncoding)
        } else {
            signature_header::reference(&signatures).map(drop)
        };
        assert_eq!(receiver.admit(head, declared_bytes), expected, "{declared_bytes:?} declared, {head:?}");
    }
}

/// `Debug` is the same whatever the values and the target hold: it shows their shape alone.
fn check_debug(head: &Head<'_>) {
    let hidden: Vec<Vec<u8>> = head.headers.iter().map(|header| vec![b'*'; header.value.len()]).collect();
    let headers: Vec<_> =
        head.headers.iter().zip(&hidden).map(|(header, value)| Header { name: header.name, value }).collect();
    let other = Head { method: head.method, target: "*", headers: &headers };
    assert_eq!(format!("{head:?}"), format!("{other:?}"));
}
