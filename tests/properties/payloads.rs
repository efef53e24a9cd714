//! JSON, and forms that hold it.

use super::*;

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
