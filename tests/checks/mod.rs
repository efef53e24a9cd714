//! What hookgate decides, held against naive references that share no code with it. Each check takes any bytes and panics
//! where the two differ; the fuzz targets and the property tests call the same ones.

pub(crate) mod client_address;
#[cfg(feature = "config")]
pub(crate) mod config;
#[cfg(feature = "config")]
pub(crate) mod filter;
#[cfg(feature = "providers")]
pub(crate) mod form;
pub(crate) mod head;
pub(crate) mod hmac_reference;
#[cfg(feature = "providers")]
pub(crate) mod in_body;
pub(crate) mod json_reference;
#[cfg(feature = "providers")]
pub(crate) mod jwt;
pub(crate) mod keys;
pub(crate) mod payload;
pub(crate) mod preset;
#[cfg(feature = "providers")]
pub(crate) mod scheme_file;
pub(crate) mod scheme_header;
pub(crate) mod signature_header;
pub(crate) mod verifier;

use hookgate::UnixTime;

/// When every check happens: GitHub's scheme takes any time.
pub(crate) const NOW: UnixTime = UnixTime::from_s(1_700_000_000);

/// `value` without the optional white space around it (RFC 9110 §5.6.3: space and tab), one byte at a time.
pub(crate) fn without_optional_white_space(value: &[u8]) -> Vec<u8> {
    let is_space = |byte: Option<&u8>| byte == Some(&b' ') || byte == Some(&b'\t');
    let mut kept = value.to_vec();
    while is_space(kept.last()) {
        kept.pop();
    }
    while is_space(kept.first()) {
        kept.remove(0);
    }
    kept
}

/// The value of one hex digit of either case.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    b"0123456789abcdef"
        .iter()
        .zip(0..16)
        .find(|(digit, _)| **digit == byte.to_ascii_lowercase())
        .map(|(_, value)| value)
}

/// `bytes` as lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
