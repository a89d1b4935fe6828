"""Tests of pylayer/inside/git.py, beside what git says of the same files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from factories.repositories import Repository

SCRIPT = Path(__file__).parents[2] / "pylayer" / "inside" / "git.py"


@pytest.fixture
def job(tmp_path):
    """A job's folder whose `src` is a checkout, and what is known of it."""
    made = Repository(tmp_path.resolve() / "src")
    files = {".gitignore": "*.env\n", "a.py": "", "p/é\t.txt": "", "p/b.py": ""}
    made.commit({**files, ".gitattributes": "a.py export-ignore\n"})
    for name in ("x.env", "p/y.env", "p/ü.env", "p/new.py"):
        (made.folder / name).write_text("")
    tracked = [
        (name, 0o100644, name == "a.py") for name in sorted([*files, ".gitattributes"], key=os.fsencode)
    ]
    known = {"top": "", "tracked": tracked, "committed": tracked, "ignored": ["p/y.env", "p/ü.env", "x.env"]}
    (tmp_path / "git.json").write_text(json.dumps(known))
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside/git.py").write_bytes(SCRIPT.read_bytes())
    return tmp_path.resolve()


def both(job, place, *words, entered="", hide=()):
    """What ours and git answer in `place`: status and lines."""
    for command in ([sys.executable, "-I", job / "inside/git.py"], ["git"]):
        done = subprocess.run(
            [*command, *words],
            cwd=job / "src" / place,
            capture_output=True,
            check=False,
            input=entered.encode(),
        )
        yield done.returncode, sorted(done.stdout.replace(b"\0", b"\n").splitlines())


@pytest.mark.parametrize("place", ["", "p"])
@pytest.mark.parametrize(
    "words",
    [
        ["rev-parse", "--show-toplevel"],
        ["rev-parse", "--show-cdup"],
        ["rev-parse", "--show-prefix"],
        ["check-ignore", "."],
        ["ls-files"],
        ["ls-files", "-z"],
        ["ls-files", "--others", "-i", "--exclude-standard"],
        ["ls-files", "-z", "--", ".", ":(exclude,attr:export-ignore)"],
    ],
)
def test_it_answers_as_git_does(job, place, words):
    """What poetry-core and setuptools-scm ask."""
    ours, gits = both(job, place, *words)
    assert ours == gits


def test_poetrys_own_options_are_passed_over(job):
    """It names the directory that it found."""
    top = job / "src"
    named = ["--git-dir", str(top / ".git"), "--work-tree", str(top)]
    ours, gits = both(job, "p", *named, "ls-files", "--others", "-i", "--exclude-standard")
    assert ours == gits


def test_an_archive_has_files_and_folders(job):
    """Older setuptools-scm reads their names from it."""
    names = []
    for command in ([sys.executable, "-I", job / "inside/git.py"], ["git", "-c", "core.autocrlf=false"]):
        done = subprocess.run(
            [*command, "archive", "--prefix", "/top/", "HEAD"],
            cwd=job / "src",
            capture_output=True,
            check=True,
        )
        (job / "all.tar").write_bytes(done.stdout)
        with tarfile.open(job / "all.tar") as tar:
            names.append(sorted((one.name.rstrip("/"), one.isdir()) for one in tar if one.name != "/top/"))
    ours, gits = names
    assert ours == [one for one in gits if one[0] != "/top"]


def test_what_it_does_not_know_fails(job):
    """As where there is no repository."""
    [ours, _] = both(job, "", "describe", "--tags")
    assert ours == (128, [])


def test_without_a_commit_there_is_no_head(job):
    """Nor an archive of it."""
    known = json.loads((job / "git.json").read_text()) | {"committed": None}
    (job / "git.json").write_text(json.dumps(known))
    for words in (["rev-parse", "HEAD"], ["archive", "HEAD"]):
        assert next(both(job, "", *words)) == (128, [])
