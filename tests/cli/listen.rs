//! Where `hookgate serve` listens: several addresses, Unix sockets, and what it won't listen on.

use crate::support::command::{hookgate, run};
use crate::support::folder::Folder;
use crate::support::request::signed;
use crate::support::{PATIENCE, SECRET};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

/// A receiver in `folder`, and the names of what it listens on, in order, without their path.
pub(super) struct Listening {
    child: Child,
    pub(super) names: Vec<String>,
}

/// Starts `hookgate serve` with `arguments`, which make it listen on `count` addresses.
fn serve(folder: &Folder, arguments: &[&str], count: usize) -> Listening {
    let mut command = hookgate();
    command.arg("serve").args(arguments).env("HOOKGATE_SECRET", SECRET).current_dir(folder.path());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    listening(command, count)
}

/// Starts `command`, which comes to listen on `count` addresses.
pub(super) fn listening(mut command: Command, count: usize) -> Listening {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let (told, lines) = mpsc::channel();
    let talk = BufReader::new(child.stderr.take().unwrap());
    thread::spawn(move || talk.lines().map_while(Result::ok).for_each(|line| drop(told.send(line))));
    let mut listening = Listening { child, names: Vec::new() };
    while listening.names.len() < count {
        let line = lines.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("after {:?} came no name", listening.names));
        let said = line.split_once("hookgate: listening on ");
        let name = said.and_then(|(_, rest)| rest.split("/webhook (").next());
        listening.names.extend(name.map(str::to_string));
    }
    listening
}

impl Listening {
    /// The number of its process.
    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM and waits for exit code 0.
    pub(super) fn stop(mut self) {
        Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// That a signed delivery over `stream` is answered 200.
pub(super) fn expect_service(mut stream: impl Read + Write) {
    stream.write_all(&signed("{}").header("Connection", "close").bytes()).unwrap();
    let mut answer = [0; 15];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

pub(super) fn over_unix(folder: &Folder, name: &str) -> UnixStream {
    let stream = UnixStream::connect(folder.path().join(name)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

#[test]
fn it_listens_on_several_addresses_at_once_and_names_their_real_ports() {
    let folder = Folder::new();
    let arguments = ["--listen", "127.0.0.1:0", "--listen", "unix:socket", "--listen", "127.0.0.1:0"];
    let listening = serve(&folder, &arguments, 3);
    for name in [&listening.names[0], &listening.names[2]] {
        let address = name.strip_prefix("http://").unwrap_or_else(|| panic!("{name}"));
        assert!(!address.ends_with(":0"), "{name}");
        expect_service(TcpStream::connect(address).unwrap());
    }
    assert_eq!(listening.names[1], "unix:socket");
    expect_service(over_unix(&folder, "socket"));
}

#[test]
fn it_listens_on_ipv6() {
    if let Err(error) = std::net::TcpListener::bind("[::1]:0") {
        assert!(std::env::var_os("CI").is_none(), "no IPv6 here: {error}");
        eprintln!("skipped: no IPv6 here: {error}");
        return;
    }
    let folder = Folder::new();
    let listening = serve(&folder, &["--listen", "[::1]:0"], 1);
    expect_service(TcpStream::connect(listening.names[0].strip_prefix("http://").unwrap()).unwrap());
}

#[test]
fn a_unix_socket_works_on_both_fronts_and_its_file_has_its_mode_and_goes_with_the_receiver() {
    for (front, mode, expected) in [("evented", "660", 0o660), ("tiny_http", "600", 0o600)] {
        let folder = Folder::new();
        let arguments = ["--front", front, "--listen", "unix:socket", "--listen-mode", mode];
        let listening = serve(&folder, &arguments, 1);
        let path = folder.path().join("socket");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, expected, "{front}");
        expect_service(over_unix(&folder, "socket"));
        listening.stop();
        assert!(!path.exists(), "{front} leaves its socket behind");
    }
}

#[test]
fn a_stale_socket_is_replaced_and_a_live_one_or_another_file_is_refused() {
    for front in ["evented", "tiny_http"] {
        let folder = Folder::new();
        let path = folder.path().join("socket");
        let somebody = UnixListener::bind(&path).unwrap();
        let arguments = ["serve", "--front", front, "--listen", "unix:socket"];
        let refused = run(folder.path(), &arguments, b"");
        assert_eq!(refused.code(), Some(1), "{refused:?}");
        assert!(refused.stderr.contains("somebody listens there"), "{refused:?}");
        // Nor is one that lets nobody in waited for.
        let full = socket2::Socket::from(std::os::fd::OwnedFd::from(somebody));
        full.listen(0).unwrap();
        let waits = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
        waits.set_nonblocking(true).unwrap();
        // It is let wait, or finds the one before it waiting.
        let _ = waits.connect(&socket2::SockAddr::unix(&path).unwrap());
        let refused = run(folder.path(), &arguments, b"");
        assert_eq!(refused.code(), Some(1), "{refused:?}");
        assert!(refused.stderr.contains("somebody listens there"), "{refused:?}");
        drop((waits, full));
        // Its listener is gone, its file is left, as after a crash.
        let listening = serve(&folder, &arguments[1..], 1);
        expect_service(over_unix(&folder, "socket"));
        listening.stop();

        folder.file("socket", b"a file of the operator's");
        let refused = run(folder.path(), &arguments, b"");
        assert_eq!(refused.code(), Some(1), "{refused:?}");
        assert_eq!(fs::read(&path).unwrap(), b"a file of the operator's");
    }
}

#[test]
fn tiny_http_listens_on_loopback_or_a_unix_socket_only_and_says_why() {
    let folder = Folder::new();
    for address in ["0.0.0.0:0", "[::]:0"] {
        let outcome = run(folder.path(), &["serve", "--front", "tiny_http", "--listen", address], b"");
        outcome.expect_misconfigured(address);
        assert!(outcome.stderr.contains("Content-Length"), "{outcome:?}");
    }
    let several = ["serve", "--front", "tiny_http", "--listen", "127.0.0.1:0", "--listen", "127.0.0.1:0"];
    run(folder.path(), &several, b"").expect_misconfigured("several addresses");
    run(folder.path(), &["serve", "--front", "tiny_http", "--listen", "unix:"], b"").expect_misconfigured("unix:");
    run(folder.path(), &["serve", "--listen", "unix:"], b"").expect_misconfigured("unix:");
}

#[test]
fn the_front_for_strangers_is_the_default_and_listens_anywhere() {
    let folder = Folder::new();
    let listening = serve(&folder, &["--listen", "0.0.0.0:0"], 1);
    let port = listening.names[0].strip_prefix("http://0.0.0.0:").unwrap().parse().unwrap();
    expect_service(TcpStream::connect(("127.0.0.1", port)).unwrap());
}
