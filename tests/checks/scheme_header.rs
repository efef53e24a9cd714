//! The reading of a head under any scheme, against the words that the grammars are defined in.

use super::without_optional_white_space;
#[cfg(feature = "providers")]
use hookgate::verify::Algorithm;
use hookgate::verify::{
    Encoding, Grammar, Piece, ReplayRule, SIGNATURES_LIMIT, TimeUnit, Timestamp, TimestampPlace, check,
};
use hookgate::{Head, Header, Refusal, Scheme, Secret, Verifier, preset};

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
    let scheme = with_token(scheme, more);
    assert_eq!(check(&scheme), Ok(()), "{scheme:?}");
    scheme
}

/// The same with a token for its signature, where `more` says so.
#[cfg(feature = "providers")]
fn with_token(scheme: Scheme, more: u8) -> Scheme {
    if more & 32 == 0 {
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
fn with_token(scheme: Scheme, _: u8) -> Scheme {
    scheme
}

/// Checks that this head is read as the reference reads it.
pub(crate) fn check_fields(scheme: &Scheme, fields: &[(String, Vec<u8>)]) {
    let secret = Secret::new(b"a secret of the tests".to_vec()).expect("it is not empty");
    let secrets = [("one".to_string(), secret)];
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
    if candidates.len() > SIGNATURES_LIMIT {
        return Err(Refusal::TooManySignatures { limit: SIGNATURES_LIMIT });
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

/// Whether `text` is 32 bytes so encoded, or a token.
fn is_encoded(scheme: &Scheme, text: &[u8]) -> bool {
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
        Encoding::Hex => text.len() == 64 && text.iter().all(u8::is_ascii_hexdigit),
        // 43 digits, the last of which has two spare bits, and the padding.
        Encoding::Base64 => {
            let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
            text.len() == 44
                && text[..43].iter().all(is_digit)
                && b"AEIMQUYcgkosw048".contains(&text[42])
                && text[43] == b'='
        }
    }
}
