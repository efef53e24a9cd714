//! Several clients that deliver at once, over connections that they keep, until nobody answers any more.

use super::client::{Answer, Client, Nothing};
use super::delivery;
use super::dice::Dice;
use super::ledger::{Broken, Ledger};
use std::net::SocketAddr;
use std::sync::{Mutex, mpsc};
use std::thread;

/// How clients deliver.
#[derive(Clone, Copy)]
pub(crate) struct Fleet {
    pub(crate) clients: usize,
    /// New deliveries of each client, at most.
    pub(crate) deliveries: usize,
    /// How much the body of a new delivery holds.
    pub(crate) fill_bytes: fn(&mut Dice) -> usize,
    /// Of so many deliveries one is one that was answered before, and one the last that anybody sent.
    pub(crate) repeats: usize,
}

impl Fleet {
    /// Delivers to `address` until it is gone, or each client has sent what it is to send: first what is in the ledger without
    /// an answer, then what is new. `meanwhile` is called once `enough` were answered, or none will be.
    pub(crate) fn deliver(
        &self,
        address: SocketAddr,
        ledger: &Mutex<Ledger>,
        place: &str,
        enough: usize,
        meanwhile: impl FnOnce(),
    ) -> Result<(), Broken> {
        let unanswered = ledger.lock().expect("nobody panics with it").unanswered();
        let (told, answers) = mpsc::channel();
        thread::scope(|scope| {
            let clients: Vec<_> = (0..self.clients)
                .map(|number| {
                    let owed = unanswered.iter().skip(number).step_by(self.clients).cloned().collect();
                    let place = format!("{place}-{number}");
                    let told = told.clone();
                    scope.spawn(move || Delivering::new(address, ledger, told).run(self, owed, &place))
                })
                .collect();
            drop(told);
            let _ = answers.iter().take(enough).count();
            meanwhile();
            clients.into_iter().try_for_each(|client| client.join().expect("a client says what is wrong"))
        })
    }
}

/// Sends all that the ledger has no answer for; each has to be answered with a 2xx.
pub(crate) fn settle(address: SocketAddr, ledger: &Mutex<Ledger>) -> Result<(), Broken> {
    let owed = ledger.lock().expect("nobody panics with it").unanswered();
    send_all(address, ledger, &owed)
}

/// Sends all that the ledger knows once more; each has to be answered with a 2xx, and what was answered before as a repeat.
pub(crate) fn repeat(address: SocketAddr, ledger: &Mutex<Ledger>) -> Result<(), Broken> {
    let sent: Vec<String> = ledger.lock().expect("nobody panics with it").sent().cloned().collect();
    send_all(address, ledger, &sent)
}

fn send_all(address: SocketAddr, ledger: &Mutex<Ledger>, deliveries: &[String]) -> Result<(), Broken> {
    let mut delivering = Delivering::new(address, ledger, mpsc::channel().0);
    for delivery in deliveries {
        assert!(delivering.send(delivery)?, "the receiver is gone");
    }
    Ok(())
}

/// One client.
struct Delivering<'a> {
    address: SocketAddr,
    ledger: &'a Mutex<Ledger>,
    told: mpsc::Sender<()>,
    client: Option<Client>,
}

impl<'a> Delivering<'a> {
    fn new(address: SocketAddr, ledger: &'a Mutex<Ledger>, told: mpsc::Sender<()>) -> Self {
        Delivering { address, ledger, told, client: None }
    }

    fn run(mut self, fleet: &Fleet, owed: Vec<String>, place: &str) -> Result<(), Broken> {
        let mut dice = Dice::of(0, place);
        for delivery in owed {
            if !self.send(&delivery)? {
                return Ok(());
            }
        }
        for number in 0..fleet.deliveries {
            let known = {
                let ledger = self.ledger.lock().expect("nobody panics with it");
                match dice.below(fleet.repeats) {
                    0 => ledger.pick_answered(&mut dice),
                    1 => ledger.last_sent(),
                    _ => None,
                }
            };
            let delivery = known.unwrap_or_else(|| delivery::name(place, number, (fleet.fill_bytes)(&mut dice)));
            if !self.send(&delivery)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Whether it was answered. It is not where the receiver is gone.
    fn send(&mut self, delivery: &str) -> Result<bool, Broken> {
        let was_answered = self.ledger.lock().expect("nobody panics with it").send(delivery);
        let Some(answer) = self.exchange(&delivery::post(delivery).bytes()) else { return Ok(false) };
        if !(200..300).contains(&answer.status) {
            return Err(Broken::Refused { delivery: delivery.into(), status: answer.status });
        }
        let times = self.ledger.lock().expect("nobody panics with it").answered(delivery);
        let _ = self.told.send(());
        let value: serde_json::Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        // Of what was sent twice and answered never, only the receiver knows which try it kept.
        match value["duplicate"] == true {
            true if times == 1 => Err(Broken::Misnamed { delivery: delivery.into(), answer: answer.text() }),
            false if was_answered => Err(Broken::Misnamed { delivery: delivery.into(), answer: answer.text() }),
            _ => Ok(true),
        }
    }

    fn exchange(&mut self, bytes: &[u8]) -> Option<Answer> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::try_connect(self.address).ok()?,
        };
        client.try_write(bytes).ok()?;
        match client.try_answer() {
            Ok(answer) => {
                if answer.header("Connection") != Some("close") {
                    self.client = Some(client);
                }
                Some(answer)
            }
            Err(Nothing::Closed) => None,
            Err(Nothing::Silence) => panic!("the receiver neither answers nor goes"),
        }
    }
}
