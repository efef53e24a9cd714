//! The admin listener: where it may be, and what it answers.

use crate::support::client::Client;
use crate::support::command::run;
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::{admin_of, get, watched};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

#[test]
fn an_address_that_others_can_reach_is_refused_with_the_reason() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:9000", "[2001:db8::1]:9000", "10.0.0.1:0", "[::ffff:192.0.2.1]:0"]
    {
        let outcome = setup().arguments(&["--admin", address]).fail();
        outcome.expect_misconfigured(address);
        assert!(outcome.stderr.contains("is not of this machine's loopback"), "{address}: {outcome:?}");
    }
    for address in ["9000", "localhost", "", "127.0.0.1:99999", "unix:"] {
        setup().arguments(&["--admin", address]).fail().expect_misconfigured(address);
    }
}

#[test]
fn a_file_is_checked_for_that_too() {
    let folder = Folder::new();
    let text = "admin = \"0.0.0.0:9000\"\n[[source]]\nname = \"a\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n";
    folder.file("hookgate.toml", text.as_bytes());
    for verb in [&["serve", "--config", "hookgate.toml"][..], &["config", "check", "--config", "hookgate.toml"]] {
        let outcome = run(folder.path(), verb, b"");
        outcome.expect_misconfigured("admin on all addresses");
        assert!(outcome.stderr.contains("is not of this machine's loopback"), "{outcome:?}");
    }
}

#[test]
fn an_address_where_somebody_listens_fails_at_the_start() {
    let receiver = setup().start();
    let outcome = setup().arguments(&["--admin", &receiver.address.to_string()]).fail();
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    assert!(outcome.stderr.contains("hookgate: error: the admin listener cannot be on"), "{outcome:?}");
}

#[test]
fn without_it_nothing_more_listens() {
    let receiver = setup().start();
    assert!(!receiver.talk().contains("admin"), "{}", receiver.talk());
}

#[test]
fn it_answers_get_and_head_on_three_paths_and_nothing_else() {
    let receiver = watched().start();
    for path in ["/healthz", "/readyz", "/metrics", "/healthz?a=b"] {
        let answer = get(&receiver, path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.header("Connection"), Some("close"));
    }
    for path in ["/", "/webhook", "/healthz/", "/../metrics", "/debug"] {
        get(&receiver, path).expect_refusal(404, "Not found");
    }
    let send = |text: &str| {
        let mut client = Client::connect(admin_of(&receiver));
        client.write(text.as_bytes());
        client.try_head().unwrap()
    };
    assert_eq!(send("HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n").status, 200);
    for (text, status) in [
        ("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", 405),
        ("POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1099511627776\r\n\r\n", 405),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 1099511627776\r\n\r\n", 413),
        ("GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 413),
        ("GET /healthz\r\n\r\n", 400),
    ] {
        assert_eq!(send(text).status, status, "{text:?}");
    }
    assert_eq!(get(&receiver, "/healthz").status, 200);
}

#[test]
fn who_says_nothing_there_keeps_neither_it_nor_the_receiver() {
    let receiver = watched().start();
    let silent: Vec<_> = (0..7).map(|_| Client::connect(admin_of(&receiver))).collect();
    assert_eq!(get(&receiver, "/healthz").status, 200);
    // One more than there may be: it is closed, and nobody else is.
    let more: Vec<_> = (0..20).map(|_| Client::connect(admin_of(&receiver))).collect();
    receiver.accept(&crate::support::request::signed("{}"));
    drop((silent, more));
    let start = std::time::Instant::now();
    let answered = || {
        let mut client = Client::connect(admin_of(&receiver));
        client.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        client.try_answer().is_ok_and(|answer| answer.status == 200)
    };
    while !answered() {
        assert!(start.elapsed() < crate::support::PATIENCE, "nobody is answered any more");
    }
}

#[test]
fn it_listens_on_a_unix_socket_whose_file_goes_with_it() {
    let mut receiver = setup().arguments(&["--admin", "unix:admin.sock", "--listen-mode", "600"]).start();
    receiver.expect_talk("the admin listener is unix:admin.sock");
    let path = receiver.folder.path().join("admin.sock");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let mut stream = UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("{\"alive\":true}"), "{answer}");
    receiver.signal("TERM");
    assert!(receiver.wait().0.success());
    assert!(!path.exists());
}

#[test]
fn the_tiny_http_front_has_one_too() {
    let receiver = watched().arguments(&["--front", "tiny_http"]).start();
    receiver.accept(&crate::support::request::signed("{}"));
    assert_eq!(get(&receiver, "/readyz").status, 200);
}
