//! Several clients that deliver at once, over connections that they keep, until nobody answers any more.

use super::client::{Answer, Client, Nothing};
use super::delivery;
use super::dice::Dice;
use super::ledger::{Broken, Ledger};
use std::net::SocketAddr;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

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
    /// It may be answered 503 with a time to wait, where something is in the way.
    pub(crate) may_fail: bool,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Answered,
    /// It is to be sent again.
    Unavailable,
    /// Nobody answers any more.
    Gone,
}

impl Fleet {
    /// Delivers to `address` until it is gone, or each client has sent what it is to send: first what is in the ledger without
    /// an answer, then what is new. `meanwhile` is called once `enough` were answered, or none will be. Gives how many were
    /// answered 503.
    pub(crate) fn deliver(
        &self,
        address: SocketAddr,
        ledger: &Mutex<Ledger>,
        place: &str,
        enough: usize,
        meanwhile: impl FnOnce(),
    ) -> Result<usize, Broken> {
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
            clients.into_iter().map(|client| client.join().expect("a client says what is wrong")).sum()
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
        let delivery = delivery.clone();
        match delivering.send(&delivery)? {
            Fate::Answered => {}
            Fate::Unavailable => return Err(Broken::Refused { delivery, status: 503 }),
            Fate::Gone => return Err(Broken::Unanswered { delivery }),
        }
    }
    Ok(())
}

/// Sends one delivery to `address`. It may be answered 503.
pub(crate) fn send(address: SocketAddr, ledger: &Mutex<Ledger>, delivery: &str) -> Result<Fate, Broken> {
    Delivering::new(address, ledger, mpsc::channel().0).send(delivery)
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

    fn run(mut self, fleet: &Fleet, owed: Vec<String>, place: &str) -> Result<usize, Broken> {
        let mut dice = Dice::of(0, place);
        let mut owed = owed.into_iter();
        let (mut number, mut unavailable) = (0, 0);
        while owed.len() > 0 || number < fleet.deliveries {
            let delivery = owed.next().unwrap_or_else(|| {
                number += 1;
                self.next(fleet, &mut dice, place, number)
            });
            match self.send(&delivery)? {
                Fate::Answered => {}
                Fate::Unavailable if fleet.may_fail => {
                    unavailable += 1;
                    // Who is told to wait does so, though not as long.
                    thread::sleep(Duration::from_millis(5));
                }
                Fate::Unavailable => return Err(Broken::Refused { delivery, status: 503 }),
                Fate::Gone => break,
            }
        }
        Ok(unavailable)
    }

    /// What is sent next: something new, or what was sent before.
    fn next(&self, fleet: &Fleet, dice: &mut Dice, place: &str, number: usize) -> String {
        let known = {
            let ledger = self.ledger.lock().expect("nobody panics with it");
            match dice.below(fleet.repeats) {
                0 => ledger.pick_answered(dice),
                1 => ledger.last_sent(),
                _ => None,
            }
        };
        known.unwrap_or_else(|| delivery::name(place, number, (fleet.fill_bytes)(dice)))
    }

    fn send(&mut self, delivery: &str) -> Result<Fate, Broken> {
        let was_answered = self.ledger.lock().expect("nobody panics with it").send(delivery);
        let Some(answer) = self.exchange(&delivery::post(delivery).bytes()) else { return Ok(Fate::Gone) };
        let wait = answer.header("Retry-After").and_then(|value| value.parse::<u32>().ok());
        if answer.status == 503 && wait.is_some_and(|seconds| seconds > 0) {
            return Ok(Fate::Unavailable);
        }
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
            _ => Ok(Fate::Answered),
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
            Err(Nothing::Closed | Nothing::CutOff) => None,
            Err(Nothing::Silence) => panic!("the receiver neither answers nor goes"),
        }
    }
}
