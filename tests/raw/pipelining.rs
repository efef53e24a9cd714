//! Several requests on one connection.

use super::{End, Step, Table, bodiless, chunked, delivery, hidden, of, plain, plain_but, signed, with_fields};

pub(super) fn cases(table: &mut Table) {
    in_order(table);
    cut(table);
    to_an_end(table);
}

fn in_order(table: &mut Table) {
    table.source("RFC 9112 §9.3.2: pipelined requests are answered in order");
    table.answers(&[200, 200], "two deliveries at once", plain().repeat(2));
    table.answers(&[200; 17], "seventeen deliveries at once", plain().repeat(17));
    table.answers(&[200; 100], "a hundred deliveries at once", plain().repeat(100));
    let get = bodiless("GET /webhook HTTP/1.1");
    table.answers(&[405; 100], "a hundred requests that are refused", get.repeat(100));
    let elsewhere = bodiless("GET /elsewhere HTTP/1.1");
    let forged = super::replace(&plain(), b"{}", b"[]");
    let mixed = [plain(), elsewhere.clone(), get.clone(), forged.clone(), plain()].concat();
    table.answers(&[200, 404, 405, 401, 200], "deliveries among what is refused", mixed);
    table.answers(&[401, 200], "a delivery behind a forged one", [forged, plain()].concat());
    let text = "\"one\"";
    let chunks = signed(text, "Transfer-Encoding: chunked\r\n", format!("5\r\n{text}\r\n0\r\nX: y\r\n\r\n"));
    let bodies = [chunks.clone(), of("[1,2]"), chunks, of("\"two\"")].concat();
    table.answers(&[200; 4], "bodies by chunks and by lengths in turn", bodies);
    let large = of(&format!("\"{}\"", "x".repeat(70_000)));
    table.answers(&[200, 200], "a small delivery behind a large one", [large.clone(), plain()].concat());
    table.answers(&[200, 200], "a large delivery behind a small one", [plain(), large].concat());
    table.source("RFC 9110 §9.3.2: the answer to a HEAD has no body");
    let head = bodiless("HEAD /webhook HTTP/1.1");
    table.answers(&[405, 405, 200], "a HEAD before a GET and a delivery", [head, get, plain()].concat());
    table.source("RFC 9112 §9.3: HTTP/1.0 with keep-alive, then HTTP/1.1");
    let old = String::from_utf8(with_fields("Connection: keep-alive\r\n")).expect("it is text");
    let old = old.replace("HTTP/1.1", "HTTP/1.0").into_bytes();
    table.answers(&[200, 200], "a delivery of HTTP/1.0 before one of HTTP/1.1", [old, plain()].concat());
    table.source("llhttp, test/request/connection.md, CRLF between requests, implicit keep-alive");
    table.answers(&[200, 200], "an empty line between two deliveries", [&plain()[..], b"\r\n", &plain()].concat());
    let lines = [&plain()[..], b"\r\n\r\n\r\n", &chunked("2\r\n{}\r\n0\r\n\r\n")].concat();
    table.answers(&[200, 200], "three empty lines between two deliveries", lines);
    table.source("RFC 9112 §6.3: no body is no body");
    let nothing = delivery("", "");
    table.answers(&[400, 200], "a delivery behind one without a body", [nothing, plain()].concat());
}

/// Writes that end elsewhere than requests do.
fn cut(table: &mut Table) {
    table.source("RFC 9112 §2.1: a message is where its bytes say, however they come");
    let two = plain().repeat(2);
    for (name, at) in [
        ("a second delivery cut in its request line", plain().len() + 3),
        ("a second delivery cut in its fields", plain().len() + 60),
        ("a second delivery cut before its body", two.len() - 2),
        ("a second delivery cut in its body", two.len() - 1),
        ("a first delivery cut before its body", plain().len() - 2),
    ] {
        let answered = at / plain().len();
        let (one, other) = two.split_at(at);
        let steps = vec![Step::Write(one.to_vec()), Step::Await(answered), Step::Write(other.to_vec())];
        table.steps(&[200, 200], End::Kept, name, steps);
    }
    let steps = (1..=5).flat_map(|count| [Step::Write(plain()), Step::Await(count)]).collect();
    table.steps(&[200; 5], End::Kept, "five deliveries one after another", steps);
    let steps = vec![
        Step::Write(plain()),
        Step::Await(1),
        Step::Write(b"\r\n".to_vec()),
        Step::Write(b"\r\n".to_vec()),
        Step::Write(plain()),
    ];
    table.steps(&[200, 200], End::Kept, "empty lines written by themselves", steps);
}

fn to_an_end(table: &mut Table) {
    table.source("RFC 9112 §9.6: nothing behind close is processed");
    table.closes(&[200], "a delivery behind close", [with_fields("Connection: close\r\n"), hidden()].concat());
    let late = [plain(), with_fields("Connection: close\r\n"), hidden()].concat();
    table.closes(&[200, 200], "a delivery behind a second one that closes", late);
    table.source("llhttp, test/request/connection.md, CRLF between requests, explicit close");
    let lines = [&with_fields("Connection: close\r\n")[..], b"\r\n\r\n", &hidden()].concat();
    table.closes(&[200], "empty lines and a delivery behind close", lines);
    table.source("RFC 9112 §2.2: what is no request ends the connection");
    for (name, garbage) in [
        ("a body longer than declared, and a delivery", "}}"),
        ("words behind a delivery", "garbage\r\n\r\n"),
        ("an answer behind a delivery", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ] {
        table.closes(&[200, 400], name, [&plain()[..], garbage.as_bytes(), &hidden()].concat());
    }
    table.source("RFC 9110 §9.1: a byte too many before a method makes another method");
    table.closes(&[200, 405], "x between two deliveries", [&plain()[..], b"x", &plain()].concat());
    table.source("RFC 9112 §11.2: doubt about a later request ends the connection too");
    let doubtful = delivery("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n");
    let bytes = [plain(), doubtful, hidden()].concat();
    table.closes(&[200, 400], "a delivery, one of doubtful framing, and another", bytes);
    let broken = chunked("2\r\n{}XX0\r\n\r\n");
    table.closes(&[200, 200, 400], "two deliveries and a broken chunk", [plain(), plain(), broken].concat());
    let coding = delivery("Transfer-Encoding: gzip\r\n", "{}");
    table.closes(&[200, 501], "a delivery and an unknown coding", [plain(), coding].concat());
    let version = plain_but("HTTP/1.1", "HTTP/2.0");
    table.closes(&[200, 505], "a delivery and a request of HTTP/2.0", [plain(), version].concat());
}
