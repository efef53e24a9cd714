//! hookgate receives webhooks: it proves over the raw bytes that the right party signed a request, and hands on only what
//! is proven.
//!
//! The core is pure and knows neither sockets nor clocks: [`Verifier::verify`] judges one [`Request`]'s signature,
//! [`Receiver::receive`] decides a whole one. Three types are three gates: only `verify` makes a [`Verified`], only
//! [`settle`] makes a [`Receipt`], and only a `Receipt` makes the 2xx of an event.
//!
//! ```
//! use hookgate::{Head, Header, Request, Secret, UnixTime, Verifier, preset};
//!
//! let scheme = preset("github").expect("a preset of this crate");
//! let secret = Secret::new(b"It's a Secret to Everybody".to_vec())?;
//! let verifier = Verifier::new(scheme, [("main".to_string(), secret)])?;
//!
//! // The testing values of GitHub Docs, "Validating webhook deliveries".
//! let headers = [Header {
//!     name: "X-Hub-Signature-256",
//!     value: b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
//! }];
//! let head = Head { method: "POST", target: "/webhook", headers: &headers };
//! let verified = verifier.verify(&Request { head, body: b"Hello, World!" }, UnixTime::now())?;
//! assert_eq!(verified.secret_label(), "main");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod access;
pub mod answer;
mod base64;
pub mod config;
#[cfg(all(feature = "config", feature = "store"))]
pub mod deliver;
mod digits;
#[cfg(feature = "explain")]
pub mod explain;
pub mod http1;
pub mod json;
mod memory;
#[cfg(any(feature = "cli", all(feature = "tiny_http", feature = "tls")))]
mod open;
pub mod payload;
mod receipt;
mod receive;
mod request;
#[cfg(feature = "tiny_http")]
pub mod serve;
pub mod sink;
#[cfg(feature = "store")]
pub mod store;
mod time;
pub mod verify;
#[cfg(feature = "watch")]
pub mod watch;

#[cfg(feature = "cli")]
pub mod cli;
#[cfg(feature = "tiny_http")]
pub mod minimal;

pub use answer::Answer;
pub use receipt::{Keep, Novelty, Receipt, Staged, settle, stage};
pub use receive::{BODY_LIMIT_BYTES, Delivery, InvalidPath, Received, Receiver, Receivers, RepeatedPath};
#[cfg(feature = "providers")]
pub use receive::{HANDOVER_WINDOW_S, Handover, NotTaken};
pub use request::{Head, Header, Request};
pub use time::UnixTime;
pub use verify::{Refusal, Scheme, Secret, Verified, Verifier, preset, sign};
