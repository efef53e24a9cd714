//! Addresses that come and go while the receiver runs.

use super::listen::{expect_service, over_unix};
use crate::support::PATIENCE;
use crate::support::client::Client;
use crate::support::receiver::{Receiver, setup};
use crate::support::request::signed;
use std::fs;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

fn config(listen: &str) -> String {
    format!(
        "listen = [{listen}]\n[store]\nenabled = false\n\
         [[source]]\nname = \"one\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n"
    )
}

/// Has `receiver` listen there, for the `times`th time that it takes a configuration.
fn listen(receiver: &Receiver, listen: &str, times: usize) {
    receiver.folder.file("hookgate.toml", config(listen).as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk_times("read the configuration again", times);
}

/// The address on `host` that it said last that it listens on.
fn address(receiver: &Receiver, host: &str) -> SocketAddr {
    let talk = receiver.talk();
    let (_, rest) = talk.rsplit_once(&format!("listening on http://{host}:")).unwrap_or_else(|| panic!("{talk}"));
    format!("{host}:{}", rest.split('/').next().unwrap()).parse().unwrap()
}

fn connect(address: SocketAddr) -> Client {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    Client::over(stream).unwrap()
}

fn ask(client: &mut Client) {
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
}

#[test]
fn an_address_that_is_new_is_listened_on_and_one_that_is_gone_is_not() {
    let receiver = setup().config(&config("\"127.0.0.3:0\"")).start();
    let mut before = connect(receiver.address);
    ask(&mut before);
    listen(&receiver, "\"127.0.0.3:0\", \"127.0.0.2:0\", \"unix:sock\"", 1);
    let second = address(&receiver, "127.0.0.2");
    assert_eq!(address(&receiver, "127.0.0.3"), receiver.address, "one that stays is not opened anew");
    ask(&mut connect(second));
    ask(&mut connect(receiver.address));
    expect_service(over_unix(&receiver.folder, "sock"));
    listen(&receiver, "\"127.0.0.2:0\"", 2);
    ask(&mut connect(second));
    ask(&mut before);
    let refused = TcpStream::connect(receiver.address).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{refused}");
    assert!(!receiver.folder.path().join("sock").exists());
    ask(&mut before);
    // One that comes back is a new one.
    listen(&receiver, "\"127.0.0.2:0\", \"unix:sock\"", 3);
    expect_service(over_unix(&receiver.folder, "sock"));
    ask(&mut before);
}

#[test]
fn an_address_that_is_taken_changes_nothing() {
    let receiver = setup().config(&config("\"127.0.0.3:0\"")).start();
    let taken = TcpListener::bind("127.0.0.3:0").unwrap();
    let taken = taken.local_addr().unwrap();
    for bad in [format!("\"127.0.0.2:0\", \"{taken}\""), "\"127.0.0.2:0\", \"systemd\"".to_string()] {
        receiver.forgive();
        receiver.folder.file("hookgate.toml", config(&bad).as_bytes());
        receiver.signal("HUP");
        receiver.expect_talk("the configuration was not taken: nothing has changed");
        assert!(!receiver.talk().contains("listening on http://127.0.0.2"), "{}", receiver.talk());
        ask(&mut connect(receiver.address));
    }
}

#[test]
fn the_mode_of_sockets_stays_that_of_the_start() {
    let with_mode = |mode: &str, listen: &str| format!("listen_mode = \"{mode}\"\n{}", config(listen));
    let receiver = setup().config(&with_mode("600", "\"127.0.0.3:0\"")).start();
    let next = with_mode("666", "\"127.0.0.3:0\", \"unix:sock\"");
    receiver.folder.file("hookgate.toml", next.as_bytes());
    receiver.forgive();
    receiver.signal("HUP");
    receiver.expect_talk("listen_mode cannot change");
    receiver.expect_talk("read the configuration again");
    let mode = fs::metadata(receiver.folder.path().join("sock")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn it_stops_listening_everywhere_when_it_stops() {
    let mut receiver = setup().config(&config("\"127.0.0.3:0\"")).start();
    listen(&receiver, "\"127.0.0.3:0\", \"127.0.0.2:0\"", 1);
    let second = address(&receiver, "127.0.0.2");
    // This one holds the end up: its head is here, its body is not.
    let bytes = signed("{\"under\":\"way\"}").bytes();
    let (head, body) = bytes.split_at(bytes.len() - 5);
    let mut under_way = connect(second);
    under_way.write(head);
    ask(&mut connect(second));
    receiver.signal("TERM");
    for address in [receiver.address, second] {
        while TcpStream::connect(address).is_ok() {}
    }
    under_way.write(body);
    under_way.answer().expect_success();
    assert_eq!(receiver.wait().0.code(), Some(0));
}
