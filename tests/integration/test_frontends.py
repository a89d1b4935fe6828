"""The same commands by `pylayer`, invoke and nox, as whole processes and in the files that a user has."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from factories.monorepo import ROOT, empty

from pylayer.commands import table

pytestmark = pytest.mark.command

MANIFEST = """
packages = ["packages/*"]
engine = "local"
[defaults]
runtimes = ["python3.11"]
architectures = ["x86_64", "arm64"]
"""
BOTH = {"one-python3.11-arm64", "one-python3.11-x86_64"}
TASKS = "import pylayer.tasks\n\nns = pylayer.tasks.ns\n"
OWN_TASKS = """\
import pylayer.tasks
from invoke import Collection, task


@task
def publish(context):
    print("our own")


ns = Collection(publish)
ns.add_collection(pylayer.tasks.ns)
"""
SESSIONS = "import pylayer.sessions\n\npylayer.sessions.register()\n"
OWN_SESSION = """\
import nox

import pylayer.sessions


@nox.session(venv_backend="none")
def publish(session):
    print("our own")


"""


@pytest.fixture
def mono(tmp_path):
    """A workspace of two pure projects, with pylayer where a user's tools find it."""
    mono = empty(tmp_path)
    mono.env = {"PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    mono.manifest(MANIFEST)
    mono.project("one")
    mono.project("two")
    return mono


def run(mono, *words):
    """Run a tool as a module; its status, output and errors."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=mono.root,
        env=mono.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout, done.stderr


def test_invoke_and_nox_have_every_command(mono):
    """By two lines each."""
    mono.file("tasks.py", TASKS)
    mono.file("noxfile.py", SESSIONS)
    tasks = run(mono, "invoke", "--list")[1]
    sessions = run(mono, "nox", "--list")[1]

    for name in table.NAMES:
        assert f"  {name} " in tasks
        assert f"- {name} -> {table.summary(name)}" in sessions


def test_what_a_user_writes_survives_ruff(mono):
    """It takes away imports that nobody uses."""
    files = {"tasks.py": TASKS, "noxfile.py": SESSIONS, "own/tasks.py": OWN_TASKS}
    for name, text in files.items():
        mono.file(name, text)
    status, out, err = run(mono, "ruff", "check", "--fix", "--isolated", "--select=F,I,E")

    assert (0, files) == (status, {name: (mono.root / name).read_text() for name in files}), out + err


def test_importing_the_sessions_adds_none(mono):
    """Only `register()` does."""
    mono.file("noxfile.py", "import pylayer.sessions\n")

    assert "layers" not in run(mono, "nox", "--list")[1]


@pytest.mark.parametrize(
    ("written", "there", "gone"),
    [
        (
            'pylayer.sessions.register(prefix="layer-")\n',
            ["publish", "layer-publish", "layer-layers"],
            ["layers"],
        ),
        ('pylayer.sessions.register(only=["layers", "lock"])\n', ["publish", "layers", "lock"], ["prune"]),
    ],
)
def test_a_session_of_ones_own_stays(mono, written, there, gone):
    """By a prefix, or by a choice of names."""
    mono.file("noxfile.py", OWN_SESSION + written)
    listed = {
        line.split()[1] for line in run(mono, "nox", "--list")[1].splitlines() if line[:2] in ("- ", "* ")
    }

    assert ({*there}, set()) == ({*there} & listed, {*gone} & listed)
    assert "our own" in run(mono, "nox", "-s", "publish")[1]


def test_a_collection_takes_ours_in(mono):
    """Beside tasks of one's own, under our name."""
    mono.file("tasks.py", OWN_TASKS)

    assert "our own" in run(mono, "invoke", "publish")[1]
    status, out, err = run(mono, "invoke", "pylayer.build-layer", "one")
    assert (0, BOTH) == (status, set(mono.catalogue())), out + err


def test_tasks_can_be_chosen(mono):
    """By importing them."""
    mono.file(
        "tasks.py", 'from pylayer.tasks import build_layer, layers\n\n__all__ = ["build_layer", "layers"]\n'
    )
    listed = run(mono, "invoke", "--list")[1]

    assert ["build-layer", "layers"] == re.findall(r"^  (\S+)", listed, re.MULTILINE)


@pytest.mark.parametrize(
    "front", [("nox", "-s", "build-layer", "--"), ("invoke", "build-layer"), ("pylayer", "build-layer")]
)
def test_each_builds(mono, front):
    """The same, wherever it is asked for."""
    mono.file("noxfile.py", SESSIONS)
    mono.file("tasks.py", TASKS)
    status, out, err = run(mono, *front, "one")

    assert (0, BOTH) == (status, set(mono.catalogue())), out + err


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("build-layer", ""), 2, "--name: is empty"),
        (("layers", "--jobs", "x"), 2, '--jobs: "x" is not a number of 1 or more'),
        (("layers", "--jobs=-1"), 2, '--jobs: "-1" is not a number of 1 or more'),
        (("prune", "--keep", "x"), 2, '--keep: "x" is not a number of 1 or more'),
        (("layers", "--only="), 2, "--only: is empty"),
        (("layers", "--only", "nothing"), 2, 'no layer or build matches "nothing"'),
        (("layers", "--only"), 1, "--only needed value"),
        (("publish", "--layer", "--dry-run"), 1, "--layer needed value"),
        (("layers", "--layrs"), 1, "--layrs"),
        (("--dry", "doctor"), 2, "doctor has no dry run"),
        (("--dry", "verify"), 2, "verify has no dry run"),
    ],
)
def test_a_wrong_line_through_invoke_builds_nothing(mono, words, status, told):
    """With our words and status where invoke asks us, with its own where it does not."""
    mono.file("tasks.py", TASKS)
    ended, out, err = run(mono, "invoke", *words)

    assert (status, True, False) == (ended, told in err, mono.output.exists()), out + err


def test_a_dry_run_of_invoke_is_one_of_ours(mono):
    """It removes nothing, and writes no lock; what it is of is said."""
    mono.file("tasks.py", TASKS)
    assert 0 == mono.run("layers").status
    before = (mono.root / "layers.lock").read_bytes()
    kept = sorted(path for path in (mono.store / "blobs").rglob("*"))
    (mono.root / "layers.lock").write_text(before.decode() + "\n")
    cache = run(mono, "invoke", "--dry", "cache", "--older-than", "0s")
    lock = run(mono, "invoke", "--dry", "lock")

    assert (20, True) == (cache[0], "would remove " in cache[1]), cache
    assert kept == sorted(path for path in (mono.store / "blobs").rglob("*"))
    assert (20, True) == (lock[0], "layers.lock would be written" in lock[1]), lock
    assert before.decode() + "\n" == (mono.root / "layers.lock").read_text()


def test_dry_runs_change_nothing(mono):
    """Neither the store nor the lock; the status says whether there is something to do."""
    first = mono.run("lock", "--dry-run")
    there = (mono.root / "layers.lock").exists()
    written = mono.run("lock")
    again = mono.run("lock", "--dry-run")

    assert (20, False, 0, 0) == (first.status, there, written.status, again.status), first.text + again.text
    assert "layers.lock was up to date" in again.out
    nothing = mono.run("cache", "--older-than", "30d", "--dry-run")
    assert (0, True) == (nothing.status, "would remove 0 B" in nothing.out), nothing.text


def test_one_status_for_what_is_not_built(mono):
    """Whichever command looks for it."""
    lines = {
        "verify": (),
        "sbom": (),
        "report": (),
        "why": ("one",),
        "publish": ("--region", "eu-west-1", "--dry-run"),
    }
    ran = {name: mono.run(name, *words) for name, words in lines.items()}

    assert dict.fromkeys(lines, 15) == {name: each.status for name, each in ran.items()}, ran


def test_one_language_chooses_everywhere(mono):
    """A layer by its name, one build by its identifier, both as PEP 503 compares them."""
    mono.run("layers")
    for pattern, count in {"One": 2, "two-python3.11-X86_64": 1, "*-arm64": 2}.items():
        assert count == len(mono.run("layers", "-v", "--only", pattern).out.splitlines()) - 1
        assert count == len(mono.run("build-layer", "-v", pattern).out.splitlines()) - 1
        assert count == len(mono.run("sbom", "--only", pattern).out.splitlines())
        assert count == len([line for line in mono.run("why", pattern).out.splitlines() if line[0] != " "])


def test_several_names(mono):
    """Words, commas and globs."""
    ran = mono.run("build-layer", "o*", "two")

    assert (0, 4) == (ran.status, len(mono.catalogue())), ran.text


def test_a_reader_that_goes_away_is_not_an_error(mono):
    """`pylayer --help | head -1` is what people do."""
    reader, writer = os.pipe()
    os.close(reader)
    process = subprocess.run(
        [sys.executable, "-m", "pylayer", "--help"],
        cwd=mono.root,
        env=mono.environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writer)

    assert (0, "") == (process.returncode, process.stderr)


def test_pylayer_needs_no_invoke(mono):
    """It is slow to import, and every run would pay for it."""
    mono.run("layers")
    ran = mono.run("layers", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in ran.err.splitlines()}

    assert (0, set()) == (ran.status, imported & {"invoke", "nox", "argparse", "textwrap", "difflib"})
