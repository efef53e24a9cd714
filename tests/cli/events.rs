//! `hookgate events list`, `show` and `stats`.

use crate::support::command::{Outcome, run};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::signed;
use crate::support::store::{ID, Row, make};
use serde_json::Value;

pub(super) fn events(folder: &Folder, arguments: &[&str]) -> Outcome {
    run(folder.path(), &[&["events"], arguments].concat(), b"")
}

/// The lines of JSON that a command printed.
pub(super) fn lines(outcome: &Outcome) -> Vec<Value> {
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    outcome
        .out()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// The numbers of the events in lines of JSON.
pub(super) fn numbers(lines: &[Value]) -> Vec<i64> {
    let number = |line: &Value| {
        let (_, digits) = line["id"].as_str().unwrap().rsplit_once('_').unwrap();
        digits.parse().unwrap()
    };
    lines.iter().map(number).collect()
}

fn listed(folder: &Folder, arguments: &[&str]) -> Vec<i64> {
    numbers(&lines(&events(folder, &[&["list", "--json"], arguments].concat())))
}

fn many(count: i64) -> impl Iterator<Item = Row> {
    (1..=count).map(|number| Row {
        received_at: 1_700_000_000_000 + number * 60_000,
        source: if number % 10 == 0 { "billing" } else { "github" },
        event_type: [Some("push"), Some("issues.opened"), Some("issues.closed"), None]
            [usize::try_from(number % 4).unwrap()],
        delivery_id: Some(format!("delivery {number}")),
        ..Row::default()
    })
}

#[test]
fn what_a_receiver_accepted_is_listed_newest_first_while_it_runs() {
    let receiver = setup().storing().start();
    for number in 1..=25 {
        receiver.accept(
            &signed(format!("{{\"n\":{number}}}"))
                .header("X-GitHub-Event", "push")
                .header("X-GitHub-Delivery", number.to_string()),
        );
    }
    let list = lines(&events(&receiver.folder, &["list", "--json"]));
    assert_eq!(numbers(&list), (6..=25).rev().collect::<Vec<_>>(), "20 unless told");
    let newest = list[0].as_object().unwrap();
    assert_eq!(
        (&newest["source"], &newest["type"], &newest["delivery_id"]),
        (&"github".into(), &"push".into(), &"25".into())
    );
    assert!(newest["id"].as_str().unwrap().starts_with("evt_"), "{newest:?}");
    let received_at = newest["received_at"].as_str().unwrap();
    assert!(hookgate::UnixTime::from_rfc_3339(received_at.as_bytes()).is_some(), "{received_at}");
    let table = events(&receiver.folder, &["list", "--limit", "2"]).out();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.lines().nth(1).unwrap().contains(newest["id"].as_str().unwrap()), "{table}");
    let shown = events(&receiver.folder, &["show", newest["id"].as_str().unwrap()]).out();
    for part in ["push", "{body}", "hmac-sha256", "HOOKGATE_SECRET", "X-GitHub-Delivery: 25", "\"n\": 25", "127.0.0.1"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn a_listing_is_narrowed_by_count_source_type_and_time() {
    let folder = Folder::new();
    make(folder.path(), many(5000));
    let all: Vec<i64> = (1..=5000).rev().collect();
    let where_it =
        |takes: &dyn Fn(i64) -> bool| all.iter().copied().filter(|number| takes(*number)).collect::<Vec<_>>();
    assert_eq!(listed(&folder, &["--limit", "0"]), all);
    assert_eq!(listed(&folder, &["--limit", "3"]), [5000, 4999, 4998]);
    assert_eq!(listed(&folder, &["--limit", "0", "--source", "billing"]), where_it(&|number| number % 10 == 0));
    assert_eq!(listed(&folder, &["--limit", "0", "--type", "push"]), where_it(&|number| number % 4 == 0));
    assert_eq!(
        listed(&folder, &["--limit", "0", "--type", "issues.*"]),
        where_it(&|number| [1, 2].contains(&(number % 4)))
    );
    assert_eq!(listed(&folder, &["--limit", "2", "--type", "issues.closed", "--source", "billing"]), [4990, 4970]);
    assert_eq!(listed(&folder, &["--source", "nobody"]), [0; 0]);
    // 1,700,000,000 s and 4,998 minutes
    assert_eq!(listed(&folder, &["--since", "2023-11-18T09:31:20Z"]), [5000, 4999, 4998]);
    assert_eq!(listed(&folder, &["--since", "1h"]), [0; 0]);
}

#[test]
fn what_came_lately_is_found_before_events_of_a_clock_that_was_wrong() {
    let folder = Folder::new();
    let now = hookgate::UnixTime::now().as_ms();
    make(
        folder.path(),
        [now, now - 86_400_000, 0, now + 3_600_000].map(|received_at| Row { received_at, ..Row::default() }),
    );
    assert_eq!(listed(&folder, &["--since", "30m"]), [4, 1]);
}

#[test]
fn nothing_that_a_stranger_sent_steers_a_terminal() {
    let folder = Folder::new();
    let headers = r#"[["X-A","a\u001b[2Jb"],["X-B",{"base64":"/wAb"}],["X-C","\u202egnp.exe"]]"#.to_string();
    let row = Row {
        event_type: Some("push\x1b[2J\n\u{9b}evil"),
        delivery_id: Some("\u{202e}\r\n\0".into()),
        headers,
        body: "{\"a\":\"\u{9b}\u{7f}\",\"b\":\"\\u0000\"}".into(),
        ..Row::default()
    };
    make(
        folder.path(),
        [
            row.clone(),
            Row { payload: "bytes", body: b"a\x1b[31m\0b".to_vec(), ..row.clone() },
            Row { payload: "bytes", body: b"\xff\x1b".to_vec(), ..row },
        ],
    );
    for arguments in [&["list"][..], &["show", "1"], &["show", "2"], &["show", "3"], &["stats"]] {
        let out = events(&folder, arguments).out();
        assert!(!out.chars().any(|it| it != '\n' && (it.is_control() || it == '\u{202e}')), "{arguments:?}: {out:?}");
    }
    let shown = events(&folder, &["show", "1"]).out();
    assert!(shown.contains(r"X-B: \xff\x00\x1b") && shown.contains(r"X-C: \u202egnp.exe"), "{shown}");
    let list = lines(&events(&folder, &["list", "--json"]));
    assert_eq!(list[2]["type"], "push\x1b[2J\n\u{9b}evil", "JSON has it as it was");
}

#[test]
fn events_are_counted_by_source_and_hour() {
    let folder = Folder::new();
    make(folder.path(), many(5000));
    let stats = lines(&events(&folder, &["stats", "--json"]));
    let counted: u64 = stats.iter().map(|line| line["events"].as_u64().unwrap()).sum();
    assert_eq!(counted, 5000);
    // 22:13:20 and 1 to 46 minutes
    let first: Vec<_> = stats
        .iter()
        .take(2)
        .map(|it| (it["hour"].as_str().unwrap(), it["source"].as_str().unwrap(), it["events"].as_u64().unwrap()))
        .collect();
    assert_eq!(first, [("2023-11-14T22:00:00.000Z", "billing", 4), ("2023-11-14T22:00:00.000Z", "github", 42)]);
    let one = lines(&events(&folder, &["stats", "--json", "--type", "push", "--source", "billing"]));
    assert_eq!(one.iter().map(|line| line["events"].as_u64().unwrap()).sum::<u64>(), 250);
    let table = events(&folder, &["stats"]).out();
    assert_eq!(table.lines().count(), 1 + stats.len());
}

#[test]
fn an_id_that_names_no_event_is_said_so() {
    let folder = Folder::new();
    make(folder.path(), many(3));
    assert_eq!(events(&folder, &["show", &format!("evt_{ID}_0000000002")]).code(), Some(0));
    assert_eq!(lines(&events(&folder, &["show", "2", "--json"]))[0]["delivery_id"], "delivery 2");
    let absent = events(&folder, &["show", "4"]);
    assert_eq!(absent.code(), Some(1), "{absent:?}");
    assert!(
        absent.stdout.is_empty() && absent.stderr.contains("there is no event evt_3f9a0c7be215_0000000004"),
        "{absent:?}"
    );
    for id in ["", "0", "x", "evt_3f9a0c7be215", "evt_000000000000_0000000002", "99999999999999999999"] {
        events(&folder, &["show", id]).expect_misconfigured(id);
    }
    for id in ["-1", "--"] {
        assert_eq!(events(&folder, &["show", id]).code(), Some(2), "{id}");
    }
}

#[test]
fn an_empty_store_is_no_failure() {
    let folder = Folder::new();
    make(folder.path(), []);
    for arguments in [&["list", "--json"][..], &["stats", "--json"], &["tail"], &["export", "--json"]] {
        let outcome = events(&folder, arguments);
        assert_eq!((outcome.code(), outcome.out().as_str()), (Some(0), ""), "{arguments:?}");
    }
    assert_eq!(run(folder.path(), &["store", "check"], b"").code(), Some(0));
}

#[test]
fn where_there_is_no_store_every_command_says_how_one_is_made_and_makes_none() {
    let folder = Folder::new();
    for arguments in [
        &["events", "list"][..],
        &["events", "show", "1"],
        &["events", "tail"],
        &["events", "tail", "-f"],
        &["events", "export", "--json"],
        &["events", "stats"],
        &["events", "prune", "--older-than", "1d"],
        &["store", "check"],
        &["store", "recover"],
    ] {
        let outcome = run(folder.path(), arguments, b"");
        outcome.expect_misconfigured(&format!("{arguments:?}"));
        assert!(outcome.stderr.contains("there is no store in ./hookgate-data"), "{outcome:?}");
        assert!(outcome.stderr.contains("hookgate serve makes one"), "{outcome:?}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn wrong_arguments_are_exit_2_and_nothing_on_stdout() {
    let folder = Folder::new();
    make(folder.path(), many(3));
    for arguments in [
        &["list", "--limit", "-1"][..],
        &["list", "--limit", "many"],
        &["list", "--since", "yesterday"],
        &["list", "--since", "7"],
        &["list", "--nosuch"],
        &["show"],
        &["tail", "-n", "x"],
        &["export"],
        &["export", "--json", "--raw", "there"],
        &["prune"],
        &["prune", "--older-than", "old"],
        &["nosuch"],
    ] {
        let outcome = events(&folder, arguments);
        assert_eq!(outcome.code(), Some(2), "{arguments:?}: {outcome:?}");
        assert!(
            outcome.stdout.is_empty() && outcome.stderr.contains("hookgate: error: "),
            "{arguments:?}: {outcome:?}"
        );
    }
    for arguments in [&["events"][..], &["store"], &["events", "show", "1", "--help"], &["store", "check", "--help"]] {
        let outcome = run(folder.path(), arguments, b"");
        assert!(
            outcome.out().contains("Example: hookgate ") || outcome.stderr.contains("Example: hookgate "),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_file_that_is_no_store_is_refused() {
    let folder = Folder::new();
    std::fs::create_dir(folder.path().join("hookgate-data")).unwrap();
    folder.file(
        "hookgate-data/events.db",
        b"this is a text, and longer than the head of a database, which has a hundred bytes of its own, is",
    );
    let outcome = events(&folder, &["list"]);
    assert!(matches!(outcome.code(), Some(1 | 2)) && outcome.stderr.contains("hookgate: hint: "), "{outcome:?}");
    assert_eq!(run(folder.path(), &["store", "check"], b"").code(), Some(1));
}

#[test]
fn a_listing_that_nobody_reads_to_its_end_is_no_failure() {
    let folder = Folder::new();
    make(folder.path(), many(5000));
    let mut command = std::process::Command::new("sh");
    let program = env!("CARGO_BIN_EXE_hookgate");
    let script = r#"{ "$1" events list --limit 0; echo "exit $?" >&2; } | head -1"#;
    command.args(["-c", script, "sh", program]).current_dir(folder.path());
    let outcome = crate::support::command::finish(command, b"");
    assert_eq!((outcome.out().lines().count(), outcome.stderr.as_str()), (1, "exit 0\n"), "{outcome:?}");
}
