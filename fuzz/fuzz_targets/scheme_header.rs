//! Any scheme reads any head as the reference does.

#![no_main]

#[allow(dead_code, reason = "each target calls one of the checks")]
#[path = "../../tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::scheme_header::check_bytes(data));
