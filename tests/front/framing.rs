//! Where a body ends. What two readers could take differently is refused (RFC 9112 §6.3, §11.2).

use crate::support::receiver::{Receiver, start};
use crate::support::request::{Post, signed, unsigned};

/// That `request` is refused, that nothing of it is printed, and that what follows its head is not answered with a success.
fn refused(receiver: &Receiver, request: &Post, statuses: &[u16]) {
    let (answer, rest) = receiver.exchange(&request.bytes());
    assert!(statuses.contains(&answer.status), "{}", answer.text());
    assert!(!answer.expect_problem(answer.status).is_empty());
    assert!(!String::from_utf8_lossy(&rest).contains(" 200 "));
    receiver.expect_no_event();
}

#[test]
fn content_length_beside_transfer_encoding_is_refused() {
    let receiver = start();
    for length in ["2", "12", "0", "999"] {
        let after = signed("{}").chunked(2).header("Content-Length", length);
        refused(&receiver, &after, &[400, 501]);
        let mut before = signed("{}").header("Content-Length", length).header("Transfer-Encoding", "chunked");
        before.body = b"2\r\n{}\r\n0\r\n\r\n".to_vec();
        refused(&receiver, &before, &[400, 501]);
    }
    refused(
        &receiver,
        &signed("{}").header("Content-Length", "2").header("Transfer-Encoding", "identity"),
        &[400, 501],
    );
}

#[test]
fn a_transfer_encoding_other_than_one_chunked_is_refused() {
    let receiver = start();
    for coding in [
        "gzip",
        "identity",
        "gzip, chunked",
        "chunked, gzip",
        "chunked, chunked",
        "chunked,chunked",
        "chunked, identity",
        "identity, chunked",
        "xchunked",
        "chunkedx",
        "x-chunked",
        "chunked;q=1",
        "\"chunked\"",
        "'chunked'",
        "chunk",
        "",
        ",chunked",
        "chunked,",
        "nothing",
    ] {
        eprintln!("{coding:?}");
        let mut request = signed("{}").header("Transfer-Encoding", coding);
        request.body = b"2\r\n{}\r\n0\r\n\r\n".to_vec();
        refused(&receiver, &request, &[400, 501]);
    }
}

#[test]
fn a_repeated_transfer_encoding_is_refused() {
    let receiver = start();
    for (one, other) in [("chunked", "chunked"), ("chunked", "gzip"), ("gzip", "chunked"), ("identity", "chunked")] {
        let mut request = signed("{}").header("Transfer-Encoding", one).header("transfer-encoding", other);
        request.body = b"2\r\n{}\r\n0\r\n\r\n".to_vec();
        refused(&receiver, &request, &[400, 501]);
    }
}

#[test]
fn a_content_length_that_is_not_digits_is_refused() {
    let receiver = start();
    for length in [
        "+2", "-2", "-1", "-0", "2 2", "2, 2", "2,2", "2,", "0x2", "2.0", "2e0", "2;", "two", "\"2\"", "2\t2", "",
        "0 2", "_2",
    ] {
        eprintln!("{length:?}");
        refused(&receiver, &signed("{}").header("Content-Length", length), &[400]);
    }
}

#[test]
fn a_content_length_beyond_all_numbers_is_refused() {
    let receiver = start();
    for length in ["18446744073709551616", "18446744073709551618", "99999999999999999999999999999999"] {
        refused(&receiver, &signed("{}").header("Content-Length", length), &[400, 413]);
    }
}

#[test]
fn a_repeated_content_length_is_refused_even_where_both_agree() {
    let receiver = start();
    for (one, other) in [("2", "2"), ("2", "3"), ("3", "2"), ("0", "2"), ("2", "0"), ("2", ""), ("2", "x")] {
        let mut request = signed("{}").header("Content-Length", one).header("content-length", other);
        // Enough for the longest that they say.
        request.body = b"{} ".to_vec();
        refused(&receiver, &request, &[400]);
    }
}

#[test]
fn a_malformed_chunk_is_refused() {
    let receiver = start();
    for body in [
        "x\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "2 2\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}x\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "1\r\n{}\r\n0\r\n\r\n",
        "10000000000000002\r\n{}\r\n0\r\n\r\n",
        "2\n{}\n0\n\n",
    ] {
        eprintln!("{body:?}");
        let mut request = signed("{}").header("Transfer-Encoding", "chunked");
        request.body = body.into();
        refused(&receiver, &request, &[400, 413]);
    }
}

/// RFC 9112 §8: an incomplete request; the client may be told so.
#[test]
fn a_body_that_ends_early_is_no_event() {
    let receiver = start();
    let no_event = |request: &Post| {
        let mut client = receiver.connect();
        client.write(&request.bytes());
        client.end();
        if let Ok(answer) = client.try_answer() {
            assert!(!answer.expect_problem(400).is_empty());
        }
        receiver.expect_no_event();
    };
    let body = format!("[{}1]", "1,".repeat(1000));
    let mut cut = signed(&body).header("Content-Length", body.len().to_string());
    for left in [0, 1, body.len() / 2, body.len() - 1] {
        cut.body = body.as_bytes()[..left].to_vec();
        no_event(&cut);
    }
    // Cut between chunks, within a size line, within the last chunk.
    let chunk_bytes = "1f4\r\n".len() + 500 + "\r\n".len();
    let whole = signed(&body).chunked(500);
    let all = whole.body.len();
    for left in [0, 1, 4, chunk_bytes, 2 * chunk_bytes, chunk_bytes + 3, all - 5, all - 4, all - 3, all - 2, all - 1] {
        eprintln!("{left} of {all}");
        let mut cut = whole.clone();
        cut.body.truncate(left);
        no_event(&cut);
    }
}

#[test]
fn what_follows_a_request_is_not_part_of_it() {
    let receiver = start();
    for rest in ["x", "\r\n", "garbage\r\n\r\n", "{}", "GET /other HTTP/1.1\r\nHost: localhost\r\n\r\n"] {
        let (answer, after) = receiver.exchange(&[signed("[1]").bytes(), rest.into()].concat());
        answer.expect_success();
        assert_eq!(receiver.next_event().payload(), "[1]");
        assert!(!String::from_utf8_lossy(&after).contains(" 200 "));
    }
    receiver.expect_no_event();
}

#[test]
fn a_request_in_single_bytes_is_the_same_request() {
    let receiver = start();
    let mut client = receiver.connect();
    for byte in signed("[1,2]").bytes() {
        client.write(&[byte]);
    }
    client.answer().expect_success();
    assert_eq!(receiver.next_event().payload(), "[1,2]");
}

/// RFC 9110 §10.1.1.
#[test]
fn a_client_that_waits_for_100_continue_gets_it() {
    let receiver = start();
    for (post, expect) in
        [(signed("{}"), "100-continue"), (signed(format!("\"{}\"", "x".repeat(5000))), "100-Continue")]
    {
        let post = post.header("Expect", expect);
        let mut client = receiver.connect();
        client.write(&post.head());
        let interim = client.answer();
        assert_eq!((interim.status, interim.body.as_slice()), (100, &b""[..]));
        client.write(&post.body);
        let answer = client.answer();
        answer.check_form();
        answer.expect_success();
        receiver.next_event();
    }
}

#[test]
fn a_client_that_waits_for_100_continue_is_not_asked_for_a_body_that_is_refused_anyway() {
    let receiver = start();
    for (request, status) in [
        (signed("{}").to("/other"), 404),
        (signed("{}").by("PUT"), 405),
        (unsigned("").header("Content-Length", "26214401"), 413),
        (signed("{}").header("Content-Encoding", "gzip"), 415),
        (unsigned("{}"), 400),
        (unsigned("{}").header("X-Hub-Signature-256", "x"), 400),
    ] {
        let mut client = receiver.connect();
        client.write(&request.header("Expect", "100-continue").head());
        client.end();
        assert!(!client.answer().expect_problem(status).is_empty());
    }
    receiver.expect_no_event();
}

/// RFC 9112 §3.2.2: a server has to accept the absolute form.
#[test]
fn an_absolute_target_has_the_same_path() {
    let receiver = start();
    receiver.accept(&signed("{}").to("http://localhost/webhook"));
    receiver.accept(&signed("{}").to("http://localhost/webhook?x=1"));
    assert!(!receiver.send(&signed("{}").to("http://localhost/other")).expect_problem(404).is_empty());
}

/// What curl sends with `--http2`.
#[test]
fn an_offered_upgrade_is_declined_by_answering() {
    let receiver = start();
    let offer = signed("{}").header("Connection", "Upgrade, HTTP2-Settings").header("Upgrade", "h2c");
    let mut client = receiver.connect();
    client.write(&offer.header("HTTP2-Settings", "AAMAAABkAAQAAP__").bytes());
    client.answer().expect_success();
    receiver.next_event();
}
