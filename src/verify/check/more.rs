//! Which schemes can work whose signature stands in the body, or is a token.

use super::{UnusableScheme, is_pointer};
use crate::verify::in_body::InBody;
use crate::verify::scheme::{
    Algorithm, Encoding, Grammar, PayloadRule, Piece, Place, Scheme, SecretForm, TimestampPlace,
};

/// Whether what is particular to these can work.
///
/// # Errors
/// Names the first field that keeps it from that.
pub(super) fn check(scheme: &Scheme) -> Result<(), UnusableScheme> {
    check_token(scheme)?;
    check_in_body(scheme)?;
    check_secrecy(scheme)
}

fn check_token(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let wrong = |field: &str, why: &str| Err(UnusableScheme::new(field, why));
    if scheme.algorithm != Algorithm::Token {
        return match scheme.encoding {
            Encoding::Verbatim => wrong("encoding", "a MAC is written in hex or base64"),
            _ => Ok(()),
        };
    }
    if !scheme.template.is_empty() {
        return wrong("template", "a token signs nothing: it is empty");
    }
    if scheme.encoding == Encoding::Hex {
        return wrong("encoding", "a token is written verbatim or in base64");
    }
    if matches!(scheme.grammar, Grammar::Pairs { .. }) {
        return wrong("grammar", "a token stands alone, or behind a prefix");
    }
    if scheme.secret_form != SecretForm::Utf8 {
        return wrong("secret", "a token is compared as it is");
    }
    if scheme.signature_in_body.is_some() && scheme.encoding != Encoding::Verbatim {
        return wrong("encoding", "a token in the body is written verbatim");
    }
    Ok(())
}

fn check_in_body(scheme: &Scheme) -> Result<(), UnusableScheme> {
    let wrong = |field: &str, why: &str| Err(UnusableScheme::new(field, why));
    let mut pointers = scheme.template.iter().filter_map(|piece| match piece {
        Piece::Json(pointer) => Some(pointer),
        _ => None,
    });
    let Some(InBody { each, signature }) = &scheme.signature_in_body else {
        return match pointers.next() {
            Some(_) => wrong("template", "{json:…} is for a signature that stands in the body itself"),
            None => Ok(()),
        };
    };
    if !is_pointer(signature) || !each.iter().all(|each| is_pointer(each)) {
        return wrong("signature_in_body", "its JSON pointers begin with / (RFC 6901)");
    }
    if !pointers.all(|pointer| is_pointer(pointer) && !pointer.contains(['{', '}']) && pointer != signature) {
        return wrong("template", "{json:…} holds a JSON pointer, which begins with /, to something but the signature");
    }
    if !scheme.template.iter().all(|piece| matches!(piece, Piece::Json(_) | Piece::Literal(_))) {
        return wrong("template", "with a signature in the body it is of {json:/pointer} and text");
    }
    if scheme.template.is_empty() && scheme.algorithm != Algorithm::Token {
        return wrong("template", "it has no {json:/pointer}: the signature would be the same for all");
    }
    if scheme.grammar != Grammar::Bare {
        return wrong("grammar", "with a signature in the body it is bare");
    }
    if !scheme.require_headers.is_empty() {
        return wrong("require_headers", "with a signature in the body there are none");
    }
    if !matches!(scheme.timestamp.as_ref().map(|rule| &rule.place), None | Some(TimestampPlace::Json(_))) {
        return wrong("timestamp", "with a signature in the body it stands there, too");
    }
    if scheme.payload != PayloadRule::Json {
        return wrong("payload", "with a signature in the body it is json");
    }
    Ok(())
}

/// What is shown of an event is no secret.
fn check_secrecy(scheme: &Scheme) -> Result<(), UnusableScheme> {
    if scheme.algorithm != Algorithm::Token {
        return Ok(());
    }
    let shows = |place: &Place| match place {
        Place::Header(name) => scheme.signature_headers.iter().any(|secret| secret.eq_ignore_ascii_case(name)),
        Place::Json(pointer) => scheme.signature_in_body.as_ref().is_some_and(|in_body| in_body.is_at(pointer)),
    };
    for (field, places) in [("event_type", &scheme.event_type), ("delivery_id", &scheme.delivery_id)] {
        if places.iter().any(shows) {
            return Err(UnusableScheme::new(field, "the token stands there, which would be shown"));
        }
    }
    Ok(())
}
