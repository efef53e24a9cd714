//! Every exit code that is documented is one that the program ends with.

use super::events::events;
use crate::support::client::Client;
use crate::support::command::{hookgate, run};
use crate::support::folder::Folder;
use crate::support::receiver::{setup, start};
use crate::support::request::signed;
use crate::support::store::{Row, make};
use crate::support::{SECRET, signer};
use hookgate::cli::CODES;
use std::fs::File;
use std::net::TcpListener;

fn code(folder: &Folder, arguments: &[&str]) -> Option<i32> {
    run(folder.path(), arguments, b"{}").code()
}

/// Has a receiver end by these signals, the second of which comes before it is done.
fn ended_by(signals: &[&str]) -> Option<i32> {
    let mut receiver = start();
    let mut half = receiver.connect();
    half.write(&signed("{}").header("Expect", "100-continue").head());
    assert_eq!(half.answer().status, 100, "it waits for the body");
    let mut signals = signals.iter();
    receiver.signal(signals.next().unwrap());
    while Client::try_connect(receiver.address).is_ok() {}
    match signals.next() {
        Some(second) => receiver.signal(second),
        None => half.write(b"{}"),
    }
    receiver.wait().0.code()
}

fn verified(signature: &str, more: &[&str]) -> Option<i32> {
    let header = format!("X-Hub-Signature-256: {signature}");
    code(&Folder::new(), &[&["verify", "--header", &header], more].concat())
}

fn sent(secret: &str) -> Option<i32> {
    let receiver = start();
    receiver.folder.file("secret", secret.as_bytes());
    code(&receiver.folder, &["send", &receiver.url(), "--secret-file", "secret"])
}

/// How `hookgate store check` ends on a store with this in the middle of its file, and on none.
fn checked(spoilt: Option<u8>) -> Option<i32> {
    let folder = Folder::new();
    make(folder.path(), (0..300).map(|_| Row { body: format!("\"{}\"", "x".repeat(400)).into(), ..Row::default() }));
    let path = folder.path().join("hookgate-data/events.db");
    let mut file = std::fs::read(&path).unwrap();
    if let Some(byte) = spoilt {
        let middle = file.len() / 2;
        file[middle..middle + 16_384].fill(byte);
        std::fs::write(&path, file).unwrap();
    }
    code(&folder, &["store", "check"])
}

fn config_checked(text: &str) -> Option<i32> {
    let folder = Folder::new();
    folder.file("hookgate.toml", text.as_bytes());
    code(&folder, &["config", "check"])
}

/// How the command ends in the case that the code is documented for.
fn provoke(command: &str, documented: u8) -> Option<i32> {
    let folder = Folder::new();
    match (command, documented) {
        ("", 0) => code(&folder, &["sign"]),
        ("", 1) => {
            let full = File::options().write(true).open("/dev/full").unwrap();
            let mut command = hookgate();
            command.args(["schemes", "list"]).stdout(full);
            command.status().unwrap().code()
        }
        ("", 2) => code(&folder, &["sign", "--nosuch"]),
        ("serve", 0) => ended_by(&["TERM"]),
        ("serve", 1) => {
            let taken = TcpListener::bind("127.0.0.1:0").unwrap();
            code(&folder, &["serve", "--listen", &taken.local_addr().unwrap().to_string()])
        }
        ("serve", 130) => ended_by(&["TERM", "INT"]),
        ("serve", 143) => ended_by(&["INT", "TERM"]),
        ("verify", 0) => verified(&signer::signature(SECRET.as_bytes(), b"{}"), &[]),
        ("verify", 1) => verified(&signer::signature(b"another secret of 16+", b"{}"), &[]),
        ("verify", 2) => verified("sha256=00", &["--scheme", "nosuch"]),
        ("send", 0) => sent(SECRET),
        ("send", 1) => sent("another secret of 16+"),
        ("events tail", 0) => {
            make(folder.path(), [Row::default()]);
            events(&folder, &["tail"]).code()
        }
        ("store check", 0) => checked(None),
        ("store check", 1) => checked(Some(0xa5)),
        ("store check", 2) => code(&folder, &["store", "check"]),
        ("config check", 0) => {
            config_checked("[[source]]\nname = \"one\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n")
        }
        ("config check", 2) => config_checked("nonsense = 1\n"),
        ("reload", 0) => {
            let receiver = setup().storing().start();
            let ended = code(&receiver.folder, &["reload"]);
            receiver.expect_talk("read the configuration again");
            ended
        }
        ("reload", 1) => {
            make(folder.path(), [Row::default()]);
            code(&folder, &["reload"])
        }
        other => panic!("{other:?} is documented, and no test has it"),
    }
}

#[test]
fn each_documented_exit_code_is_what_the_program_ends_with() {
    for documented in CODES {
        let ended = provoke(documented.command, documented.code);
        assert_eq!(ended, Some(i32::from(documented.code)), "{documented:?}");
    }
}
