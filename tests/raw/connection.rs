//! Whether a connection goes on after an answer.

use super::{Table, bodiless, plain, plain_but, with_fields};

pub(super) fn cases(table: &mut Table) {
    options(table);
    http_1_0(table);
    upgrades(table);
}

fn options(table: &mut Table) {
    table.source("RFC 9112 §9.6: close");
    table.closes(&[200], "Connection: close", with_fields("Connection: close\r\n"));
    table.closes(&[200], "Connection: CLOSE", with_fields("connection: CLOSE\r\n"));
    table.closes(&[404], "Connection: close on what is refused", bodiless("GET / HTTP/1.1\r\nConnection: close"));
    table.source("RFC 9110 §7.6.1: Connection is a list");
    table.closes(
        &[200],
        "close in a second Connection",
        with_fields("Connection: keep-alive\r\nConnection: close\r\n"),
    );
    table.closes(&[200], "Connection: Keep-Alive, Close", with_fields("Connection: Keep-Alive, Close\r\n"));
    table.source("RFC 9110 §5.6.1: elements of a list may be empty");
    table.closes(&[200], "Connection: , ,close,", with_fields("Connection: , ,close,\r\n"));
    table.source("h11, tests/test_connection.py, test__keep_alive");
    table.closes(&[200], "Connection: a, b, cLOse, foo", with_fields("Connection: a, b, cLOse, foo\r\n"));
    table.source("llhttp, test/request/connection.md, Multiple tokens");
    let tokens = "Connection: close, token, upgrade, token, keep-alive\r\n";
    table.closes(&[200], "close first among other tokens", with_fields(tokens));
    table.source("RFC 9110 §7.6.1: tokens are whole");
    table.accepts("Connection: closed", with_fields("Connection: closed\r\n"));
    table.accepts("Connection: not-close", with_fields("Connection: not-close\r\n"));
    table.accepts("an empty Connection", with_fields("Connection:\r\n"));
    table.source("llhttp, test/request/connection.md, Restarting when keep-alive is explicitly");
    table.accepts("Connection: keep-alive", with_fields("Connection: keep-alive\r\n"));
    table.source("RFC 9110 §7.6.1: Connection and what it names are for this hop");
    table.accepts("an offer to take trailers", with_fields("Connection: TE\r\nTE: trailers\r\n"));
    table.source("RFC 9110 §7.6.1: Connection does not take a field away that frames the message");
    table.accepts("a Connection that names Content-Length", with_fields("Connection: Content-Length\r\n"));
}

fn http_1_0(table: &mut Table) {
    let old = |connection: &str| {
        let fields = String::from_utf8(with_fields(connection)).expect("it is text");
        fields.replace("HTTP/1.1", "HTTP/1.0").into_bytes()
    };
    table.source("RFC 9112 §9.3: HTTP/1.0 closes unless asked to keep");
    table.closes(&[200], "a delivery of HTTP/1.0", old(""));
    table.accepts("HTTP/1.0 with keep-alive", old("Connection: keep-alive\r\n"));
    table.closes(&[200], "HTTP/1.0 with keep-alive and close", old("Connection: keep-alive, close\r\n"));
    table.closes(&[200], "HTTP/1.0 with another option", old("Connection: kept-alive\r\n"));
    table.source("RFC 9112 §3.2: HTTP/1.0 needs no Host");
    let without = String::from_utf8(old("")).expect("it is text").replace("Host: a.example\r\n", "");
    table.closes(&[200], "HTTP/1.0 without a Host", without);
    table.source("llhttp, test/request/sample.md, Apache bench GET");
    let bench = "GET /test HTTP/1.0\r\nHost: 0.0.0.0:5000\r\nUser-Agent: ApacheBench/2.3\r\nAccept: */*\r\n\r\n";
    table.closes(&[404], "a GET of HTTP/1.0 does not wait for the end of input", bench);
    table.source("llhttp, test/request/connection.md, No restart when keep-alive is off (1.0)");
    table.closes(&[404], "HTTP/1.0 and data behind it", "PUT /url HTTP/1.0\r\n\r\nPUT /url HTTP/1.1\r\n\r\n");
}

fn upgrades(table: &mut Table) {
    table.source("RFC 9110 §7.8: an upgrade may be ignored");
    let h2c = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    table.accepts("an upgrade to h2c, as curl --http2 offers it", with_fields(h2c));
    table.source("llhttp, test/request/connection.md, Upgrade POST request");
    let upgrade = plain_but("Content-Length", "Connection: Upgrade\r\nUpgrade: HTTP/2.0\r\nContent-Length");
    table.answers(&[200, 200], "an upgrade to HTTP/2.0 and a delivery behind it", [upgrade, plain()].concat());
    table.source("RFC 9110 §7.8: an upgrade does not change where this request ends");
    let chunks = "Connection: upgrade\r\nUpgrade: websocket\r\nTransfer-Encoding: chunked\r\n";
    table.accepts("an upgrade with a chunked body", super::delivery(chunks, "2\r\n{}\r\n0\r\n\r\n"));
}
