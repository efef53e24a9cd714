//! The causes of refusals in the log of a running receiver: seldom, cheap, and away from the loop that receives.

use crate::explain::{Cause, Question, Reach, explain};
use crate::request::{Head, Header, Request};
use crate::time::UnixTime;
use crate::verify::{Scheme, Secret};
use std::fmt;
use std::io;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// Longest body that is explained, in bytes. With it all tries that parse nothing take some ten milliseconds.
pub const EXPLAINED_LIMIT_BYTES: usize = 64 * 1024;

/// Shortest time between two explanations, in milliseconds.
const PAUSE_MS: i64 = 1000;

/// Looks for the cause of refusals on a thread of its own.
///
/// A stranger cannot make it say anything: a cause is found where a secret of ours made the signature, and what is unknown is
/// not told. Nor can he keep it busy: once a second it takes a request, and the thread that receives does no more for it than
/// copy that.
pub struct Explainer {
    last: Mutex<Option<UnixTime>>,
    queue: SyncSender<Kept>,
}

/// A request that outlives its connection's buffer.
struct Kept {
    method: String,
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    now: UnixTime,
}

impl Explainer {
    /// One for what is refused by `scheme` with `secrets`, posted to `url` where the scheme signs that. It gives each cause
    /// that it finds to `say`.
    ///
    /// # Errors
    /// Where the thread cannot be started.
    pub fn start(
        scheme: Scheme,
        secrets: Vec<(String, Secret)>,
        url: Option<String>,
        say: impl Fn(&Cause) + Send + 'static,
    ) -> io::Result<Self> {
        // One more than is looked at can wait; what finds no room is not explained.
        let (queue, kept) = sync_channel(1);
        let work = move || work(&kept, &scheme, &secrets, url.as_deref(), say);
        thread::Builder::new().name("explain".into()).spawn(work)?;
        Ok(Explainer { last: Mutex::new(None), queue })
    }

    /// Takes note of a request that was refused at `now`, unless it is too long or comes too soon after another.
    pub fn refused(&self, request: &Request<'_>, now: UnixTime) {
        if request.body.len() > EXPLAINED_LIMIT_BYTES {
            return;
        }
        let Ok(mut last) = self.last.lock() else { return };
        // A clock that is set back does not silence it.
        let since_ms = last.map(|last| now.as_ms().saturating_sub(last.as_ms()));
        if since_ms.is_some_and(|since_ms| (0..PAUSE_MS).contains(&since_ms)) {
            return;
        }
        *last = Some(now);
        let headers = request.head.headers.iter().map(|header| (header.name.to_string(), header.value.to_vec()));
        let kept = Kept {
            method: request.head.method.to_string(),
            target: request.head.target.to_string(),
            headers: headers.collect(),
            body: request.body.to_vec(),
            now,
        };
        // Full where nobody reads what is said: then nothing more is.
        let _ = self.queue.try_send(kept);
    }
}

fn work(
    queue: &Receiver<Kept>,
    scheme: &Scheme,
    secrets: &[(String, Secret)],
    url: Option<&str>,
    say: impl Fn(&Cause),
) {
    for kept in queue {
        let headers: Vec<_> = kept.headers.iter().map(|(name, value)| Header { name, value }).collect();
        let head = Head { method: &kept.method, target: &kept.target, headers: &headers };
        let request = &Request { head, body: &kept.body };
        let question = Question { scheme, secrets, also: &[], url, request, reach: Reach::WithoutParsing };
        match explain(&question, kept.now) {
            None | Some(Cause::Unknown { .. }) => {}
            Some(cause) => say(&cause),
        }
    }
}

impl fmt::Debug for Explainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Explainer").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verify::{preset, sign};
    use std::sync::mpsc::{self, Sender};
    use std::time::Duration;

    const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
    const PATIENCE: Duration = Duration::from_secs(30);

    fn secret() -> Secret {
        Secret::new(b"a secret of the tests".to_vec()).unwrap()
    }

    fn later(ms: i64) -> UnixTime {
        UnixTime::from_ms(NOW.as_ms() + ms)
    }

    fn start(say: Sender<&'static str>) -> Explainer {
        let secrets = vec![("one".to_string(), secret())];
        Explainer::start(preset("github").unwrap(), secrets, None, move |cause| {
            let _ = say.send(cause.name());
        })
        .unwrap()
    }

    /// A request whose body was signed as `signed`.
    fn refused(explainer: &Explainer, signed: &[u8], body: &[u8], now: UnixTime) {
        let fields = sign(&preset("github").unwrap(), &secret(), signed);
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        explainer.refused(&Request { head: Head { method: "POST", target: "/", headers: &headers }, body }, now);
    }

    /// All that is said of such a request, and nothing else.
    fn said(signed: &[u8], body: &[u8]) -> Vec<&'static str> {
        let (say, said) = mpsc::channel();
        let explainer = start(say);
        refused(&explainer, signed, body, NOW);
        // It ends when it has said all that it has to.
        drop(explainer);
        said.iter().collect()
    }

    #[test]
    fn what_is_found_without_parsing_is_said_and_what_is_not_is_not() {
        assert_eq!(said(b"{}", b"{}\n"), ["body-newline-added"]);
        assert_eq!(said(b"{\r\n}", b"{\n}"), ["body-crlf-to-lf"]);
        assert_eq!(said(b"{\"a\":1}", b"{\"a\": 1}"), [""; 0], "it would have to be parsed");
        assert_eq!(said(b"a=%7b", b"a=%7B"), [""; 0], "it would have to be parsed");
        assert_eq!(said(b"{}", b"[]"), [""; 0], "nobody knows");
    }

    #[test]
    fn a_body_of_64_kib_is_explained_and_a_longer_one_is_not() {
        let signed = vec![b'x'; EXPLAINED_LIMIT_BYTES - 1];
        assert_eq!(said(&signed, &[&signed[..], b"\n"].concat()), ["body-newline-added"]);
        let signed = vec![b'x'; EXPLAINED_LIMIT_BYTES];
        assert_eq!(said(&signed, &[&signed[..], b"\n"].concat()), [""; 0]);
    }

    #[test]
    fn it_is_done_once_a_second_at_most_also_where_the_clock_is_set_back() {
        let (say, said) = mpsc::channel();
        let explainer = start(say);
        let next = || said.recv_timeout(PATIENCE).unwrap();
        for (ms, is_said) in
            [(0, true), (0, false), (999, false), (1000, true), (1999, false), (2000, true), (-1, true)]
        {
            refused(&explainer, b"{}", if is_said { b"{}\n" } else { b"\xef\xbb\xbf{}" }, later(ms));
            if is_said {
                assert_eq!(next(), "body-newline-added", "after {ms} ms");
            }
        }
        drop(explainer);
        assert_eq!(said.iter().count(), 0);
    }

    #[test]
    fn where_nobody_takes_what_is_said_the_receiver_is_not_held_up() {
        let (taken, takes) = mpsc::channel::<()>();
        let (start, started) = mpsc::channel();
        let secrets = vec![("one".to_string(), secret())];
        let explainer = Explainer::start(preset("github").unwrap(), secrets, None, move |_| {
            let _ = start.send(());
            let _ = takes.recv();
        })
        .unwrap();
        refused(&explainer, b"{}", b"{}\n", NOW);
        started.recv_timeout(PATIENCE).unwrap();
        for s in 1..100 {
            refused(&explainer, b"{}", b"{}\n", later(s * 1000));
        }
        drop((explainer, taken));
        assert_eq!(started.iter().count(), 1, "one waited, and all others were dropped");
    }
}
