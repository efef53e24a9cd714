//! `hookgate config`: a start, a check, and a move from elsewhere.

use crate::support::command::{Outcome, hookgate, run};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::{signed, signed_with};
use crate::support::{SECRET, command};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

const SOURCE: &str = "[[source]]\nname = \"one\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n";

fn check(folder: &Folder, text: &str, more: &[&str]) -> Outcome {
    folder.file("hookgate.toml", text.as_bytes());
    run(folder.path(), &[&["config", "check"], more].concat(), b"")
}

#[test]
fn a_start_is_sound_and_never_written_over_what_is_there() {
    let folder = Folder::new();
    let outcome = run(folder.path(), &["config", "init"], b"");
    assert_eq!((outcome.code(), outcome.stdout.is_empty()), (Some(0), true), "{outcome:?}");
    let outcome = run(folder.path(), &["config", "check"], b"");
    assert_eq!(
        (outcome.code(), outcome.out().as_str()),
        (Some(0), "hookgate.toml is sound: 1 source, 0 sinks\n"),
        "{outcome:?}"
    );
    let before = std::fs::read(folder.path().join("hookgate.toml")).unwrap();
    run(folder.path(), &["config", "init"], b"").expect_misconfigured("a second time");
    assert_eq!(std::fs::read(folder.path().join("hookgate.toml")).unwrap(), before);
    let outcome = run(folder.path(), &["config", "init", "-"], b"");
    assert_eq!((outcome.code(), &outcome.stdout), (Some(0), &before), "{outcome:?}");
}

#[test]
fn every_line_of_the_start_that_is_commented_out_can_be_put_in() {
    let folder = Folder::new();
    let start = run(folder.path(), &["config", "init", "-"], b"").out();
    let put_in: String = start
        .lines()
        .map(|line| match line.strip_prefix("# ") {
            Some(key) if key.starts_with('[') || key.contains(" = ") => format!("{key}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    // A table in the middle of the file ends what comes before all tables.
    let outcome = check(&folder, &put_in, &[]);
    assert_eq!(outcome.code(), Some(2), "{outcome:?}");
    let said: Vec<_> = outcome.stderr.lines().filter(|line| line.contains("error: ")).collect();
    assert_eq!(said.len(), 2, "only what is not there on this machine: {outcome:?}");
    assert!(
        said[0].contains("deploy.sh is no program") && said[1].contains("FORWARD_SECRET is not set"),
        "{outcome:?}"
    );
}

#[test]
fn the_examples_are_sound() {
    let examples = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let folder = Folder::new();
    // Beside what the README has them make first.
    folder.file("stripe.secret", b"whsec_0123456789abcdef0123456789abcdef");
    folder.file("internal.secret", b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    folder.file_with_mode("deploy.sh", &std::fs::read(examples.join("deploy.sh")).unwrap(), 0o700);
    for name in ["hookgate.toml", "stripe.toml"] {
        folder.file(name, &std::fs::read(examples.join(name)).unwrap());
        let outcome = run(folder.path(), &["config", "check", "--config", name], b"");
        assert_eq!(outcome.out(), format!("{name} is sound: 1 source, 1 sink\n"), "{outcome:?}");
        assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    }
}

#[test]
fn all_that_is_wrong_is_listed_each_with_its_place() {
    let folder = Folder::new();
    folder.file("api", b"sk_live_0123456789abcdef\n");
    let text = "[[source]]\nname = \"one\"\nscheme = \"github\"\nsecrets = [\"file:nosuch\", \"env:NOSUCH_SECRET\",\n  \"credential:none\"]\n\
                [[source]]\nname = \"two\"\npath = \"/two\"\nscheme = \"square\"\nsecrets = [\"file:api\"]\n\
                [[source]]\nname = \"three\"\npath = \"/three\"\nscheme_file = \"nosuch.toml\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n\
                [[source]]\nname = \"four\"\npath = \"/four\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\ntolerance = \"5m\"\n\
                [[sink]]\nname = \"run\"\ntype = \"command\"\nargv = [\"./nosuch\"]\nworking_dir = \"nowhere\"\n\
                [[sink]]\nname = \"on\"\ntype = \"forward\"\nurl = \"http://127.0.0.1:1/\"\nsign = \"standard-webhooks\"\nsecret = \"file:api\"\n\
                [[sink]]\nname = \"kept\"\ntype = \"file\"\npath = \"api/x\"\n";
    let outcome = check(&folder, text, &[]);
    outcome.expect_misconfigured("all of it");
    for what in [
        "hookgate.toml:4: cannot read the secret file",
        "hookgate.toml:4: there is no secret: NOSUCH_SECRET is not set",
        "hookgate.toml:5: there are no credentials: CREDENTIALS_DIRECTORY is not set",
        "hookgate.toml:6: the scheme square cannot be used: the scheme signs the URL",
        "hookgate.toml:11: cannot read the scheme file",
        "hookgate.toml:16: the scheme github signs no time",
        "hookgate.toml:22: the sink \"run\": ",
        "nosuch is no program that can be run",
        "nowhere is no folder",
        "hookgate.toml:27: the sink \"on\": its secret cannot sign",
        "hookgate.toml:33: the sink \"kept\": the folder",
        "ends with a newline, which was stripped",
        "of two begins with sk_live_: it looks like an API key",
    ] {
        assert!(outcome.stderr.contains(what), "no {what:?} in {}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains("0123456789abcdef"), "{outcome:?}");
}

#[test]
fn a_sound_configuration_with_every_sink_is_exit_0() {
    let folder = Folder::new();
    folder.file("sign", format!("whsec_{}", "QUFB".repeat(8)).as_bytes());
    std::fs::set_permissions(folder.path().join("sign"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = format!(
        "{SOURCE}[store]\ndir = \"data\"\n[[sink]]\nname = \"out\"\ntype = \"stdout\"\n[[sink]]\nname = \"run\"\ntype = \"command\"\nargv = [\"true\"]\n\
         [[sink]]\nname = \"on\"\ntype = \"forward\"\nurl = \"http://127.0.0.1:1/\"\nsign = \"standard-webhooks\"\nsecret = \"file:sign\"\n\
         [[sink]]\nname = \"kept\"\ntype = \"file\"\npath = \"logs/events.jsonl\"\n"
    );
    let outcome = check(&folder, &text, &[]);
    assert_eq!((outcome.code(), outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    assert_eq!(outcome.out(), "hookgate.toml is sound: 1 source, 4 sinks\n");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 2, "a check makes nothing: {left:?}");
}

#[test]
fn a_probe_asks_forward_urls_and_posts_nothing() {
    let folder = Folder::new();
    let answering = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", answering.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = answering.accept().unwrap();
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).unwrap();
        stream.write_all(b"HTTP/1.1 405 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    });
    let sink = |url: &str| format!("{SOURCE}[[sink]]\nname = \"on\"\ntype = \"forward\"\nurl = \"{url}\"\n");
    let outcome = check(&folder, &sink(&url), &["--probe"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    assert!(asked.join().unwrap().starts_with("OPTIONS /events HTTP/1.1\r\n"));
    // Nobody listens on a port that was free a moment ago.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let outcome = check(&folder, &sink(&format!("http://{silent}/")), &["--probe"]);
    outcome.expect_misconfigured("nobody answers");
    assert!(outcome.stderr.contains("did not answer"), "{outcome:?}");
    assert_eq!(check(&folder, &sink(&format!("http://{silent}/")), &[]).code(), Some(0), "nobody was asked");
}

#[test]
fn credentials_are_those_of_systemd() {
    let folder = Folder::new();
    folder.file("hook", SECRET.as_bytes());
    folder.file("hookgate.toml", SOURCE.replace("env:HOOKGATE_SECRET", "credential:hook").as_bytes());
    let mut command = hookgate();
    command.args(["config", "check"]).env("CREDENTIALS_DIRECTORY", folder.path()).current_dir(folder.path());
    let outcome = command::finish(command, b"");
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
}

const HOOKS: &str = r#"[
  {"id": "deploy", "execute-command": "/bin/true", "response-message": "ok",
   "trigger-rule": {"match": {"type": "payload-hmac-sha256", "secret": "another secret of 16+",
                              "parameter": {"source": "header", "name": "X-Hub-Signature-256"}}}},
  {"id": "open", "execute-command": "/bin/true"}
]"#;

#[test]
fn hooks_are_imported_with_their_secrets_in_files_of_their_own() {
    let folder = Folder::new();
    folder.file("hooks.json", HOOKS.as_bytes());
    let outcome = run(folder.path(), &["config", "import", "hooks.json", "--output", "hookgate.toml"], b"");
    assert_eq!((outcome.code(), outcome.stdout.is_empty()), (Some(0), true), "{outcome:?}");
    for said in [
        "deploy.secret (mode 0600)",
        "hook deploy: response-message was not carried over",
        "hook open was not carried over: nothing proves who sends it",
        "carried over 1 of 2 hooks",
    ] {
        assert!(outcome.stderr.contains(said), "no {said:?} in {outcome:?}");
    }
    assert!(!outcome.stderr.contains("another secret"), "{outcome:?}");
    let text = std::fs::read_to_string(folder.path().join("hookgate.toml")).unwrap();
    assert!(!text.contains("another secret"), "{text}");
    let secret = folder.path().join("deploy.secret");
    assert_eq!(std::fs::read(&secret).unwrap(), b"another secret of 16+");
    assert_eq!(std::fs::metadata(&secret).unwrap().permissions().mode() & 0o777, 0o600);
    let outcome = run(folder.path(), &["config", "check"], b"");
    assert_eq!((outcome.code(), outcome.stderr.as_str()), (Some(0), ""), "{outcome:?}");
    run(folder.path(), &["config", "import", "hooks.json", "--output", "hookgate.toml"], b"")
        .expect_misconfigured("again");
}

#[test]
fn nothing_is_written_where_a_file_is_in_the_way() {
    let folder = Folder::new();
    folder.file("hooks.json", HOOKS.as_bytes());
    folder.file("deploy.secret", b"precious");
    run(folder.path(), &["config", "import", "hooks.json", "--output", "new.toml"], b"")
        .expect_misconfigured("in the way");
    assert_eq!(std::fs::read(folder.path().join("deploy.secret")).unwrap(), b"precious");
    assert!(!folder.path().join("new.toml").exists());
    for (name, hooks) in [("yaml", "- id: deploy\n"), ("template", r#"[{"id":"{{ .X }}"}]"#)] {
        folder.file(name, hooks.as_bytes());
        run(folder.path(), &["config", "import", name], b"").expect_misconfigured(name);
    }
    run(folder.path(), &["config", "import", "nosuch"], b"").expect_misconfigured("nosuch");
}

/// What a hook of theirs takes, and what is made of it takes too.
#[test]
fn an_imported_source_takes_what_the_hook_took() {
    let folder = Folder::new();
    folder.file("hooks.json", HOOKS.as_bytes());
    let text = run(folder.path(), &["config", "import", "hooks.json"], b"").out();
    // Its command cannot be run yet.
    let sources = text.split("[[sink]]").next().unwrap().to_string();
    let receiver = setup()
        .file("deploy.secret", b"another secret of 16+")
        .path("/hooks/deploy")
        .config(&format!("listen = [\"127.0.0.1:0\"]\n{sources}"))
        .start();
    receiver.send(&signed_with("another secret of 16+", "{}").to("/hooks/deploy")).expect_success();
    receiver.send(&signed("{}").to("/hooks/deploy")).expect_refusal(401, "Signature mismatch - unauthorized");
}
