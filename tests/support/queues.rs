//! What the system holds of TCP connections: sent, and not there yet; come, and not read yet (Linux, proc_net_tcp).

use super::PATIENCE;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// The queues of one socket of IPv4.
struct Queues {
    local: u16,
    remote: u16,
    /// Bytes that the other side has not acknowledged.
    sent: u64,
    /// Bytes that nobody has read; where it listens, connections that nobody has accepted.
    come: u64,
}

fn all() -> Vec<Queues> {
    let table = fs::read_to_string("/proc/net/tcp").expect("Linux tells it");
    let number = |hex: &str| u64::from_str_radix(hex, 16).ok();
    let port = |address: &str| u16::from_str_radix(address.rsplit(':').next()?, 16).ok();
    let rows = table.lines().skip(1).map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (local, remote) = (port(fields.next()?)?, port(fields.next()?)?);
        let (sent, come) = fields.nth(1)?.split_once(':')?;
        Some(Queues { local, remote, sent: number(sent)?, come: number(come)? })
    });
    rows.map(|row| row.expect("a row of a socket")).collect()
}

/// How much is on its way to or from `port`, or waits there to be read or accepted.
pub(crate) fn on_the_way(port: u16) -> u64 {
    let of_port = all().into_iter().filter(|socket| socket.local == port || socket.remote == port);
    of_port.map(|socket| socket.sent + socket.come).sum()
}

/// Waits until all that was sent from `port` has come to the other side: what has not goes with a connection that is closed
/// while something in it is unread.
pub(crate) fn wait_until_all_has_come_from(port: u16) {
    let start = Instant::now();
    while all().iter().any(|socket| socket.local == port && socket.sent > 0) {
        assert!(start.elapsed() < PATIENCE, "the receiver's system takes it");
        thread::sleep(Duration::from_millis(1));
    }
}
