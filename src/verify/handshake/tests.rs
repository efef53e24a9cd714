//! What is answered, what is refused, and what is no handshake; and which handshakes can work.

use super::*;
use crate::verify::{Piece, Signer, Verifier, names, preset};
use crate::{Header, Request, UnixTime};

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const SECRET: &[u8] = b"a secret of the tests";

fn secret() -> Secret {
    Secret::new(SECRET.to_vec()).unwrap()
}

fn head<'a>(method: &'a str, target: &'a str, headers: &'a [Header<'a>]) -> Head<'a> {
    Head { method, target, headers }
}

/// What is said to a signed delivery of `body` to `scheme`, beside which `more` stands in a header; nothing where it is an
/// event.
fn said_to(scheme: &str, body: &str, more: Option<(&str, &str)>) -> Option<Result<(String, String), Refusal>> {
    let scheme = preset(scheme).unwrap();
    let signer = Signer::new(&scheme, &secret()).unwrap().with_id("an-id");
    let fields = signer.sign(body.as_bytes(), NOW).unwrap();
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(more);
    let headers: Vec<_> = fields.map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
    // The second of two secrets signed.
    let other = Secret::new(b"another secret".to_vec()).unwrap();
    let secrets = [("new".to_string(), other), ("old".to_string(), secret())];
    let verifier = Verifier::new(scheme.clone(), secrets).unwrap();
    let request = Request { head: head("POST", "/", &headers), body: body.as_bytes() };
    let verified = verifier.verify(&request, NOW).unwrap();
    let said = scheme.signed_handshake(&verified, Some(body))?;
    Some(said.map(|said| (said.content_type().to_string(), said.body().to_string())))
}

/// What is said to a question without a signature; nothing where it is none.
fn said_without(scheme: &str, head: &Head<'_>, body: &[u8]) -> Option<Result<String, Refusal>> {
    let scheme = preset(scheme).unwrap();
    let agreed = AgreedToken::new(&Secret::new(b"agreed".to_vec()).unwrap());
    let whole = scheme.unsigned_handshake(head, Body::Whole(body));
    let declared = scheme.unsigned_handshake(head, Body::Declared(Some(body.len() as u64)));
    assert!(whole.is_none() || whole == declared, "what is answered was waited for");
    assert_eq!(scheme.unsigned_handshake(head, Body::Declared(None)), None, "nobody waits for chunks of a question");
    Some(whole?.answer_unsigned(head, body, Some(&agreed)).map(|said| said.body))
}

fn text(text: &str) -> Option<Result<(String, String), Refusal>> {
    Some(Ok(("text/plain".to_string(), text.to_string())))
}

fn json(text: &str) -> Option<Result<(String, String), Refusal>> {
    Some(Ok(("application/json".to_string(), text.to_string())))
}

#[test]
fn signed_questions_are_answered_as_their_provider_wants() {
    let slack =
        r#"{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;
    assert_eq!(said_to("slack", slack, None), text("3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"));
    let twitch = r#"{"challenge":"pogchamp-kappa-360noscope-vohiyo","subscription":{"status":"webhook_callback_verification_pending"}}"#;
    assert_eq!(said_to("twitch", twitch, None), text("pogchamp-kappa-360noscope-vohiyo"));
    let front = r#"{"type":"sync","authorization":{"id":"cmp_abc"}}"#;
    assert_eq!(said_to("front", front, Some(("x-front-challenge", "abc"))), json(r#"{"challenge":"abc"}"#));
    let xero = r#"{"events":[],"firstEventSequence":0,"lastEventSequence":0,"entropy":"S0m3r4Nd0mt3xt"}"#;
    assert_eq!(said_to("xero", xero, None), text(""));
}

/// The token is Zoom's own (Zoom Developers, "Validate your webhook endpoint"); its MAC is computed here without the scheme.
#[test]
fn zooms_token_is_signed_with_the_secret_that_proved_the_request() {
    let body = r#"{"payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1654503849680,"event":"endpoint.url_validation"}"#;
    let mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap().chain_update("qgg8vlvZRS6UYooatFL8Aw").finalize();
    let digits = hex::encode(mac.into_bytes());
    let expected = format!(r#"{{"plainToken":"qgg8vlvZRS6UYooatFL8Aw","encryptedToken":"{digits}"}}"#);
    assert_eq!(said_to("zoom", body, None), json(&expected));
}

#[test]
fn zoom_signs_no_text_that_could_be_a_delivery_or_part_of_one() {
    let asked = |token: &str| {
        said_to("zoom", &format!(r#"{{"payload":{{"plainToken":{token}}},"event":"endpoint.url_validation"}}"#), None)
    };
    for token in [
        r#""v0:1700000000:{}""#,
        r#""v0:1700000000""#,
        r#""{}""#,
        r#""a b""#,
        r#""a=""#,
        r#""a.b""#,
        r#""a\u0000b""#,
        r#""é""#,
        r#""""#,
        "{}",
        "null",
        &format!("\"{}\"", "a".repeat(65)),
    ] {
        assert_eq!(asked(token), Some(Err(Refusal::InvalidHandshake)), "{token}");
    }
    assert!(matches!(asked(&format!("\"{}\"", "a".repeat(64))), Some(Ok(_))), "64 characters are not too many");
    // What the scheme signs has a character that no token has, for any time and any body.
    let template = preset("zoom").unwrap().template;
    assert!(matches!(&template[0], Piece::Literal(text) if text.bytes().any(|byte| !is_of_signed_token(&byte))));
}

#[test]
fn a_delivery_that_only_looks_like_a_question_is_an_event() {
    for (scheme, body, more) in [
        ("slack", r#"{"type":"event_callback","challenge":"x"}"#, None),
        ("slack", r#"{"event":{"type":"url_verification"},"challenge":"x"}"#, None),
        ("slack", r#"{"type":["url_verification"],"challenge":"x"}"#, None),
        ("zoom", r#"{"event":"meeting.started","payload":{"plainToken":"x"}}"#, None),
        // The header is not signed: what it says makes no question of an event.
        (
            "twitch",
            r#"{"subscription":{"status":"enabled"},"challenge":"x"}"#,
            Some(("Twitch-Eventsub-Message-Type", "webhook_callback_verification")),
        ),
        ("front", r#"{"type":"inbound_received"}"#, Some(("X-Front-Challenge", "x"))),
        ("xero", r#"{"events":[{"eventType":"UPDATE"}]}"#, None),
        ("xero", r#"{"events":"[]"}"#, None),
        ("notion", r#"{"verification_token":"secret_x"}"#, None),
    ] {
        assert_eq!(said_to(scheme, body, more), None, "{scheme}: {body}");
    }
}

#[test]
fn a_question_without_a_token_that_can_be_echoed_is_refused_and_is_no_event() {
    let long = format!("\"{}\"", "a".repeat(ECHO_LIMIT_BYTES + 1));
    for token in ["\"\"", "\"<script>\"", "\"a b\"", "\"a\\r\\nb\"", "\"a\\u0000\"", "\"é\"", "null", "[\"a\"]", &long]
    {
        let body = format!(r#"{{"type":"url_verification","challenge":{token}}}"#);
        assert_eq!(said_to("slack", &body, None), Some(Err(Refusal::InvalidHandshake)), "{token}");
    }
    let missing = r#"{"type":"url_verification"}"#;
    assert_eq!(said_to("slack", missing, None), Some(Err(Refusal::InvalidHandshake)));
    assert_eq!(said_to("front", r#"{"type":"sync"}"#, None), Some(Err(Refusal::InvalidHandshake)));
    let longest = "a".repeat(ECHO_LIMIT_BYTES);
    let body = format!(r#"{{"type":"url_verification","challenge":"{longest}"}}"#);
    assert_eq!(said_to("slack", &body, None), text(&longest));
}

#[test]
fn unsigned_questions_are_answered_as_their_provider_wants() {
    let said = |text: &str| Some(Ok(text.to_string()));
    assert_eq!(said_without("dropbox", &head("GET", "/webhook?challenge=a-b_c.9", &[]), b""), said("a-b_c.9"));
    let meta = "/webhook?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=agreed";
    assert_eq!(said_without("meta", &head("GET", meta, &[]), b""), said("1158201444"));
    assert_eq!(said_without("meta", &head("GET", &meta.replace("agreed", "%61greed"), &[]), b""), said("1158201444"));
    #[cfg(feature = "providers")]
    for scheme in ["trello", "intercom"] {
        assert_eq!(said_without(scheme, &head("HEAD", "/webhook", &[]), b""), said(""));
    }
    #[cfg(feature = "providers")]
    {
        let challenge = [Header { name: "X-Okta-Verification-Challenge", value: b"Mjg5NzQ1ODcxMg" }];
        let asked = head("GET", "/webhook", &challenge);
        assert_eq!(said_without("okta", &asked, b""), said(r#"{"verification":"Mjg5NzQ1ODcxMg"}"#));
        let graph = head("POST", "/webhook?validationToken=Validation%3a+Testing%20client", &[]);
        assert_eq!(said_without("microsoft-graph", &graph, b""), said("Validation: Testing client"));
        assert_eq!(said_without("microsoft-graph", &graph, b"{}"), None, "it could be an event");
    }
    let form = [Header { name: "Content-Type", value: b"application/x-www-form-urlencoded" }];
    assert_eq!(said_without("woocommerce", &head("POST", "/webhook", &form), b"webhook_id=42"), said(""));
}

#[test]
fn unsigned_questions_of_another_kind_are_refused_or_none() {
    let refused = |refusal: Refusal| Some(Err(refusal));
    for (scheme, method, target, body, verdict) in [
        ("dropbox", "GET", "/", "", None),
        ("dropbox", "GET", "/?challeng=a", "", None),
        ("dropbox", "GET", "/?challenge=a&challenge=b", "", None),
        ("dropbox", "GET", "/?challenge=%zz", "", None),
        ("dropbox", "GET", "/?challenge=a", "x", None),
        ("dropbox", "POST", "/?challenge=a", "", None),
        ("dropbox", "HEAD", "/?challenge=a", "", None),
        ("github", "GET", "/?challenge=a", "", None),
        ("dropbox", "GET", "/?challenge=", "", refused(Refusal::InvalidHandshake)),
        ("dropbox", "GET", "/?challenge=%3Cscript%3E", "", refused(Refusal::InvalidHandshake)),
        ("dropbox", "GET", "/?challenge=a%0d%0ab", "", refused(Refusal::InvalidHandshake)),
        ("dropbox", "GET", "/?challenge=a+b", "", refused(Refusal::InvalidHandshake)),
        ("meta", "GET", "/?hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=agreed", "", None),
        ("meta", "GET", "/?hub.mode=subscribe&hub.verify_token=agreed", "", None),
        ("meta", "GET", "/?hub.mode=subscribe&hub.challenge=1", "", refused(Refusal::HandshakeRefused)),
        (
            "meta",
            "GET",
            "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
            "",
            refused(Refusal::HandshakeRefused),
        ),
        (
            "meta",
            "GET",
            "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=agree",
            "",
            refused(Refusal::HandshakeRefused),
        ),
        (
            "meta",
            "GET",
            "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=agreed1",
            "",
            refused(Refusal::HandshakeRefused),
        ),
        (
            "meta",
            "GET",
            "/?hub.mode=subscribe&hub.challenge=%22&hub.verify_token=agreed",
            "",
            refused(Refusal::InvalidHandshake),
        ),
        ("woocommerce", "POST", "/", "webhook_id=42", None),
    ] {
        assert_eq!(said_without(scheme, &head(method, target, &[]), body.as_bytes()), verdict, "{scheme} {target}");
    }
    let meta = "/?hub.mode=subscribe&hub.challenge=1&hub.verify_token=agreed";
    let scheme = preset("meta").unwrap();
    let asked = scheme.unsigned_handshake(&head("GET", meta, &[]), Body::Whole(b"")).unwrap();
    let verdict = asked.answer_unsigned(&head("GET", meta, &[]), b"", None).map(drop);
    assert_eq!(verdict, Err(Refusal::HandshakeRefused), "the operator has agreed on none");
    let form = Header { name: "Content-Type", value: b"application/x-www-form-urlencoded" };
    for body in ["", "webhook_id=", "webhook_id=1&x=2", "x=2", "webhook_id=a%20b", "webhook_i=1"] {
        assert_eq!(said_without("woocommerce", &head("POST", "/", &[form]), body.as_bytes()), None, "{body}");
    }
}

#[test]
fn what_has_a_signature_header_is_judged_as_a_delivery() {
    let form = Header { name: "Content-Type", value: b"application/x-www-form-urlencoded" };
    let signed = Header { name: "x-wc-webhook-signature", value: b"" };
    assert_eq!(said_without("woocommerce", &head("POST", "/", &[form, signed]), b"webhook_id=42"), None);
    let (handed, signed) =
        (Header { name: "X-Hook-Secret", value: b"abc" }, Header { name: "X-Hook-Signature", value: b"x" });
    assert_eq!(said_without("asana", &head("POST", "/", &[handed, signed]), b""), None);
}

#[test]
fn a_secret_that_is_handed_over_is_refused() {
    let handed =
        [Header { name: "X-Hook-Secret", value: b"b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81" }];
    assert_eq!(said_without("asana", &head("POST", "/", &handed), b""), Some(Err(Refusal::HandshakeRefused)));
    #[cfg(feature = "providers")]
    assert_eq!(said_without("asana", &head("POST", "/", &handed), b"{}"), Some(Err(Refusal::HandshakeRefused)));
    for body in [&b"{ }"[..], b"[]", b"{}\n", b"{\"events\":[]}"] {
        assert_eq!(said_without("asana", &head("POST", "/", &handed), body), None, "with a body it could be an event");
    }
}

#[test]
#[cfg(feature = "providers")]
fn a_secret_that_is_handed_over_goes_back_in_its_own_field_and_nothing_else_does() {
    let asana = preset("asana").unwrap();
    let handed = |value: &[u8]| {
        let headers = [Header { name: "x-hook-secret", value }];
        let taken = asana.handshakes[0].handed_over(&head("POST", "/", &headers)).unwrap();
        taken.map(|(secret, said)| {
            assert_eq!((said.status(), said.content_type(), said.body()), (200, "text/plain", ""));
            assert_eq!(said.field(), Some(("X-Hook-Secret", std::str::from_utf8(value).unwrap())));
            assert!(!format!("{said:?}").contains(std::str::from_utf8(value).unwrap()));
            secret.as_bytes().to_vec()
        })
    };
    let longest = [b'a'; ECHO_LIMIT_BYTES];
    for value in [&b"b537207f20cbfa02357cf448134da559"[..], b"aZ0-._~+/=", &longest] {
        assert_eq!(handed(value), Ok(value.to_vec()));
    }
    for value in
        [&b""[..], b"a b", b"a\r\nSet-Cookie: x", b"a\0", b"<script>", b"a,b", b"\xff", &[b'a'; ECHO_LIMIT_BYTES + 1]]
    {
        assert_eq!(handed(value), Err(Refusal::InvalidHandshake), "{value:?}");
    }
    let twice = [Header { name: "X-Hook-Secret", value: b"abc" }, Header { name: "X-Hook-Secret", value: b"abc" }];
    let twice = asana.handshakes[0].handed_over(&head("POST", "/", &twice)).unwrap();
    assert_eq!(twice.map(drop), Err(Refusal::InvalidHandshake));
    assert!(preset("dropbox").unwrap().handshakes[0].handed_over(&head("GET", "/?challenge=a", &[])).is_none());
}

#[test]
fn a_sentence_may_have_spaces_and_colons() {
    let scheme = Scheme { handshakes: vec![graph()], ..preset("github").unwrap() };
    assert_eq!(check(&scheme), Ok(()));
    let target = "/?validationToken=Validation%3A+Testing+client+application%20reachability";
    let asked = scheme.unsigned_handshake(&head("POST", target, &[]), Body::Whole(b"")).unwrap();
    let said = asked.answer_unsigned(&head("POST", target, &[]), b"", None).unwrap();
    assert_eq!(
        (said.content_type(), said.body()),
        ("text/plain", "Validation: Testing client application reachability")
    );
    assert_eq!(scheme.unsigned_handshake(&head("POST", target, &[]), Body::Whole(b"{}")), None, "it could be an event");
}

/// Discord, "Receiving and Responding": an interaction of type 1 is a PING. A webhook event is of type 1 too, and has no token.
#[test]
fn a_fixed_reply_answers_what_holds_all_that_it_has_to() {
    let ping = Handshake {
        when: vec![(Spot::from("/type"), "1".to_string()), (Spot::from("/token"), "*".to_string())],
        token: None,
        reply: Reply::Fixed(r#"{"type":1}"#.to_string()),
        ..preset("slack").unwrap().handshakes.remove(0)
    };
    let scheme = Scheme { handshakes: vec![ping], ..preset("github").unwrap() };
    let verifier = Verifier::new(scheme.clone(), [("one".to_string(), secret())]).unwrap();
    for (body, said) in [
        (r#"{"type":1,"token":"x"}"#, Some(r#"{"type":1}"#)),
        (r#"{"type":1,"event":{"type":"APPLICATION_AUTHORIZED"}}"#, None),
        (r#"{"type":2,"token":"x"}"#, None),
        (r#"{"type":11,"token":"x"}"#, None),
        (r#"{"token":"x"}"#, None),
    ] {
        let signature = crate::verify::sign(&scheme, &secret(), body.as_bytes()).remove(0).1;
        let headers = [Header { name: "X-Hub-Signature-256", value: signature.as_bytes() }];
        let verified =
            verifier.verify(&Request { head: head("POST", "/", &headers), body: body.as_bytes() }, NOW).unwrap();
        let answer = scheme.signed_handshake(&verified, Some(body)).map(|said| said.unwrap().body);
        assert_eq!(answer.as_deref(), said, "{body}");
    }
}

/// Okta Developer, "Event hooks", one-time verification request.
#[test]
fn a_token_in_a_header_of_a_get_is_echoed_as_json() {
    let okta = Handshake {
        method: "GET".into(),
        token: Some(Spot::from("x-okta-verification-challenge")),
        reply: Reply::Json("verification".into()),
        ..graph()
    };
    let scheme = Scheme { handshakes: vec![okta], ..preset("github").unwrap() };
    assert_eq!(check(&scheme), Ok(()));
    let challenge = |value| Header { name: "X-Okta-Verification-Challenge", value };
    let headers = [challenge(&b"Mjg5NzQ1ODcxMg"[..])];
    let asked = head("GET", "/", &headers);
    let said = scheme.unsigned_handshake(&asked, Body::Whole(b"")).unwrap().answer_unsigned(&asked, b"", None).unwrap();
    assert_eq!((said.content_type(), said.body()), ("application/json", r#"{"verification":"Mjg5NzQ1ODcxMg"}"#));
    let headers = [challenge(b"a\"b")];
    let asked = head("GET", "/", &headers);
    let refused = scheme.unsigned_handshake(&asked, Body::Whole(b"")).unwrap().answer_unsigned(&asked, b"", None);
    assert_eq!(refused.map(drop), Err(Refusal::InvalidHandshake));
    let headers = [challenge(b"a"), challenge(b"b")];
    assert_eq!(scheme.unsigned_handshake(&head("GET", "/", &headers), Body::Whole(b"")), None);
}

/// Microsoft Graph, "Receive change notifications through webhooks", endpoint validation.
pub(super) fn graph() -> Handshake {
    Handshake {
        method: "POST".to_string(),
        signed: false,
        when: vec![],
        agreed_token: None,
        token: Some(Spot::from("?validationToken")),
        reply: Reply::Sentence,
    }
}

#[test]
fn spots_are_written_as_they_are_read() {
    for text in ["/a/b~1c", "?hub.mode", "webhook_id=", "X-Hook-Secret"] {
        assert_eq!(Spot::from(text).to_string(), text);
        assert!(text.starts_with('/') || !Spot::from(text).holds("*", "{}"), "no signature covers {text}");
    }
}

#[test]
fn debug_shows_no_agreed_token() {
    assert_eq!(format!("{:?}", AgreedToken::new(&secret())), "AgreedToken(…)");
}

#[test]
fn these_presets_have_handshakes_and_no_others() {
    let with: Vec<_> = names().filter(|name| !preset(name).unwrap().handshakes.is_empty()).collect();
    let expected = "asana discord dropbox front intercom mandrill meta microsoft-graph okta slack trello twitch \
                    woocommerce xero zoom";
    let is_more = |name: &&str| ["discord", "intercom", "mandrill", "microsoft-graph", "okta", "trello"].contains(name);
    let of_providers = |name: &&str| cfg!(feature = "providers") || !is_more(name);
    assert_eq!(with, expected.split(' ').filter(of_providers).collect::<Vec<_>>());
}
