//! There is no more room.

use super::store::{FLEET, Store};
use crate::support::command::Outcome;
use crate::support::folder::Folder;
use crate::support::request::signed_with;
use std::path::{Path, PathBuf};
use std::process::Command;

const FRONTS: [&[&str]; 2] = [&["--front", "evented"], &["--front", "tiny_http"]];

#[test]
fn no_file_may_grow_and_it_goes_on_once_they_may() {
    for front in FRONTS {
        let store = Store::new();
        // Half a MiB or one, by the shell's unit. The system sends SIGXFSZ for it, which ends who does not handle it.
        let limit = r#"ulimit -S -f 1024 && exec "$@""#;
        let receiver = store.setup().arguments(front).within(&["sh", "-c", limit, "sh"]).start();
        store.deliver_until_it_fails(&receiver);
        let (answer, _) = receiver.exchange(&signed_with("somebody else's", "{}").bytes());
        assert_eq!(answer.status, 401, "the others are answered as ever");
        store.deliver(&receiver, FLEET);
        let id = receiver.id().to_string();
        let raised = Command::new("prlimit").args(["--pid", &id, "--fsize=unlimited"]).status();
        assert!(raised.expect("util-linux is there").success());
        store.expect_recovery(&receiver);
        store.expect_all_after_a_crash(receiver);
    }
}

#[test]
fn a_start_without_room_fails_as_what_may_be_well_again() {
    // Exit code 2 says that the arguments are wrong: a service that ended with it is not started again.
    let start = |store: &Store| store.setup().within(&["sh", "-c", r#"ulimit -S -f 0 && exec "$@""#, "sh"]).fail();
    let expect = |outcome: &Outcome| {
        assert_eq!(outcome.code(), Some(1), "{outcome:?}");
        assert!(outcome.stderr.contains("hookgate: hint: look at the disk"), "{outcome:?}");
    };
    let store = Store::new();
    expect(&start(&store));
    let mut receiver = store.start();
    store.deliver(&receiver, FLEET);
    receiver.signal("TERM");
    receiver.wait();
    expect(&start(&store));
    let receiver = store.start();
    store.expect_recovery(&receiver);
    store.expect_all_after_a_crash(receiver);
}

/// A file system of its own in memory, gone with this value.
struct Small(PathBuf);

/// `mount` or `umount`, which only root may.
fn as_root(program: &str) -> Command {
    let is_root = Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout.trim_ascii() == b"0");
    if is_root {
        return Command::new(program);
    }
    let mut sudo = Command::new("sudo");
    sudo.args(["-n", program]);
    sudo
}

impl Small {
    /// Of `size` at `path`. Where this machine does not let us have one the test is skipped, and says so; never in CI.
    fn mount(path: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(path).unwrap();
        let options = format!("size={size},mode=0777");
        let mounted = as_root("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(path).output();
        match mounted {
            Ok(mounted) if mounted.status.success() => Some(Small(path.into())),
            why => {
                assert!(std::env::var_os("CI").is_none(), "nothing can be mounted, and this is CI: {why:?}");
                eprintln!("skipped: nothing can be mounted: {why:?}");
                None
            }
        }
    }

    fn resize(&self, size: &str) {
        let resized = as_root("mount").args(["-o", &format!("remount,size={size}")]).arg(&self.0).status();
        assert!(resized.expect("it was mounted").success());
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = as_root("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn the_file_system_is_full_and_it_goes_on_once_there_is_room() {
    for front in FRONTS {
        let folder = Folder::new();
        let Some(small) = Small::mount(&folder.path().join("small"), "3m") else { return };
        let store = Store::in_folder(&small.0.join("data"));
        let receiver = store.setup().arguments(front).start();
        store.deliver_until_it_fails(&receiver);
        let (answer, _) = receiver.exchange(&signed_with("somebody else's", "{}").bytes());
        assert_eq!(answer.status, 401, "the others are answered as ever");
        store.deliver(&receiver, FLEET);
        small.resize("64m");
        store.expect_recovery(&receiver);
        store.expect_all_after_a_crash(receiver);
    }
}

#[test]
fn a_crash_on_a_full_file_system_loses_nothing() {
    let folder = Folder::new();
    let Some(small) = Small::mount(&folder.path().join("small"), "3m") else { return };
    let store = Store::in_folder(&small.0.join("data"));
    let mut receiver = store.start();
    store.deliver_until_it_fails(&receiver);
    receiver.kill();
    small.resize("64m");
    let receiver = store.start();
    store.expect_recovery(&receiver);
    store.expect_all_after_a_crash(receiver);
}
