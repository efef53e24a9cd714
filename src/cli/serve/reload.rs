//! A running receiver that reads its configuration again.

use super::super::setup::receivers;
use super::super::sinks;
use super::listening::Listening;
use super::{Serve, plural, settings, status};
use crate::config::Config;
use crate::deliver::Delivery;
use crate::minimal::{alert, say, say_error, say_listening, warn};
use crate::receive::Receivers;
use crate::serve::Change;
use crate::serve::evented::Serving;
use crate::store::StoreError;

/// How a running receiver is given another configuration.
pub(super) enum Reload {
    Evented(Change<Serving>, Listening),
    TinyHttp(Change<Receivers>),
}

impl Serve {
    /// Has the receiver that began with `running`, and its addresses, serve by what the configuration says now; or, where that
    /// cannot be, go on as before. Gives its status from then on.
    pub(super) fn reload(&self, running: &mut Config, reload: &mut Reload, delivery: Option<&Delivery>) -> String {
        let read = self.config().and_then(|config| {
            let receivers = receivers(&config, &self.origin(), &self.handovers)?;
            // Whether there is a store was decided at the start.
            let sinks = match delivery {
                Some(_) => Some(sinks::all(&config, &self.origin())?),
                None => None,
            };
            let failed = |failed| vec![self.origin().failure(0, failed)];
            let next = match &*reload {
                Reload::Evented(_, listening) => Some(listening.next(&config, running.listen_mode).map_err(failed)?),
                Reload::TinyHttp(_) => None,
            };
            if let Some((delivery, sinks)) = delivery.zip(sinks) {
                delivery.replace(sinks).map_err(|error: StoreError| failed(error.into()))?;
            }
            Ok((receivers, next, config))
        });
        match read {
            Ok((receivers, next, config)) => {
                warn(&what_stays(running, &config, delivery.is_some(), next.is_some()));
                self.handovers.tell();
                let (sources, status) = (receivers.iter().count(), status(&receivers));
                match reload {
                    Reload::Evented(change, listening) => {
                        let listeners = next.map(|next| {
                            let (listeners, new) = listening.change(next);
                            new.iter().for_each(|listener| say_listening(listener.name(), &receivers));
                            listeners
                        });
                        change.make(Serving { receivers, settings: settings(&config), listeners });
                        running.listen = config.listen;
                    }
                    Reload::TinyHttp(change) => change.make(receivers),
                }
                say(&format!("hookgate: read the configuration again ({sources} {})", plural("source", sources)));
                status
            }
            Err(errors) => {
                errors.iter().for_each(say_error);
                alert("hookgate: the configuration was not taken: nothing has changed");
                "serving as before: the new configuration was not taken".to_string()
            }
        }
    }
}

/// What cannot change while a receiver runs, and does in `next`.
fn what_stays(running: &Config, next: &Config, has_store: bool, listens_anew: bool) -> Vec<String> {
    let stays = |name: &str, changed: bool| {
        changed.then(|| format!("{name} cannot change while the receiver runs, and was left as it was: start it anew"))
    };
    [
        stays("listen", !listens_anew && running.listen != next.listen),
        stays("listen_mode", running.listen_mode != next.listen_mode),
        stays("front", running.front != next.front),
        stays("the store", running.store != next.store),
        stays("admin", running.admin != next.admin),
        stays("the log", running.log != next.log),
        stays("the sink of a receiver without a store", !has_store && running.sinks != next.sinks),
    ]
    .into_iter()
    .flatten()
    .collect()
}
