//! Signatures that are over something else than the bytes of the body: forms, tokens, and those in the body.

use super::*;

/// A form, or a query: fields of few names, some of them escaped, some badly.
fn fields() -> impl Strategy<Value = String> {
    let name = select(vec!["a", "b", "A", "%61", "a+b", "body%53HA256", "bodySHA256", "", "%", "ab"]);
    let value =
        prop_oneof![4 => "=[a-c+]{0,3}", 2 => "=(%[0-9a-fA-F]{2}){0,3}", 1 => "=[%=a&]{0,3}", 1 => Just(String::new())];
    vec((name, value).prop_map(|(name, value)| format!("{name}{value}")), 0..6).prop_map(|fields| fields.join("&"))
}

/// Claims as MessageBird's, nearly so, or another object.
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 2 * ProptestConfig::default().cases, ..config() })]

    #[test]
    fn a_signature_in_the_body_is_read_as_a_tree_of_it_says(body in sealed_body()) {
        for name in checks::in_body::NAMES {
            checks::in_body::check_body(&preset(name).unwrap(), body.as_bytes());
        }
    }
}
