//! The reading of a head under any scheme, against the words that the grammars are defined in.

use super::keys::{base64, keys};
use super::without_optional_white_space;
#[cfg(feature = "providers")]
use hookgate::verify::Algorithm;
use hookgate::verify::{
    Encoding, Grammar, PUBLIC_KEY_SIGNATURES_LIMIT, Piece, ReplayRule, SIGNATURES_LIMIT, TimeUnit, Timestamp,
    TimestampPlace, check,
};
use hookgate::{Head, Header, Refusal, Scheme, Verifier, preset};

/// Checks any bytes: two that choose a scheme, then a header a line. Lines that are none are left out.
pub(crate) fn check_bytes(data: &[u8]) {
    let Some(([form, more], rest)) = data.split_first_chunk::<2>() else { return };
    let fields: Vec<(String, Vec<u8>)> = rest
        .split(|byte| *byte == b'\n')
        .filter_map(|line| {
            let at = line.iter().position(|byte| *byte == b':')?;
            Some((String::from_utf8(line[..at].to_vec()).ok()?, line[at + 1..].to_vec()))
        })
        .collect();
    check_fields(&scheme(*form, *more), &fields);
}

/// One of the schemes that two bytes can choose.
pub(crate) fn scheme(form: u8, more: u8) -> Scheme {
    let pairs = |item_separator, key_separator| Grammar::Pairs {
        item_separator,
        is_spaced: false,
        key_separator,
        signature_keys: vec!["v1".to_string(), "v2".to_string()],
    };
    let grammar = match form % 4 {
        #[cfg(feature = "providers")]
        0 if more & 32 != 0 => Grammar::List(','),
        0 => Grammar::Bare,
        1 => Grammar::Prefix("v0=".to_string()),
        2 => pairs(',', '='),
        _ => pairs(' ', ','),
    };
    let place = match form / 4 % 3 {
        0 => None,
        1 if form % 4 > 1 => Some(TimestampPlace::Field("t".to_string())),
        _ => Some(TimestampPlace::Header("T".to_string())),
    };
    let in_field = matches!(place, Some(TimestampPlace::Field(_)));
    let bound = if more & 1 == 0 { Some(300) } else { None };
    let timestamp = place.map(|place| Timestamp {
        place,
        unit: TimeUnit::Seconds,
        past_s: bound,
        future_s: bound,
        accept_missing_timestamp: false,
    });
    let signed_id = (more & 2 != 0).then(|| "I".to_string());
    let mut template = Vec::new();
    if signed_id.is_some() {
        template.extend([Piece::Id, Piece::Literal(".".to_string())]);
    }
    if timestamp.is_some() {
        template.push(Piece::Timestamp);
    }
    template.push(Piece::Body);
    let headers = if more & 4 != 0 && !in_field { vec!["S", "Z"] } else { vec!["S"] };
    let scheme = Scheme {
        signature_headers: headers.into_iter().map(str::to_string).collect(),
        require_headers: if more & 8 != 0 { vec![("R".to_string(), "1".to_string())] } else { Vec::new() },
        grammar,
        encoding: if more & 16 != 0 { Encoding::Base64 } else { Encoding::Hex },
        template,
        timestamp,
        signed_id,
        replay_key: ReplayRule::Mac,
        ..preset("github").expect("a preset of this crate")
    };
    let scheme = with_token(with_public_key(scheme, form, more), form, more);
    assert_eq!(check(&scheme), Ok(()), "{scheme:?}");
    scheme
}

/// The same with a header that may be missing, and with signatures that a public key verifies.
#[cfg(feature = "providers")]
fn with_public_key(scheme: Scheme, form: u8, more: u8) -> Scheme {
    let optional_headers = if more & 32 != 0 { vec![("O".to_string(), "1".to_string())] } else { Vec::new() };
    if form & 128 != 0 {
        return Scheme { optional_headers, ..scheme };
    }
    let (algorithm, encoding) = match (more & 64 != 0, more & 128 != 0) {
        (false, false) => (scheme.algorithm, scheme.encoding),
        (true, false) => (Algorithm::Ed25519, scheme.encoding),
        (false, true) => (Algorithm::EcdsaP256Sha256, scheme.encoding),
        (true, true) => (Algorithm::EcdsaP256Sha256, Encoding::Base64Der),
    };
    Scheme { optional_headers, algorithm, encoding, ..scheme }
}

#[cfg(not(feature = "providers"))]
fn with_public_key(scheme: Scheme, _: u8, _: u8) -> Scheme {
    scheme
}

/// The same with a token for its signature, where `more` says so.
#[cfg(feature = "providers")]
fn with_token(scheme: Scheme, form: u8, more: u8) -> Scheme {
    if form & 128 == 0 {
        return scheme;
    }
    Scheme {
        algorithm: Algorithm::Token,
        encoding: if more & 16 != 0 { Encoding::Base64 } else { Encoding::Verbatim },
        grammar: match scheme.grammar {
            Grammar::Pairs { .. } => Grammar::Prefix("Bearer ".to_string()),
            grammar => grammar,
        },
        template: Vec::new(),
        timestamp: None,
        signed_id: None,
        replay_key: ReplayRule::None,
        ..scheme
    }
}

#[cfg(not(feature = "providers"))]
fn with_token(scheme: Scheme, _: u8, _: u8) -> Scheme {
    scheme
}

/// Checks that this head is read as the reference reads it.
pub(crate) fn check_fields(scheme: &Scheme, fields: &[(String, Vec<u8>)]) {
    let secrets = [("one".to_string(), keys(scheme, b"a secret of the tests").1)];
    let verifier = Verifier::accepting_uncovered_body(scheme.clone(), secrets, None).expect("a scheme that can work");
    let headers: Vec<Header<'_>> = fields.iter().map(|(name, value)| Header { name, value }).collect();
    let head = Head { method: "POST", target: "/", headers: &headers };
    assert_eq!(verifier.check_head(&head), reference(scheme, fields), "{scheme:?} of {fields:?}");
}

/// The first that does not hold: a signature header; each once; what is required; the id; the timestamp; not too many
/// signatures; one that can be decoded.
fn reference(scheme: &Scheme, fields: &[(String, Vec<u8>)]) -> Result<(), Refusal> {
    let values = |name: &str| -> Vec<Vec<u8>> {
        let same = fields.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        same.map(|(_, value)| without_optional_white_space(value)).collect()
    };
    let signatures: Vec<Vec<Vec<u8>>> = scheme.signature_headers.iter().map(|name| values(name)).collect();
    if signatures.iter().all(Vec::is_empty) {
        return Err(Refusal::MissingSignature);
    }
    if signatures.iter().any(|values| values.len() > 1) {
        return Err(Refusal::RepeatedSignature);
    }
    if !scheme.require_headers.iter().all(|(name, required)| {
        let values = values(name);
        !values.is_empty() && values.iter().all(|value| value == required.as_bytes())
    }) {
        return Err(Refusal::UnsupportedScheme);
    }
    #[cfg(feature = "providers")]
    if scheme.optional_headers.iter().any(|(name, said)| values(name).iter().any(|value| value != said.as_bytes())) {
        return Err(Refusal::UnsupportedScheme);
    }
    if let Some(name) = &scheme.signed_id {
        match &values(name)[..] {
            [] => return Err(Refusal::MissingId),
            [id] if !id.is_empty() && !id.contains(&b'.') => {}
            _ => return Err(Refusal::MalformedId),
        }
    }
    let all: Vec<Vec<u8>> = signatures.concat();
    if let Some(rule) = &scheme.timestamp {
        let found = match &rule.place {
            TimestampPlace::Header(name) => values(name),
            TimestampPlace::Field(key) => {
                pairs(scheme, &all).filter(|(name, _)| name == key.as_bytes()).map(|(_, value)| value).collect()
            }
            TimestampPlace::Json(_) => unreachable!("none of these has one"),
        };
        match &found[..] {
            [] => return Err(Refusal::MissingTimestamp),
            [text] if rule.past_s.is_none() || is_seconds(text) => {}
            _ => return Err(Refusal::MalformedTimestamp),
        }
    }
    let mut foreign = Refusal::MalformedSignature;
    let candidates: Vec<Vec<u8>> = match &scheme.grammar {
        Grammar::Bare => all,
        #[cfg(feature = "providers")]
        Grammar::List(separator) => {
            let items = |value: &Vec<u8>| value.split(|byte| *byte == *separator as u8).map(<[u8]>::to_vec).collect();
            let items: Vec<Vec<u8>> = scheme_order(scheme, fields).iter().flat_map::<Vec<_>, _>(items).collect();
            items.iter().map(|item| without_optional_white_space(item)).collect()
        }
        Grammar::Prefix(prefix) => {
            let mut found = Vec::new();
            for value in scheme_order(scheme, fields) {
                match value.strip_prefix(prefix.as_bytes()) {
                    Some(rest) => found.push(rest.to_vec()),
                    None if prefix.bytes().last().is_some_and(|separator| value.contains(&separator)) => {
                        foreign = Refusal::UnsupportedAlgorithm;
                    }
                    None => foreign = Refusal::MalformedSignature,
                }
            }
            found
        }
        Grammar::Pairs { signature_keys, .. } => {
            let is_key = |name: &[u8]| signature_keys.iter().any(|key| key.as_bytes() == name);
            pairs(scheme, &all).filter(|(name, _)| is_key(name)).map(|(_, value)| value).collect()
        }
    };
    let limit = if scheme.algorithm.has_public_key() { PUBLIC_KEY_SIGNATURES_LIMIT } else { SIGNATURES_LIMIT };
    if candidates.len() > limit {
        return Err(Refusal::TooManySignatures { limit });
    }
    if candidates.iter().any(|text| is_encoded(scheme, text)) { Ok(()) } else { Err(foreign) }
}

/// The values of the signature headers in the order that they came in.
fn scheme_order(scheme: &Scheme, fields: &[(String, Vec<u8>)]) -> Vec<Vec<u8>> {
    let is_one = |name: &str| scheme.signature_headers.iter().any(|known| known.eq_ignore_ascii_case(name));
    fields.iter().filter(|(name, _)| is_one(name)).map(|(_, value)| without_optional_white_space(value)).collect()
}

/// The items of all values that have a key separator: what is before the first, and what is behind it.
fn pairs(scheme: &Scheme, values: &[Vec<u8>]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let Grammar::Pairs { item_separator, key_separator, .. } = scheme.grammar else { panic!("no pairs in {scheme:?}") };
    let mut found = Vec::new();
    for value in values {
        let mut items = vec![Vec::new()];
        for byte in value {
            match *byte == item_separator as u8 {
                true => items.push(Vec::new()),
                false => items.last_mut().expect("one at least").push(*byte),
            }
        }
        for item in items {
            let item = without_optional_white_space(&item);
            let mut halves = item.splitn(2, |byte| *byte == key_separator as u8);
            if let (Some(name), Some(value)) = (halves.next(), halves.next()) {
                found.push((name.to_vec(), value.to_vec()));
            }
        }
    }
    found.into_iter()
}

/// Digits, of a number that is still one in milliseconds.
fn is_seconds(text: &[u8]) -> bool {
    let is_digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse::<u128>().ok());
    is_digits && number.is_some_and(|s| s <= i64::MAX as u128 / 1000)
}

/// Whether `text` is as many bytes as a signature has, so encoded, or a token.
fn is_encoded(scheme: &Scheme, text: &[u8]) -> bool {
    let bytes = scheme.algorithm.signature_bytes();
    match scheme.encoding {
        #[cfg(feature = "providers")]
        Encoding::Verbatim => !text.is_empty(),
        #[cfg(feature = "providers")]
        Encoding::Base64 if scheme.algorithm == Algorithm::Token => {
            let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
            let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
            let digits = &text[..text.len() - padding];
            padding < 3 && !digits.is_empty() && text.len().is_multiple_of(4) && digits.iter().all(is_digit)
        }
        Encoding::Hex => text.len() == 2 * bytes && text.iter().all(u8::is_ascii_hexdigit),
        Encoding::Base64 => unbase64(text).is_some_and(|decoded| decoded.len() == bytes),
        #[cfg(feature = "providers")]
        Encoding::Base64Der => unbase64(text).is_some_and(|der| is_two_numbers(&der)),
    }
}

/// What `text` stands for, where it is padded base64: the only text for those bytes.
fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits: Vec<u8> = text.iter().copied().take_while(|byte| *byte != b'=').collect();
    let mut bits = Vec::new();
    for digit in digits {
        let value = alphabet.iter().position(|known| *known == digit)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let whole = bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | u8::from(*bit)));
    let bytes: Vec<u8> = whole.collect();
    (base64(&bytes).as_bytes() == text).then_some(bytes)
}

/// Whether `der` is a SEQUENCE of two INTEGERs of P-256, each from one to below the order, written in the one way (X.690).
#[cfg(feature = "providers")]
fn is_two_numbers(der: &[u8]) -> bool {
    let order = [
        [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
        [0xff; 8],
        [0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84],
        [0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51],
    ]
    .concat();
    let number = |from: &[u8]| -> Option<Vec<u8>> {
        let [2, len, rest @ ..] = from else { return None };
        let (number, rest) = rest.split_at_checked(usize::from(*len))?;
        let is_shortest = match number {
            [] => false,
            [0, next, ..] => *next >= 0x80,
            [first, ..] => *first < 0x80,
        };
        let digits: Vec<u8> = number.iter().copied().skip_while(|byte| *byte == 0).collect();
        let padded = [vec![0; 32_usize.checked_sub(digits.len())?], digits.clone()].concat();
        (is_shortest && !digits.is_empty() && padded < order).then(|| rest.to_vec())
    };
    let [0x30, len, rest @ ..] = der else { return false };
    usize::from(*len) == rest.len() && number(rest).and_then(|rest| number(&rest)).is_some_and(|rest| rest.is_empty())
}
