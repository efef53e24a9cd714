//! What holds for any bytes: nothing panics, and what nobody signed is called nothing that a signature would have to prove.

use super::delivery::{Delivery, NOW};
use hookgate::explain::{Cause, Reach};
use hookgate::verify::names;
use hookgate::{Scheme, UnixTime, preset};
use proptest::prelude::*;
use proptest::sample::select;

/// Bodies that come near to what is parsed.
fn body() -> impl Strategy<Value = Vec<u8>> {
    let json = r#"[\[\]{}:,"\\/u0-9a-fë \n<&]{0,40}"#;
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..60),
        json.prop_map(String::into_bytes),
        r#"\{"[a-c/]{1,3}":("(\\u00e9|\\/|ë|\\ud83d)*"|\[1, ?2\]),? ?"z":0\}"#.prop_map(String::into_bytes),
        "[a=&%2Ff+ë]{0,40}".prop_map(String::into_bytes),
        proptest::collection::vec(any::<u8>(), 0..60)
            .prop_map(|rest| [b"\x1f\x8b\x08\x00\0\0\0\0\0\0", &rest[..]].concat()),
    ]
}

/// The presets that `are` these.
fn those(are: impl Fn(&Scheme) -> bool) -> Vec<&'static str> {
    names().filter(|name| are(&preset(name).unwrap())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn what_nobody_signed_is_unknown_whatever_it_is(
        name in select(those(Scheme::covers_body)), body in body(),
    ) {
        let given = Delivery::of(&preset(name).unwrap()).with_body(body);
        let cause = given.cause(Reach::Everything);
        let is_malformed = given.scheme.signs_form() && cause.as_ref().is_some_and(|cause| cause.name() == "parameters-malformed");
        prop_assert!(is_malformed || cause == Some(Cause::Unknown { all_tried: true }), "{:?}", cause);
    }

    #[test]
    fn any_head_has_a_cause_that_no_signature_had_to_prove(
        name in select(those(|scheme| scheme.signature_in_body.is_none())), value in "[ -~ë]{0,80}", time in "[0-9.:TZ+-]{0,24}",
        now in any::<i64>(), body in body(),
    ) {
        let right = Delivery::of(&preset(name).unwrap());
        let timed = right.clone().with_time(|_| time.clone()).unwrap_or(right);
        let mut given = timed.with_value(|_| value).with_body(body);
        given.now = UnixTime::from_ms(now);
        let cause = given.cause(Reach::Everything);
        let by_look = ["signature-prefix-missing", "timestamp-unit", "signature-malformed", "signature-header-missing",
            "signature-header-repeated", "timestamp-missing", "timestamp-malformed", "id-missing", "id-malformed",
            "required-header", "too-many-signatures", "parameters-malformed", "unknown"];
        prop_assert!(cause.as_ref().is_some_and(|cause| by_look.contains(&cause.name())), "{cause:?}");
    }

    #[test]
    fn any_body_without_its_signature_has_a_cause_that_no_signature_had_to_prove(
        name in select(those(|scheme| scheme.signature_in_body.is_some())), body in body(),
    ) {
        let cause = Delivery::of(&preset(name).unwrap()).with_body(body).cause(Reach::Everything);
        let by_look = ["body-unreadable", "signature-header-missing"];
        prop_assert!(cause.as_ref().is_some_and(|cause| by_look.contains(&cause.name())), "{cause:?}");
    }
}

#[test]
fn what_is_valid_has_no_cause() {
    for name in names() {
        let given = Delivery::of(&preset(name).unwrap());
        assert_eq!(given.now, NOW);
        assert_eq!((given.cause(Reach::Everything), given.cause(Reach::WithoutParsing)), (None, None), "{name}");
    }
}
