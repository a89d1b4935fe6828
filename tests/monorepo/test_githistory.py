"""A git directory with the history of a checkout answers as that does."""

from __future__ import annotations

import os
import subprocess
import tempfile

import pytest
from factories import there
from factories.repositories import Repository

from pylayer.errors import ToolError
from pylayer.monorepo import githistory
from pylayer.monorepo.repository import Repository as Checkout

QUESTIONS = (
    ("rev-parse", "HEAD"),
    ("describe", "--tags", "--long", "--dirty", "--always", "--match=v*"),
    ("describe", "--tags", "--long", "--match=other-*"),
    ("log", "--simplify-by-decoration", "--topo-order", "--decorate=full", "--format=%H%d %an"),
    ("log", "--format=%h", "--", "packages/a/a.py"),
    ("for-each-ref", "--format=%(refname) %(objecttype) %(taggerdate)", "refs/tags"),
    ("diff-index", "--quiet", "HEAD"),
    ("ls-files",),
)


@pytest.fixture
def repository(tmp_path):
    """A repository of two projects, with tags of both and commits after them."""
    made = Repository(tmp_path / "made")
    made.commit({"packages/a/a.py": "1", "packages/b/b.py": "1", ".gitignore": "*.o\n"})
    made.git("tag", "-a", "-m", "x", "other-1.0")
    made.commit({"packages/b/b.py": "2"})
    made.git("tag", "v1.5")
    made.commit({"packages/a/a.py": "2"})
    made.commit({"packages/b/b.py": "3"})
    return made


def answers(folder):
    """What git says in packages/a of a checkout."""
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent), "GIT_CONFIG_GLOBAL": os.devnull}
    found = {}
    for words in QUESTIONS:
        command = ["git", *words]
        done = subprocess.run(
            command, cwd=folder / "packages/a", env=env, capture_output=True, text=True, check=False
        )
        found[" ".join(words)] = (done.returncode, done.stdout)
    return found


def lay(repository, into, *, most=githistory.LONGEST):
    """Write the git directory beside the files of packages/a alone."""
    checkout = there(Checkout.of(repository.folder))
    files = {**githistory.state(checkout), **githistory.objects(checkout, most=most)}
    source = (repository.folder / "packages/a/a.py").read_bytes()
    for name, content in {**files, "packages/a/a.py": source}.items():
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return into


def test_it_answers_as_the_checkout(repository, tmp_path):
    """From a project's folder, though no other file is there."""
    assert answers(lay(repository, tmp_path / "laid")) == answers(repository.folder)


@pytest.mark.parametrize("name", ["packages/a/a.py", "packages/b/b.py"])
def test_what_changed_has_changed(repository, tmp_path, name):
    """In the build's tree, and where that has nothing."""
    (repository.folder / name).write_text("changed")
    found = answers(repository.folder)
    assert "-dirty" in found[" ".join(QUESTIONS[1])][1]
    assert answers(lay(repository, tmp_path / "laid")) == found


def test_a_detached_head_and_a_staged_change(repository, tmp_path):
    """As in most CI systems."""
    repository.git("checkout", "--quiet", "--detach", "HEAD~1")
    (repository.folder / "packages/b/b.py").write_text("staged")
    repository.git("add", ".")
    assert answers(lay(repository, tmp_path / "laid")) == answers(repository.folder)


def test_a_shallow_clone_knows_no_more_than_it_has(repository, tmp_path):
    """It ends where the clone does."""
    clone = Repository(tmp_path / "clone")
    clone.git("fetch", "--quiet", "--depth=3", "--tags", repository.url, "main")
    clone.git("checkout", "--quiet", "FETCH_HEAD")
    assert answers(lay(clone, tmp_path / "laid")) == answers(clone.folder)


def test_a_checkout_may_be_on_another_file_system_than_temporary_files(repository, tmp_path, monkeypatch):
    """And its objects may be nobody's to add to: git is not told to write there."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as shared:
        monkeypatch.setattr(tempfile, "tempdir", shared)
        packs = repository.folder / ".git/objects/pack"
        before = packs.stat().st_mtime_ns
        assert answers(lay(repository, tmp_path / "laid")) == answers(repository.folder)
        assert packs.stat().st_mtime_ns == before


def test_a_long_history_is_cut(repository, tmp_path):
    """Like that of a shallow clone."""
    found = answers(lay(repository, tmp_path / "laid", most=3))
    assert found[" ".join(QUESTIONS[1])] == answers(repository.folder)[" ".join(QUESTIONS[1])]
    assert found[" ".join(QUESTIONS[2])][0] != 0


def test_nothing_is_known_of_no_commit(tmp_path):
    """There is no git directory then."""
    made = Repository(tmp_path / "made")
    checkout = there(Checkout.of(made.folder))
    assert (githistory.state(checkout), githistory.objects(checkout)) == ({}, {})


def test_a_damaged_history_is_no_empty_one(repository):
    """By which a build would take its project for another version."""
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    (repository.folder / f".git/objects/{tree[:2]}/{tree[2:]}").unlink()
    checkout = there(Checkout.of(repository.folder))
    with pytest.raises(ToolError, match=f"by which versions are told: .*{tree}"):
        githistory.objects(checkout)
