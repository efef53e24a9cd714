//! A source whose secret comes by its provider's handshake (Asana's): one is taken, in a window that the operator opened.

use crate::time::UnixTime;
use crate::verify::{Secret, Verifier};
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, OnceLock};

/// How long a secret is waited for, in seconds. Asana hands it over while the call that creates the webhook still runs: the
/// operator has to make that call, and may have to make it again.
pub const HANDOVER_WINDOW_S: u64 = 600;

/// The window in which one secret is taken. A receiver that takes another's place shares it, so that it opens once.
pub struct Handover {
    opened: UnixTime,
    keep: Box<KeepSecret>,
    taken: OnceLock<Secret>,
    /// Held while one is being kept: of two that come at once, one is taken.
    turn: Mutex<()>,
}

type KeepSecret = dyn Fn(&Secret) -> io::Result<()> + Send + Sync;

/// Why a secret that was handed over was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// It is not waited for, or no longer.
    Refused,
    /// It could not be kept; the next one may be.
    Unkept,
}

impl Handover {
    /// A window of [`HANDOVER_WINDOW_S`] from `opened` on, both ends included. `keep` writes a secret to where it survives this
    /// process before it returns; [`io::ErrorKind::AlreadyExists`] says that there is one, and that none is to be taken.
    pub fn new(opened: UnixTime, keep: impl Fn(&Secret) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Handover { opened, keep: Box::new(keep), taken: OnceLock::new(), turn: Mutex::new(()) }
    }

    /// The secret that was taken.
    #[must_use]
    pub fn taken(&self) -> Option<&Secret> {
        self.taken.get()
    }

    /// Takes `secret` if it is the first, and `now` in the window. It is kept before this returns.
    ///
    /// # Errors
    /// Why not.
    fn take(&self, secret: Secret, now: UnixTime) -> Result<(), NotTaken> {
        // A clock that was set back to before the window opened opens it for no longer.
        let age_ms = now.as_ms().saturating_sub(self.opened.as_ms());
        let is_open = u64::try_from(age_ms).is_ok_and(|age_ms| age_ms <= HANDOVER_WINDOW_S * 1000);
        let Ok(_turn) = self.turn.lock() else { return Err(NotTaken::Refused) };
        if !is_open || self.taken.get().is_some() {
            return Err(NotTaken::Refused);
        }
        (self.keep)(&secret).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => NotTaken::Refused,
            _ => NotTaken::Unkept,
        })?;
        self.taken.set(secret).map_err(|_| NotTaken::Refused)
    }
}

/// A receiver's part of it: what it verifies with once there is a secret.
#[derive(Debug)]
pub(super) struct Awaited {
    label: String,
    handover: Arc<Handover>,
    verifier: OnceLock<Verifier>,
}

impl Awaited {
    pub(super) fn new(label: String, handover: Arc<Handover>) -> Self {
        Awaited { label, handover, verifier: OnceLock::new() }
    }

    /// The verifier with the secret, once it was taken; `without` is the one that waits for it.
    pub(super) fn verifier(&self, without: &Verifier) -> Option<&Verifier> {
        if let Some(verifier) = self.verifier.get() {
            return Some(verifier);
        }
        let made = without.with_secret(self.label.clone(), self.handover.taken()?.clone()).ok()?;
        Some(self.verifier.get_or_init(|| made))
    }

    /// Takes `secret`, which came at `now`, if the scheme can use it and the window is open.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn take(&self, without: &Verifier, secret: Secret, now: UnixTime) -> Result<(), NotTaken> {
        // What could not be used is not kept either: it would stand in the way of one that can.
        without.with_secret(self.label.clone(), secret.clone()).map_err(|_| NotTaken::Refused)?;
        self.handover.take(secret, now)
    }
}

impl fmt::Debug for Handover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handover").field("opened", &self.opened).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const T0: UnixTime = UnixTime::from_s(1_700_000_000);

    fn secret(text: &str) -> Secret {
        Secret::new(text.as_bytes().to_vec()).unwrap()
    }

    fn after_ms(ms: i64) -> UnixTime {
        UnixTime::from_ms(T0.as_ms() + ms)
    }

    #[test]
    fn the_window_is_open_for_ten_minutes_to_the_millisecond() {
        for (ms, taken) in [
            (0, Ok(())),
            (600_000, Ok(())),
            (600_001, Err(NotTaken::Refused)),
            (i64::MAX - T0.as_ms(), Err(NotTaken::Refused)),
            (-1, Err(NotTaken::Refused)),
        ] {
            let handover = Handover::new(T0, |_| Ok(()));
            assert_eq!(handover.take(secret("abc"), after_ms(ms)), taken, "{ms}");
            assert_eq!(handover.taken().is_some(), taken.is_ok(), "{ms}");
        }
    }

    #[test]
    fn the_first_one_closes_it_also_for_the_same_secret() {
        let handover = Handover::new(T0, |_| Ok(()));
        assert_eq!(handover.take(secret("first"), T0), Ok(()));
        for again in ["second", "first"] {
            assert_eq!(handover.take(secret(again), T0), Err(NotTaken::Refused));
        }
        assert_eq!(handover.taken().unwrap().as_bytes(), b"first");
    }

    #[test]
    fn what_could_not_be_kept_is_not_taken_and_the_next_one_may_be() {
        let tries = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&tries);
        let handover = Handover::new(T0, move |_| match counted.fetch_add(1, Ordering::SeqCst) {
            0 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        });
        assert_eq!(handover.take(secret("first"), T0), Err(NotTaken::Unkept));
        assert!(handover.taken().is_none());
        assert_eq!(handover.take(secret("second"), T0), Ok(()));
        assert_eq!(tries.load(Ordering::SeqCst), 2);
    }

    #[test]
    fn where_there_is_a_secret_already_none_is_taken() {
        let handover = Handover::new(T0, |_| Err(io::ErrorKind::AlreadyExists.into()));
        assert_eq!(handover.take(secret("first"), T0), Err(NotTaken::Refused));
        assert!(handover.taken().is_none());
    }

    #[test]
    fn of_two_at_once_one_is_taken() {
        for _ in 0..50 {
            let kept = Arc::new(Mutex::new(Vec::new()));
            let keeper = Arc::clone(&kept);
            let handover = Handover::new(T0, move |secret| {
                keeper.lock().unwrap().push(secret.as_bytes().to_vec());
                Ok(())
            });
            let (handover, start) = (&handover, &Barrier::new(2));
            let taken: Vec<_> = std::thread::scope(|scope| {
                let one = |text| {
                    scope.spawn(move || {
                        start.wait();
                        handover.take(secret(text), T0)
                    })
                };
                let both = [one("a"), one("b")];
                both.map(|thread| thread.join().unwrap()).to_vec()
            });
            assert_eq!(taken.iter().filter(|taken| taken.is_ok()).count(), 1);
            assert_eq!(*kept.lock().unwrap(), [handover.taken().unwrap().as_bytes()]);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let handover = Handover::new(T0, |_| Ok(()));
        handover.take(secret("hunter2"), T0).unwrap();
        assert!(!format!("{handover:?}").contains("hunter2"));
    }
}
