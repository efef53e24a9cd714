//! Clocks, and the units that timestamps are written in.

use super::Question;
use super::cause::Cause;
use super::signature::{holds, plain, signatures, time_of};
use super::tries::Tries;
use crate::json;
use crate::time::UnixTime;
use crate::verify::{Refusal, TimeUnit, TimestampPlace, Verifier};

/// How far from now a moment may be for a unit to be the one that was meant, in milliseconds: ten years. Seconds taken for
/// milliseconds, or the reverse, are decades off.
const PLAUSIBLE_MS: i128 = 10 * 366 * 86_400 * 1000;

/// The units that a timestamp may be written in, with what one of them is in milliseconds: numerator and denominator.
const UNITS: [(&str, i128, i128); 4] =
    [(SECONDS, 1000, 1), (MILLISECONDS, 1, 1), ("microseconds", 1, 1000), ("nanoseconds", 1, 1_000_000)];

const SECONDS: &str = "seconds since 1970";
const MILLISECONDS: &str = "milliseconds since 1970";
const RFC_3339: &str = "date and time (RFC 3339)";

/// The cause of a timestamp that is out of bounds under a right signature.
pub(super) fn of_age(question: &Question<'_>, refusal: Refusal, now: UnixTime) -> Cause {
    let unit = question.scheme.timestamp.as_ref().map(|rule| rule.unit);
    // What the verifier read, to the second.
    let (off_ms, cause) = match refusal {
        Refusal::Stale { age_s, limit_s } => (-i128::from(age_s) * 1000, Cause::Stale { age_s, limit_s }),
        Refusal::FromTheFuture { ahead_s, limit_s } => {
            (i128::from(ahead_s) * 1000, Cause::FromTheFuture { ahead_s, limit_s })
        }
        refusal => return Cause::Head { refusal, wanted: super::signature::wanted(question.scheme, refusal) },
    };
    let read_ms = i128::from(now.as_ms()) + off_ms;
    let number = match unit {
        Some(TimeUnit::Seconds) => read_ms.div_euclid(1000),
        Some(TimeUnit::Milliseconds) => read_ms,
        Some(TimeUnit::Rfc3339) | None => return cause,
    };
    match unit_of(number, now) {
        Some(here) if off_ms.abs() > PLAUSIBLE_MS => Cause::TimestampUnit { here, wanted: wanted(unit) },
        _ => cause,
    }
}

/// The cause of a timestamp that is not written as the scheme writes it, where the unit shows.
pub(super) fn malformed(tries: &mut Tries<'_>, now: UnixTime) -> Option<Cause> {
    let question = tries.question;
    let text = match &question.scheme.timestamp.as_ref()?.place {
        // It is read after the signature, which so is right.
        TimestampPlace::Json(pointer) => json::string_at(json::check(question.request.body).ok()?, pointer)?,
        _ => time_of(question.scheme, &question.request.head)?,
    };
    let (here, _) = moment(&text, now)?;
    let unit = question.scheme.timestamp.as_ref().map(|rule| rule.unit);
    if here == wanted(unit) { None } else { Some(Cause::TimestampUnit { here, wanted: wanted(unit) }) }
}

/// Whether the request is right with its timestamp signed in another unit than its header has.
pub(super) fn writings(tries: &mut Tries<'_>, now: UnixTime) -> Option<Cause> {
    let question = tries.question;
    let (scheme, head) = (question.scheme, &question.request.head);
    if matches!(scheme.timestamp.as_ref()?.place, TimestampPlace::Json(_)) {
        return None;
    }
    let text = time_of(scheme, head)?;
    let (_, moment) = moment(&text, now)?;
    let macs = signatures(scheme, head);
    let (s, ms) = (moment.as_ms().div_euclid(1000), moment.as_ms());
    let rfc_3339 = moment.to_string();
    let whole = rfc_3339.split('.').next().unwrap_or_default();
    let texts = [
        (SECONDS, s.to_string()),
        (MILLISECONDS, ms.to_string()),
        (MILLISECONDS, format!("{s}000")),
        ("microseconds", format!("{ms}000")),
        (RFC_3339, rfc_3339.clone()),
        (RFC_3339, format!("{whole}Z")),
        (RFC_3339, format!("{whole}+00:00")),
    ];
    texts.into_iter().filter(|(_, other)| *other != text).find_map(|(signed, other)| {
        let plain = plain(scheme, head, scheme.algorithm, Some(&other))?;
        let verifier = Verifier::accepting_uncovered_body(plain, tries.secrets.iter().cloned(), question.url).ok()?;
        let is_right = macs.iter().any(|mac| holds(tries, &verifier, mac));
        is_right.then_some(Cause::TimestampSignedOtherwise { signed })
    })
}

/// The moment that `text` stands for, and the unit that it is in: the one by which it is near `now`.
fn moment(text: &str, now: UnixTime) -> Option<(&'static str, UnixTime)> {
    if let Some(moment) = UnixTime::from_rfc_3339(text.as_bytes()) {
        return Some((RFC_3339, moment));
    }
    if let Some((whole, fraction)) = text.split_once('.')
        && fraction.bytes().all(|digit| digit.is_ascii_digit())
    {
        let s = whole.parse().ok()?;
        return near(i128::from(s) * 1000, now).then(|| ("seconds with a fraction", UnixTime::from_s(s)));
    }
    let number = text.parse().ok()?;
    let unit = unit_of(number, now)?;
    let (_, numerator, denominator) = UNITS.into_iter().find(|(name, ..)| *name == unit)?;
    let ms = number.checked_mul(numerator)?.checked_div(denominator)?;
    Some((unit, UnixTime::from_ms(i64::try_from(ms).ok()?)))
}

/// The unit in which `number` is a moment near `now`.
fn unit_of(number: i128, now: UnixTime) -> Option<&'static str> {
    let fits = |(_, numerator, denominator): &(&str, i128, i128)| {
        number.checked_mul(*numerator).is_some_and(|scaled| near(scaled / denominator, now))
    };
    UNITS.iter().find(|unit| fits(unit)).map(|(name, ..)| *name)
}

fn near(ms: i128, now: UnixTime) -> bool {
    (ms - i128::from(now.as_ms())).abs() <= PLAUSIBLE_MS
}

fn wanted(unit: Option<TimeUnit>) -> &'static str {
    match unit {
        Some(TimeUnit::Milliseconds) => MILLISECONDS,
        Some(TimeUnit::Rfc3339) => RFC_3339,
        Some(TimeUnit::Seconds) | None => SECONDS,
    }
}
