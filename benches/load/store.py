"""Holds the receiver with its store under load, beside the same without it and beside nginx, in one run.

    make store
    make store T=5 ROUNDS=3 STORE_CONNECTIONS="16 64 256" EVENTS=5000000 CHECK=no

Every delivery differs from every other: what comes again is answered without a write. They are signed before a turn begins, into
a file that wrk's script reads one after another; nginx and the receiver without a store are sent the same. After each turn the
events in the store are counted: all that were answered have to be there. With EVENTS, as many are laid into a store of its own
first, and the receiver is measured on that one too, and how long it takes from its start to its first answer.

Beside the sink that everybody has, standard output, stand one that appends to a file and one that takes no event. How far the file
is behind is looked at all through its turns.
"""

import argparse
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import secrets
import shutil
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import load
import peers
import report
import wrk
from server import Failed, Server, free_port

DOCUMENT = load.DOCUMENT
BEGIN = "<!-- Written by `make store`: what stands here by hand is lost. -->"
END = "<!-- The end of what `make store` writes. -->"

# More than anybody answers here; a turn that comes to the end of its requests is void.
MOST_A_SECOND = 160_000

# How often it is looked how far a sink is behind, and how far it may be, in seconds of what is taken in.
LAG_EVERY_S = 0.1
LAG_LIMIT_S = 1

SCRIPT = r"""
local file = assert(io.open(%(requests)s, "rb"))
file:setvbuf("full", 4 * 1024 * 1024)
local length = %(length)d

function request()
  local next_one = file:read(length)
  if not next_one or #next_one < length then
    -- Sent again it would be a duplicate: this turn is worth nothing.
    wrk.thread:stop()
    return "GET /exhausted HTTP/1.1\r\nHost: a\r\n\r\n"
  end
  return next_one
end
""" + wrk.SCRIPT[wrk.SCRIPT.index("function done"):]


class Stored(peers.Hookgate):
    """hookgate with its store."""

    name, title, sink = "store", "hookgate", []

    def __init__(self, data=None):
        self.data = data

    def folder(self, own):
        return self.data or own / "data"

    def command(self, port, folder, secret_file):
        serve = [self.binary, "serve", "--data", self.folder(folder), "--listen", f"127.0.0.1:{port}", "--path", self.path]
        return [*serve, "--secret-file-raw", secret_file, *(word for key in self.sink for word in ("--sink", key))], None


class Filed(Stored):
    """The same with events appended to a file."""

    name, title, sink = "file-sink", "hookgate, a sink of type file", ["type=file", "path=events.jsonl"]


class Sinkless(Stored):
    """The same with events that go nowhere."""

    name, title, sink = "no-sink", "hookgate, a sink that takes no event", ["type=stdout", 'match.types=["none"]']


class Unstored(peers.Hookgate):
    """The same without a store."""

    name, title = "no-store", "hookgate --no-store"


class Deliveries:
    """Signed deliveries that all differ, all of one length."""

    def __init__(self, folder, secret, run):
        self.file, self.script = folder / "requests", folder / "differing.lua"
        self.secret, self.run, self.made = secret, run, 0
        template = json.loads(load.BODY.read_text())
        template["after"] = "@" * 40
        text = json.dumps(template, separators=(",", ":"))
        self.before, self.after = text.encode().split(b"@" * 40)
        fields = [("Host", "127.0.0.1"), *load.HEADERS, ("X-GitHub-Event", load.EVENT), ("X-GitHub-Delivery", load.DELIVERY)]
        fields.append(("Content-Length", str(len(text))))
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields)
        self.head = f"POST {peers.Peer.path} HTTP/1.1\r\n{lines}X-Hub-Signature-256: sha256=".encode()

    def next(self):
        """The next one, whole."""
        self.made += 1
        body = b"%s%08x%032x%s" % (self.before, self.run, self.made, self.after)
        digits = hmac.digest(self.secret, body, hashlib.sha256).hex().encode()
        return b"%s%s\r\n\r\n%s" % (self.head, digits, body)

    def write(self, count):
        """Has the script send the next `count` of them."""
        with open(self.file, "wb", buffering=1 << 20) as file:
            for _ in range(count):
                file.write(self.next())
        self.script.write_text(SCRIPT % {"requests": wrk.quoted(str(self.file)), "length": len(self.next())})


def parse_arguments():
    """What was asked for."""
    parser = argparse.ArgumentParser(description="Holds the receiver with its store under load.")
    parser.add_argument("--seconds", type=int, default=5, help="of each turn")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=load.numbers, default=[16, 64, 256])
    parser.add_argument("--events", type=int, default=0, help="in the file of a second store")
    parser.add_argument("--check", choices=["yes", "no"], default="yes", help="whether the ratios have to hold")
    return parser.parse_args()


def turn(peer, server, deliveries, connections, seconds, own):
    """What one run of wrk saw; of the store, that all of it is there."""
    deliveries.write(seconds * MOST_A_SECOND)
    is_stored = isinstance(peer, Stored)
    before, before_s = events(peer.folder(own)) if is_stored else 0, server.cpu_s_once_quiet()
    with Lag(peer.folder(own)) if isinstance(peer, Filed) else contextlib.nullcontext() as lag:
        seen = wrk.run(deliveries.script, f"http://127.0.0.1:{server.port}{peer.path}", connections, seconds)
    cpu_s = server.cpu_s_once_quiet() - before_s
    server.check_it_runs()
    lost = {kind: seen[kind] for kind in ("connect", "read", "write", "status", "timeout")}
    if any(lost.values()) or not seen["requests"]:
        raise Failed(f"{report.at(peer.title, connections)}: of {seen['requests']} requests not all were answered 2xx: {lost}")
    if is_stored:
        kept = events(peer.folder(own)) - before
        # Those whose answers wrk did not wait for are there too.
        if not seen["requests"] <= kept <= seen["requests"] + connections:
            raise Failed(f"{seen['requests']} were answered, {kept} are in the store")
    rate = seen["requests"] / seen["duration_us"] * 1e6
    found = {"rate": rate, "p99_us": seen["p99_us"], "cpu_us": cpu_s / seen["requests"] * 1e6}
    return {**found, "lag_s": lag.most / rate} if lag else found


class Lag:
    """The most events that the sink was behind while this was open."""

    def __init__(self, folder):
        self.folder, self.most, self.over = folder, 0, threading.Event()
        self.thread = threading.Thread(target=self.look)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()

    def look(self):
        while not self.over.wait(LAG_EVERY_S):
            # The sink first: what comes in between counts against it.
            with contextlib.closing(sqlite3.connect(f"file:{self.folder}/delivery.db?mode=ro", uri=True)) as database:
                done = database.execute("SELECT min(event) FROM cursors").fetchone()[0]
            self.most = max(self.most, events(self.folder) - done)


def events(folder):
    """How many events the store holds that numbers were given to."""
    with contextlib.closing(sqlite3.connect(f"file:{folder}/events.db?mode=ro", uri=True)) as database:
        return database.execute("SELECT coalesce(max(id), 0) FROM events").fetchone()[0]


def fill(data, deliveries, count):
    """Lays `count` events into the store in `data`, which a receiver made, nearly as one would have: they have no checksums."""
    with contextlib.closing(sqlite3.connect(data / "events.db", isolation_level=None)) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(events)") if row[1] not in ("id", "body", "sum")]
        sample = database.execute(f"SELECT {', '.join(columns)} FROM events").fetchone()
        database.execute("PRAGMA synchronous = OFF")
        database.execute("BEGIN")
        marks = ", ".join("?" * (len(columns) + 2))
        insert = f"INSERT INTO events (id, body, {', '.join(columns)}) VALUES ({marks})"
        first = database.execute("SELECT max(id) FROM events").fetchone()[0] + 1
        bodies = ((number, b"%s%08x%032x%s" % (deliveries.before, 1 << 31, number, deliveries.after)) for number in range(first, first + count))
        database.executemany(insert, ((number, body, *sample) for number, body in bodies))
        now_ms = int(time.time() * 1000)
        # A row for each turn, with the keys of its events.
        turns = (range(start, min(start + 64, first + count)) for start in range(first + max(0, count - 900_000), first + count, 64))
        keys = ((turn[-1], now_ms, b"".join(hashlib.sha256(b"%d" % number).digest()[:16] for number in turn)) for turn in turns)
        database.executemany("INSERT INTO replay_keys (event, at, keys) VALUES (?, ?, ?)", keys)
        database.execute("COMMIT")


def deliver_one(port, deliveries):
    """Sends one delivery, again and again until somebody listens; the time is taken by the caller."""
    while True:
        try:
            with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
                connection.connect()
                connection.sock.sendall(deliveries.next())
                if not connection.sock.recv(65536).startswith(b"HTTP/1.1 200 "):
                    raise Failed("the receiver does not take a delivery of its own")
                return
        except ConnectionRefusedError:
            time.sleep(0.002)


def measure(options):
    """All that was measured: of each number of connections and peer the medians, and what the large file did."""
    nginx = peers.Nginx()
    for peer in (Stored(), nginx):
        peer.install()
    found = {}
    # Not where temporary files may be kept in memory: a sync is what is measured.
    peers.INSTALLED.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as ending:
        folder = Path(tempfile.mkdtemp(prefix="store-", dir=peers.INSTALLED))
        ending.callback(shutil.rmtree, folder, ignore_errors=True)
        # nginx's worker is another user and goes through it.
        folder.chmod(0o711)
        secret_file = folder / "secret"
        secret_file.touch(mode=0o600)
        secret_file.write_text(secrets.token_hex(32))
        deliveries = Deliveries(folder, secret_file.read_bytes(), secrets.randbits(31))
        asked = [Stored(), Filed(), Sinkless(), Unstored(), nginx]
        servers = {}

        def start(peer, name):
            own = folder / name
            own.mkdir(mode=0o711, exist_ok=True)
            server = peer.start(free_port(), own, secret_file)
            ending.callback(server.end)
            server.wait_until_it_listens()
            servers[name] = server

        for peer in asked:
            start(peer, peer.name)
        if options.events:
            large = Stored(folder / "large-data")
            large.name, large.title = "large", f"hookgate, {options.events:,} events in the file"
            start(large, large.name)
            deliver_one(servers["large"].port, deliveries)
            servers["large"].end()
            began = time.monotonic()
            fill(large.data, deliveries, options.events)
            print(f"laid {options.events:,} events into a store in {time.monotonic() - began:.0f} s", flush=True)
            began = time.monotonic()
            own = folder / "large"
            servers["large"] = large.start(free_port(), own, secret_file)
            ending.callback(servers["large"].end)
            deliver_one(servers["large"].port, deliveries)
            found["start_s"] = time.monotonic() - began
            print(f"from its start to its first answer: {found['start_s']:.3f} s", flush=True)
            asked.insert(1, large)
        for connections in options.connections:
            seen = {peer.name: [] for peer in asked}
            for number in range(options.rounds):
                for peer in asked[number % len(asked):] + asked[:number % len(asked)]:
                    seen[peer.name].append(turn(peer, servers[peer.name], deliveries, connections, options.seconds, folder / peer.name))
                rates = ", ".join(f"{name} {turns[-1]['rate']:,.0f}/s" for name, turns in seen.items())
                print(f"{report.plural(connections)}, round {number + 1} of {options.rounds}: {rates}", flush=True)
            found[connections] = {
                peer.name: {"title": peer.title, **{key: statistics.median(turn[key] for turn in seen[peer.name]) for key in seen[peer.name][0]}}
                for peer in asked
            }
    return found


def judge(found, options):
    """What was asked for: (what, value, limit as text, whether it holds)."""
    lines = []
    for connections in options.connections:
        of = found[connections]
        if connections == 64:
            ratio = of["store"]["rate"] / of["nginx"]["rate"]
            lines.append(("requests/s of nginx's no-op, 64 connections", f"{ratio:.2f}×", "≥ 0.75×", ratio >= 0.75))
            ratio = of["file-sink"]["rate"] / of["no-sink"]["rate"]
            lines.append(("requests/s with a sink of type file, of that with one that takes nothing", f"{ratio:.2f}×", "≥ 0.8×", ratio >= 0.8))
            lag_s = of["file-sink"]["lag_s"]
            lines.append(("how far that file is behind at most, in seconds of what is taken in", f"{lag_s:.2f} s", f"≤ {LAG_LIMIT_S} s", lag_s <= LAG_LIMIT_S))
        if "large" in of and connections == 64:
            ratio = of["large"]["rate"] / of["store"]["rate"]
            lines.append((f"requests/s with {options.events:,} events in the file, of that with few", f"{ratio:.2f}×", "0.9 to 1.1×", 0.9 <= ratio <= 1.1))
    if "start_s" in found:
        lines.append((f"start to first answer with {options.events:,} events", f"{found['start_s']:.2f} s", "≤ 1 s", found["start_s"] <= 1))
    return lines


def markdown(found, lines, options):
    """The section of the document."""
    text = [f"{load.machine()}; turns of {options.seconds} s, medians of {options.rounds} rounds.", ""]
    text += ["| connections | receiver | requests/s | of nginx's | p99, µs | CPU, µs a request |", "|---:|---|---:|---:|---:|---:|"]
    for connections in options.connections:
        for row in found[connections].values():
            ratio = row["rate"] / found[connections]["nginx"]["rate"]
            text.append(f"| {connections} | {row['title']} | {row['rate']:,.0f} | {ratio:.2f}× | {row['p99_us']:,.0f} | {row['cpu_us']:.1f} |")
    text += ["", "| asked for | is | limit | holds |", "|---|---:|---:|---|"]
    text += [f"| {what} | {value} | {limit} | {'yes' if holds else '**no**'} |" for what, value, limit, holds in lines]
    return "\n".join(text)


def main():
    """The exit code."""
    options = parse_arguments()
    try:
        found = measure(options)
    except Failed as failure:
        print(f"store: error: {failure}", file=sys.stderr)
        return 1
    lines = judge(found, options)
    section = markdown(found, lines, options)
    print(section)
    if options.seconds >= 5 and options.rounds >= 3 and options.events >= 5_000_000:
        before, rest = DOCUMENT.read_text().split(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}\n\n{section}\n\n{END}{rest.split(END)[1]}")
        print(f"store: wrote {DOCUMENT.relative_to(peers.PROJECT)}")
    return 0 if options.check == "no" or all(holds for *_, holds in lines) else 1


if __name__ == "__main__":
    sys.exit(main())
