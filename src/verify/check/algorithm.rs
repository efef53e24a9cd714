//! What only some algorithms have: a secret in the template, numbers in DER, a public key.

use super::UnusableScheme;
use crate::verify::scheme::{Algorithm, Encoding, Grammar, PayloadRule, Piece, Scheme, SecretForm};

/// Whether `scheme` has what its algorithm needs, and nothing that only another has.
///
/// # Errors
/// Names the field that it has not, or that it has.
pub(super) fn check(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let wrong = |field: &'static str, why: &str| Err(UnusableScheme::new(field, why));
    match (scheme.algorithm, scheme.template.contains(&Piece::Secret)) {
        (Algorithm::Sha256, false) => {
            return wrong("template", "a plain hash without {secret} is one that anybody can make");
        }
        (Algorithm::Sha256, true) | (_, false) => {}
        (_, true) => return wrong("template", "{secret} is hashed by sha256 alone: the others have it as their key"),
    }
    if scheme.encoding == Encoding::Base64Der && scheme.algorithm != Algorithm::EcdsaP256Sha256 {
        return wrong("encoding", "base64-der is for signatures of two numbers, as ECDSA's are");
    }
    if scheme.signature_in_body.is_some()
        && (scheme.algorithm.has_public_key() || scheme.algorithm == Algorithm::Sha256)
    {
        return wrong("algorithm", "with a signature in the body it is an HMAC or a token");
    }
    let is_json = matches!(scheme.payload, PayloadRule::Json | PayloadRule::JsonOrEmpty);
    if scheme.algorithm == Algorithm::Sha256 && !is_json && scheme.template.last() != Some(&Piece::Secret) {
        return wrong("payload", "who sees a plain hash can make one for a longer body, unless that has to be JSON");
    }
    let Some(rule) = &scheme.public_key else { return Ok(()) };
    if rule.prefix.is_empty() || !rule.algorithm.has_public_key() || scheme.algorithm.has_public_key() {
        return wrong("public_key", "it has a prefix, and an algorithm with a public key beside one without");
    }
    let (Grammar::Pairs { signature_keys, .. }, SecretForm::Base64 { prefix, .. }) =
        (&scheme.grammar, &scheme.secret_form)
    else {
        return wrong(
            "public_key",
            "it needs a grammar of keys and values, and a shared secret with a prefix of its own",
        );
    };
    if prefix.is_empty() || rule.prefix.starts_with(prefix) || prefix.starts_with(&rule.prefix) {
        return wrong("public_key", "its prefix tells it from a shared secret, which has another");
    }
    if rule.signature_keys.iter().any(|key| signature_keys.contains(key)) {
        return wrong("public_key", "its signatures have keys of their own");
    }
    super::check(&scheme.of_public_key(rule))
        .map_err(|unusable| UnusableScheme::new("public_key", unusable.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::check;
    use super::*;
    use crate::verify::preset;
    use crate::verify::scheme::PublicKeyRule;

    fn field(scheme: &Scheme) -> String {
        check(scheme).map_or_else(|unusable| unusable.field, |()| String::new())
    }

    #[test]
    fn a_scheme_with_what_its_algorithm_has_not_is_refused_by_its_field() {
        let of = |name: &str| preset(name).unwrap();
        let headers = |name: &str| vec![(name.to_string(), "1".to_string())];
        for (name, scheme) in [
            ("", of("hubspot-v1")),
            ("", Scheme { payload: PayloadRule::JsonOrEmpty, ..of("hubspot-v1") }),
            ("", Scheme { payload: PayloadRule::Any, template: vec![Piece::Body, Piece::Secret], ..of("hubspot-v1") }),
            ("payload", Scheme { payload: PayloadRule::Any, ..of("hubspot-v1") }),
            ("payload", Scheme { payload: PayloadRule::MayBeEmpty, ..of("hubspot-v1") }),
            ("payload", Scheme { payload: PayloadRule::JsonOrForm, ..of("hubspot-v1") }),
            ("template", Scheme { template: vec![Piece::Body], ..of("hubspot-v1") }),
            ("template", Scheme { template: vec![Piece::Secret, Piece::Body], ..of("github") }),
            ("template", Scheme { template: vec![Piece::Timestamp, Piece::Secret, Piece::Body], ..of("discord") }),
            ("encoding", Scheme { encoding: Encoding::Base64Der, ..of("discord") }),
            ("encoding", Scheme { encoding: Encoding::Base64Der, ..of("github") }),
            ("", Scheme { encoding: Encoding::Base64, ..of("sendgrid") }),
            ("optional_headers", Scheme { optional_headers: headers("X Y"), ..of("github") }),
            ("optional_headers", Scheme { optional_headers: headers("X-Hub-Signature-256"), ..of("github") }),
            ("optional_headers", Scheme { optional_headers: vec![("X".into(), " 1".into())], ..of("github") }),
            ("handshakes", Scheme { algorithm: Algorithm::Ed25519, ..of("zoom") }),
            ("algorithm", Scheme { algorithm: Algorithm::Ed25519, ..of("adyen") }),
        ] {
            assert_eq!(field(&scheme), name, "{scheme:?}");
        }
    }

    #[test]
    fn a_public_key_that_is_not_told_from_a_secret_is_refused() {
        let svix = || preset("svix").unwrap();
        let rule = |prefix: &str, algorithm, keys: &[&str]| {
            let signature_keys = keys.iter().map(ToString::to_string).collect();
            Some(PublicKeyRule { prefix: prefix.to_string(), algorithm, signature_keys })
        };
        let ed25519 = Algorithm::Ed25519;
        for (is_usable, rule) in [
            (true, rule("whpk_", ed25519, &["v1a"])),
            (true, rule("pk", Algorithm::EcdsaP256Sha256, &["v2", "v3"])),
            (false, rule("", ed25519, &["v1a"])),
            (false, rule("whsec_", ed25519, &["v1a"])),
            (false, rule("whs", ed25519, &["v1a"])),
            (false, rule("whsec_pk", ed25519, &["v1a"])),
            (false, rule("whpk_", Algorithm::HmacSha256, &["v1a"])),
            (false, rule("whpk_", ed25519, &["v1", "v1a"])),
            (false, rule("whpk_", ed25519, &[])),
            (false, rule("whpk_", ed25519, &["a,b"])),
        ] {
            let scheme = Scheme { public_key: rule, ..svix() };
            assert_eq!(field(&scheme), if is_usable { "" } else { "public_key" }, "{:?}", scheme.public_key);
        }
        let rule = rule("whpk_", ed25519, &["v1a"]);
        for scheme in [
            Scheme { grammar: Grammar::Bare, public_key: rule.clone(), ..svix() },
            Scheme { secret_form: SecretForm::Utf8, public_key: rule.clone(), ..svix() },
            Scheme { public_key: rule, ..preset("standard-webhooks-v1a").unwrap() },
        ] {
            assert_eq!(field(&scheme), "public_key");
        }
    }
}
