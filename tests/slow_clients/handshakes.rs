//! Handshakes that stall, handshakes without end, and what TLS's state takes.

use super::plan::{End, Plan};
use super::process::{Process, until};
use super::siege::{Siege, alone, has_descriptors, siege, siege_with};
use crate::support::PATIENCE;
use crate::support::certificates::{client_of, config};
use crate::support::client::Client;
use crate::support::receiver::setup;
use crate::support::request::signed;
use crate::support::wire::Wire;
use rustls::version::{TLS12, TLS13};
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// Long enough for more than a hundred valid requests, and for each of a siege's deadlines to come due.
const A_WHILE: Duration = Duration::from_millis(5500);

/// What an idle TLS connection takes of resident memory, in bytes, at most.
const IDLE_BYTES: usize = 6 * 1024;

/// What a client says first.
fn hello() -> Vec<u8> {
    let mut bytes = Vec::new();
    client_of(config(&[&TLS12, &TLS13]), "localhost").write_tls(&mut bytes).unwrap();
    bytes
}

/// Clients that stop within their hello, or before it.
fn stalled() -> [Plan; 2] {
    let hello = hello();
    let again = |plan: Plan| Plan { enough: plan.clients * 3 / 2, ..plan };
    [again(Plan::of("half hellos", 500).opening(&hello[..hello.len() / 2])), again(Plan::of("mute", 500))]
}

/// A byte of a hello each time, far too slowly.
fn dribbled() -> Plan {
    Plan::of("slow hellos", 200).refrain(hello(), 1, Duration::from_millis(50))
}

/// Whole hellos, each of which has the receiver sign, and a word that means nothing (RFC 8446 §5) a while later; and hellos of
/// those who leave at once.
fn without_end() -> [Plan; 2] {
    let hello = hello();
    let bytes = hello.len() + 6;
    let plan = Plan::of("handshakes without end", 200).opening(&hello);
    let plan = Plan { end: End::Close, reads: false, rest: Duration::from_millis(10), enough: 1000, ..plan };
    let staying = Plan { bytes, ..plan.clone().refrain([20, 3, 3, 0, 1, 1], 6, Duration::from_millis(200)) };
    [staying, Plan { name: "hellos of those who leave", clients: 50, ..plan }]
}

/// A client without TLS.
fn plain(address: SocketAddr) -> io::Result<Client> {
    Client::over(TcpStream::connect_timeout(&address, PATIENCE)?)
}

/// The longest of a few handshakes and requests on a receiver that has nothing else to do: most of it is the client's time.
fn time_of_a_handshake(siege: &Siege) -> Duration {
    let exchange = || {
        let start = Instant::now();
        siege.receiver.send(&signed("{}")).expect_success();
        start.elapsed()
    };
    (0..20).map(|_| exchange()).max().unwrap()
}

#[test]
fn handshakes_that_stall_are_cut_off_while_others_shake_hands() {
    let siege = siege();
    let handshake = time_of_a_handshake(&siege);
    let siege = siege.with_pauses_of(Duration::from_millis(20) + handshake);
    let [half, mute] = stalled();
    let Some([half, mute, dribbled]) = siege.endure([half, mute, dribbled()], A_WHILE) else { return };
    for tally in [half, mute, dribbled] {
        assert!(tally.ended > 0 && tally.most_at_once >= 150 && tally.statuses.is_empty(), "{tally:?}");
    }
}

#[test]
fn who_speaks_no_tls_does_not_wait_for_handshakes_without_end() {
    let siege = siege_with(&["--listen", "127.0.0.1:0"]);
    siege.receiver.expect_talk("http://");
    let talk = siege.receiver.talk();
    let (_, rest) = talk.split_once("http://").unwrap();
    let address = rest.split('/').next().unwrap().parse().unwrap();
    let siege = siege.probed_at(address, plain);
    let Some([staying, leaving]) = siege.endure(without_end(), A_WHILE) else { return };
    assert!(staying.connected >= 1000 && leaving.connected >= 1000, "{staying:?} {leaving:?}");
}

#[test]
fn handshakes_without_end_keep_nobody_from_shaking_hands() {
    let siege = siege();
    // Those before him in the line each take their time.
    let siege = siege.with_pauses_of(Duration::from_millis(500));
    let Some([staying, leaving]) = siege.endure(without_end(), A_WHILE * 2) else { return };
    assert!(staying.connected >= 1000 && leaving.connected >= 1000, "{staying:?} {leaving:?}");
}

#[test]
fn a_thousand_idle_connections_take_little_memory_and_are_closed_in_time() {
    const COUNT: usize = 1000;
    if !has_descriptors(2 * COUNT as u64 + 200) {
        return;
    }
    let siege = Siege::of(setup().arguments(&["--idle-timeout", "20"]), 20);
    // What is taken once, whoever comes.
    siege.receiver.send(&signed(format!("\"{}\"", "x".repeat(100_000)))).expect_success();
    let before = siege.process.resident_bytes();
    let body = format!("\"{}\"", "x".repeat(50_000));
    let mut clients: Vec<Client> = (0..COUNT).map(|_| siege.receiver.connect()).collect();
    for client in &mut clients {
        client.write(&signed(&body).bytes());
        client.answer().expect_success();
    }
    assert_eq!(siege.process.descriptors(), siege.descriptors + COUNT, "all are there");
    let each = siege.process.resident_bytes().saturating_sub(before) / COUNT;
    eprintln!("{COUNT} idle TLS connections: {each} bytes each");
    assert!(each <= IDLE_BYTES, "{each} bytes for each");
    siege.receiver.send(&signed("{}")).expect_success();
    siege.wait_for_descriptors_as_at_the_start().unwrap();
}

#[test]
fn who_does_not_read_answers_is_cut_off() {
    let _alone = alone();
    let receiver = setup().arguments(&["--write-timeout", "2"]).start();
    let process = Process::new(receiver.id());
    let before = process.descriptors();
    let peak = process.peak_bytes();
    let requests = b"GET /webhook HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    let start = Instant::now();
    let mut readers: Vec<Wire> =
        (0..20).map(|_| Wire::connect(receiver.address, Duration::from_millis(500)).unwrap()).collect();
    for reader in &mut readers {
        while reader.write_all(&requests).is_ok() {}
    }
    until(PATIENCE, || process.descriptors() == before).expect("they are cut off");
    assert!(start.elapsed() > Duration::from_millis(1900), "cut off after {:?}", start.elapsed());
    let more = process.peak_bytes() - peak;
    assert!(more < 8 * 1024 * 1024, "{more} bytes for twenty of them");
    receiver.send(&signed("{}")).expect_success();
}
