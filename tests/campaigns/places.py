"""Places where CI systems run programs beside an engine → whether pylayer finds it, and builds the same.

`nox -s reliability -- places --help`. Each is made here: containers of this machine's own engine that have
its socket, and the network of an engine of tests/engines/matrix that answers by TLS, as GitLab's `dind` does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import trustme
from factories.workshop import workshop

from campaigns import figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOCUMENT = figures.ROOT / "docs" / "engines.md"
COLUMNS = ("where pylayer runs", "how it finds the engine", "same archives, no container left")
_MATRIX = figures.ROOT / "tests" / "engines" / "matrix"
_ENGINE = "docker-28"
_IMAGE = "pylayer-test/python3.13:amd64"
_BESIDE = "pylayer-test/python3.11:amd64"  # has the libraries that this machine's Python needs
_SOCKET = "/var/run/docker.sock"
_MANIFEST = """
packages = ["packages/*"]
engine = "docker"
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
"""


def built(folder: Path, *, prefix: Sequence[str] = (), **env: str) -> dict[str, str] | str:
    """Build where `prefix` leads to: the archives' hashes, or what is wrong."""
    with workshop(folder) as mono:
        mono.member("one")
        mono.member("two", "one")
        mono.manifest(_MANIFEST)
        mono.env |= env
        mono.prefix = prefix
        ran = mono.run("layers")
        if ran.status:
            return ran.text
        hashes = mono.hashes()
    left = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--filter", "label=pylayer", "--filter", "status=exited"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return f"left: {left}" if left else hashes


def contained(folder: Path, socket: str) -> list[str]:
    """The words that run a program in a container, without a network, with the engine's socket there."""
    seen = [folder, Path(sys.prefix), Path(sys.base_prefix), figures.ROOT]
    command = ["docker", "run", "--rm", "--network", "none", "--volume", f"{_SOCKET}:{socket}"]
    for path in dict.fromkeys(seen):
        command += ["--volume", f"{path}:{path}"]
    for name in ("HOME", "PYLAYER_CACHE_DIR", "PYLAYER_RUNTIMES", "PYTHONPATH", "UV_DEFAULT_INDEX"):
        command += ["--env", name]
    return [*command, "--workdir", str(folder / "mono"), _BESIDE]


def with_socket(folder: Path) -> dict[str, str] | str:
    """In a container with the socket at its usual place."""
    return built(folder, prefix=contained(folder, _SOCKET), PYTHONPATH=str(figures.ROOT))


def with_context(folder: Path) -> dict[str, str] | str:
    """In a container with the socket elsewhere, which Docker's current context names."""
    prefix, home = contained(folder, "/engine/socket"), folder / "home"
    context = ["docker", "context", "create", "here", "--docker", "host=unix:///engine/socket"]
    environ = {**os.environ, "HOME": str(folder / "docker")}
    for words in (context, ["docker", "context", "use", "here"]):
        subprocess.run(words, check=True, capture_output=True, env=environ)
    prefix[2:2] = ["--volume", f"{folder}/docker/.docker:{home}/.docker"]
    return built(folder, prefix=prefix, PYTHONPATH=str(figures.ROOT))


def beside_dind(folder: Path) -> dict[str, str] | str:
    """In the network of an engine that answers by TLS, while another authority is named for all else."""
    certificates, authority = folder / "tls", trustme.CA()
    certificates.mkdir(parents=True)
    authority.cert_pem.write_to_path(str(certificates / "ca.pem"))
    made = authority.issue_cert("127.0.0.1")
    made.cert_chain_pems[0].write_to_path(str(certificates / "cert.pem"))
    made.private_key_pem.write_to_path(str(certificates / "key.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    with _service(certificates):
        return built(
            folder / "all",
            prefix=[str(_MATRIX), "enter", _ENGINE],
            DOCKER_HOST="tcp://127.0.0.1:2376",
            DOCKER_TLS_VERIFY="1",
            DOCKER_CERT_PATH=str(certificates),
            REQUESTS_CA_BUNDLE=str(folder / "other.pem"),
        )


@contextmanager
def _service(certificates: Path) -> Iterator[None]:
    environ = {**os.environ, "PYLAYER_ENGINES_TLS": str(certificates)}
    subprocess.run([_MATRIX, "start", _ENGINE, _IMAGE], check=True, env=environ, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        subprocess.run([_MATRIX, "remove", _ENGINE], check=True)


PLACES = {
    "in a container with the engine's socket mounted, without any network": (with_socket, f"`{_SOCKET}`"),
    "in a container without that socket, with another one mounted elsewhere": (
        with_context,
        "the current context of `~/.docker`",
    ),
    "beside a `dind` service over TLS, as in GitLab CI": (
        beside_dind,
        "`DOCKER_HOST` (tcp), `DOCKER_TLS_VERIFY`, `DOCKER_CERT_PATH`, and another `REQUESTS_CA_BUNDLE`",
    ),
}


def main() -> int:
    """Try all places, print what came of it, and write it down where that is asked for."""
    parser = argparse.ArgumentParser(prog="nox -s reliability -- places", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table into docs/engines.md")
    chosen = parser.parse_args()
    rows, bad = [], False
    with TemporaryDirectory(prefix="places-") as folder:
        expected = built(Path(folder) / "here")
        for number, (place, (attempt, how)) in enumerate(PLACES.items()):
            found = attempt(Path(folder) / str(number))
            same = isinstance(expected, dict) and found == expected
            print(f"{place}: {'yes' if same else found}", flush=True)
            bad = bad or not same
            rows.append([place, how, "yes" if same else "**no**"])
    if chosen.write:
        text = figures.table(COLUMNS, rows)
        figures.tell("places", "nox -s reliability", ["places", "--write"], text, document=DOCUMENT)
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
