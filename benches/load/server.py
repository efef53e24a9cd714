"""A server under load: started, asked, measured, ended."""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

# How long a server may take to answer its first request; node and Python load their modules first.
START_LIMIT_S = 30
# After a turn: how long a server may go on working on what it answered already. webhook runs its commands then: for each
# second of a turn it needs up to ten more.
QUIET_LIMIT_S = 600
# A server is quiet if it takes at most a tick in this time.
QUIET_S = 0.2


class Failed(Exception):
    """Why the whole run is worth nothing."""


def free_port():
    """A port of 127.0.0.1 that nobody listened on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process and all that it starts, in a session of its own, so that all of it can be ended."""

    def __init__(self, name, command, port, folder, environment=None):
        self.name = name
        self.port = port
        self.log = folder / f"{name}.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdin=subprocess.DEVNULL,
                # Events go where they cost the least, and to nobody who would take a share of the processor.
                stdout=subprocess.DEVNULL,
                stderr=log,
                cwd=folder,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )

    def wait_until_it_listens(self):
        """Returns once it takes connections."""
        limit = time.monotonic() + START_LIMIT_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > limit:
                    raise Failed(f"{self.name} does not listen; its last words: {self.last_words()}") from None
                time.sleep(0.02)

    def last_words(self):
        """The end of what it wrote to stderr."""
        return self.log.read_text(errors="replace")[-2000:].strip()

    def ids(self):
        """The process and its descendants."""
        children = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit() and (fields := stat(int(entry))):
                children.setdefault(int(fields[1]), []).append(int(entry))
        found, waiting = [], [self.process.pid]
        while waiting:
            found.append(waiting.pop())
            waiting.extend(children.get(found[-1], []))
        return found

    def cpu_s(self):
        """Processor time, user and system, of all its processes and of those that ended, in seconds."""
        ticks = 0
        for pid in self.ids():
            if fields := stat(pid):
                # utime, stime, and both again of children that ended and were waited for (proc(5)).
                ticks += sum(int(field) for field in fields[11:15])
        return ticks / TICKS_A_SECOND

    def cpu_s_once_quiet(self):
        """The same, after what it was asked to do is done."""
        limit = time.monotonic() + QUIET_LIMIT_S
        before = self.cpu_s()
        while time.monotonic() < limit:
            time.sleep(QUIET_S)
            after = self.cpu_s()
            if after - before <= 1.5 / TICKS_A_SECOND:
                return after
            before = after
        raise Failed(f"{self.name} is still at work {QUIET_LIMIT_S} s after the last request")

    def memory_bytes(self):
        """Resident memory of all its processes; what several share is counted once, in parts (Pss)."""
        return sum(proportional_bytes(pid) for pid in self.ids())

    def check_it_runs(self):
        """Fails where it ended by itself."""
        if self.process.poll() is not None:
            raise Failed(f"{self.name} ended with {self.process.returncode}; its last words: {self.last_words()}")

    def end(self):
        """Ends it and all that it started."""
        for sign, patience_s in ((signal.SIGTERM, 3), (signal.SIGKILL, 3)):
            try:
                # Its own session, so its own group, whose id is that of the first process.
                os.killpg(self.process.pid, sign)
                self.process.wait(patience_s)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def stat(pid):
    """The fields of /proc/PID/stat from the state on, or nothing where the process is gone."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    # The name before it is in parentheses and can hold anything.
    return text[text.rindex(")") + 2 :].split()


def proportional_bytes(pid):
    """The Pss of one process, or its whole resident set where the system does not tell the Pss."""
    for file, key in ((f"/proc/{pid}/smaps_rollup", "Pss:"), (f"/proc/{pid}/status", "VmRSS:")):
        try:
            for line in Path(file).read_text().splitlines():
                if line.startswith(key):
                    return int(line.split()[1]) * 1024
        except OSError:
            continue
    return 0
