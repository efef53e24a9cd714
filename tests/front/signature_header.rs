//! The grammar of the signature header, on the wire.

use crate::support::receiver::start;
use crate::support::request::{Post, unsigned};
use crate::support::{SECRET, signer};

const BODY: &str = r#"{"event_type":"push"}"#;
const UNSUPPORTED: &str = "Unsupported signature algorithm";
const INVALID: &str = "Invalid signature header format";

fn digits() -> String {
    signer::digits(SECRET.as_bytes(), BODY.as_bytes())
}

fn with(value: &str) -> Post {
    unsigned(BODY).header("X-Hub-Signature-256", value)
}

#[test]
fn hex_digits_count_in_either_case() {
    let receiver = start();
    let mixed: String = digits()
        .chars()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 0 { digit.to_ascii_uppercase() } else { digit })
        .collect();
    for digits in [digits(), digits().to_uppercase(), mixed] {
        receiver.accept(&with(&format!("sha256={digits}")));
    }
}

#[test]
fn the_headers_name_counts_in_any_case() {
    let receiver = start();
    for name in ["x-hub-signature-256", "X-HUB-SIGNATURE-256", "X-Hub-Signature-256", "x-hUB-sIGNATURE-256"] {
        receiver.accept(&unsigned(BODY).header(name, format!("sha256={}", digits())));
    }
}

#[test]
fn optional_white_space_around_the_value_is_https_and_stripped() {
    let receiver = start();
    for (before, after) in [("", ""), ("  ", ""), ("", " "), ("\t", "\t"), (" \t ", "\t \t")] {
        receiver.accept(&with(&format!("{before}sha256={}{after}", digits())));
    }
    // No white space after the colon at all.
    let bytes = format!(
        "POST /webhook HTTP/1.1\r\nHost:localhost\r\nX-Hub-Signature-256:sha256={}\r\nContent-Length:{}\r\n\r\n{BODY}",
        digits(),
        BODY.len()
    );
    receiver.send_raw(bytes.as_bytes()).expect_success();
    receiver.next_event();
}

#[test]
fn a_value_that_is_not_the_grammar_is_an_invalid_format() {
    let receiver = start();
    let d = digits();
    for value in [
        // No `=` at all.
        String::new(),
        "sha256".into(),
        "none".into(),
        d.clone(),
        format!("sha256:{d}"),
        format!("sha256 {d}"),
        // Not exactly 64 digits.
        "sha256=".into(),
        "sha256=0".into(),
        format!("sha256={}", &d[..62]),
        format!("sha256={}", &d[..63]),
        format!("sha256={}", &d[1..]),
        format!("sha256={d}0"),
        format!("sha256={d}00"),
        format!("sha256={d}{d}"),
        // Not digits.
        format!("sha256={}g", &d[..63]),
        format!("sha256=g{}", &d[1..]),
        format!("sha256=0x{}", &d[2..]),
        format!("sha256=+{}", &d[1..]),
        format!("sha256=-{}", &d[1..]),
        format!("sha256={}.{}", &d[..32], &d[33..]),
        "sha256=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsE4X4=".into(),
        // Something before, between or behind them.
        format!("sha256={d};"),
        format!("sha256={d}="),
        format!("sha256={d} x"),
        format!("sha256={d}\\r\\n"),
        format!("sha256=={d}"),
        format!("sha256= {d}"),
        format!("sha256=\t{d}"),
        format!("sha256={} {}", &d[..32], &d[32..]),
        format!("sha256={} {}", &d[..32], &d[33..]),
        format!("sha256={}:{}", &d[..2], &d[2..]),
        format!("sha256=\"{d}\""),
        format!("sha256='{d}'"),
        format!("sha256=sha256={d}"),
        // Several in one.
        format!("sha256={d},sha256={d}"),
        format!("sha256={d}, sha256={d}"),
        format!("sha256={d},{d}"),
        format!("sha256={d} sha256={d}"),
        format!("sha256={},sha256={d}", "0".repeat(64)),
    ] {
        eprintln!("{value:?}");
        receiver.refuse(&with(&value), 400, INVALID);
    }
}

#[test]
fn anything_but_sha256_before_the_first_equals_sign_is_an_unsupported_algorithm() {
    let receiver = start();
    let d = digits();
    for name in [
        "sha1",
        "md5",
        "sha512",
        "sha384",
        "sha224",
        "sha3-256",
        "sha-256",
        "sha2",
        "sha25",
        "sha2566",
        "SHA256",
        "Sha256",
        "sHa256",
        "sha256 ",
        "sha256\t",
        "xsha256",
        "hmac-sha256",
        "v0",
        "v1,sha256",
        "sha1,sha256",
        "t=1,sha256",
        "none",
        "",
        "=",
        "\"sha256",
        "sha256:",
        "sha1=0,sha256",
    ] {
        eprintln!("{name:?}");
        receiver.refuse(&with(&format!("{name}={d}")), 400, UNSUPPORTED);
    }
    for value in ["sha1=", "=", "==", "md5=757107ea0eb2509fc211221cce984b8a", &format!("{d}=")] {
        receiver.refuse(&with(value), 400, UNSUPPORTED);
    }
    receiver.refuse(&with(&format!("sha1={}", &d[..40])), 400, UNSUPPORTED);
}

#[test]
fn more_than_one_signature_header_is_an_invalid_format_whatever_they_say() {
    let receiver = start();
    let right = format!("sha256={}", digits());
    let wrong = format!("sha256={}", "0".repeat(64));
    let old = format!("sha1={}", "0".repeat(40));
    for (one, other) in [
        (&right, &right),
        (&right, &wrong),
        (&wrong, &right),
        (&right, &old),
        (&old, &right),
        (&old, &old),
        (&right, &String::new()),
        (&String::new(), &right),
    ] {
        let twice = with(one).header("X-Hub-Signature-256", other);
        receiver.refuse(&twice, 400, INVALID);
        let in_other_case = with(one).header("x-hub-signature-256", other);
        receiver.refuse(&in_other_case, 400, INVALID);
        let apart = with(one).header("X-GitHub-Event", "push").header("X-HUB-SIGNATURE-256", other);
        receiver.refuse(&apart, 400, INVALID);
    }
    let thrice = with(&right).header("X-Hub-Signature-256", &right).header("X-Hub-Signature-256", &right);
    receiver.refuse(&thrice, 400, INVALID);
}

#[test]
fn the_older_header_beside_the_right_one_changes_nothing() {
    let receiver = start();
    let sha1 = format!("sha1={}", "0".repeat(40));
    receiver.accept(&with(&format!("sha256={}", digits())).header("X-Hub-Signature", sha1));
}
