//! Every mistake, each as a sentence, the name that is right for it, and how it is made.

use super::delivery::Delivery;
use hookgate::Scheme;
use hookgate::verify::Algorithm;

/// A mistake, and what it makes of a delivery of `scheme`; nothing where it cannot happen there.
pub(crate) struct Mistake {
    pub(crate) what: &'static str,
    /// The name that is right.
    pub(crate) right: &'static str,
    pub(crate) make: fn(&Scheme) -> Option<Delivery>,
}

macro_rules! mistakes {
    ($($what:literal => $right:literal: $make:expr;)*) => {
        &[$(Mistake { what: $what, right: $right, make: $make }),*]
    };
}

// Behind the macro, which they use.
mod body;
mod secret;
mod signature;
mod time;
mod token;
mod url;

/// Whether mistakes of a kind can happen to a scheme.
pub(crate) type Fits = fn(&Scheme) -> bool;

/// All, in the order of docs/EXPLAIN.md, each with the schemes that it can happen to.
pub(crate) fn mistakes() -> impl Iterator<Item = (&'static Mistake, Fits)> {
    let kinds: [(&'static [Mistake], Fits); 6] = [
        (secret::SECRETS, |_| true),
        (signature::SIGNATURES, is_mac_in_header),
        (token::TOKENS, |scheme| !is_mac_in_header(scheme)),
        (body::BODIES, is_mac_in_header),
        (time::TIMES, is_mac_in_header),
        (url::URLS, is_mac_in_header),
    ];
    kinds.into_iter().flat_map(|(mistakes, fits)| mistakes.iter().map(move |mistake| (mistake, fits)))
}

pub(crate) fn is_token(scheme: &Scheme) -> bool {
    scheme.algorithm == Algorithm::Token
}

fn is_mac_in_header(scheme: &Scheme) -> bool {
    !is_token(scheme) && scheme.signature_in_body.is_none()
}
