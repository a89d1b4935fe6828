"""Debian's docker-registry on this machine, with a password or without, by plain HTTP or with TLS."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# What a test image has that a build needs, and a variable that tells one such image from another.
SMALL = (Path(__file__).parents[1] / "images" / "small").read_text() + "ENV NUMBER={number}\n"
USER, PASSWORD = "builder", "opensesame"
_KNOWN = "$2b$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi"  # of the password, as htpasswd has it
_CONFIGURATION = """
version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/data}}}}
http: {{addr: "{address}:{port}"{tls}}}
auth: {auth}
"""


def program() -> str:
    """Say where docker-registry is; where it is not, the test is skipped, or fails if none may be."""
    found = shutil.which("docker-registry")
    if found is None:
        what = "docker-registry is not installed (.ci/docker does)"
        (pytest.fail if os.environ.get("PYLAYER_REQUIRE_DOCKER") == "1" else pytest.skip)(what)
    assert found is not None
    return found


@contextmanager
def serving(
    folder: Path,
    *,
    port: int = 0,
    address: str = "127.0.0.1",
    password: bool = False,
    certificate: tuple[Path, Path] | None = None,
    within: Sequence[str] = (),
) -> Iterator[str]:
    """Serve what is in `folder`, where the words `within` lead to, and give HOST:PORT for names of images."""
    port = port or _free()
    auth, tls = "{}", ""
    if password:
        (folder / "htpasswd").write_text(f"{USER}:{_KNOWN}\n")
        auth = f"{{htpasswd: {{realm: tests, path: {folder}/htpasswd}}}}"
    if certificate:
        tls = f", tls: {{certificate: {certificate[0]}, key: {certificate[1]}}}"
    configuration = folder / "registry.yml"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, address=address, port=port, auth=auth, tls=tls)
    )
    with (folder / "log").open("wb") as log:
        running = subprocess.Popen([*within, program(), "serve", configuration], stdout=log, stderr=log)
    try:
        _wait(f"listening on {address}:{port}", folder / "log")
        yield f"{'localhost' if address == '127.0.0.1' else address}:{port}"
    finally:
        running.kill()
        running.wait()


def credentials(folder: Path, host: str, *, password: str = PASSWORD, helper: str = "") -> dict[str, str]:
    """Write Docker's configuration, with a login or a program that gives it; give the variables for it."""
    folder.mkdir(parents=True, exist_ok=True)
    login = base64.b64encode(f"{USER}:{password}".encode()).decode()
    told = {"credHelpers": {host: helper}} if helper else {"auths": {host: {"auth": login}}}
    (folder / "config.json").write_text(json.dumps(told))
    if not helper:
        return {"DOCKER_CONFIG": str(folder)}
    answer = json.dumps({"ServerURL": host, "Username": USER, "Secret": password})
    program = folder / f"docker-credential-{helper}"
    program.write_text(f"#!/bin/sh\n[ \"$1\" = get ] && echo '{answer}'\n")
    program.chmod(0o755)
    return {"DOCKER_CONFIG": str(folder), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(words: str, log: Path) -> None:
    for _ in range(100):
        with suppress(OSError):
            if words in log.read_text():
                return
        time.sleep(0.05)
    raise AssertionError(log.read_text())
