//! What a receiver asked of the system, as strace(1) wrote it down.

use crate::support::command::installed;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// The calls that tell of files, and of what came and went over sockets. What is not among them cannot change a file, but by
/// shared memory, which `mmap` would show.
const CALLS: &str = "trace=open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,unlink,unlinkat,\
    write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,fallocate,copy_file_range,sendfile,splice,mmap,\
    fsync,fdatasync,sync,syncfs,sync_file_range,msync,recvfrom,recvmsg,read,readv,sendto,sendmsg,io_uring_setup";

/// The command to start a program by, so that its calls are written to `log`: whole, all strings in hex, descriptors with what
/// they are of. The program stays a child of whoever starts it.
pub(super) fn command(log: &Path) -> Vec<String> {
    let log = log.to_str().expect("the folders of tests have plain names");
    let arguments = ["strace", "-f", "-D", "-qq", "-xx", "-yy", "-s", "1000000000", "-e", CALLS, "-e", "signal=none"];
    arguments.into_iter().map(String::from).chain(["-o".into(), log.into()]).collect()
}

/// Whether this machine lets a test look at its children's calls. Where not, the test is skipped, and says so; never in CI.
pub(super) fn possible() -> bool {
    if !installed("strace") {
        return false;
    }
    let tried = Command::new("strace").args(["-o", "/dev/null", "-e", "trace=none", "true"]).output();
    let tried = tried.expect("strace can be started");
    if !tried.status.success() {
        let why = String::from_utf8_lossy(&tried.stderr).into_owned();
        assert!(std::env::var_os("CI").is_none(), "strace may not trace, and this is CI: {why}");
        eprintln!("skipped: strace may not trace: {why}");
    }
    tried.status.success()
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: String,
    pub(super) arguments: Vec<String>,
    /// What it gave; below zero is an error.
    pub(super) result: i64,
}

/// What happened at a moment: the call of this number began, or ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Began(usize),
    Ended(usize),
}

/// All calls, and when they began and ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    pub(super) calls: Vec<Call>,
    pub(super) moments: Vec<Moment>,
}

impl Trace {
    pub(super) fn parse(log: &str) -> Self {
        let mut trace = Trace::default();
        // By the thread that waits for its end.
        let mut open: BTreeMap<&str, (usize, String)> = BTreeMap::new();
        for line in log.lines() {
            let (thread, rest) = line.split_once(' ').expect("a line begins with its thread");
            let rest = rest.trim_start();
            if rest.starts_with("+++") || rest.starts_with("---") {
                continue;
            }
            if let Some(begun) = rest.strip_suffix("<unfinished ...>") {
                let number = trace.begin();
                open.insert(thread, (number, begun.trim_end().to_string()));
            } else if let Some(resumed) = rest.strip_prefix("<... ") {
                let (_, resumed) = resumed.split_once(" resumed>").expect("it says that it resumes");
                let (number, begun) = open.remove(thread).expect("what resumes has begun");
                // Where it broke off between two arguments, their comma was written and its space may not have been.
                let space = if begun.ends_with(',') { " " } else { "" };
                trace.end(number, &format!("{begun}{space}{}", resumed.trim_start()));
            } else {
                let number = trace.begin();
                trace.end(number, rest);
            }
        }
        // What never ended began all the same.
        for (number, begun) in open.into_values() {
            trace.calls[number] = parse_call(&format!("{begun}) = ?"));
        }
        trace
    }

    fn begin(&mut self) -> usize {
        let number = self.calls.len();
        self.calls.push(Call { name: String::new(), arguments: Vec::new(), result: -1 });
        self.moments.push(Moment::Began(number));
        number
    }

    fn end(&mut self, number: usize, text: &str) {
        self.calls[number] = parse_call(text);
        self.moments.push(Moment::Ended(number));
    }
}

/// `name(argument, argument) = result`, where strings are in hex and so have nothing in them that parts arguments.
fn parse_call(text: &str) -> Call {
    let (call, result) = text.rsplit_once(" = ").unwrap_or_else(|| panic!("no result: {text:.200}"));
    let (name, arguments) = call.trim_end().split_once('(').unwrap_or_else(|| panic!("no call: {text:.200}"));
    let arguments = arguments.strip_suffix(')').unwrap_or_else(|| panic!("no end: {text:.200}"));
    assert!(!arguments.contains("\"..."), "it was cut short: {text:.200}");
    let digits = result.split([' ', '<']).next().unwrap_or_default();
    Call {
        name: name.to_string(),
        arguments: arguments.split(", ").map(str::to_string).collect(),
        // A call that never ended gives `?`, an address is no number that matters here.
        result: digits.parse().unwrap_or(if digits.starts_with("0x") { 0 } else { -1 }),
    }
}

impl Call {
    /// What the descriptor in its argument `at` is of: a path, or the two ends of a connection. Nothing where the file was
    /// deleted.
    pub(super) fn descriptor(&self, at: usize) -> Option<String> {
        described(self.arguments.get(at)?)
    }

    /// The path that its argument `at` is.
    pub(super) fn path(&self, at: usize) -> String {
        String::from_utf8(self.bytes(at)).expect("the folders of tests have plain names")
    }

    /// The string that its argument `at` is.
    pub(super) fn bytes(&self, at: usize) -> Vec<u8> {
        let text = self.arguments.get(at).map_or("", String::as_str);
        let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        unescape(text.unwrap_or_else(|| panic!("argument {at} of {} is no string", self.name)))
    }

    /// The number that its argument `at` is.
    pub(super) fn number(&self, at: usize) -> usize {
        self.arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no number {at}: {self:?}"))
    }
}

/// `9<\x2f\x74>` is of `/t`; `9<TCP:[…]>` of a connection.
fn described(argument: &str) -> Option<String> {
    let (_, rest) = argument.split_once('<')?;
    // A deleted file is followed by that word.
    let text = rest.strip_suffix('>')?;
    if text.starts_with("\\x") {
        // What a device is follows its name.
        let text = text.split('<').next().unwrap_or_default();
        return Some(String::from_utf8(unescape(text)).expect("the folders of tests have plain names"));
    }
    Some(text.to_string())
}

fn unescape(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(4), "not all in hex: {text:.200}");
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("two hex digits").try_into().unwrap_or(0_u8);
    text.as_bytes().chunks(4).map(|escape| digit(escape[2]) << 4 | digit(escape[3])).collect()
}

#[test]
fn calls_of_several_threads_are_read_with_their_begins_and_ends() {
    let log = "7  pwrite64(5<\\x2f\\x61>, \"\\x01\\xff\", 2, 4096) = 2\n\
               7  recvfrom(4<TCP:[127.0.0.1:1->127.0.0.1:2]>,  <unfinished ...>\n\
               8  unlink(\"\\x2f\\x61\")            = -1 ENOENT (No such file or directory)\n\
               7  <... recvfrom resumed>\"\\x78\", 1, 0, NULL, NULL) = 1\n\
               8  fdatasync(5<\\x2f\\x61>(deleted) <unfinished ...>\n\
               7  +++ exited with 0 +++\n";
    let trace = Trace::parse(log);
    let [write, receive, unlink, sync] = &trace.calls[..] else { panic!("{trace:?}") };
    assert_eq!((write.descriptor(0).as_deref(), write.bytes(1), write.number(3)), (Some("/a"), vec![1, 255], 4096));
    assert_eq!(receive.descriptor(0).as_deref(), Some("TCP:[127.0.0.1:1->127.0.0.1:2]"));
    assert_eq!((receive.bytes(1), receive.result), (b"x".to_vec(), 1));
    assert_eq!((unlink.path(0), unlink.result), ("/a".to_string(), -1));
    assert_eq!((sync.name.as_str(), sync.descriptor(0), sync.result), ("fdatasync", None, -1));
    use Moment::{Began, Ended};
    assert_eq!(trace.moments, [Began(0), Ended(0), Began(1), Began(2), Ended(2), Ended(1), Began(3)]);
}
