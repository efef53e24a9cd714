//! The units in examples/: systemd takes them, they are as tight as docs/OPERATION.md says, and hookgate lives within what they
//! allow.

use crate::support::command::{hookgate, installed, run};
use crate::support::folder::Folder;
use crate::support::receiver::setup;
use crate::support::request::signed;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn example(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)).unwrap()
}

/// The units with the program under test in them, in a folder.
fn units() -> Folder {
    let folder = Folder::new();
    let program = hookgate().get_program().to_str().unwrap().to_string();
    for name in ["hookgate.service", "hookgate.socket"] {
        folder.file(name, example(name).replace("/usr/local/bin/hookgate", &program).as_bytes());
    }
    folder
}

fn analyze(folder: &Folder, arguments: &[&str]) -> Output {
    Command::new("systemd-analyze").args(arguments).current_dir(folder.path()).output().unwrap()
}

#[test]
fn systemd_finds_nothing_wrong_with_the_units() {
    if !installed("systemd-analyze") {
        return;
    }
    let folder = units();
    // Pages of the manual are looked for on this machine.
    let verified = analyze(&folder, &["verify", "--man=no", "./hookgate.service", "./hookgate.socket"]);
    let said = String::from_utf8_lossy(&verified.stderr);
    // A machine may have other units, which are read too.
    assert!(verified.status.success() && !said.contains("hookgate"), "{said}");
}

#[test]
fn the_service_is_exposed_as_little_as_is_said_of_it() {
    if !installed("systemd-analyze") {
        return;
    }
    let folder = units();
    // In tenths: docs/OPERATION.md says 1.2. Later versions of systemd look at more, of little weight.
    let arguments = ["security", "--offline=true", "--threshold=15", "--no-pager", "./hookgate.service"];
    let output = analyze(&folder, &arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// All that a line such as `SystemCallFilter=@system-service` names.
fn calls(names: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut groups: Vec<String> = names.split_whitespace().map(str::to_string).collect();
    while let Some(name) = groups.pop() {
        if !name.starts_with('@') {
            found.insert(name);
            continue;
        }
        let output = Command::new("systemd-analyze").args(["syscall-filter", &name]).output().unwrap();
        assert!(output.status.success(), "{name}: {output:?}");
        let listed = String::from_utf8(output.stdout).unwrap();
        let lines = listed.lines().skip(1).map(|line| line.trim().to_string());
        groups.extend(lines.filter(|line| !line.is_empty() && !line.starts_with('#')));
    }
    found
}

/// Whether this machine lets a test look at its children's calls; where not it says so, and never in CI.
fn may_trace() -> bool {
    if !installed("strace") {
        return false;
    }
    let tried = Command::new("strace").args(["-o", "/dev/null", "true"]).output().unwrap();
    if !tried.status.success() {
        assert!(std::env::var_os("CI").is_none(), "strace may not trace, and this is CI: {tried:?}");
        eprintln!("skipped: strace may not trace");
    }
    tried.status.success()
}

#[test]
fn it_calls_nothing_of_the_system_that_the_service_may_not() {
    if !installed("systemd-analyze") || !may_trace() {
        return;
    }
    let service = example("hookgate.service");
    let filters: Vec<_> = service.lines().filter_map(|line| line.strip_prefix("SystemCallFilter=")).collect();
    let [allowed, refused] = filters[..] else { panic!("{filters:?}") };
    // What is always allowed, whatever the filter says.
    let allowed = calls(&format!("{allowed} @default"));
    let refused = calls(refused.strip_prefix('~').unwrap());
    let always = calls("@default");

    let strace = ["strace", "-f", "-qq", "--signal=none", "-o", "calls"];
    let mut receiver = setup().storing().within(&strace).start();
    receiver.accept(&signed("{}"));
    let pid = fs::read_to_string(receiver.folder.path().join("hookgate-data/lock")).unwrap();
    let tell = |signal: &str| Command::new("kill").args([signal, pid.trim()]).status().unwrap();
    assert!(tell("-HUP").success());
    receiver.expect_talk("read the configuration again");
    receiver.accept(&signed("{\"n\":2}"));
    assert!(tell("-TERM").success());
    assert_eq!(receiver.wait().0.code(), Some(0));

    let traced = fs::read_to_string(receiver.folder.path().join("calls")).unwrap();
    let name = |line: &str| Some(line.split_whitespace().nth(1)?.split_once('(')?.0.to_string());
    let mut called: BTreeSet<String> = traced.lines().filter_map(name).collect();
    assert!(called.contains("epoll_wait") && called.contains("fdatasync"), "{called:?}");
    // SQLite gives its files away where it runs as root, which the service does not (sqlite/src/os_unix.c, robustFchown).
    called.remove("fchown");
    let may_not = |call: &&String| !allowed.contains(*call) || (refused.contains(*call) && !always.contains(*call));
    assert_eq!(called.iter().filter(may_not).collect::<Vec<_>>(), [""; 0], "of {called:?}");
}

#[test]
fn the_services_configuration_is_sound() {
    let folder = Folder::new();
    folder.file("github", b"a secret of 16 bytes and more");
    let text = example("service.toml");
    assert!(text.contains("dir = \"/var/lib/hookgate\"\n") && text.contains("listen = [\"systemd\"]\n"), "{text}");
    // Not every user may make that folder.
    folder.file("hookgate.toml", text.replace("/var/lib/hookgate", "hookgate-data").as_bytes());
    let mut command = hookgate();
    command.args(["config", "check"]).env("CREDENTIALS_DIRECTORY", folder.path()).current_dir(folder.path());
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "hookgate.toml is sound: 1 source, 0 sinks\n", "{output:?}");
    // Without systemd it says what is missing.
    run(folder.path(), &["serve", "--config", "hookgate.toml"], b"").expect_misconfigured("no credentials");
}
