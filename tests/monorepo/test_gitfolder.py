"""A git directory that is made here, as git itself reads it."""

import hashlib
import os
import subprocess
from typing import Any

import pytest

from pylayer.monorepo.gitfolder import REGULAR, files

TRACKED = {"a.py": REGULAR, "x-y": REGULAR, "x/b.sh": 0o100755, "sub": 0o160000, "é/ü.txt": REGULAR}


@pytest.fixture
def git(tmp_path):
    """Ask git in a folder with such a directory, and some files."""

    def ask(*words: str) -> list[str]:
        env = {**os.environ, "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-c", "core.quotePath=false", *words]
        done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    def lay(**options: Any) -> object:
        for name, content in files(TRACKED, **options).items():
            path = tmp_path / ".git" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for name in ("a.py", "new.py", "b.env"):
            (tmp_path / name).write_text("x")
        return ask

    return lay


def test_git_finds_nothing_wrong_with_it(git):
    """Names, sorting and checksums are git's own."""
    assert git(committed=TRACKED)("fsck", "--full", "--strict") == []


def test_it_lists_what_is_tracked(git):
    """The index has every file, with its mode."""
    found = git()("ls-files", "--stage")
    assert sorted(TRACKED) == sorted(line.partition("\t")[2] for line in found)
    assert "160000" in next(line for line in found if line.endswith("\tsub"))


def test_it_tells_what_is_ignored_and_what_is_new(git):
    """By its own excludes."""
    ask = git(exclude=b"*.env\n")
    assert ask("ls-files", "--others", "--ignored", "--exclude-standard") == ["b.env"]
    assert ask("ls-files", "--others", "--exclude-standard") == ["new.py"]
    assert ask("check-ignore", "b.env") == ["b.env"]


def test_a_file_that_is_there_counts_as_unchanged(git):
    """Its content is not known."""
    assert "a.py" not in git()("ls-files", "--modified")


def test_an_archive_has_what_was_committed(git, tmp_path):
    """Less what attributes keep back."""
    committed = {name: mode for name, mode in TRACKED.items() if name != "a.py"}
    ask = git(committed=committed, attributes=b"/x-y export-ignore\n")
    ask("archive", "--output=all.tar", "HEAD")
    listed = subprocess.run(["tar", "tf", tmp_path / "all.tar"], capture_output=True, text=True, check=True)
    assert "x/b.sh" in listed.stdout
    assert "x-y" not in listed.stdout
    assert "a.py" not in listed.stdout


def test_its_bytes_are_the_same_everywhere():
    """They are in the key of a build: no date, no compressor of this machine."""
    total = hashlib.sha256()
    for name, content in sorted(files(TRACKED, committed=TRACKED).items()):
        total.update(name.encode() + b"\0" + content)
    assert total.hexdigest() == "5b8a26b4863e9721322ad0cb1435f8efba395b2cb8aa149c057249f78ab5b1e2"
