//! What has come to a receiver when it is told to stop.

use crate::support::SECRET;
use crate::support::client::Client;
use crate::support::request::signed;
use hookgate::serve::Stop;
use hookgate::serve::evented::{Front, Listener, Serving, Settings};
use hookgate::sink::{EventIds, Lines, Style};
use hookgate::{Delivery, Keep, Novelty, Receiver, Secret, UnixTime, Verifier, preset};
use std::net::SocketAddr;
use std::thread;

/// A front on a free port, and its address.
fn front() -> (Front, SocketAddr) {
    let front = Front::new(vec![Listener::bind("127.0.0.1:0", 0).unwrap()]).unwrap();
    let address = front.names().next().unwrap().strip_prefix("http://").unwrap().parse().unwrap();
    (front, address)
}

fn serving() -> Serving {
    let secret = Secret::new(SECRET.into()).unwrap();
    let verifier = Verifier::new(preset("github").unwrap(), [("main".to_string(), secret)]).unwrap();
    let receiver = Receiver::new("github".into(), "/webhook".into(), verifier).unwrap();
    Serving { receivers: receiver.into(), settings: Settings::default(), listeners: None }
}

fn lines() -> Lines<Vec<u8>> {
    Lines::new(Vec::new(), Style::Json, EventIds::starting(UnixTime::now()))
}

/// Keeps by `lines`, and before its second commit does `before`.
struct Stopping<F> {
    lines: Lines<Vec<u8>>,
    commits: usize,
    before: F,
}

impl<F: FnMut()> Keep for Stopping<F> {
    type Error = <Lines<Vec<u8>> as Keep>::Error;

    fn stage(&mut self, delivery: &Delivery<'_>) -> Result<Novelty, Self::Error> {
        self.lines.stage(delivery)
    }

    fn commit(&mut self) -> Result<(), Self::Error> {
        self.commits += 1;
        if self.commits == 2 {
            (self.before)();
        }
        self.lines.commit()
    }
}

fn expect_the_last_answer(client: &mut Client) {
    let answer = client.answer();
    answer.expect_success();
    assert_eq!(answer.header("Connection"), Some("close"));
    assert_eq!(client.rest(), b"");
}

#[test]
fn who_connected_before_it_was_told_to_stop_is_answered() {
    let (front, address) = front();
    let mut clients: Vec<_> = (0..200).map(|_| Client::connect(address)).collect();
    for client in &mut clients {
        client.write(&signed("{}").bytes());
    }
    let _silent = Client::connect(address);
    let stop = front.stop();
    stop.ask();
    front.run(serving(), &mut lines(), &stop).unwrap();
    clients.iter_mut().for_each(expect_the_last_answer);
}

#[test]
fn a_request_that_came_before_it_was_told_to_stop_is_answered() {
    let (front, address) = front();
    let stop: Stop = front.stop();
    let [mut served, mut other] = [(); 2].map(|()| Client::connect(address));
    let mut late = Client::connect(address);
    thread::scope(|scope| {
        let asked = &stop;
        let late = &mut late;
        scope.spawn(move || {
            // While the other's delivery is kept, one comes on a connection between requests: nobody has read it.
            let before = || {
                late.write(&signed("{}").bytes());
                asked.ask();
            };
            let mut keeper = Stopping { lines: lines(), commits: 0, before };
            front.run(serving(), &mut keeper, asked).unwrap();
        });
        served.write(&signed("{}").bytes());
        served.answer().expect_success();
        other.write(&signed("{}").bytes());
        other.answer().expect_success();
    });
    expect_the_last_answer(&mut late);
    // Who has nothing to ask is told so at once.
    assert_eq!(served.rest(), b"");
}
