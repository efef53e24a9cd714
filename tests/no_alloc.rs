//! Judging a signature allocates nothing, whether it accepts or refuses; checking JSON allocates nothing in proportion to it; a
//! warm connection allocates nothing for a request.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests say what went wrong by panicking")]

#[allow(dead_code, reason = "each test takes what it needs of it")]
#[path = "checks/keys.rs"]
mod keys;

use allocation_counter::{AllocationInfo, measure};
use hookgate::payload::{self, Payload};
use hookgate::verify::{PayloadRule, Signer, Timestamp, TimestampPlace, names};
use hookgate::{Head, Header, Receiver, Refusal, Request, Secret, UnixTime, Verifier, json, preset, sign};
use std::hint::black_box;

const NOW: UnixTime = UnixTime::from_s(1_700_000_000);
const SECRET: &[u8] = b"It's a Secret to Everybody";

fn verifier() -> Verifier {
    // Two secrets, the second of which signs: both are tried.
    let secrets = [("new", &b"another"[..]), ("old", SECRET)];
    let secrets = secrets.map(|(label, bytes)| (label.to_string(), Secret::new(bytes.to_vec()).unwrap()));
    Verifier::new(preset("github").unwrap(), secrets).unwrap()
}

/// Asserts that `judge` gives `verdict` without allocating.
fn allocates_nothing<T: PartialEq + std::fmt::Debug>(verdict: T, judge: impl FnOnce() -> T) {
    let mut found = None;
    let counted = measure(|| found = Some(judge()));
    assert_eq!(found, Some(verdict));
    assert_eq!(counted, AllocationInfo::default());
}

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(black_box(vec![0_u8; 1000])));
    assert_eq!((counted.count_total, counted.bytes_total, counted.count_current), (1, 1000, 0));
    let grown = measure(|| black_box(&mut Vec::with_capacity(1)).extend([0_u8; 64]));
    assert!(grown.count_total >= 2, "growing is counted: {grown:?}");
}

#[test]
fn verifying_allocates_nothing_whether_it_accepts_or_refuses() {
    let verifier = verifier();
    let receiver = Receiver::new("github".to_string(), "/webhook".to_string(), self::verifier()).unwrap();
    for body_bytes in [0, 1, 64, 1024, 65_536, 1_048_576] {
        let body = vec![b'x'; body_bytes];
        let secret = Secret::new(SECRET.to_vec()).unwrap();
        let right = sign(verifier.scheme(), &secret, &body).remove(0).1;
        let (digits, forged) = (right.trim_start_matches("sha256="), format!("sha256={}", "0".repeat(64)));
        let sha1 = format!("sha1={digits}");
        let long = format!("sha256={digits}{}", "0".repeat(10_000));
        for (values, verdict) in [
            (&[right.as_str()][..], Ok("old")),
            (&[&forged], Err(Refusal::SignatureMismatch)),
            (&[], Err(Refusal::MissingSignature)),
            (&[&right, &right], Err(Refusal::RepeatedSignature)),
            (&[&sha1], Err(Refusal::UnsupportedAlgorithm)),
            (&[digits], Err(Refusal::MalformedSignature)),
            (&[&long], Err(Refusal::MalformedSignature)),
        ] {
            let mut headers = vec![Header { name: "Content-Type", value: b"application/json" }];
            headers.extend(values.iter().map(|value| Header { name: "x-hub-signature-256", value: value.as_bytes() }));
            let head = Head { method: "POST", target: "http://localhost/webhook?x", headers: &headers };
            let request = Request { head, body: &body };
            allocates_nothing(verdict, || verifier.verify(&request, NOW).map(|verified| verified.secret_label()));
            let of_head = match verdict {
                Ok(_) | Err(Refusal::SignatureMismatch) => Ok(()),
                Err(refusal) => Err(refusal),
            };
            allocates_nothing(of_head, || verifier.check_head(&head));
            allocates_nothing(of_head, || receiver.admit(&head, None));
        }
    }
}

#[test]
fn judging_any_presets_signature_allocates_nothing() {
    for name in names() {
        let scheme = preset(name).unwrap();
        if scheme.signs_form() || scheme.signs_token() {
            continue;
        }
        let (signing, secret) = keys::keys(&scheme, b"a key of the tests, of some bytes");
        let url = "https://example.com/webhook";
        let signer = Signer::new(&scheme, &signing).unwrap().with_id("msg_1").with_url(url);
        let given = br#"{"id":1,"value":[{}],"notificationItems":[{}]}"#;
        let (fields, body) = signer.deliver(given, NOW).unwrap();
        let verifier =
            Verifier::accepting_uncovered_body(scheme.clone(), [("one".to_string(), secret)], Some(url)).unwrap();
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let head = Head { method: "POST", target: "/webhook", headers: &headers };
        // Of another body where the signature covers it, without a signature where that stands there.
        let other = match (scheme.covers_body(), fields.is_empty()) {
            (true, _) => Err(Refusal::SignatureMismatch),
            (false, false) => Ok(()),
            (false, true) => Err(Refusal::MissingSignature),
        };
        for (body, verdict) in [(&body[..], Ok(())), (b"{}", other)] {
            allocates_nothing(verdict, || verifier.verify(&Request { head, body }, NOW).map(drop));
        }
        allocates_nothing(Ok(()), || verifier.check_head(&head));
        let late = UnixTime::from_s(i64::from(i32::MAX));
        let is_any = |rule: &Timestamp| rule.past_s.is_none() || matches!(rule.place, TimestampPlace::Json(_));
        let fresh = scheme.timestamp.as_ref().is_none_or(is_any);
        allocates_nothing(fresh, || verifier.verify(&Request { head, body: &body }, late).is_ok());
        let of_head = if fields.is_empty() { Ok(()) } else { Err(Refusal::MissingSignature) };
        allocates_nothing(of_head, || verifier.check_head(&Head { headers: &[], ..head }));
    }
}

#[cfg(feature = "providers")]
#[test]
fn what_reading_a_form_or_a_jwt_takes_is_bounded() {
    let value = "x".repeat(100_000);
    let many = "a=1&".repeat(1000);
    let escaped = "%41".repeat(100_000);
    let url = "https://example.com/webhook";
    for (name, body, longest) in [
        // A token is a few hundred bytes, whatever the body is.
        ("netlify", value.as_str(), 4096),
        ("messagebird", value.as_str(), 4096),
        // Places in the body, and what has to be decoded, once.
        ("twilio", many.as_str(), 150_000),
        ("twilio", &format!("b={value}&a={value}"), 1000),
        ("twilio", &format!("a={escaped}"), 301_000),
    ] {
        let (scheme, secret) = (preset(name).unwrap(), Secret::new(SECRET.to_vec()).unwrap());
        let signer = Signer::new(&scheme, &secret).unwrap().with_id("msg_1").with_url(url);
        let fields = signer.sign(body.as_bytes(), NOW).unwrap();
        let verifier = Verifier::at(scheme, [("one".to_string(), secret)], Some(url)).unwrap();
        let headers: Vec<_> = fields.iter().map(|(name, value)| Header { name, value: value.as_bytes() }).collect();
        let request =
            Request { head: Head { method: "POST", target: "/webhook", headers: &headers }, body: body.as_bytes() };
        let counted = measure(|| assert!(verifier.verify(&request, NOW).is_ok()));
        assert!(counted.bytes_max <= longest, "{name}, {} bytes: {counted:?}", body.len());
    }
}

#[test]
fn checking_json_allocates_a_byte_a_level_at_most() {
    let flat = format!("[{}\"a string \\u00e9 without end {}\"]", "1.5, ".repeat(100_000), "x".repeat(500_000));
    let deep = "[".repeat(127) + &"]".repeat(127);
    for (text, longest) in [(&flat, 64), (&deep, 512), (&"\"x\"".to_string(), 0), (&"{}".to_string(), 64)] {
        let counted = measure(|| assert!(json::check(black_box(text.as_bytes())).is_ok()));
        assert!(counted.bytes_max <= longest, "{} bytes of JSON: {counted:?}", text.len());
        let headers = [];
        let head = Head { method: "POST", target: "/", headers: &headers };
        let rule = PayloadRule::JsonOrFormField("payload".to_string());
        let counted = measure(|| {
            assert_eq!(
                payload::read(&rule, &head, text.as_bytes()),
                Ok(Payload::Json(json::read(text.as_bytes()).unwrap()))
            );
        });
        assert!(counted.bytes_max <= longest, "{} bytes of body: {counted:?}", text.len());
    }
}

/// A receiver behind a warm connection.
#[cfg(feature = "evented")]
mod warm {
    use super::{NOW, SECRET, verifier};
    use allocation_counter::{AllocationInfo, measure};
    use hookgate::access::Rates;
    use hookgate::http1::{Buffers, Connection, Limits, Service, Verdict, Want};
    use hookgate::{
        Answer, Delivery, Head, Keep, Receiver, Receivers, Refusal, Request, Secret, preset, settle, sign, stage,
    };
    use std::convert::Infallible;
    use std::time::Duration;

    struct Judge {
        receivers: Receivers,
        rates: Rates,
        accepted: u32,
    }

    impl Service for Judge {
        fn enter(&mut self, head: &Head<'_>) -> Result<(), Refusal> {
            self.receivers.enter(head, None, &mut self.rates, Duration::ZERO)
        }

        fn admit(&mut self, head: &Head<'_>, declared_bytes: Option<u64>) -> Result<u64, Refusal> {
            self.receivers.admit(head, declared_bytes)
        }

        fn decide(&mut self, request: &Request<'_>) -> Verdict {
            let received = self.receivers.receive(request, &mut self.rates, (Duration::ZERO, NOW));
            let delivery = received.unwrap().1.delivery().unwrap();
            let Ok(_) = stage(&mut Nowhere, &delivery);
            self.accepted += 1;
            Verdict::Later
        }
    }

    /// Keeps nothing: what keeping costs is the keeper's.
    struct Nowhere;

    impl Keep for Nowhere {
        type Error = Infallible;

        fn stage(&mut self, _: &Delivery<'_>) -> Result<hookgate::Novelty, Infallible> {
            Ok(hookgate::Novelty::New)
        }

        fn commit(&mut self) -> Result<(), Infallible> {
            Ok(())
        }
    }

    struct Line {
        http: Connection,
        judge: Judge,
        limits: Limits,
        buffers: Buffers,
        answer: Answer,
    }

    impl Line {
        fn new() -> Self {
            let receiver = Receiver::new("github".to_string(), "/webhook".to_string(), verifier()).unwrap();
            let limits = Limits::default();
            let (head, body) = (request("{}", false), b"{}");
            let signature = head.split_once("sha256=").unwrap().1[..64].to_string();
            let headers =
                [hookgate::Header { name: "X-Hub-Signature-256", value: &[b"sha256=", signature.as_bytes()].concat() }];
            let head = Head { method: "POST", target: "/webhook", headers: &headers };
            let delivery = receiver.receive(&Request { head, body }, NOW).unwrap().delivery().unwrap();
            let Ok(staged) = stage(&mut Nowhere, &delivery);
            let Ok(receipt) = settle(&mut Nowhere);
            let answer = Answer::accepted(receiver.verifier().scheme(), staged, &receipt);
            let http = Connection::new(&limits, Duration::ZERO);
            let judge = Judge { receivers: receiver.into(), rates: Rates::default(), accepted: 0 };
            Line { http, judge, limits, buffers: Buffers::default(), answer }
        }

        /// Everything that becomes of `pieces`, which are whole requests when put together; each first copied, or not.
        fn take(&mut self, pieces: &[&[u8]], copied: bool) {
            let now = Duration::from_secs(1);
            for piece in pieces {
                if copied {
                    self.http.feed(piece, &self.limits, &mut self.buffers, now);
                    self.http.advance(&mut self.judge, &self.limits, now, NOW);
                } else {
                    self.http.receive(piece, &mut self.judge, &self.limits, &mut self.buffers, now, NOW);
                }
                loop {
                    match self.http.want() {
                        Want::Answer => self.http.answer(&self.answer, &self.limits, now, NOW),
                        Want::Write => {
                            let written = self.http.pending().len();
                            self.http.wrote(written, &self.limits, &mut self.buffers, now);
                        }
                        Want::Advance => self.http.advance(&mut self.judge, &self.limits, now, NOW),
                        Want::Read => break,
                        want => panic!("{want:?}"),
                    }
                }
            }
        }
    }

    fn request(body: &str, chunked: bool) -> String {
        let secret = Secret::new(SECRET.to_vec()).unwrap();
        let signature = sign(&preset("github").unwrap(), &secret, body.as_bytes()).remove(0).1;
        let (framing, body) = if chunked {
            ("Transfer-Encoding: chunked".to_string(), format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len()))
        } else {
            (format!("Content-Length: {}", body.len()), body.to_string())
        };
        format!(
            "POST /webhook HTTP/1.1\r\nHost: a.example\r\nUser-Agent: GitHub-Hookshot/044aadd\r\n\
             Content-Type: application/json\r\nX-GitHub-Event: push\r\nX-Hub-Signature-256: {signature}\r\n\
             {framing}\r\n\r\n{body}"
        )
    }

    #[test]
    fn a_warm_connection_allocates_nothing_for_a_request() {
        let small = request("{\"ref\":\"refs/heads/main\"}", false);
        let push = request(&format!("{{\"commits\":[\"{}\"]}}", "x".repeat(4000)), false);
        let chunks = request("{\"zen\":\"Design for failure.\"}", true);
        let several = small.repeat(5);
        let (head, body) = push.split_at(push.len() - 2000);
        for (pieces, requests) in [
            (&[small.as_bytes()][..], 1),
            (&[push.as_bytes()], 1),
            (&[head.as_bytes(), body.as_bytes()], 1),
            (&[chunks.as_bytes()], 1),
            (&[several.as_bytes()], 5),
        ] {
            for copied in [true, false] {
                let mut line = Line::new();
                for _ in 0..3 {
                    line.take(pieces, copied);
                }
                let counted = measure(|| {
                    for _ in 0..100 {
                        line.take(pieces, copied);
                    }
                });
                assert_eq!(line.judge.accepted, 103 * requests);
                assert_eq!(counted, AllocationInfo::default(), "{:?}", std::str::from_utf8(pieces[0]));
            }
        }
    }
}
