//! TLS on the evented front, from outside: handshakes, what is no handshake, ends of connections, and the operator's files. The
//! suites of the front (`front_tls.rs`), of raw bytes (`raw_tls.rs`) and of slow clients (`slow_clients_tls.rs`) run over TLS, too.
#![cfg(all(feature = "cli", feature = "tls"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests say what went wrong by panicking"
)]

mod support;

/// The front under test, as arguments to `serve`.
const FRONT: &[&str] = &["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

const KEEPS_CONNECTIONS: bool = true;

mod tls {
    mod broken;
    mod ends;
    mod files;
    mod handshakes;
    mod reload;
}

use rustls::{ClientConfig, ClientConnection, SupportedProtocolVersion};
use std::net::TcpStream;
use support::PATIENCE;
use support::certificates::{client_of, config};
use support::client::Client;
use support::receiver::Receiver;
use support::wire::Wire;

/// Both versions there are.
const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];

/// A TCP connection to `receiver` on which nothing was said.
fn bare(receiver: &Receiver) -> Wire {
    Wire::over(TcpStream::connect(receiver.address).unwrap(), PATIENCE).unwrap()
}

/// A client that speaks TLS as `connection` does.
fn client_with(receiver: &Receiver, connection: ClientConnection) -> Client {
    Client::of(bare(receiver).with_tls(connection))
}

/// A client of localhost of this configuration.
fn client_as(receiver: &Receiver, config: ClientConfig) -> Client {
    client_with(receiver, client_of(config, "localhost"))
}

/// A client of localhost that speaks this version.
fn client(receiver: &Receiver, version: &'static SupportedProtocolVersion) -> Client {
    client_as(receiver, config(&[version]))
}
