//! Each provider whose signature, or token, stands in the body.

use super::*;
use crate::request::{Head, Request};
use crate::time::UnixTime;
use crate::verify::{Coverage, Place, Secret, Signer, Verifier, VerifierError, check, preset};

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const HEX: &str = "DFB1EB5485895CFA84146406857104ABB4CBCABDC8AAF103A624C8F6A3EAAB00";

/// What Adyen's library signs in its own test (src/__tests__/hmacValidator.spec.ts).
const ADYEN: &str = concat!(
    r#"{"live":"false","notificationItems":[{"NotificationRequestItem":{"pspReference":"pspReference","#,
    r#""originalReference":"originalReference","merchantAccountCode":"merchantAccount","#,
    r#""merchantReference":"reference","amount":{"currency":"EUR","value":1000},"eventCode":"EVENT","success":"true","#,
    r#""additionalData":{"hmacSignature":"ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc="}}}]}"#
);

fn secret(text: &str) -> Secret {
    Secret::new(text.as_bytes().to_vec()).unwrap()
}

fn verifier(name: &str, held: &str) -> Verifier {
    let secrets = [("one".to_string(), secret(held))];
    Verifier::accepting_uncovered_body(preset(name).unwrap(), secrets, None).unwrap()
}

/// The verdict on `body`, and what a replay of it is known by.
fn judged(name: &str, held: &str, body: &str) -> Result<Option<Vec<u8>>, Refusal> {
    let verifier = verifier(name, held);
    let request = Request { head: Head { method: "POST", target: "/", headers: &[] }, body: body.as_bytes() };
    let verified = verifier.verify(&request, NOW)?;
    verified.judge_body_timestamp(Some(body), NOW)?;
    Ok(verified.replay_key(Some(body)))
}

fn verdict(name: &str, held: &str, body: &str) -> Result<(), Refusal> {
    judged(name, held, body).map(drop)
}

#[test]
fn adyens_own_notification_verifies_and_with_any_signed_field_changed_does_not() {
    assert_eq!(verdict("adyen", HEX, ADYEN), Ok(()));
    let mismatch = Err(Refusal::SignatureMismatch);
    for (from, to) in [
        ("\"pspReference\":\"pspR", "\"pspReference\":\"PspR"),
        ("\"originalReference\":\"o", "\"originalReference\":\"O"),
        ("merchantAccount\"", "merchantAccount2\""),
        (":\"reference\"", ":\"reference2\""),
        ("1000", "1001"),
        ("EUR", "USD"),
        ("EVENT", "OTHER"),
        ("\"success\":\"true\"", "\"success\":\"false\""),
        ("\"success\":\"true\",", ""),
        ("ipnx", "Ipnx"),
    ] {
        assert!(ADYEN.contains(from), "{from}");
        assert_eq!(verdict("adyen", HEX, &ADYEN.replacen(from, to, 1)), mismatch, "{from}");
    }
    assert_eq!(verdict("adyen", &HEX.replace('D', "E"), ADYEN), mismatch);
    // What is written otherwise, or is not signed, is the same.
    for (from, to) in [
        ("1000", " 1000 "),
        ("EVENT", "\\u0045VENT"),
        ("\"success\":\"true\"", "\"success\":true"),
        ("\"live\":\"false\"", "\"live\":\"true\""),
        ("\"pspReference\":", "\"psp\\u0052eference\":"),
    ] {
        assert!(ADYEN.contains(from), "{from}");
        assert_eq!(verdict("adyen", HEX, &ADYEN.replacen(from, to, 1)), Ok(()), "{from}");
    }
}

#[test]
fn every_notification_of_adyens_has_to_be_right() {
    let item = ADYEN.split_once('[').unwrap().1.strip_suffix("]}").unwrap();
    let of = |items: &[&str]| format!("{{\"notificationItems\":[{}]}}", items.join(","));
    let forged = item.replace("1000", "9999");
    assert_eq!(verdict("adyen", HEX, &of(&[item, item])), Ok(()));
    for items in [&[item, &forged][..], &[&forged, item], &[&forged], &[item, item, &forged]] {
        assert_eq!(verdict("adyen", HEX, &of(items)), Err(Refusal::SignatureMismatch));
    }
    for items in [&[item, "{}"][..], &[item, "1"], &["null"], &[]] {
        assert_eq!(verdict("adyen", HEX, &of(items)), Err(Refusal::MissingSignature), "{items:?}");
    }
    // What is signed several times is another delivery than what is signed once, and each order is one.
    let key = |items: &[&str]| judged("adyen", HEX, &of(items)).unwrap().unwrap();
    assert_eq!(key(&[item]), key(&[item]));
    assert_ne!(key(&[item]), key(&[item, item]));
    assert_ne!(key(&[item, item]), key(&[item, item, item]));
}

#[test]
fn a_body_that_two_readers_could_read_differently_is_refused() {
    let item = ADYEN.split_once('[').unwrap().1.strip_suffix("]}").unwrap();
    let repeated = Err(Refusal::RepeatedSignature);
    for body in [
        format!("{{\"notificationItems\":[{item}],\"notificationItems\":[]}}"),
        format!("{{\"notificationItems\":[{item}],\"NotificationItems\":[]}}"),
        format!("{{\"notificationItems\":[{item}],\"notification\\u0049tems\":[]}}"),
        ADYEN.replace("\"currency\"", "\"value\":1,\"currency\""),
        ADYEN.replace("\"eventCode\"", "\"eventCode\":\"X\",\"eventCode\""),
        ADYEN.replace("\"hmacSignature\"", "\"hmacSignature\":\"\",\"hmacSignature\""),
        ADYEN.replace("{\"NotificationRequestItem\":", "{\"NotificationRequestItem\":{},\"NotificationRequestItem\":"),
    ] {
        assert_eq!(verdict("adyen", HEX, &body), repeated, "{body}");
    }
    // Names that are not looked for are nobody's business before the signature.
    let other = ADYEN.replace("\"live\"", "\"x\":1,\"x\":2,\"live\"");
    assert_eq!(verdict("adyen", HEX, &other), Ok(()));
    let malformed = Err(Refusal::MalformedSignature);
    for (from, to) in [("1000", "[1000]"), ("\"EVENT\"", "{}"), ("\"EVENT\"", "\"\\ud800\"")] {
        assert_eq!(verdict("adyen", HEX, &ADYEN.replace(from, to)), malformed, "{to}");
    }
    for signature in ["\"\"", "1", "null", "[]", "\"\\ud800\""] {
        let body = ADYEN.replace("\"ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc=\"", signature);
        assert_eq!(verdict("adyen", HEX, &body), malformed, "{signature}");
    }
}

#[test]
fn what_is_read_is_bounded_in_length_and_depth() {
    let padded = |bytes: usize| format!("{}{}", ADYEN, " ".repeat(bytes - ADYEN.len()));
    assert_eq!(verdict("adyen", HEX, &padded(IN_BODY_LIMIT_BYTES)), Ok(()));
    let limit_bytes = IN_BODY_LIMIT_BYTES as u64;
    assert_eq!(verdict("adyen", HEX, &padded(IN_BODY_LIMIT_BYTES + 1)), Err(Refusal::BodyTooLong { limit_bytes }));
    let nested = |depth: usize| ADYEN.replace("\"false\"", &("[".repeat(depth) + &"]".repeat(depth)));
    assert_eq!(verdict("adyen", HEX, &nested(126)), Ok(()));
    let too_deep = Err(Refusal::InvalidJson(json::NotJson::Depth { limit: 127 }));
    assert_eq!(verdict("adyen", HEX, &nested(127)), too_deep);
    let broken = Err(Refusal::InvalidJson(json::NotJson::Grammar { line: 1, column: 2 }));
    assert_eq!(verdict("adyen", HEX, "{]"), broken);
}

/// A delivery of Mailgun's with this in its `signature`, behind what is signed.
fn mailgun(time: &str, token: &str, more: &str) -> String {
    let signer = Signer::new(&preset("github").unwrap(), &secret("key-of-mailgun")).unwrap();
    let mac = signer.sign(format!("{time}{token}").as_bytes(), NOW).unwrap().remove(0).1.split_off("sha256=".len());
    format!(
        r#"{{"signature":{{"timestamp":"{time}","token":"{token}","signature":"{mac}"{more}}},"event-data":{{"event":"opened"}}}}"#
    )
}

#[test]
fn mailguns_time_is_bounded_both_ways_and_its_token_is_what_a_replay_is_known_by() {
    let of = |time: i64| verdict("mailgun", "key-of-mailgun", &mailgun(&time.to_string(), "e0b54771", ""));
    let now = NOW.as_ms() / 1000;
    assert_eq!((of(now), of(now - 3600), of(now + 300)), (Ok(()), Ok(()), Ok(())));
    assert_eq!(of(now - 3601), Err(Refusal::Stale { age_s: 3601, limit_s: 3600 }));
    assert_eq!(of(now + 301), Err(Refusal::FromTheFuture { ahead_s: 301, limit_s: 300 }));
    let key = |body: &str| judged("mailgun", "key-of-mailgun", body);
    let right = mailgun("1700000000", "e0b54771", "");
    assert_eq!(key(&right), Ok(Some(b"je0b54771".to_vec())));
    // The body is not covered, and what is put beside the token makes no other delivery of it.
    assert_eq!(key(&right.replace("opened", "failed")), Ok(Some(b"je0b54771".to_vec())));
    let beside = mailgun("1700000000", "e0b54771", r#","\ud800":1,"x":1,"x":2"#);
    assert_eq!(key(&beside), Ok(Some(b"je0b54771".to_vec())));
    // Where the two meet nothing parts them: another cut is another time.
    let cut = right.replace(r#""1700000000","token":"e0"#, r#""1700000000e","token":"0"#);
    assert_eq!(key(&cut), Err(Refusal::MalformedTimestamp));
    let digits = mailgun("1700000000", "12345", "");
    let cut = digits.replace(r#""1700000000","token":"1"#, r#""17000000001","token":""#);
    assert!(matches!(key(&cut), Err(Refusal::FromTheFuture { .. })));
    let without = mailgun("1700000000e0b54771", "", "").replace(r#""token":"","#, "");
    assert_eq!(key(&without), Err(Refusal::MalformedTimestamp));
    for (from, to, refusal) in [
        ("\"token\":\"e0", "\"token\":\"f0", Refusal::SignatureMismatch),
        ("1700000000", "1700000001", Refusal::SignatureMismatch),
        ("\"signature\":{", "\"signatures\":{", Refusal::MissingSignature),
        ("\"timestamp\"", "\"Timestamp\":1,\"timestamp\"", Refusal::RepeatedSignature),
    ] {
        assert_eq!(key(&right.replace(from, to)), Err(refusal), "{to}");
    }
}

#[test]
fn a_passcode_is_compared_whole() {
    let of = |passcode: &str| {
        verdict("figma", "a passcode \"é\"", &format!(r#"{{"event_type":"PING","passcode":{passcode}}}"#))
    };
    assert_eq!(of(r#""a passcode \"é\"""#), Ok(()));
    assert_eq!(of(r#""a p\u0061sscode \"\u00e9\"""#), Ok(()), "written otherwise, and the same text");
    for other in [r#""a passcode \"é\" ""#, r#""a passcode""#, r#""A passcode \"é\"""#, "\"x\""] {
        assert_eq!(of(other), Err(Refusal::SignatureMismatch), "{other}");
    }
    for malformed in ["\"\"", "null", "1", "true", "{}"] {
        assert_eq!(of(malformed), Err(Refusal::MalformedSignature), "{malformed}");
    }
    assert_eq!(verdict("figma", "x", r#"{"event_type":"PING"}"#), Err(Refusal::MissingSignature));
    assert_eq!(verdict("figma", "x", r#"{"passcode":"x","passcode":"y"}"#), Err(Refusal::RepeatedSignature));
    assert_eq!(verdict("figma", "x", r#"["passcode","x"]"#), Err(Refusal::MissingSignature));
    assert_eq!(judged("figma", "x", r#"{"passcode":"x"}"#), Ok(None), "nothing is signed");
}

#[test]
fn every_notification_of_microsoft_graphs_has_the_client_state() {
    let of = |items: &str| verdict("microsoft-graph", "state", &format!("{{\"value\":[{items}]}}"));
    let (right, wrong) = (r#"{"id":"1","clientState":"state"}"#, r#"{"clientState":"states"}"#);
    assert_eq!(of(right), Ok(()));
    assert_eq!(of(&format!("{right},{right}")), Ok(()));
    for items in [format!("{right},{wrong}"), format!("{wrong},{right}"), wrong.to_string()] {
        assert_eq!(of(&items), Err(Refusal::SignatureMismatch));
    }
    for items in [format!("{right},{{}}"), format!("{{}},{right}"), String::new(), format!("{right},[{right}]")] {
        assert_eq!(of(&items), Err(Refusal::MissingSignature), "{items}");
    }
    assert_eq!(
        verdict("microsoft-graph", "state", r#"{"value":{"clientState":"state"}}"#),
        Err(Refusal::MissingSignature)
    );
}

#[test]
fn one_secret_has_to_be_right_for_all() {
    let secrets = ["old", "new"].map(|text| (text.to_string(), secret(text)));
    let verifier = Verifier::accepting_uncovered_body(preset("microsoft-graph").unwrap(), secrets, None).unwrap();
    let label = |body: &str| {
        let request = Request { head: Head { method: "POST", target: "/", headers: &[] }, body: body.as_bytes() };
        verifier.verify(&request, NOW).map(|verified| verified.secret_label().to_string())
    };
    let of = |state: &str| format!(r#"{{"clientState":"{state}"}}"#);
    assert_eq!(label(&format!("{{\"value\":[{},{}]}}", of("new"), of("new"))), Ok("new".to_string()));
    assert_eq!(label(&format!("{{\"value\":[{},{}]}}", of("new"), of("old"))), Err(Refusal::SignatureMismatch));
}

#[test]
fn the_token_is_taken_out_of_what_is_shown_and_nothing_else_is_touched() {
    let redacted = |name: &str, json: &str| preset(name).unwrap().redacted(json).into_owned();
    assert_eq!(
        redacted("figma", r#"{ "a":1.0e0,"passcode" : "x\"y" ,"b":{"passcode":"kept"} }"#),
        r#"{ "a":1.0e0,"passcode" : "[redacted]" ,"b":{"passcode":"kept"} }"#
    );
    assert_eq!(
        redacted(
            "microsoft-graph",
            r#"{"value":[{"clientState":"x"}, {"id":1,"clientState":"x"}],"clientState":"kept"}"#
        ),
        r#"{"value":[{"clientState":"[redacted]"}, {"id":1,"clientState":"[redacted]"}],"clientState":"kept"}"#
    );
    for name in ["adyen", "mailgun", "github", "gitlab-token"] {
        assert_eq!(redacted(name, ADYEN), ADYEN, "{name}");
    }
    assert_eq!(preset("gitlab-token").unwrap().secret_places(), [SecretPlace::Header("X-Gitlab-Token")]);
    let (each, pointer) = (Some("/value"), "/clientState");
    assert_eq!(preset("microsoft-graph").unwrap().secret_places(), [SecretPlace::Json { each, pointer }]);
    assert_eq!(preset("mailgun").unwrap().secret_places(), []);
    assert_eq!(preset("asana").unwrap().secret_places(), [SecretPlace::Header("X-Hook-Secret")]);
}

#[test]
fn what_is_signed_verifies_and_else_stays_as_it_was() {
    let signed = |name: &str, held: &str, body: &str| {
        let signer = Signer::new(&preset(name).unwrap(), &secret(held)).unwrap().with_id("an-id");
        signer.deliver(body.as_bytes(), NOW).map(|(fields, body)| (fields.len(), String::from_utf8(body).unwrap()))
    };
    let unsigned = ADYEN.replace("ipnxGCaUZ4l8TUW75a71/ghd2Fe5ffvX0pV4TLTntIc=", "");
    assert_eq!(signed("adyen", HEX, &unsigned), Ok((0, ADYEN.to_string())));
    let figma = signed("figma", "a \"passcode\"", r#"{ "event_type": "PING" }"#);
    assert_eq!(figma, Ok((0, r#"{"passcode":"a \"passcode\"", "event_type": "PING" }"#.to_string())));
    let graph = signed("microsoft-graph", "state", r#"{"value":[{},{"id":1}]}"#);
    assert_eq!(graph, Ok((0, r#"{"value":[{"clientState":"state"},{"clientState":"state","id":1}]}"#.to_string())));
    let (_, mailgun) = signed("mailgun", "key-of-mailgun", r#"{"event-data":{}}"#).unwrap();
    assert_eq!(judged("mailgun", "key-of-mailgun", &mailgun), Ok(Some(b"jan-id".to_vec())));
    for (name, body) in [
        ("figma", "[]"),
        ("figma", "{"),
        ("figma", "1"),
        ("microsoft-graph", "{}"),
        ("adyen", r#"{"notificationItems":[]}"#),
    ] {
        assert_eq!(signed(name, HEX, body), Err(crate::verify::CannotSign::NoPlace), "{name} {body}");
    }
    let signer = Signer::new(&preset("figma").unwrap(), &secret("x")).unwrap();
    assert_eq!(signer.sign(b"{}", NOW), Err(crate::verify::CannotSign::InBody));
}

#[test]
fn how_much_of_the_body_is_covered_is_known_and_has_to_be_accepted() {
    let coverage = |name: &str| preset(name).unwrap().coverage();
    assert_eq!((coverage("github"), coverage("adyen")), (Coverage::Whole, Coverage::Fields));
    for name in ["mailgun", "figma", "microsoft-graph", "gitlab-token", "postmark"] {
        assert_eq!(coverage(name), Coverage::Nothing, "{name}");
        let made = Verifier::new(preset(name).unwrap(), [("one".to_string(), secret("user:password"))]);
        assert_eq!(made.map(drop), Err(VerifierError::UncoveredBody), "{name}");
    }
    assert!(Verifier::new(preset("adyen").unwrap(), [("one".to_string(), secret(HEX))]).is_ok());
}

#[test]
fn a_scheme_of_these_that_cannot_work_is_refused_by_its_field() {
    use crate::verify::{Encoding, Grammar, PayloadRule, ReplayRule, SecretForm};
    let (adyen, figma, token) = (preset("adyen").unwrap(), preset("figma").unwrap(), preset("gitlab-token").unwrap());
    let graph = preset("microsoft-graph").unwrap();
    let at = |each: Option<&str>, signature: &str| {
        Some(InBody { each: each.map(str::to_string), signature: signature.to_string() })
    };
    let json = |pointer: &str| vec![Piece::Json(pointer.to_string())];
    for (field, scheme) in [
        ("signature_headers", Scheme { signature_headers: vec!["X".into()], ..figma.clone() }),
        ("signature_in_body", Scheme { signature_in_body: at(None, "passcode"), ..figma.clone() }),
        ("signature_in_body", Scheme { signature_in_body: at(Some("value"), "/x"), ..figma.clone() }),
        ("template", Scheme { template: json("/x"), ..figma.clone() }),
        ("template", Scheme { template: json("x"), ..adyen.clone() }),
        ("template", Scheme { template: json("/a}"), ..adyen.clone() }),
        (
            "template",
            Scheme { template: json("/NotificationRequestItem/additionalData/hmacSignature"), ..adyen.clone() },
        ),
        ("template", Scheme { template: vec![Piece::Method], ..adyen.clone() }),
        ("template", Scheme { template: vec![], ..adyen.clone() }),
        ("template", Scheme { template: json("/x"), replay_key: ReplayRule::None, ..preset("github").unwrap() }),
        ("grammar", Scheme { grammar: Grammar::Prefix("x".into()), ..adyen.clone() }),
        ("require_headers", Scheme { require_headers: vec![("X".into(), "1".into())], ..adyen.clone() }),
        ("payload", Scheme { payload: PayloadRule::Any, ..figma.clone() }),
        // Of a list each item has its own: none is the body's.
        (
            "replay_key",
            Scheme { replay_key: ReplayRule::Json("/NotificationRequestItem/pspReference".into()), ..adyen },
        ),
        ("encoding", Scheme { encoding: Encoding::Base64, ..figma.clone() }),
        ("encoding", Scheme { encoding: Encoding::Hex, ..token.clone() }),
        ("encoding", Scheme { encoding: Encoding::Verbatim, ..preset("github").unwrap() }),
        ("template", Scheme { template: vec![Piece::Body], ..token.clone() }),
        ("secret", Scheme { secret_form: SecretForm::Hex, ..token.clone() }),
        ("replay_key", Scheme { replay_key: ReplayRule::Mac, ..token.clone() }),
        ("replay_key", Scheme { replay_key: ReplayRule::Json("/id".into()), ..token.clone() }),
        ("event_type", Scheme { event_type: vec![Place::from("x-gitlab-token")], ..token.clone() }),
        ("delivery_id", Scheme { delivery_id: vec![Place::from("/passcode")], ..figma }),
        ("event_type", Scheme { event_type: vec![Place::from("/value/7/clientState")], ..graph }),
    ] {
        assert_eq!(check(&scheme).map_err(|unusable| unusable.field), Err(field.to_string()), "{scheme:?}");
    }
    assert_eq!(check(&Scheme { grammar: Grammar::Prefix("Bearer ".into()), ..token }), Ok(()));
}
