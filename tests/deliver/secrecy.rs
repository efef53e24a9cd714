//! No sink, and nothing that shows what became of events, has what lets somebody in.

use super::place::{command, config, end, events, wait_for, wait_for_lines, wait_for_standing};
use crate::support::receiver::setup;
use crate::support::request::{signed, unsigned};
use crate::support::{PATIENCE, SECRET, contains};
use std::fs;
use std::sync::mpsc;
use std::thread;

/// A token that is a source's secret, what a sink signs with, a token in the URL, and one in headers that nobody asks for.
const TOKEN: &str = "t0ken-0f-gitlab-1234";
const SIGNS: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const IN_URL: &str = "t0ken-in-a-query-1234";
const IN_HEADER: &str = "t0ken-in-a-header-1234";

/// A server that tells all that comes.
fn telling() -> (String, mpsc::Receiver<String>) {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = server.server_addr().to_string();
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        while let Ok(mut request) = server.recv() {
            let mut body = String::new();
            request.as_reader().read_to_string(&mut body).unwrap();
            let _ = tell.send(format!("{} {:?} {body}", request.url(), request.headers()));
            let _ = request.respond(tiny_http::Response::empty(204));
        }
    });
    (address, told)
}

#[test]
fn a_secret_that_is_configured_or_came_is_in_no_child_file_request_or_listing() {
    let (address, came) = telling();
    let gitlab = "[[source]]\nname = \"gitlab\"\npath = \"/gitlab\"\nscheme = \"gitlab-token\"\nsecrets = [\"file:token\"]\n\
                  accept_uncovered_body = true\n";
    let post = format!(
        "[[sink]]\nname = \"post\"\ntype = \"forward\"\nurl = \"http://{address}/in\"\nsign = \"standard-webhooks\"\n\
         secret = \"env:SIGNS\"\n"
    );
    let file = "[[sink]]\nname = \"log\"\ntype = \"file\"\npath = \"log.jsonl\"\nformat = \"cloudevents\"\n";
    let run = command("run", "env; cat; echo", "");
    let text = config(&[gitlab.into(), run, file.into(), post]);
    let setup = setup().file("token", TOKEN.as_bytes()).variable("SIGNS", SIGNS).config(&text);
    let mut receiver = setup.start();
    let folder = receiver.folder.clone();
    let query = |path: &str| format!("{path}?token={IN_URL}&{IN_URL}");
    for post in [
        signed("{\"n\":1}").to(&query("/webhook")),
        unsigned("{\"n\":2}").to(&query("/gitlab")).header("X-Gitlab-Token", TOKEN),
    ] {
        let post = post.header("Authorization", format!("Bearer {IN_HEADER}")).header("Cookie", IN_HEADER);
        let post = post.header("Proxy-Authorization", IN_HEADER).header("Content-Type", "application/json");
        receiver.send(&post).expect_success();
    }
    wait_for_lines(&folder.path().join("log.jsonl"), 2);
    for event in [1, 2] {
        let fate = wait_for_standing(&folder, event, "post", "done");
        assert_eq!(fate["tried"].as_array().map(Vec::len), Some(0), "{fate}");
        wait_for("its output is kept", || {
            let shown = events(&folder, &["show", &event.to_string(), "--json"]).out();
            (shown.contains("HOOKGATE_ID=evt_") && shown.contains(&format!("{{\\\"n\\\":{event}}}"))).then_some(())
        });
    }
    let mut seen: Vec<String> = (0..2).map(|_| came.recv_timeout(PATIENCE).unwrap()).collect();
    assert!(seen.iter().all(|request| request.contains("webhook-signature")), "{seen:?}");
    events(&folder, &["replay", "1", "2"]);
    seen.extend((0..2).map(|_| came.recv_timeout(PATIENCE).unwrap()));
    wait_for_lines(&folder.path().join("log.jsonl"), 4);
    for listing in
        [&["list", "--json"][..], &["list"], &["show", "1"], &["show", "1", "--json"], &["show", "2", "--json"]]
    {
        seen.push(events(&folder, listing).out());
    }
    end(&mut receiver);
    seen.push(fs::read_to_string(folder.path().join("log.jsonl")).unwrap());
    seen.push(receiver.talk());
    for file in ["events.db", "delivery.db"] {
        seen.push(
            String::from_utf8_lossy(&fs::read(folder.path().join("hookgate-data").join(file)).unwrap()).into_owned(),
        );
    }
    for seen in &seen {
        for secret in [SECRET, TOKEN, SIGNS, IN_URL, IN_HEADER] {
            assert!(!contains(seen.as_bytes(), secret.as_bytes()), "{secret} in {seen}");
        }
    }
}
