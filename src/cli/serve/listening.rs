//! Where a running receiver listens, and where it is to: what is asked for by an address that is open stays open.

use super::super::tls::{self, Binder, HTTPS, Material};
use super::super::wrong;
use super::cannot_listen;
use super::sockets::{bind, is_of_systemd};
use crate::config::Config;
use crate::minimal::Failure;
use crate::serve::evented::Listener;
use std::io;
use std::sync::{Arc, Weak};

/// The addresses of a configuration, each with its listeners.
pub(super) struct Opened(pub(super) Vec<(String, Vec<Arc<Listener>>)>);

/// Where it listens. The listeners are the loop's, which closes them when it stops.
pub(super) struct Listening {
    binder: Binder,
    open: Vec<(String, Vec<Weak<Listener>>)>,
}

/// Where it is to listen, all of it open.
pub(super) struct Next {
    material: Material,
    binder: Binder,
    opened: Opened,
}

impl Opened {
    /// All of them.
    pub(super) fn listeners(&self) -> Vec<Arc<Listener>> {
        self.0.iter().flat_map(|(_, listeners)| listeners.iter().cloned()).collect()
    }
}

impl Listening {
    /// On what was `opened`, by `binder`.
    pub(super) fn new(opened: &Opened, binder: Binder) -> Self {
        let weak = |listeners: &Vec<Arc<Listener>>| listeners.iter().map(Arc::downgrade).collect();
        Listening { binder, open: opened.0.iter().map(|(address, all)| (address.clone(), weak(all))).collect() }
    }

    /// Where it is to listen by `config`, with new files of sockets of this mode. Nothing changes yet.
    pub(super) fn next(&self, config: &Config, mode: u32) -> Result<Next, Failure> {
        let material = tls::read(&config.listen, &config.tls)?;
        let binder = self.binder.with(&material)?;
        let opened = self.opened(config, mode, &binder)?;
        Ok(Next { material, binder, opened })
    }

    /// Listens as `next` has it from now on. Gives all listeners, and the new ones of them.
    pub(super) fn change(&mut self, next: Next) -> (Vec<Arc<Listener>>, Vec<Arc<Listener>>) {
        let Next { material, binder, opened } = next;
        binder.replace(material);
        let known: Vec<_> = self.open.iter().flat_map(|(_, listeners)| listeners.iter().map(Weak::as_ptr)).collect();
        let (all, mut new) = (opened.listeners(), opened.listeners());
        new.retain(|listener| !known.contains(&Arc::as_ptr(listener)));
        *self = Listening::new(&opened, binder);
        (all, new)
    }

    fn opened(&self, config: &Config, mode: u32, binder: &Binder) -> Result<Opened, Failure> {
        let strong = |listeners: &Vec<Weak<Listener>>| listeners.iter().filter_map(Weak::upgrade).collect();
        let mut open: Vec<(&str, Vec<Arc<Listener>>)> =
            self.open.iter().map(|(address, listeners)| (address.as_str(), strong(listeners))).collect();
        let mut take = |is_it: &dyn Fn(&str) -> bool| {
            let at = open.iter().position(|(address, _)| is_it(address))?;
            // One that the system would not tell of is closed, and listened on anew.
            Some(open.swap_remove(at).1).filter(|listeners| !listeners.is_empty())
        };
        let kept: Vec<_> = config.listen.iter().map(|address| take(&|known| known == address)).collect();
        let mut opened = Vec::new();
        for (address, kept) in config.listen.iter().zip(kept) {
            let listeners = match kept {
                Some(listeners) => listeners,
                // The same socket, with TLS now or without.
                None => match take(&|known| plain(known) == plain(address)) {
                    Some(listeners) => anew(address, &listeners, binder)?,
                    None if is_of_systemd(address) => {
                        let what = format!("cannot listen on {address}: systemd passes sockets at the start only");
                        return Err(wrong(what, "start the service anew"));
                    }
                    None => vec![Arc::new(bind(address, mode, binder)?)],
                },
            };
            opened.push((address.clone(), listeners));
        }
        Ok(Opened(opened))
    }
}

fn plain(address: &str) -> &str {
    address.strip_prefix(HTTPS).unwrap_or(address)
}

/// Listeners on the sockets of others, as `address` has it.
fn anew(address: &str, listeners: &[Arc<Listener>], binder: &Binder) -> Result<Vec<Arc<Listener>>, Failure> {
    let https = address.starts_with(HTTPS);
    let again = |listener: &Arc<Listener>| binder.take(listener.again()?, https).map(Arc::new);
    let listeners: io::Result<_> = listeners.iter().map(again).collect();
    listeners.map_err(|error| cannot_listen(address, &error))
}
