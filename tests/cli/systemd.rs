//! `hookgate serve` under systemd: what it tells, and sockets that were opened for it. A socket stands in for systemd's.

use super::listen::{Listening, expect_service, listening, over_unix};
use crate::support::command::{Outcome, hookgate};
use crate::support::folder::Folder;
use crate::support::receiver::{Setup, setup};
use crate::support::request::{signed, signed_with};
use crate::support::{PATIENCE, SECRET, unique};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Reads what a receiver says to systemd.
struct Systemd {
    socket: UnixDatagram,
    name: String,
}

impl Systemd {
    /// Bound to a name that is no file's, as of systemd in a user's session.
    fn new() -> Self {
        let name = format!("hookgate-test-{}-{}", std::process::id(), unique());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        Systemd { socket: UnixDatagram::bind_addr(&address).unwrap(), name: format!("@{name}") }
    }

    fn setup(&self) -> Setup {
        setup().variable("NOTIFY_SOCKET", self.name.clone())
    }

    /// The next word, unless none comes in this time.
    fn word_within(&self, time: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(time)).unwrap();
        let mut word = [0; 1024];
        let count = self.socket.recv(&mut word).ok()?;
        Some(String::from_utf8(word[..count].to_vec()).unwrap())
    }

    /// The next word that does not only say that the loop lives.
    fn word(&self) -> String {
        loop {
            let word = self.word_within(PATIENCE).expect("it says something");
            if word != "WATCHDOG=1\n" {
                return word;
            }
        }
    }
}

/// Microseconds since the system started, as `CLOCK_MONOTONIC` has them where the machine never slept.
fn uptime_us() -> u128 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap();
    let seconds: f64 = text.split(' ').next().unwrap().parse().unwrap();
    Duration::from_secs_f64(seconds).as_micros()
}

#[test]
fn it_is_ready_once_it_serves_says_so_around_a_reload_and_says_that_it_stops() {
    for front in ["evented", "tiny_http"] {
        let systemd = Systemd::new();
        let mut receiver = systemd.setup().arguments(&["--front", front]).start();
        assert_eq!(systemd.word(), "READY=1\nSTATUS=serving 1 source\n", "{front}");
        receiver.accept(&signed("{}"));

        receiver.signal("HUP");
        let word = systemd.word();
        let lines: Vec<_> = word.lines().collect();
        let [reloading, moment, status] = lines[..] else { panic!("{word:?}") };
        assert_eq!((reloading, status), ("RELOADING=1", "STATUS=reading the configuration again"));
        let us: u128 = moment.strip_prefix("MONOTONIC_USEC=").unwrap_or_else(|| panic!("{word:?}")).parse().unwrap();
        // Where the machine has slept, the uptime is ahead of it.
        assert!(us > 0 && us <= uptime_us() + 20_000, "{us} is later than now, {}", uptime_us());
        assert_eq!(systemd.word(), "READY=1\nSTATUS=serving 1 source\n", "{front}");

        receiver.signal("TERM");
        assert_eq!(systemd.word(), "STOPPING=1\nSTATUS=finishing what is in flight\n", "{front}");
        assert_eq!(receiver.wait().0.code(), Some(0));
    }
}

#[test]
fn what_it_serves_by_after_a_reload_it_serves_by_when_it_says_that_it_is_ready() {
    let systemd = Systemd::new();
    let other = "another secret of 16+";
    let receiver =
        systemd.setup().secret(None).file("secret", SECRET.as_bytes()).arguments(&["--secret-file", "secret"]).start();
    systemd.word();
    for secret in [other, SECRET, other] {
        receiver.folder.file("secret", secret.as_bytes());
        receiver.signal("HUP");
        assert!(systemd.word().starts_with("RELOADING=1\n"));
        assert_eq!(systemd.word(), "READY=1\nSTATUS=serving 1 source\n");
        receiver.accept(&signed_with(secret, "{}"));
    }
    receiver.folder.file("secret", b"");
    receiver.signal("HUP");
    assert!(systemd.word().starts_with("RELOADING=1\n"));
    assert_eq!(systemd.word(), "READY=1\nSTATUS=serving as before: the new configuration was not taken\n");
    receiver.accept(&signed_with(other, "{}"));
}

#[test]
fn its_loop_beats_and_beats_no_more_while_it_hangs() {
    let systemd = Systemd::new();
    let folder = Folder::new();
    let mut command = hookgate();
    command.args(["serve", "--listen", "127.0.0.1:0", "--no-store"]).env("HOOKGATE_SECRET", SECRET);
    // A beat each 50 ms.
    command.env("NOTIFY_SOCKET", &systemd.name).env("WATCHDOG_USEC", "100000").current_dir(folder.path());
    // Without a store an event is written by the loop itself, which hangs where nobody reads that.
    let (mut reader, writer) = std::io::pipe().unwrap();
    command.stdin(Stdio::null()).stdout(writer);
    let listening = listening(command, 1);
    for _ in 0..5 {
        systemd.word_within(PATIENCE).expect("it beats");
    }
    let address = listening.names[0].strip_prefix("http://").unwrap();
    let mut client = TcpStream::connect(address).unwrap();
    // More than a pipe holds, which is 64 KiB (pipe(7)).
    client.write_all(&signed(format!("\"{}\"", "x".repeat(256 * 1024))).header("Connection", "close").bytes()).unwrap();
    let start = Instant::now();
    while systemd.word_within(Duration::from_secs(1)).is_some() {
        assert!(start.elapsed() < PATIENCE, "a loop that hangs beats");
    }
    let reading = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
    let mut answer = Vec::new();
    client.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"));
    systemd.word_within(PATIENCE).expect("it beats again");
    listening.stop();
    reading.join().unwrap().unwrap();
}

#[test]
fn it_beats_for_nobody_where_that_is_not_asked_of_this_process() {
    let other = std::process::id().to_string();
    for variables in [&[][..], &[("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", &other)], &[("WATCHDOG_USEC", "soon")]] {
        let systemd = Systemd::new();
        let setup = variables.iter().fold(systemd.setup(), |setup, (name, value)| setup.variable(name, *value));
        let receiver = setup.start();
        assert!(systemd.word_within(PATIENCE).unwrap().starts_with("READY=1\n"));
        assert_eq!(systemd.word_within(crate::support::SILENCE), None, "{variables:?}");
        assert_eq!(receiver.talk().contains("WATCHDOG_USEC is no time"), variables.len() == 1, "{}", receiver.talk());
    }
}

#[test]
fn systemd_may_be_gone_or_nobody_and_it_serves() {
    for name in ["/nosuch/socket", "@hookgate-nobody-there", "vsock:2:1234", "nonsense"] {
        let receiver = setup().variable("NOTIFY_SOCKET", name).variable("WATCHDOG_USEC", "100000").start();
        receiver.accept(&signed("{}"));
    }
}

/// A receiver that is started with `sockets` as the descriptors from 3 on, called `names`, with `arguments`.
fn activated(folder: &Folder, sockets: Vec<OwnedFd>, names: &str, arguments: &[&str]) -> Command {
    // std can pass standard streams only. What is none of them is moved there by a shell, which then becomes the receiver.
    let mut command = Command::new("sh");
    let moves = r#"exec 3<&0 4>&1 </dev/null >/dev/null; export LISTEN_PID=$$; exec "$@""#;
    command.args(["-c", moves, "sh"]).arg(hookgate().get_program()).arg("serve").args(arguments);
    command.env("LISTEN_FDS", sockets.len().to_string()).env("LISTEN_FDNAMES", names);
    let mut sockets = sockets.into_iter().map(Stdio::from);
    command.stdin(sockets.next().unwrap_or_else(Stdio::null)).stdout(sockets.next().unwrap_or_else(Stdio::null));
    command.env("HOOKGATE_SECRET", SECRET).current_dir(folder.path());
    command
}

/// A TCP socket and a Unix socket, on which is listened.
fn two_sockets(folder: &Folder) -> (TcpListener, UnixListener, Vec<OwnedFd>) {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let unix = UnixListener::bind(folder.path().join("socket")).unwrap();
    let passed = vec![tcp.try_clone().unwrap().into(), unix.try_clone().unwrap().into()];
    (tcp, unix, passed)
}

#[test]
fn it_serves_on_sockets_that_were_opened_for_it_and_leaves_their_files() {
    for listen in [&["systemd"][..], &["systemd:web", "systemd:local"]] {
        let folder = Folder::new();
        let (tcp, _unix, passed) = two_sockets(&folder);
        let arguments: Vec<_> = listen.iter().flat_map(|address| ["--listen", address]).collect();
        let listening: Listening = listening(activated(&folder, passed, "web:local", &arguments), 2);
        assert_eq!(listening.names[0], format!("http://{}", tcp.local_addr().unwrap()));
        assert!(listening.names[1].ends_with("/socket"), "{:?}", listening.names);
        expect_service(TcpStream::connect(tcp.local_addr().unwrap()).unwrap());
        expect_service(over_unix(&folder, "socket"));
        listening.stop();
        assert!(folder.path().join("socket").exists());
        // Whoever connects while no receiver runs waits for the next one.
        TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    }
}

#[test]
fn a_socket_that_was_opened_for_it_stands_beside_others() {
    let folder = Folder::new();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let arguments = ["--listen", "unix:own", "--listen", "systemd:web"];
    let listening = listening(activated(&folder, vec![tcp.try_clone().unwrap().into()], "web", &arguments), 2);
    assert_eq!(listening.names[0], "unix:own");
    expect_service(over_unix(&folder, "own"));
    expect_service(TcpStream::connect(tcp.local_addr().unwrap()).unwrap());
}

#[test]
fn sockets_that_are_not_there_or_not_of_the_kind_are_exit_2() {
    let folder = Folder::new();
    let (tcp, _unix, passed) = two_sockets(&folder);
    let mut passed = passed.into_iter().map(|socket| socket.try_clone().unwrap());
    let (tcp_fd, unix_fd) = (passed.next().unwrap(), passed.next().unwrap());
    let connected = TcpStream::connect(tcp.local_addr().unwrap()).unwrap();
    let datagrams = UdpSocket::bind("127.0.0.1:0").unwrap();
    let file = std::fs::File::create(folder.path().join("file")).unwrap();
    let fd = || tcp_fd.try_clone().unwrap();
    for (sockets, names, listen, what) in [
        (vec![], "", "systemd", "systemd passed no such socket"),
        (vec![fd()], "web", "systemd:other", "it passed web"),
        (vec![fd()], "", "systemd:web", "it passed unknown"),
        (vec![unix_fd], "web", "https://systemd", "TLS"),
        (vec![connected.into()], "web", "systemd", "no stream socket that listens"),
        (vec![datagrams.into()], "web", "systemd", "no stream socket that listens"),
        (vec![file.into()], "web", "systemd", "no stream socket that listens"),
    ] {
        let outcome = outcome(activated(&folder, sockets, names, &["--listen", listen]));
        outcome.expect_misconfigured(listen);
        assert!(outcome.stderr.contains(what), "{outcome:?}");
    }
    // They are another process's: systemd started that one.
    let mut command = hookgate();
    command.args(["serve", "--listen", "systemd"]).env("HOOKGATE_SECRET", SECRET).current_dir(folder.path());
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    outcome(command).expect_misconfigured("another process's");
}

#[test]
fn a_socket_that_nobody_listens_on_is_warned_of() {
    let folder = Folder::new();
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = activated(&folder, vec![tcp.into()], "web", &["--listen", "127.0.0.1:0", "--no-store"]);
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    let warning = lines.next();
    child.kill().unwrap();
    child.wait().unwrap();
    let expected = "hookgate: warning: systemd passed the socket web, and listen has neither systemd nor systemd:web";
    assert!(warning.as_ref().is_some_and(|line| line.starts_with(expected)), "{warning:?}");
}

/// Runs `command` to its end, which has to come in time.
fn outcome(mut command: Command) -> Outcome {
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let (ended, talk) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = stderr.read_to_string(&mut text);
        let _ = ended.send(text);
    });
    let Ok(stderr) = talk.recv_timeout(PATIENCE) else {
        child.kill().unwrap();
        child.wait().unwrap();
        panic!("{command:?} does not end");
    };
    Outcome { status: child.wait().unwrap(), stdout: Vec::new(), stderr }
}
