//! Content-Encoding: a body that was signed before it was compressed, or one that is not what its head says.

use super::cause::{BodyCause, Cause};
use super::tries::Tries;
use crate::json;
use crate::request::Request;
use miniz_oxide::inflate::{decompress_to_vec_with_limit, decompress_to_vec_zlib_with_limit};

/// Longest body that comes out of a compressed one, in bytes: that of the longest that is looked into, eight times. What
/// would be longer is left alone.
const INFLATED_LIMIT_BYTES: usize = 8 * super::PARSED_LIMIT_BYTES;

/// How what gzip (RFC 1952 §2.3.1) and zstd (RFC 8878 §3.1.1) write begins.
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

/// Whether the request is right with its body decompressed.
pub(super) fn variants(tries: &mut Tries<'_>) -> Option<Cause> {
    let body = inflated(tries.question.request.body)?;
    let verifier = tries.verifier()?;
    tries.holds_with_body(&verifier, &body).then_some(Cause::Body(BodyCause::ContentEncodingKept))
}

/// Whether the body is not encoded, though the head says that it is. It shows by the look.
pub(super) fn undone(request: &Request<'_>) -> Option<Cause> {
    let is = |wanted: &[u8]| {
        let mut names = request.head.values("Content-Encoding").flat_map(|value| value.split(|byte| *byte == b','));
        names.any(|name| name.trim_ascii().eq_ignore_ascii_case(wanted))
    };
    let body = request.body;
    let is_json = || json::check(body).is_ok();
    let is_undone = (is(b"gzip") || is(b"x-gzip")) && !body.starts_with(GZIP)
        || is(b"zstd") && !body.starts_with(ZSTD)
        || (is(b"deflate") || is(b"br")) && is_json();
    is_undone.then_some(Cause::Body(BodyCause::ContentEncodingUndone))
}

/// What `body` decompresses to, if it is gzip or zlib (which is what `deflate` means, RFC 9110 §8.4.1.2).
fn inflated(body: &[u8]) -> Option<Vec<u8>> {
    match after_gzip_header(body) {
        Some(deflated) => decompress_to_vec_with_limit(deflated, INFLATED_LIMIT_BYTES).ok(),
        None => decompress_to_vec_zlib_with_limit(body, INFLATED_LIMIT_BYTES).ok(),
    }
}

/// What follows the header of a gzip member (RFC 1952 §2.3).
fn after_gzip_header(body: &[u8]) -> Option<&[u8]> {
    let (header, mut rest) = body.split_first_chunk::<10>()?;
    let [0x1f, 0x8b, 8, flags, ..] = *header else { return None };
    if flags & 4 != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    // A name, then a comment, each up to a zero byte.
    for flag in [8, 16] {
        if flags & flag != 0 {
            rest = rest.get(rest.iter().position(|byte| *byte == 0)? + 1..)?;
        }
    }
    if flags & 2 != 0 {
        rest = rest.get(2..)?;
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{}` as deflate writes it without compression: a stored block (RFC 1951 §3.2.4).
    const STORED: &[u8] = b"\x01\x02\x00\xfd\xff{}";

    #[test]
    fn a_gzip_header_is_skipped_with_whatever_it_holds() {
        for (flags, extra) in [
            (0, &b""[..]),
            (4, b"\x03\x00abc"),
            (8, b"name\0"),
            (16, b"comment\0"),
            (2, b"\xaa\xbb"),
            (31, b"\x00\x00name\0comment\0\xaa\xbb"),
        ] {
            let body = [b"\x1f\x8b\x08", &[flags][..], b"\0\0\0\0\0\xff", extra, STORED].concat();
            assert_eq!(inflated(&body).as_deref(), Some(&b"{}"[..]), "{flags}");
            for length in 0..body.len() {
                assert_eq!(inflated(&body[..length]), None, "{flags} cut off at {length}");
            }
        }
        assert_eq!(inflated(b"{}"), None);
    }

    #[test]
    fn what_would_come_out_too_long_is_left_alone() {
        let zeros = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; INFLATED_LIMIT_BYTES], 6);
        assert_eq!(inflated(&zeros).map(|body| body.len()), Some(INFLATED_LIMIT_BYTES));
        let zeros = miniz_oxide::deflate::compress_to_vec_zlib(&vec![0; INFLATED_LIMIT_BYTES + 1], 6);
        assert_eq!(inflated(&zeros), None);
    }
}
