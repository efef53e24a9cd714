"""Who stands beside whom: how each is installed, started, and what it leaves on the disk."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from server import Failed, Server

RECIPES = Path(__file__).resolve().parent / "recipes"
PROJECT = RECIPES.parent.parent.parent
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
            run(*(["sudo"] if os.geteuid() else []), "apt-get", "update", "-qq")
            run("apt-get", "download", package, folder=folder)
        run("dpkg", "-x", next(folder.glob(f"{package}_*.deb")), folder)
    return next(path for path in unpacked if path.exists())


def size_bytes(path):
    """The size of a file, or of all files in a folder; a link counts for what it is, not for what it points to."""
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())


def filled(template, folder, marks):
    """A copy of the template in `folder`, with each @MARK@ replaced by its value; only its owner can read it."""
    text = template.read_text()
    for mark, value in marks.items():
        text = text.replace(f"@{mark}@", str(value))
    file = folder / template.name
    file.touch(mode=0o600)
    file.write_text(text)
    return file


def copied(recipe, lock, *install):
    """A copy of the recipe's folder, where the commands put the packages that its lock file pins. They run again only where
    that file changed."""
    folder = INSTALLED / recipe
    pinned = (RECIPES / recipe / lock).read_text()
    done = folder / "installed"
    shutil.copytree(RECIPES / recipe, folder, dirs_exist_ok=True)
    if not done.exists() or done.read_text() != pinned:
        for command in install:
            run(*command, folder=folder)
        done.write_text(pinned)
    return folder


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
        """Of the program, or of its interpreter and packages; without the system's shared libraries."""
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
        serve = [self.binary, "serve", "--no-store", "--front", self.front, "--listen", f"127.0.0.1:{port}", "--path", self.path]
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
        marks = {"FOLDER": folder, "PORT": port, "KEEPALIVE_REQUESTS": KEEPALIVE_REQUESTS}
        config = filled(RECIPES / "nginx.conf", folder, marks)
        return [self.binary, "-c", config, "-p", folder, "-e", "stderr"], None


class Webhook(Peer):
    """adnanh/webhook, which runs a command for each request."""

    name, title = "webhook", "adnanh/webhook"
    path = "/hooks/webhook"
    note = "runs a command for each request, here /bin/true"

    def install(self):
        self.binary = debian("webhook", "webhook")

    def version(self):
        return run(self.binary, "-version").replace(" version", "")

    def files(self):
        return [self.binary]

    def command(self, port, folder, secret_file):
        hooks = filled(RECIPES / "hooks.json", folder, {"SECRET": secret_file.read_text()})
        return [self.binary, "-hooks", hooks, "-ip", "127.0.0.1", "-port", port], None


class Recipe(Peer):
    """A program of a few lines, which takes the secret from its environment."""

    def words(self, port, folder):
        """What to run."""
        raise NotImplementedError

    def command(self, port, folder, secret_file):
        return self.words(port, folder), {"WEBHOOK_SECRET": secret_file.read_text()}


class Axum(Recipe):
    """The recipe in axum."""

    name, title = "axum", "axum"
    note = "the usual recipe, on one thread"
    target = INSTALLED / "axum"

    def install(self):
        cargo_build(RECIPES / "axum/Cargo.toml", self.target)

    def version(self):
        lock = RECIPES / "axum/Cargo.lock"
        return f"axum {crate_version(lock, 'axum')}, tokio {crate_version(lock, 'tokio')}"

    def files(self):
        return [self.target / "release" / "hookgate-load-axum"]

    def words(self, port, folder):
        return [*self.files(), f"127.0.0.1:{port}"]


class Octokit(Recipe):
    """GitHub's own middleware."""

    name, title = "octokit", "node, @octokit/webhooks"
    note = "GitHub's own middleware, in a bare server"

    def install(self):
        npm = ("npm", "ci", "--silent", "--no-audit", "--no-fund")
        self.folder = copied("octokit", "package-lock.json", npm)
        # What npm finds may be a wrapper; this is the program itself.
        self.node = Path(run("node", "-p", "process.execPath"))

    def version(self):
        package = json.loads((self.folder / "node_modules/@octokit/webhooks/package.json").read_text())
        return f"@octokit/webhooks {package['version']}, node {run(self.node, '--version').removeprefix('v')}"

    def files(self):
        return [self.node, self.folder / "node_modules"]

    def words(self, port, folder):
        return [self.node, self.folder / "server.mjs", port]


class Flask(Recipe):
    """The recipe in Flask."""

    name, title = "flask", "gunicorn + Flask"
    note = "the usual recipe; one worker, which closes the connection after each answer; size without the standard library"

    def install(self):
        venv = ("python3", "-m", "venv", "--clear", "venv")
        pip = ("venv/bin/pip", "install", "--quiet", "--disable-pip-version-check", "-r", "requirements.txt")
        self.folder = copied("flask", "requirements.txt", venv, pip)
        self.programs = self.folder / "venv" / "bin"

    def version(self):
        seen = dict(line.split("==") for line in run(self.programs / "pip", "freeze").splitlines())
        python = run(self.programs / "python", "--version")
        return f"Flask {seen['Flask']}, gunicorn {seen['gunicorn']}, {python}"

    def files(self):
        where = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = Path(run(self.programs / "python", "-c", where))
        # What installs is not needed to run.
        needed = [path for path in packages.iterdir() if not path.name.startswith(("pip", "setuptools", "_distutils"))]
        return [self.programs / "python", *needed]

    def words(self, port, folder):
        return [self.programs / "gunicorn", "--chdir", self.folder, "--bind", f"127.0.0.1:{port}", "app:app"]


ALL = [Hookgate(), Floor(), Nginx(), Axum(), TinyHttp(), Octokit(), Webhook(), Flask()]
