//! What a request is refused for first, and what is decided by path, method and Content-Encoding.

use crate::support::receiver::start;
use crate::support::request::{Post, signed, signed_with, unsigned};

const MISSING: &str = "Missing signature header or payload";
const INVALID: &str = "Invalid signature header format";
const MISMATCH: &str = "Signature mismatch - unauthorized";

/// One byte more than a body may have.
const TOO_LONG: &str = "26214401";

#[test]
fn of_several_faults_the_first_in_order_is_answered() {
    let receiver = start();
    // Declared too long, and the body never comes: all of these are decided without it.
    let giant = || unsigned("").header("Content-Length", TOO_LONG).header("Content-Encoding", "gzip");
    for (request, status) in [
        (giant().to("/other").by("GET"), 404),
        (giant().to("/other"), 404),
        (giant().by("GET"), 405),
        (giant().by("PUT"), 405),
        (giant(), 413),
        (giant().header("X-Hub-Signature-256", "x"), 413),
        (unsigned("{}").header("Content-Encoding", "gzip"), 415),
        (unsigned("{}").header("Content-Encoding", "gzip").header("X-Hub-Signature-256", "x"), 415),
        (unsigned("").header("Content-Encoding", "gzip"), 415),
    ] {
        assert!(!receiver.send(&request).expect_problem(status).is_empty());
        receiver.expect_no_event();
    }
    let with = |value: &str, body: &str| unsigned(body).header("X-Hub-Signature-256", value);
    receiver.refuse(&with("x", ""), 400, INVALID);
    receiver.refuse(&with("sha1=x", ""), 400, "Unsupported signature algorithm");
    receiver.refuse(&with(&format!("sha256={}", "0".repeat(64)), ""), 400, MISSING);
    receiver.refuse(&with("x", "not json"), 400, INVALID);
    receiver.refuse(&unsigned("not json"), 400, MISSING);
    receiver.refuse(&signed_with("another secret of 16+", "not json"), 401, MISMATCH);
    receiver.refuse(&signed("not json"), 400, "Invalid JSON payload");
}

#[test]
fn the_path_is_matched_byte_for_byte() {
    let receiver = start();
    for target in [
        "/",
        "/webhook/",
        "/webhoo",
        "/webhookx",
        "/Webhook",
        "/WEBHOOK",
        "//webhook",
        "/./webhook",
        "/x/../webhook",
        "/webhook/.",
        "/%77ebhook",
        "/webhook%20",
        "/webhook%3F",
        "/webhook%00",
        "/webhook;x=1",
        "/webhook,",
        "/hook",
        "/x?/webhook",
        "/x/webhook",
    ] {
        eprintln!("{target}");
        assert!(!receiver.send(&signed("{}").to(target)).expect_problem(404).is_empty());
        receiver.expect_no_event();
    }
}

#[test]
fn the_query_is_not_part_of_the_path() {
    let receiver = start();
    for target in ["/webhook?", "/webhook?x=1", "/webhook?x=1&y=2", "/webhook?/other", "/webhook??", "/webhook?a=%zz"] {
        receiver.accept(&signed("{}").to(target));
    }
}

#[test]
fn a_method_other_than_post_is_405_and_says_what_is_allowed() {
    let receiver = start();
    for method in ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW", "post", "Post", "POSTX", "PO"] {
        for request in [signed("{}").by(method), unsigned("").by(method)] {
            let answer = receiver.send(&request);
            assert!(!answer.expect_problem(405).is_empty());
            assert_eq!(answer.header("Allow"), Some("POST"), "{method}");
        }
    }
    receiver.expect_no_event();
}

/// RFC 9110 §9.3.2: the head of the answer, and not a byte of its body.
#[test]
fn the_answer_to_a_head_has_no_body() {
    let receiver = start();
    for (target, status) in [("/webhook", 405), ("/other", 404)] {
        let mut client = receiver.connect();
        client.write(&unsigned("").by("HEAD").to(target).bytes());
        client.end();
        let answer = client.try_head().unwrap();
        answer.check_form();
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("Allow"), (status == 405).then_some("POST"));
        assert_eq!(answer.header("Content-Type"), Some("application/problem+json"));
        assert!(client.rest().is_empty());
    }
}

#[test]
fn a_content_encoding_other_than_identity_is_415() {
    let receiver = start();
    let encoded = |coding: &str| signed("{}").header("Content-Encoding", coding);
    let refused = |request: Post| {
        assert!(!receiver.send(&request).expect_problem(415).is_empty());
        receiver.expect_no_event();
    };
    for coding in
        ["gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "aes128gcm", "gzip, identity", "identity, gzip", "utf-8"]
    {
        refused(encoded(coding));
    }
    refused(encoded("identity").header("Content-Encoding", "gzip"));
    refused(encoded("gzip").header("content-encoding", "identity"));
    for coding in ["identity", "Identity", "IDENTITY", " identity "] {
        receiver.accept(&encoded(coding));
    }
}
