//! The verifier in somebody else's axum server.
//!
//!     HOOKGATE_SECRET='a secret of your own' cargo run --manifest-path examples/axum/Cargo.toml
//!
//! and from another terminal, with the same secret, one that is accepted (another secret gives one that is refused):
//!
//!     HOOKGATE_SECRET='a secret of your own' cargo run -- send http://127.0.0.1:5002/webhook --event push examples/push.json

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hookgate::{Head, Header, Request, Secret, UnixTime, Verifier, preset};
use std::sync::Arc;

async fn receive(State(verifier): State<Arc<Verifier>>, headers: HeaderMap, body: Bytes) -> (StatusCode, &'static str) {
    let headers: Vec<Header<'_>> =
        headers.iter().map(|(name, value)| Header { name: name.as_str(), value: value.as_bytes() }).collect();
    let head = Head { method: "POST", target: "/webhook", headers: &headers };
    match verifier.verify(&Request { head, body: &body }, UnixTime::now()) {
        Ok(verified) => {
            println!("{:?} of {} bytes", verified.event_type(None).unwrap_or_default(), body.len());
            (StatusCode::OK, "Accepted")
        }
        Err(refusal) => {
            let (status, detail) = refusal.answer();
            (StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), detail)
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = Secret::new(std::env::var("HOOKGATE_SECRET")?.into_bytes())?;
    let verifier = Verifier::new(preset("github").ok_or("no such preset")?, [("main".to_string(), secret)])?;
    let limit_bytes = usize::try_from(hookgate::BODY_LIMIT_BYTES)?;
    let routes = Router::new().route("/webhook", post(receive)).layer(DefaultBodyLimit::max(limit_bytes));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:5002").await?;
    axum::serve(listener, routes.with_state(Arc::new(verifier))).await?;
    Ok(())
}
