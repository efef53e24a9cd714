//! The Host, which HTTP/1.1 demands.

use super::{Table, plain_but, with_fields};

pub(super) fn cases(table: &mut Table) {
    let with_host = |host: &str| plain_but("Host: a.example", format!("Host: {host}"));
    table.source("RFC 9110 §7.2: Host = uri-host [ \":\" port ]");
    for host in
        ["a.example:80", "a.example:", "127.0.0.1:5000", "[::1]", "[::ffff:127.0.0.1]:80", "A-b_c.example", "%61"]
    {
        table.accepts(format!("Host: {host}"), with_host(host));
    }
    table.source("RFC 3986 §3.2.2: an address of a version to come");
    table.accepts("Host: [v1.a:b]", with_host("[v1.a:b]"));
    table.source("RFC 9112 §3.2: a Host may be empty");
    table.accepts("an empty Host", with_host(""));
    table.source("llhttp, test/request/sample.md, curl GET; RFC 3986 §3.2.2: sub-delims");
    table.accepts("Host: 0.0.0.0=5000", with_host("0.0.0.0=5000"));

    table.source("RFC 9112 §3.2: HTTP/1.1 demands a Host");
    table.refuses(400, "no Host", plain_but("Host: a.example\r\n", ""));
    table.source("RFC 9112 §3.2; CVE-2025-14523 (libsoup): more than one Host");
    table.refuses(400, "two Hosts that agree", with_fields("Host: a.example\r\n"));
    table.refuses(400, "two Hosts that differ", with_fields("host: b.example\r\n"));
    table.refuses(400, "two Hosts, one of them empty", with_fields("HOST:\r\n"));
    table.source("RFC 9112 §3.2: no more than one Host in HTTP/1.0 either");
    let old = plain_but("HTTP/1.1\r\n", "HTTP/1.0\r\nHost: b.example\r\n");
    table.refuses(400, "two Hosts in HTTP/1.0", old);
    table.source("RFC 9112 §3.2: a Host that is not of its grammar");
    for host in [
        "a b",
        "a@b",
        "a/b",
        "http://a",
        "a:b",
        "a:80:80",
        "a:-1",
        "a:+80",
        "[::1",
        "::1",
        "[::1]x",
        "[::g]",
        "[]",
        "a\"b",
        "a\\b",
        "a?b",
        "a#b",
        "é",
        "a%zz",
        "a%4",
        "<a>",
        "a.example, b.example",
        "[v.a]",
    ] {
        table.refuses(400, format!("Host: {host}"), with_host(host));
    }
    table.source("http-garden, TROPHIES.md, transducer bug 12");
    table.refuses(400, "a Host with NUL", with_host("google.com\0.example.org"));
}
