//! A store of a test's own, the receivers on it, and what was sent to them.

use crate::support::delivery::{name, usual_bytes};
use crate::support::fleet::{Fate, Fleet, repeat, send, settle};
use crate::support::folder::Folder;
use crate::support::ledger::{Broken, Ledger};
use crate::support::receiver::{Receiver, Setup, setup};
use crate::support::{PATIENCE, command::Outcome, unique};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// Clients that keep at it for a while, whatever they are answered.
pub(super) const FLEET: Fleet =
    Fleet { clients: 4, deliveries: 60, fill_bytes: usual_bytes, repeats: 12, may_fail: true };

pub(super) struct Store {
    /// Gone with this value.
    _folder: Option<Folder>,
    pub(super) data: PathBuf,
    pub(super) ledger: Mutex<Ledger>,
}

impl Store {
    pub(super) fn new() -> Self {
        let folder = Folder::new();
        let data = folder.path().join("data");
        Store { _folder: Some(folder), data, ledger: Mutex::default() }
    }

    /// One whose folder is somebody else's to remove.
    pub(super) fn in_folder(data: &Path) -> Self {
        Store { _folder: None, data: data.into(), ledger: Mutex::default() }
    }

    /// A receiver on it, to be started.
    pub(super) fn setup(&self) -> Setup {
        setup().storing().arguments(&["--data", self.data.to_str().expect("the folders of tests have plain names")])
    }

    pub(super) fn start(&self) -> Receiver {
        self.setup().start()
    }

    /// Has `fleet` deliver. Gives how many were answered 503.
    pub(super) fn deliver(&self, receiver: &Receiver, fleet: Fleet) -> usize {
        let place = format!("place{}", unique());
        holds(fleet.deliver(receiver.address, &self.ledger, &place, 0, || {}))
    }

    /// Delivers until a delivery is answered 503.
    pub(super) fn deliver_until_it_fails(&self, receiver: &Receiver) {
        let start = Instant::now();
        while self.deliver(receiver, FLEET) == 0 {
            assert!(start.elapsed() < PATIENCE, "there is always room");
        }
    }

    /// Waits until a delivery is answered with a 2xx; then everything is, and it is there.
    pub(super) fn expect_recovery(&self, receiver: &Receiver) {
        let start = Instant::now();
        let delivery = name(&format!("again{}", unique()), 0, 10);
        while holds(send(receiver.address, &self.ledger, &delivery)) != Fate::Answered {
            assert!(start.elapsed() < PATIENCE, "it does not recover by itself: {}", receiver.talk());
            thread::sleep(Duration::from_millis(50));
        }
        holds(settle(receiver.address, &self.ledger));
        holds(repeat(receiver.address, &self.ledger));
        holds(self.ledger().look(&self.data));
    }

    /// Ends the receiver as a crash would, and looks at all that is there.
    pub(super) fn expect_all_after_a_crash(&self, mut receiver: Receiver) {
        receiver.kill();
        holds(self.ledger().look_at_all(&self.data));
        let receiver = self.start();
        holds(repeat(receiver.address, &self.ledger));
        holds(self.ledger().look(&self.data));
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().expect("nobody panics with it")
    }
}

pub(super) fn holds<T>(outcome: Result<T, Broken>) -> T {
    outcome.unwrap_or_else(|broken| panic!("{broken:?}"))
}

/// That a command did not do what it was asked, said why and what helps, and ended with one of the documented codes.
pub(super) fn expect_refused(outcome: &Outcome) {
    assert!(matches!(outcome.code(), Some(1 | 2)), "{outcome:?}");
    assert!(!outcome.stderr.contains("panicked"), "{outcome:?}");
    assert!(outcome.stderr.contains("hookgate: error: "), "{outcome:?}");
    assert!(outcome.stderr.contains("hookgate: hint: "), "{outcome:?}");
}
