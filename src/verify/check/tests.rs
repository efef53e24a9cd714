use super::super::scheme::{SecretForm, Success, TimeUnit, Timestamp};
use super::super::{ContentType, preset};
use super::*;

fn github() -> Scheme {
    preset("github").unwrap()
}

fn field(scheme: &Scheme) -> String {
    check(scheme).map_or_else(|unusable| unusable.field, |()| String::new())
}

fn signed_at(place: TimestampPlace) -> Option<Timestamp> {
    let (past_s, future_s) = (Some(300), Some(300));
    Some(Timestamp { place, unit: TimeUnit::Seconds, past_s, future_s, accept_missing_timestamp: false })
}

#[test]
fn a_scheme_that_cannot_work_is_refused_by_its_field() {
    let header = |name: &str| TimestampPlace::Header(name.to_string());
    let pairs_of = |item_separator, signature_keys| Grammar::Pairs {
        item_separator,
        is_spaced: false,
        key_separator: '=',
        signature_keys,
    };
    let pairs = pairs_of(',', vec!["v1".into()]);
    let timed = vec![Piece::Timestamp, Piece::Body];
    let success = |status, body| Success { status, content_type: ContentType::Json, body };
    for (name, scheme) in [
        ("", github()),
        ("", Scheme { secret_form: SecretForm::Hex, ..github() }),
        ("name", Scheme { name: "Git Hub".into(), ..github() }),
        ("signature_headers", Scheme { signature_headers: vec![], ..github() }),
        ("signature_headers", Scheme { signature_headers: vec!["X Y".into()], ..github() }),
        ("signature_headers", Scheme { signature_headers: vec!["X-Y".into(), "x-y".into()], ..github() }),
        ("require_headers", Scheme { require_headers: vec![("X-Version".into(), " 1".into())], ..github() }),
        ("grammar", Scheme { grammar: Grammar::Prefix(String::new()), ..github() }),
        ("grammar", Scheme { grammar: pairs_of('=', vec!["v".into()]), ..github() }),
        ("grammar", Scheme { grammar: pairs_of(',', vec![]), ..github() }),
        ("timestamp", Scheme { template: timed.clone(), ..github() }),
        ("timestamp", Scheme { timestamp: signed_at(header("X-Time")), ..github() }),
        (
            "timestamp",
            Scheme { timestamp: signed_at(header("X-Hub-Signature-256")), template: timed.clone(), ..github() },
        ),
        (
            "timestamp",
            Scheme { timestamp: signed_at(TimestampPlace::Field("t".into())), template: timed.clone(), ..github() },
        ),
        (
            "timestamp",
            Scheme {
                timestamp: signed_at(TimestampPlace::Field("v1".into())),
                template: timed.clone(),
                grammar: pairs.clone(),
                ..github()
            },
        ),
        (
            "",
            Scheme {
                timestamp: signed_at(TimestampPlace::Field("t".into())),
                template: timed.clone(),
                grammar: pairs,
                ..github()
            },
        ),
        ("timestamp", Scheme { timestamp: signed_at(TimestampPlace::Json("t".into())), ..github() }),
        ("timestamp", Scheme { timestamp: signed_at(TimestampPlace::Json("/t".into())), template: timed, ..github() }),
        ("template", Scheme { template: vec![Piece::Body, Piece::Body], ..github() }),
        ("signed_id", Scheme { template: vec![Piece::Id, Piece::Body], ..github() }),
        ("signed_id", Scheme { signed_id: Some("X-Id".into()), ..github() }),
        ("event_type", Scheme { event_type: vec![Place::Header("a b".into())], ..github() }),
        ("delivery_id", Scheme { delivery_id: vec![Place::Json("/a~2".into())], ..github() }),
        ("payload", Scheme { payload: PayloadRule::JsonOrFormField(String::new()), ..github() }),
        ("replay_key", Scheme { replay_key: ReplayRule::SignedId, ..github() }),
        ("replay_key", Scheme { replay_key: ReplayRule::Json("id".into()), ..github() }),
        ("replay_key", Scheme { template: vec![Piece::Url], ..github() }),
        ("methods", Scheme { methods: vec!["post".into()], ..github() }),
        ("success", Scheme { success: success(302, "".into()), ..github() }),
        ("success", Scheme { success: success(204, "x".into()), ..github() }),
    ] {
        assert_eq!(field(&scheme), name, "{scheme:?}");
    }
}
