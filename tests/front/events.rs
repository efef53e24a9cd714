//! The events that come out.

use crate::support::receiver::{setup, start};
use crate::support::request::{Post, signed, signed_with};
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[test]
fn an_event_has_an_id_a_source_a_type_a_delivery_id_a_time_and_its_payload() {
    let receiver = start();
    let id = "72d3162e-cc78-11e3-81ab-4c9367dc0958";
    let event = receiver.accept(&signed("{}").header("X-GitHub-Event", "push").header("X-GitHub-Delivery", id));
    assert!(event.text("id").is_some_and(|id| !id.is_empty()), "{}", event.line);
    assert_eq!(event.text("source").as_deref(), Some("github"));
    assert_eq!(event.text("type").as_deref(), Some("push"));
    assert_eq!(event.text("delivery_id").as_deref(), Some(id));
    assert_eq!(event.payload(), "{}");
    assert!(!event.has("payload_base64"));
}

#[test]
fn the_type_is_the_headers_and_else_the_bodys_event_type() {
    let receiver = start();
    let event_type = |post: &Post| receiver.accept(post).text("type");
    let named = r#"{"event_type":"from the body"}"#;
    assert_eq!(event_type(&signed(named).header("X-GitHub-Event", "push")).as_deref(), Some("push"));
    assert_eq!(event_type(&signed("{}").header("x-github-event", "issues")).as_deref(), Some("issues"));
    assert_eq!(event_type(&signed(named)).as_deref(), Some("from the body"));
    assert_eq!(event_type(&signed(r#"{"event_type":"pu\"sh\n\u00e9"}"#)).as_deref(), Some("pu\"sh\né"));
    for nowhere in ["{}", "[]", "1", r#"{"a":{"event_type":"deeper"}}"#, r#"["event_type"]"#] {
        assert_eq!(event_type(&signed(nowhere)), None, "{nowhere}");
    }
}

#[test]
fn a_delivery_without_an_id_has_none() {
    assert_eq!(start().accept(&signed("{}")).text("delivery_id"), None);
}

#[test]
fn what_a_header_says_stays_in_its_string() {
    let receiver = start();
    let nasty = r#"x","id":"forged"}{"\"#;
    let event = receiver.accept(&signed("{}").header("X-GitHub-Event", nasty).header("X-GitHub-Delivery", nasty));
    assert_eq!(event.text("type").as_deref(), Some(nasty));
    assert_eq!(event.text("delivery_id").as_deref(), Some(nasty));
    assert_ne!(event.text("id").as_deref(), Some("forged"));
}

#[test]
fn received_at_is_the_time_of_now_in_rfc_3339() {
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let before = now().saturating_sub(Duration::from_secs(1));
    let event = start().accept(&signed("{}"));
    let after = now() + Duration::from_secs(1);
    let at = unix_time(&event.text("received_at").unwrap());
    assert!(before <= at && at <= after, "{}", event.line);
}

/// `2026-01-31T23:59:59.123Z` as time since 1970, day by day.
fn unix_time(text: &str) -> Duration {
    let bytes = text.as_bytes();
    assert!(bytes.len() >= 20 && bytes[10] == b'T' && text.ends_with('Z'), "{text}");
    assert!([4, 7].iter().all(|at| bytes[*at] == b'-') && [13, 16].iter().all(|at| bytes[*at] == b':'), "{text}");
    let number = |from: usize, to: usize| text[from..to].parse::<u64>().unwrap_or_else(|_| panic!("{text}"));
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_of = |year: u64, month: u64| match month {
        2 => 28 + u64::from(leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let (year, month, day) = (number(0, 4), number(5, 7), number(8, 10));
    let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
    let months: u64 = (1..month).map(|month| days_of(year, month)).sum();
    let seconds = ((years + months + day - 1) * 24 + number(11, 13)) * 3600 + number(14, 16) * 60 + number(17, 19);
    let fraction: f64 = format!("0{}", text[19..].trim_end_matches('Z')).parse().unwrap_or_else(|_| panic!("{text}"));
    Duration::from_secs(seconds) + Duration::from_secs_f64(fraction)
}

#[test]
fn an_id_is_never_used_again_not_after_a_restart_nor_for_the_same_delivery() {
    let mut ids = BTreeSet::new();
    let again = signed("{}").header("X-GitHub-Delivery", "the same");
    for _ in 0..3 {
        let receiver = start();
        for _ in 0..20 {
            let id = receiver.accept(&again).text("id").unwrap();
            assert!(ids.insert(id.clone()), "{id} twice");
        }
    }
}

#[test]
fn events_come_out_in_the_order_of_their_answers() {
    let receiver = start();
    for number in 0..50 {
        receiver.send(&signed(number.to_string())).expect_success();
    }
    let payloads: Vec<_> = (0..50).map(|_| receiver.next_event().payload().to_string()).collect();
    assert_eq!(payloads, (0..50).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn a_closed_stdout_is_503_and_never_a_lost_200() {
    let mut receiver = setup().stdout_closed().start();
    for _ in 0..3 {
        let answer = receiver.send(&signed("{}"));
        assert_eq!(answer.status, 503, "{}", answer.text());
        let after = answer.header("Retry-After").unwrap_or_default();
        assert!(!after.is_empty() && after.bytes().all(|byte| byte.is_ascii_digit()), "{}", answer.text());
        receiver
            .send(&signed_with("another secret of 16+", "{}"))
            .expect_refusal(401, "Signature mismatch - unauthorized");
    }
    assert!(receiver.is_running());
}

#[test]
fn whatever_was_answered_200_was_printed_even_where_the_receiver_is_killed() {
    for _ in 0..3 {
        let mut receiver = start();
        let answered = receiver.answered_until(10, |receiver| receiver.signal("KILL"));
        let printed: BTreeSet<_> = receiver.wait().1.iter().filter_map(|event| event.text("delivery_id")).collect();
        let lost: Vec<_> = answered.difference(&printed).collect();
        assert!(lost.is_empty() && answered.len() >= 10, "{lost:?} of {} answered", answered.len());
    }
}
