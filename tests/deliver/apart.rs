//! What one sink does never touches another.

use super::place::{QUICK, command, config, end, file, numbers, post, wait_for_lines, with};
use crate::support::receiver::setup;
use crate::support::request::signed;

#[test]
fn a_slow_sink_a_failing_one_and_a_hanging_one_delay_nobody_else() {
    let sinks = [
        command("slow", "until [ -e go ]; do sleep 0.05; done; cat >> slow; echo >> slow", ""),
        command("failing", "exit 1", QUICK),
        file("log"),
        command("quick", "cat >> quick; echo >> quick", ""),
    ];
    let mut receiver = with(&sinks).start();
    let folder = receiver.folder.clone();
    post(&receiver, 1..=20);
    assert_eq!(numbers(&wait_for_lines(&folder.path().join("log.jsonl"), 20)), (1..=20).collect::<Vec<_>>());
    wait_for_lines(&folder.path().join("quick"), 20);
    assert!(!folder.path().join("slow").exists());
    folder.file("go", b"");
    wait_for_lines(&folder.path().join("slow"), 20);
    end(&mut receiver);
}

#[test]
fn a_pipe_that_nobody_reads_blocks_its_own_sink_alone() {
    let stdout = "[[sink]]\nname = \"out\"\ntype = \"stdout\"\n".to_string();
    let blocked = ["sh", "-c", "mkfifo pipe && exec \"$@\" 1<>pipe", "sh"];
    let setup = setup().config(&config(&[stdout, file("log")])).within(&blocked);
    let mut receiver = setup.start();
    // A pipe holds 64 KiB (pipe(7)); these are four times that.
    let body = |number: usize| format!("{{\"n\":{number},\"fill\":\"{}\"}}", "x".repeat(16 * 1024));
    for number in 1..=16 {
        receiver.send(&signed(body(number))).expect_success();
    }
    let lines = wait_for_lines(&receiver.folder.path().join("log.jsonl"), 16);
    assert_eq!(numbers(&lines), (1..=16).collect::<Vec<_>>());
    assert!(super::place::cursor(&receiver.folder, "out") < 16);
    // It does not keep the receiver from ending, either.
    end(&mut receiver);
}

#[test]
fn a_file_that_cannot_be_written_gets_its_events_when_it_can() {
    let sink = "[[sink]]\nname = \"log\"\ntype = \"file\"\npath = \"away/log.jsonl\"\n".to_string();
    let receiver = with(&[sink, file("other")]).start();
    post(&receiver, 1..=3);
    receiver.expect_talk("log takes no events");
    wait_for_lines(&receiver.folder.path().join("other.jsonl"), 3);
    std::fs::create_dir(receiver.folder.path().join("away")).unwrap();
    let lines = wait_for_lines(&receiver.folder.path().join("away/log.jsonl"), 3);
    assert_eq!(numbers(&lines), [1, 2, 3]);
}
