"""Git repositories on this machine, with one distribution in each."""

from __future__ import annotations

import os
import subprocess
import threading
from base64 import b64encode
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from factories.workshop import BACKEND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, as nobody and by nobody's settings; give what it printed."""
    identity = {
        f"GIT_{who}_{what}": "nobody@mail.example"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    }
    env = {**os.environ, **identity, "GIT_CONFIG_GLOBAL": os.devnull}
    command = ["git", "-c", "protocol.file.allow=always", *words]
    done = subprocess.run(command, cwd=folder, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def commit(folder: Path, what: str = "more") -> str:
    """Commit all that there is, if only a message; give the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", what)
    return git(folder, "rev-parse", "HEAD")


class Repository:
    """A git repository of one distribution."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> str:
        """Run git in it; see `git`."""
        return git(self.folder, *words)

    def commit(self, files: Mapping[str, str]) -> str:
        """Write files by their paths; give the commit."""
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return commit(self.folder, "one")

    def distribution(self, version: str, *, below: str = "", requires: str = "[]") -> str:
        """Commit the distribution `fromgit` in the folder `below`, which ends in a slash."""
        pyproject = (
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            f'[project]\nname = "fromgit"\nversion = "{version}"\ndependencies = {requires}\n'
        )
        files = {"pyproject.toml": pyproject, "backend.py": BACKEND, "fromgit.py": f'VERSION = "{version}"\n'}
        return self.commit({f"{below}{name}": text for name, text in files.items()})

    @property
    def url(self) -> str:
        """Its address."""
        return self.folder.as_uri()


@contextmanager
def git_server(folder: Path, *, login: tuple[str, str]) -> Iterator[str]:
    """Serve the bare repositories of a folder over HTTP to who has the password; the folder's address."""
    expected = "Basic " + b64encode(":".join(login).encode()).decode()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Authorization") == expected:
                super().do_GET()
                return
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
