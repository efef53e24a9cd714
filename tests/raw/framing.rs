//! Content-Length and Transfer-Encoding: what two readers could take differently.

use super::{Table, delivery};

/// A body that is `{}` to a reader of chunks.
const CHUNKS: &str = "2\r\n{}\r\n0\r\n\r\n";

pub(super) fn cases(table: &mut Table) {
    lengths(table);
    repeated_lengths(table);
    codings(table);
    repeated_codings(table);
    both(table);
}

fn lengths(table: &mut Table) {
    let refuse = |table: &mut Table, length: &str| {
        table.refuses(
            400,
            format!("Content-Length {length:?}"),
            delivery(format!("Content-Length: {length}\r\n"), "{}"),
        );
    };
    table.source("RFC 9110 §8.6: Content-Length = 1*DIGIT");
    for length in ["-2", "-0", "0x2", "2.0", "2e0", "a", "2;", "\"2\"", "2\t2", "0 2", "two", "٢", "2\x0b", "2a"] {
        refuse(table, length);
    }
    table.source("RFC 9110 §8.6: a list of lengths may be refused");
    for length in ["2,2", "2, 2", "2,", ",2", "2, 3"] {
        refuse(table, length);
    }
    table.source("CVE-2021-32715 (hyper), CVE-2022-24761 (waitress), CVE-2023-38697 (protocol-http1): a sign");
    refuse(table, "+2");
    table.source("http-garden, TROPHIES.md, server bug 10; CVE-2023-47627 (aiohttp): Python's int()");
    for length in ["+1_0", "0_2", "_2"] {
        refuse(table, length);
    }
    table.source("http-garden, TROPHIES.md, server bug 26; CVE-2023-34188 (Mongoose)");
    refuse(table, "-48");
    table.source("http-garden, TROPHIES.md, server bug 29 and transducer bug 1: not its longest valid prefix");
    for length in ["2Z", "0x10"] {
        refuse(table, length);
    }
    table.source("llhttp, test/request/content-length.md, Spaces in Content-Length; CVE-2018-7159 (Node)");
    for length in ["4 2", "13 37", "2 2"] {
        refuse(table, length);
    }
    table.source("llhttp, test/request/content-length.md, Empty; http-garden, TROPHIES.md, server bugs 16 and 38");
    refuse(table, "");
    table.source("llhttp, test/request/content-length.md, overflow; CVE-2014-0099 (Tomcat)");
    for length in
        ["18446744073709551616", "18446744073709551618", "1000000000000000000000", "99999999999999999999999999"]
    {
        refuse(table, length);
    }
    table.source("RFC 9110 §5.6.3: white space is space and tab, not Latin-1's");
    table.refuses(400, "a Content-Length with the byte 0xa0", delivery(b"Content-Length: 2\xa0\r\n", "{}"));
    table.refuses(400, "a Content-Length with the byte 0x85", delivery(b"Content-Length: \x852\r\n", "{}"));
}

fn repeated_lengths(table: &mut Table) {
    let twice = |one: &str, other: &str| {
        // Enough for the longest that they say.
        delivery(format!("Content-Length: {one}\r\ncontent-length: {other}\r\n"), "{} ")
    };
    table.source("RFC 9112 §6.3: Content-Lengths that agree may be refused; CVE-2019-16792 (waitress)");
    table.refuses(400, "Content-Length 2 and 2", twice("2", "2"));
    table.source("RFC 9112 §6.3, http-garden, TROPHIES.md, server bugs 23 and 33; CVE-2020-10108 (Twisted)");
    for (one, other) in [("2", "3"), ("3", "2"), ("0", "2"), ("2", "0"), ("2", "02"), ("2", "x")] {
        table.refuses(400, format!("Content-Length {one} and {other}"), twice(one, other));
    }
    table.source("http-garden, TROPHIES.md, server bug 42; CVE-2023-40225 (HAProxy): an empty one first");
    table.refuses(400, "Content-Length empty and 2", twice("", "2"));
    table.refuses(400, "Content-Length 2 and empty", twice("2", ""));
    table.source("llhttp, test/request/content-length.md, Error on duplicate Content-Length");
    let apart = "Content-Length: 1\r\nX-Between: a\r\nContent-Length: 2\r\n";
    table.refuses(400, "Content-Length 1 and 2 with a field between", delivery(apart, "{}"));
}

fn codings(table: &mut Table) {
    let refuse = |table: &mut Table, coding: &str| {
        let lines = format!("Transfer-Encoding: {coding}\r\n");
        table.refuses(501, format!("Transfer-Encoding {coding:?}"), delivery(lines, CHUNKS));
    };
    table.source("RFC 9112 §6.1: a transfer coding that is not understood");
    for coding in
        ["gzip", "identity", "cow", "gzip, chunked", "chunk", "xchunked", "chunkedx", "x-chunked", "chunked-x"]
    {
        refuse(table, coding);
    }
    table.source("CVE-2024-1135 (gunicorn), CVE-2020-11076 (Puma): chunked among others");
    for coding in ["chunked, gzip", "chunked, identity", "identity, chunked", "chunked;q=1", "\"chunked\"", "'chunked'"]
    {
        refuse(table, coding);
    }
    table.source("RFC 9112 §6.1: chunked is applied once");
    for coding in ["chunked, chunked", "chunked,chunked", "chunked chunked"] {
        refuse(table, coding);
    }
    table.source("llhttp, test/request/transfer-encoding.md; CVE-2022-32213 (Node)");
    for coding in ["pigeons", "chunkedchunked", "chunked, deflate", "deflate, chunked"] {
        refuse(table, coding);
    }
    table.source("http-garden, TROPHIES.md, server bug 21 and transducer bugs 9 and 18: an empty element");
    for coding in [",chunked", "chunked,", ", chunked", ",", ""] {
        refuse(table, coding);
    }
    table.source("http-garden, TROPHIES.md, server bug 44; tiny-http issue 287: unknown codings are not chunked");
    refuse(table, "blegh");
    table.source("CVE-2019-16789 (waitress), CVE-2019-18277 (HAProxy): a vertical tab is no white space");
    table.refuses(400, "a vertical tab before chunked", delivery("Transfer-Encoding:\x0bchunked\r\n", CHUNKS));
    table.refuses(400, "a form feed behind chunked", delivery("Transfer-Encoding: chunked\x0c\r\n", CHUNKS));
    table.source("http-garden, TROPHIES.md, server bugs 12 and 46: bytes over 127 are not stripped");
    table.refuses(501, "chunked between bytes 0xa0", delivery(b"Transfer-Encoding: \xa0chunked\xa0\r\n", CHUNKS));
    table.refuses(501, "chunked between bytes 0xff", delivery(b"Transfer-Encoding: \xffchunked\xff\r\n", CHUNKS));
    table.source("RFC 9112 §6.1; CVE-2021-33037 (Tomcat): Transfer-Encoding in HTTP/1.0");
    let old = String::from_utf8(delivery("Transfer-Encoding: chunked\r\n", CHUNKS)).expect("it is text");
    table.refuses(400, "Transfer-Encoding in HTTP/1.0", old.replace("HTTP/1.1", "HTTP/1.0"));
    table.source("RFC 9112 §5.1; tiny-http issue 173, CVE-2020-35884: white space before the colon");
    table.refuses(400, "a space before Transfer-Encoding's colon", delivery("Transfer-Encoding : chunked\r\n", CHUNKS));
    table.refuses(400, "a tab before Transfer-Encoding's colon", delivery("Transfer-Encoding\t: chunked\r\n", CHUNKS));
    table.source("CVE-2020-7238 (Netty): a space before Transfer-Encoding");
    table.refuses(400, "a space before Transfer-Encoding", delivery(" Transfer-Encoding: chunked\r\n", CHUNKS));
    table.source(
        "llhttp, test/request/transfer-encoding.md, Invalid OBS fold after chunked value; CVE-2022-32215 (Node)",
    );
    table.refuses(400, "a fold behind chunked", delivery("Transfer-Encoding: chunked\r\n  abc\r\n", CHUNKS));
    table.refuses(400, "a fold before chunked", delivery("Transfer-Encoding:\r\n chunked\r\n", CHUNKS));
}

fn repeated_codings(table: &mut Table) {
    table.source("CVE-2020-8287 (Node), CVE-2021-21299 (hyper), http-garden, TROPHIES.md, server bug 11");
    for (one, other) in [
        ("chunked", "chunked"),
        ("chunked", "gzip"),
        ("gzip", "chunked"),
        ("identity", "chunked"),
        ("chunked", "identity"),
        ("", "chunked"),
        ("chunked", ""),
    ] {
        let lines = format!("Transfer-Encoding: {one}\r\ntransfer-encoding: {other}\r\n");
        table.refuses(501, format!("Transfer-Encoding {one:?} and {other:?}"), delivery(lines, CHUNKS));
    }
}

fn both(table: &mut Table) {
    table.source("RFC 9112 §6.1, §6.3, §11.2; CVE-2005-2088 (Apache): Content-Length beside Transfer-Encoding");
    for length in ["0", "2", "12", "999"] {
        let after = format!("Transfer-Encoding: chunked\r\nContent-Length: {length}\r\n");
        table.refuses(400, format!("Content-Length {length} behind chunked"), delivery(after, CHUNKS));
        let before = format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n");
        table.refuses(400, format!("Content-Length {length} before chunked"), delivery(before, CHUNKS));
    }
    table.source("llhttp, test/request/transfer-encoding.md and content-length.md");
    for coding in ["identity", "", "pigeons"] {
        let lines = format!("Transfer-Encoding: {coding}\r\nContent-Length: 2\r\n");
        table.refuses(400, format!("Content-Length beside {coding:?}"), delivery(lines, "{}"));
    }
    let thrice = "Content-Length: 10\r\nTransfer-Encoding:\r\nTransfer-Encoding:\r\nTransfer-Encoding:\r\n";
    table.refuses(400, "Content-Length beside three empty Transfer-Encodings", delivery(thrice, "2\r\n{}\r\n0\r\n"));
    table.source("http-garden, TROPHIES.md, server bug 21 and transducer bug 15");
    let comma = "Transfer-Encoding: ,chunked\r\nContent-Length: 5\r\n";
    table.refuses(400, "Content-Length beside \",chunked\"", delivery(comma, "0\r\n\r\n"));
}
