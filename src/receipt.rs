//! The one home of [`Receipt`]: what keeps events, and the proof that it did.

use crate::receive::Delivery;

/// Keeps what was delivered: writes it to a store, or out and flushed.
pub trait Keep {
    /// Why it could not be kept; ours, never the sender's.
    type Error;

    /// Keeps all of `deliveries`, in order. Returning `Ok` is a promise: whatever happens to this process next, none of them
    /// is lost.
    ///
    /// # Errors
    /// Where not all could be kept. Then the sender of each is told to try again, so that none is lost either.
    fn keep(&mut self, deliveries: &[Delivery<'_>]) -> Result<(), Self::Error>;
}

/// Proof that deliveries were kept. Only [`settle`] makes one, and a 2xx for an event is made from nothing else.
///
/// This compiles:
/// ```
/// fn answer(scheme: &hookgate::Scheme, proof: hookgate::Receipt) -> hookgate::Answer {
///     hookgate::Answer::accepted(scheme, &proof)
/// }
/// ```
/// and this does not:
/// ```compile_fail
/// fn answer(scheme: &hookgate::Scheme, proof: hookgate::UnixTime) -> hookgate::Answer {
///     hookgate::Answer::accepted(scheme, &proof)
/// }
/// ```
/// Nobody else can make one. This compiles:
/// ```
/// fn forge() -> Option<hookgate::Receipt> {
///     None
/// }
/// ```
/// and this does not:
/// ```compile_fail
/// fn forge() -> Option<hookgate::Receipt> {
///     hookgate::Receipt(())
/// }
/// ```
#[derive(Debug)]
pub struct Receipt(());

/// Has `keeper` keep `deliveries`; the receipt covers all of them.
///
/// # Errors
/// The keeper's, where not all were kept.
pub fn settle<K: Keep>(keeper: &mut K, deliveries: &[Delivery<'_>]) -> Result<Receipt, K::Error> {
    keeper.keep(deliveries)?;
    Ok(Receipt(()))
}
