//! `hookgate serve --config`: several sources, who may send to them, and what SIGHUP changes.

use crate::support::SECRET;
use crate::support::client::Client;
use crate::support::command::run;
use crate::support::folder::Folder;
use crate::support::receiver::{Receiver, setup};
use crate::support::request::{Post, signed, signed_with, unsigned};
use crate::support::signer::digits;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

const OTHER: &str = "another secret of 16+";

/// A source of GitHub's on `path`, with more lines.
fn source(name: &str, path: &str, secret: &str, more: &str) -> String {
    format!("[[source]]\nname = \"{name}\"\npath = \"{path}\"\nscheme = \"github\"\nsecrets = [\"{secret}\"]\n{more}\n")
}

fn config(sources: &[String]) -> String {
    // Without a store, so that what comes again is an event again.
    format!("listen = [\"127.0.0.1:0\"]\n[store]\nenabled = false\n{}", sources.concat())
}

fn start(text: &str) -> Receiver {
    setup().file("other", OTHER.as_bytes()).config(text).start()
}

fn two() -> String {
    config(&[
        source("one", "/webhook", "env:HOOKGATE_SECRET", ""),
        source("two", "/two", "new=file:other", "body_limit = 10"),
    ])
}

/// The same request, as a proxy would hand it on.
fn from(client: &str, post: Post) -> Post {
    post.header("X-Forwarded-For", client)
}

#[test]
fn each_source_has_its_path_its_secret_and_its_limit() {
    let receiver = start(&two());
    let event = receiver.accept(&signed("{}"));
    assert_eq!(event.text("source").as_deref(), Some("one"));
    let event = receiver.accept(&signed_with(OTHER, "{}").to("/two"));
    assert_eq!(event.text("source").as_deref(), Some("two"));
    receiver.refuse(&signed("{}").to("/two"), 401, "Signature mismatch - unauthorized");
    receiver.refuse(&signed_with(OTHER, "{}"), 401, "Signature mismatch - unauthorized");
    receiver.refuse(&signed_with(OTHER, "[1,2,3,4,5]").to("/two"), 413, "Payload too large");
    receiver.accept(&signed("[1,2,3,4,5]"));
    for path in ["/", "/two/", "/Two", "/webhook/two", "/%74wo"] {
        receiver.refuse(&signed("{}").to(path), 404, "Not found");
    }
}

#[test]
fn the_tiny_http_front_takes_several_sources_too() {
    let receiver = start(&format!("front = \"tiny_http\"\n{}", two()));
    receiver.accept(&signed("{}"));
    receiver.accept(&signed_with(OTHER, "{}").to("/two"));
    receiver.refuse(&signed("{}").to("/two"), 401, "Signature mismatch - unauthorized");
    receiver.refuse(&signed("{}").to("/three"), 404, "Not found");
    receiver.refuse(&signed_with(OTHER, "[1,2,3,4,5]").to("/two"), 413, "Payload too large");
}

#[test]
fn only_who_is_listed_may_send_whatever_the_client_says_of_himself() {
    let sources = [
        source("open", "/webhook", "env:HOOKGATE_SECRET", ""),
        source("closed", "/closed", "env:HOOKGATE_SECRET", "allow_from = [\"192.0.2.0/24\"]"),
    ];
    for front in ["evented", "tiny_http"] {
        let receiver = start(&format!("front = \"{front}\"\n{}", config(&sources)));
        for forged in ["192.0.2.1", "192.0.2.1, 127.0.0.1", "127.0.0.1, 192.0.2.1"] {
            receiver.refuse(&from(forged, signed("{}").to("/closed")), 403, "Forbidden");
        }
        receiver.refuse(&signed("{}").to("/closed").header("Forwarded", "for=192.0.2.1"), 403, "Forbidden");
        receiver.accept(&from("192.0.2.1", signed("{}")));
        let trusting = format!("front = \"{front}\"\ntrusted_proxies = [\"127.0.0.0/8\"]\n{}", config(&sources));
        let receiver = start(&trusting);
        receiver.accept(&from("192.0.2.1", signed("{}").to("/closed")));
        receiver.accept(&from("203.0.113.9, 192.0.2.1, 127.0.0.2", signed("{}").to("/closed")));
        for client in ["203.0.113.9", "192.0.2.1, 203.0.113.9", "192.0.2.1, unknown", ""] {
            receiver.refuse(&from(client, signed("{}").to("/closed")), 403, "Forbidden");
        }
    }
}

#[test]
fn who_may_not_send_is_told_before_the_body_is_waited_for() {
    let receiver = start(&config(&[
        source("open", "/webhook", "env:HOOKGATE_SECRET", ""),
        source("closed", "/closed", "env:HOOKGATE_SECRET", "allow_from = [\"192.0.2.0/24\"]"),
        source("slow", "/slow", "env:HOOKGATE_SECRET", "rate_limit_per_address = \"1/h\""),
    ]));
    let head = |path: &str| {
        let signature = format!("sha256={}", "0".repeat(64));
        format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\nX-Hub-Signature-256: {signature}\r\nContent-Length: 1000000\r\n\r\n"
        )
    };
    let answer_to = |path: &str| {
        let mut client = receiver.connect();
        client.write(head(path).as_bytes());
        client.answer()
    };
    assert_eq!(answer_to("/closed").status, 403);
    receiver.accept(&signed("{}").to("/slow"));
    let answer = answer_to("/slow");
    assert_eq!(
        (answer.status, answer.header("Retry-After").map(|s| s.parse::<u64>().is_ok_and(|s| s > 3000))),
        (429, Some(true))
    );
    receiver.expect_no_event();
}

#[test]
fn a_rate_counts_once_however_a_request_comes_in_pieces() {
    for front in ["evented", "tiny_http"] {
        let text = config(&[
            source("one", "/webhook", "env:HOOKGATE_SECRET", ""),
            source("two", "/two", "env:HOOKGATE_SECRET", "rate_limit_per_address = \"3/h\""),
        ]);
        let receiver = start(&format!("front = \"{front}\"\n{text}"));
        let bytes = signed("{\"a\":1}").to("/two").bytes();
        let (head, body) = bytes.split_at(bytes.len() - 3);
        let mut client = receiver.connect();
        client.write(head);
        client.write(body);
        client.answer().expect_success();
        receiver.send(&signed_with(OTHER, "{}").to("/two")).expect_refusal(401, "Signature mismatch - unauthorized");
        receiver.send(&signed("{}").to("/two")).expect_success();
        receiver.send(&signed("{}").to("/two")).expect_refusal(429, "Too many requests");
    }
}

#[test]
fn what_strangers_send_uses_nothing_of_a_sources_rate_up() {
    let receiver = start(&config(&[
        source("one", "/webhook", "env:HOOKGATE_SECRET", ""),
        source("two", "/two", "env:HOOKGATE_SECRET", "rate_limit = \"2/h\""),
    ]));
    for _ in 0..10 {
        receiver.refuse(&signed_with(OTHER, "{}").to("/two"), 401, "Signature mismatch - unauthorized");
    }
    receiver.accept(&signed("{}").to("/two"));
    receiver.accept(&signed("{\"a\":1}").to("/two"));
    receiver.refuse(&signed("{\"a\":2}").to("/two"), 429, "Too many requests");
}

#[test]
fn sighup_has_the_file_read_again_and_drops_no_connection() {
    for front in ["evented", "tiny_http"] {
        let before = format!("front = \"{front}\"\n{}", two());
        let receiver = start(&before);
        receiver.refuse(&signed("{}").to("/three"), 404, "Not found");
        let three = source("three", "/three", "file:other", "");
        // One is under way: its head came before, its body comes after.
        let bytes = signed("{\"under\":\"way\"}").bytes();
        let (head, body) = bytes.split_at(bytes.len() - 5);
        let mut under_way = receiver.connect();
        under_way.write(head);
        receiver.folder.file("hookgate.toml", (before.clone() + &three).as_bytes());
        receiver.signal("HUP");
        receiver.expect_talk("read the configuration again (3 sources)");
        // Once the next turn is served by it, which on the tiny_http front the one under way holds up.
        under_way.write(body);
        under_way.answer().expect_success();
        receiver.next_event();
        receiver.accept(&signed_with(OTHER, "{}").to("/three"));
        receiver.accept(&signed("{}"));
        assert!(!receiver.talk().contains("warning"), "{}", receiver.talk());
    }
}

#[test]
fn a_window_for_a_handshakes_secret_stays_as_it_is_when_the_file_is_read_again() {
    let asana = |more: &str| {
        let text = "[[source]]\nname = \"asana\"\npath = \"/asana\"\nscheme = \"asana\"\nsecrets = [\"file:handed\"]\n";
        config(&[source("one", "/webhook", "env:HOOKGATE_SECRET", ""), format!("{text}{more}\n")])
    };
    let handshake = |secret: &str| unsigned("").to("/asana").header("X-Hook-Secret", secret);
    let delivery =
        |secret: &str| unsigned("{}").to("/asana").header("X-Hook-Signature", digits(secret.as_bytes(), b"{}"));
    let receiver = start(&asana("accept_handshake = true"));
    receiver.signal("HUP");
    receiver.expect_talk_times("read the configuration again", 1);
    assert_eq!(receiver.talk().matches("create the webhook now").count(), 1, "{}", receiver.talk());
    assert_eq!(receiver.send(&handshake("the-first")).status, 200);
    receiver.accept(&delivery("the-first"));
    for times in 2..4 {
        receiver.signal("HUP");
        receiver.expect_talk_times("read the configuration again", times);
        receiver.accept(&delivery("the-first"));
        assert_eq!(receiver.send(&handshake("the-second")).status, 403);
    }
    // Who empties the file and says it anew waits for another.
    receiver.folder.file("hookgate.toml", asana("").as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk_times("read the configuration again", 4);
    receiver.folder.file("handed", b"");
    receiver.folder.file("hookgate.toml", asana("accept_handshake = true").as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk_times("create the webhook now", 2);
    receiver.expect_talk_times("read the configuration again", 5);
    assert_eq!(receiver.send(&handshake("the-second")).status, 200);
    assert_eq!(receiver.send(&delivery("the-first")).status, 401);
    receiver.accept(&delivery("the-second"));
}

#[test]
fn a_bad_file_changes_nothing_and_says_so() {
    let receiver = start(&two());
    for bad in [
        "listen = [",
        "nonsense = 1\n",
        &two().replace("file:other", "file:nosuch"),
        &two().replace("/two", "/webhook"),
    ] {
        receiver.forgive();
        receiver.folder.file("hookgate.toml", bad.as_bytes());
        receiver.signal("HUP");
        receiver.expect_talk("the configuration was not taken: nothing has changed");
        assert!(receiver.talk().contains("hookgate: error: "), "{}", receiver.talk());
        receiver.accept(&signed("{}"));
        receiver.accept(&signed_with(OTHER, "{}").to("/two"));
    }
}

#[test]
fn what_cannot_change_is_said_and_left_as_it_was() {
    let receiver = start(&two());
    let other =
        two().replace("enabled = false", "dir = \"elsewhere\"").replace("listen =", "log_level = \"off\"\nlisten =");
    receiver.folder.file("hookgate.toml", other.as_bytes());
    receiver.signal("HUP");
    for what in ["the store", "the log"] {
        receiver.expect_talk(&format!("{what} cannot change while the receiver runs, and was left as it was"));
    }
    receiver.expect_talk("read the configuration again (2 sources)");
    receiver.accept(&signed("{}"));
    assert!(!receiver.folder.path().join("elsewhere").exists());
}

#[test]
fn arguments_have_their_secrets_read_again() {
    let receiver = setup().secret(None).file("s", SECRET.as_bytes()).arguments(&["--secret-file", "s"]).start();
    receiver.accept(&signed("{}"));
    receiver.folder.file("s", OTHER.as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk("read the configuration again (1 source)");
    receiver.send(&signed_with(OTHER, "{}")).expect_success();
    receiver.send(&signed("{}")).expect_refusal(401, "Signature mismatch - unauthorized");
}

#[test]
fn a_hundred_reloads_under_load_fail_no_request() {
    let receiver = start(&two());
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    let mut client = Client::connect(receiver.address);
                    let mut answered = 0;
                    while !done.load(Ordering::SeqCst) {
                        client.write(&signed("{}").bytes());
                        client.answer().expect_success();
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        for reload in 1..=100 {
            receiver.signal("HUP");
            receiver.expect_talk_times("read the configuration again", reload);
        }
        done.store(true, Ordering::SeqCst);
        let answered: u32 = clients.into_iter().map(|client| client.join().unwrap()).sum();
        assert!(answered > 100, "{answered} requests in a hundred reloads");
    });
}

#[test]
fn what_the_arguments_can_say_too_is_not_said_twice() {
    let folder = Folder::new();
    folder.file("hookgate.toml", two().as_bytes());
    for more in [&["--path", "/x"][..], &["--listen", "127.0.0.1:0"], &["--secret-env", "X"]] {
        let outcome = run(folder.path(), &[&["serve", "--config", "hookgate.toml"], more].concat(), b"");
        assert_eq!(outcome.code(), Some(2), "{outcome:?}");
        assert!(outcome.stderr.contains("--config"), "{outcome:?}");
    }
}

#[test]
fn a_sink_that_tries_again_takes_a_store() {
    let folder = Folder::new();
    let stdout = "[[sink]]\nname = \"x\"\ntype = \"stdout\"\n";
    for (sink, what) in [
        (
            "[[sink]]\nname = \"x\"\ntype = \"forward\"\nurl = \"http://127.0.0.1:1/\"\n",
            "every sink but standard output",
        ),
        ("[[sink]]\nname = \"x\"\ntype = \"command\"\nargv = [\"true\"]\n", "every sink but standard output"),
        ("[[sink]]\nname = \"x\"\ntype = \"stdout\"\nformat = \"cloudevents\"\n", "format = \"cloudevents\""),
        (&format!("{stdout}[sink.match]\ntypes = [\"push\"]\n"), "a filter"),
    ] {
        let sources = [source("one", "/webhook", "env:HOOKGATE_SECRET", ""), sink.to_string()];
        folder.file("hookgate.toml", config(&sources).as_bytes());
        for verb in [&["serve", "--config", "hookgate.toml"][..], &["config", "check"]] {
            let outcome = run(folder.path(), verb, b"");
            outcome.expect_misconfigured(what);
            let said = format!("hookgate.toml:10: the sink \"x\": {what} takes a store");
            assert!(outcome.stderr.contains(&said), "{outcome:?}");
        }
    }
    for (argument, what) in [
        ("type=forward", "--sink type: "),
        ("nonsense", "a key and its value"),
        ("typ=stdout", "--sink typ: there is no key \"typ\""),
    ] {
        let outcome = run(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--sink", argument], b"");
        outcome.expect_misconfigured(argument);
        assert!(outcome.stderr.contains(what) || outcome.stderr.contains("has no url"), "{outcome:?}");
    }
}

#[test]
fn arguments_limit_who_may_send_as_the_file_does() {
    let arguments = [
        "--allow-from",
        "192.0.2.0/24",
        "--trusted-proxy",
        "127.0.0.1",
        "--rate-limit",
        "1/h",
        "--name",
        "mine",
        "--sink",
        "type=stdout",
    ];
    let receiver = setup().arguments(&arguments).start();
    let event = receiver.accept(&from("192.0.2.1", signed("{}")));
    assert_eq!(event.text("source").as_deref(), Some("mine"));
    receiver.send(&from("203.0.113.9", signed("{}"))).expect_refusal(403, "Forbidden");
    receiver.send(&from("192.0.2.1", signed("{\"a\":1}"))).expect_refusal(429, "Too many requests");
}

#[test]
fn the_receiver_is_found_by_the_lock_of_its_store() {
    let receiver = start(&two().replace("enabled = false", "dir = \"kept\""));
    let folder = receiver.folder.path();
    let asked = |arguments: &[&str]| run(folder, &[&["reload"], arguments].concat(), b"");
    let (pid, kept) = (receiver.id().to_string(), folder.join("kept").display().to_string());
    for (times, arguments) in
        [&["--config", "hookgate.toml"][..], &["--data", &kept], &["--pid", &pid]].iter().enumerate()
    {
        let outcome = asked(arguments);
        assert_eq!(outcome.code(), Some(0), "{outcome:?}");
        assert!(outcome.stderr.contains(&format!("process {pid}")), "{outcome:?}");
        receiver.expect_talk_times("read the configuration again (2 sources)", times + 1);
    }
    let outcome = asked(&["--data", "nowhere"]);
    assert_eq!(outcome.code(), Some(1), "{outcome:?}");
    receiver.folder.file("hookgate.toml", b"nonsense");
    asked(&["--config", "hookgate.toml"]).expect_misconfigured("a file that is none is not handed on");
    receiver.folder.file("hookgate.toml", two().as_bytes());
    asked(&["--config", "hookgate.toml"]).expect_misconfigured("without a store nobody is found");
}

#[test]
fn what_two_sources_send_alike_are_two_events_and_what_one_sends_again_is_one() {
    let text = two().replace("enabled = false", "").replace("new=file:other", "env:HOOKGATE_SECRET");
    let receiver = start(&text);
    for path in ["/webhook", "/two"] {
        let post = || signed("{\"a\":1}").to(path);
        let first = receiver.send(&post());
        assert_eq!(first.body, b"{\"status\":\"success\"}");
        assert_eq!(receiver.send(&post()).body, b"{\"status\":\"success\",\"duplicate\":true}");
    }
    let sources = [receiver.next_event(), receiver.next_event()].map(|event| event.text("source").unwrap());
    assert_eq!(sources, ["one", "two"]);
    assert!(receiver.folder.path().join("hookgate-data/events.db").exists(), "beside its file");
}
