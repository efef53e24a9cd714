//! Clients that end their side, or go away, before, in and after a request.

use super::{BODY_LIMIT_BYTES, End, Step, Table, chunked, delivery, of, plain, signed, with_fields};

pub(super) fn cases(table: &mut Table) {
    ended(table);
    answered(table);
    gone(table);
    early_answers(table);
}

/// The head of a delivery whose client waits for 100 Continue, and its body.
fn expecting() -> (Vec<u8>, Vec<u8>) {
    let mut head = with_fields("Expect: 100-continue\r\n");
    let body = head.split_off(head.len() - 2);
    (head, body)
}

/// The client writes `bytes`, then says that no more will come.
fn ends(table: &mut Table, answers: &[u16], name: &str, bytes: &[u8]) {
    table.steps(answers, End::Ended, name, vec![Step::Write(bytes.to_vec()), Step::HalfClose]);
}

fn ended(table: &mut Table) {
    table.source("RFC 9112 §8: a request that ends early is no request; the client may be told or not");
    table.steps(&[], End::Ended, "nothing, and the end", vec![Step::HalfClose]);
    ends(table, &[], "an empty line, and the end", b"\r\n");
    let whole = plain();
    let head = whole.len() - 2;
    for (name, bytes) in [
        ("a letter", 1),
        ("half a request line", 12),
        ("a request line", 24),
        ("half of the fields", 60),
        ("a head but for its last line", head - 2),
        ("a head but for its last byte", head - 1),
        ("a head and no body", head),
        ("half a body", head + 1),
    ] {
        ends(table, &[], &format!("{name}, and the end"), &whole[..bytes]);
    }
    table.source("RFC 9112 §8: chunks without the last one are incomplete");
    let whole = chunked("2\r\n{}\r\n0\r\n\r\n");
    let head = chunked("").len();
    for (name, bytes) in [
        ("no chunk", 0),
        ("half a chunk-size line", 1),
        ("a chunk-size line and CR", 2),
        ("a chunk-size line", 3),
        ("half a chunk", 4),
        ("a chunk without its CRLF", 5),
        ("a chunk and CR", 6),
        ("a chunk without the last one", 7),
        ("a last chunk's size", 8),
        ("a last chunk's line", 10),
        ("all but the last byte of chunks", 11),
    ] {
        ends(table, &[], &format!("{name}, and the end"), &whole[..head + bytes]);
    }
    ends(table, &[], "half a trailer, and the end", &chunked("2\r\n{}\r\n0\r\nX-Trai"));
    ends(table, &[], "a trailer, and the end", &chunked("2\r\n{}\r\n0\r\nX: y\r\n"));
    table.source("RFC 9112 §8: a chunk that breaks off is not the end of the body");
    ends(table, &[], "a chunk shorter than its size, and the end", &chunked("5\r\n{}"));
}

fn answered(table: &mut Table) {
    table.source("RFC 9112 §9.6: a client may end its side and wait for the answer");
    ends(table, &[200], "a delivery, and the end", &plain());
    ends(table, &[200], "a chunked delivery, and the end", &chunked("2\r\n{}\r\n0\r\n\r\n"));
    ends(table, &[200; 20], "twenty deliveries, and the end", &plain().repeat(20));
    ends(table, &[200], "a large delivery, and the end", &of(&format!("\"{}\"", "x".repeat(BODY_LIMIT_BYTES - 2))));
    ends(table, &[200], "a delivery that closes, and the end", &with_fields("Connection: close\r\n"));
    ends(table, &[400], "a malformed head, and the end", b"POST\r\n\r\n");
    ends(table, &[200], "a delivery and half of the next, and the end", &[&plain()[..], &plain()[..40]].concat());
    let steps = vec![Step::Write(plain()), Step::Await(1), Step::HalfClose];
    table.steps(&[200], End::Ended, "the end after the answer", steps);
    let steps = vec![Step::Write(plain()), Step::Await(1), Step::Write(plain()[..40].to_vec()), Step::HalfClose];
    table.steps(&[200], End::Ended, "half of a second delivery after the answer, and the end", steps);
    let (head, body) = expecting();
    let steps = vec![Step::Write(head.clone()), Step::Await(1), Step::Write(body), Step::HalfClose];
    table.steps(&[100, 200], End::Ended, "a body behind 100 Continue, and the end", steps);
    let steps = vec![Step::Write(head), Step::Await(1), Step::HalfClose];
    table.steps(&[100], End::Ended, "the end in place of the body after 100 Continue", steps);
}

fn gone(table: &mut Table) {
    table.source("RFC 9112 §9.5: either side may close at any time");
    let vanishes = |table: &mut Table, name: &str, bytes: &[u8], events: usize| {
        let case = table.steps(&[], End::Gone, name, vec![Step::Write(bytes.to_vec()), Step::Vanish]);
        case.events = events;
    };
    vanishes(table, "a client that goes away after its delivery", &plain(), 1);
    vanishes(table, "a client that goes away in its head", &plain()[..50], 0);
    vanishes(table, "a client that goes away before its body", &plain()[..plain().len() - 2], 0);
    vanishes(table, "a client that goes away in a chunk", &chunked("5\r\n{}"), 0);
    let large = of(&format!("\"{}\"", "x".repeat(90_000)));
    vanishes(table, "a client that goes away in a large body", &large[..large.len() - 1], 0);
    table.steps(&[], End::Gone, "a client that only connects", vec![Step::Vanish]);
    let steps = vec![Step::Write(expecting().0), Step::Await(1), Step::Vanish];
    table.steps(&[100], End::Gone, "a client that goes away after 100 Continue", steps);
}

/// Answers that come while the client still sends: they must not be lost to a reset.
fn early_answers(table: &mut Table) {
    table.source("RFC 9112 §9.6: the answer is not lost where the rest of the request still comes");
    let bulk = "x".repeat(BODY_LIMIT_BYTES);
    let over = format!("Content-Length: {}\r\n", 2 * BODY_LIMIT_BYTES);
    let steps = vec![
        Step::Write(delivery(&over, "")),
        Step::Await(1),
        Step::Write(bulk.clone().into_bytes()),
        Step::Write(bulk.clone().into_bytes()),
    ];
    table.steps(&[413], End::Closed, "a body that comes after its refusal", steps);
    table.refuses(413, "a body that comes with its refusal", delivery(&over, [bulk.as_str(), &bulk].concat()));
    table.refuses(
        400,
        "a malformed head and 200,000 bytes",
        [&b"POST\r\n\r\n"[..], bulk.as_bytes(), bulk.as_bytes()].concat(),
    );
    let rest = format!("{:x}\r\n{bulk}\r\n1\r\n", bulk.len());
    table.refuses(
        413,
        "chunks over the limit, most of them sent",
        signed("{}", "Transfer-Encoding: chunked\r\n", rest),
    );
}
