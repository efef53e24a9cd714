//! Which events: of what source, of what type, since when.

use crate::store::Facts;
use crate::time::UnixTime;
use clap::Args;

/// Which events.
#[derive(Args)]
pub(super) struct FilterOptions {
    /// Only those of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only those of this type; * stands for any text: 'issue*'
    #[arg(long = "type", value_name = "TYPE")]
    event_type: Option<String>,
    /// Only those received since: so long ago (30m, 2h, 7d) or RFC 3339
    #[arg(long, value_name = "WHEN", value_parser = when)]
    since: Option<When>,
}

/// A moment, as it is given on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum When {
    /// This one.
    At(UnixTime),
    /// So many milliseconds ago.
    Ago(i64),
}

/// [`FilterOptions`] at a moment.
pub(super) struct Filter<'o> {
    options: &'o FilterOptions,
    since: Option<UnixTime>,
}

impl FilterOptions {
    /// Whether it leaves anything out.
    pub(super) fn is_any(&self) -> bool {
        self.source.is_some() || self.event_type.is_some() || self.since.is_some()
    }

    /// The filter that these are now.
    pub(super) fn at(&self, now: UnixTime) -> Filter<'_> {
        Filter { options: self, since: self.since.map(|when| when.moment(now)) }
    }
}

impl Filter<'_> {
    /// Whether this event is one of them.
    pub(super) fn takes(&self, facts: &Facts<'_>) -> bool {
        let FilterOptions { source, event_type, .. } = self.options;
        self.since.is_none_or(|since| facts.received_at >= since)
            && source.as_ref().is_none_or(|source| facts.source == source)
            && event_type.as_ref().is_none_or(|wanted| facts.event_type.is_some_and(|it| is_like(it, wanted)))
    }
}

impl When {
    /// The moment that it is.
    pub(super) fn moment(self, now: UnixTime) -> UnixTime {
        match self {
            When::At(moment) => moment,
            When::Ago(ms) => UnixTime::from_ms(now.as_ms().saturating_sub(ms)),
        }
    }
}

/// The moment that `text` is.
pub(super) fn when(text: &str) -> Result<When, String> {
    let ago = || {
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let unit_ms = match unit {
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            _ => return None,
        };
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { digits.parse::<i64>().ok()?.checked_mul(unit_ms) } else { None }
    };
    UnixTime::from_rfc_3339(text.as_bytes())
        .map(When::At)
        .or_else(|| ago().map(When::Ago))
        .ok_or_else(|| "give a time such as 30s, 30m, 2h, 7d or 4w, or 2026-11-24T00:03:40Z".into())
}

/// Whether `text` is like `pattern`, in which `*` stands for any text.
fn is_like(text: &str, pattern: &str) -> bool {
    let Some((start, more)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut rest) = text.strip_prefix(start) else { return false };
    let (middle, end) = more.rsplit_once('*').map_or((None, more), |(middle, end)| (Some(middle), end));
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        let Some(at) = rest.find(part) else { return false };
        rest = rest.get(at + part.len()..).unwrap_or_default();
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_rfc_3339_or_so_long_ago() {
        for (text, moment) in [
            ("0s", When::Ago(0)),
            ("90s", When::Ago(90_000)),
            ("30m", When::Ago(1_800_000)),
            ("2h", When::Ago(7_200_000)),
            ("7d", When::Ago(604_800_000)),
            ("1w", When::Ago(604_800_000)),
            ("1970-01-01T00:00:01Z", When::At(UnixTime::from_s(1))),
        ] {
            assert_eq!(when(text), Ok(moment), "{text}");
        }
        for text in ["", "d", "7", "-7d", "+7d", "7 d", "7D", "7y", "1.5h", "99999999999999999d", "2026-11-24", "é"] {
            assert!(when(text).is_err(), "{text}");
        }
        assert_eq!(When::Ago(i64::MAX).moment(UnixTime::from_ms(i64::MIN)), UnixTime::from_ms(i64::MIN));
        assert_eq!(When::Ago(1000).moment(UnixTime::from_s(5)), UnixTime::from_s(4));
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, like, unlike) in [
            ("push", &["push"][..], &["pus", "pushes", "", "Push"][..]),
            ("issues.*", &["issues.opened", "issues."], &["issues", "xissues.opened"]),
            ("*", &["", "anything"], &[]),
            ("*.created", &["charge.created", ".created"], &["created", "charge.created.x"]),
            ("a*b*c", &["abc", "a-b-c", "abbcc"], &["ac", "acb", "ab"]),
            ("a*a", &["aa", "aba"], &["a"]),
            ("a**a", &["aa"], &["a"]),
        ] {
            for text in like {
                assert!(is_like(text, pattern), "{text} {pattern}");
            }
            for text in unlike {
                assert!(!is_like(text, pattern), "{text} {pattern}");
            }
        }
    }
}
