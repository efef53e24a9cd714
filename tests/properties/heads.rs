//! Signature headers and heads of requests.

use super::*;

/// A header value that is right, nearly right, or anything.
fn header_value() -> impl Strategy<Value = Vec<u8>> {
    let prefix = prop_oneof![
        8 => Just("sha256=".to_string()),
        4 => select(vec!["sha1=", "md5=", "SHA256=", "sha256", "sha256==", "sha256 =", "=", "", "v1,sha256=", "sha256:"])
            .prop_map(str::to_string),
        1 => "[ -~]{0,9}=?",
    ];
    let right = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let digits = prop_oneof![
        6 => Just(right.to_string()),
        2 => Just(right.to_uppercase()),
        4 => "[0-9a-fA-F]{64}",
        3 => "[0-9a-f]{60,68}",
        3 => "[0-9a-g \t=,]{62,66}",
        1 => "\\PC{0,66}",
    ];
    let space = || select(vec!["", "", "", "", " ", "\t", " \t ", "\u{b}", "\u{a0}", "\r", "\0"]);
    let near = (space(), prefix, digits, space())
        .prop_map(|(before, prefix, digits, after)| format!("{before}{prefix}{digits}{after}").into_bytes());
    let mutated = (near, option::weighted(0.2, (any::<Index>(), any::<u8>()))).prop_map(|(mut value, change)| {
        if let (Some((at, byte)), false) = (change, value.is_empty()) {
            let at = at.index(value.len());
            value[at] = byte;
        }
        value
    });
    prop_oneof![9 => mutated, 1 => bytes(80)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2 * ProptestConfig::default().cases, ..config() })]

    #[test]
    fn one_signature_header_is_read_as_the_grammar_says(value in header_value()) {
        signature_header::check_values(&[&value]);
    }

    #[test]
    fn any_number_of_signature_headers_is_read_as_the_grammar_says(values in vec(header_value(), 0..4)) {
        signature_header::check_values(&values.iter().map(Vec::as_slice).collect::<Vec<_>>());
    }
}

fn target() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "(http://|https://|HTTP://|hTtPs://|ftp://|://)?[a-z@:.]{0,6}(/webhook|/|//webhook|\\*)?(\\?[a-z=/:?#%]{0,9})?",
        4 => Just("/webhook".to_string()),
        1 => "\\PC{0,20}",
        1 => ".{0,20}",
    ]
}

/// A field of those that decide anything, with a value that is near to what it may hold.
fn field() -> impl Strategy<Value = (String, Vec<u8>)> {
    let length = prop_oneof![
        3 => "[ \t]?[0-9]{1,21}[ \t]?",
        2 => "[+-][0-9]{1,3}",
        2 => select(vec!["5, 5", "5 5", "0x5", "5.0", "", "٥"]).prop_map(str::to_string),
        1 => select(vec!["18446744073709551615", "18446744073709551616"]).prop_map(str::to_string),
    ];
    let coding = prop_oneof![
        4 => "[ \t]?[Cc]hunked[ \t]?",
        2 => select(vec!["CHUNKED", "gzip", "gzip, chunked", "chunked, chunked", "chunked;x", "xchunked", "\u{b}chunked", ""])
            .prop_map(str::to_string),
    ];
    let encoding =
        select(vec!["identity", "IDENTITY", "", "gzip", "identity, br", "identity;q=1"]).prop_map(str::to_string);
    let name = prop_oneof!["[A-Za-z -]{0,12}", "(Content-Length|Transfer-Encoding|Content-Encoding) ?"];
    prop_oneof![
        4 => ("[Cc]ontent-[Ll]ength", length.prop_map(String::into_bytes)),
        4 => ("[Tt]ransfer-[Ee]ncoding", coding.prop_map(String::into_bytes)),
        2 => ("[Cc]ontent-[Ee]ncoding", encoding.prop_map(String::into_bytes)),
        2 => ("[Xx]-[Hh]ub-[Ss]ignature-256", header_value()),
        2 => (name, bytes(30)),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_head_is_read_as_http_says(
        method in select(vec!["POST", "POST", "POST", "GET", "post", ""]), target in target(), fields in vec(field(), 0..4),
    ) {
        let fields: Vec<(String, &[u8])> = fields.iter().map(|(name, value)| (name.clone(), &value[..])).collect();
        head::check_head(method, &target, &fields);
    }
}
