//! Any split of any bytes gives the same requests and answers, and a connection holds no more than it may.

#![no_main]

#[path = "../../tests/checks/http1.rs"]
mod checks;
#[path = "../../tests/checks/http1_reference.rs"]
mod http1_reference;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::check(data));
