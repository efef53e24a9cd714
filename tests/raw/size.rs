//! What is too long or too many, and what is just not.

use super::{BODY_LIMIT_BYTES, Table, chunked, delivery, of, plain, signed, with_fields, with_line};

pub(super) fn cases(table: &mut Table) {
    heads(table);
    bodies(table);
    chunks(table);
}

fn heads(table: &mut Table) {
    let target = |bytes: usize| {
        let query = "x".repeat(bytes - "/webhook?".len());
        with_line(format!("POST /webhook?{query} HTTP/1.1"))
    };
    table.source("RFC 9112 §3: 8,000 bytes of request line at least; a limit of ours: 8 KiB of target");
    table.accepts("a target of 8,192 bytes", target(8192));
    table.source("RFC 9110 §15.5.15: URI Too Long");
    table.refuses(414, "a target of 8,193 bytes", target(8193));
    table.refuses(414, "a target without an end", format!("POST /{}", "a".repeat(40_000)));
    table.refuses(414, "a request line of 40,000 letters", "a".repeat(40_000));
    table.source("RFC 9110 §9.1: a method has no longest length");
    let method = format!("{} /webhook HTTP/1.1\r\nHost: a.example\r\n\r\n", "A".repeat(8000));
    table.answers(&[405], "a method of 8,000 letters", method);

    table.source("RFC 6585 §5: fields too large; a limit of ours: 128 of them");
    // Four are there already.
    table.accepts("128 fields", with_fields("X: a\r\n".repeat(124)));
    table.refuses(431, "129 fields", with_fields("X: a\r\n".repeat(125)));
    table.refuses(431, "5,000 fields", with_fields("X:\r\n".repeat(5000)));
    table.source("RFC 6585 §5; a limit of ours: 32 KiB of head");
    let head = |bytes: usize| {
        let without = with_fields("X: \r\n").len() - "{}".len();
        with_fields(format!("X: {}\r\n", "a".repeat(bytes - without)))
    };
    table.accepts("a head of 32,768 bytes", head(32_768));
    table.refuses(431, "a head of 32,769 bytes", head(32_769));
    table.refuses(431, "a field of 33,000 bytes", with_fields(format!("X: {}\r\n", "a".repeat(33_000))));
    table.refuses(431, "a name of 33,000 bytes", with_fields(format!("{}: x\r\n", "a".repeat(33_000))));
    let endless = format!("POST /webhook HTTP/1.1\r\nHost: a.example\r\nX: {}", "a".repeat(33_000));
    table.refuses(431, "a field without an end", endless);
    table.source("a limit of ours: each head has its own 32 KiB");
    table.answers(&[200, 200], "two heads of 20,000 bytes", head(20_000).repeat(2));
    table.source("RFC 9112 §2.2: empty lines take no room");
    table.accepts("a thousand empty lines first", [&b"\r\n".repeat(1000)[..], &plain()].concat());
}

fn bodies(table: &mut Table) {
    let longest = format!("\"{}\"", "x".repeat(BODY_LIMIT_BYTES - 2));
    table.source("RFC 9110 §15.5.14: Content Too Large; the limit is set by the receiver");
    table.accepts("a body of the limit", of(&longest));
    let over = format!("Content-Length: {}\r\n", BODY_LIMIT_BYTES + 1);
    table.refuses(413, "a body declared a byte over the limit", delivery(over, ""));
    table.source("RFC 9110 §8.6: a length is anticipated to be large; no memory is taken for it");
    for length in [
        "1000000000000",
        "1099511627776",
        "4611686018427387904",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
    ] {
        table.refuses(
            413,
            format!("a body declared {length} bytes long"),
            delivery(format!("Content-Length: {length}\r\n"), "{}"),
        );
    }
    table.source("RFC 9112 §2.2, RFC 9110 §8.6: zeros before a length");
    let zeros = format!("Content-Length: {}2\r\n", "0".repeat(1000));
    table.accepts("a length with a thousand zeros before it", delivery(zeros, "{}"));
}

fn chunks(table: &mut Table) {
    let longest = format!("\"{}\"", "x".repeat(BODY_LIMIT_BYTES - 2));
    let bytes = BODY_LIMIT_BYTES;
    table.source("RFC 9110 §15.5.14: Content Too Large, by a chunk's size line");
    let whole = format!("{bytes:x}\r\n{longest}\r\n0\r\n\r\n");
    table.accepts("one chunk of the limit", signed(&longest, "Transfer-Encoding: chunked\r\n", whole));
    let halves: Vec<String> = [&longest[..bytes / 2], &longest[bytes / 2..]]
        .iter()
        .map(|half| format!("{:x}\r\n{half}\r\n", half.len()))
        .collect();
    let rest = format!("{}0\r\n\r\n", halves.concat());
    table.accepts("two chunks of the limit", signed(&longest, "Transfer-Encoding: chunked\r\n", rest));
    table.refuses(413, "a chunk a byte over the limit", chunked(format!("{:x}\r\n", bytes + 1)));
    table.refuses(413, "a later chunk a byte over the limit", chunked(format!("1\r\nx\r\n{bytes:x}\r\n")));
    table.source("CVE-2021-32714 (hyper): a chunk that no memory has");
    for size in ["7fffffffffffffff", "ffffffffffffffff", "fffffffffffffffe"] {
        table.refuses(413, format!("a chunk declared {size} bytes long"), chunked(format!("{size}\r\n")));
    }
    table.source(
        "CVE-2024-22019 (Node), CVE-2023-39326 (Go): extensions have a bound; a limit of ours: 256 bytes a line",
    );
    let line = |bytes: usize| chunked(format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "a".repeat(bytes - 4)));
    table.accepts("a chunk-size line of 256 bytes", line(256));
    table.refuses(400, "a chunk-size line of 257 bytes", line(257));
    table.refuses(400, "an extension without an end", chunked(format!("2;{}", "a".repeat(1000))));
    let zeros = |bytes: usize| chunked(format!("{}2\r\n{{}}\r\n0\r\n\r\n", "0".repeat(bytes - 3)));
    table.accepts("zeros before a chunk's size, 256 bytes", zeros(256));
    table.refuses(400, "zeros before a chunk's size, 257 bytes", zeros(257));
    table.source("RFC 9112 §7.1.2, CVE-2023-46589 (Tomcat): trailers have a bound; a limit of ours: 8 KiB");
    let trailers = |bytes: usize| chunked(format!("2\r\n{{}}\r\n0\r\nX: {}\r\n\r\n", "a".repeat(bytes - 7)));
    table.accepts("trailers of 8,192 bytes", trailers(8192));
    table.refuses(400, "trailers of 8,193 bytes", trailers(8193));
    let many = chunked(format!("2\r\n{{}}\r\n0\r\n{}\r\n", "X: a\r\n".repeat(2000)));
    table.refuses(400, "two thousand trailers", many);
}
