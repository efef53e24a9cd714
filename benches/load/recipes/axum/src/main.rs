//! The usual recipe in axum: verify the raw body, then look at it. One thread, as hookgate has.
//!
//!     WEBHOOK_SECRET=… hookgate-load-axum ADDRESS

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::error::Error;

type Answer = (StatusCode, [(HeaderName, &'static str); 1], &'static str);

fn answer(status: StatusCode, body: &'static str) -> Answer {
    (status, [(CONTENT_TYPE, "application/json")], body)
}

/// `keyed` is the MAC with its key schedule, which is made once.
async fn webhook(State(keyed): State<Hmac<Sha256>>, headers: HeaderMap, body: Bytes) -> Answer {
    let Some(signature) = headers.get("X-Hub-Signature-256").filter(|_| !body.is_empty()) else {
        return answer(StatusCode::BAD_REQUEST, r#"{"detail":"Missing signature header or payload"}"#);
    };
    let mut tag = [0; 32];
    let digits = signature.as_bytes().strip_prefix(b"sha256=");
    if digits.is_none_or(|digits| hex::decode_to_slice(digits, &mut tag).is_err()) {
        return answer(StatusCode::BAD_REQUEST, r#"{"detail":"Invalid signature header format"}"#);
    }
    if keyed.chain_update(&body).verify_slice(&tag).is_err() {
        return answer(StatusCode::UNAUTHORIZED, r#"{"detail":"Signature mismatch - unauthorized"}"#);
    }
    match serde_json::from_slice::<serde_json::Value>(&body) {
        Ok(_) => answer(StatusCode::OK, r#"{"status":"success"}"#),
        Err(_) => answer(StatusCode::BAD_REQUEST, r#"{"detail":"Invalid JSON payload"}"#),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("usage: hookgate-load-axum ADDRESS")?;
    let keyed = Hmac::<Sha256>::new_from_slice(std::env::var("WEBHOOK_SECRET")?.as_bytes())?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    let routes = Router::new().route("/webhook", post(webhook)).with_state(keyed);
    axum::serve(listener, routes).await?;
    Ok(())
}
