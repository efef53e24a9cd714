//! Request lines and fields that are not of the grammar.

use super::{Table, plain, plain_but, replace, with_fields, with_line};

pub(super) fn cases(table: &mut Table) {
    request_lines(table);
    versions(table);
    targets(table);
    line_ends(table);
    names(table);
    values(table);
    lost_lines(table);
    control_bytes(table);
}

fn request_lines(table: &mut Table) {
    table.source("RFC 9112 §3: request-line = method SP request-target SP HTTP-version");
    for line in [
        "POST  /webhook HTTP/1.1",
        "POST /webhook  HTTP/1.1",
        " POST /webhook HTTP/1.1",
        "POST /webhook HTTP/1.1 ",
        "POST\t/webhook\tHTTP/1.1",
        "POST /webhook a HTTP/1.1",
        "POST /webhook",
        "POST",
        "P(ST /webhook HTTP/1.1",
        "/webhook HTTP/1.1",
        "POST /webhook HTTP/1.1 HTTP/1.1",
        "HTTP/1.1 200 OK",
    ] {
        table.refuses(400, format!("the request line {line:?}"), with_line(line));
    }
    table.source("llhttp, test/request/uri.md, Space in URI");
    table.refuses(400, "a space in the target", with_line("POST /webhook bar/ HTTP/1.1"));
    table.source("llhttp, test/request/sample.md, No HTTP version; RFC 9112 §2.3 knows no HTTP/0.9");
    table.refuses(400, "a request of HTTP/0.9", "GET /\r\n\r\n");
    table.source("http-garden, TROPHIES.md, server bug 6: a method is not its longest valid prefix");
    table.refuses(400, "a method with quotes and brackets", with_line("POST=\":<>(e),[T];?\" /webhook HTTP/1.1"));
    table.source("http-garden, TROPHIES.md, server bug 9: LF is no white space");
    table.refuses(400, "LF between target and version", with_line("POST /webhook\nHTTP/1.1"));
    table.source("http-garden, TROPHIES.md, server bug 40: a method is a token");
    table.refuses(400, "a method of NUL", "\0 / HTTP/............0596.7407.\r\n\r\n");
    table.source("RFC 9113 §3.4: the preface of HTTP/2 is no request of HTTP/1.1");
    table.refuses(400, "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    table.source("RFC 8446 §5.1: TLS on a port that speaks HTTP");
    table.refuses(400, "the start of a TLS handshake", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n");
}

fn versions(table: &mut Table) {
    table.source("RFC 9110 §15.6.6: a version that is not spoken");
    for version in ["HTTP/1.2", "HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "HTTP/1.9"] {
        table.refuses(505, format!("the version {version}"), with_line(format!("POST /webhook {version}")));
    }
    table.source("llhttp, test/request/invalid.md, Invalid HTTP version");
    table.refuses(505, "the version HTTP/5.6", with_line("POST /webhook HTTP/5.6"));
    table.source("RFC 9112 §2.2, §2.3: a line with a bare CR is malformed, whatever version it begins to tell");
    table.refuses(400, "CR and a byte behind the version HTTP/3.0", with_line("POST /webhook HTTP/3.0\rX"));
    table.source("RFC 9112 §2.3: HTTP-version = \"HTTP\" \"/\" DIGIT \".\" DIGIT");
    for version in [
        "http/1.1",
        "Http/1.1",
        "HTTP/1.10",
        "HTTP/1",
        "HTTP/1.",
        "HTTP/.1",
        "HTTP/11",
        "HTTP/1,1",
        "HTTP 1.1",
        "HTTPS/1.1",
        "HTTP/a.b",
        "HTTP/ 1.1",
        "SIP/2.0",
        "HTTP/01.1",
        "HTTP/1.1x",
        "xHTTP/1.1",
    ] {
        table.refuses(400, format!("the version {version}"), with_line(format!("POST /webhook {version}")));
    }
    table.source("llhttp, test/request/invalid.md: other protocols");
    for version in ["ICE/1.0", "IHTTP/1.0", "RTSP/1.0"] {
        table.refuses(400, format!("the version {version}"), with_line(format!("POST /webhook {version}")));
    }
    table.source("http-garden, TROPHIES.md, server bugs 5, 15 and 24: a version is not its longest valid prefix");
    for version in ["HTTP/1.32", "HTTP/\r\r1.1", "HTTP/4294967295.255", "HTTP/257.257"] {
        table.refuses(400, format!("the version {version:?}"), with_line(format!("POST /webhook {version}")));
    }
}

fn targets(table: &mut Table) {
    table.source("RFC 9112 §3.2: the four forms of a target");
    for target in ["webhook", "", "a.example:80", "ftp://a/webhook", "/webhook#b", "*", "http:/webhook", "?a"] {
        table.refuses(400, format!("the target {target:?}"), with_line(format!("POST {target} HTTP/1.1")));
    }
    table.source("RFC 9112 §3.2.4: the asterisk form is for OPTIONS");
    table.refuses(400, "GET *", with_line("GET * HTTP/1.1"));
    table.source("RFC 9112 §3.2.3: CONNECT has the authority form");
    table.refuses(400, "CONNECT /webhook", with_line("CONNECT /webhook HTTP/1.1"));
    table.refuses(400, "CONNECT http://a.example/", with_line("CONNECT http://a.example/ HTTP/1.1"));
    table.source(
        "RFC 9110 §4.2.1: an authority without a host is to be refused; §4.2.4: one that tells of a user as well",
    );
    for authority in ["", ":80", "u@a.example", "a:b", "a.example:80:80", "[::1"] {
        let target = format!("http://{authority}/webhook");
        table.refuses(400, format!("the target {target:?}"), with_line(format!("POST {target} HTTP/1.1")));
    }
    table.source("RFC 9112 §3.2: a target has no bytes over 127");
    table.refuses(400, "a target in UTF-8", with_line("POST /webhook?é HTTP/1.1"));
    table.source("llhttp, test/request/uri.md, Disallow UTF-8 in URI path");
    table.refuses(400, "a path in UTF-8", with_line("POST /δ¶/δt/pope?q=1 HTTP/1.1"));
    table.source("llhttp, test/request/uri.md, Fragment in URI; CVE-2023-45539 (HAProxy): # in a target");
    table.refuses(400, "a fragment behind the query", with_line("POST /webhook?page=1#posts-17408 HTTP/1.1"));
    table.source("http-garden, TROPHIES.md, server bug 7");
    table.refuses(400, "the target !", with_line("POST ! HTTP/1.1"));
}

fn line_ends(table: &mut Table) {
    table.source("RFC 9112 §2.2: a bare LF may be taken for a line end, or not; two readers differ");
    table.refuses(400, "LF after the request line", plain_but("HTTP/1.1\r\n", "HTTP/1.1\n"));
    table.refuses(400, "LF after a field", plain_but("a.example\r\n", "a.example\n"));
    table.refuses(400, "LF as the last line", plain_but("2\r\n\r\n", "2\r\n\n"));
    table.refuses(400, "LF LF at the end of the head", plain_but("2\r\n\r\n", "2\n\n"));
    table.refuses(400, "LF CR LF at the end of the head", plain_but("2\r\n\r\n", "2\n\r\n"));
    table.source("llhttp, test/request/invalid.md, Only LFs present");
    table.refuses(400, "nothing but LF", replace(&plain(), b"\r\n", b"\n"));
    table.source("RFC 9112 §2.2: a bare CR");
    table.refuses(400, "CR as the end of the request line", plain_but("HTTP/1.1\r\n", "HTTP/1.1\r"));
    table.refuses(400, "CR CR LF after the request line", plain_but("HTTP/1.1\r\n", "HTTP/1.1\r\r\n"));
    table.refuses(400, "CR CR LF after a field", plain_but("a.example\r\n", "a.example\r\r\n"));
    table.refuses(400, "CR within a value", with_fields("X-A: b\rc\r\n"));
    table.refuses(400, "CR first in a value", with_fields("X-A: \rb\r\n"));
    table.source("RFC 9112 §2.2: an empty line first is CRLF");
    table.refuses(400, "an empty line of LF first", [b"\n".to_vec(), plain()].concat());
    table.refuses(400, "an empty line of CR first", [b"\r".to_vec(), plain()].concat());
    table.source("llhttp, test/request/invalid.md, Headers separated by dummy characters");
    table.refuses(400, "CR and any byte as the last line", plain_but("2\r\n\r\n", "2\r\n\rZ"));
}

fn names(table: &mut Table) {
    table.source("RFC 9110 §5.1, §5.6.2: a field name is a token");
    for name in ["", " ", "X A", "X(A", "X\"A", "X/A", "XéA", "X@A", "X[A", "X{A", "X=A", "X,A", "X;A"] {
        table.refuses(400, format!("the field name {name:?}"), with_fields(format!("{name}: b\r\n")));
    }
    table.source("RFC 9112 §5.1; CVE-2019-16869 (Netty), CVE-2021-22959 (llhttp): white space before the colon");
    table.refuses(400, "a space before a colon", with_fields("X-A : b\r\n"));
    table.refuses(400, "a tab before a colon", with_fields("X-A\t: b\r\n"));
    table.refuses(400, "a space before Content-Length's colon", plain_but("Length:", "Length :"));
    table.source("http-garden, TROPHIES.md, server bug 8");
    table.refuses(400, "a name that begins with the byte 239", with_fields(b"\xeffoo: bar\r\n"));
    table.source("http-garden, TROPHIES.md, server bug 20: white space of Latin-1 before the colon");
    table.refuses(400, "the byte 0x85 before a colon", plain_but("Length:", b"Length\x85:"));
    table.refuses(400, "the byte 0xa0 before a colon", plain_but("Length:", b"Length\xa0:"));
    table.source("llhttp, test/request/invalid.md, Invalid header token");
    table.refuses(400, "the field name Fo@", with_fields("Fo@: Failure\r\n"));
    table.refuses(400, "the field name Foo\\x01\\test", with_fields("Foo\x01\\test: Bar\r\n"));
    table.source("llhttp, test/request/invalid.md, Corrupted Connection header");
    table.refuses(400, "CR and ESC in a name", with_fields(b"Connection\r\x1b5\xd5eep-Alive\r\n"));
    table
        .source("llhttp, test/request/content-length.md, Content-Length with CR instead of dash; CVE-2020-8201 (Node)");
    table.refuses(400, "CR for the hyphen of Content-Length", plain_but("Content-Length", "Content\rLength"));
    table.source("CVE-2023-25725 (HAProxy), http-garden, TROPHIES.md, server bugs 18 and 27: an empty name");
    table.refuses(400, "a line that is a colon", with_fields(":\r\nI: am chopped off\r\n"));
    table.refuses(400, "an empty name first", plain_but("Host:", ": ignored\r\nHost:"));
}

fn values(table: &mut Table) {
    table.source("RFC 9112 §5.2: obs-fold is to be refused");
    table.refuses(400, "a folded line", with_fields("X-A: b\r\n c\r\n"));
    table.refuses(400, "a line folded by a tab", with_fields("X-A: b\r\n\tc\r\n"));
    table.refuses(400, "a fold with nothing in it", with_fields("X-A: b\r\n \r\n"));
    table.refuses(400, "a fold before the last line", plain_but("2\r\n\r\n", "2\r\n \r\n\r\n"));
    table.source("RFC 9112 §2.2: white space before the first field");
    table.refuses(400, "a space before the first field", plain_but("Host:", " Host:"));
    table.refuses(400, "a tab before the first field", plain_but("Host:", "\tHost:"));
    table.source("http-garden, TROPHIES.md, server bugs 2, 34 and 35: CR, LF and NUL in values");
    for value in ["v\0\ralue", "va\rlue", "test\0THESE BYTES GET DROPPED", "evil\0", "v\nalue"] {
        table.refuses(400, format!("the value {value:?}"), with_fields(format!("X-A: {value}\r\n")));
    }
    table.source("RFC 9112 §5: a field line has a colon");
    table.refuses(400, "a line without a colon", with_fields("X-A\r\n"));
    table.source("CVE-2019-20444 (Netty), http-garden, TROPHIES.md, server bug 28: a line without a colon");
    table.refuses(400, "Content-Length 2", plain_but("Content-Length: 2", "Content-Length 2"));
    table.source("llhttp, test/request/invalid.md, Illegal header field name line folding");
    table.refuses(400, "a name folded before its colon", with_fields("name\r\n : value\r\n"));
    table.source("http-garden, TROPHIES.md, server bug 37: a name does not go on in the next line");
    table.refuses(400, "a name over two lines", plain_but("Content-Length", "Content-\r\nLength"));
}

/// Lines that one reader sees and another does not.
fn lost_lines(table: &mut Table) {
    let hidden = |before: &str| plain_but("Content-Length: 2\r\n", format!("{before}Content-Length: 2\r\n"));
    table.source("llhttp, test/request/invalid.md, Missing CR between headers; CVE-2022-35256 (Node)");
    table.refuses(400, "a Content-Length behind a bare LF", hidden("Dummy: x\n"));
    table.source("llhttp, test/request/invalid.md, Headers separated by CR; CVE-2022-32214 (Node)");
    table.refuses(400, "a Content-Length behind a bare CR", hidden("Foo: 1\r"));
    table.source("llhttp, test/request/invalid.md, Empty headers separated by CR; CVE-2023-30589 (Node)");
    table.refuses(400, "a Content-Length behind an empty value and CR", hidden("x:\r"));
    table.source("llhttp, test/request/invalid.md, Empty headers separated by LF");
    table.refuses(400, "a Content-Length behind an empty value and LF", hidden("x:\n"));
    table.source("llhttp, test/request/invalid.md, Spaces before headers; CVE-2024-27982 (Node)");
    table.refuses(400, "a Content-Length behind a space", hidden("Foo: bar\r\n "));
    table.source("http-garden, TROPHIES.md, server bug 4");
    let first = plain_but("Host: a.example\r\n", "\tContent-Length: 2\r\nHost: a.example\r\n");
    table.refuses(400, "a tab and Content-Length as the first field", first);
    table.source("http-garden, TROPHIES.md, server bug 13");
    table.refuses(400, "a field behind a bare CR", with_fields("Visible: :/\rSmuggled: :)\r\n"));
    table.source("http-garden, TROPHIES.md, server bug 19");
    table.refuses(400, "an empty value and two bare LF", with_fields("Useless:\n\nGET / HTTP/1.1\r\n"));
}

fn control_bytes(table: &mut Table) {
    table.source("RFC 9110 §5.5, §5.6.2, §9.1; RFC 9112 §3.2: control bytes stand nowhere in a head");
    for control in ["\0", "\x01", "\x08", "\x0b", "\x0c", "\x1b", "\x7f"] {
        table.refuses(400, format!("{control:?} in a value"), with_fields(format!("X-A: b{control}c\r\n")));
        table.refuses(400, format!("{control:?} in a name"), with_fields(format!("X{control}A: b\r\n")));
        table.refuses(400, format!("{control:?} in a target"), with_line(format!("POST /webhook{control} HTTP/1.1")));
        table.refuses(400, format!("{control:?} in a method"), with_line(format!("PO{control}ST /webhook HTTP/1.1")));
    }
    table.source("RFC 9110 §5.6.3: a vertical tab or form feed is no white space");
    table.refuses(400, "a vertical tab behind a colon", plain_but("Host: a.example", "Host:\x0ba.example"));
    table.refuses(400, "a form feed behind a value", plain_but("a.example\r\n", "a.example\x0c\r\n"));
}
