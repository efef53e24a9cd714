//! Any text is refused by a field of a scheme, or is a scheme that reads back as itself.

#![no_main]

#[allow(dead_code, reason = "each target calls one of the checks")]
#[path = "../../tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|data: &[u8]| checks::scheme_file::check_bytes(data));
