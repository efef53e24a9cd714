//! A refusal tells a stranger nothing that helps a forger, and gives nothing back that he sent.

use crate::support::receiver::start;
use crate::support::request::{signed, signed_with, unsigned};
use crate::support::{SECRET, contains, signer};

const MARK: &str = "M4rkOfTheSender";

#[test]
fn no_answer_holds_the_secret_the_right_signature_or_a_byte_of_the_request() {
    let receiver = start();
    let body = format!("{{\"{MARK}\":1}}");
    let right = signer::digits(SECRET.as_bytes(), body.as_bytes());
    let spoilt = format!("{MARK} {body}");
    for request in [
        unsigned(&body),
        unsigned(&body).header("X-Hub-Signature-256", MARK),
        unsigned(&body).header("X-Hub-Signature-256", format!("{MARK}={right}")),
        unsigned(&body).header("X-Hub-Signature-256", format!("sha256={right}{MARK}")),
        signed_with("another secret of 16+", &body),
        signed(&spoilt),
        signed(&body).to(&format!("/{MARK}")),
        signed(&body).by(MARK),
        signed(&body).header("Content-Encoding", MARK),
        signed(&body).header("Transfer-Encoding", MARK),
        signed(&body).header("Content-Length", MARK),
        signed(format!("x=1&{MARK}=2")).header("Content-Type", "application/x-www-form-urlencoded"),
    ] {
        let (answer, _) = receiver.exchange(&request.header("X-Note", MARK).bytes());
        assert!(answer.status >= 400, "{}", answer.text());
        let lower = answer.raw.to_ascii_lowercase();
        for kept in [SECRET, MARK, &right, &signer::digits(SECRET.as_bytes(), spoilt.as_bytes())] {
            assert!(!contains(&lower, kept.to_ascii_lowercase().as_bytes()), "{kept} in {}", answer.text());
        }
        receiver.expect_no_event();
    }
    let talk = receiver.talk();
    assert!(!talk.contains(&right) && !talk.contains(MARK), "{talk}");
}
