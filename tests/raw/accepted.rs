//! What is well formed, however odd it looks, and has to be accepted.

use super::{
    Table, bodiless, chunked, delivery, hidden, of, plain, plain_but, replace, signed, with_fields, with_line,
};

pub(super) fn cases(table: &mut Table) {
    heads(table);
    targets(table);
    bodies(table);
    chunks(table);
    not_for_us(table);
}

fn heads(table: &mut Table) {
    table.source("RFC 9112 §2.1: the form of a message");
    table.accepts("a delivery as any client sends it", plain());
    table.source("RFC 9110 §5.1: field names have no case");
    table.accepts("field names in lower case", with_names(str::to_ascii_lowercase));
    table.accepts("field names in upper case", with_names(str::to_ascii_uppercase));
    table.source("RFC 9112 §5.1: white space around a value is optional");
    table.accepts("no white space behind the colons", replace(&plain(), b": ", b":"));
    table.accepts("spaces and tabs around Content-Length", plain_but("Content-Length: 2", "Content-Length: \t 2\t "));
    table.accepts("spaces and tabs around the Host", plain_but("Host: a.example", "Host:\t a.example \t"));
    table.source("llhttp, test/request/sample.md, Simple request");
    table.accepts("a tab behind the colon", with_fields("Header2:\t Value2\r\n"));
    table.source("RFC 9110 §5.5: a value may be empty");
    table.accepts("a field without a value", with_fields("X-Empty:\r\n"));
    table.source("h11, tests/test_io.py, test_readers_unusual");
    table.accepts("a field with nothing but white space", with_fields("X-Empty: \t \t \r\n"));
    table.source("RFC 9110 §5.5: tabs and spaces may stand within a value");
    table.accepts("a tab within a value", with_fields("X-Tab: a\tb\r\n"));
    table.source("RFC 9110 §5.5: obs-text is opaque data");
    table.accepts("bytes over 127 in a value", with_fields(b"X-Obs: \x80\x85\xa0\xfe\r\n"));
    table.source("llhttp, test/request/sample.md, Extended Characters");
    table.accepts("a value in UTF-8", with_fields("Test: Düsseldorf\r\n"));
    table.source("llhttp, test/request/sample.md, 255 ASCII in header value");
    table.accepts("the byte 255 in a value", with_fields(b"Header2: \xffValue2\r\n"));
    table.source("RFC 9110 §5.5: field-vchar");
    let visible: String = ('!'..='~').collect();
    table.accepts("all visible characters in a value", with_fields(format!("X-All: {visible}\r\n")));
    table.source("RFC 9110 §5.6.2: tchar");
    table.accepts("all token characters in a name", with_fields("!#$%&'*+-.^_`|~09AZaz: x\r\n"));
    table.source("llhttp, test/request/sample.md, DUMBPACK");
    table.accepts("a value of plus signs", with_fields("aaaaaaaaaaaaa:++++++++++\r\n"));
    table.source("RFC 9110 §5.3: a field may be repeated");
    table.accepts("a field that is repeated", with_fields("X-Many: a\r\nX-Many: a\r\nx-many: b\r\n"));
    table.source("RFC 9112 §2.2: empty lines before the request line are ignored");
    table.accepts("an empty line first", [&b"\r\n"[..], &plain()].concat());
    table.accepts("three empty lines first", [&b"\r\n\r\n\r\n"[..], &plain()].concat());
}

/// A delivery with all its field names changed.
fn with_names(change: fn(&str) -> String) -> Vec<u8> {
    let text = String::from_utf8(plain()).expect("it is text");
    let renamed = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}", change(name)),
        None => line.to_string(),
    };
    text.split("\r\n").map(renamed).collect::<Vec<_>>().join("\r\n").into_bytes()
}

fn targets(table: &mut Table) {
    table.source("RFC 9112 §3.2.2: a server accepts the absolute form, and its host in place of Host");
    for target in [
        "http://a.example/webhook",
        "http://a.example:80/webhook?x=1",
        "HTTP://a.example/webhook",
        "https://a.example/webhook",
        "http://another.example/webhook",
        "http://[::1]:5000/webhook",
    ] {
        table.accepts(format!("the target {target}"), with_line(format!("POST {target} HTTP/1.1")));
    }
    table.source("RFC 9112 §3.2.1: the origin form has a query");
    for target in ["/webhook?", "/webhook?a=/b&c=%2F"] {
        table.accepts(format!("the target {target}"), with_line(format!("POST {target} HTTP/1.1")));
    }
    table.source("llhttp, test/request/uri.md");
    for target in ["/webhook?foo=bar?baz", "/webhook?query=|", "/webhook?foo=\"bar\""] {
        table.accepts(format!("the target {target}"), with_line(format!("POST {target} HTTP/1.1")));
    }
}

fn bodies(table: &mut Table) {
    table.source("llhttp, test/request/content-length.md, Content-Length with zeroes");
    table.accepts("a Content-Length of 002", delivery("Content-Length: 002\r\n", "{}"));
    table.source("http-garden, TROPHIES.md, server bug 32: a leading zero does not make it octal");
    let ten = "\"01234567\"";
    table.accepts("a Content-Length of 010 is ten", signed(ten, "Content-Length: 010\r\n", ten));
    table.source("RFC 9112 §6.3: the body is as long as its Content-Length");
    table.accepts("a body that holds line ends", of("{\r\n\r\n \"a\":\r\n 1}\r\n"));
    table.accepts("a body of 64 KiB and more", of(&format!("\"{}\"", "x".repeat(65_536))));
    table.answers(&[400], "a Content-Length of zero", delivery("Content-Length: 0\r\n", ""));
    table.source("RFC 9112 §6.3: without either field there is no body");
    table.answers(&[400], "neither Content-Length nor Transfer-Encoding", delivery("", ""));
    table.source("RFC 9112 §6.3: a body that looks like a request is a body");
    let inner = String::from_utf8(hidden()).expect("it is text");
    table.answers(&[400], "a body that is a delivery", of(&inner));
    let rest = format!("{:x}\r\n{inner}\r\n0\r\n\r\n", inner.len());
    table.answers(&[400], "a chunk that is a delivery", signed(&inner, "Transfer-Encoding: chunked\r\n", rest));
}

fn chunks(table: &mut Table) {
    table.source("RFC 9112 §7.1: chunked coding");
    table.accepts("one chunk", chunked("2\r\n{}\r\n0\r\n\r\n"));
    table.accepts("chunks of one byte", chunked("1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"));
    table.answers(&[400], "nothing but the last chunk", chunked("0\r\n\r\n"));
    table.source("llhttp, test/request/transfer-encoding.md");
    let ten = "\"01234567\"";
    for (name, rest) in [
        ("a chunk size in lower case", format!("a\r\n{ten}\r\n0\r\n\r\n")),
        ("a chunk size in upper case", format!("A\r\n{ten}\r\n0\r\n\r\n")),
        ("zeros before the chunk sizes", format!("0000000a\r\n{ten}\r\n000\r\n\r\n")),
        ("trailers", format!("a\r\n{ten}\r\n0\r\nVary: *\r\nContent-Type: text/plain\r\n\r\n")),
        (
            "chunk extensions",
            format!("a;ilovew3;somuchlove=aretheseparametersfor;another=withvalue\r\n{ten}\r\n0;blah\r\n\r\n"),
        ),
        (
            "quoted chunk extensions",
            format!("a;ilovew3=\"I \\\"love\\\"; \\\\extensions\\\\\";blah;foo=bar\r\n{ten}\r\n0\r\n\r\n"),
        ),
    ] {
        table.accepts(name, signed(ten, "Transfer-Encoding: chunked\r\n", rest));
    }
    table.source("h11, tests/test_io.py, test_ChunkedReader");
    let spaced = "2; hello=there\r\n{}\r\n0; random=\"junk\"; some=more; canbe=lonnnnngg\r\n\r\n";
    table.accepts("a space behind a chunk's semicolon", chunked(spaced));
    let long = format!("\"{}\"", "x".repeat(0xaa - 2));
    let rest = format!("aA\r\n{long}\r\n0\r\n\r\n");
    table.accepts("a chunk size in both cases", signed(&long, "Transfer-Encoding: chunked\r\n", rest));
    table.source("RFC 9112 §7.1.1: an extension that is not known is ignored, and ends with its line");
    table.accepts("a semicolon and no extension", chunked("2;\r\n{}\r\n0;\r\n\r\n"));
    table.accepts("a quote that does not end in an extension", chunked("2;a=\"b; c\r\n{}\r\n0\r\n\r\n"));
    table.source("RFC 9112 §7.1.2: a trailer is a field");
    table.accepts("trailers without a value", chunked("2\r\n{}\r\n0\r\nX:\r\nY: \t\r\n\r\n"));
    table.source("RFC 9110 §6.5.1: a trailer frames nothing");
    table.accepts("a trailer called Content-Length", chunked("2\r\n{}\r\n0\r\nContent-Length: 50\r\n\r\n"));
    table.accepts("a trailer called Transfer-Encoding", chunked("2\r\n{}\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n"));
    table.source("RFC 9112 §7: names of transfer codings have no case");
    table.accepts("Transfer-Encoding: cHuNkEd", delivery("Transfer-Encoding: cHuNkEd\r\n", "2\r\n{}\r\n0\r\n\r\n"));
    table
        .accepts("white space around chunked", delivery("transfer-encoding:\t chunked \t\r\n", "2\r\n{}\r\n0\r\n\r\n"));
    table.source("http-garden, TROPHIES.md, transducer bug 17: a last chunk within a chunk is data");
    for payload in ["0\r\n\r\n", "\"0\"\r\n\r\n\r\n"] {
        let rest = format!("{:x}\r\n{payload}\r\n0\r\n\r\n", payload.len());
        let bytes = signed(payload, "Transfer-Encoding: chunked\r\n", rest);
        table.accepts(format!("a chunk that reads {payload:?}"), bytes);
    }
}

/// What is well formed, and refused for what it asks rather than for how.
fn not_for_us(table: &mut Table) {
    table.source("RFC 9110 §9.1: a method is a token, and case-sensitive");
    table.answers(&[405], "a GET", bodiless("GET /webhook HTTP/1.1"));
    table.closes(&[405], "the method post", with_line("post /webhook HTTP/1.1"));
    table.answers(&[405], "a method of all token characters", bodiless("!#$%&'*+-.^_`|~09AZaz /webhook HTTP/1.1"));
    table.source("llhttp, test/request/invalid.md, Invalid method; RFC 9110 §9.1 has no closed list");
    table.answers(&[405], "the method MKCOLA", bodiless("MKCOLA /webhook HTTP/1.1"));
    table.source("RFC 9110 §9.3.2: the answer to a HEAD has no body");
    table.answers(&[405], "a HEAD", bodiless("HEAD /webhook HTTP/1.1"));
    table.source("RFC 9110 §9.3.1; CVE-2020-35863 (hyper): the body of a GET is its own");
    table.closes(&[405], "a GET with a body", with_line("GET /webhook HTTP/1.1"));
    table.source("RFC 9112 §3.2.4: the asterisk form");
    table.answers(&[404], "OPTIONS *", bodiless("OPTIONS * HTTP/1.1"));
    table.source("RFC 9112 §3.2.3: the authority form");
    table.answers(&[404], "CONNECT a.example:443", bodiless("CONNECT a.example:443 HTTP/1.1"));
    table.source("RFC 9112 §3.2.1, §3.2.2: other paths");
    table.answers(&[404], "the path /", bodiless("GET / HTTP/1.1"));
    table.answers(&[404], "the path //webhook", bodiless("GET //webhook HTTP/1.1"));
    table.answers(&[404], "an absolute target without a path", bodiless("GET http://a.example HTTP/1.1"));
    table.source("llhttp, test/request/uri.md, Host terminated by a query string");
    table.answers(&[404], "a host that a query ends", bodiless("GET http://hypnotoad.org?hail=all HTTP/1.1"));
}
