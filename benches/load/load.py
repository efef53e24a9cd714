"""Holds hookgate under load beside others, in one run.

    make load
    make load T=5 ROUNDS=3 CONNECTIONS="1 16 64 256" PEERS="nginx floor" CHECK=no

Every server listens on a port of 127.0.0.1 that was free, all of them during the whole run; one at a time is asked. A round
asks each once, and the next one in the reverse order, so that what the machine does meanwhile meets them all.
Exits 0 if every request was answered 2xx and every promised ratio held, else 1 with the line that did not.
"""

import argparse
import contextlib
import http.client
import json
import os
import platform
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import chart
import peers
import report
import verdict
import wrk
from server import Failed, free_port

BODY = peers.PROJECT / "benches" / "support" / "push.json"
# Of the last whole run, and of the last one that was not.
RESULTS = peers.INSTALLED / "results.json"
PART = peers.INSTALLED / "part.json"
DOCUMENT = peers.PROJECT / "docs" / "BENCHMARKS.md"
CHART = peers.PROJECT / "docs" / "load.svg"

# Less than this is for trying out, and is not written to the document.
WHOLE = {"seconds": 5, "rounds": 3, "connections": {1, 16, 64, 256}}

# GitHub's fields (GitHub Docs, "Webhook events and payloads", example delivery); its signature joins them.
HEADERS = [
    ("User-Agent", "GitHub-Hookshot/044aadd"),
    ("Accept", "*/*"),
    ("Content-Type", "application/json"),
    ("X-GitHub-Hook-ID", "292430182"),
    ("X-GitHub-Hook-Installation-Target-ID", "79929171"),
    ("X-GitHub-Hook-Installation-Target-Type", "repository"),
    ("X-Hub-Signature", "sha1=7d38cdd689735b008b3c702edd92eea23791c5f6"),
]
EVENT, DELIVERY = "push", "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def main():
    """The exit code."""
    options = parse_arguments()
    for sign in (signal.SIGTERM, signal.SIGHUP):
        # As Ctrl-C does: everything that was started is ended on the way out.
        signal.signal(sign, lambda number, _: sys.exit(128 + number))
    try:
        if options.render and not RESULTS.exists():
            raise Failed("there was no whole run yet")
        if not options.render:
            results = measure(options)
            (RESULTS if is_whole(results) else PART).write_text(json.dumps(results, indent=1))
        else:
            results = json.loads(RESULTS.read_text())
        return conclude(results, options)
    except Failed as failure:
        print(f"load: error: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parse_arguments():
    """What was asked for."""
    known = [peer.name for peer in peers.ALL]
    parser = argparse.ArgumentParser(description="Holds hookgate under load beside others, in one run.")
    parser.add_argument("--seconds", type=int, default=5, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=numbers, default=[1, 16, 64, 256], help="such as '1 16 64 256'")
    parser.add_argument("--peers", type=str.split, default=[], help=f"some of: {' '.join(known)}; all unless given")
    parser.add_argument("--check", choices=["yes", "no"], default="yes", help="whether the ratios have to hold")
    parser.add_argument("--render", action="store_true", help="write the documents anew from the last whole run")
    options = parser.parse_args()
    if unknown := set(options.peers) - set(known):
        parser.error(f"there is no peer {' '.join(sorted(unknown))}; there are {' '.join(known)}")
    # hookgate is always one of them.
    options.peers = [peer for peer in peers.ALL if not options.peers or peer.name in {"hookgate", *options.peers}]
    if min([options.seconds, options.rounds, *options.connections]) < 1:
        parser.error("every number is 1 or more")
    return options


def numbers(text):
    """The numbers between the spaces."""
    found = [int(word) for word in text.split()]
    if not found:
        raise ValueError
    return found


def measure(options):
    """All that was measured, as what is written to the results' file."""
    load_average = os.getloadavg()[0]
    print(f"load average {load_average:.2f} at the start")
    peers.INSTALLED.mkdir(parents=True, exist_ok=True)
    for peer in options.peers:
        print(f"installing {peer.title}", flush=True)
        peer.install()
    with contextlib.ExitStack() as ending:
        folder = Path(tempfile.mkdtemp(prefix="hookgate-load-"))
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        # nginx's worker is another user and goes through it; what it may not read has a mode of its own.
        folder.chmod(0o711)
        secret_file = folder / "secret"
        secret_file.touch(mode=0o600)
        secret_file.write_text(secrets.token_hex(32))
        headers = HEADERS + signature(secret_file)
        script = folder / "request.lua"
        wrk.write_script(script, BODY, headers)

        servers = {}
        for peer in options.peers:
            own = folder / peer.name
            own.mkdir(mode=0o711)
            server = peer.start(free_port(), own, secret_file)
            ending.callback(server.end)
            server.wait_until_it_listens()
            probe(peer, server, headers)
            servers[peer.name] = server
        turns = list(take_turns(options, servers, script))
        described = {}
        for peer in options.peers:
            servers[peer.name].check_it_runs()
            described[peer.name] = {
                "title": peer.title,
                "version": peer.version(),
                "note": peer.note,
                "memory_bytes": servers[peer.name].memory_bytes(),
                "bytes_on_disk": peer.bytes_on_disk(),
            }
    settings = {"seconds": options.seconds, "rounds": options.rounds}
    return {"machine": machine(), "load_average": load_average, **settings, "peers": described, "turns": turns}


def signature(secret_file):
    """The fields that `hookgate sign` signs the body with."""
    sign = [peers.Hookgate.binary, "sign", "--event", EVENT, "--id", DELIVERY, "--secret-file-raw", secret_file, BODY]
    return [tuple(line.split(": ", 1)) for line in peers.run(*sign).splitlines()]


def probe(peer, server, headers):
    """Fails unless a signed request is answered 200, and a forged one refused by whom it should be."""
    forged = [(name, value if name != "X-Hub-Signature-256" else "sha256=" + "0" * 64) for name, value in headers]
    for what, fields, expected in (("signed", headers, True), ("forged", forged, not peer.verifies)):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", peer.path, BODY.read_bytes(), dict(fields))
        status = connection.getresponse().status
        connection.close()
        if (status == 200) != expected:
            raise Failed(f"{peer.title} answers {status} to a {what} request; its last words: {server.last_words()}")


def take_turns(options, servers, script):
    """Each turn of each round, as it was measured."""
    for peer in options.peers:
        # What is compiled, cached or allocated on first use is not what is measured.
        turn(peer, servers[peer.name], script, options.connections[0], 1)
    for connections in options.connections:
        for number in range(options.rounds):
            seen = []
            for peer in options.peers[:: -1 if number % 2 else 1]:
                measured = turn(peer, servers[peer.name], script, connections, options.seconds)
                yield {"peer": peer.name, "connections": connections, "round": number, **measured}
                seen.append(f"{peer.name} {measured['requests'] / measured['duration_us'] * 1e6:,.0f}/s")
            print(f"{report.plural(connections)}, round {number + 1} of {options.rounds}: {', '.join(seen)}", flush=True)


def turn(peer, server, script, connections, seconds):
    """What wrk and the system say of one run."""
    before_s = server.cpu_s_once_quiet()
    seen = wrk.run(script, f"http://127.0.0.1:{server.port}{peer.path}", connections, seconds)
    in_turn_s = server.cpu_s() - before_s
    cpu_s = server.cpu_s_once_quiet() - before_s
    server.check_it_runs()
    lost = {kind: seen.pop(kind) for kind in ("connect", "read", "write", "status", "timeout")}
    if any(lost.values()) or not seen["requests"]:
        raise Failed(f"{report.at(peer.title, connections)}: of {seen['requests']} requests not all were answered 2xx: {lost}")
    others_s = max(0.0, seen["machine_s"] - seen["wrk_s"] - in_turn_s)
    return {**seen, "cpu_s": cpu_s, "in_turn_s": in_turn_s, "others_s": others_s}


def machine():
    """What it ran on, as far as a reader elsewhere can use it."""
    flags = Path("/proc/cpuinfo").read_text().split()
    sha = " with SHA extensions" if {"sha_ni", "sha2"} & set(flags) else ""
    cores = len(os.sched_getaffinity(0))
    kernel = platform.release().split("-")[0]
    return f"{cores} cores, {platform.machine().replace('_', '-')}{sha}, {platform.system()} {kernel}"


def conclude(results, options):
    """Prints the tables, writes the documents where the run was a whole one, and says what did not hold."""
    print(f"\n{report.text(results)}\n")
    for line in report.disturbances(results):
        print(f"load: warning: {line}")
    lines = verdict.judge(results)
    for line in lines:
        print(line.text())
    if is_whole(results):
        report.write(DOCUMENT, results)
        chart.write(CHART, results)
        print(f"load: wrote {DOCUMENT.relative_to(peers.PROJECT)} and {CHART.relative_to(peers.PROJECT)}")
    else:
        print("load: the documents stay as they are: that needs all peers, all connections, and turns and rounds enough")
    broken = [line for line in lines if not line.holds]
    if options.check == "no":
        return 0
    if broken:
        print(f"load: error: {len(broken)} of {len(lines)} ratios do not hold", file=sys.stderr)
        return 1
    return 0


def is_whole(results):
    """Whether the run measured enough to be written down."""
    enough = all(results[key] >= WHOLE[key] for key in ("seconds", "rounds"))
    connections = {turn["connections"] for turn in results["turns"]}
    return enough and connections >= WHOLE["connections"] and len(results["peers"]) == len(peers.ALL)


if __name__ == "__main__":
    sys.exit(main())
