//! Requests with another one inside: the whole attack, with a delivery that is rightly signed where nobody may see one.

use super::{Table, chunked, delivery, hidden, plain, plain_but, replace, signed};

pub(super) fn cases(table: &mut Table) {
    both_fields(table);
    one_length_of_two(table);
    odd_codings(table);
    chunk_lines(table);
    what_is_no_doubt(table);
}

/// `head`, then a delivery that one of two readers would see.
fn hiding(lines: &str, before: &str) -> Vec<u8> {
    delivery(lines, [before.as_bytes(), &hidden()].concat())
}

fn both_fields(table: &mut Table) {
    let bytes = hidden().len();
    table.source("RFC 9112 §11.2; Linhart et al., HTTP Request Smuggling, 2005");
    let all = 5 + bytes;
    let lines = format!("Content-Length: {all}\r\nTransfer-Encoding: chunked\r\n");
    table.refuses(400, "CL.TE: the length covers a delivery, the chunks end before it", hiding(&lines, "0\r\n\r\n"));
    let inner = String::from_utf8(hidden()).expect("it is text");
    let chunk = format!("{bytes:x}\r\n{inner}\r\n0\r\n\r\n");
    let size_line = format!("{bytes:x}\r\n").len();
    let lines = format!("Content-Length: {size_line}\r\nTransfer-Encoding: chunked\r\n");
    table.refuses(400, "TE.CL: a chunk covers a delivery, the length ends before it", delivery(lines, chunk));
    table.source("PortSwigger, HTTP Desync Attacks, 2019: TE.TE");
    let lines = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n";
    table.refuses(400, "TE.TE: a second Transfer-Encoding hides the first", hiding(lines, "0\r\n\r\n"));
    let lines = "Content-Length: 5\r\nTransfer-Encoding: xchunked\r\n";
    table.refuses(400, "TE.TE: a coding that only looks like chunked", hiding(lines, "0\r\n\r\n"));
    let lines = "Content-Length: 5\r\nX: x\nTransfer-Encoding: chunked\r\n";
    table.refuses(400, "TE.TE: chunked behind a bare LF", hiding(lines, "0\r\n\r\n"));
    let lines = "Content-Length: 5\r\nTransfer-Encoding\r\n : chunked\r\n";
    table.refuses(400, "TE.TE: chunked behind a fold", hiding(lines, "0\r\n\r\n"));
    table.source("http-garden, TROPHIES.md, server bug 37");
    let lines = "Transfer-\r\nEncoding: chunked\r\nContent-Length: 5\r\n";
    table.refuses(400, "Transfer-Encoding over two lines beside a length", hiding(lines, "0\r\n\r\n"));
}

fn one_length_of_two(table: &mut Table) {
    let bytes = hidden().len();
    table.source("http-garden, TROPHIES.md, transducer bug 22: the last of two lengths");
    let lines = format!("Content-Length: 0\r\nContent-Length: {bytes}\r\n");
    table.refuses(400, "lengths of nothing and of a delivery", hiding(&lines, ""));
    table.source("http-garden, TROPHIES.md, server bug 23: the first of two lengths");
    let lines = format!("Content-Length: {bytes}\r\nContent-Length: 0\r\n");
    table.refuses(400, "lengths of a delivery and of nothing", hiding(&lines, ""));
    table.source("http-garden, TROPHIES.md, server bug 42 and transducer bug 11; CVE-2023-40225 (HAProxy)");
    let lines = format!("Content-Length: \r\nContent-Length: {bytes}\r\n");
    table.refuses(400, "an empty length and that of a delivery", hiding(&lines, ""));
    table.source("http-garden, TROPHIES.md, server bug 38: an empty length is not the end of input");
    table.refuses(400, "an empty length before a delivery", hiding("Content-Length: \r\n", ""));
    table.source("http-garden, TROPHIES.md, server bug 20; CVE-2021-22959 (llhttp)");
    for (name, line) in [("a space", &b"Content-Length : "[..]), ("0x85", b"Content-Length\x85: ")] {
        let lines = [line, bytes.to_string().as_bytes(), b"\r\n"].concat();
        table.refuses(400, format!("a delivery behind Content-Length and {name}"), delivery(lines, hidden()));
    }
    table.source("CVE-2024-27982 (Node)");
    let lines = format!("Foo: bar\r\n Content-Length: {bytes}\r\n");
    table.refuses(400, "a delivery behind a length on a folded line", hiding(&lines, ""));
    table.source("CVE-2021-40346 (HAProxy): a name too long for the reader's counter");
    let lines = format!("Content-Length0{}:\r\nContent-Length: {bytes}\r\n", "a".repeat(255));
    table.answers(&[400], "a name of 270 bytes beside the length of a delivery", signed_as_body(&lines));
}

/// A delivery whose body is a delivery, with `lines` that say how long it is.
fn signed_as_body(lines: &str) -> Vec<u8> {
    let inner = String::from_utf8(hidden()).expect("it is text");
    signed(&inner, lines, &inner)
}

fn odd_codings(table: &mut Table) {
    table.source("http-garden, TROPHIES.md, server bug 11");
    let lines = "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n";
    table.refuses(501, "two Transfer-Encodings before a delivery", hiding(lines, "1\r\nZ\r\n0\r\n\r\n"));
    table.source("http-garden, TROPHIES.md, server bug 12");
    let lines = b"Transfer-Encoding: \xa0chunked\xa0\r\n";
    table.refuses(501, "a coding in 0xa0 before a delivery", delivery(lines, [&b"0\r\n\r\n"[..], &hidden()].concat()));
    table.source("http-garden, TROPHIES.md, server bug 44");
    table.refuses(501, "an unknown coding before a delivery", hiding("Transfer-Encoding: blegh\r\n", "0\r\n\r\n"));
    table.source("RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0 is faulty framing");
    let old = hiding("Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n", "0\r\n\r\n");
    table.refuses(400, "chunks of HTTP/1.0 before a delivery", replace(&old, b"HTTP/1.1", b"HTTP/1.0"));
}

/// Lines that one reader ends elsewhere than another.
fn chunk_lines(table: &mut Table) {
    let inner = String::from_utf8(hidden()).expect("it is text");
    let bytes = inner.len();
    table.source("http-garden, TROPHIES.md, server bugs 1 and 22: a size is not its longest valid prefix");
    table.refuses(400, "a chunk of 0_2e and a delivery", chunked(format!("0_2e\r\n\r\n{inner}")));
    table.source("CVE-2025-22871 (Go): LF does not end a chunk's size");
    table.refuses(400, "a chunk size ended by LF and a delivery", chunked(format!("0\n\n{inner}")));
    table.source("CVE-2025-55315 (Kestrel), CVE-2024-52304 (aiohttp), CVE-2025-58056 (Netty): LF in an extension");
    table.refuses(400, "LF in an extension and a delivery", chunked(format!("2;\n{bytes:x}\r\n{inner}\r\n0\r\n\r\n")));
    table.source("http-garden, TROPHIES.md, server bug 31 and transducer bug 3: CR in an extension");
    table.refuses(
        400,
        "CR in an extension and a delivery",
        chunked(format!("2\r\r;a\r\n02\r\n{bytes:x}\r\n0\r\n\r\n{inner}")),
    );
    table.refuses(400, "CR CR behind an extension", chunked(format!("{bytes:x};a=b\r\rX{inner}\r\n0\r\n\r\n")));
    table.source("CVE-2025-43859 (h11): two bytes behind a chunk that are not CRLF");
    table.refuses(
        400,
        "a chunk with two wrong bytes behind it",
        chunked(format!("2\r\n{{}}XX{bytes:x}\r\n{inner}\r\n0\r\n\r\n")),
    );
    table.source("http-garden, TROPHIES.md, server bug 47: nothing behind an invalid chunk");
    table.refuses(400, "the chunk size INVALID!!! and a delivery", chunked(format!("INVALID!!!\r\n{inner}")));
    table.source("http-garden, TROPHIES.md, server bug 17: an empty size is not zero");
    table.refuses(400, "an empty chunk size and a delivery", chunked(format!("\r\n\r\n{inner}")));
    table.source("CVE-2025-59822 (http4s): a trailer without a colon does not end the trailers");
    table.refuses(
        400,
        "a trailer without a colon and a delivery",
        chunked(format!("2\r\n{{}}\r\n0\r\nX\r\n\r\n{inner}")),
    );
    table.source("CVE-2025-53643 (aiohttp): trailers are read");
    table.accepts("a trailer that looks like a request line", chunked("2\r\n{}\r\n0\r\nGET: /evil HTTP/1.1\r\n\r\n"));
}

/// What is in doubt to others: a second request where there is one, none where there is none.
fn what_is_no_doubt(table: &mut Table) {
    table.source("CVE-2023-40175 (Puma), http-garden, TROPHIES.md, server bug 39: the last chunk's line ends in CRLF");
    let trailer = chunked("2\r\n{}\r\n0\r\nX:POST /webhook HTTP/1.1\r\n\r\n");
    table.accepts("a trailer that holds a request line", trailer);
    let fields = replace(&hidden(), b"POST /webhook HTTP/1.1\r\n", b"");
    let fields = String::from_utf8(fields).expect("it is text");
    let fields = fields.strip_suffix("{}").expect("its body").to_string();
    let all = chunked(format!("2\r\n{{}}\r\n0\r\nX:POST /webhook HTTP/1.1\r\n{fields}"));
    table.accepts("trailers that would be a delivery", all);
    table.source("http-garden, TROPHIES.md, server bug 48: a body of no bytes is no bytes");
    let empty = delivery("Content-Length: 0\r\n", "");
    table.answers(&[400, 200], "a delivery behind a length of zero", [empty, plain()].concat());
    table.source("http-garden, TROPHIES.md, transducer bug 21: the body of a GET is not the next request");
    let inner = hidden();
    let get = plain_but("POST /webhook HTTP/1.1", "GET /webhook HTTP/1.1");
    let get = replace(&get, b"Content-Length: 2", format!("Content-Length: {}", inner.len()).as_bytes());
    let get = [get.strip_suffix(b"{}").expect("its body"), &inner[..]].concat();
    table.closes(&[405], "a GET whose body is a delivery", get);
    table.source("http-garden, TROPHIES.md, bonus bug 3: a byte behind the last chunk");
    let bytes = [chunked("2\r\n{}\r\n0\r\n\r\n"), b"\0".to_vec(), hidden()].concat();
    table.closes(&[200, 400], "NUL between a chunked delivery and the next", bytes);
    table.source("http-garden, TROPHIES.md, server bug 45: what was asked before is answered first");
    table.closes(&[200, 400], "a delivery and an invalid line behind it", [&plain()[..], b"Invalid\r\n\r\n"].concat());
    table.source("PortSwigger, Browser-Powered Desync Attacks, 2022: CL.0, a refusal reads the body that it refuses");
    let elsewhere = plain_but("/webhook", "/elsewhere");
    let elsewhere = replace(&elsewhere, b"Content-Length: 2", format!("Content-Length: {}", inner.len()).as_bytes());
    let elsewhere = [elsewhere.strip_suffix(b"{}").expect("its body"), &inner[..]].concat();
    table.closes(&[404], "a delivery as the body of what is refused", elsewhere);
}
