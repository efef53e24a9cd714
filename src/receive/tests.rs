use super::*;
use crate::json::NotJson;
use crate::request::Header;
use crate::verify::{Secret, preset, sign};

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);

fn secret() -> Secret {
    Secret::new(b"a secret of the tests".to_vec()).unwrap()
}

fn receiver() -> Receiver {
    let verifier = Verifier::new(preset("github").unwrap(), [("one".to_string(), secret())]).unwrap();
    Receiver::new("github".into(), "/webhook".into(), verifier).unwrap().with_body_limit_bytes(1000)
}

/// A request that is right in every way; each test spoils what it is about.
struct Post {
    method: &'static str,
    target: &'static str,
    extra: Vec<Header<'static>>,
    signature: Option<String>,
    body: Vec<u8>,
}

fn post(body: &[u8]) -> Post {
    let signature = sign(&preset("github").unwrap(), &secret(), body).remove(0).1;
    Post { method: "POST", target: "/webhook", extra: Vec::new(), signature: Some(signature), body: body.to_vec() }
}

fn verdict(post: &Post) -> Result<(), Refusal> {
    let signature = post.signature.iter().map(|value| Header { name: "X-Hub-Signature-256", value: value.as_bytes() });
    let headers: Vec<Header<'_>> = post.extra.iter().copied().chain(signature).collect();
    let head = Head { method: post.method, target: post.target, headers: &headers };
    receiver().receive(&Request { head, body: &post.body }, NOW).map(drop)
}

#[test]
fn each_refusal_comes_before_those_after_it() {
    // Wrong in every way at once; then each wrong is mended in turn and the next one shows.
    let mut post = Post {
        method: "GET",
        target: "/other",
        extra: vec![Header { name: "content-encoding", value: b"gzip" }],
        signature: None,
        body: vec![b'{'; 1001],
    };
    assert_eq!(verdict(&post), Err(Refusal::UnknownPath));
    post.target = "/webhook?x=1";
    assert_eq!(verdict(&post), Err(Refusal::MethodNotAllowed));
    post.method = "POST";
    assert_eq!(verdict(&post), Err(Refusal::BodyTooLong { limit_bytes: 1000 }));
    post.body.clear();
    assert_eq!(verdict(&post), Err(Refusal::UnsupportedContentEncoding));
    post.extra[0].value = b"Identity";
    assert_eq!(verdict(&post), Err(Refusal::MissingSignature));
    post.signature = Some("x".into());
    assert_eq!(verdict(&post), Err(Refusal::MalformedSignature));
    post.signature = Some(format!("sha256={}", "0".repeat(64)));
    assert_eq!(verdict(&post), Err(Refusal::EmptyBody));
    post.body = vec![b'{'; 1000];
    assert_eq!(verdict(&post), Err(Refusal::SignatureMismatch));
    post.signature = Some(sign(&preset("github").unwrap(), &secret(), &post.body).remove(0).1);
    assert_eq!(verdict(&post), Err(Refusal::InvalidJson(NotJson::Depth { limit: 127 })));
    post.body = [b"\"".as_slice(), &[b'x'; 998], b"\""].concat();
    post.signature = Some(sign(&preset("github").unwrap(), &secret(), &post.body).remove(0).1);
    assert_eq!(verdict(&post), Ok(()), "a body of exactly the limit");
}

#[test]
fn the_path_is_matched_byte_for_byte() {
    for target in ["/webhook/", "/Webhook", "//webhook", "/%77ebhook", "/webhook#x", "/", "*", "webhook", ""] {
        let target = target.to_string().leak();
        assert_eq!(verdict(&Post { target, ..post(b"{}") }), Err(Refusal::UnknownPath), "{target}");
    }
    for target in ["/webhook", "/webhook?", "/webhook?a=/b", "http://anywhere.example/webhook?x"] {
        assert_eq!(verdict(&Post { target, ..post(b"{}") }), Ok(()), "{target}");
    }
}

#[test]
fn a_receivers_path_is_one_that_a_request_can_have() {
    for path in ["", "webhook", "/a b", "/a?b", "/a#b", "/é", "/a\n"] {
        let verifier = Verifier::new(preset("github").unwrap(), [("one".to_string(), secret())]).unwrap();
        let made = Receiver::new("github".into(), path.into(), verifier);
        assert_eq!(made.map(drop), Err(InvalidPath(path.into())));
    }
}

#[test]
fn the_type_is_the_header_or_else_the_bodys_event_type() {
    let receiver = receiver();
    let body = br#"{"event_type":"from body"}"#;
    let signature = sign(receiver.verifier().scheme(), &secret(), body).remove(0).1;
    let signed = Header { name: "X-Hub-Signature-256", value: signature.as_bytes() };
    let named = Header { name: "x-github-event", value: b"push" };
    let numbered = Header { name: "x-github-delivery", value: b"72d3162e" };
    let head = |headers| Head { method: "POST", target: "/webhook", headers };
    let headers = [signed];
    let delivery = receiver.receive(&Request { head: head(&headers), body }, NOW).unwrap().delivery().unwrap();
    assert_eq!((delivery.event_type().as_deref(), delivery.delivery_id()), (Some("from body"), None));
    let headers = [named, signed, numbered];
    let delivery = receiver.receive(&Request { head: head(&headers), body }, NOW).unwrap().delivery().unwrap();
    assert_eq!(delivery.event_type().as_deref(), Some("push"));
    assert_eq!(delivery.delivery_id().as_deref(), Some("72d3162e"));
}
