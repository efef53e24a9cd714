//! With how a signature is written, and with the headers around it.

use super::Mistake;
use crate::explain::delivery::{Delivery, Sender, base64, hex, is_hex, is_shared, unbase64};
use hookgate::Scheme;
use hookgate::verify::{Algorithm, Encoding, Grammar, PayloadRule, Piece, TimestampPlace};

/// In the order of docs/EXPLAIN.md.
pub(crate) const SIGNATURES: &[Mistake] = mistakes! {
    "The signature is written in hex, not base64" => "signature-in-hex": |scheme| {
        let sender = Sender { scheme: Scheme { encoding: Encoding::Hex, ..scheme.clone() }, ..Sender::of(scheme) };
        let given = || if is_der(scheme) { with_bytes(scheme, hex) } else { sender.to(scheme) };
        (is_mac(scheme) && !is_hex(scheme)).then(given)
    };
    "The signature is written in base64, not hex" => "signature-in-base64": |scheme| {
        let sender = Sender { scheme: Scheme { encoding: Encoding::Base64, ..scheme.clone() }, ..Sender::of(scheme) };
        (is_mac(scheme) && is_hex(scheme)).then(|| sender.to(scheme))
    };
    "The signature is base64 of hex digits" => "signature-hex-in-base64": |scheme| {
        let sender = Sender { scheme: Scheme { encoding: Encoding::Hex, ..scheme.clone() }, ..Sender::of(scheme) };
        let given = || if is_der(scheme) { with_bytes(scheme, hex) } else { sender.to(scheme) };
        is_mac(scheme).then(|| given().with_signature(|before, digits| format!("{before}{}", base64(digits.as_bytes()))))
    };
    "The signature's two numbers are not in DER" => "signature-two-numbers": |scheme| {
        let sender = Sender { scheme: Scheme { encoding: Encoding::Base64, ..scheme.clone() }, ..Sender::of(scheme) };
        is_der(scheme).then(|| sender.to(scheme))
    };
    "The signature's base64 is not padded" => "signature-base64-form": |scheme| {
        let numbered = (0..).map(|at| Sender::of(scheme).with_body(&numbered(scheme, at)).to(scheme));
        let given = numbered.map(|right| (right.clone(), right.with_signature(|before, text| format!("{before}{}", text.trim_end_matches('=')))));
        if !is_mac(scheme) || is_hex(scheme) { None } else { given.filter(|(right, given)| right.fields != given.fields).map(|(_, given)| given).next() }
    };
    "The signature's base64 is of the alphabet for URLs" => "signature-base64-form": |scheme| {
        let for_urls = |text: &str| text.replace('+', "-").replace('/', "_");
        let numbered = (0..).map(|at| Sender::of(scheme).with_body(&numbered(scheme, at)).to(scheme));
        let given = numbered.map(|right| (right.clone(), right.with_signature(|before, text| format!("{before}{}", for_urls(text)))));
        if !is_mac(scheme) || is_hex(scheme) { None } else { given.filter(|(right, given)| right.fields != given.fields).map(|(_, given)| given).next() }
    };
    "The signature's base64 was made lower case" => "signature-case": |scheme| {
        (is_mac(scheme) && !is_hex(scheme)).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", text.to_lowercase())))
    };
    "The signature's prefix, or its list's keys, are missing" => "signature-prefix-missing": |scheme| {
        has_prefix(scheme).then(|| Delivery::of(scheme).with_signature(|_, text| text.to_string()))
    };
    "The signature's key is missing, the timestamp's is there" => "signature-prefix-missing": |scheme| {
        keyed_time(scheme).then(|| Delivery::of(scheme).with_signature(|before, text| {
            let time = &before[..=before.find([',', ';']).unwrap()];
            format!("{time}{text}")
        }))
    };
    "The signature has a prefix too many" => "signature-prefix-extra": |scheme| {
        let is_list = matches!(scheme.grammar, Grammar::Pairs { .. });
        (!is_list).then(|| Delivery::of(scheme).with_value(|value| format!("sha256={value}")))
    };
    "The signature has a word before it" => "signature-prefix-extra": |scheme| {
        let is_list = matches!(scheme.grammar, Grammar::Pairs { .. });
        (!is_list).then(|| Delivery::of(scheme).with_value(|value| format!("Signature {value}")))
    };
    "The signature has another prefix or key" => "signature-prefix-other": |scheme| {
        let other = |before: &str| match &scheme.grammar {
            Grammar::Pairs { signature_keys, .. } => before.replace(&signature_keys[0], "sig"),
            _ => "sig=".to_string(),
        };
        has_prefix(scheme).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{}{text}", other(before))))
    };
    "The prefix, or the list's keys, were made upper case" => "signature-prefix-case": |scheme| {
        has_prefix(scheme).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{}{text}", before.to_uppercase())))
    };
    "The signature is HMAC-SHA1's" => "algorithm": |scheme| with_algorithm(scheme, Algorithm::HmacSha1);
    "The signature is HMAC-SHA256's" => "algorithm": |scheme| with_algorithm(scheme, Algorithm::HmacSha256);
    "The signature is HMAC-SHA384's" => "algorithm": |scheme| with_algorithm(scheme, Algorithm::HmacSha384);
    "The signature is HMAC-SHA512's" => "algorithm": |scheme| with_algorithm(scheme, Algorithm::HmacSha512);
    "The signature is a plain hash of secret and text" => "algorithm": |scheme| {
        let template = std::iter::once(Piece::Secret).chain(scheme.template.iter().cloned()).collect();
        let signed = Scheme { algorithm: Algorithm::Sha256, template, payload: PayloadRule::Json, handshakes: vec![], public_key: None, ..scheme.clone() };
        // A form that is hashed with the secret before it could be made longer by anybody: no scheme is so.
        (scheme.algorithm.is_hmac() && is_mac(scheme) && !scheme.signs_form()).then(|| Sender { scheme: signed, ..Sender::of(scheme) }.to(scheme))
    };
    "The signature's header is not given" => "signature-header-missing": |scheme| {
        Some(Delivery::of(scheme).without(&scheme.signature_headers[0]))
    };
    "The signature's header is given twice" => "signature-header-repeated": |scheme| {
        let mut given = Delivery::of(scheme);
        let signature = given.fields.last().unwrap().clone();
        given.fields.push(signature);
        Some(given)
    };
    "The timestamp's header is not given" => "timestamp-missing": |scheme| match &scheme.timestamp.as_ref()?.place {
        TimestampPlace::Header(name) => Some(Delivery::of(scheme).without(name)),
        _ => None,
    };
    "The signed id's header is not given" => "id-missing": |scheme| {
        Some(Delivery::of(scheme).without(scheme.signed_id.as_ref()?))
    };
    "The signature is not whole" => "signature-malformed": |scheme| {
        Some(Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", &text[..text.len() - 5])))
    };
    "Every digit of the signature is another" => "unknown": |scheme| {
        let other = |text: &str| text.replace(|digit| digit != '=', "0").replace("0=", "A=");
        (is_mac(scheme) && !is_der(scheme)).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", other(text))))
    };
    "The token's claims are others" => "unknown": |scheme| {
        scheme.jwt.as_ref()?;
        let claims = |value: &str| value.split('.').nth(1).unwrap_or_default().to_string();
        let other = claims(&Sender::of(scheme).with_body("[2]").to(scheme).fields.last().unwrap().1);
        Some(Delivery::of(scheme).with_value(|value| value.replace(&claims(value), &other)))
    };
    "The token says that it is signed by nothing" => "signature-malformed": |scheme| {
        // {"typ":"JWT","alg":"none"}
        let unsigned = |text: &str| format!("eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.{}.", text.split('.').nth(1).unwrap_or_default());
        (!is_mac(scheme)).then(|| Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", unsigned(text))))
    };
};

/// One of many bodies for `scheme`, each with a signature of its own.
fn numbered(scheme: &Scheme, at: usize) -> String {
    if scheme.signs_form() { format!("a={at}") } else { format!("[{at}]") }
}

fn is_der(scheme: &Scheme) -> bool {
    scheme.encoding == Encoding::Base64Der
}

/// A right delivery whose signature's bytes are written by `write`.
fn with_bytes(scheme: &Scheme, write: fn(&[u8]) -> String) -> Delivery {
    Delivery::of(scheme).with_signature(|before, text| format!("{before}{}", write(&unbase64(text))))
}

/// Whether the signature stands there alone, in no token.
fn is_mac(scheme: &Scheme) -> bool {
    scheme.jwt.is_none()
}

fn has_prefix(scheme: &Scheme) -> bool {
    matches!(scheme.grammar, Grammar::Prefix(_) | Grammar::Pairs { .. })
}

fn keyed_time(scheme: &Scheme) -> bool {
    matches!(scheme.timestamp.as_ref().map(|rule| &rule.place), Some(TimestampPlace::Field(_)))
}

/// Signed by another algorithm, whose name stands in the prefix where the scheme's does.
fn with_algorithm(scheme: &Scheme, algorithm: Algorithm) -> Option<Delivery> {
    let short = |algorithm: Algorithm| algorithm.name().trim_start_matches("hmac-").to_string();
    let mut signed = Scheme { algorithm, ..scheme.clone() };
    if let Grammar::Prefix(prefix) = &mut signed.grammar {
        *prefix = prefix.replace(&short(scheme.algorithm), &short(algorithm));
    }
    signed.template.retain(|piece| *piece != Piece::Secret);
    if let Some(jwt) = &scheme.jwt
        && (algorithm == Algorithm::HmacSha1 || jwt.other_algorithms.contains(&algorithm))
    {
        return None;
    }
    (is_shared(scheme) && algorithm != scheme.algorithm)
        .then(|| Sender { scheme: signed, ..Sender::of(scheme) }.to(scheme))
}
