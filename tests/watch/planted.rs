//! A secret that is planted wherever there can be one is found nowhere else: a receiver with all kinds of secrets and of sinks, all
//! that it says anywhere, and all that its commands say of what it kept.

mod commands;
mod seen;

use crate::support::client::Client;
use crate::support::receiver::{Receiver, setup};
use crate::support::request::{Post, signed, signed_with, unsigned};
use crate::support::{SECRET, signer, unique};
use crate::{Numbers, get, until};
use commands::run;
use hookgate::verify::Signer;
use hookgate::{Secret, UnixTime, preset};
use seen::{Seen, base64, forms};
use std::fs;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

/// In the environment, beside [`SECRET`].
const IN_OTHER_VARIABLE: &str = "pl4nted-in-a-variable-1";
const IN_FILE: &str = "pl4nted-in-a-file-12345";
const IN_CREDENTIAL: &str = "pl4nted-in-a-credential";
/// Sent in a header, as it is.
const TOKEN: &str = "pl4nted-header-token-12";
/// Sent in a header, as base64.
const PASSWORD: &str = "user:pl4nted-password-1";
/// Signs JSON Web Tokens.
const OF_TOKENS: &str = "pl4nted-key-of-a-jwt-12";
/// Sent in the body.
const PASSCODE: &str = "pl4nted-passcode-in-body";
/// Sent in the URL.
const IN_URL: &str = "pl4nted-token-in-a-query";
/// Signs what is forwarded: the secret of Standard Webhooks' own examples.
const OF_SINK: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// What others are let in with, which is none of ours, and comes in headers and queries all the same.
const OF_OTHERS: [&str; 3] = ["pl4nted-cookie-of-other", "pl4nted-bearer-of-other", "pl4nted-query-of-others"];

const SECRETS: [&str; 13] = [
    SECRET,
    IN_OTHER_VARIABLE,
    IN_FILE,
    IN_CREDENTIAL,
    TOKEN,
    PASSWORD,
    OF_TOKENS,
    PASSCODE,
    IN_URL,
    OF_SINK,
    OF_OTHERS[0],
    OF_OTHERS[1],
    OF_OTHERS[2],
];

/// What stands in a delivery, and for its receivers alone: in no log, number or answer, but in listings and sinks.
const OF_DELIVERIES: [&str; 4] = ["w0rds-in-a-body", "w0rds-in-a-type", "w0rds-in-an-id", "w0rds-in-a-path"];

/// What is forwarded to it, as text.
fn server() -> (std::net::SocketAddr, mpsc::Receiver<String>) {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let (tell, told) = mpsc::channel();
    let address = server.server_addr().to_ip().unwrap();
    std::thread::spawn(move || {
        for mut request in server.incoming_requests() {
            let mut body = String::new();
            request.as_reader().read_to_string(&mut body).unwrap();
            let headers: Vec<_> = request.headers().iter().map(ToString::to_string).collect();
            let _ = tell.send(format!("{} {}\n{}\n\n{body}", request.method(), request.url(), headers.join("\n")));
            let _ = request.respond(tiny_http::Response::empty(200));
        }
    });
    (address, told)
}

const SOURCES: [(&str, &str, &str); 8] = [
    ("env", "github", "env:HOOKGATE_SECRET"),
    ("variable", "github", "new=env:HOOKGATE_OTHER"),
    ("file", "github", "file:file"),
    ("credential", "github", "credential:hook"),
    ("token", "gitlab-token", "file:token"),
    ("basic", "deepgram-basic", "file:basic"),
    ("jwt", "netlify", "file:jwt"),
    ("passcode", "figma", "file:passcode"),
];

fn config(forward_to: std::net::SocketAddr, folder: &Path) -> String {
    let mut text = "listen = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n[store]\ndir = \"data\"\n".to_string();
    for (name, scheme, secret) in SOURCES {
        text += &format!(
            "[[source]]\nname = \"{name}\"\npath = \"/{name}\"\nscheme = \"{scheme}\"\nsecrets = [\"{secret}\"]\n"
        );
        if ["token", "basic", "passcode"].contains(&name) {
            text += "accept_uncovered_body = true\n";
        }
    }
    let script = format!(
        "cd {} && env > child.env.$HOOKGATE_ID && cat > child.stdin.$HOOKGATE_ID && env && cat /proc/$$/cmdline && \
         cat /proc/$PPID/cmdline > child.parent.$HOOKGATE_ID",
        folder.display()
    );
    text + &format!(
        "[[source]]\nname = \"meta\"\npath = \"/meta\"\nscheme = \"meta\"\nsecrets = [\"file:file\"]\n\
         handshake_token = \"file:query\"\n\
         [[sink]]\nname = \"out\"\ntype = \"stdout\"\n\
         [[sink]]\nname = \"lines\"\ntype = \"file\"\npath = \"lines.jsonl\"\n\
         [[sink]]\nname = \"child\"\ntype = \"command\"\nargv = [\"sh\", \"-c\", {}]\nenv = [\"PLAIN\"]\n\
         [[sink]]\nname = \"on\"\ntype = \"forward\"\nurl = \"http://{forward_to}/on\"\nsign = \"standard-webhooks\"\n\
         secret = \"file:sink\"\n",
        serde_json::Value::from(script)
    )
}

/// A delivery of `body` to the source `name`, with what its scheme and `secret` make of it.
fn of_scheme(name: &str, secret: &str, body: &str) -> Post {
    let (_, scheme, _) = SOURCES.iter().find(|(known, ..)| *known == name).unwrap();
    let secret = Secret::new(secret.as_bytes().to_vec()).unwrap();
    let post = unsigned(body).to(&format!("/{name}"));
    let signer = Signer::new(&preset(scheme).unwrap(), &secret).unwrap();
    let fields = signer.sign(body.as_bytes(), UnixTime::now()).unwrap();
    fields.iter().fold(post, |post, (name, value)| post.header(name, value))
}

/// One that has everything in it that its receiver need not know.
fn dressed(post: Post) -> Post {
    let target = format!("{}?token={}&secret={}", post.target, OF_OTHERS[2], OF_OTHERS[2]);
    let post = if post.target == "/basic" { post } else { post.header("Authorization", OF_OTHERS[1]) };
    post.header("Cookie", format!("session={}", OF_OTHERS[0]))
        .header("Proxy-Authorization", OF_OTHERS[1])
        .header("X-GitHub-Event", OF_DELIVERIES[1])
        .header("X-GitHub-Delivery", OF_DELIVERIES[2])
        .to(&target)
}

fn body() -> String {
    format!("{{\"words\":\"{}\",\"number\":{}}}", OF_DELIVERIES[0], unique())
}

/// Proven deliveries to each source, and the signatures of those that have one.
fn proven() -> (Vec<Post>, Vec<String>) {
    let mut signatures = Vec::new();
    let mut of_github = |name: &str, secret: &str| {
        let body = body();
        signatures.push(signer::digits(secret.as_bytes(), body.as_bytes()));
        dressed(signed_with(secret, body).to(name))
    };
    let mut posts = vec![
        of_github("/env", SECRET),
        of_github("/variable", IN_OTHER_VARIABLE),
        of_github("/file", IN_FILE),
        of_github("/credential", IN_CREDENTIAL),
        of_github("/meta", IN_FILE),
    ];
    for (name, secret) in [("token", TOKEN), ("basic", PASSWORD), ("jwt", OF_TOKENS)] {
        posts.push(dressed(of_scheme(name, secret, &body())));
    }
    let with_passcode =
        format!("{{\"passcode\":\"{PASSCODE}\",\"number\":{},\"words\":\"w0rds-in-a-body\"}}", unique());
    posts.push(dressed(unsigned(with_passcode).to("/passcode")));
    let jwt = of_scheme("jwt", OF_TOKENS, &body());
    let jwt =
        String::from_utf8(jwt.head()).unwrap().split("Signature: ").nth(1).unwrap().lines().next().unwrap().to_string();
    signatures.push(jwt.rsplit('.').next().unwrap().to_string());
    (posts, signatures)
}

/// Others, each with one mistake that a secret of ours could show in, so that the cause is looked for.
fn mistaken() -> Vec<Post> {
    let body = body();
    let as_signature = |secret: &str| unsigned(&body).header("X-Hub-Signature-256", secret);
    let of_file = signer::digits(IN_FILE.as_bytes(), body.as_bytes());
    // Of each source one is explained a second: its first, then.
    let mut posts = vec![
        // The body was changed on its way, in a manner that is recognised.
        unsigned(format!("{body}\n")).header("X-Hub-Signature-256", format!("sha256={of_file}")).to("/file"),
        as_signature(IN_CREDENTIAL).to("/credential"),
        as_signature(&signer::digits(IN_OTHER_VARIABLE.as_bytes(), body.as_bytes())).to("/variable"),
        signed_with(IN_FILE, &body).to("/env"),
        unsigned(&body).to("/token").header("X-Gitlab-Token", base64(TOKEN.as_bytes())),
        unsigned(&body).to("/basic").header("Authorization", format!("Basic {PASSWORD}")),
        unsigned(format!("{{\"passcode\":\"{PASSCODE} \"}}")).to("/passcode"),
        unsigned(&body).to("/jwt").header("X-Webhook-Signature", OF_TOKENS),
        signed(&body).to("/file"),
        as_signature(IN_FILE).to("/file"),
        as_signature(&format!("sha256={IN_FILE}")).to("/file"),
        as_signature(&format!("sha1={of_file}")).to("/file"),
        signed_with(IN_FILE, &body).header("Content-Encoding", OF_OTHERS[0]).to("/file"),
        signed_with(IN_FILE, &body).by("PUT").to("/file"),
        signed_with(IN_FILE, format!("{body}{}", OF_DELIVERIES[0])).to("/file"),
        signed(&body).to(&format!("/{}", OF_DELIVERIES[3])),
        unsigned(&body).to("/token").header("X-Gitlab-Token", format!("{TOKEN}0")),
        unsigned(&body).to("/token").header("X-Gitlab-Token", TOKEN.to_uppercase()),
        unsigned(&body).to("/token").header("X-Gitlab-Token", IN_FILE),
        unsigned(&body).to("/basic").header("Authorization", format!("Bearer {}", base64(PASSWORD.as_bytes()))),
        of_scheme("jwt", IN_FILE, &body),
    ];
    let mut of_another_body = of_scheme("jwt", OF_TOKENS, "{}");
    of_another_body.body = b"[]".to_vec();
    posts.push(of_another_body);
    posts.into_iter().map(dressed).collect()
}

/// What a receiver of everything has said to systemd so far.
fn words(systemd: &UnixDatagram) -> Vec<u8> {
    systemd.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let (mut words, mut word) = (Vec::new(), [0; 4096]);
    while let Ok(count) = systemd.recv(&mut word) {
        words.extend_from_slice(&word[..count]);
    }
    words
}

/// Waits until each sink has taken `count` events.
fn until_handed_on(receiver: &Receiver, count: usize) -> Numbers {
    let done = |numbers: &Numbers, sink: &str, kind: &str| {
        numbers.at(&format!("hookgate_sink_attempts_total{{sink=\"{sink}\",kind=\"{kind}\",outcome=\"done\"}}"))
    };
    until(receiver, |numbers| {
        [("out", "stdout"), ("lines", "file"), ("child", "command"), ("on", "forward")]
            .iter()
            .all(|(sink, kind)| done(numbers, sink, kind) == count as f64)
    })
}

#[test]
fn a_secret_planted_in_environment_file_header_token_and_url_is_in_nothing_that_anybody_can_see() {
    let name = format!("hookgate-test-planted-{}-{}", std::process::id(), unique());
    let systemd = UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(&name).unwrap()).unwrap();
    let (address, forwarded) = server();
    let setup = setup();
    let folder = setup.place().path().to_path_buf();
    fs::create_dir(folder.join("creds")).unwrap();
    fs::write(folder.join("creds/hook"), IN_CREDENTIAL).unwrap();
    let files = [
        ("file", IN_FILE),
        ("token", TOKEN),
        ("basic", PASSWORD),
        ("jwt", OF_TOKENS),
        ("passcode", PASSCODE),
        ("query", IN_URL),
        ("sink", OF_SINK),
    ];
    let setup = files.iter().fold(setup, |setup, (name, text)| setup.file(name, text.as_bytes()));
    let mut receiver = setup
        .variable("HOOKGATE_OTHER", IN_OTHER_VARIABLE)
        .variable("CREDENTIALS_DIRECTORY", folder.join("creds").as_os_str())
        .variable("NOTIFY_SOCKET", format!("@{name}"))
        .variable("PLAIN", "plain words")
        .config(&config(address, &folder))
        .start();
    let (mut seen, mut of_deliveries) = (Seen::default(), Seen::default());

    let (posts, signatures) = proven();
    for post in &posts {
        let answer = receiver.send(post);
        assert_eq!(answer.status, 200, "{} {}", post.target, answer.text());
        seen.add("answers", answer.raw);
    }
    // Said in a line of its own too.
    seen.add("answers", receiver.send(&posts[0]).raw);
    let mut refused = 0;
    for post in mistaken() {
        let answer = receiver.send(&post);
        assert!((400..500).contains(&answer.status), "{} {}", post.target, answer.text());
        seen.add("answers", answer.raw);
        refused += 1;
    }
    for (token, status) in [(IN_URL, 200), ("pl4nted-token-in-a-querx", 403), (IN_FILE, 403)] {
        let target = format!("/meta?hub.mode=subscribe&hub.verify_token={token}&hub.challenge=42");
        let mut client = Client::connect(receiver.address);
        client.write(format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes());
        let answer = client.answer();
        assert_eq!(answer.status, status, "{}", answer.text());
        seen.add("answers", answer.raw);
    }
    refused += 2;
    let numbers = until_handed_on(&receiver, posts.len());
    for (name, ..) in SOURCES {
        assert!(numbers.requests(name, "accepted", "") >= 1.0, "{name}");
    }
    assert_eq!(numbers.requests("meta", "handshake", ""), 1.0);
    receiver.expect_talk_times("\"refused\"", refused);
    receiver.expect_talk("body-newline-added");

    // A file that cannot be served by, with secrets where there may be none.
    let good = fs::read(folder.join("hookgate.toml")).unwrap();
    for (name, line) in [
        ("inline", format!("secrets = [\"{IN_FILE}\"]")),
        ("as the name of a variable", format!("secrets = [\"env:{IN_FILE}\"]")),
        ("as a label", format!("secrets = [\"{IN_FILE}=\"]")),
        ("without a kind", format!("secrets = \"{IN_FILE}\"")),
        ("as a line", IN_FILE.to_string()),
        ("as a scheme", format!("secret = \"{IN_FILE}\"")),
    ] {
        let text = format!("[[source]]\nname = \"a\"\nscheme = \"github\"\n{line}\n");
        receiver.folder.file("hookgate.toml", text.as_bytes());
        run(&mut seen, &folder, &["config", "check"], b"");
        let before = receiver.talk().matches("nothing has changed").count();
        receiver.signal("HUP");
        receiver.expect_talk_times("nothing has changed", before + 1);
        assert!(!receiver.talk().contains(IN_FILE), "{name}: {}", receiver.talk());
    }
    receiver.folder.file("hookgate.toml", &good);
    receiver.signal("HUP");
    receiver.expect_talk("read the configuration again");

    for path in ["/healthz", "/readyz", "/metrics", &format!("/metrics?token={}", OF_OTHERS[2]), "/nowhere"] {
        seen.add(path, get(&receiver, path).raw);
    }
    seen.add("/proc/PID/cmdline", fs::read(format!("/proc/{}/cmdline", receiver.id())).unwrap());
    seen.add("systemd", words(&systemd));

    let listed = run(&mut of_deliveries, &folder, &["events", "list", "--data", "data", "--json", "--limit", "0"], b"");
    let ids: Vec<String> = listed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(ids.len(), posts.len());
    let data = ["--data", "data"];
    for arguments in
        [&["list"][..], &["tail"], &["tail", "--json"], &["export", "--json"], &["export", "--raw", "raw"], &["stats"]]
    {
        run(&mut of_deliveries, &folder, &[&["events"], arguments, &data[..]].concat(), b"");
    }
    for id in &ids {
        run(&mut of_deliveries, &folder, &["events", "show", "--data", "data", id], b"");
        run(&mut of_deliveries, &folder, &["events", "show", "--data", "data", "--json", id], b"");
    }
    commands::all(&mut seen, &folder);

    receiver.signal("TERM");
    let (status, events) = receiver.wait();
    assert!(status.success(), "{}", receiver.talk());
    assert_eq!(events.len(), posts.len());
    events.iter().for_each(|event| of_deliveries.add("stdout", &event.line));
    seen.add("the log", receiver.talk());
    seen.add("systemd at the end", words(&systemd));
    forwarded.try_iter().for_each(|request| of_deliveries.add("forwarded", request));
    for name in ["data", "raw", "lines.jsonl"] {
        of_deliveries.add_file(&folder.join(name));
    }
    for file in fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("child.") {
            of_deliveries.add_file(&path);
        }
    }

    // That each of these was looked into where something stands.
    for (place, word) in [
        ("stdout", "w0rds-in-a-body"),
        ("forwarded", "webhook-signature"),
        ("forwarded", "w0rds-in-a-body"),
        ("lines.jsonl", "w0rds-in-a-body"),
        ("child.env.", "PLAIN=plain words"),
        ("child.env.", "HOOKGATE_ID=evt_"),
        ("child.stdin.", "w0rds-in-a-body"),
        ("child.parent.", "serve"),
        ("data/events.db", "w0rds-in-a-body"),
        ("data/delivery.db", "PLAIN=plain words"),
        ("raw/", "w0rds-in-a-body"),
        ("events show", "w0rds-in-a-body"),
        ("events show", "PLAIN=plain words"),
        ("events list", "w0rds-in-a-type"),
        ("raw/", "[redacted]"),
        ("events export", "w0rds-in-a-type"),
        ("events stats", "github"),
    ] {
        // Who sends a type has to be a source whose scheme has it.
        let word = if place == "events stats" { "credential" } else { word };
        of_deliveries.expect(place, word);
    }
    for (place, word) in [
        ("answers", "Signature mismatch"),
        ("the log", "signature_mismatch"),
        ("the log", "that had come before"),
        ("/metrics", "secret=\"new\""),
        ("systemd", "STATUS="),
        ("/proc/PID/cmdline", "hookgate.toml"),
        ("config check", "secrets"),
        ("schemes show", "gitlab-token"),
        ("verify", "mismatch"),
        ("send", "200"),
    ] {
        seen.expect(place, word);
    }
    let secrets: Vec<String> = SECRETS.iter().flat_map(|secret| forms(secret)).collect();
    of_deliveries.expect_without(&secrets);
    seen.expect_without(&secrets);
    let words: Vec<String> = OF_DELIVERIES.iter().map(ToString::to_string).chain(signatures).collect();
    seen.expect_without(&words);
}
