//! Chunks that are not of the grammar.

use super::{Table, chunked};

pub(super) fn cases(table: &mut Table) {
    sizes(table);
    line_ends(table);
    data(table);
    trailers(table);
}

fn sizes(table: &mut Table) {
    let refuse = |table: &mut Table, size: &str| {
        table.refuses(400, format!("the chunk size {size:?}"), chunked(format!("{size}\r\n{{}}\r\n0\r\n\r\n")));
    };
    table.source("RFC 9112 §7.1: chunk-size = 1*HEXDIG");
    for size in ["x", "g", "2g", ";", "2,", "2.", "2\x0b", "2\0", "\"2\"", "²", "{}"] {
        refuse(table, size);
    }
    table.source("http-garden, TROPHIES.md, server bug 25 and transducer bug 19; CVE-2023-38697 (protocol-http1)");
    for size in ["+2", "-2", "0x2", "-0x0", "+0x2", "0X2"] {
        refuse(table, size);
    }
    table.source("http-garden, TROPHIES.md, server bug 1; CVE-2023-47627 (aiohttp), CVE-2022-24761 (waitress)");
    for size in ["0_2", "2_", "_2"] {
        refuse(table, size);
    }
    table.source("http-garden, TROPHIES.md, server bug 17");
    refuse(table, "");
    table.source("http-garden, TROPHIES.md, transducer bug 7");
    refuse(table, "2these-bytes-never-get-validated");
    table.source("http-garden, TROPHIES.md, transducer bug 24");
    for size in [" 2", "\t2", "           2"] {
        refuse(table, size);
    }
    table.source("llhttp, test/request/transfer-encoding.md, Space after chunk header, No semicolon");
    for size in ["2 ", "2\t", "2 2", "2 erfrferferf", "2   \t ", "2 ;a=b"] {
        refuse(table, size);
    }
    table.source("CVE-2021-32714 (hyper), CVE-2014-0075 (Tomcat): a size that overflows");
    for size in ["10000000000000002", "ffffffffffffffff0", "ffffffffffffffffff"] {
        refuse(table, size);
    }
    table.source("h11, tests/test_io.py, test_ChunkedReader");
    refuse(table, "10\0");
    table.refuses(400, "a chunk size of a hundred nines", chunked(format!("{}\r\nxxx", "9".repeat(100))));
}

fn line_ends(table: &mut Table) {
    table.source("RFC 9112 §7.1; CVE-2025-22871 (Go): a chunk's size ends in CRLF");
    for (name, rest) in [
        ("LF behind a chunk size", "2\n{}\r\n0\r\n\r\n"),
        ("LF behind the last chunk's size", "2\r\n{}\r\n0\n\r\n"),
        ("CR behind a chunk size", "2\r{}\r\n0\r\n\r\n"),
        ("nothing but LF in chunks", "2\n{}\n0\n\n"),
    ] {
        table.refuses(400, name, chunked(rest));
    }
    table.source("llhttp, test/request/transfer-encoding.md, Chunk header not terminated by CRLF");
    table.refuses(400, "CR CR behind a chunk size", chunked("2\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n"));
    table.source("llhttp, test/request/transfer-encoding.md, Validate chunk parameters");
    table.refuses(400, "LF among the spaces behind a chunk size", chunked("2 \n  \r\n{}\r\n0\r\n\r\n"));
    table.source("CVE-2025-55315 (Kestrel), CVE-2024-52304 (aiohttp): LF in an extension");
    table.refuses(400, "LF in an extension", chunked("2;a\n{}\r\n0\r\n\r\n"));
    table.refuses(400, "LF first in an extension", chunked("2;\n{}\r\n0\r\n\r\n"));
    table.source("http-garden, TROPHIES.md, server bug 36: CR in an extension");
    table.refuses(400, "CR in an extension", chunked("2;a\rb\r\n{}\r\n0\r\n\r\n"));
    table.source("RFC 9112 §7.1.1: an extension is of tokens and quoted strings; CVE-2022-24761 (waitress)");
    for control in ["\0", "\x01", "\x0b", "\x7f"] {
        table.refuses(
            400,
            format!("{control:?} in an extension"),
            chunked(format!("2;a={control}\r\n{{}}\r\n0\r\n\r\n")),
        );
    }
}

fn data(table: &mut Table) {
    table.source("RFC 9112 §7.1: a chunk's data ends in CRLF");
    for (name, rest) in [
        ("a chunk that is longer than its size", "1\r\n{}\r\n0\r\n\r\n"),
        ("a byte between a chunk and its CRLF", "2\r\n{}X\r\n0\r\n\r\n"),
        ("no CRLF behind a chunk", "2\r\n{}0\r\n\r\n"),
        ("two CRLF behind a chunk", "2\r\n{}\r\n\r\n0\r\n\r\n"),
    ] {
        table.refuses(400, name, chunked(rest));
    }
    table.source("http-garden, TROPHIES.md, transducer bug 13");
    table.refuses(400, "LF behind a chunk", chunked("2\r\n{}\n0\r\n\r\n"));
    table.source("h11, tests/test_io.py, test_ChunkedReader; CVE-2025-43859 (h11)");
    for (name, rest) in [
        ("two wrong bytes behind a chunk", "3\r\nxxx__1a\r\n0\r\n\r\n"),
        ("a wrong second byte behind a chunk", "3\r\nxxx\r_1a\r\n0\r\n\r\n"),
        ("a wrong first byte behind a chunk", "3\r\nxxx_\n1a\r\n0\r\n\r\n"),
    ] {
        table.refuses(400, name, chunked(rest));
    }
    table.source("llhttp, test/request/transfer-encoding.md, Missing last-chunk");
    table.refuses(400, "an empty line in place of the last chunk", chunked("2\r\n{}\r\n\r\n\r\n"));
    table.source("llhttp, test/request/transfer-encoding.md, Chunk data not terminated by CRLF");
    table.refuses(400, "the last chunk at once behind a chunk", chunked("5\r\nABCDE0\r\n\r\n"));
    table.source("http-garden, TROPHIES.md, transducer bug 4");
    table.refuses(400, "CR and the last chunk behind a size", chunked("1\r0\n"));
}

fn trailers(table: &mut Table) {
    table.source("RFC 9112 §7.1.2, §5: a trailer is a field line");
    for (name, rest) in [
        ("a trailer without a colon", "no-colon\r\n\r\n"),
        ("a trailer with spaces in its name", "no colon: x\r\n\r\n"),
        ("a space before a trailer's colon", "X : y\r\n\r\n"),
        ("an empty name in a trailer", ": y\r\n\r\n"),
        ("a folded trailer", "X: y\r\n z\r\n\r\n"),
        ("a trailer that begins with a space", " X: y\r\n\r\n"),
        ("NUL in a trailer's value", "X: \0\r\n\r\n"),
        ("NUL in a trailer's name", "X\0: y\r\n\r\n"),
        ("a byte over 127 in a trailer's name", "Xé: y\r\n\r\n"),
    ] {
        table.refuses(400, name, chunked(format!("2\r\n{{}}\r\n0\r\n{rest}")));
    }
    table.source("RFC 9112 §2.2, §7.1.2: line ends of trailers");
    for (name, rest) in [
        ("LF behind a trailer", "X: y\n\r\n"),
        ("LF as the end of the trailers", "X: y\r\n\n"),
        ("LF in place of the trailers", "\n"),
        ("CR within a trailer", "X: y\rz\r\n\r\n"),
        ("CR CR LF behind a trailer", "X: y\r\r\n\r\n"),
        ("CR and another byte as the end of the trailers", "\rX"),
    ] {
        table.refuses(400, name, chunked(format!("2\r\n{{}}\r\n0\r\n{rest}")));
    }
    table.source("http-garden, TROPHIES.md, server bug 39; CVE-2023-40175 (Puma)");
    table.refuses(400, "two bytes in place of the last CRLF", chunked("2\r\n{}\r\n0\r\nXX"));
}
