//! The grammar of the signature header, against the words it is defined in.

use super::hmac_reference::hmac_sha256;
use super::{NOW, hex_digit, without_optional_white_space};
use hookgate::verify::Grammar;
use hookgate::{Head, Header, Refusal, Request, Scheme, Secret, Verifier, preset};

/// The testing values of GitHub Docs, "Validating webhook deliveries".
pub(crate) const SECRET: &[u8] = b"It's a Secret to Everybody";
pub(crate) const BODY: &[u8] = b"Hello, World!";

/// What the grammar makes of the values of all signature headers: no `=` is malformed; anything but exactly `sha256` before
/// the first `=` is another algorithm; then exactly 64 hex digits. More than one header is refused whatever they hold.
pub(crate) fn reference(values: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
    let value = match values {
        [] => return Err(Refusal::MissingSignature),
        [value] => without_optional_white_space(value),
        _ => return Err(Refusal::RepeatedSignature),
    };
    let mut halves = value.splitn(2, |byte| *byte == b'=');
    match (halves.next(), halves.next()) {
        (_, None) => Err(Refusal::MalformedSignature),
        (Some(b"sha256"), Some(digits)) => mac_of_digits(digits),
        _ => Err(Refusal::UnsupportedAlgorithm),
    }
}

/// The same for a scheme whose header holds the digits alone.
fn bare_reference(values: &[&[u8]]) -> Result<Vec<u8>, Refusal> {
    match values {
        [] => Err(Refusal::MissingSignature),
        [value] => mac_of_digits(&without_optional_white_space(value)),
        _ => Err(Refusal::RepeatedSignature),
    }
}

fn mac_of_digits(digits: &[u8]) -> Result<Vec<u8>, Refusal> {
    let nibbles: Option<Vec<u8>> = digits.iter().map(|digit| hex_digit(*digit)).collect();
    match nibbles {
        Some(nibbles) if nibbles.len() == 64 => Ok(nibbles.chunks(2).map(|pair| pair.iter().fold(0, join)).collect()),
        _ => Err(Refusal::MalformedSignature),
    }
}

fn join(high: u8, low: &u8) -> u8 {
    high << 4 | low
}

/// Checks any bytes: each line is the value of one signature header, no bytes are no header.
pub(crate) fn check(data: &[u8]) {
    let values: Vec<&[u8]> = if data.is_empty() { Vec::new() } else { data.split(|byte| *byte == b'\n').collect() };
    check_values(&values);
}

/// Checks that a request with these signature headers gets exactly the verdict of the reference, from the whole verifier
/// and from the look at its head alone, for GitHub's scheme and for bare digits.
pub(crate) fn check_values(values: &[&[u8]]) {
    let github = preset("github").expect("a preset of this crate");
    let bare = Scheme { grammar: Grammar::Bare, ..github.clone() };
    agree(github, values, &reference(values));
    agree(bare, values, &bare_reference(values));
}

fn agree(scheme: Scheme, values: &[&[u8]], parsed: &Result<Vec<u8>, Refusal>) {
    let secret = Secret::new(SECRET.to_vec()).expect("a secret of 26 bytes");
    let verifier = Verifier::new(scheme, [("one".to_string(), secret)]).expect("GitHub's scheme covers the body");
    let headers = among_others(values);
    let head = Head { method: "POST", target: "/", headers: &headers };
    for body in [BODY, b"", b"Hello, World?"] {
        let expected = match parsed {
            Ok(mac) if *mac == hmac_sha256(SECRET, body) => Ok("one"),
            Ok(_) => Err(Refusal::SignatureMismatch),
            Err(refusal) => Err(*refusal),
        };
        let request = Request { head, body };
        let verdict = verifier.verify(&request, NOW).map(|verified| verified.secret_label());
        assert_eq!(verdict, expected, "{:?} over {body:?}", shown(values));
    }
    assert_eq!(
        verifier.check_head(&head),
        parsed.as_ref().map(drop).map_err(|refusal| *refusal),
        "{:?}",
        shown(values)
    );
}

/// The signature headers under names of every case, between headers whose names only begin or end like theirs.
fn among_others<'a>(values: &[&'a [u8]]) -> Vec<Header<'a>> {
    let right = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let mut headers = vec![Header { name: "X-Hub-Signature", value: right }];
    for (value, name) in
        values.iter().zip(["X-Hub-Signature-256", "x-hub-signature-256", "X-HUB-SIGNATURE-256"].iter().cycle())
    {
        headers.push(Header { name, value });
        headers.push(Header { name: "X-Hub-Signature-2567", value: right });
    }
    headers.push(Header { name: "Hub-Signature-256", value: right });
    headers
}

fn shown(values: &[&[u8]]) -> Vec<String> {
    values.iter().map(|value| value.escape_ascii().to_string()).collect()
}
