//! Watching a receiver that runs: its log, its numbers, and whether it is well. docs/WATCHING.md is the contract.

pub mod admin;
pub mod health;
pub mod log;
pub mod metrics;
mod quota;
mod requests;

pub use admin::Admin;
pub use health::{Health, Place};
pub use metrics::Metrics;
pub use requests::Requests;
