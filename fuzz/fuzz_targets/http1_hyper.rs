//! In any bytes there are never more requests than hyper sees, and never others.

#![no_main]

#[path = "../../tests/checks/http1.rs"]
mod checks;
#[path = "../../tests/checks/http1_hyper.rs"]
mod http1_hyper;
#[path = "../../tests/checks/http1_reference.rs"]
mod http1_reference;

libfuzzer_sys::fuzz_target!(|data: &[u8]| http1_hyper::check(data));
