//! Other ways in which a signature may be written: in another encoding, behind another prefix, of another MAC.

use super::cause::{Cause, SignatureCause};
use super::jwt;
use super::secret::standard_digit;
use super::tries::Tries;
use crate::base64;
use crate::request::{Head, Header, Request, without_optional_white_space};
use crate::time::UnixTime;
use crate::verify::{
    Algorithm, Encoding, Grammar, PayloadRule, Piece, Refusal, Scheme, Signer, TimestampPlace, Verifier,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Most stretches of a signature header that are looked at. A header that is rightly written has 16 signatures at most.
const STRETCHES_LIMIT: usize = 64;

/// Longest stretch that can be a signature, in bytes: base64 of the hex digits of one in DER, which has 72 bytes at most.
const STRETCH_LIMIT_BYTES: usize = 192;

/// The header that a plain scheme has its signature in.
const PLAIN_HEADER: &str = "Signature";

/// Whether the signature is right, and only written otherwise than the scheme writes it.
pub(super) fn writings(tries: &mut Tries<'_>) -> Option<Cause> {
    let question = tries.question;
    let scheme = question.scheme;
    if scheme.signs_token() {
        return jwt::writings(tries);
    }
    let values: Vec<&[u8]> =
        scheme.signature_headers.iter().flat_map(|name| question.request.head.values(name)).collect();
    let time = time_of(scheme, &question.request.head);
    let stretches: Vec<Stretch<'_>> = values.iter().copied().flat_map(stretches).take(STRETCHES_LIMIT).collect();
    for stretch in &stretches {
        for (written, bytes) in stretch.readings() {
            // No public key is a MAC's, and no secret a public key.
            let is_of_kind = |it: &Algorithm| it.has_public_key() == scheme.algorithm.has_public_key();
            if scheme.algorithm == Algorithm::Token {
                break;
            }
            for algorithm in Algorithm::ALL.iter().map(|(_, algorithm)| *algorithm).filter(is_of_kind) {
                let (is_der, bytes) = two_numbers(algorithm, &bytes);
                if algorithm.signature_bytes() == bytes.len() && is_right(tries, algorithm, time.as_deref(), &bytes) {
                    let is_otherwise =
                        algorithm == scheme.algorithm && is_der != (scheme.encoding == Encoding::Base64Der);
                    return match is_otherwise {
                        true => Some(Cause::Signature(SignatureCause::Numbers)),
                        false => named(scheme, algorithm, written, stretch),
                    };
                }
            }
        }
    }
    let is_other_case = |stretch: &Stretch<'_>| match scheme.algorithm.has_public_key() {
        true => has_lost_its_case(stretch.text),
        false => scheme.encoding == Encoding::Base64 && is_right_but_for_case(tries, stretch),
    };
    if scheme.encoding != Encoding::Hex && stretches.iter().any(is_other_case) {
        return Some(Cause::Signature(SignatureCause::Case));
    }
    // Where the timestamp stands in the signature header, it is lost with its key: only the look is left.
    let is_bare = |value: &&[u8]| {
        let stretch = Stretch { text: value, before: b"" };
        stretch.readings().iter().any(|(_, mac)| mac.len() == scheme.algorithm.signature_bytes())
    };
    let keyed_time = matches!(scheme.timestamp.as_ref().map(|rule| &rule.place), Some(TimestampPlace::Field(_)));
    if keyed_time && time.is_none() && values.iter().any(is_bare) {
        return Some(Cause::Signature(SignatureCause::PrefixMissing));
    }
    None
}

/// What a signature's text is taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    Hex,
    Base64,
    Base64Form,
    HexInBase64,
}

/// A part of a signature header that may be a signature, and what stands before it.
struct Stretch<'a> {
    text: &'a [u8],
    before: &'a [u8],
}

/// Each part of `value` between two marks, the whole of it first. A mark is what parts items, or a key from its value.
fn stretches(value: &[u8]) -> Vec<Stretch<'_>> {
    let is_mark = |byte: &u8| b",; =:".contains(byte);
    let ends_item = |byte: &u8| b",; ".contains(byte);
    let starts =
        std::iter::once(0).chain(value.iter().enumerate().filter(|(_, byte)| is_mark(byte)).map(|(at, _)| at + 1));
    let parts = starts.filter_map(|start| {
        let (before, rest) = value.split_at_checked(start)?;
        let end = rest.iter().position(ends_item).unwrap_or(rest.len());
        let (text, _) = rest.split_at_checked(end)?;
        Some(Stretch { text, before })
    });
    let whole = Stretch { text: value, before: b"" };
    std::iter::once(whole).chain(parts).filter(|part| part.text.len() <= STRETCH_LIMIT_BYTES).collect()
}

impl Stretch<'_> {
    /// The bytes that it stands for, if it is a signature, in each encoding that it may be in.
    fn readings(&self) -> Vec<(Written, Vec<u8>)> {
        let mut readings = Vec::new();
        if let Ok(mac) = hex::decode(self.text) {
            readings.push((Written::Hex, mac));
        }
        let standard: Vec<u8> = self.text.iter().map(|byte| standard_digit(*byte)).collect();
        if let Ok(mac) = base64::decode(&standard) {
            if let Ok(mac) = hex::decode(&mac) {
                readings.push((Written::HexInBase64, mac));
            }
            let is_padded = standard == self.text && self.text.len().is_multiple_of(4);
            readings.push((if is_padded { Written::Base64 } else { Written::Base64Form }, mac));
        }
        readings
    }
}

/// The bytes of a signature of two numbers, be they in DER or not, and whether they were; those of another as they are.
fn two_numbers(algorithm: Algorithm, bytes: &[u8]) -> (bool, Vec<u8>) {
    let signature = match algorithm {
        Algorithm::EcdsaP256Sha256 => p256::ecdsa::Signature::from_der(bytes).ok(),
        _ => None,
    };
    signature.map_or_else(|| (false, bytes.to_vec()), |signature| (true, signature.to_bytes().to_vec()))
}

/// The cause that is named where a signature is right as `algorithm`'s, written so; nothing where that is the scheme's own way.
fn named(scheme: &Scheme, algorithm: Algorithm, written: Written, stretch: &Stretch<'_>) -> Option<Cause> {
    if algorithm != scheme.algorithm {
        return Some(Cause::Algorithm { signed: algorithm, wanted: scheme.algorithm });
    }
    let cause = match (written, scheme.encoding) {
        (Written::HexInBase64, _) => SignatureCause::HexInBase64,
        // A token is no MAC.
        (_, Encoding::Verbatim) => return None,
        (Written::Hex, Encoding::Hex) => prefix_cause(scheme, stretch.before)?,
        (Written::Hex, _) => SignatureCause::Hex,
        (Written::Base64 | Written::Base64Form, Encoding::Hex) => SignatureCause::Base64,
        (Written::Base64Form, _) => SignatureCause::Base64Form,
        (Written::Base64, _) => prefix_cause(scheme, stretch.before)?,
    };
    Some(Cause::Signature(cause))
}

/// What is wrong with what stands before a signature; nothing where that is the scheme's own way.
fn prefix_cause(scheme: &Scheme, before: &[u8]) -> Option<SignatureCause> {
    let in_other_case = |text: &[u8], wanted: &[u8]| text.to_ascii_lowercase().ends_with(&wanted.to_ascii_lowercase());
    match &scheme.grammar {
        Grammar::Bare => (!before.is_empty()).then_some(SignatureCause::PrefixExtra),
        Grammar::List(separator) => {
            let own = before.rsplit(|byte| char::from(*byte) == *separator).next().unwrap_or_default();
            (!without_optional_white_space(own).is_empty()).then_some(SignatureCause::PrefixExtra)
        }
        Grammar::Prefix(prefix) => {
            let prefix = prefix.as_bytes();
            match before {
                before if before == prefix => None,
                [] => Some(SignatureCause::PrefixMissing),
                before if before.ends_with(prefix) || before.starts_with(prefix) => Some(SignatureCause::PrefixExtra),
                before if in_other_case(before, prefix) => Some(SignatureCause::PrefixCase),
                _ => Some(SignatureCause::PrefixOther),
            }
        }
        Grammar::Pairs { item_separator, key_separator, signature_keys, .. } => {
            let is_separator = |byte: &u8| char::from(*byte) == *item_separator;
            let start = before.iter().rposition(is_separator).map_or(0, |at| at + 1);
            let own = without_optional_white_space(before.get(start..).unwrap_or_default());
            let wanted: Vec<String> = signature_keys.iter().map(|key| format!("{key}{key_separator}")).collect();
            Some(if own.is_empty() {
                SignatureCause::PrefixMissing
            } else if wanted.iter().any(|wanted| own.eq_ignore_ascii_case(wanted.as_bytes())) {
                // The key itself, or where that is right the timestamp's beside it.
                SignatureCause::PrefixCase
            } else {
                SignatureCause::PrefixOther
            })
        }
    }
}

/// The scheme with nothing to read but a signature: timestamp and id stand in its template as text. `time` is the
/// timestamp's. Nothing where the request lacks what is signed.
pub(super) fn plain(scheme: &Scheme, head: &Head<'_>, algorithm: Algorithm, time: Option<&str>) -> Option<Scheme> {
    let id = scheme.signed_id.as_ref().and_then(|name| head.value(name));
    let id = id.and_then(|id| std::str::from_utf8(id).ok());
    // A plain hash has the secret in its text, and an HMAC has it not.
    let is_kept = |piece: &&Piece| **piece != Piece::Secret || algorithm == Algorithm::Sha256;
    let adds_secret = algorithm == Algorithm::Sha256 && !scheme.template.contains(&Piece::Secret);
    let template = adds_secret.then_some(&Piece::Secret).into_iter().chain(scheme.template.iter().filter(is_kept));
    let pieces = template.map(|piece| match piece {
        Piece::Timestamp => Some(Piece::Literal(time?.to_string())),
        Piece::Id => Some(Piece::Literal(id?.to_string())),
        piece => Some(piece.clone()),
    });
    Some(Scheme {
        template: pieces.collect::<Option<_>>()?,
        signature_headers: vec![PLAIN_HEADER.to_string()],
        require_headers: Vec::new(),
        optional_headers: Vec::new(),
        other_names: Vec::new(),
        public_key: None,
        // What a plain hash asks for; and a form is none.
        payload: if scheme.signs_form() { scheme.payload.clone() } else { PayloadRule::Json },
        handshakes: Vec::new(),
        grammar: Grammar::Bare,
        encoding: Encoding::Hex,
        algorithm,
        timestamp: None,
        signed_id: None,
        replay_key: crate::verify::ReplayRule::None,
        ..scheme.clone()
    })
}

/// Whether `mac` is right for the request as it is, as `algorithm`'s.
fn is_right(tries: &mut Tries<'_>, algorithm: Algorithm, time: Option<&str>, mac: &[u8]) -> bool {
    let question = tries.question;
    let Some(scheme) = plain(question.scheme, &question.request.head, algorithm, time) else { return false };
    let Ok(verifier) = Verifier::accepting_uncovered_body(scheme, tries.secrets.iter().cloned(), question.url) else {
        return false;
    };
    holds(tries, &verifier, mac)
}

/// Whether `mac` is right for the request to the verifier of a plain scheme.
pub(super) fn holds(tries: &mut Tries<'_>, verifier: &Verifier, mac: &[u8]) -> bool {
    let value = hex::encode(mac);
    let headers = [Header { name: PLAIN_HEADER, value: value.as_bytes() }];
    let request = tries.question.request;
    tries.holds(verifier, &Request { head: Head { headers: &headers, ..request.head }, body: request.body })
}

/// The signatures that `head` has, as the scheme writes them.
pub(super) fn signatures(scheme: &Scheme, head: &Head<'_>) -> Vec<Vec<u8>> {
    let values = scheme.signature_headers.iter().flat_map(|name| head.values(name));
    let readings = values.flat_map(stretches).take(STRETCHES_LIMIT).flat_map(|stretch| stretch.readings());
    let is_own = |written| match scheme.encoding {
        Encoding::Hex => written == Written::Hex,
        Encoding::Base64 | Encoding::Base64Der => written == Written::Base64,
        Encoding::Verbatim => false,
    };
    let bytes = scheme.algorithm.signature_bytes();
    let own = readings.filter(|(written, _)| is_own(*written)).map(|(_, mac)| two_numbers(scheme.algorithm, &mac).1);
    let mut macs: Vec<_> = own.filter(|mac| mac.len() == bytes).collect();
    macs.dedup();
    macs.truncate(crate::verify::SIGNATURES_LIMIT);
    macs
}

/// The timestamp that the request has, verbatim: where the scheme says, or, in a signature header, under its key in another
/// case.
pub(super) fn time_of(scheme: &Scheme, head: &Head<'_>) -> Option<String> {
    let text = match &scheme.timestamp.as_ref()?.place {
        TimestampPlace::Header(name) => head.value(name)?,
        TimestampPlace::Field(key) => {
            let values = scheme.signature_headers.iter().flat_map(|name| head.values(name));
            let mut items = values.flat_map(|value| value.split(|byte| b",;".contains(byte)));
            items.find_map(|item| {
                let item = without_optional_white_space(item);
                let (name, value) = item.split_at(item.iter().position(|byte| *byte == b'=')?);
                if name.eq_ignore_ascii_case(key.as_bytes()) { value.strip_prefix(b"=") } else { None }
            })?
        }
        TimestampPlace::Json(_) => return None,
    };
    std::str::from_utf8(text).ok().map(str::to_string)
}

/// Whether `text` is the base64 of a signature that nobody here can make, with its letters all lower, or all upper, case. Of
/// those of 64 bytes one in 10^19 is so by chance. Hex digits are no such text, and nor is one letter over and over.
fn has_lost_its_case(text: &[u8]) -> bool {
    let has_one_case = !text.iter().any(u8::is_ascii_lowercase) || !text.iter().any(u8::is_ascii_uppercase);
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    let letters = (b'a'..=b'z').filter(|letter| text.iter().any(|byte| byte.eq_ignore_ascii_case(letter)));
    text.len() >= SHORTEST_OF_KEY
        && letters.count() > 12
        && has_one_case
        && text.iter().all(is_base64)
        && !text.iter().all(u8::is_ascii_hexdigit)
}

/// Length of the shortest base64 of what a public key verifies, in bytes: 64 bytes, not padded. DER has some more.
const SHORTEST_OF_KEY: usize = 86;

/// Whether `stretch` is the right signature's base64 with its letters all lower, or all upper, case.
fn is_right_but_for_case(tries: &mut Tries<'_>, stretch: &Stretch<'_>) -> bool {
    let question = tries.question;
    let scheme = question.scheme;
    let has_one_case =
        !stretch.text.iter().any(u8::is_ascii_lowercase) || !stretch.text.iter().any(u8::is_ascii_uppercase);
    let bytes = scheme.algorithm.signature_bytes();
    if !has_one_case || stretch.text.len() != bytes.div_ceil(3) * 4 {
        return false;
    }
    let time = time_of(scheme, &question.request.head);
    let plain = plain(scheme, &question.request.head, scheme.algorithm, time.as_deref());
    let Some(plain) = plain.map(|plain| Scheme { encoding: Encoding::Base64, ..plain }) else { return false };
    let query = question.request.head.query().map_or_else(String::new, |query| format!("?{query}"));
    let url = format!("{}{query}", question.url.unwrap_or_default());
    let folded = stretch.text.to_ascii_lowercase();
    let secrets = tries.secrets.clone();
    secrets.iter().any(|(_, secret)| {
        if !tries.spend(question.request.body.len()) {
            return false;
        }
        let signer =
            Signer::new(&plain, secret).map(|signer| signer.with_url(&url).with_method(question.request.head.method));
        let signed = signer.and_then(|signer| signer.sign(question.request.body, UnixTime::from_s(0)));
        let right = signed.ok().and_then(|fields| fields.into_iter().next_back());
        right.is_some_and(|(_, right)| are_same(right.to_ascii_lowercase().as_bytes(), &folded))
    })
}

/// Whether two texts are the same: by MACs of them, which the library compares in constant time.
fn are_same(one: &[u8], other: &[u8]) -> bool {
    let mac =
        |text: &[u8]| Hmac::<Sha256>::new_from_slice(b"compare").ok().map(|mac| mac.chain_update(text).finalize());
    mac(one).zip(mac(other)).is_some_and(|(one, other)| one == other)
}

/// What `scheme` wants where `refusal` says that something is missing or malformed.
pub(super) fn wanted(scheme: &Scheme, refusal: Refusal) -> String {
    if let Some(in_body) = &scheme.signature_in_body {
        let each = in_body.each.as_ref().map(|each| format!(" of each of {each}")).unwrap_or_default();
        return format!("pass the body on as it comes: JSON, with {}{each} once", in_body.signature);
    }
    let headers = scheme.signature_headers.join(" or ");
    match refusal {
        Refusal::MissingSignature => format!("pass on every header; the signature's is {headers}"),
        Refusal::RepeatedSignature | Refusal::TooManySignatures { .. } => {
            format!("pass {headers} on once, as it comes")
        }
        Refusal::MissingTimestamp | Refusal::MalformedTimestamp => {
            match scheme.timestamp.as_ref().map(|rule| &rule.place) {
                None if scheme.signs_token() => {
                    "let the sender say in the token when it was made, and when it ends".to_string()
                }
                Some(TimestampPlace::Header(name)) => format!("pass {name} on as it comes"),
                Some(TimestampPlace::Field(key)) => format!("pass {headers} on as it comes, with its key {key}"),
                Some(TimestampPlace::Json(pointer)) => format!("look at {pointer} in the body"),
                None => "pass on every header as it comes".to_string(),
            }
        }
        Refusal::MissingId | Refusal::MalformedId => {
            format!("pass {} on as it comes", scheme.signed_id.as_deref().unwrap_or("its header"))
        }
        Refusal::UnsupportedScheme => {
            let fields: Vec<_> = scheme
                .require_headers
                .iter()
                .chain(&scheme.optional_headers)
                .map(|(name, value)| format!("{name}: {value}"))
                .collect();
            format!("pass on every header; the scheme wants {}", fields.join(", "))
        }
        Refusal::UncoveredBody => match &scheme.body_hash_parameter {
            Some(name) => format!("pass the URL's query on as it comes, with {name}, which holds the body's hash"),
            None => "pass Content-Type on as it comes: the scheme signs a form".to_string(),
        },
        Refusal::InvalidForm | Refusal::TooManyParameters { .. } => {
            "take the form as it came, before anything reads it".to_string()
        }
        _ if scheme.signs_token() => {
            let prefix = if let Grammar::Prefix(prefix) = &scheme.grammar { prefix.as_str() } else { "" };
            format!("pass {headers} on as it comes: {prefix}three parts of base64url with points between them")
        }
        _ => {
            let digits = match scheme.encoding {
                _ if scheme.algorithm == Algorithm::Token => {
                    format!("the token{}", if scheme.encoding == Encoding::Base64 { " in base64" } else { "" })
                }
                Encoding::Verbatim => String::new(),
                Encoding::Hex => format!("{} hex digits", scheme.algorithm.signature_bytes() * 2),
                Encoding::Base64 => {
                    format!("{} characters of base64", scheme.algorithm.signature_bytes().div_ceil(3) * 4)
                }
                Encoding::Base64Der => "some 96 characters of base64".to_string(),
            };
            let form = match &scheme.grammar {
                Grammar::Bare => digits,
                Grammar::List(separator) => format!("{digits}, {separator} between several"),
                Grammar::Prefix(prefix) => format!("{prefix} and {digits}"),
                Grammar::Pairs { key_separator, signature_keys, .. } => {
                    format!("a list with {}{key_separator} and {digits}", signature_keys.join(" or "))
                }
            };
            format!("pass {headers} on as it comes: {form}")
        }
    }
}
