//! Certificates that are exchanged while connections go on.

use crate::support::PATIENCE;
use crate::support::certificates::{Pair, client_of, config, of};
use crate::support::client::Client;
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::signed;
use crate::support::wire::Wire;
use hookgate::serve::evented::{Front, Listener, Serving, Settings};
use hookgate::serve::tls::{CertificateFiles, Certificates, Tls};
use hookgate::sink::{EventIds, Lines, Style};
use hookgate::{Receiver, Secret, UnixTime, Verifier, preset};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::version::TLS13;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// `pair` as it is read from files.
fn read(pair: &Pair) -> Certificates {
    let folder = Folder::new();
    let certificate = folder.path().join(folder.file("cert", pair.certificate.as_bytes()));
    let key = folder.path().join(folder.file("key", pair.key.as_bytes()));
    let (certificates, warnings) =
        Certificates::read(&[CertificateFiles { certificate, key }], UnixTime::now()).unwrap();
    assert_eq!(warnings, [""; 0]);
    certificates
}

fn serve(client: &mut Client) -> CertificateDer<'static> {
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
    client.wire().tls().peer_certificates().unwrap()[0].clone()
}

#[test]
fn new_handshakes_take_the_new_certificate_and_connections_go_on() {
    let [old, new] = [(); 2].map(|()| of(&["localhost"]));
    let der = |pair: &Pair| CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
    let tls = Tls::new(read(&old)).unwrap();
    let front = Front::new(vec![Listener::bind_tls("127.0.0.1:0", &tls).unwrap()]).unwrap();
    let address = front.names().next().unwrap().strip_prefix("https://").unwrap().parse().unwrap();
    let stop = front.stop();
    let secret = Secret::new(crate::support::SECRET.into()).unwrap();
    let verifier = Verifier::new(preset("github").unwrap(), [("main".to_string(), secret)]).unwrap();
    let receiver = Receiver::new("github".into(), "/webhook".into(), verifier).unwrap();
    thread::scope(|scope| {
        let asked = &stop;
        scope.spawn(move || {
            let mut keeper = Lines::new(Vec::new(), Style::Json, EventIds::starting(UnixTime::now()));
            let serving = Serving { receivers: receiver.into(), settings: Settings::default(), listeners: None };
            front.run(serving, &mut keeper, asked).unwrap();
        });
        let connect = || {
            let wire = Wire::over(TcpStream::connect::<SocketAddr>(address).unwrap(), PATIENCE).unwrap();
            Client::of(wire.with_tls(client_of(config(&[&TLS13]), "localhost")))
        };
        let mut before = connect();
        assert_eq!(serve(&mut before), der(&old));
        tls.replace(read(&new));
        assert_eq!(serve(&mut connect()), der(&new));
        assert_eq!(serve(&mut before), der(&old), "it goes on as it was");
        tls.clone().replace(read(&old));
        assert_eq!(serve(&mut connect()), der(&old));
        stop.ask();
    });
}

#[test]
fn the_files_of_a_configuration_are_read_again_with_it() {
    let [old, new] = [(); 2].map(|()| of(&["localhost"]));
    let der = |pair: &Pair| CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
    let receiver = setup()
        .file("c.pem", old.certificate.as_bytes())
        .file("k.pem", old.key.as_bytes())
        .config(
            "listen = [\"https://127.0.0.1:0\"]\n[store]\nenabled = false\n[[tls]]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\
             [[source]]\nname = \"one\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n",
        )
        .start();
    let connect = || {
        let wire = Wire::over(TcpStream::connect(receiver.address).unwrap(), PATIENCE).unwrap();
        Client::of(wire.with_tls(client_of(config(&[&TLS13]), "localhost")))
    };
    let mut before = connect();
    assert_eq!(serve(&mut before), der(&old));
    // A key of another certificate changes nothing.
    receiver.folder.file("k.pem", new.key.as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk("the configuration was not taken: nothing has changed");
    assert_eq!(serve(&mut connect()), der(&old));
    receiver.folder.file("c.pem", new.certificate.as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk("read the configuration again (1 source)");
    assert_eq!(serve(&mut connect()), der(&new));
    assert_eq!(serve(&mut before), der(&old), "it goes on as it was");
}

const STARTS: &str =
    "[store]\nenabled = false\n[[source]]\nname = \"one\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n";
/// How long the next look waits for what is to come in its own time.
const LOOK: Duration = Duration::from_millis(10);
const TLS: &str = "[[tls]]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";

fn plain(address: SocketAddr) -> Client {
    Client::of(Wire::over(TcpStream::connect(address).unwrap(), PATIENCE).unwrap())
}

fn sealed(address: SocketAddr) -> Client {
    let wire = Wire::over(TcpStream::connect(address).unwrap(), PATIENCE).unwrap();
    Client::of(wire.with_tls(client_of(config(&[&TLS13]), "localhost")))
}

fn ask(client: &mut Client) {
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
}

#[test]
fn an_address_comes_to_speak_tls_and_ceases_to_while_connections_go_on() {
    let pair = of(&["localhost"]);
    let receiver = setup()
        .file("c.pem", pair.certificate.as_bytes())
        .file("k.pem", pair.key.as_bytes())
        .config(&format!("listen = [\"127.0.0.1:0\"]\n{STARTS}"))
        .start();
    let address = receiver.address;
    let reload = |listen: &str, tls: &str, times| {
        receiver.folder.file("hookgate.toml", format!("listen = [{listen}]\n{STARTS}{tls}").as_bytes());
        receiver.signal("HUP");
        receiver.expect_talk_times("read the configuration again", times);
    };
    let mut first = plain(address);
    ask(&mut first);
    reload("\"https://127.0.0.1:0\"", TLS, 1);
    let mut second = sealed(address);
    ask(&mut second);
    ask(&mut first);
    plain(address).write(b"GET / HTTP/1.1\r\n");
    reload("\"127.0.0.1:0\"", "", 2);
    ask(&mut plain(address));
    ask(&mut second);
    ask(&mut first);
    // Certificates are needed where TLS is spoken, and only there.
    for (listen, tls) in [("\"127.0.0.1:0\"", TLS), ("\"https://127.0.0.1:0\"", "")] {
        receiver.forgive();
        receiver.folder.file("hookgate.toml", format!("listen = [{listen}]\n{STARTS}{tls}").as_bytes());
        receiver.signal("HUP");
        receiver.expect_talk("the configuration was not taken: nothing has changed");
        ask(&mut plain(address));
    }
}

/// Each time something else: an address, a source and limits come and go, and the certificate is another.
#[test]
fn a_hundred_reloads_that_change_everything_fail_no_request_and_leave_nothing_behind() {
    let pairs = [(); 2].map(|()| of(&["localhost"]));
    let more = "[limits]\nconnection_limit = 100\nidle_timeout = 50\n\
                [[source]]\nname = \"two\"\npath = \"/two\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n";
    let listen = "\"127.0.0.1:0\", \"https://127.0.0.1:0\"";
    let [usual, other] = [("", ""), (", \"127.0.0.2:0\", \"https://127.0.0.2:0\", \"unix:sock\"", more)]
        .map(|(extra, more)| format!("listen = [{listen}{extra}]\n{STARTS}{TLS}{more}"));
    let place = setup();
    let write = |folder: &Folder, number: usize| {
        let pair = &pairs[number % 2];
        folder.file("c.pem", pair.certificate.as_bytes());
        folder.file("k.pem", pair.key.as_bytes());
        folder.file("hookgate.toml", [&usual, &other][number % 2].as_bytes());
    };
    write(place.place(), 0);
    let receiver = place.config(&usual).start();
    let https = {
        receiver.expect_talk("listening on https://");
        let talk = receiver.talk();
        let (_, rest) = talk.split_once("listening on https://").unwrap();
        rest.split('/').next().unwrap().parse::<SocketAddr>().unwrap()
    };
    let has = |what: &str| std::fs::read_dir(format!("/proc/{}/{what}", receiver.id())).unwrap().count();
    let before = (has("fd"), has("task"));
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let connect: [fn(SocketAddr) -> Client; 2] = [plain, sealed];
        let mut clients = Vec::new();
        for (address, connect) in [receiver.address, https].into_iter().zip(connect) {
            for is_kept in [true, false] {
                let done = &done;
                clients.push(scope.spawn(move || {
                    let (mut client, mut answered) = (connect(address), 0);
                    while !done.load(Ordering::SeqCst) {
                        if !is_kept {
                            client = connect(address);
                        }
                        ask(&mut client);
                        answered += 1;
                    }
                    answered
                }));
            }
        }
        for reload in 1..=100 {
            write(&receiver.folder, reload);
            receiver.signal("HUP");
            receiver.expect_talk_times("read the configuration again", reload);
        }
        done.store(true, Ordering::SeqCst);
        for client in clients {
            let answered: u32 = client.join().unwrap();
            assert!(answered > 10, "{answered}");
        }
    });
    // The hundredth is the usual one again. Who was connected leaves, which is seen a moment later.
    let start = Instant::now();
    while has("fd") > before.0 || has("task") > before.1 {
        assert!(start.elapsed() < PATIENCE, "{before:?} before, {:?} after", (has("fd"), has("task")));
        thread::sleep(LOOK);
    }
}
