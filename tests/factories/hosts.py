"""Another machine, as far as one can have it here: a Docker Engine of its own, and a way in by ssh."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pylayer.engines.docker.connection import connect
from pylayer.errors import EngineError

if TYPE_CHECKING:
    from docker import APIClient

_SSHD = "/usr/sbin/sshd"  # it starts itself anew, and so is named by its path
_CONFIG = """
Host builder-arm
  HostName 127.0.0.1
  Port {port}
  User root
  IdentityFile {folder}/user
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
"""
_SERVER = """
Port {port}
ListenAddress 127.0.0.1
HostKey {folder}/host
AuthorizedKeysFile {folder}/user.pub
PidFile none
StrictModes no
PasswordAuthentication no
PermitRootLogin yes
"""
# What runs a job in an image, and no more: such an image is loaded in a second.
_SMALL = r"""
cd /; libraries=usr/lib/$(uname -m)-linux-gnu
tar -cf - --exclude='usr/lib/python3*/test' --exclude='usr/lib/python3*/config-*' --exclude='dist-packages' \
  bin lib $(ls -d lib64 usr/lib64 2>/dev/null) usr/bin/python3* usr/bin/dash usr/bin/sh usr/bin/cat \
  usr/bin/find usr/lib/python3* $(ls -d $libraries/lib[cmz].so* $libraries/libexpat* $libraries/libselinux* \
  $libraries/libpcre2* usr/lib/ld-linux* $libraries/ld-linux* $libraries/lib[lf][zf][mi]*) etc/passwd tmp
"""


def write_small(path: Path, *, of: str, platform: str, usual: APIClient) -> None:
    """Write a tar of what runs a job of the image `of`, and no more."""
    made = usual.create_container(of, ["sh", "-c", _SMALL], platform=platform, network_disabled=True)
    try:
        attached = usual.attach(made["Id"], stdout=True, stderr=False, stream=True)
        usual.start(made["Id"])
        with path.open("wb") as file:
            for piece in attached:
                file.write(piece)
    finally:
        usual.remove_container(made["Id"], force=True)


class SecondHost:
    """A Docker Engine beside the usual one; `ssh` is its address for who has `path` before their PATH."""

    def __init__(self, folder: Path) -> None:
        self._stack = ExitStack()
        self._folder = folder
        self.socket = folder / "s"
        self.path = folder / "bin"
        self.ssh = f"ssh://builder-arm{self.socket}"
        self.unix = f"unix://{self.socket}"

    def start(self) -> None:
        """Start both servers, and wait until they answer."""
        if not Path(_SSHD).exists() or not shutil.which("dockerd"):
            from factories.containers import NeededError

            raise NeededError(f"there is no {_SSHD} or no dockerd: run .ci/docker")
        self._start_engine()
        self._start_login()

    def stop(self) -> None:
        """Stop them, and remove what they kept."""
        self._stack.close()

    def load(self, image: str, *, of: str, platform: str, usual: APIClient) -> None:
        """Have the Python of the usual engine's image `of` here, as `image`."""
        context = self._folder / "image"
        context.mkdir()
        write_small(context / "root.tar", of=of, platform=platform, usual=usual)
        (context / "Dockerfile").write_text("FROM scratch\nADD root.tar /\n")
        words = ["docker", "-H", self.unix, "build", "-q", "--platform", platform, "-t", image, str(context)]
        subprocess.run(words, check=True, capture_output=True, env={**os.environ, "DOCKER_BUILDKIT": "0"})
        shutil.rmtree(context)

    def client(self) -> APIClient:
        """The SDK's client of its engine, past ssh."""
        return connect({}, home=self._folder, host=self.unix).client

    def _start_engine(self) -> None:
        run = self._folder / "engine"
        # Where it has no bridge, it takes away docker0, in the network that it is in.
        words: list[str | Path] = ["unshare", "--net", "dockerd", "--host", self.unix, "--bridge", "none"]
        words += ["--data-root", run / "data", "--exec-root", run / "exec", "--pidfile", run / "pid"]
        words += ["--iptables=false", "--ip-forward=false"]
        run.mkdir()
        self._begin(words)
        for _ in range(200):
            with suppress(EngineError), closing(self.client()):
                return
            time.sleep(0.1)
        raise AssertionError((self._folder / "unshare.log").read_text())

    def _start_login(self) -> None:
        folder = self._folder
        for name in ("host", "user"):
            words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)]
            subprocess.run(words, check=True)
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        told = {"port": port, "folder": folder}
        (folder / "server").write_text(_SERVER.format(**told))
        (folder / "config").write_text(_CONFIG.format(**told))
        (folder / "known").write_text(f"[127.0.0.1]:{port} {(folder / 'host.pub').read_text()}")
        self.path.mkdir()
        ssh = self.path / "ssh"  # ssh asks the system for the home of its configuration, not HOME
        ssh.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {folder}/config "$@"\n')
        ssh.chmod(0o755)
        Path("/run/sshd").mkdir(exist_ok=True)
        self._begin([_SSHD, "-D", "-e", "-f", folder / "server"])
        for _ in range(100):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return
            time.sleep(0.05)

    def _begin(self, words: list[str | Path]) -> None:
        name = Path(words[0]).name
        log = self._stack.enter_context((self._folder / f"{name}.log").open("wb"))
        process = subprocess.Popen(
            list(map(str, words)), stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )

        def end() -> None:
            process.terminate()
            process.wait(timeout=30)

        self._stack.callback(end)
