//! Each mistake is made with every preset that it can happen to, and named: never wrongly.
#![cfg(feature = "explain")]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what went wrong by panicking"
)]

#[allow(dead_code, reason = "each test takes what it needs of it")]
#[path = "checks/keys.rs"]
mod keys;

mod explain {
    mod delivery;
    mod document;
    mod mistakes;
    mod properties;
}
