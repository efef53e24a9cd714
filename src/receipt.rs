//! The one home of [`Receipt`]: what keeps events, and the proof that it did.

use crate::receive::Delivery;
use std::time::Duration;

/// Keeps what was delivered: writes it to a store, or out and flushed. Deliveries of one turn are kept together.
pub trait Keep {
    /// Why it could not be kept; ours, never the sender's.
    type Error;

    /// How many deliveries are best kept with one commit, at most: all of a turn where a commit waits for a disk.
    const AT_ONCE: usize = usize::MAX;

    /// Takes `delivery` into the turn that is open. Nothing is promised yet.
    ///
    /// # Errors
    /// Where it cannot be taken. Where that costs others of the turn their place, [`Keep::commit`] fails.
    fn stage(&mut self, delivery: &Delivery<'_>) -> Result<Novelty, Self::Error>;

    /// Keeps all that was staged since the last call, in order. Returning `Ok` is a promise: whatever happens to this process
    /// next, none of it is lost.
    ///
    /// # Errors
    /// Where not all could be kept. Then the sender of each is told to try again, so that none is lost either.
    fn commit(&mut self) -> Result<(), Self::Error>;

    /// Does what is due beside the turns, a bounded step of it; asked after the answers of a turn are written, and when the time is
    /// over that was given last. Gives how long nothing will be due, if anything ever is.
    fn tend(&mut self) -> Option<Duration> {
        None
    }

    /// Whether it takes deliveries, as far as it knows.
    fn is_taking(&self) -> bool {
        true
    }

    /// The number of the event that was staged last, where it has one.
    fn last_number(&self) -> Option<u64> {
        None
    }

    /// Appends the id of the event of this number, as whoever it is handed on to knows it.
    fn write_id(&self, number: u64, out: &mut Vec<u8>) {
        let _ = (number, out);
    }
}

/// Whether a delivery came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Novelty {
    /// It did not, as far as is known: it is an event.
    New,
    /// It did: the event is kept, or is to be kept in this turn.
    Duplicate,
}

/// Proof that a delivery is in the turn that is open. Only [`stage`] makes one, and it makes one 2xx at most.
#[derive(Debug)]
pub struct Staged {
    novelty: Novelty,
    number: Option<u64>,
}

impl Staged {
    /// Whether the delivery came before.
    #[must_use]
    pub fn novelty(&self) -> Novelty {
        self.novelty
    }

    /// The number of the event, by which [`Keep::write_id`] knows it, if the delivery is a new one.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        self.number
    }
}

/// Proof that a turn was kept. Only [`settle`] makes one, and a 2xx for an event is made from nothing else.
///
/// This compiles:
/// ```
/// fn answer(scheme: &hookgate::Scheme, staged: hookgate::Staged, proof: hookgate::Receipt) -> hookgate::Answer {
///     hookgate::Answer::accepted(scheme, staged, &proof)
/// }
/// ```
/// and this does not:
/// ```compile_fail
/// fn answer(scheme: &hookgate::Scheme, staged: hookgate::Staged, proof: hookgate::UnixTime) -> hookgate::Answer {
///     hookgate::Answer::accepted(scheme, staged, &proof)
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

/// Has `keeper` take `delivery` into its turn.
///
/// # Errors
/// The keeper's, where it was not taken.
pub fn stage<K: Keep>(keeper: &mut K, delivery: &Delivery<'_>) -> Result<Staged, K::Error> {
    let novelty = keeper.stage(delivery)?;
    let number = if novelty == Novelty::New { keeper.last_number() } else { None };
    Ok(Staged { novelty, number })
}

/// Has `keeper` keep its turn; the receipt covers all that was staged in it.
///
/// # Errors
/// The keeper's, where not all was kept.
pub fn settle<K: Keep>(keeper: &mut K) -> Result<Receipt, K::Error> {
    keeper.commit()?;
    Ok(Receipt(()))
}
