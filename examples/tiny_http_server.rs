//! The verifier in a tiny_http server of your own.
//!
//!     HOOKGATE_SECRET='a secret of your own' cargo run --example tiny_http_server
//!
//! and from another terminal, with the same secret, one that is accepted (another secret gives one that is refused):
//!
//!     HOOKGATE_SECRET='a secret of your own' cargo run -- send http://127.0.0.1:5001/ --event push examples/push.json
#![expect(clippy::print_stdout, reason = "a program that prints what it received")]

use hookgate::{BODY_LIMIT_BYTES, Head, Header, Refusal, Request, Secret, UnixTime, Verifier, preset};
use std::io::Read;

fn receive(verifier: &Verifier, request: &mut tiny_http::Request) -> Result<(), Refusal> {
    let mut body = Vec::new();
    let read = request.as_reader().take(BODY_LIMIT_BYTES + 1).read_to_end(&mut body);
    if read.map_err(|_| Refusal::BrokenBody)? as u64 > BODY_LIMIT_BYTES {
        return Err(Refusal::BodyTooLong { limit_bytes: BODY_LIMIT_BYTES });
    }
    let fields = request.headers().iter();
    let headers: Vec<Header<'_>> =
        fields.map(|it| Header { name: it.field.as_str().as_str(), value: it.value.as_bytes() }).collect();
    let head = Head { method: request.method().as_str(), target: request.url(), headers: &headers };
    let verified = verifier.verify(&Request { head, body: &body }, UnixTime::now())?;
    let event = verified.event_type(None).unwrap_or_default();
    println!("{event:?} of {} bytes", body.len());
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let secret = Secret::new(std::env::var("HOOKGATE_SECRET")?.into_bytes())?;
    let verifier = Verifier::new(preset("github").ok_or("no such preset")?, [("main".to_string(), secret)])?;
    // On loopback, behind a proxy that reads whole requests: tiny_http is no match for strangers (docs/DESIGN.md).
    for mut request in tiny_http::Server::http("127.0.0.1:5001")?.incoming_requests() {
        let (status, text) = receive(&verifier, &mut request).map_or_else(|it| it.answer(), |()| (200, "Accepted"));
        // A client that is gone loses its answer, nobody else's.
        let _ = request.respond(tiny_http::Response::from_string(text).with_status_code(status));
    }
    Ok(())
}
