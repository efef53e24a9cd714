//! Handshakes: what a provider asks before it delivers is answered, and none of it is an event or a way in.

use crate::support::client::Answer;
use crate::support::receiver::{Receiver, setup};
use crate::support::request::{Post, unsigned};
use crate::support::{SECRET, unique};
use hookgate::verify::Signer;
use hookgate::{Secret, UnixTime, preset};

const URL: &str = "https://example.com/webhook";
const INVALID: &str = "Invalid handshake";

/// A receiver of what `scheme` signs.
fn receiver(scheme: &str, more: &[&str]) -> Receiver {
    let url = ["--url", URL];
    let url = if preset(scheme).unwrap().covers_url() { &url[..] } else { &[] };
    setup().arguments(&[&["--scheme", scheme], url, more].concat()).start()
}

/// A delivery of `body` as `scheme` signs it with `secret`.
fn signed_with(scheme: &str, secret: &str, body: &str) -> Post {
    let secret = Secret::new(secret.as_bytes().to_vec()).unwrap();
    let signer = Signer::new(&preset(scheme).unwrap(), &secret).unwrap().with_id("an-id").with_url(URL);
    let fields = signer.sign(body.as_bytes(), UnixTime::now()).unwrap();
    fields.iter().fold(unsigned(body), |post, (name, value)| post.header(name, value))
}

fn signed(scheme: &str, body: &str) -> Post {
    signed_with(scheme, SECRET, body)
}

/// That nothing was printed: the next event is that of a delivery sent now.
fn expect_no_event(receiver: &Receiver, scheme: &str) {
    let body = format!("{{\"sentinel\":{}}}", unique());
    assert_eq!(receiver.send(&signed(scheme, &body)).status, 200);
    assert_eq!(receiver.next_event().payload(), body, "an event of a handshake");
}

fn expect_said(answer: &Answer, content_type: &str, body: &str) {
    let text = answer.text();
    assert_eq!(answer.status, 200, "{text}");
    assert_eq!(answer.header("Content-Type"), Some(content_type), "{text}");
    assert_eq!(answer.header("X-Content-Type-Options"), Some("nosniff"), "{text}");
    assert_eq!(String::from_utf8_lossy(&answer.body), body, "{text}");
}

const SLACK: &str =
    r#"{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;

#[test]
fn signed_questions_are_answered_and_are_no_events() {
    for (scheme, body, content_type, said) in [
        ("slack", SLACK, "text/plain", "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"),
        (
            "twitch",
            r#"{"challenge":"pogchamp-kappa","subscription":{"status":"webhook_callback_verification_pending"}}"#,
            "text/plain",
            "pogchamp-kappa",
        ),
        ("front", r#"{"type":"sync"}"#, "application/json", r#"{"challenge":"abc"}"#),
        ("xero", r#"{"events":[],"entropy":"S0m3r4Nd0mt3xt"}"#, "text/plain", ""),
    ] {
        let receiver = receiver(scheme, &[]);
        let ask = signed(scheme, body).header("X-Front-Challenge", "abc");
        expect_said(&receiver.send(&ask), content_type, said);
        expect_said(&receiver.send(&ask.clone().chunked(7)), content_type, said);
        expect_no_event(&receiver, scheme);
        // Not with another secret.
        let forged = signed_with(scheme, "another secret of 16+", body).header("X-Front-Challenge", "abc");
        assert_eq!(receiver.send(&forged).status, 401, "{scheme}");
        // Nor without a signature.
        let answer = receiver.send(&unsigned(body).header("X-Front-Challenge", "abc"));
        assert_eq!(answer.status, 400, "{scheme}: {}", answer.text());
        expect_no_event(&receiver, scheme);
    }
}

#[test]
fn a_question_without_a_token_that_can_be_echoed_is_400_and_no_event() {
    let receiver = receiver("slack", &[]);
    for token in
        ["\"<script>alert(1)</script>\"", "\"a\\r\\nSet-Cookie: x\"", "null", "{}", &format!("\"{}\"", "a".repeat(257))]
    {
        let body = format!(r#"{{"type":"url_verification","challenge":{token}}}"#);
        receiver.send(&signed("slack", &body)).expect_refusal(400, INVALID);
    }
    expect_no_event(&receiver, "slack");
}

/// The secret is the receiver's own here: who holds another one gets no MAC at all.
#[test]
fn zooms_handshake_is_no_signing_oracle() {
    let receiver = receiver("zoom", &[]);
    let ask = |token: &str| format!(r#"{{"event":"endpoint.url_validation","payload":{{"plainToken":{token}}}}}"#);
    let answer = receiver.send(&signed("zoom", &ask("\"qgg8vlvZRS6UYooatFL8Aw\"")));
    let token = "qgg8vlvZRS6UYooatFL8Aw";
    let mac = crate::support::signer::digits(SECRET.as_bytes(), token.as_bytes());
    expect_said(&answer, "application/json", &format!(r#"{{"plainToken":"{token}","encryptedToken":"{mac}"}}"#));

    // A stranger asks for the MAC of a delivery, and of its beginning.
    let now = UnixTime::now().as_ms() / 1000;
    let wanted = format!("v0:{now}:{{}}");
    for token in [
        wanted.clone(),
        format!("v0:{now}:"),
        format!("v0:{now}"),
        "{}".to_string(),
        "qgg8vlvZRS6UYooatFL8Aw".to_string(),
    ] {
        let body = ask(&format!("\"{token}\""));
        receiver
            .send(&signed_with("zoom", "another secret of 16+", &body))
            .expect_refusal(401, "Signature mismatch - unauthorized");
        assert_eq!(receiver.send(&unsigned(&body)).status, 400, "{token}");
    }
    // So does somebody whose questions are signed: he gets none that signs a delivery.
    for token in [wanted.as_str(), &format!("v0:{now}:"), &format!("v0:{now}"), "{}", "a b", "a.b", "", &"a".repeat(65)]
    {
        let answer = receiver.send(&signed("zoom", &ask(&format!("\"{token}\""))));
        answer.expect_refusal(400, INVALID);
        let mac = crate::support::signer::digits(SECRET.as_bytes(), token.as_bytes());
        assert!(!answer.text().contains(&mac), "{}", answer.text());
    }
    // What he gets is the MAC of what is no delivery: as a signature it is refused with any time.
    let forged = unsigned("{}").header("x-zm-signature", format!("v0={mac}"));
    for timestamp in [now.to_string(), token.to_string(), String::new()] {
        let answer = receiver.send(&forged.clone().header("x-zm-request-timestamp", &timestamp));
        assert!([400, 401].contains(&answer.status), "{}", answer.text());
    }
    expect_no_event(&receiver, "zoom");
}

#[test]
fn dropbox_is_echoed_its_challenge() {
    let receiver = receiver("dropbox", &[]);
    let ask = |query: &str| unsigned("").by("GET").to(&format!("/webhook{query}"));
    expect_said(&receiver.send(&ask("?challenge=a-b_c")), "text/plain", "a-b_c");
    for query in [
        "",
        "?",
        "?challenge=",
        "?challenge",
        "?challenge=%3Cscript%3E",
        "?challenge=a&challenge=b",
        "?challenge=a%0D%0Ab",
        "?x=1",
    ] {
        receiver.send(&ask(query)).expect_refusal(400, INVALID);
    }
    receiver.send(&ask(&format!("?challenge={}", "a".repeat(257)))).expect_refusal(400, INVALID);
    receiver.send(&unsigned("{}").by("GET").to("/webhook?challenge=a")).expect_refusal(400, INVALID);
    // A signature does not make a delivery of a GET.
    receiver.send(&signed("dropbox", "{}").by("GET")).expect_refusal(400, INVALID);
    receiver.send(&ask("?challenge=a").to("/other?challenge=a")).expect_refusal(404, "Not found");
    // A POST is a delivery, whatever its query.
    assert_eq!(receiver.send(&unsigned("{}").to("/webhook?challenge=a")).status, 400);
    assert_eq!(receiver.send(&unsigned("").to("/webhook?challenge=a")).status, 400);
    for method in ["HEAD", "PUT", "DELETE"] {
        let answer = head_of(&receiver, &unsigned("").by(method).to("/webhook?challenge=a"));
        assert_eq!((answer.status, answer.header("Allow")), (405, Some("POST, GET")), "{method}");
    }
    expect_no_event(&receiver, "dropbox");
}

#[test]
fn meta_is_echoed_its_challenge_where_the_agreed_token_is_right() {
    let ask = |token: &str| {
        unsigned("")
            .by("GET")
            .to(&format!("/webhook?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={token}"))
    };
    let folder = crate::support::folder::Folder::new();
    let path = folder.path().join(folder.file("token", b"the agreed token of 16+\n"));
    let agreed = receiver("meta", &["--handshake-token-file", path.to_str().unwrap()]);
    expect_said(&agreed.send(&ask("the+agreed%20token+of+16%2B")), "text/plain", "1158201444");
    for token in [
        "",
        "the+agreed",
        "the+agreed+token+of+16%2B%0A",
        "The+agreed+token+of+16%2B",
        SECRET.replace(' ', "+").as_str(),
    ] {
        agreed.send(&ask(token)).expect_refusal(403, "Handshake refused");
    }
    agreed.send(&unsigned("").by("GET")).expect_refusal(400, INVALID);
    expect_no_event(&agreed, "meta");
    // Without one there is nothing to agree with: the operator is told.
    let without = receiver("meta", &[]);
    for token in ["", "x"] {
        without.send(&ask(token)).expect_refusal(403, "Handshake refused");
    }
    assert!(without.talk().contains("--handshake-token-file"), "{}", without.talk());
}

/// The answer to a request, of which a HEAD gets no body.
fn head_of(receiver: &Receiver, request: &Post) -> Answer {
    let mut client = receiver.connect();
    client.write(&request.bytes());
    client.end();
    let answer = client.try_head().unwrap();
    answer.check_form();
    let rest = client.rest();
    assert_eq!(
        rest.is_empty(),
        request.method == "HEAD" || answer.header("Content-Length") == Some("0"),
        "{}",
        answer.text()
    );
    answer
}

#[test]
fn a_head_is_answered_where_the_provider_asks_by_it() {
    for scheme in ["trello", "intercom"] {
        let receiver = receiver(scheme, &[]);
        let answer = head_of(&receiver, &unsigned("").by("HEAD"));
        assert_eq!((answer.status, answer.header("Content-Length")), (200, Some("0")), "{}", answer.text());
        let answer = head_of(&receiver, &unsigned("").by("GET"));
        assert_eq!((answer.status, answer.header("Allow")), (405, Some("POST, HEAD")), "{}", answer.text());
        assert_eq!(head_of(&receiver, &unsigned("").by("HEAD").to("/other")).status, 404);
        expect_no_event(&receiver, scheme);
    }
}

#[test]
fn woocommerces_ping_is_answered_where_it_is_nothing_else() {
    let receiver = receiver("woocommerce", &[]);
    let form = |body: &str| unsigned(body).header("Content-Type", "application/x-www-form-urlencoded");
    expect_said(&receiver.send(&form("webhook_id=42")), "text/plain", "");
    for body in ["webhook_id=42&x=1", "webhook_id=", "x=webhook_id=42", "{}"] {
        receiver.send(&form(body)).expect_refusal(400, "Missing signature header or payload");
    }
    receiver.send(&unsigned("webhook_id=42")).expect_refusal(400, "Missing signature header or payload");
    receiver
        .send(&form("webhook_id=42").header("X-WC-Webhook-Signature", "x"))
        .expect_refusal(400, "Invalid signature header format");
    expect_no_event(&receiver, "woocommerce");
}

#[test]
fn asanas_secret_is_not_taken_from_whoever_sends_one() {
    let receiver = receiver("asana", &[]);
    let answer = receiver.send(&unsigned("").header("X-Hook-Secret", "b537207f20cbfa02357cf448134da559"));
    answer.expect_refusal(403, "Handshake refused");
    assert_eq!(answer.header("X-Hook-Secret"), None);
    let forged = signed_with("asana", "b537207f20cbfa02357cf448134da559", "{}");
    assert_eq!(receiver.send(&forged).status, 401);
    expect_no_event(&receiver, "asana");
}

#[test]
fn xero_is_refused_without_a_body() {
    let receiver = receiver("xero", &[]);
    let intent = r#"{"events":[],"entropy":"x"}"#;
    for (request, status) in [
        (signed_with("xero", "another secret of 16+", intent), 401),
        (unsigned(intent), 400),
        (signed("xero", "{}").header("Content-Encoding", "gzip"), 415),
        (unsigned("").by("GET"), 405),
    ] {
        let answer = receiver.send(&request);
        assert_eq!((answer.status, answer.header("Content-Length")), (status, Some("0")), "{}", answer.text());
    }
    expect_no_event(&receiver, "xero");
}

#[test]
fn a_scheme_without_a_handshake_answers_none() {
    let receiver = receiver("github", &[]);
    for request in [unsigned("").by("GET").to("/webhook?challenge=a"), unsigned("").by("HEAD"), unsigned("").by("GET")]
    {
        let answer = head_of(&receiver, &request);
        assert_eq!((answer.status, answer.header("Allow")), (405, Some("POST")), "{}", answer.text());
    }
    receiver.accept(&crate::support::request::signed(SLACK));
}
