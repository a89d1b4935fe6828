"""The engines of tests/engines/matrix, one after the other → a table of the promises that each of them keeps.

`nox -s reliability -- engines --help`. Each is started, and removed in the end. Then, in there: the tests of
each promise; a workspace for all targets, built and verified, whose archives are to be the same everywhere;
and another one in which pylayer is killed at random moments, after which nothing of it may be left.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from factories.workshop import workshop

from campaigns import elsewhere, figures, kills, vanishing

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from campaigns.elsewhere import Locked

OWN = "own"  # the machine's own engine
DOCUMENT = figures.ROOT / "docs" / "engines.md"
_MATRIX = figures.ROOT / "tests" / "engines" / "matrix"
_DOCKER = "tests/integration/test_docker.py"
_VERIFY = "tests/integration/test_verify.py"

# What each promise is seen by: tests of one file, by the beginnings of their names.
PROMISES: dict[str, tuple[str, tuple[str, ...]]] = {
    "the image's own Python, both architectures": (
        _DOCKER,
        ("interpreter_is", "identity", "wrong_python", "jobs_run_in", "emulated_jobs", "emulation_skips"),
    ),
    "containers end with pylayer, and only then": (
        _DOCKER,
        (
            "one_container",
            "container_that_vanishes",
            "close_ends",
            "closed_engine",
            "containers_die",
            "sweep",
        ),
    ),
    "failures are results": (_DOCKER, ("failure_is", "killed_job", "same_name", "nothing_is_said")),
    "no network, no right, nothing of another job": (
        _DOCKER,
        ("no_network", "network_where", "no_capabilities", "environment_", "jobs_do_not_see", "links_are"),
    ),
    "targets in parallel": (_DOCKER, ("targets_in_parallel",)),
    "compiles in a container": (_DOCKER, ("compilers_work",)),
    "environments baked once": (
        _DOCKER,
        (
            "requirements_are",
            "environments_are",
            "emulated_environments",
            "kept_images",
            "a_bare_job",
            "no_folder",
        ),
    ),
    "verify: read-only, offline, Lambda's user": (
        _VERIFY,
        ("lambda", "broken", "layers", "foreign", "close"),
    ),
}
LOCKED = "the lock of another engine, by a registry's digests"
VANISHED = "ended in a build: one error, nothing lost"
STALLED = "stands still in a build: waited for, then one error, nothing lost"
KILLED = "kill -9 and signals: nothing left"
SAME = "sha256 of all archives"
COLUMNS = ("engine", *PROMISES, LOCKED, VANISHED, STALLED, KILLED, SAME)

_PURE = "import stamper\nassert stamper.VERSION\n"
# A backend whose wheel has a library that the image's compiler made.
_NATIVE = """
import os, platform, subprocess, sys, zipfile

def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open("own.code") as file:
        text = file.read()
    compiler = ["cc", "-x", "c", "-", "-shared", "-nostdlib", "-o", "own.so"]
    subprocess.run(compiler, input=text.encode(), check=True)
    python = f"cp3{sys.version_info[1]}"
    tag = f"{python}-{python}-manylinux_2_17_{platform.machine()}"
    info = "native-1.0.dist-info"
    filename = f"native-1.0-{tag}.whl"
    with zipfile.ZipFile(os.path.join(folder, filename), "w") as wheel:
        wheel.write("own.so", "native/own.so")
        wheel.writestr("native/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: native\\nVersion: 1.0\\n")
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\\nRoot-Is-Purelib: false\\nTag: {tag}\\n")
        wheel.writestr(f"{info}/RECORD", "")
    return filename
"""
_MANIFEST = """
packages = ["packages/*"]
engine = "docker"
[defaults]
runtimes = ["python3.11", "python3.13"]
architectures = ["x86_64", "arm64"]
[layers.things]
requirements = ["thing"]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What was seen in one engine: the answer of each promise, and what to say of those that are not kept."""

    engine: str
    kept: dict[str, str]
    told: tuple[str, ...] = ()


@contextmanager
def started(name: str, *, only: Collection[str]) -> Iterator[None]:
    """An engine of the matrix as everybody's in this process, with what is needed; it is removed then."""
    if name == OWN:
        yield
        return
    before = os.environ.get("DOCKER_HOST")
    images = [vanishing.IMAGE] if {*only} <= {LOCKED, VANISHED, STALLED} else []
    _start(name, *images)
    try:
        yield
    finally:
        os.environ.pop("DOCKER_HOST")
        if before is not None:
            os.environ["DOCKER_HOST"] = before
        subprocess.run([_MATRIX, "remove", name], check=True)


def _start(name: str, *images: str) -> None:
    said = subprocess.run([_MATRIX, "start", name, *images], check=True, stdout=subprocess.PIPE, text=True)
    os.environ["DOCKER_HOST"] = said.stdout.split()[-1]


def _have(what: str, name: str) -> None:
    subprocess.run([_MATRIX, what, name], check=True)


def seen(name: str, *, number: int, seed: int, only: Collection[str], made: Locked | None) -> Row:
    """Try promises in an engine, all or some `only`; it is killed in so many times."""
    with started(name, only=only), TemporaryDirectory(prefix="engines-") as folder:
        kept: dict[str, str] = {}
        told: list[str] = []
        if any(each in only for each in PROMISES):
            kept, told = _tested(Path(folder))
        if SAME in only:
            kept[SAME], more = _built(Path(folder) / "all")
            told += more
        if made is not None:
            within = [] if name == OWN else [str(_MATRIX), "enter", name]
            more = elsewhere.honoured(made, Path(folder) / "locked", within=within)
            kept[LOCKED] = "**no**" if more else "yes"
            told += more
        if VANISHED in only and name != OWN:
            more = vanishing.vanished(
                Path(folder) / "vanished",
                end=lambda: _have("crash", name),
                start=lambda: _start(name, vanishing.IMAGE),
            )
            kept[VANISHED] = "**no**" if more else "yes"
            told += more
        if STALLED in only and name != OWN:
            more = vanishing.stalled(
                Path(folder) / "stalled",
                freeze=lambda: _have("freeze", name),
                thaw=lambda: _have("thaw", name),
            )
            kept[STALLED] = "**no**" if more else "yes"
            told += more
        if KILLED in only:
            kept[KILLED], more = _killed(number, seed, alone=name != OWN)
            told += more
        return Row(engine=_called(name), kept=kept, told=tuple(told))


def _called(name: str) -> str:
    version = json.loads(_docker("version", "--format", "{{json .Server}}"))
    info = json.loads(_docker("info", "--format", "{{json .}}"))
    podman = any("Podman" in each["Name"] for each in version["Components"] or ())
    words = [f"{'Podman' if podman else 'Docker'} {version['Version'].partition('+')[0]}"]
    if not podman:
        several = ["driver-type", "io.containerd.snapshotter.v1"] in (info.get("DriverStatus") or [])
        words.append("containerd's store" if several else "classic store")
    rootless = name.endswith("-rootless") or "name=rootless" in (info.get("SecurityOptions") or ())
    more = {"rootless": rootless, "cgroup v2": info.get("CgroupVersion") == "2"}
    return ", ".join([*words, *(each for each, is_so in more.items() if is_so)])


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout


def _tested(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Run the tests of all promises."""
    text = "|".join(name for _, names in PROMISES.values() for name in names)
    report = folder / "tests.xml"
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "-o", "addopts="]
    words += [f"--junit-xml={report}", "-k", " or ".join(f"test_{each}" for each in text.split("|"))]
    environ = {**os.environ, "PYLAYER_REQUIRE_DOCKER": "1", "PYLAYER_CACHE_DIR": str(folder / "store")}
    ran = subprocess.run(
        [*words, _DOCKER, _VERIFY], check=False, cwd=figures.ROOT, env=environ, capture_output=True, text=True
    )
    if not report.exists():
        raise SystemExit(ran.stdout + ran.stderr)
    kept, told = {}, []
    cases = list(ET.parse(report).iter("testcase"))
    for promise, (file, names) in PROMISES.items():
        module = file.removesuffix(".py").replace("/", ".")
        own = [
            case
            for case in cases
            if case.get("classname") == module
            and case.get("name", "").removeprefix("test_").startswith(names)
        ]
        bad = [case for case in own if case.find("failure") is not None or case.find("error") is not None]
        kept[promise] = "yes" if own and not bad else "**no**"
        told += [f"{promise}: {case.get('name')}: {''.join(case.itertext())[-3000:]}" for case in bad]
    return kept, told


def _built(folder: Path) -> tuple[str, list[str]]:
    """Build for all targets, verify that, and hash what came of it; then again, where nothing changed."""
    with workshop(folder) as mono:
        mono.offer("thing", "1.0", "part")
        mono.offer("part", "2.0")
        mono.offer("stamper", "1.0")
        mono.member("one", "two", "thing")
        mono.member("two", building=["stamper"])
        own = mono.root / "packages" / "two" / "backend.py"
        own.write_text(_PURE + own.read_text())
        mono.file(
            "packages/native/pyproject.toml",
            '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
            '[project]\nname = "native"\nversion = "1.0"\n',
        )
        mono.file("packages/native/backend.py", _NATIVE)
        mono.file("packages/native/own.code", "int answer(void) { return 42; }\n")
        mono.manifest(_MANIFEST)
        told = []
        for words in (["layers"], ["verify"], ["layers", "--locked"]):
            ran = mono.run(*words)
            if ran.status != 0:
                told.append(f"{words}: {ran.text}")
        if told:
            return "**no**", told
        hashes = mono.hashes()
        told += [f"left: container {each}" for each in mono.containers()]
    text = json.dumps(sorted(hashes.items()))
    return f"`{hashlib.sha256(text.encode()).hexdigest()[:12]}`", told


def _killed(number: int, seed: int, *, alone: bool) -> tuple[str, list[str]]:
    """Kill and interrupt pylayer at random moments; where nobody else uses the engine, look at all it has."""
    plan = [*[kills.KINDS[0]] * -(-number // kills.KILLS), *[kills.KINDS[1]] * -(-number // kills.KILLS)]
    campaign = kills.Campaign(engine="docker", seed=seed, kinds=kills.KINDS[:2])
    campaign.run(plan, workers=1)
    tallies = campaign.tallies.values()
    told = [f"{KILLED}: {each}" for tally in tallies if tally.bad for each in tally.told]
    if alone:
        lists = {
            "container": ["ps", "--all", "--format", "{{.ID}} {{.Image}} {{.Status}}"],
            "volume": ["volume", "ls", "--quiet"],
            "image without a name": ["images", "--quiet", "--filter", "dangling=true"],
        }
        for what, words in lists.items():
            told += [f"{KILLED}: {what} {each}" for each in _docker(*words).splitlines()]
    tries, early = sum(tally.tries for tally in tallies), sum(tally.early for tally in tallies)
    return ("**no**" if told else f"yes, {early} of {tries} runs"), told


def written(rows: list[Row], text: str) -> str:
    """The table of a document, with what these rows have in place of what was said of the same engines."""
    known: dict[str, dict[str, str]] = {}
    head: list[str] = []
    for line in text.splitlines():
        cells = [each.strip() for each in line[1:-1].split("|")] if line.startswith("| ") else []
        if cells and cells[0] == COLUMNS[0]:
            head = cells
        elif head and len(cells) == len(head) and not cells[0].startswith("---"):
            known[cells[0]] = dict(zip(head, cells, strict=True))
    for row in rows:
        known[row.engine] = known.get(row.engine, {}) | row.kept
    table = [
        [name, *(known[name].get(column, "not tried") for column in COLUMNS[1:])]
        for name in sorted(known, key=_order)
    ]
    return figures.table(COLUMNS, table)


def _order(name: str) -> list[object]:
    return [name[0], *map(int, re.findall(r"\d+", name.partition(",")[0])), name]


def main(words: list[str] | None = None) -> int:
    """Try engines, print their rows, and write them down where that is asked for."""
    parser = argparse.ArgumentParser(prog="nox -s reliability -- engines", description=__doc__)
    names = f"of tests/engines/matrix (all), or {OWN}: this machine's, which is neither ended nor stopped"
    parser.add_argument("names", nargs="*", help=names)
    parser.add_argument("--kills", type=int, default=10, help="how often pylayer is killed in each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", action="append", choices=COLUMNS[1:], help="try this column (all)")
    parser.add_argument("--write", action="store_true", help="write the rows into docs/engines.md")
    chosen = parser.parse_args(sys.argv[1:] if words is None else words)
    every = subprocess.run([_MATRIX, "list"], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    only = chosen.only or COLUMNS[1:]
    with TemporaryDirectory(prefix="engines-") as folder:
        made = elsewhere.locked(Path(folder)) if LOCKED in only else None
        rows = _tried(chosen, chosen.names or every, only=only, made=made)
    same = {row.kept[SAME] for row in rows if SAME in row.kept}
    return int(any(row.told for row in rows) or len(same) > 1)


def _tried(
    chosen: argparse.Namespace, names: Sequence[str], *, only: Collection[str], made: Locked | None
) -> list[Row]:
    rows = []
    for name in names:
        began = time.monotonic()
        row = seen(name, number=chosen.kills, seed=chosen.seed, only=only, made=made)
        rows.append(row)
        print(f"{name}: {row.engine}, {time.monotonic() - began:.0f} s")
        for promise, answer in row.kept.items():
            print(f"  {promise}: {answer}")
        for each in row.told:
            print(f"  {each}", flush=True)
        if chosen.write:
            text = written([row], DOCUMENT.read_text(encoding="utf-8"))
            words = ["engines", "NAME", "--write"]  # rows are of several runs
            figures.tell("engines", "nox -s reliability", words, text, document=DOCUMENT)
    return rows


if __name__ == "__main__":
    sys.exit(main())
