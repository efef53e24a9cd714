//! A receiver that is stopped and killed while it is under load: what was acknowledged is handed on, and has one id.

use super::place::{QUICK, again, command, end, file, json, lines, wait_for, with};
use crate::support::delivery::{body, usual_bytes};
use crate::support::dice::{Dice, number, seed};
use crate::support::fleet::Fleet;
use crate::support::folder::Folder;
use crate::support::ledger::Ledger;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

/// The ids that each delivery was handed on by, in a file of lines; one that a kill broke off is none.
fn ids(path: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in lines(path).iter().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()) {
        let event = json(line);
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_string();
        ids.entry(text("delivery_id")).or_default().insert(text("id"));
    }
    ids
}

/// A server that writes what comes to a file of lines, and takes nothing but what was sent.
fn server(path: &Path) -> String {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let address = server.server_addr().to_string();
    let mut file = File::options().create(true).append(true).open(path).unwrap();
    thread::spawn(move || {
        while let Ok(mut request) = server.recv() {
            let field = |name: &'static str| {
                let found = request.headers().iter().find(|field| field.field.equiv(name));
                found.map_or_else(String::new, |field| field.value.to_string())
            };
            let (id, delivery) = (field("hookgate-id"), field("x-github-delivery"));
            let mut came = Vec::new();
            // One that a kill broke off.
            let is_whole = request.as_reader().read_to_end(&mut came).is_ok() && came == body(&delivery);
            if is_whole {
                writeln!(file, "{{\"delivery_id\":\"{delivery}\",\"id\":\"{id}\"}}").unwrap();
            }
            let _ = request.respond(tiny_http::Response::empty(if is_whole { 204 } else { 500 }));
        }
    });
    format!("http://{address}/")
}

#[test]
fn what_was_acknowledged_reaches_every_sink_whatever_ends_the_receiver() {
    let script = r#"printf '{"delivery_id":"%s","id":"%s"}\n' "$HOOKGATE_DELIVERY_ID" "$HOOKGATE_ID" >> run.jsonl"#;
    let posted = Folder::new();
    let url = server(&posted.path().join("post.jsonl"));
    let post = format!("[[sink]]\nname = \"post\"\ntype = \"forward\"\nurl = \"{url}\"\nconcurrency = 4\n{QUICK}");
    let sinks = [command("run", script, "concurrency = 4\n"), file("log"), post];
    let seed = seed("CRASH_SEED");
    let mut dice = Dice::new(seed);
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    let ledger = Mutex::new(Ledger::default());
    let fleet = Fleet { clients: 4, deliveries: usize::MAX, fill_bytes: usual_bytes, repeats: 10, may_fail: true };
    for round in 0..number("DELIVER_ROUNDS", 6) {
        let enough = 1 + dice.below(100);
        let signal = if dice.one_in(3) { "TERM" } else { "KILL" };
        let delivered =
            fleet.deliver(receiver.address, &ledger, &round.to_string(), enough, || receiver.signal(signal));
        delivered.unwrap_or_else(|broken| panic!("{broken:?}; again with CRASH_SEED={seed}"));
        receiver.wait();
        receiver = again(&folder, &sinks);
    }
    let ledger = ledger.into_inner().unwrap();
    let unanswered: BTreeSet<String> = ledger.unanswered().into_iter().collect();
    let acknowledged: BTreeSet<String> = ledger.sent().filter(|name| !unanswered.contains(*name)).cloned().collect();
    let places = [(folder.path(), "run"), (folder.path(), "log"), (posted.path(), "post")];
    for (place, name) in places {
        let path = place.join(format!("{name}.jsonl"));
        wait_for(&format!("all {} at {name}; CRASH_SEED={seed}", acknowledged.len()), || {
            let handed = ids(&path);
            acknowledged.iter().all(|delivery| handed.contains_key(delivery)).then_some(())
        });
        for (delivery, ids) in ids(&path) {
            assert_eq!(ids.len(), 1, "{delivery} has {ids:?}; CRASH_SEED={seed}");
        }
    }
    let log = ids(&folder.path().join("log.jsonl"));
    for (place, name) in places {
        for (delivery, ids) in &ids(&place.join(format!("{name}.jsonl"))) {
            assert_eq!(log.get(delivery).unwrap_or(ids), ids, "{delivery} at {name}; CRASH_SEED={seed}");
        }
    }
    end(&mut receiver);
}
