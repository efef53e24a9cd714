//! Which handshakes can work, and are no way in.

use super::{ECHO_LIMIT_BYTES, Handshake, Reply, Spot, is_of_signed_token};
use crate::json;
use crate::verify::check::{UnusableScheme, is_pointer, is_token};
use crate::verify::scheme::{Piece, Scheme};

/// Most handshakes that a scheme has.
const HANDSHAKES_LIMIT: usize = 8;

/// Whether each handshake of `scheme` can work and lets nobody in.
///
/// # Errors
/// Says of the first that does not why not.
pub(in crate::verify) fn check(scheme: &Scheme) -> Result<(), UnusableScheme> {
    if scheme.handshakes.len() > HANDSHAKES_LIMIT {
        return Err(UnusableScheme::new("handshakes", "there are 8 at most"));
    }
    match scheme.handshakes.iter().find_map(|handshake| flaw(scheme, handshake)) {
        Some(why) => Err(UnusableScheme::new("handshakes", why)),
        None => Ok(()),
    }
}

fn flaw(scheme: &Scheme, handshake: &Handshake) -> Option<&'static str> {
    let Handshake { method, signed, when, agreed_token, token, reply } = handshake;
    let spots = || when.iter().map(|(spot, _)| spot).chain(agreed_token).chain(token);
    let delivers = scheme.methods.contains(method);
    if !spots().all(is_spot) {
        return Some("a spot is /pointer, ?query, form= or a header");
    }
    if when.iter().any(|(_, value)| value.is_empty() || value.len() > ECHO_LIMIT_BYTES) {
        return Some("what has to stand in a spot is 1 to 256 bytes long");
    }
    let flaw = if *signed {
        signed_flaw(scheme, handshake, delivers)
    } else if !["GET", "HEAD", "POST"].contains(&method.as_str()) || (method == "POST" && !delivers) {
        Some("one without a signature comes by GET, HEAD, or POST where deliveries do")
    } else if spots().any(|spot| matches!(spot, Spot::Json(_))) {
        Some("no JSON is read that nobody signed")
    } else if when.iter().map(|(spot, _)| spot).chain(agreed_token).any(|spot| matches!(spot, Spot::Form(_))) {
        Some("a form holds the token and nothing else")
    } else if delivers && token.is_none() {
        Some("one without a signature that comes as deliveries do has a token")
    } else if matches!(reply, Reply::Mac { .. }) {
        Some("no MAC is given to who has not signed")
    } else if matches!(token, Some(Spot::Form(_))) && method != "POST" {
        Some("a form comes by POST")
    } else {
        None
    };
    flaw.or_else(|| reply_flaw(reply, token.as_ref()))
}

fn signed_flaw(scheme: &Scheme, handshake: &Handshake, delivers: bool) -> Option<&'static str> {
    let Handshake { when, agreed_token, token, reply, .. } = handshake;
    // What no signature has to part from the rest of its text, a token could stand for.
    let is_apart = |piece: &Piece| match piece {
        Piece::Literal(text) => !text.bytes().all(|byte| is_of_signed_token(&byte)),
        _ => false,
    };
    if !delivers {
        Some("one that is signed comes by a method of deliveries")
    } else if !scheme.covers_body() {
        Some("the signature does not cover the body that says it is one")
    } else if when.is_empty() || !when.iter().all(|(spot, _)| matches!(spot, Spot::Json(_))) {
        Some("one that is signed is known by the signed body: when names its JSON, and nothing else")
    } else if agreed_token.is_some() {
        Some("one that is signed needs no agreed token")
    } else if !matches!(token, None | Some(Spot::Json(_) | Spot::Header(_))) {
        Some("the token of one that is signed stands in the body's JSON or a header")
    } else if !matches!(reply, Reply::Mac { .. }) {
        None
    } else if !scheme.algorithm.is_hmac() {
        Some("only an HMAC is given for an answer")
    } else if !matches!(token, Some(Spot::Json(_))) {
        Some("a token is signed only where it stands in the signed body")
    } else if !scheme.template.iter().any(is_apart) {
        Some("with a template that has no punctuation of its own, who can ask for a MAC could forge a delivery")
    } else {
        None
    }
}

fn reply_flaw(reply: &Reply, token: Option<&Spot>) -> Option<&'static str> {
    let is_name = |name: &String| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let names_are_plain = match reply {
        Reply::Json(name) => is_name(name),
        Reply::Mac { token, mac } => is_name(token) && is_name(mac) && token != mac,
        _ => true,
    };
    let needs_token = match reply {
        Reply::Empty | Reply::Fixed(_) => false,
        #[cfg(feature = "providers")]
        Reply::NoContent => false,
        _ => true,
    };
    match reply {
        _ if !names_are_plain => Some("names in a reply are of letters, digits, - and _"),
        _ if needs_token && token.is_none() => Some("the reply needs a token"),
        Reply::Fixed(text) if text.len() > ECHO_LIMIT_BYTES || json::check(text.as_bytes()).is_err() => {
            Some("a fixed reply is JSON of 256 bytes at most")
        }
        Reply::Secret if !matches!(token, Some(Spot::Header(_))) => Some("a secret is handed over in a header"),
        _ => None,
    }
}

fn is_spot(spot: &Spot) -> bool {
    let is_field = |name: &str| {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        !name.is_empty() && name.bytes().all(is_plain)
    };
    match spot {
        Spot::Header(name) => is_token(name),
        Spot::Query(name) | Spot::Form(name) => is_field(name),
        Spot::Json(pointer) => is_pointer(pointer),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::graph;
    use super::*;
    use crate::verify::{check, preset};

    #[test]
    fn a_handshake_that_cannot_work_or_lets_somebody_in_is_refused_by_the_scheme() {
        let slack = || preset("slack").unwrap().handshakes.remove(0);
        let zoom = || preset("zoom").unwrap().handshakes.remove(0);
        let at = |text: &str| Some(Spot::from(text));
        let pair = |spot: &str, value: &str| vec![(Spot::from(spot), value.to_string())];
        let with = |handshake: Handshake| check(&Scheme { handshakes: vec![handshake], ..preset("github").unwrap() });
        for (handshake, why) in [
            (Handshake { when: vec![], ..slack() }, "known by the signed body"),
            (Handshake { when: pair("X-Type", "x"), ..slack() }, "known by the signed body"),
            (Handshake { when: pair("?type", "x"), ..slack() }, "known by the signed body"),
            (Handshake { when: pair("/type", ""), ..slack() }, "1 to 256 bytes"),
            (Handshake { method: "GET".into(), ..slack() }, "by a method of deliveries"),
            (Handshake { agreed_token: at("X-Token"), ..slack() }, "needs no agreed token"),
            (Handshake { token: at("?challenge"), ..slack() }, "stands in the body's JSON or a header"),
            (Handshake { token: None, ..slack() }, "needs a token"),
            (Handshake { token: at("/a~"), ..slack() }, "a spot is"),
            (Handshake { token: at("a b"), ..slack() }, "a spot is"),
            (Handshake { token: at("X-Token"), ..zoom() }, "only where it stands in the signed body"),
            (zoom(), "who can ask for a MAC could forge a delivery"),
            (
                Handshake { signed: false, when: vec![], token: at("?t"), ..zoom() },
                "no MAC is given to who has not signed",
            ),
            (Handshake { reply: Reply::Json("a\"".into()), ..slack() }, "names in a reply"),
            (Handshake { reply: Reply::Fixed("{".into()), ..slack() }, "is JSON"),
            (Handshake { reply: Reply::Secret, ..slack() }, "in a header"),
            (Handshake { token: at("/a"), ..graph() }, "no JSON is read that nobody signed"),
            (Handshake { token: None, reply: Reply::Empty, ..graph() }, "has a token"),
            (Handshake { method: "PUT".into(), ..graph() }, "comes by GET, HEAD, or POST"),
            (Handshake { method: "GET".into(), token: at("id="), ..graph() }, "a form comes by POST"),
            (Handshake { when: pair("id=", "1"), ..graph() }, "a form holds the token and nothing else"),
        ] {
            let UnusableScheme { field, why: said } = with(handshake.clone()).unwrap_err();
            assert!(field == "handshakes" && said.contains(why), "{handshake:?}: {said}");
        }
        assert_eq!(with(slack()), Ok(()));
        assert_eq!(with(Handshake { token: None, reply: Reply::Fixed(r#"{"type":1}"#.into()), ..slack() }), Ok(()));
        let many = Scheme { handshakes: vec![graph(); 9], ..preset("github").unwrap() };
        assert!(check(&many).is_err());
    }
}
