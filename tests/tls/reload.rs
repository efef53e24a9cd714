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
use std::net::TcpStream;
use std::thread;

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
            let serving = Serving { receivers: receiver.into(), settings: Settings::default() };
            front.run(serving, &mut keeper, asked).unwrap();
        });
        let connect = || {
            let wire = Wire::over(TcpStream::connect::<std::net::SocketAddr>(address).unwrap(), PATIENCE).unwrap();
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
