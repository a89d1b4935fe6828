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
_GIT = (Path("/usr/bin/git"), Path("/usr/lib/git-core"))
_RUNNER = 1001  # the user of GitHub's runners
_CHECKOUT = "/__w/mono/mono"
_SAFE = f"git config --global --add safe.directory {_CHECKOUT}"  # what pylayer says is to be done
_MANIFEST = """
packages = ["packages/*"]
engine = "docker"
[defaults]
runtimes = ["python3.13"]
architectures = ["x86_64"]
"""


def built(
    folder: Path, *, prefix: Sequence[str] = (), owner: int | None = None, **env: str
) -> dict[str, str] | str:
    """Build where `prefix` leads to: the archives' hashes, or what is wrong.

    With an `owner` (a user's number), it is a checkout of git's that is theirs.
    """
    with workshop(folder) as mono:
        mono.member("one")
        mono.member("two", "one")
        mono.manifest(_MANIFEST)
        mono.env |= env
        mono.prefix = prefix
        if owner is not None:
            _checked_out(mono.root, owner)
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


def _checked_out(root: Path, owner: int) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@localhost"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "all"]):
        subprocess.run(["git", "-C", root, *words], check=True)
    subprocess.run(["chown", "-R", f"{owner}:{owner}", root], check=True)


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


def in_job_container(folder: Path) -> dict[str, str] | str:
    """As root in a container with the checkout at /__w, which another user owns, and a home made for jobs.

    Git has to be told that this is all right; until then pylayer says so.
    """
    refused = _in_job(folder / "refused", git="")
    if _SAFE not in str(refused):
        return f"git reads it: {refused}"
    return _in_job(folder / "all", git=f"[safe]\ndirectory = {_CHECKOUT}\n")


def _in_job(folder: Path, *, git: str) -> dict[str, str] | str:
    home = folder.with_suffix(".home")
    home.mkdir(parents=True)
    (home / ".gitconfig").write_text(git)
    command = ["docker", "run", "--rm", "--workdir", _CHECKOUT, "--volume", f"{_SOCKET}:{_SOCKET}"]
    command += ["--volume", f"{folder}/mono:{_CHECKOUT}", "--volume", f"{home}:/github/home"]
    for path in dict.fromkeys((Path(sys.prefix), Path(sys.base_prefix), figures.ROOT, *_GIT)):
        command += ["--volume", f"{path}:{path}:ro"]
    told = ["HOME=/github/home", "CI=true", "GITHUB_ACTIONS=true", f"GITHUB_WORKSPACE={_CHECKOUT}"]
    for each in (*told, "PYLAYER_RUNTIMES", "PYTHONPATH"):
        command += ["--env", each]
    return built(folder, prefix=[*command, _BESIDE], owner=_RUNNER, PYTHONPATH=str(figures.ROOT))


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
    "as root in a container, on another user's checkout at `/__w`, as with GitHub's `container:`": (
        in_job_container,
        f"`{_SOCKET}`; git needs `safe.directory`, which pylayer says",
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
