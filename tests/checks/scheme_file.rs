//! Schemes from files: any text is refused by a field's name or makes a scheme that can work and reads back as itself.

use hookgate::Scheme;
use hookgate::verify::{Coverage, check};

/// Checks any bytes.
pub(crate) fn check_bytes(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Scheme::from_toml(text) {
        Ok(scheme) => {
            assert_eq!(check(&scheme), Ok(()), "{scheme:?}");
            // What signs nothing of the body says so.
            let is_accepted = text.contains("accept_uncovered_body");
            assert!(scheme.coverage() != Coverage::Nothing || is_accepted, "{text}");
            let written = scheme.to_toml();
            assert_eq!(Scheme::from_toml(&written), Ok(scheme), "{written}");
        }
        Err(unusable) => assert!(!unusable.field.is_empty() && !unusable.why.is_empty(), "{text:?}: {unusable:?}"),
    }
}
