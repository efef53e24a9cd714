//! What the operator gives: files that cannot be used, and flags that do not fit.

use crate::support::certificates::{of, with};
use crate::support::command::{installed, run};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use rcgen::date_time_ymd;
use std::process::{Command, Stdio};

/// A folder with a certificate and its key, and those of somebody else.
fn folder() -> Folder {
    let folder = Folder::new();
    for name in ["own", "other"] {
        let pair = of(&["localhost"]);
        folder.file(&format!("{name}.pem"), pair.certificate.as_bytes());
        folder.file(&format!("{name}.key"), pair.key.as_bytes());
    }
    folder
}

/// That it does not start with these arguments, and says this about it.
fn expect_error(folder: &Folder, arguments: &[&str], said: &[&str]) {
    let outcome = run(folder.path(), &[&["serve"], arguments].concat(), b"");
    outcome.expect_misconfigured(&format!("{arguments:?}"));
    for said in said {
        assert!(outcome.stderr.contains(said), "{arguments:?}: no {said:?} in {}", outcome.stderr);
    }
}

fn expect_file_error(folder: &Folder, certificate: &str, key: &str, said: &[&str]) {
    let arguments = ["--listen", "https://127.0.0.1:0", "--tls-cert", certificate, "--tls-key", key];
    expect_error(folder, &arguments, said);
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_reason() {
    let folder = folder();
    folder.file("empty", b"");
    folder.file("text", b"no PEM at all");
    folder.file("cut", &of(&["localhost"]).certificate.as_bytes()[..200]);
    folder.file("cut.key", &of(&["localhost"]).key.as_bytes()[..100]);
    folder.file("long", &[b'x'; 1024 * 1024 + 1]);
    folder.file("nonsense", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    folder.file("nonsense.key", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    for (certificate, said) in [
        ("missing", "cannot read the certificate file missing"),
        (".", "cannot read the certificate file ."),
        ("empty", "the certificate file empty is empty"),
        ("text", "there is no certificate in the certificate file text"),
        ("own.key", "there is no certificate in the certificate file own.key"),
        ("cut", "the certificate file cut is broken PEM"),
        ("long", "the certificate file long is longer than 1048576 bytes"),
        ("nonsense", "the certificate file nonsense holds no valid certificate"),
    ] {
        expect_file_error(&folder, certificate, "own.key", &[said]);
    }
    for (key, said) in [
        ("missing", "cannot read the key file missing"),
        ("empty", "the key file empty is empty"),
        ("text", "there is no private key in the key file text"),
        ("own.pem", "there is no private key in the key file own.pem"),
        ("cut.key", "the key file cut.key is broken PEM"),
        ("nonsense.key", "the key in the key file nonsense.key cannot be used"),
        (
            "other.key",
            "the key in the key file other.key is not that of the first certificate in the certificate file own.pem",
        ),
    ] {
        expect_file_error(&folder, "own.pem", key, &[said]);
    }
}

#[test]
fn a_check_tells_of_each_certificate() {
    let folder = folder();
    let tls = |certificate: &str, key: &str| format!("[[tls]]\ncertificate = {certificate:?}\nkey = {key:?}\n");
    let all = [tls("own.pem", "own.key"), tls("missing", "own.key"), tls("own.pem", "other.key")].concat();
    let source = "[[source]]\nname = \"one\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n";
    folder.file("hookgate.toml", format!("listen = [\"https://127.0.0.1:0\"]\n{all}{source}").as_bytes());
    let outcome = run(folder.path(), &["config", "check"], b"");
    outcome.expect_misconfigured("two of three");
    assert_eq!(outcome.stderr.matches("hookgate: error: ").count(), 2, "{outcome:?}");
    assert!(outcome.stderr.contains("missing") && outcome.stderr.contains("other.key is not that of"), "{outcome:?}");
}

#[test]
fn an_encrypted_key_is_called_one() {
    let folder = folder();
    folder.file("pkcs8", b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let older = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    folder.file("older", older.as_bytes());
    for key in ["pkcs8", "older"] {
        let said = format!("the key in the key file {key} is encrypted");
        expect_file_error(&folder, "own.pem", key, &[&said, "openssl pkey"]);
    }
}

#[test]
fn keys_of_every_form_are_taken() {
    if !installed("openssl") {
        return;
    }
    for (name, make) in [
        ("PKCS #1", "openssl genrsa -traditional 2048"),
        ("PKCS #8", "openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072"),
        ("SEC 1", "openssl ecparam -name secp384r1 -genkey -noout"),
        ("SEC 1, behind its parameters", "openssl ecparam -name prime256v1 -genkey"),
        ("Ed25519", "openssl genpkey -algorithm ED25519"),
    ] {
        let folder = Folder::new();
        let shell = format!(
            "umask 077; {make} > key.pem && openssl req -x509 -new -key key.pem -subj /CN=localhost -days 2 -out cert.pem"
        );
        let made = Command::new("sh").args(["-c", &shell]).current_dir(folder.path()).stderr(Stdio::null()).status();
        assert!(made.unwrap().success(), "{name}");
        let [certificate, key] = ["cert.pem", "key.pem"].map(|file| std::fs::read(folder.path().join(file)).unwrap());
        let receiver = setup().file("cert.pem", &certificate).file("key.pem", &key).start();
        assert!(!receiver.talk().contains("warning"), "{name}: {}", receiver.talk());
    }
}

#[test]
fn a_certificate_whose_time_is_not_now_is_warned_of() {
    type Dates = ((i32, u8), (i32, u8));
    let with_dates = |(since, until): Dates| {
        let pair = with(&["localhost"], |params| {
            params.not_before = date_time_ymd(since.0, since.1, 1);
            params.not_after = date_time_ymd(until.0, until.1, 1);
        });
        setup().file("cert.pem", pair.certificate.as_bytes()).file("key.pem", pair.key.as_bytes()).start().talk()
    };
    let expired = with_dates(((2020, 1), (2021, 6)));
    assert!(
        expired.contains("the certificate file cert.pem holds a certificate that expired on 2021-06-01"),
        "{expired}"
    );
    let early = with_dates(((2090, 3), (2091, 1)));
    assert!(early.contains("holds a certificate that is valid from 2090-03-01"), "{early}");
    let fine = with_dates(((2020, 1), (2091, 1)));
    assert!(!fine.contains("warning"), "{fine}");
}

#[test]
fn a_key_that_others_can_read_is_warned_of() {
    let receiver = setup();
    let path = receiver.place().path().join("key.pem");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let talk = receiver.start().talk();
    assert!(talk.contains("the key file key.pem can be read by others (mode 0644): chmod 600 it"), "{talk}");
}

#[test]
fn flags_that_do_not_fit_are_refused() {
    let folder = folder();
    let (https, plain) = (["--listen", "https://127.0.0.1:0"], ["--listen", "127.0.0.1:0"]);
    let pair = ["--tls-cert", "own.pem", "--tls-key", "own.key"];
    expect_error(&folder, &https, &["there is no certificate", "--tls-cert"]);
    expect_error(&folder, &[&plain[..], &pair].concat(), &["no address where TLS is spoken", "https://"]);
    expect_error(&folder, &[&https[..], &pair[..2]].concat(), &["--tls-cert is given 1 times, --tls-key 0 times"]);
    expect_error(
        &folder,
        &[&https[..], &pair, &pair[2..]].concat(),
        &["--tls-cert is given 1 times, --tls-key 2 times"],
    );
    let unix = ["--listen", "https://unix:socket"];
    expect_error(&folder, &[&unix[..], &pair].concat(), &["TLS on a Unix socket keeps out nobody"]);
    for address in ["https://", "https://127.0.0.1", "https://127.0.0.1:0/webhook", "https://https://127.0.0.1:0"] {
        expect_error(&folder, &[&["--listen", address][..], &pair].concat(), &["cannot listen on"]);
    }
    expect_error(&folder, &[&https[..], &pair, &["--front", "tiny_http"]].concat(), &["speaks no TLS"]);
}
