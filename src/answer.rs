//! What is answered: the scheme's success, a refusal, or that we cannot just now.

use crate::digits::write_number;
use crate::receipt::{Novelty, Receipt, Staged};
use crate::time::UnixTime;
use crate::verify::{Refusal, Said, Scheme, Success};
use std::borrow::Cow;
use std::fmt;

/// Room for the head of an answer, in bytes; the longest of ours is some 230.
const HEAD_BYTES: usize = 256;

/// What an event is answered with where its provider wants no words of its own.
pub const SUCCESS: &str = r#"{"status":"success"}"#;

/// The same to an event that came before.
const DUPLICATE: &str = r#"{"status":"success","duplicate":true}"#;

/// An HTTP answer before it is written.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    status: u16,
    content_type: &'static str,
    /// Fields beside those that every answer has, each with its line end.
    fields: Cow<'static, str>,
    body: Cow<'static, str>,
}

/// The last answer that was written for a kept connection, so that the same again in the same second is a copy. In a turn
/// most answers are the same.
#[derive(Debug, Default)]
pub struct LastAnswer {
    /// With the second that it is dated.
    answer: Option<(Answer, i64)>,
    text: Vec<u8>,
}

impl LastAnswer {
    /// Appends `answer` to `out` as [`Answer::write`] does.
    pub fn write(&mut self, answer: &Answer, method: &str, persistence: Persistence, now: UnixTime, out: &mut Vec<u8>) {
        if method == "HEAD" || persistence != Persistence::Keep {
            return answer.write(method, persistence, now, out);
        }
        let second = now.as_ms().div_euclid(1000);
        let is_same = self.answer.as_ref().is_some_and(|(last, dated)| *dated == second && last.is_same(answer));
        if !is_same {
            self.text.clear();
            answer.write(method, persistence, now, &mut self.text);
            self.answer = Some((answer.clone(), second));
        }
        out.extend_from_slice(&self.text);
    }
}

/// Whether the connection is used again after this answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// It is closed.
    Close,
    /// It is kept open for the next request, as HTTP/1.1 does unless told otherwise.
    Keep,
    /// It is kept open for the next request, as a client of HTTP/1.0 asked (RFC 9112 §9.3).
    KeepAsAsked,
}

impl Answer {
    /// Whether `other` is equal. Texts that stand in the same place, as those of this program do, are not compared.
    fn is_same(&self, other: &Answer) -> bool {
        let is_same = |one: &str, other: &str| std::ptr::eq(one, other) || one == other;
        self.status == other.status
            && is_same(self.content_type, other.content_type)
            && is_same(&self.fields, &other.fields)
            && is_same(&self.body, &other.body)
    }

    /// The scheme's answer to an event that was kept. To one that came before it is the same; where it is in our own words, it
    /// says so.
    #[must_use]
    pub fn accepted(scheme: &Scheme, staged: Staged, _: &Receipt) -> Self {
        let Success { status, content_type, body } = &scheme.success;
        let body = match staged.novelty() {
            Novelty::Duplicate if *body == SUCCESS => Cow::Borrowed(DUPLICATE),
            Novelty::New | Novelty::Duplicate => body.clone(),
        };
        Answer { status: *status, content_type: content_type.as_str(), fields: Cow::Borrowed(""), body }
    }

    /// The answer to a refused request: a problem document (RFC 9457) with the detail of the refusals' table, no more.
    #[must_use]
    pub fn refused(refusal: &Refusal) -> Self {
        let (status, detail) = refusal.answer();
        let fields = match refusal {
            Refusal::MethodNotAllowed => Cow::Borrowed("Allow: POST\r\n"),
            Refusal::TooManyRequests { retry_after_s } => Cow::Owned(format!("Retry-After: {retry_after_s}\r\n")),
            _ => Cow::Borrowed(""),
        };
        Answer::problem(status, detail, fields)
    }

    /// [`Answer::refused`] by a source that takes `methods`: an answer of 405 names them.
    #[must_use]
    pub fn refused_of(refusal: &Refusal, methods: &[String]) -> Self {
        let answer = Answer::refused(refusal);
        match refusal {
            Refusal::MethodNotAllowed => {
                Answer { fields: Cow::Owned(format!("Allow: {}\r\n", methods.join(", "))), ..answer }
            }
            _ => answer,
        }
    }

    /// The same without a word but its status.
    #[must_use]
    pub fn without_body(self) -> Self {
        Answer { content_type: "text/plain", body: Cow::Borrowed(""), ..self }
    }

    /// The answer to a handshake. Browsers are told to take it for nothing but what it says it is.
    #[must_use]
    pub fn handshake(said: &Said) -> Self {
        const NO_SNIFFING: &str = "X-Content-Type-Options: nosniff\r\n";
        #[cfg(feature = "providers")]
        let fields = match said.field() {
            Some((name, value)) => Cow::Owned(format!("{NO_SNIFFING}{name}: {value}\r\n")),
            None => Cow::Borrowed(NO_SNIFFING),
        };
        #[cfg(not(feature = "providers"))]
        let fields = Cow::Borrowed(NO_SNIFFING);
        Answer {
            status: said.status(),
            content_type: said.content_type(),
            fields,
            body: Cow::Owned(said.body().to_string()),
        }
    }

    /// The answer where an event was proven but could not be kept: the sender is to try again in 5 s.
    #[must_use]
    pub fn unavailable() -> Self {
        Answer::problem(503, "Temporarily unable to accept events", Cow::Borrowed("Retry-After: 5\r\n"))
    }

    /// The answer to who looks after the program: `body`, with this status.
    #[must_use]
    #[cfg(feature = "watch")]
    pub(crate) fn page(status: u16, content_type: &'static str, body: String) -> Self {
        Answer { status, content_type, fields: Cow::Borrowed(""), body: Cow::Owned(body) }
    }

    /// The answer to a request that came without TLS where TLS is spoken.
    #[must_use]
    #[cfg(feature = "tls")]
    pub fn without_tls() -> Self {
        Answer::problem(400, "This address is for https", Cow::Borrowed(""))
    }

    fn problem(status: u16, detail: &str, fields: Cow<'static, str>) -> Self {
        // Every detail is ours and needs no escaping.
        let title = reason(status);
        let body = format!(r#"{{"type":"about:blank","title":"{title}","status":{status},"detail":"{detail}"}}"#);
        Answer { status, content_type: "application/problem+json", fields, body: Cow::Owned(body) }
    }

    /// Its status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Its body.
    #[must_use]
    pub fn body(&self) -> &str {
        &self.body
    }

    /// Appends the answer to `out` as HTTP/1.1, dated `now`. The answer to a HEAD has no body (RFC 9110 §9.3.2).
    pub fn write(&self, method: &str, persistence: Persistence, now: UnixTime, out: &mut Vec<u8>) {
        let Answer { status, content_type, fields, body } = self;
        let connection = match persistence {
            Persistence::Close => "Connection: close\r\n",
            Persistence::Keep => "",
            Persistence::KeepAsAsked => "Connection: keep-alive\r\n",
        };
        out.reserve(HEAD_BYTES + body.len());
        out.extend_from_slice(b"HTTP/1.1 ");
        write_number(u64::from(*status), 3, out);
        out.push(b' ');
        out.extend_from_slice(reason(*status).as_bytes());
        out.extend_from_slice(b"\r\nDate: ");
        now.write_http_date(out);
        out.extend_from_slice(b"\r\nContent-Type: ");
        out.extend_from_slice(content_type.as_bytes());
        out.extend_from_slice(b"\r\nContent-Length: ");
        write_number(body.len() as u64, 1, out);
        out.extend_from_slice(b"\r\nCache-Control: no-store\r\n");
        out.extend_from_slice(connection.as_bytes());
        out.extend_from_slice(fields.as_bytes());
        out.extend_from_slice(b"\r\n");
        if method != "HEAD" {
            out.extend_from_slice(body.as_bytes());
        }
    }
}

/// The reason phrase of each status that is answered (RFC 9110 §15).
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        417 => "Expectation Failed",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        505 => "HTTP Version Not Supported",
        _ => "",
    }
}

/// A handshake's answer can hold a secret in its head, or a MAC in its body: `Debug` shows neither.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Answer");
        shown.field("status", &self.status).field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(answer: &Answer, method: &str, persistence: Persistence) -> String {
        let mut out = Vec::new();
        answer.write(method, persistence, UnixTime::from_s(784_111_777), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_refusal_is_a_problem_document_whose_detail_is_the_tables() {
        let text = written(&Answer::refused(&Refusal::SignatureMismatch), "POST", Persistence::Close);
        let body = r#"{"type":"about:blank","title":"Unauthorized","status":401,"detail":"Signature mismatch - unauthorized"}"#;
        let head = format!(
            "HTTP/1.1 401 Unauthorized\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Type: application/problem+json\r\n\
             Content-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
            body.len()
        );
        assert_eq!(text, head + body);
    }

    #[test]
    fn a_405_says_what_is_allowed_and_a_head_gets_no_body() {
        let refused = Answer::refused(&Refusal::MethodNotAllowed);
        let text = written(&refused, "HEAD", Persistence::Keep);
        assert!(text.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
        assert!(text.contains("\r\nAllow: POST\r\n") && !text.contains("Connection:"));
        assert!(
            text.contains(&format!("\r\nContent-Length: {}\r\n", refused.body().len())) && text.ends_with("\r\n\r\n")
        );
    }

    #[test]
    fn who_sends_too_much_is_told_when_to_come_again() {
        let text = written(&Answer::refused(&Refusal::TooManyRequests { retry_after_s: 7 }), "POST", Persistence::Keep);
        assert!(text.starts_with("HTTP/1.1 429 Too Many Requests\r\n") && text.contains("\r\nRetry-After: 7\r\n"));
    }

    #[test]
    fn what_cannot_be_kept_is_to_be_sent_again() {
        let text = written(&Answer::unavailable(), "POST", Persistence::Close);
        assert!(text.starts_with("HTTP/1.1 503 Service Unavailable\r\n") && text.contains("\r\nRetry-After: 5\r\n"));
    }

    #[test]
    fn what_is_copied_is_what_would_be_written() {
        let mut last = LastAnswer::default();
        let answers = [Answer::unavailable(), Answer::refused(&Refusal::UnknownPath)];
        for (answer, ms, persistence, method) in [
            (&answers[0], 0, Persistence::Keep, "POST"),
            (&answers[0], 999, Persistence::Keep, "POST"),
            (&answers[0], 1000, Persistence::Keep, "POST"),
            (&answers[0], 1000, Persistence::Close, "POST"),
            (&answers[0], 1000, Persistence::KeepAsAsked, "POST"),
            (&answers[0], 1000, Persistence::Keep, "HEAD"),
            (&answers[1], 1000, Persistence::Keep, "POST"),
            (&answers[0], -1, Persistence::Keep, "POST"),
        ] {
            let (mut copied, mut written) = (Vec::new(), Vec::new());
            last.write(answer, method, persistence, UnixTime::from_ms(ms), &mut copied);
            answer.write(method, persistence, UnixTime::from_ms(ms), &mut written);
            assert_eq!(copied, written, "{ms} {persistence:?} {method}");
        }
    }

    #[test]
    fn every_answer_is_json_and_has_a_reason() {
        let limit_bytes = 1;
        for refusal in [
            Refusal::MalformedHead,
            Refusal::TargetTooLong,
            Refusal::HeadTooLong,
            Refusal::UnsupportedVersion,
            Refusal::UnknownExpectation,
            Refusal::TooSlow,
            Refusal::AmbiguousFraming,
            Refusal::UnsupportedTransferEncoding,
            Refusal::BrokenBody,
            Refusal::UnknownPath,
            Refusal::InvalidHandshake,
            Refusal::HandshakeRefused,
            Refusal::AddressNotAllowed,
            Refusal::TooManyRequests { retry_after_s: 1 },
            Refusal::MethodNotAllowed,
            Refusal::BodyTooLong { limit_bytes },
            Refusal::UnsupportedContentEncoding,
            Refusal::MissingSignature,
            Refusal::SignatureMismatch,
            Refusal::InvalidForm,
        ] {
            let answer = Answer::refused(&refusal);
            let problem: serde_json::Value = serde_json::from_str(answer.body()).unwrap();
            assert_eq!(problem["status"], answer.status());
            assert_eq!(problem["detail"], refusal.answer().1);
            assert_ne!(problem["title"], "");
        }
    }
}
