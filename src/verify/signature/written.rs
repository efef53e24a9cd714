//! Writing what the scheme wants in a request's head.

use crate::verify::encoding;
#[cfg(feature = "providers")]
use crate::verify::scheme::{Algorithm, Encoding};
use crate::verify::scheme::{Grammar, Scheme, TimestampPlace};

/// `signature` as it is written; a token is so already.
pub(in crate::verify) fn encoded(scheme: &Scheme, signature: &[u8]) -> String {
    #[cfg(feature = "providers")]
    if scheme.algorithm == Algorithm::Token {
        return encoding::encode(Encoding::Verbatim, signature);
    }
    encoding::encode(scheme.encoding, signature)
}

/// The value of the signature header for `signature`, with the timestamp where that stands in it.
pub(in crate::verify) fn write(scheme: &Scheme, signature: &[u8], timestamp: &str) -> String {
    let encoded = encoded(scheme, signature);
    match &scheme.grammar {
        Grammar::Bare => encoded,
        #[cfg(feature = "providers")]
        Grammar::List(_) => encoded,
        Grammar::Prefix(prefix) => format!("{prefix}{encoded}"),
        Grammar::Pairs { item_separator, is_spaced, key_separator, signature_keys } => {
            let key = signature_keys.first().map_or("", String::as_str);
            let signature = format!("{key}{key_separator}{encoded}");
            match scheme.timestamp.as_ref().map(|timestamp| &timestamp.place) {
                Some(TimestampPlace::Field(key)) => {
                    let space = if *is_spaced { " " } else { "" };
                    format!("{key}{key_separator}{timestamp}{item_separator}{space}{signature}")
                }
                _ => signature,
            }
        }
    }
}
