//! Which schemes can work that sign forms, or tokens.

use super::{UnusableScheme, is_token};
use crate::verify::jwt::Jwt;
use crate::verify::scheme::{Grammar, PayloadRule, Piece, Scheme};

/// What [`super::check`] wants of those.
pub(super) fn check(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let flaw = form_flaw(scheme).or_else(|| scheme.jwt.as_ref().and_then(|jwt| token_flaw(scheme, jwt)));
    flaw.map_or(Ok(()), |(field, why)| Err(UnusableScheme::new(field, why)))
}

/// A field, and what is wrong with it.
type Flaw = Option<(&'static str, &'static str)>;

fn form_flaw(scheme: &Scheme) -> Flaw {
    if let Some(name) = &scheme.body_hash_parameter {
        if name.is_empty() {
            return Some(("body_hash_parameter", "it has a name"));
        }
        // Which of the two is signed has to be under the signature too.
        if !scheme.template.contains(&Piece::FormSorted) || !scheme.covers_url() {
            return Some(("body_hash_parameter", "it stands for {form_sorted} in a template that has the URL too"));
        }
    }
    match scheme.signs_form() && scheme.payload == PayloadRule::Json {
        true => Some(("payload", "the template has a form, and a form is no JSON")),
        false => None,
    }
}

fn token_flaw(scheme: &Scheme, jwt: &Jwt) -> Flaw {
    let claims: Vec<&str> =
        std::iter::once(&jwt.body_hash).chain(&jwt.url_hash).chain(&jwt.made_at).map(String::as_str).collect();
    let is_claim = |claim: &&&str| is_token(claim) && claims.iter().filter(|known| known == claim).count() == 1;
    // What they say is not for a scheme to choose (RFC 7519 §4.1).
    let is_registered = |claim: &str| ["iss", "exp", "jti"].contains(&claim);
    let is_time = jwt.made_at.as_deref().is_none_or(|claim| !is_registered(claim));
    let is_hash = |claim: &str| !is_registered(claim) && !["nbf", "iat"].contains(&claim);
    let algorithms: Vec<_> = jwt.algorithms(scheme).collect();
    let is_once = |algorithm| algorithms.iter().filter(|known| *known == algorithm).count() == 1;
    if scheme.signature_headers.len() > 1 {
        Some(("signature_headers", "a token stands in one header"))
    } else if !matches!(scheme.grammar, Grammar::Bare | Grammar::Prefix(_)) {
        Some(("grammar", "a token stands alone, or behind a prefix"))
    } else if !scheme.algorithm.signs_tokens() {
        Some(("algorithm", "a token is signed with hmac-sha256, hmac-sha384 or hmac-sha512"))
    } else if !algorithms.iter().all(|algorithm| algorithm.signs_tokens() && is_once(algorithm)) {
        Some(("jwt.other_algorithms", "each is hmac-sha256, hmac-sha384 or hmac-sha512, and named once"))
    } else if !claims.iter().all(|claim| is_claim(&claim)) {
        Some(("jwt", "each claim has a name, and a name of its own"))
    } else if !is_hash(&jwt.body_hash) || jwt.url_hash.as_deref().is_some_and(|claim| !is_hash(claim)) || !is_time {
        Some(("jwt", "iss, exp, nbf, iat and jti have a meaning already"))
    } else if jwt.issuer.as_deref() == Some("") {
        Some(("jwt.issuer", "it has some text"))
    } else if scheme.template != jwt.template() {
        Some(("template", "a token's claims say what is signed"))
    } else if scheme.timestamp.is_some() {
        Some(("timestamp", "a token says itself when it was made: jwt.made_at"))
    } else if scheme.signed_id.is_some() {
        Some(("signed_id", "a token has its id in itself"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{check, preset};
    use super::*;
    use crate::verify::scheme::{Algorithm, ReplayRule, TimeUnit, Timestamp, TimestampPlace};

    fn field(scheme: &Scheme) -> String {
        check(scheme).map_or_else(|unusable| unusable.field, |()| String::new())
    }

    #[test]
    fn a_form_that_cannot_be_signed_is_refused_by_its_field() {
        let twilio = || preset("twilio").unwrap();
        for (name, scheme) in [
            ("", twilio()),
            ("", Scheme { body_hash_parameter: None, ..twilio() }),
            ("body_hash_parameter", Scheme { body_hash_parameter: Some(String::new()), ..twilio() }),
            ("body_hash_parameter", Scheme { template: vec![Piece::FormSorted], ..twilio() }),
            ("body_hash_parameter", Scheme { template: vec![Piece::UrlAnyPort, Piece::Body], ..twilio() }),
            ("body_hash_parameter", Scheme { template: vec![Piece::UrlFormSorted], ..twilio() }),
            ("payload", Scheme { payload: PayloadRule::Json, ..twilio() }),
            ("template", Scheme { template: vec![Piece::UrlAnyPort, Piece::FormSorted, Piece::Body], ..twilio() }),
            ("template", Scheme { template: vec![Piece::FormSorted, Piece::UrlFormSorted], ..twilio() }),
            ("replay_key", Scheme { replay_key: ReplayRule::TokenId, ..twilio() }),
            ("grammar", Scheme { grammar: Grammar::List('='), ..twilio() }),
            ("grammar", Scheme { grammar: Grammar::List('a'), ..twilio() }),
            ("", Scheme { grammar: Grammar::List(';'), ..twilio() }),
        ] {
            assert_eq!(field(&scheme), name, "{scheme:?}");
        }
    }

    #[test]
    fn a_token_that_cannot_be_judged_is_refused_by_its_field() {
        let of = |change: fn(&mut Scheme, &mut Jwt)| {
            let mut scheme = preset("messagebird").unwrap();
            let mut jwt = scheme.jwt.clone().unwrap();
            change(&mut scheme, &mut jwt);
            field(&Scheme { jwt: Some(jwt), ..scheme })
        };
        assert_eq!(of(|_, _| {}), "");
        assert_eq!(of(|scheme, _| scheme.signature_headers.push("X".into())), "signature_headers");
        assert_eq!(of(|scheme, _| scheme.grammar = Grammar::List(',')), "grammar");
        assert_eq!(of(|scheme, _| scheme.grammar = Grammar::Prefix("Bearer ".into())), "");
        assert_eq!(of(|scheme, _| scheme.algorithm = Algorithm::HmacSha1), "algorithm");
        assert_eq!(of(|scheme, _| scheme.algorithm = Algorithm::HmacSha512), "jwt.other_algorithms");
        assert_eq!(of(|_, jwt| jwt.other_algorithms.push(Algorithm::HmacSha1)), "jwt.other_algorithms");
        assert_eq!(of(|_, jwt| jwt.body_hash.clear()), "jwt");
        assert_eq!(of(|_, jwt| jwt.body_hash = "url_hash".into()), "jwt");
        for claim in ["iss", "exp", "nbf", "iat", "jti"] {
            let mut scheme = preset("netlify").unwrap();
            scheme.jwt.as_mut().unwrap().body_hash = claim.into();
            assert_eq!(field(&scheme), "jwt", "{claim}");
        }
        assert_eq!(of(|_, jwt| jwt.made_at = Some("jti".into())), "jwt");
        assert_eq!(of(|_, jwt| jwt.made_at = Some("iat".into())), "");
        assert_eq!(of(|_, jwt| jwt.issuer = Some(String::new())), "jwt.issuer");
        assert_eq!(of(|_, jwt| jwt.url_hash = None), "template");
        assert_eq!(of(|scheme, _| scheme.template = vec![Piece::Body]), "template");
        assert_eq!(of(|scheme, _| scheme.signed_id = Some("X-Id".into())), "signed_id");
        let place = TimestampPlace::Json("/t".into());
        let (unit, bound) = (TimeUnit::Seconds, Some(300));
        let timestamp = Timestamp { place, unit, past_s: bound, future_s: bound, accept_missing_timestamp: false };
        let timed = Scheme { timestamp: Some(timestamp), ..preset("netlify").unwrap() };
        assert_eq!(field(&timed), "timestamp");
    }
}
