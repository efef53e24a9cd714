//! Properties that hold for all inputs. They are the checks of the fuzz targets (`tests/checks/`), on inputs that come near to
//! what is right, and on every seed of the fuzzers.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests say what went wrong by panicking"
)]

mod checks;

use checks::{NOW, head, payload, preset as presets, scheme_header, signature_header, verifier};
use hookgate::verify::names;
use hookgate::{Head, Header, Refusal, Request, Secret, UnixTime, Verifier, preset, sign};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use std::path::Path;

/// A case that failed is not written to a file of proptest's: it becomes a vector or a seed, which every run replays.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

fn bytes(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..=longest)
}

/// A secret: short, of a block of the hash, one byte around it, or longer.
fn secret() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![4 => vec(any::<u8>(), 1..40), 1 => vec(any::<u8>(), 63..=65), 1 => vec(any::<u8>(), 1..200)]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_signed_verifies_and_with_any_bit_flipped_never_does(
        secret in secret(), body in bytes(300), bit in any::<usize>(),
    ) {
        verifier::check_delivery(&secret, &body, bit);
    }

    #[test]
    fn any_of_several_secrets_verifies_and_its_label_is_shown(
        secrets in vec(secret(), 1..6), which in any::<Index>(), stranger in secret(), body in bytes(100),
    ) {
        // The same secret twice would have two labels.
        let numbered: Vec<Vec<u8>> = (0_u8..).zip(&secrets).map(|(at, bytes)| [&[at], &bytes[..]].concat()).collect();
        let key = |bytes: &[u8]| Secret::new(bytes.to_vec()).unwrap();
        let labelled = numbered.iter().enumerate().map(|(at, bytes)| (at.to_string(), key(bytes)));
        let github = preset("github").unwrap();
        let verifier = Verifier::new(github.clone(), labelled).unwrap();
        let verdict = |secret: &[u8]| {
            let signature = sign(&github, &key(secret), &body).remove(0).1;
            let headers = [Header { name: "x-hub-signature-256", value: signature.as_bytes() }];
            let request = Request { head: Head { method: "POST", target: "/", headers: &headers }, body: &body };
            verifier.verify(&request, NOW).map(|verified| verified.secret_label().to_string())
        };
        let at = which.index(numbered.len());
        prop_assert_eq!(verdict(&numbered[at]), Ok(at.to_string()));
        prop_assert_eq!(verdict(&[&[0xff], &stranger[..]].concat()), Err(Refusal::SignatureMismatch));
    }
}

/// What a preset signs: any body, a key long enough for every form, an id of characters that ids have.
fn case() -> impl Strategy<Value = presets::Case> {
    let key = vec(any::<u8>(), 8..100);
    // In whole seconds: what a scheme's unit would cut off is not what is tested.
    (key, bytes(200), "[A-Za-z0-9_-]{1,40}", 0..4_000_000_000_i64).prop_map(|(key, body, id, now)| presets::Case {
        key,
        body,
        id,
        now: UnixTime::from_s(now),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..config() })]

    #[test]
    fn what_is_signed_for_any_preset_verifies_and_with_any_bit_flipped_never_does(case in case(), bit in any::<usize>()) {
        for name in names() {
            presets::check(&preset(name).unwrap(), &case, bit);
        }
    }
}

/// The base64 of two numbers in DER, or of nearly that.
fn two_numbers() -> impl Strategy<Value = String> {
    let number = || {
        let usual = prop_oneof![4 => vec(any::<u8>(), 30..=33), 1 => vec(any::<u8>(), 0..4), 1 => Just(vec![0xff; 32])];
        (usual, 0_u8..8).prop_map(|(mut number, how)| {
            if how < 6 && number.first().is_some_and(|first| *first >= 0x80) {
                number.insert(0, 0);
            }
            [&[2, u8::try_from(number.len()).unwrap()], &number[..]].concat()
        })
    };
    (number(), number(), prop_oneof![6 => Just(Vec::new()), 1 => vec(any::<u8>(), 1..3)]).prop_map(|(r, s, more)| {
        let inside = [r, s, more].concat();
        checks::keys::base64(&[&[0x30, u8::try_from(inside.len()).unwrap()], &inside[..]].concat())
    })
}

/// The value of a header that a scheme of [`scheme_header::scheme`] reads: right, nearly right, or anything.
fn scheme_value() -> impl Strategy<Value = String> {
    let signature = prop_oneof![
        4 => "[0-9a-fA-F]{64}",
        4 => "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=",
        1 => "[A-Za-z0-9+/]{43}=",
        2 => "[0-9a-fA-F]{128}",
        2 => "[A-Za-z0-9+/]{85}[AQgw]==",
        2 => two_numbers(),
        1 => "[0-9a-f]{63,65}",
        1 => "[ -~]{0,9}",
    ];
    let key = select(vec!["v1", "v2", "v0", "t", "V1", "", " v1", "v1 "]);
    let item = (key, select(vec!["=", ",", ""]), prop_oneof![3 => signature, 1 => "[0-9]{1,20}"])
        .prop_map(|(key, separator, value)| format!("{key}{separator}{value}"));
    let list = (vec(item, 1..5), select(vec![",", " ", ", ", "  ", ";"])).prop_map(|(items, by)| items.join(by));
    let right = prop_oneof![
        "t=[0-9]{1,12},v[12]=[0-9a-f]{64}(, ?v1=[0-9a-f]{64})?",
        "t=[0-9]{1,12},v[12]=[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=",
        "v[12],[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=( v1a?,[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=)?",
        "(v0=)?[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=",
        "(t=[0-9]{1,12},v1=|v1,|v0=)?([0-9a-f]{128}|[A-Za-z0-9+/]{85}[AQgw]==)",
        two_numbers().prop_map(|text| format!("v1,{text}")),
        two_numbers(),
    ];
    prop_oneof![
        4 => list,
        6 => right,
        2 => "(v0=)?[0-9a-f]{64}",
        1 => "[0-9]{1,20}",
        1 => "[ \t]?[A-Za-z0-9.]{0,6}[ \t]?",
        1 => Just("1".to_string()),
        1 => Just("v1=0,".repeat(20)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..config() })]

    #[test]
    fn a_head_is_read_as_any_schemes_grammar_says(
        form in any::<u8>(), more in any::<u8>(),
        signature in scheme_value(),
        fields in vec((select(vec!["S", "s", "Z", "T", "t", "I", "R", "SS", "O"]), scheme_value()), 0..6),
        usual in any::<bool>(),
    ) {
        let first = usual.then_some(("S", signature));
        let mut fields: Vec<(String, Vec<u8>)> =
            first.into_iter().chain(fields).map(|(name, value)| (name.to_string(), value.into_bytes())).collect();
        if usual {
            // What all may ask for is there, so that the signatures are come to.
            let others = fields.len().is_multiple_of(2);
            fields.retain(|(name, _)| !others || ["S", "Z"].contains(&name.as_str()));
            fields.extend([("T", "1700000000"), ("I", "id"), ("R", "1")].map(|(name, value)| (name.to_string(), value.into())));
        }
        scheme_header::check_fields(&scheme_header::scheme(form, more), &fields);
    }
}

#[cfg(feature = "providers")]
proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_preset_with_any_line_changed_is_refused_by_a_field_or_reads_back(
        name in select(names().collect::<Vec<_>>()), line in any::<Index>(), at in any::<Index>(),
        with in "[ -~]{0,3}", taken in 0_usize..4,
    ) {
        let text = preset(name).unwrap().to_toml();
        let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
        let line = line.index(lines.len());
        let mut characters: Vec<char> = lines[line].chars().collect();
        let at = at.index(characters.len());
        let end = (at + taken).min(characters.len());
        characters.splice(at..end, with.chars());
        lines[line] = characters.into_iter().collect();
        checks::scheme_file::check_bytes(lines.join("\n").as_bytes());
    }
}

#[cfg(feature = "config")]
proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_configuration_with_any_piece_changed_is_refused_by_a_line_or_can_be_served_by(
        seed in any::<Index>(), at in any::<Index>(), with in "[ -~\n]{0,6}", taken in 0_usize..8,
    ) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds/config");
        let mut seeds: Vec<_> = folder.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        let mut text: Vec<char> = std::fs::read_to_string(&seeds[seed.index(seeds.len())]).unwrap().chars().collect();
        let at = at.index(text.len() + 1);
        let end = (at + taken).min(text.len());
        text.splice(at..end, with.chars());
        checks::config::check_bytes(text.into_iter().collect::<String>().as_bytes());
    }

    #[test]
    fn a_pattern_matches_what_a_table_of_all_prefixes_says(pattern in "[ab*é]{0,8}", text in "[abé]{0,12}") {
        checks::filter::check_bytes(format!("{pattern}\n{text}").as_bytes());
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn nobody_who_is_not_trusted_says_who_he_is(value in "([0-9.:, \"\\\\;=\n]|for=|10\\.0\\.0\\.1|192\\.0\\.2\\.1|unknown){0,12}") {
        checks::client_address::check_bytes(value.as_bytes());
    }
}

/// A form, or a query: fields of few names, some of them escaped, some badly.
#[cfg(feature = "providers")]
fn fields() -> impl Strategy<Value = String> {
    let name = select(vec!["a", "b", "A", "%61", "a+b", "body%53HA256", "bodySHA256", "", "%", "ab"]);
    let value =
        prop_oneof![4 => "=[a-c+]{0,3}", 2 => "=(%[0-9a-fA-F]{2}){0,3}", 1 => "=[%=a&]{0,3}", 1 => Just(String::new())];
    vec((name, value).prop_map(|(name, value)| format!("{name}{value}")), 0..6).prop_map(|fields| fields.join("&"))
}

/// Claims as MessageBird's, nearly so, or another object.
#[cfg(feature = "providers")]
fn claims() -> impl Strategy<Value = String> {
    let name = select(vec!["iss", "nbf", "exp", "jti", "url_hash", "payload_hash", "iat", "n\\u0062f"]);
    let value = prop_oneof![
        2 => select(vec!["\"MessageBird\"", "\"URL\"", "\"BODY\"", "null", "true", "[]", "{\"nbf\":1}", "\"1700000000\""])
            .prop_map(str::to_string),
        2 => (1_699_999_900_i64..1_700_000_100).prop_map(|s| s.to_string()),
        1 => "-?[0-9]{1,20}(\\.[0-9]{1,3})?(e[0-9]{1,2})?",
    ];
    let right = r#""iss":"MessageBird","nbf":1700000000,"exp":1700000060,"url_hash":"URL""#;
    let more = vec((name, value).prop_map(|(name, value)| format!("\"{name}\":{value}")), 0..3);
    let hash = select(vec!["", r#","payload_hash":"BODY""#]);
    let without =
        option::weighted(0.3, select(vec!["iss", "nbf", "exp", "url_hash", "1700000000", "URL", "MessageBird"]));
    (hash, more, without, select(vec!["{", "", "["])).prop_map(move |(hash, more, without, start)| {
        let members: Vec<String> = std::iter::once(format!("{right}{hash}")).chain(more).collect();
        let text = members.join(",");
        let text = without
            .map_or(text.clone(), |word| text.replacen(word, if word == "1700000000" { "1700000002" } else { "x" }, 1));
        format!("{}{text}}}", if start == "[" { "[" } else { "{" })
    })
}

/// A body that comes near to one with a signature in it.
#[cfg(feature = "providers")]
fn sealed_body() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        6 => select(vec!["clientState", "passcode", "signature", "token", "timestamp", "hmacSignature", "pspReference"]),
        1 => select(vec!["ClientState", "Passcode", "p\\u0061sscode", "\\ud800", "x", "Token", "eventCode", "success"]),
    ];
    let value = prop_oneof![
        4 => Just("\"SIGNATURE\"".to_string()),
        1 => "\"[0-9a-f]{0,8}\"",
        1 => select(vec!["null", "1.0e0", "true", "{}", "[\"SIGNATURE\"]", "\"\"", "\"\\ud800\"", "\"\\u00e9\""])
            .prop_map(str::to_string),
    ];
    let members = vec((name, value, "[ \n]{0,1}"), 0..4).prop_map(|members| {
        members
            .iter()
            .map(|(name, value, space)| format!("\"{name}\"{space}:{space}{value}"))
            .collect::<Vec<_>>()
            .join(",")
    });
    let wrapped = (
        members.clone(),
        members.clone(),
        select(vec![
            "{A}",
            "{\"signature\":{A},\"event-data\":{B}}",
            "{\"signature\":{A},\"Signature\":{B}}",
            "{\"value\":[{A}]}",
            "{\"value\":[{A},{B}]}",
            "{\"value\":[{A}],\"value\":[{B}]}",
            "{\"notificationItems\":[{\"NotificationRequestItem\":{\"additionalData\":{A},\"eventCode\":\"X\"}}]}",
            "{\"notificationItems\":[{\"NotificationRequestItem\":{\"additionalData\":{A},\"amount\":{B}}},{B}]}",
            "[{A},{B}]",
            "{A}{B}",
        ]),
    );
    wrapped.prop_map(|(one, other, form)| {
        form.replace("{A}", &format!("{{{one}}}")).replace("{B}", &format!("{{{other}}}"))
    })
}

#[cfg(feature = "providers")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 4 * ProptestConfig::default().cases, ..config() })]

    #[test]
    fn a_form_is_signed_as_its_definition_says(is_twilio in any::<bool>(), query in fields(), form in fields()) {
        checks::form::check(is_twilio, &query, form.as_bytes());
    }

    #[test]
    fn any_bytes_are_a_form_that_is_judged(is_twilio in any::<bool>(), form in bytes(60)) {
        checks::form::check(is_twilio, "a=1", &form);
    }

    #[test]
    fn a_token_is_judged_as_its_definition_says(
        header in select(vec![
            r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"alg":"HS256"}"#, r#"{"alg":"none"}"#, r#"{"alg":"HS512"}"#, r#"{"alg":"RS256"}"#,
            r#"{"alg":"HS256","crit":["b64"],"b64":false}"#, r#"{"alg":"HS256","b64":true}"#, r#"{"alg":"hs256"}"#, "{}", "[]", "",
            r#"{"alg":"HS256","alg":"none"}"#, r#"{"alg":"none","alg":"HS256"}"#, r#"{"alg":"HS256","kid":"../../dev/null"}"#,
            r#"{"alg":"HS256","jwk":{"kty":"oct","k":"AA"}}"#, r#"{"alg":"HS256","jku":"https://evil.example/keys"}"#,
        ]),
        claims in claims(), body in "[a-z]{0,2}",
    ) {
        checks::jwt::check_bytes(format!("{header}\n{claims}\n{body}").as_bytes());
    }
}

#[cfg(feature = "providers")]
proptest! {
    #![proptest_config(ProptestConfig { cases: 2 * ProptestConfig::default().cases, ..config() })]

    #[test]
    fn a_signature_in_the_body_is_read_as_a_tree_of_it_says(body in sealed_body()) {
        for name in checks::in_body::NAMES {
            checks::in_body::check_body(&preset(name).unwrap(), body.as_bytes());
        }
    }
}

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

/// JSON text with white space between its tokens, of a few levels.
fn json() -> impl Strategy<Value = String> {
    let space = || "[ \t\r\n]{0,2}";
    let string = || {
        let part = prop_oneof![
            6 => "[a-z/~{}\\[\\],: ]{0,6}",
            2 => "[~/01]{1,3}",
            1 => "[^\\pC\"\\\\]{0,3}",
            1 => "\\\\u[0-9a-fA-F]{4}",
            1 => "\\\\ud83d\\\\ude0[0-9a-f]",
            1 => "\\\\[\"\\\\/bfnrt]",
        ];
        vec(part, 0..4).prop_map(|parts| format!("\"{}\"", parts.concat()))
    };
    let number = "-?(0|[1-9][0-9]{0,25})(\\.[0-9]{1,5})?([eE][+-]?[0-9]{1,4})?";
    let leaf = prop_oneof![select(vec!["null", "true", "false"]).prop_map(str::to_string), number, string()];
    let list = |items: Vec<String>, space: &str| items.join(&format!(",{space}"));
    leaf.prop_recursive(5, 60, 5, move |inner| {
        let member =
            (string(), space(), inner.clone()).prop_map(|(name, space, json)| format!("{name}{space}:{space}{json}"));
        prop_oneof![
            (vec(inner, 0..5), space())
                .prop_map(move |(items, space)| format!("[{space}{}{space}]", list(items, &space))),
            (vec(member, 0..5), space())
                .prop_map(move |(items, space)| format!("{{{space}{}{space}}}", list(items, &space))),
        ]
    })
}

/// JSON with one byte changed, taken out or put in.
fn near_json() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![3 => select(b"{}[],:\"\\ \n0-.eEu+x".to_vec()), 1 => any::<u8>()];
    (json(), any::<Index>(), byte, 0..3).prop_map(|(json, at, byte, how)| {
        let mut json = json.into_bytes();
        let at = at.index(json.len());
        match how {
            0 => json[at] = byte,
            1 => drop(json.remove(at)),
            _ => json.insert(at, byte),
        }
        json
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn json_keeps_its_tokens_whatever_its_spacing(json in json()) {
        prop_assert_eq!(hookgate::json::check(json.as_bytes()), Ok(json.as_str()));
        payload::check_json(json.as_bytes());
    }

    #[test]
    fn what_is_nearly_json_is_judged_as_the_grammar_says(bytes in near_json()) {
        payload::check_json(&bytes);
    }

    #[test]
    fn nesting_is_counted_to_its_limit(
        opening in select(vec!["[", "{\"a\":", "[[],", "[\"]\",", " [ "]), depth in 120_usize..135, inner in json(),
    ) {
        let closing = if opening.starts_with('{') { "}" } else { "]" };
        let json = opening.repeat(depth) + &inner + &closing.repeat(depth);
        payload::check_json(json.as_bytes());
    }

    #[test]
    fn a_forms_fields_are_decoded_or_refused(
        form in vec(("(payload|p%61yload|a|b\\+|%zz|)", "=?", "([a-z+ ]|%[0-9a-fA-F]{2}|%[0-9g]{0,2}){0,6}"), 0..5),
    ) {
        let pairs: Vec<String> = form.into_iter().map(|(name, sign, value)| name + &sign + &value).collect();
        payload::check_form(pairs.join("&").as_bytes());
    }

    #[test]
    fn the_json_of_a_form_is_the_json_that_was_encoded(json in json()) {
        let encoded: String = json.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let form = format!("payload={encoded}&a=%zz");
        prop_assert_eq!(hookgate::payload::form_field(form.as_bytes(), "payload"), Some(json.into_bytes()));
        payload::check_body(form.as_bytes());
    }

    #[test]
    fn any_bytes_are_a_body_that_is_judged(body in bytes(60)) {
        payload::check(&body);
    }
}

#[test]
fn every_seed_of_the_fuzz_targets_still_holds() {
    type Check = fn(&[u8]);
    let targets: &[(&str, Check)] = &[
        ("client_address", checks::client_address::check_bytes),
        #[cfg(feature = "config")]
        ("config", checks::config::check_bytes),
        #[cfg(feature = "config")]
        ("filter", checks::filter::check_bytes),
        #[cfg(feature = "providers")]
        ("in_body", checks::in_body::check_bytes),
        #[cfg(feature = "providers")]
        ("scheme_file", checks::scheme_file::check_bytes),
        #[cfg(feature = "providers")]
        ("form", checks::form::check_bytes),
        #[cfg(feature = "providers")]
        ("jwt", checks::jwt::check_bytes),
        ("scheme_header", scheme_header::check_bytes),
        ("signature_header", signature_header::check),
        ("verifier", verifier::check),
        ("payload", payload::check),
        ("head", head::check),
    ];
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut folders: Vec<_> = seeds.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    folders.sort();
    // Those of http1 are replayed in tests/http1.rs and tests/http1_references.rs, with the feature that it needs.
    folders.retain(|folder| !folder.to_string_lossy().starts_with("http1"));
    assert_eq!(
        folders,
        [
            "client_address",
            "config",
            "filter",
            "form",
            "head",
            "in_body",
            "jwt",
            "payload",
            "scheme_file",
            "scheme_header",
            "signature_header",
            "verifier"
        ],
        "a folder of seeds for each target"
    );
    for (target, check) in targets {
        let mut replayed = 0;
        for entry in seeds.join(target).read_dir().unwrap() {
            let path = entry.unwrap().path();
            println!("{}", path.display());
            check(&std::fs::read(&path).unwrap());
            replayed += 1;
        }
        assert!(replayed >= 10, "{target} has {replayed} seeds");
    }
}
