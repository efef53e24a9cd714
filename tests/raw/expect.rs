//! Expect, and refusals that do not wait for the body.

use super::{End, Step, Table, bodiless, delivery, plain, replace, signed, with_fields};

pub(super) fn cases(table: &mut Table) {
    continues(table);
    needs_none(table);
    refused_before_the_body(table);
    unknown(table);
}

/// A delivery's head and its body.
fn halves(bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("it has a head") + 4;
    (bytes[..end].to_vec(), bytes[end..].to_vec())
}

fn continues(table: &mut Table) {
    let waits = |table: &mut Table, name: &str, bytes: Vec<u8>| {
        let (head, body) = halves(&bytes);
        let steps = vec![Step::Write(head), Step::Await(1), Step::Write(body)];
        table.steps(&[100, 200], End::Kept, name, steps);
    };
    table.source("RFC 9110 §10.1.1: 100-continue");
    waits(table, "a client that waits for 100 Continue", with_fields("Expect: 100-continue\r\n"));
    waits(table, "an expectation in both cases", with_fields("expect:100-Continue \r\n"));
    waits(table, "the same expectation twice", with_fields("Expect: 100-continue\r\nExpect: 100-continue\r\n"));
    let lines = "Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n";
    waits(table, "a client that waits before its chunks", delivery(lines, "2\r\n{}\r\n0\r\n\r\n"));
    let payload = format!("\"{}\"", "x".repeat(70_000));
    let large = signed(&payload, format!("Expect: 100-continue\r\nContent-Length: {}\r\n", payload.len()), &payload);
    waits(table, "a client that waits before a large body", large);
    let (head, _) = halves(&with_fields("Expect: 100-continue\r\n"));
    let steps = vec![Step::Write(head), Step::Await(1), Step::Write(b"{".to_vec()), Step::Write(b"}".to_vec())];
    table.steps(&[100, 200], End::Kept, "a body in two writes behind 100 Continue", steps);
    let (head, body) = halves(&with_fields("Expect: 100-continue\r\n"));
    let steps = [Step::Write(plain()), Step::Await(1), Step::Write(head), Step::Await(2), Step::Write(body)].to_vec();
    table.steps(&[200, 100, 200], End::Kept, "a second delivery that waits", steps);
    table.source("RFC 9110 §15.2: after an interim answer comes the final one");
    let (head, _) = halves(&with_fields("Expect: 100-continue\r\n"));
    let steps = vec![Step::Write(head), Step::Await(1), Step::Write([&b"[]"[..], &plain()].concat())];
    table.steps(&[100, 401, 200], End::Kept, "a forged body behind 100 Continue", steps);
}

fn needs_none(table: &mut Table) {
    table.source("RFC 9110 §10.1.1: 100 Continue may be left out where the body is there");
    let body_too = with_fields("Expect: 100-continue\r\n");
    table.answers(&[200], "a body that comes with its head", body_too).splits = false;
    table.source("RFC 9110 §10.1.1: without a body there is nothing to wait for");
    table.answers(
        &[400],
        "an expectation and a length of zero",
        delivery("Expect: 100-continue\r\nContent-Length: 0\r\n", ""),
    );
    table.answers(&[405], "an expectation and no body", bodiless("GET /webhook HTTP/1.1\r\nExpect: 100-continue"));
    table.source("RFC 9110 §10.1.1: from HTTP/1.0 it is ignored");
    let old = String::from_utf8(with_fields("Expect: 100-continue\r\n")).expect("it is text");
    let (head, body) = halves(old.replace("HTTP/1.1", "HTTP/1.0").as_bytes());
    table.steps(&[200], End::Closed, "an expectation of HTTP/1.0", vec![Step::Write(head), Step::Write(body)]);
}

fn refused_before_the_body(table: &mut Table) {
    table.source("RFC 9110 §10.1.1: a final status without the body, which then may come or not");
    let expecting = with_fields("Expect: 100-continue\r\n");
    let without_signature = {
        let text = String::from_utf8(expecting.clone()).expect("it is text");
        let (before, rest) = text.split_once("X-Hub-Signature-256: ").expect("it is signed");
        let (_, after) = rest.split_once("\r\n").expect("its line ends");
        format!("{before}{after}").into_bytes()
    };
    for (status, name, bytes) in [
        (404, "another path", replace(&expecting, b"/webhook", b"/elsewhere")),
        (405, "another method", replace(&expecting, b"POST", b"PUT")),
        (413, "a body too long", replace(&expecting, b"Length: 2", b"Length: 100001")),
        (415, "a coded body", replace(&expecting, b"Expect:", b"Content-Encoding: gzip\r\nExpect:")),
        (400, "no signature", without_signature),
        (400, "a malformed signature", replace(&expecting, b"sha256=", b"sha256:")),
    ] {
        let (head, _) = halves(&bytes);
        let steps = |head| vec![Step::Write(head), Step::Await(1)];
        table.steps(&[status], End::Closed, format!("{name}, and a client that waits"), steps(head.clone()));
        let late = replace(&head, b"Expect: 100-continue\r\n", b"");
        table.steps(&[status], End::Closed, format!("{name}, and a body that is late"), steps(late));
    }
    table.source("RFC 9110 §10.1.1, RFC 9112 §6.3: doubt comes before 100 Continue");
    for (status, name, bytes) in [
        (400, "two lengths", replace(&expecting, b"Expect:", b"Content-Length: 2\r\nExpect:")),
        (501, "an unknown coding", replace(&expecting, b"Content-Length: 2", b"Transfer-Encoding: gzip")),
        (400, "no Host", replace(&expecting, b"Host: a.example\r\n", b"")),
    ] {
        let (head, _) = halves(&bytes);
        table.closes(&[status], format!("{name}, and a client that waits"), head);
    }
}

fn unknown(table: &mut Table) {
    table.source("RFC 9110 §10.1.1: an expectation that is not known is 417");
    for expectation in ["", "200-ok", "100-continue, x", "100-continue;x", "100", "100-continue-now", "100-continue,"] {
        let bytes = with_fields(format!("Expect: {expectation}\r\n"));
        table.refuses(417, format!("the expectation {expectation:?}"), bytes);
    }
    table.refuses(417, "a known expectation and another", with_fields("Expect: 100-continue\r\nExpect: x\r\n"));
}
