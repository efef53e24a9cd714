//! What systemd is told of the receiver: sd_notify(3), which is a datagram to a Unix socket. The crates for it know no sockets
//! without a file, and connect anew for each word.

use crate::minimal::warn;
use crate::receipt::{Keep, Novelty};
use crate::receive::Delivery;
use rustix::time::{ClockId, clock_gettime};
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Where systemd has no room for a word, it is tried again after this: it takes its mail within milliseconds.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Tells systemd, where that started this process, or whoever else set `NOTIFY_SOCKET`; else nobody.
#[derive(Clone)]
pub(super) struct Notifier(Option<Arc<Told>>);

struct Told {
    socket: UnixDatagram,
    address: SocketAddr,
    /// How often the loop has to say that it lives.
    beat: Option<Duration>,
    /// It is ready, or ready again, and that is to be told with this status.
    ready: Mutex<Option<String>>,
}

impl Notifier {
    /// As the environment has it. It warns of what cannot be.
    pub(super) fn of_environment() -> Self {
        let Some(name) = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty()) else {
            return Notifier(None);
        };
        let told = address(&name).and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            // The receiver waits for nobody, systemd included.
            socket.set_nonblocking(true)?;
            Ok(Told { socket, address, beat: beat(), ready: Mutex::new(None) })
        });
        match told {
            Ok(told) => Notifier(Some(Arc::new(told))),
            Err(error) => {
                warn(&[format!("systemd is told nothing: NOTIFY_SOCKET cannot be used: {error}")]);
                Notifier(None)
            }
        }
    }

    /// From the loop's next turn on it is ready, as that says itself. Until it was woken for it, it may be long.
    pub(super) fn ready(&self, status: String) {
        if let Notifier(Some(told)) = self {
            *told.ready.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
        }
    }

    /// It is reading its configuration again; [`Notifier::ready`] ends that.
    pub(super) fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        // Without this moment, systemd could take an old READY=1 for that of this reload.
        let us = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={us}\nSTATUS=reading the configuration again\n"));
    }

    /// It was asked to stop.
    pub(super) fn stopping(&self) {
        self.tell("STOPPING=1\nSTATUS=finishing what is in flight\n");
    }

    fn tell(&self, words: &str) {
        if let Notifier(Some(told)) = self {
            let _ = told.tell(words);
        }
    }

    /// `keeper`, whose loop tells systemd that it is ready and that it lives.
    pub(super) fn watch<'k, K: Keep>(&self, keeper: &'k mut K) -> Watched<'k, K> {
        Watched { keeper, told: self.0.clone(), beat_at: Instant::now() }
    }
}

impl Told {
    /// Whether it need not be told again.
    fn tell(&self, words: &str) -> bool {
        let sent = self.socket.send_to_addr(words.as_bytes(), &self.address);
        sent.err().is_none_or(|error| error.kind() != io::ErrorKind::WouldBlock)
    }

    /// Tells what is due; gives how long nothing will be. The loop's own thread calls this, and no other: a loop that hangs does
    /// not beat, and systemd starts it anew.
    fn tend(&self, beat_at: &mut Instant, now: Instant) -> Option<Duration> {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = ready.as_ref() {
            if !self.tell(&format!("READY=1\nSTATUS={status}\n")) {
                return Some(AGAIN_AFTER);
            }
            *ready = None;
        }
        drop(ready);
        let beat = self.beat?;
        if now >= *beat_at {
            *beat_at = now + if self.tell("WATCHDOG=1\n") { beat } else { AGAIN_AFTER.min(beat) };
        }
        Some(*beat_at - now)
    }
}

/// A keeper whose loop is watched.
pub(super) struct Watched<'k, K> {
    keeper: &'k mut K,
    told: Option<Arc<Told>>,
    beat_at: Instant,
}

impl<K: Keep> Keep for Watched<'_, K> {
    type Error = K::Error;
    const AT_ONCE: usize = K::AT_ONCE;

    fn stage(&mut self, delivery: &Delivery<'_>) -> Result<Novelty, K::Error> {
        self.keeper.stage(delivery)
    }

    fn commit(&mut self) -> Result<(), K::Error> {
        self.keeper.commit()
    }

    fn tend(&mut self) -> Option<Duration> {
        let patience = self.keeper.tend();
        let beat = self.told.as_ref().and_then(|told| told.tend(&mut self.beat_at, Instant::now()));
        patience.into_iter().chain(beat).min()
    }

    fn is_taking(&self) -> bool {
        self.keeper.is_taking()
    }

    fn last_number(&self) -> Option<u64> {
        self.keeper.last_number()
    }

    fn write_id(&self, number: u64, out: &mut Vec<u8>) {
        self.keeper.write_id(number, out);
    }
}

/// The socket's address: a file, or a name behind `@` that is no file's. systemd(1) knows others, for virtual machines.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest),
        [b'/', ..] => SocketAddr::from_pathname(name),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "it is neither a path nor a name behind @")),
    }
}

/// Half of what `WATCHDOG_USEC` says, as sd_watchdog_enabled(3) has it, where that is for this process.
fn beat() -> Option<Duration> {
    let number = |name: &str| std::env::var_os(name).map(|value| value.to_str().and_then(|value| value.parse().ok()));
    if number("WATCHDOG_PID").is_some_and(|pid| pid != Some(u64::from(std::process::id()))) {
        return None;
    }
    match number("WATCHDOG_USEC")? {
        Some(us) if us > 1 => Some(Duration::from_micros(us / 2)),
        _ => {
            warn(&["WATCHDOG_USEC is no time: systemd's watchdog is not told that the receiver lives".to_string()]);
            None
        }
    }
}
