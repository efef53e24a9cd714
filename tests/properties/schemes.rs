//! Schemes and their headers, scheme files, the configuration, and whom a receiver believes about addresses.

use super::*;

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
