//! `/healthz` and `/readyz`: when they say what.

use crate::support::PATIENCE;
use crate::support::receiver::Receiver;
use crate::support::request::signed;
use crate::{Numbers, get, readiness, watched};
use std::fs;
use std::time::Instant;

/// Waits until it says that it is ready, or that it is not; gives why.
fn until_ready(receiver: &Receiver, is_ready: bool) -> String {
    let start = Instant::now();
    loop {
        let (status, said) = readiness(receiver);
        assert_eq!(said["ready"], status == 200, "{said}");
        assert_eq!(said["reasons"].as_array().unwrap().is_empty(), status == 200, "{said}");
        assert!(matches!(status, 200 | 503));
        if (status == 200) == is_ready {
            return said["reasons"].to_string();
        }
        assert!(start.elapsed() < PATIENCE, "{said}");
    }
}

#[test]
fn it_is_alive_and_ready_from_the_start_on_with_a_store_and_without() {
    for setup in [watched().storing(), watched()] {
        let receiver = setup.start();
        assert_eq!(get(&receiver, "/healthz").status, 200);
        assert_eq!(readiness(&receiver), (200, serde_json::json!({ "ready": true, "reasons": [] })));
        assert_eq!(Numbers::of(&receiver).at("hookgate_ready"), 1.0);
    }
}

#[test]
fn a_store_whose_folder_is_gone_is_not_ready_also_where_nobody_sends_anything() {
    let receiver = watched().storing().start();
    let folder = receiver.folder.path();
    fs::rename(folder.join("hookgate-data"), folder.join("away")).unwrap();
    assert!(until_ready(&receiver, false).contains("the store cannot be written"));
    assert_eq!(get(&receiver, "/healthz").status, 200, "the process lives");
    assert_eq!(Numbers::of(&receiver).at("hookgate_ready"), 0.0);
    fs::rename(folder.join("away"), folder.join("hookgate-data")).unwrap();
    until_ready(&receiver, true);
}

#[test]
fn a_store_that_takes_nothing_is_not_ready_until_it_does_again() {
    for front in ["evented", "tiny_http"] {
        let receiver = watched().storing().arguments(&["--front", front]).start();
        let folder = receiver.folder.path();
        fs::rename(folder.join("hookgate-data"), folder.join("away")).unwrap();
        receiver.send(&signed("{}")).expect_refusal(503, "Temporarily unable to accept events");
        assert!(until_ready(&receiver, false).contains("the store "));
        fs::rename(folder.join("away"), folder.join("hookgate-data")).unwrap();
        // Nobody sends anything meanwhile: who waits for its readiness would wait for ever.
        until_ready(&receiver, true);
        receiver.send(&signed("{}")).expect_success();
    }
}

#[test]
fn no_file_is_left_by_asking() {
    let receiver = watched().storing().start();
    let files = || {
        let folder = fs::read_dir(receiver.folder.path().join("hookgate-data")).unwrap();
        let mut names: Vec<_> = folder.map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = files();
    for _ in 0..3 {
        readiness(&receiver);
    }
    assert_eq!(files(), before);
}

#[test]
fn a_receiver_that_is_being_stopped_is_not_ready() {
    let mut receiver = watched().start();
    // Half a request keeps it from ending.
    let mut client = receiver.connect();
    let bytes = signed("{}").bytes();
    client.write(&bytes[..bytes.len() - 1]);
    crate::until(&receiver, |numbers| numbers.at("hookgate_connections") >= 1.0);
    receiver.signal("TERM");
    assert!(until_ready(&receiver, false).contains("being stopped"));
    client.write(&bytes[bytes.len() - 1..]);
    client.answer().expect_success();
    assert!(receiver.wait().0.success());
}
