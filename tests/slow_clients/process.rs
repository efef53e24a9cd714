//! What the system says of the receiver's process (proc(5)).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// A process, by its folder in `/proc`.
#[derive(Clone, Debug)]
pub(super) struct Process(PathBuf);

impl Process {
    pub(super) fn new(id: u32) -> Self {
        Process(PathBuf::from(format!("/proc/{id}")))
    }

    /// The process of the tests.
    fn own() -> Self {
        Process("/proc/self".into())
    }

    /// Resident memory now, in bytes.
    pub(super) fn resident_bytes(&self) -> usize {
        self.status("VmRSS:")
    }

    /// The most resident memory it ever had, in bytes.
    pub(super) fn peak_bytes(&self) -> usize {
        self.status("VmHWM:")
    }

    /// Whether a signal to stop has reached all of it.
    pub(super) fn is_stopped(&self) -> bool {
        let mut threads = fs::read_dir(self.0.join("task")).expect("the receiver runs");
        threads.all(|thread| status(&thread.expect("it has a name").path(), "State:").starts_with('T'))
    }

    fn status(&self, name: &str) -> usize {
        let kib: usize = status(&self.0, name).trim_end_matches(" kB").parse().expect("a number of KiB");
        kib * 1024
    }

    /// How many descriptors are open.
    pub(super) fn descriptors(&self) -> usize {
        self.descriptor_numbers().len()
    }

    /// The limit of descriptors with which it can open just `spare` more. The limit is of their numbers, of which some may be
    /// free between others.
    pub(super) fn descriptor_limit_for(&self, spare: usize) -> u64 {
        let open = self.descriptor_numbers();
        (0..).filter(|number| !open.contains(number)).nth(spare).expect("numbers go on")
    }

    fn descriptor_numbers(&self) -> BTreeSet<u64> {
        let folder = fs::read_dir(self.0.join("fd")).expect("the receiver runs and is ours");
        let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.map(|name| name.parse().expect("descriptors are numbers")).collect()
    }

    /// Processor time used so far, in user and system mode.
    pub(super) fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(self.0.join("stat")).expect("it runs");
        // The name of the program stands in parentheses and may hold anything.
        let (_, after_name) = stat.rsplit_once(") ").expect("the name ends");
        // Fields 14 and 15 of proc_pid_stat(5), counted from 1, of which two stand before.
        sum_of_ticks(after_name.split(' ').skip(11).take(2))
    }

    /// Processor time used so far by everybody but this process and the tests themselves.
    pub(super) fn processor_time_of_others(&self) -> Duration {
        let stat = fs::read_to_string("/proc/stat").expect("Linux tells it");
        let (all, _) = stat.split_once('\n').expect("the first line is of all processors");
        // Of proc_stat(5): user, nice, system, and steal. Interrupts are left out: they are of our own packets.
        let fields: Vec<&str> = all.split_whitespace().skip(1).collect();
        let all = sum_of_ticks([0, 1, 2, 7].into_iter().filter_map(|field| fields.get(field).copied()));
        all.saturating_sub(self.processor_time() + Process::own().processor_time())
    }

    /// How long its main thread has waited for a processor while it had something to do.
    pub(super) fn time_without_processor(&self) -> Duration {
        time_without_processor(self.0.join("schedstat"))
    }

    /// Processor time that it uses within `time` from now.
    pub(super) fn processor_time_within(&self, time: Duration) -> Duration {
        let before = self.processor_time();
        thread::sleep(time);
        self.processor_time() - before
    }
}

/// What the system says under `name` of the process or thread that `folder` is of.
fn status(folder: &Path, name: &str) -> String {
    let status = fs::read_to_string(folder.join("status")).expect("it runs");
    let value = status.lines().find_map(|line| line.strip_prefix(name)).expect("Linux tells it");
    value.trim().to_string()
}

fn sum_of_ticks<'a>(fields: impl Iterator<Item = &'a str>) -> Duration {
    let ticks: u64 = fields.map(|field| field.parse::<u64>().expect("a number of ticks")).sum();
    // USER_HZ is 100 wherever Linux runs.
    Duration::from_millis(ticks * 10)
}

/// How long this thread has waited for a processor while it had something to do.
pub(super) fn own_time_without_processor() -> Duration {
    time_without_processor("/proc/thread-self/schedstat")
}

/// The second of three numbers, in nanoseconds (Linux, Documentation/scheduler/sched-stats.rst). Where the system does not
/// count, it is nothing.
fn time_without_processor(path: impl AsRef<Path>) -> Duration {
    let numbers = fs::read_to_string(path).unwrap_or_default();
    let waited = numbers.split_whitespace().nth(1).and_then(|number| number.parse().ok());
    Duration::from_nanos(waited.unwrap_or(0))
}

/// Waits until `holds`, at most for `bound`; gives how long it took.
pub(super) fn until(bound: Duration, mut holds: impl FnMut() -> bool) -> Option<Duration> {
    let start = Instant::now();
    loop {
        if holds() {
            return Some(start.elapsed());
        }
        if start.elapsed() >= bound {
            return None;
        }
        thread::sleep(Duration::from_millis(10));
    }
}
