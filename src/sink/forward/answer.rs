//! What an answer means, and what it means that there was none.

use crate::sink::Outcome;
use std::io;
use std::time::Duration;
use ureq::{Error, Timeout};

/// What says that these bytes will never be taken (RFC 9110 §15.5 and §15.6, RFC 6585 §5): 410, since nobody is there any more;
/// the others, since what they are about does not change from one attempt to the next.
const NEVER: [u16; 10] = [400, 405, 406, 410, 411, 413, 414, 415, 422, 501];
/// The same of header fields that are too large.
const TOO_LARGE_FIELDS: u16 = 431;

/// What became of an event by the status of the answer. Redirects and what else is not listed (401, 403, 404 …) are the
/// operator's to mend, and tried again until then.
pub(super) fn outcome(status: u16, after: Option<Duration>) -> Outcome {
    match status {
        200..=299 => Outcome::Done,
        TOO_LARGE_FIELDS => Outcome::Dead { why: format!("answered {status}") },
        _ if NEVER.contains(&status) => Outcome::Dead { why: format!("answered {status}") },
        300..=399 => Outcome::Retry { why: format!("answered {status}, and redirects are not followed"), after },
        _ => Outcome::Retry { why: format!("answered {status}"), after },
    }
}

/// Why there was no answer within `limit`. The URL is not in it: it may have a secret in its path or its query.
pub(super) fn why(error: &Error, limit: Duration) -> String {
    match error {
        Error::Timeout(Timeout::Global | Timeout::PerCall) => {
            format!("did not answer within {} s", limit.as_secs_f64())
        }
        Error::Timeout(_) => "did not answer in time".to_string(),
        Error::Io(error) if is_of_tls(error) => format!("TLS failed: {error}"),
        Error::Io(error) => format!("did not answer: {error}"),
        Error::HostNotFound => "the host was not found".to_string(),
        Error::ConnectionFailed => "cannot be connected to".to_string(),
        Error::Rustls(error) => format!("TLS failed: {error}"),
        Error::Tls(why) => format!("TLS failed: {why}"),
        Error::Protocol(error) => format!("answered what is no HTTP: {error}"),
        Error::BadUri(_) | Error::RequireHttpsOnly(_) => "its url cannot be posted to".to_string(),
        error => format!("did not answer: {error}"),
    }
}

/// Whether the connection was closed without an answer.
pub(super) fn is_cut_off(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof)
}

/// Whether it is TLS that failed, within a read or a write.
fn is_of_tls(error: &io::Error) -> bool {
    let within: Option<&(dyn std::error::Error + 'static)> = error.get_ref().map(|inner| inner as _);
    within.is_some_and(<dyn std::error::Error>::is::<rustls::Error>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_2xx_is_done_some_are_never_and_all_others_are_tried_again() {
        let after = Some(Duration::from_secs(7));
        let dead = [400, 405, 406, 410, 411, 413, 414, 415, 422, 431, 501];
        for status in 100..=999 {
            let why = format!("answered {status}");
            let expected = match status {
                200..=299 => Outcome::Done,
                _ if dead.contains(&status) => Outcome::Dead { why },
                300..=399 => Outcome::Retry { why: why + ", and redirects are not followed", after },
                _ => Outcome::Retry { why, after },
            };
            assert_eq!(outcome(status, after), expected, "{status}");
        }
    }

    #[test]
    fn why_there_was_no_answer_never_shows_the_url() {
        let url = "http://host/planted?token=planted";
        for error in [Error::BadUri(url.into()), Error::RequireHttpsOnly(url.into())] {
            assert_eq!(why(&error, Duration::ZERO), "its url cannot be posted to");
        }
        let late = why(&Error::Timeout(Timeout::Global), Duration::from_millis(1500));
        assert_eq!(late, "did not answer within 1.5 s");
    }
}
