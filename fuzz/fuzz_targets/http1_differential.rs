//! Any bytes give the same requests, and the same end of the connection, as a naive reader of RFC 9112 makes of them.

#![no_main]

#[path = "../../tests/checks/http1.rs"]
mod checks;
#[path = "../../tests/checks/http1_reference.rs"]
mod http1_reference;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::check_against_the_reference(data));
