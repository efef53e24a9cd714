"""Who stands beside whom: how each is installed, started, and what it leaves on the disk."""

import json
import shutil
import subprocess
from pathlib import Path

from server import Failed, Server

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
# Ignored by git, and kept, so that a second run installs nothing.
INSTALLED = PROJECT / "target" / "load"

# As many requests on a connection as hookgate answers unless told otherwise.
KEEPALIVE_REQUESTS = 10_000


def run(*command, folder=PROJECT, **options):
    """What the command prints; a failure of it ends the run."""
    command = [str(word) for word in command]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(command)} exits {done.returncode}: {done.stdout[-3000:].strip()}")
    return done.stdout.strip()


def cargo_build(manifest, target):
    """Builds a package as it is released; its folder of programs."""
    run("cargo", "build", "--release", "--locked", "--manifest-path", manifest, "--target-dir", target)
    return target / "release"


def crate_version(lock, crate):
    """The version of `crate` that the lock file pins."""
    lines = lock.read_text().splitlines()
    return lines[lines.index(f'name = "{crate}"') + 1].split('"')[1]


def debian(command, package):
    """The path of a command: the system's, else of the Debian package, unpacked but not installed, so that it starts no
    service."""
    if found := shutil.which(command):
        return Path(found)
    folder = INSTALLED / "debian" / package
    unpacked = [folder / "usr/bin" / command, folder / "usr/sbin" / command]
    if not any(path.exists() for path in unpacked):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            run("apt-get", "download", package, folder=folder)
        except Failed:
            # No lists of packages yet. Where this is not allowed, its words say so.
            run("apt-get", "update", "-qq")
            run("apt-get", "download", package, folder=folder)
        run("dpkg", "-x", next(folder.glob(f"{package}_*.deb")), folder)
    return next(path for path in unpacked if path.exists())


def size_bytes(path):
    """The size of a file, or of all files in a folder; a link counts for what it is, not for what it points to."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())


class Peer:
    """One of those that are measured. `name` is what PEERS says, `title` what stands in tables and the chart."""

    name = title = ""
    path = "/webhook"
    # Whether it refuses a request whose signature is wrong.
    verifies = True
    # What else the reader of a table has to know.
    note = ""

    def install(self):
        """Brings everything that `start` needs."""

    def version(self):
        """Of what, and of what below it."""
        raise NotImplementedError

    def files(self):
        """What of it takes room on the disk."""
        raise NotImplementedError

    def command(self, port, folder, secret_file):
        """What to run, and what to add to its environment."""
        raise NotImplementedError

    def start(self, port, folder, secret_file):
        """It, listening on `port`. `folder` is its own, and goes away with the run."""
        command, environment = self.command(port, folder, secret_file)
        return Server(self.name, command, port, folder, environment)

    def bytes_on_disk(self):
        """Of the program itself; what an interpreter brings is part of it, the system's shared libraries are not."""
        return sum(size_bytes(path.resolve()) for path in self.files())


class Hookgate(Peer):
    """hookgate on its own front."""

    name, title = "hookgate", "hookgate"
    front = "evented"
    binary = PROJECT / "target" / "release" / "hookgate"

    def install(self):
        run("cargo", "build", "--release", "--locked")

    def version(self):
        return run(self.binary, "--version")

    def files(self):
        return [self.binary]

    def command(self, port, folder, secret_file):
        serve = [self.binary, "serve", "--front", self.front, "--listen", f"127.0.0.1:{port}", "--path", self.path]
        return [*serve, "--secret-file-raw", secret_file], None


class TinyHttp(Hookgate):
    """hookgate on its small front."""

    name, title = "tiny_http", "hookgate, front tiny_http"
    front = "tiny_http"
    note = "closes the connection after each answer"

    def version(self):
        return f"tiny_http {crate_version(PROJECT / 'Cargo.lock', 'tiny_http')}"


class Floor(Peer):
    """What nobody can be faster than."""

    name, title = "floor", "floor (mio)"
    verifies = False
    note = "reads a request, writes a constant, parses nothing"
    target = INSTALLED / "floor"

    def install(self):
        cargo_build(PROJECT / "benches/floor/Cargo.toml", self.target)

    def version(self):
        return f"mio {crate_version(PROJECT / 'benches/floor/Cargo.lock', 'mio')}"

    def files(self):
        return [self.target / "release" / "hookgate-floor"]

    def command(self, port, folder, secret_file):
        return [*self.files(), f"127.0.0.1:{port}"], None


class Nginx(Peer):
    """nginx that answers and looks at nothing."""

    name, title = "nginx", "nginx return 200"
    verifies = False
    note = "one worker, no log; looks at no byte of the body"

    def install(self):
        self.binary = debian("nginx", "nginx")

    def version(self):
        return run(self.binary, "-v").split(": ")[1].replace("/", " ")

    def files(self):
        return [self.binary]

    def command(self, port, folder, secret_file):
        text = (HERE / "nginx.conf").read_text()
        for mark, value in (("@FOLDER@", folder), ("@PORT@", port), ("@KEEPALIVE_REQUESTS@", KEEPALIVE_REQUESTS)):
            text = text.replace(mark, str(value))
        config = folder / "nginx.conf"
        config.write_text(text)
        return [self.binary, "-c", config, "-p", folder, "-e", "stderr"], None


ALL = [Hookgate(), TinyHttp(), Floor(), Nginx()]
