//! A signature in the body is found and judged as a reference does that reads the body into a tree.

#![no_main]

#[allow(dead_code, reason = "each target calls one of the checks")]
#[path = "../../tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::in_body::check_bytes(data));
