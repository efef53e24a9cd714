//! Sockets that systemd opened for the receiver: sd_listen_fds(3). `systemd` among the addresses stands for all of them,
//! `systemd:NAME` for those that the unit calls so.

use super::super::tls::{Binder, HTTPS};
use super::super::wrong;
use super::cannot_listen;
use super::listening::Opened;
use crate::config::Config;
use crate::minimal::{Failure, warn};
use crate::serve::evented::Listener;
use listenfd::ListenFd;
use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::sync::Arc;

/// What the address of such sockets begins with.
const SYSTEMD: &str = "systemd";

/// Most sockets that are taken over: systemd's own limit is that of open descriptors, and nobody has a hundred addresses.
const MOST: usize = 256;

/// The sockets that were passed to this process, each with its name, as far as they are not taken.
#[derive(Default)]
pub(super) struct Sockets(Vec<(String, Socket)>);

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// Which of them an address stands for, and whether TLS is spoken there.
struct Wanted<'a> {
    name: Option<&'a str>,
    https: bool,
}

/// Whether `address` is of sockets that systemd opened.
pub(super) fn is_of_systemd(address: &str) -> bool {
    wanted(address).is_some()
}

fn wanted(address: &str) -> Option<Wanted<'_>> {
    let plain = address.strip_prefix(HTTPS);
    let https = plain.is_some();
    let name = match plain.unwrap_or(address).strip_prefix(SYSTEMD)? {
        "" => None,
        rest => Some(rest.strip_prefix(':')?),
    };
    Some(Wanted { name, https })
}

impl Sockets {
    /// Takes what was passed to this process, so that none of it goes on to a child. To be called while there is one thread: it
    /// takes the variables out of the environment.
    pub(super) fn take() -> Result<Self, Failure> {
        let number = |name| std::env::var(name).ok().and_then(|value| value.parse::<usize>().ok());
        // They are another process's where it is not this one that they are for: systemd started that, and that started us.
        if number("LISTEN_PID") != usize::try_from(std::process::id()).ok() {
            return Ok(Sockets::default());
        }
        let hint = "pass sockets by ListenStream= in a .socket unit, with Accept=no";
        match number("LISTEN_FDS") {
            Some(0) => return Ok(Sockets::default()),
            Some(1..=MOST) => {}
            _ => return Err(wrong(format!("LISTEN_FDS is no number from 0 to {MOST}"), hint)),
        }
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut passed = ListenFd::from_env();
        let mut sockets = Vec::new();
        for index in 0..passed.len() {
            // What systemd itself calls a socket without a name.
            let name = names.next().filter(|name| !name.is_empty()).unwrap_or("unknown").to_string();
            let socket = match (passed.take_tcp_listener(index), passed.take_unix_listener(index)) {
                (Ok(Some(socket)), _) if listens(&socket) => Socket::Tcp(socket),
                (_, Ok(Some(socket))) if listens(&socket) => Socket::Unix(socket),
                _ => {
                    return Err(wrong(format!("what systemd passed as {name} is no stream socket that listens"), hint));
                }
            };
            sockets.push((name, socket));
        }
        Ok(Sockets(sockets))
    }

    /// Listens on all addresses of `config`: those of sockets that were passed, and those to bind.
    pub(super) fn listeners(mut self, config: &Config, binder: &Binder) -> Result<Opened, Failure> {
        let mut opened = Vec::new();
        for address in &config.listen {
            let listeners = match wanted(address) {
                Some(wanted) => self.listeners_of(address, &wanted, binder)?,
                None => vec![bind(address, config.listen_mode, binder)?],
            };
            opened.push((address.clone(), listeners.into_iter().map(Arc::new).collect()));
        }
        self.warn_of_what_is_left();
        Ok(Opened(opened))
    }

    fn listeners_of(&mut self, address: &str, wanted: &Wanted<'_>, binder: &Binder) -> Result<Vec<Listener>, Failure> {
        let is_wanted = |name: &str| wanted.name.is_none_or(|wanted| wanted == name);
        let taken: Vec<_> = self.0.extract_if(.., |(name, _)| is_wanted(name)).collect();
        if taken.is_empty() {
            let names: Vec<_> = self.0.iter().map(|(name, _)| name.as_str()).collect();
            let hint = match names.as_slice() {
                [] => "start it by a .socket unit, whose service this is; or listen on an address and port".to_string(),
                names => format!("it passed {}: FileDescriptorName= in the .socket unit names them", names.join(", ")),
            };
            return Err(wrong(format!("cannot listen on {address}: systemd passed no such socket"), hint));
        }
        let listener = |(_, socket)| match socket {
            Socket::Tcp(socket) => binder.take(socket, wanted.https),
            Socket::Unix(_) if wanted.https => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, "TLS is spoken on TCP sockets only"))
            }
            Socket::Unix(socket) => Listener::from_unix(socket),
        };
        let listeners = taken.into_iter().map(listener).collect::<io::Result<_>>();
        listeners.map_err(|error| cannot_listen(address, &error))
    }

    /// Says which sockets nobody will answer on.
    pub(super) fn warn_of_what_is_left(&self) {
        let unused = |(name, _): &(String, Socket)| {
            format!("systemd passed the socket {name}, and listen has neither systemd nor systemd:{name}: it is closed")
        };
        warn(&self.0.iter().map(unused).collect::<Vec<_>>());
    }
}

/// A listener on `address`, which is none of systemd's.
pub(super) fn bind(address: &str, mode: u32, binder: &Binder) -> Result<Listener, Failure> {
    binder.bind(address, mode).map_err(|error| cannot_listen(address, &error))
}

fn listens(socket: &impl AsFd) -> bool {
    rustix::net::sockopt::socket_acceptconn(socket).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn an_address_of_systemds_names_a_socket_or_all() {
        for (address, expected) in [
            ("systemd", Some((None, false))),
            ("https://systemd", Some((None, true))),
            ("systemd:web", Some((Some("web"), false))),
            ("https://systemd:hookgate.socket", Some((Some("hookgate.socket"), true))),
            ("systemdx", None),
            ("systemd.example:80", None),
            ("127.0.0.1:5000", None),
            ("unix:systemd", None),
        ] {
            let found = wanted(address).map(|wanted| (wanted.name, wanted.https));
            assert_eq!(found, expected, "{address}");
        }
    }
}
