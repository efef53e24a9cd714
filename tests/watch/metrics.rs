//! Each number moves when it should, and by how much it should.

use crate::support::client::Client;
use crate::support::receiver::setup;
use crate::support::request::{signed, signed_with, unsigned};
use crate::support::{PATIENCE, SECRET, unique};
use crate::{Numbers, admin_of, until, watched};
use std::fs;
use std::process::Command;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A body that no other request has.
fn body() -> String {
    format!("{{\"number\":{}}}", unique())
}

#[test]
fn requests_are_counted_by_source_verdict_and_reason() {
    for front in ["evented", "tiny_http"] {
        let receiver = watched().storing().arguments(&["--front", front]).start();
        let before = Numbers::of(&receiver);
        assert!(before.has("hookgate_requests_total{source=\"github\",verdict=\"accepted\",reason=\"\"}"), "from 0 on");
        let first = signed(body());
        for _ in 0..3 {
            assert_eq!(receiver.send(&first).status, 200);
        }
        receiver.send(&signed(body())).expect_success();
        receiver.send(&unsigned("{}"));
        receiver.send(&signed_with("somebody else's", "{}"));
        receiver.send(&signed_with("somebody else's", "{}"));
        receiver.send(&signed("{}").to("/elsewhere?token=abc"));
        receiver.exchange(b"GET nonsense\r\n\r\n");
        let numbers = Numbers::of(&receiver);
        for (source, verdict, reason, count) in [
            ("github", "accepted", "", 2.0),
            ("github", "duplicate", "", 2.0),
            ("github", "refused", "missing_signature", 1.0),
            ("github", "refused", "signature_mismatch", 2.0),
            ("", "refused", "unknown_path", 1.0),
        ] {
            assert_eq!(numbers.requests(source, verdict, reason), count, "{front}: {source} {verdict} {reason}");
        }
        // tiny_http answers what is no request by itself.
        if front == "evented" {
            assert_eq!(numbers.requests("", "refused", "malformed_head"), 1.0);
        }
        assert!(!numbers.0.keys().any(|name| name.contains("elsewhere") || name.contains("abc")), "{:?}", numbers.0);
    }
}

#[test]
fn a_body_that_does_not_come_to_its_end_counts_for_its_source() {
    let receiver = watched().arguments(&["--body-timeout", "1"]).start();
    let mut slow = receiver.connect();
    slow.write(&signed("{}").header("Content-Length", "100").bytes());
    slow.answer().expect_refusal(408, "Request timed out");
    assert_eq!(Numbers::of(&receiver).requests("github", "refused", "too_slow"), 1.0);
    let mut broken = receiver.connect();
    broken.write(&signed("").header("Transfer-Encoding", "chunked").head());
    broken.write(b"no size\r\n");
    assert_eq!(broken.answer().status, 400);
    assert_eq!(Numbers::of(&receiver).requests("github", "refused", "broken_body"), 1.0);
}

#[test]
fn handshakes_are_counted_as_what_they_are() {
    let receiver = watched().arguments(&["--scheme", "dropbox", "--front", "evented"]).start();
    receiver.send_raw(b"GET /webhook?challenge=abc HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert_eq!(Numbers::of(&receiver).requests("dropbox", "handshake", ""), 1.0);
}

#[test]
fn what_cannot_be_kept_is_counted_and_so_is_the_commit_that_failed() {
    let receiver = watched().storing().start();
    let folder = receiver.folder.path();
    fs::rename(folder.join("hookgate-data"), folder.join("away")).unwrap();
    assert_eq!(receiver.send(&signed("{}")).status, 503);
    let numbers = Numbers::of(&receiver);
    assert_eq!(numbers.requests("github", "unavailable", "store"), 1.0);
    assert_eq!(numbers.at("hookgate_commit_failures_total"), 1.0);
    fs::rename(folder.join("away"), folder.join("hookgate-data")).unwrap();
}

#[test]
fn the_secret_that_matched_is_named_by_its_label_and_so_is_when() {
    let text = "listen = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n[[source]]\nname = \"a\"\nscheme = \"github\"\n\
                secrets = [\"new=file:new\", \"old=env:HOOKGATE_SECRET\"]\n";
    let receiver = setup().file("new", b"another secret of 16+").config(text).start();
    let matches = |numbers: &Numbers, secret: &str| {
        let labels = format!("{{source=\"a\",secret=\"{secret}\"}}");
        (
            numbers.at(&format!("hookgate_secret_matches_total{labels}")),
            numbers.at(&format!("hookgate_secret_last_match_timestamp_seconds{labels}")),
        )
    };
    let before = Numbers::of(&receiver);
    assert_eq!([matches(&before, "new"), matches(&before, "old")], [(0.0, 0.0); 2]);
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    receiver.send(&signed(body())).expect_success();
    receiver.send(&signed(body())).expect_success();
    let numbers = Numbers::of(&receiver);
    let (count, at) = matches(&numbers, "old");
    // The receiver's clock is in whole milliseconds.
    assert!(count == 2.0 && at >= start - 0.001, "{count} {at} {start}");
    assert_eq!(matches(&numbers, "new"), (0.0, 0.0));
    receiver.send(&signed_with("another secret of 16+", body())).expect_success();
    assert_eq!(matches(&Numbers::of(&receiver), "new").0, 1.0);
}

#[test]
fn the_time_since_the_last_event_grows_and_an_event_ends_it() {
    let receiver = watched().storing().start();
    let since = "hookgate_since_last_accepted_seconds{source=\"github\"}";
    assert!(Numbers::of(&receiver).has(since), "from the start on");
    until(&receiver, |numbers| numbers.at(since) > 0.3);
    let (post, sent) = (signed(body()), Instant::now());
    receiver.send(&post).expect_success();
    let short = Numbers::of(&receiver).at(since);
    // The receiver's clock is in whole milliseconds.
    assert!(short <= sent.elapsed().as_secs_f64() + 0.001, "{short}");
    until(&receiver, |numbers| numbers.at(since) > short + 0.1);
    assert_eq!(receiver.send(&post).status, 200);
    assert!(Numbers::of(&receiver).at(since) > short, "a duplicate is no event");
}

#[test]
fn a_silence_is_as_long_as_it_was_before_a_restart() {
    let mut receiver = watched().storing().start();
    receiver.send(&signed(body())).expect_success();
    let answered = Instant::now();
    receiver.signal("TERM");
    assert!(receiver.wait().0.success());
    let again = watched().folder(&receiver.folder).storing().start();
    let least = answered.elapsed().as_secs_f64();
    // The receiver's clock is in whole milliseconds.
    let since = Numbers::of(&again).at("hookgate_since_last_accepted_seconds{source=\"github\"}");
    assert!(since >= least - 0.001, "{since} {least}");
}

#[test]
fn commits_and_their_batches_and_the_stores_length_are_measured() {
    let receiver = watched().storing().start();
    let before = Numbers::of(&receiver);
    for _ in 0..5 {
        receiver.send(&signed(body())).expect_success();
    }
    let numbers = Numbers::of(&receiver);
    assert_eq!(numbers.at("hookgate_batch_deliveries_count"), 5.0);
    assert_eq!(numbers.at("hookgate_batch_deliveries_sum"), 5.0);
    assert_eq!(numbers.at("hookgate_batch_deliveries_bucket{le=\"1\"}"), 5.0);
    assert_eq!(numbers.at("hookgate_commit_duration_seconds_count"), 5.0);
    assert!(numbers.at("hookgate_commit_duration_seconds_sum") > 0.0);
    assert!(numbers.at("hookgate_store_bytes") > before.at("hookgate_store_bytes").max(4096.0));
    assert_eq!(numbers.at("hookgate_commit_failures_total"), 0.0);
}

#[test]
fn connections_are_counted_and_so_are_those_that_had_to_go() {
    let receiver = watched().arguments(&["--connection-limit", "2"]).start();
    let open = "hookgate_connections";
    let mut clients = vec![receiver.connect(), receiver.connect()];
    until(&receiver, |numbers| numbers.at(open) == 2.0);
    clients.push(receiver.connect());
    let shed = "hookgate_connections_shed_total{reason=\"connections\"}";
    let numbers = until(&receiver, |numbers| numbers.at(shed) == 1.0);
    assert_eq!((numbers.at(open), numbers.at("hookgate_connections_opened_total")), (2.0, 3.0));
    drop(clients);
    until(&receiver, |numbers| numbers.at(open) == 0.0);
    let receiver = watched().arguments(&["--address-connection-limit", "1"]).start();
    let clients = [receiver.connect(), receiver.connect()];
    until(&receiver, |numbers| numbers.at("hookgate_connections_shed_total{reason=\"address\"}") == 1.0);
    drop(clients);
}

#[test]
fn what_is_shed_for_its_memory_is_counted() {
    let receiver = watched().arguments(&["--buffer-limit", "20000"]).start();
    let mut client = receiver.connect();
    client.write(&signed("").header("Content-Length", "1000000").head());
    client.write(&[b'x'; 100_000]);
    until(&receiver, |numbers| numbers.at("hookgate_connections_shed_total{reason=\"memory\"}") == 1.0);
}

#[test]
fn an_accept_that_fails_is_counted() {
    let receiver = watched().start();
    let limit = |descriptors: &str| {
        let id = receiver.id().to_string();
        let limited = Command::new("prlimit").args(["--pid", &id, &format!("--nofile={descriptors}:1024")]).status();
        assert!(limited.expect("util-linux is there").success());
    };
    let start = Instant::now();
    loop {
        // Whether it tries to accept before it may again is up to the system.
        limit("3");
        let client = receiver.connect();
        limit("1024");
        if Numbers::of(&receiver).at("hookgate_accept_failures_total") > 0.0 {
            break;
        }
        drop(client);
        assert!(start.elapsed() < PATIENCE, "no accept failed");
    }
    receiver.accept(&signed("{}"));
}

#[cfg(feature = "tls")]
#[test]
fn tls_handshakes_are_counted_by_how_they_end() {
    use crate::support::certificates::{client_of, config, of};
    use crate::support::wire::Wire;
    use std::net::{SocketAddr, TcpStream};
    let pair = of(&["localhost"]);
    let arguments = ["--listen", "https://127.0.0.1:0", "--tls-cert", "cert.pem", "--tls-key", "key.pem"];
    let receiver = watched()
        .file("cert.pem", pair.certificate.as_bytes())
        .file("key.pem", pair.key.as_bytes())
        .arguments(&arguments)
        .start();
    receiver.expect_talk("https://");
    let talk = receiver.talk();
    let (_, rest) = talk.split_once("https://").unwrap();
    let address: SocketAddr = rest.split('/').next().unwrap().parse().unwrap();
    let wire = || Wire::over(TcpStream::connect(address).unwrap(), PATIENCE).unwrap();
    let mut client = Client::of(wire().with_tls(client_of(config(&[&rustls::version::TLS13]), "localhost")));
    client.write(&signed("{}").bytes());
    client.answer().expect_success();
    let mut nonsense = Client::of(wire());
    nonsense.write(&[0x16, 3, 1, 0, 1, 99]);
    let outcome = |outcome: &str| format!("hookgate_tls_handshakes_total{{outcome=\"{outcome}\"}}");
    until(&receiver, |numbers| numbers.at(&outcome("done")) == 1.0 && numbers.at(&outcome("failed")) == 1.0);
}

#[test]
fn a_source_that_is_served_no_more_is_not_silent_and_one_that_stays_goes_on_counting() {
    let source = |name: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\npath = \"/{name}\"\nscheme = \"github\"\nsecrets = [\"env:HOOKGATE_SECRET\"]\n"
        )
    };
    let text = |sources: &[&str]| {
        let sources: String = sources.iter().map(|name| source(name)).collect();
        format!("listen = [\"127.0.0.1:0\"]\nadmin = \"127.0.0.1:0\"\n{sources}")
    };
    let receiver = setup().config(&text(&["a", "b"])).start();
    receiver.send(&signed(body()).to("/a")).expect_success();
    receiver.folder.file("hookgate.toml", text(&["c", "a"]).as_bytes());
    receiver.signal("HUP");
    receiver.expect_talk("read the configuration again (2 sources)");
    receiver.send(&signed(body()).to("/a")).expect_success();
    receiver.send(&signed(body()).to("/c")).expect_success();
    let numbers = Numbers::of(&receiver);
    assert_eq!([numbers.requests("a", "accepted", ""), numbers.requests("c", "accepted", "")], [2.0, 1.0]);
    let is_told = |source: &str| numbers.has(&format!("hookgate_since_last_accepted_seconds{{source=\"{source}\"}}"));
    assert_eq!(["a", "b", "c"].map(is_told), [true, false, true]);
}

#[test]
fn what_runs_is_named_and_every_number_has_its_type_and_its_meaning() {
    let receiver = watched().storing().start();
    let mut client = Client::connect(admin_of(&receiver));
    client.write(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n");
    let text = String::from_utf8(client.answer().body).unwrap();
    assert!(text.contains(&format!("hookgate_build_info{{version=\"{}\"}} 1\n", env!("CARGO_PKG_VERSION"))), "{text}");
    let described = |kind: &str| -> Vec<String> {
        let prefix = format!("# {kind} ");
        let lines = text.lines().filter_map(|line| line.strip_prefix(&prefix));
        lines.map(|line| line.split(' ').next().unwrap().to_string()).collect()
    };
    let (helped, typed) = (described("HELP"), described("TYPE"));
    assert_eq!(helped, typed);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family = ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        assert!(typed.iter().any(|known| known == name || known == family), "{name} is of no type");
    }
    assert!(!text.contains(SECRET));
}
