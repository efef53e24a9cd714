//! What the black-box tests share: a receiver that is a process of its own, a client that is only a socket, a command that
//! ends in time, and a signer that shares no code with hookgate; and a ledger of what was sent and what came of it.
#![allow(dead_code, reason = "each test binary uses its own part")]

#[cfg(feature = "tls")]
pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod command;
pub(crate) mod delivery;
pub(crate) mod dice;
pub(crate) mod event;
pub(crate) mod faketime;
#[cfg(feature = "store")]
pub(crate) mod fleet;
pub(crate) mod folder;
#[cfg(feature = "store")]
pub(crate) mod ledger;
pub(crate) mod queues;
pub(crate) mod receiver;
pub(crate) mod request;
pub(crate) mod signer;
#[cfg(feature = "store")]
pub(crate) mod store;
pub(crate) mod wire;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// GitHub Docs, "Validating webhook deliveries", testing values: what everything here is signed with unless it says otherwise.
pub(crate) const SECRET: &str = "It's a Secret to Everybody";

/// Nothing that a test waits for takes this long, unless it never comes: a debug build takes seconds for a body of 25 MiB, and
/// more where the machine is busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// How long a test listens to be sure that nothing comes. It only ever makes a test too lenient, never fail.
pub(crate) const SILENCE: Duration = Duration::from_millis(300);

/// A number that no other call in this process gets.
pub(crate) fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// `json` without the white space between its tokens, read a character at a time.
pub(crate) fn without_white_space(json: &str) -> String {
    let (mut kept, mut in_string, mut escaped) = (String::new(), false, false);
    for character in json.chars() {
        if in_string || !" \t\r\n".contains(character) {
            kept.push(character);
        }
        match character {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            _ => {}
        }
    }
    kept
}

/// Whether `needle` stands somewhere in `bytes`.
pub(crate) fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}
