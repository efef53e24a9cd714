//! Rightly signed bodies: what is JSON, what is not, and what comes out.

use crate::support::receiver::start;
use crate::support::request::signed;
use crate::support::without_white_space;

const NOT_JSON: &str = "Invalid JSON payload";

fn arrays(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn objects(depth: usize) -> String {
    r#"{"a":"#.repeat(depth - 1) + "{}" + &"}".repeat(depth - 1)
}

fn mixed(depth: usize) -> String {
    let open: String = (0..depth).map(|level| if level % 2 == 0 { "[" } else { r#"{"a":"# }).collect();
    let close: String = (0..depth).rev().map(|level| if level % 2 == 0 { "]" } else { "}" }).collect();
    let inner = if depth.is_multiple_of(2) { "0" } else { "" };
    open + inner + &close
}

#[test]
fn json_comes_out_on_one_line_with_its_tokens_untouched() {
    let receiver = start();
    let long = "9".repeat(1000);
    let precise = format!("3.{}", "14159".repeat(100));
    for body in [
        // Any value will do.
        "1",
        "-0",
        "\"x\"",
        "\"\"",
        "null",
        "true",
        "false",
        "[]",
        "{}",
        " \t\r\n{} \t\r\n",
        "{ \"a\" :\r\n[ 1 ,\t2 ] , \"b c\" : { } }",
        // What a number or a string is made of stays.
        "12345678901234567890123",
        "0.1000",
        "1E400",
        "-1e-400",
        "1.0e+05",
        "[1.0, 1.00, 1e0, 10e-1]",
        &long,
        &precise,
        r#""\u00e9\u00E9\/\b\f\n\r\t\\\"\u0000\ud83d\ude00""#,
        "\"é€😀\u{7f}\u{2028}\"",
        r#"{"a":1,"a":2,"a":3}"#,
        r#"{"":{"":""}}"#,
        r#"{"b":1,"a":2}"#,
        r#"{"space  in  string":"  [ 1 , 2 ]  "}"#,
        r#"["\"[ {", "\\", "]"]"#,
    ] {
        let event = receiver.accept(&signed(body));
        assert_eq!(without_white_space(event.payload()), without_white_space(body), "{}", event.line);
    }
}

#[test]
fn nesting_is_accepted_127_deep_and_no_deeper() {
    let receiver = start();
    for nested in [arrays, objects, mixed] {
        let event = receiver.accept(&signed(nested(127)));
        assert_eq!(event.payload(), nested(127));
        for depth in [128, 129, 10_000] {
            receiver.refuse(&signed(nested(depth)), 400, NOT_JSON);
        }
    }
    // Siblings are no nesting, nor are brackets in strings, nor what was closed.
    receiver.accept(&signed(format!("[{}[]]", "[],".repeat(500))));
    receiver.accept(&signed(format!("[\"{}\"]", "[{".repeat(200))));
    receiver.accept(&signed(format!("[\"\\\"{}\"]", "[".repeat(200))));
    // Never closed, but too deep already.
    receiver.refuse(&signed("[".repeat(100_000)), 400, NOT_JSON);
    receiver.refuse(&signed(r#"{"a":"#.repeat(100_000)), 400, NOT_JSON);
}

#[test]
fn a_signed_body_that_is_not_json_is_400() {
    let receiver = start();
    for body in [
        // Nothing, or more than one value.
        &b" "[..],
        b"\r\n",
        b"{}x",
        b"{} {}",
        b"{}{}",
        b"{},",
        b"{};",
        b"1 2",
        b"{}\0",
        b"\0",
        b"{}]",
        // Cut off.
        b"{",
        b"[1,",
        b"{\"a\"",
        b"{\"a\":",
        b"\"abc",
        b"nul",
        // Other encodings, other white space.
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
        b"{\0}\0",
        b"\x0c{}",
        b"\x0b{}",
        b"\xc2\xa0{}",
        b"{}\xe2\x80\xa8",
        // Other dialects.
        b"NaN",
        b"[NaN]",
        b"Infinity",
        b"-Infinity",
        b"[-Infinity]",
        b"undefined",
        b"True",
        b"NULL",
        b"{'a':1}",
        b"{a:1}",
        b"[1,]",
        b"{\"a\":1,}",
        b"[,1]",
        b"[1 2]",
        b"{\"a\" 1}",
        b"{\"a\":1 \"b\":2}",
        b"{1:2}",
        b"// x\n{}",
        b"{}/* x */",
        b"`x`",
        // Numbers.
        b"01",
        b"-01",
        b"00",
        b"+1",
        b".5",
        b"1.",
        b"-",
        b"1e",
        b"1e+",
        b"0x10",
        b"1_000",
        b"1,000",
        // Strings.
        b"\"\x01\"",
        b"\"\n\"",
        b"\"\t\"",
        b"\"\0\"",
        b"\"\x1f\"",
        b"\"\\x41\"",
        b"\"\\u12\"",
        b"\"\\u12g4\"",
        b"\"\\'\"",
        b"\"\\",
        b"\"\"\"",
        // Bytes that are no UTF-8: alone, overlong, a surrogate, above U+10FFFF, cut off.
        b"\xff",
        b"\"\xff\"",
        b"{\"a\":\"\xe9\"}",
        b"\"\xc0\xaf\"",
        b"\"\xed\xa0\x80\"",
        b"\"\xf4\x90\x80\x80\"",
        b"\"\xe2\x82\"",
        b"{\"\x80\":1}",
    ] {
        eprintln!("{:?}", body.escape_ascii().to_string());
        receiver.refuse(&signed(body), 400, NOT_JSON);
    }
}

#[test]
fn a_body_without_a_content_type_or_with_another_one_is_read_as_json() {
    let receiver = start();
    for content_type in ["application/json", "application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", ""] {
        receiver.accept(&signed("{}").header("Content-Type", content_type));
    }
    receiver.accept(&signed("{}"));
}
