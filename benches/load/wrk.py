"""One run of wrk, and what else the machine did meanwhile."""

import json
import os
import subprocess
from pathlib import Path

from server import TICKS_A_SECOND, Failed

# An answer may wait behind all others of a slow server; wrk's own 2 s would count it as lost.
TIMEOUT_S = 30

SCRIPT = r"""
-- Sends one request over and over. There is no `request` function, so that wrk builds it once.
local file = assert(io.open(%(body)s, "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
file:close()
%(headers)s

function done(summary, latency)
  io.write(string.format(
    '\n{"requests":%%d,"duration_us":%%d,"connect":%%d,"read":%%d,"write":%%d,"status":%%d,"timeout":%%d,' ..
    '"p50_us":%%d,"p99_us":%%d}\n',
    summary.requests, summary.duration, summary.errors.connect, summary.errors.read, summary.errors.write,
    summary.errors.status, summary.errors.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


def write_script(file, body_file, headers):
    """Writes the script by which wrk sends the body with these headers."""
    lines = "\n".join(f"wrk.headers[{quoted(name)}] = {quoted(value)}" for name, value in headers)
    file.write_text(SCRIPT % {"body": quoted(str(body_file)), "headers": lines})


def quoted(text):
    """A Lua string; JSON's escapes are Lua's for the visible ASCII that stands in headers and paths."""
    return json.dumps(text)


def run(script, url, connections, seconds):
    """What wrk saw, its own processor time, and that of everybody on the machine, in seconds."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", f"--timeout={TIMEOUT_S}s", "-s", script, url]
    machine_before = machine_s()
    wrk = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        printed = wrk.stdout.read().decode(errors="replace")
        _, status, usage = os.wait4(wrk.pid, 0)
        wrk.returncode = os.waitstatus_to_exitcode(status)
    finally:
        if wrk.returncode is None:
            wrk.kill()
            wrk.wait()
    try:
        seen = json.loads(printed.strip().splitlines()[-1])
    except (IndexError, ValueError):
        raise Failed(f"wrk says: {printed.strip()}") from None
    busy, steal = (after - before for after, before in zip(machine_s(), machine_before))
    return {**seen, "wrk_s": usage.ru_utime + usage.ru_stime, "machine_s": busy, "steal_s": steal}


def machine_s():
    """Time that the processors were busy with anything, and time that a hypervisor took from them, in seconds."""
    # user nice system idle iowait irq softirq steal (proc(5)); guests are in user already.
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields[:3]) + sum(fields[5:7])) / TICKS_A_SECOND, fields[7] / TICKS_A_SECOND
