//! With clocks and timestamps, and with what else is signed in the head.

use super::Mistake;
use crate::explain::delivery::{Delivery, NOW, Sender};
use hookgate::verify::{TimeUnit, TimestampPlace};
use hookgate::{Scheme, UnixTime};

/// In the order of docs/EXPLAIN.md.
pub(crate) const TIMES: &[Mistake] = mistakes! {
    "It is an hour old" => "stale": |scheme| {
        let limit_s = i64::try_from(scheme.timestamp.as_ref()?.past_s?).unwrap();
        Some(at(scheme, UnixTime::from_s(NOW.as_ms() / 1000 - 3600 - limit_s)))
    };
    "This clock is an hour behind" => "from-the-future": |scheme| {
        let limit_s = i64::try_from(scheme.timestamp.as_ref()?.future_s?).unwrap();
        Some(at(scheme, UnixTime::from_s(NOW.as_ms() / 1000 + 3600 + limit_s)))
    };
    "The token ended an hour ago" => "stale": |scheme| {
        let jwt = scheme.jwt.as_ref().filter(|jwt| jwt.expires || jwt.made_at.is_some())?;
        Some(at(scheme, UnixTime::from_s(NOW.as_ms() / 1000 - 3660 - i64::try_from(jwt.leeway_s?).unwrap())))
    };
    "This clock is an hour behind the token's" => "from-the-future": |scheme| {
        let jwt = scheme.jwt.as_ref().filter(|jwt| jwt.made_at.is_some())?;
        Some(at(scheme, UnixTime::from_s(NOW.as_ms() / 1000 + 3600 + i64::try_from(jwt.leeway_s?).unwrap())))
    };
    "The timestamp is in seconds, not milliseconds" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Milliseconds, TimeUnit::Seconds);
    "The timestamp is in milliseconds, not seconds" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Seconds, TimeUnit::Milliseconds);
    "The timestamp is a date, not seconds" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Seconds, TimeUnit::Rfc3339);
    "The timestamp is a date, not milliseconds" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Milliseconds, TimeUnit::Rfc3339);
    "The timestamp is in seconds, not a date" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Rfc3339, TimeUnit::Seconds);
    "The timestamp is in milliseconds, not a date" => "timestamp-unit": |scheme| in_unit(scheme, TimeUnit::Rfc3339, TimeUnit::Milliseconds);
    "The timestamp was signed in seconds, and is given in milliseconds or as a date" => "timestamp-signed-in-other-unit": |scheme| {
        signed_in(scheme, TimeUnit::Seconds)
    };
    "The timestamp was signed in milliseconds, and is given in seconds or as a date" => "timestamp-signed-in-other-unit": |scheme| {
        signed_in(scheme, TimeUnit::Milliseconds)
    };
    "The timestamp was signed as a date, and is given in seconds or milliseconds" => "timestamp-signed-in-other-unit": |scheme| {
        signed_in(scheme, TimeUnit::Rfc3339)
    };
    "The timestamp is another" => "unknown": |scheme| {
        let other = at(scheme, UnixTime::from_s(NOW.as_ms() / 1000 + 1));
        let right = Delivery::of(scheme);
        let text = std::cell::RefCell::new(String::new());
        other.with_time(|time| { text.replace(time.to_string()); time.to_string() })?;
        right.with_time(|_| text.borrow().clone())
    };
    "The signed id is another" => "unknown": |scheme| {
        let name = scheme.signed_id.clone()?;
        let mut given = Delivery::of(scheme);
        given.fields.iter_mut().find(|(field, _)| *field == name)?.1 = "msg_other".to_string();
        Some(given)
    };
};

fn at(scheme: &Scheme, at: UnixTime) -> Delivery {
    match body_time(scheme) {
        Some((key, unit)) => Sender::of(scheme).with_body(&format!("{{\"{key}\":{}}}", written(unit, at))).to(scheme),
        None => Sender { at, ..Sender::of(scheme) }.to(scheme),
    }
}

/// The key of a timestamp that stands in the body, and its unit.
fn body_time(scheme: &Scheme) -> Option<(String, TimeUnit)> {
    let rule = scheme.timestamp.as_ref()?;
    match &rule.place {
        TimestampPlace::Json(pointer) => Some((pointer.trim_start_matches('/').to_string(), rule.unit)),
        _ => None,
    }
}

fn written(unit: TimeUnit, at: UnixTime) -> String {
    match unit {
        TimeUnit::Seconds => (at.as_ms() / 1000).to_string(),
        TimeUnit::Milliseconds => at.as_ms().to_string(),
        TimeUnit::Rfc3339 => at.to_string(),
    }
}

/// Signed and sent in `other`, where the scheme's unit is `own` and it bounds the difference.
fn in_unit(scheme: &Scheme, own: TimeUnit, other: TimeUnit) -> Option<Delivery> {
    let rule = scheme.timestamp.clone().filter(|rule| rule.unit == own)?;
    // What nothing is held against is not read.
    if rule.past_s.is_none() && rule.future_s.is_none() {
        return None;
    }
    // Milliseconds taken for seconds are of a far future, which is not always bounded.
    if own == TimeUnit::Seconds && other == TimeUnit::Milliseconds && rule.future_s.is_none() {
        return None;
    }
    if let Some((key, _)) = body_time(scheme) {
        let number = written(other, NOW).trim_end_matches('Z').to_string();
        let text = if other == TimeUnit::Rfc3339 { format!("\"{number}Z\"") } else { number };
        return Some(Sender::of(scheme).with_body(&format!("{{\"{key}\":{text}}}")).to(scheme));
    }
    let mut signed = scheme.clone();
    signed.timestamp.as_mut()?.unit = other;
    Some(Sender { scheme: signed, ..Sender::of(scheme) }.to(scheme))
}

/// Signed with its timestamp in `signed`, and sent with it as the scheme has it.
fn signed_in(scheme: &Scheme, signed: TimeUnit) -> Option<Delivery> {
    let own = scheme.timestamp.as_ref().map(|rule| rule.unit).filter(|own| *own != signed)?;
    if body_time(scheme).is_some() {
        return None;
    }
    let mut sender = Sender::of(scheme);
    sender.scheme.timestamp.as_mut()?.unit = signed;
    sender.to(scheme).with_time(|_| written(own, NOW))
}
