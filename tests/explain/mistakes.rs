//! Every mistake, each as a sentence, the name that is right for it, and how it is made.

use super::delivery::Delivery;
use hookgate::Scheme;

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
mod url;

/// All, in the order of docs/EXPLAIN.md.
pub(crate) fn mistakes() -> impl Iterator<Item = &'static Mistake> {
    [secret::SECRETS, signature::SIGNATURES, body::BODIES, time::TIMES, url::URLS].into_iter().flatten()
}
