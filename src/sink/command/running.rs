//! A command that runs: its input is written, its output is read, its end is waited for, on the one thread that asked for it.

use super::captured::Captured;
use crate::sink::Stopping;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ExitStatus};
use std::time::{Duration, Instant};

/// How long a command that took too long has between SIGTERM and SIGKILL: enough to remove its own files.
const GRACE: Duration = Duration::from_secs(2);

/// The same where the receiver stops: as much before the moment at which everything has to be over.
const GRACE_AT_STOP: Duration = Duration::from_secs(1);

/// How often it is looked whether the receiver stops, which wakes nobody.
const TICK: Duration = Duration::from_millis(100);

/// How often it is looked whether the command has ended, where the system cannot tell.
const TICK_WITHOUT_NEWS: Duration = Duration::from_millis(10);

/// Most output that is read at once, before anything else is looked at. The largest pipe (pipe(7)): what the command itself wrote
/// before its end is read, however much the processes write that it left behind.
const READ_AT_ONCE_BYTES: usize = 1024 * 1024;

/// How a command ended.
#[derive(Debug)]
pub(super) enum End {
    /// By itself, or by somebody else's signal.
    Itself(ExitStatus),
    /// It had no more time.
    TimedOut,
    /// The receiver had none.
    Stopped,
    /// Somebody else waited for it.
    Unknown(String),
}

/// A command that was started.
#[derive(Debug)]
pub(super) struct Running {
    child: Child,
    /// Its process group, which is called as it is.
    group: Pid,
    /// What is readable once it has ended; nothing where the system has no such thing.
    news: Option<OwnedFd>,
    input: Option<PipeWriter>,
    output: Option<PipeReader>,
    captured: Captured,
}

/// Why it is being ended, and when it is killed.
struct Ending {
    end: End,
    kill_at: Instant,
    is_killed: bool,
}

impl Running {
    /// Starts `command` in a process group of its own, both its streams in one pipe. Every descriptor of this process is closed
    /// in it (std opens none without `O_CLOEXEC`, and neither do we).
    pub(super) fn start(mut command: std::process::Command) -> io::Result<Running> {
        let (their_input, input) = io::pipe()?;
        let (output, their_output) = io::pipe()?;
        // Our ends only: one that neither reads nor writes does not hold this thread.
        ioctl_fionbio(&input, true)?;
        ioctl_fionbio(&output, true)?;
        command.stdin(their_input).stdout(their_output.try_clone()?).stderr(their_output).process_group(0);
        let child = command.spawn()?;
        let group = Pid::from_child(&child);
        let (input, output) = (Some(input), Some(output));
        Ok(Running { news: news_of(group), child, group, input, output, captured: Captured::default() })
    }

    /// Runs it to its end, with `body` as its input, `limit` at most; what it printed is the second thing.
    pub(super) fn finish(mut self, body: &[u8], limit: Duration, stop: &Stopping) -> (End, Vec<u8>) {
        let timeout = Instant::now().checked_add(limit);
        let mut rest = body;
        let mut ending: Option<Ending> = None;
        while !self.has_ended() {
            self.write(&mut rest);
            self.read();
            let now = Instant::now();
            let until = stop.until();
            let stop_at = until.map(|until| until.checked_sub(GRACE_AT_STOP).unwrap_or(now));
            match &mut ending {
                None if timeout.is_some_and(|timeout| now >= timeout) => {
                    ending = Some(self.ask(End::TimedOut, now + GRACE));
                }
                None if stop_at.is_some_and(|at| now >= at) => {
                    ending = Some(self.ask(End::Stopped, until.unwrap_or(now)));
                }
                None => {}
                Some(ending) => {
                    ending.kill_at = until.map_or(ending.kill_at, |until| ending.kill_at.min(until));
                    if now >= ending.kill_at && !ending.is_killed {
                        self.signal(Signal::KILL);
                        ending.is_killed = true;
                    }
                }
            }
            let due = ending.as_ref().filter(|ending| !ending.is_killed).map(|ending| ending.kill_at);
            let due = [due, timeout.filter(|_| ending.is_none())].into_iter().flatten().min();
            self.wait(due.map_or(TICK, |due| due.saturating_duration_since(now).min(TICK)));
        }
        if ending.is_some() {
            // It has ended and was not waited for, so that nobody else has its number: what it started goes with it.
            self.signal(Signal::KILL);
        }
        self.read();
        let status = self.child.wait();
        let end = match (ending, status) {
            (Some(ending), _) => ending.end,
            (None, Ok(status)) => End::Itself(status),
            (None, Err(error)) => End::Unknown(error.to_string()),
        };
        (end, self.captured.into_bytes())
    }

    /// Whether it has ended. It stays to be waited for.
    fn has_ended(&self) -> bool {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        match waitid(WaitId::Pid(self.group), options) {
            Ok(None) | Err(Errno::INTR) => false,
            // An error says that there is no such child: SIGCHLD is ignored, and the system has waited for it.
            Ok(Some(_)) | Err(_) => true,
        }
    }

    /// Asks it to end.
    fn ask(&self, end: End, kill_at: Instant) -> Ending {
        self.signal(Signal::TERM);
        Ending { end, kill_at, is_killed: false }
    }

    fn signal(&self, signal: Signal) {
        // The group may be empty already.
        let _ = kill_process_group(self.group, signal);
    }

    /// Writes what its input takes now of `rest`. One that it closed takes nothing, which is its own affair.
    fn write(&mut self, rest: &mut &[u8]) {
        let Some(input) = &mut self.input else { return };
        while !rest.is_empty() {
            match input.write(rest) {
                Ok(count) => *rest = rest.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(_) => break,
            }
        }
        self.input = None;
    }

    /// Reads what there is of its output now.
    fn read(&mut self) {
        let Some(output) = &mut self.output else { return };
        let mut piece = [0; 8192];
        let mut bytes = 0;
        while bytes < READ_AT_ONCE_BYTES {
            match output.read(&mut piece) {
                Ok(count) if count > 0 => {
                    self.captured.push(piece.get(..count).unwrap_or_default());
                    bytes += count;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Nobody has the other end any longer.
                Ok(_) | Err(_) => return self.output = None,
            }
        }
    }

    /// Waits until there is something to do, `time` at most.
    fn wait(&self, time: Duration) {
        let time = if self.news.is_some() { time } else { time.min(TICK_WITHOUT_NEWS) };
        let news = self.news.as_ref().map(|it| PollFd::from_borrowed_fd(it.as_fd(), PollFlags::IN));
        let input = self.input.as_ref().map(|it| PollFd::from_borrowed_fd(it.as_fd(), PollFlags::OUT));
        let output = self.output.as_ref().map(|it| PollFd::from_borrowed_fd(it.as_fd(), PollFlags::IN));
        let mut fds: Vec<PollFd<'_>> = [news, input, output].into_iter().flatten().collect();
        let time = Timespec::try_from(time).ok();
        if poll(&mut fds, time.as_ref()).is_err_and(|error| error != Errno::INTR) {
            std::thread::sleep(TICK_WITHOUT_NEWS);
        }
    }
}

/// What is readable once the process has ended.
#[cfg(target_os = "linux")]
fn news_of(process: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(process, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn news_of(_: Pid) -> Option<OwnedFd> {
    None
}
