"""Which checkouts share a version that version control gave."""

from __future__ import annotations

import os
import shutil
import socket

import pytest
from factories import there
from factories.repositories import Repository, git
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.engines import apart
from pylayer.engines.local import bubblewrap, confinement
from pylayer.monorepo import vcs
from pylayer.monorepo.workspace import load
from pylayer.store import Store

MANIFEST = 'packages = ["packages/*"]\n[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\n'
PYPROJECT = """
[build-system]
requires = ["setuptools>=77", "setuptools-scm>=8"]
build-backend = "setuptools.build_meta"
[project]
name = "NAME"
dynamic = ["version"]
[tool.setuptools_scm]
"""
TOOL = b"print('1.0')"
# Says which of these it could do, beside asking git and reading what is committed.
CURIOUS = """
import os, pathlib, socket, subprocess
from contextlib import suppress
git = ["git", "describe", "--tags", "--dirty"]
found = [subprocess.run(git, capture_output=True, text=True).stdout.strip().removeprefix("v")]
assert pathlib.Path("../../layers.toml").read_text()
with suppress(OSError):
    found.append("read" + str(len(pathlib.Path("SECRET").read_text())))
with suppress(OSError):
    pathlib.Path("../../.git/hooks/post-checkout").write_text("")
    found.append("written")
with suppress(OSError):
    socket.create_connection(("127.0.0.1", int("PORT")), timeout=5)
    found.append("connected")
if "ITS_TOKEN" in os.environ:
    found.append("told")
print("+".join(found))
"""


class Checkout:
    """A checkout with two projects, the tool that says their versions, and the store of its machine."""

    def __init__(self, folder, *, tool, store):
        self.folder = folder
        self.tool = tool
        self.store = store

    def asks(self, asked, name="liba"):
        """Whether the tool is asked for the version of a project."""
        before = asked.stat().st_size if asked.exists() else 0
        project = load(self.folder / "layers.toml").projects[name]

        def run(program):
            with asked.open("a") as file:
                file.write(".")
            return apart.run(program)

        assert "1.0" == vcs.version(project, [self.tool], store=self.store, run=run)
        return asked.exists() and asked.stat().st_size > before


def tool(folder, main):
    """The wheel of one that says a version."""
    files = {"setuptools_scm/__init__.py": b"", "setuptools_scm/__main__.py": main}
    return make_wheel(folder, files, name="setuptools_scm")


@pytest.fixture
def asked(tmp_path):
    """Where it is written down that the tool was asked."""
    return tmp_path / "asked"


@pytest.fixture
def checkouts(tmp_path, asked):
    """Two checkouts of one repository with one store; the version of the first one's liba is kept."""
    repository = Repository(tmp_path.resolve() / "here" / "mono")
    files = {f"packages/{name}/pyproject.toml": PYPROJECT.replace("NAME", name) for name in ("liba", "libb")}
    repository.commit({"layers.toml": MANIFEST, **files})
    repository.git("tag", "v1.0")
    (tmp_path / "there").mkdir()
    shutil.copytree(repository.folder, tmp_path / "there" / "other")
    path = tool(tmp_path, TOOL)
    store = Store(tmp_path / "store")
    made = [
        Checkout(folder, tool=wheels.read(path), store=store)
        for folder in (repository.folder, tmp_path.resolve() / "there" / "other")
    ]
    assert made[0].asks(asked)
    return made


def test_another_checkout_of_the_commit_has_the_version(checkouts, asked):
    """Wherever it lies."""
    assert not checkouts[1].asks(asked)


def test_another_project_of_the_commit_has_a_version_of_its_own(checkouts, asked):
    """Tools look at the folder."""
    assert checkouts[1].asks(asked, "libb")


@pytest.mark.parametrize(
    "words",
    [
        ("commit", "--quiet", "--allow-empty", "--message=two"),
        ("tag", "v1.1"),
        ("tag", "liba-2.0"),
        ("switch", "--quiet", "--create", "release-2"),
        ("switch", "--quiet", "--detach"),
    ],
    ids=["a commit", "a later tag", "a tag of a project", "a branch", "no branch"],
)
def test_what_tools_count_from_is_in_the_key(checkouts, asked, words):
    """Else one checkout would have the version of another."""
    git(checkouts[1].folder, *words)
    assert checkouts[1].asks(asked)


def test_a_tag_that_is_not_the_nearest_is_in_the_key(checkouts, asked):
    """A project may count from tags of its own, which only some checkouts have fetched."""
    here, there = checkouts
    git(here.folder, "commit", "--quiet", "--allow-empty", "--message=two")
    git(here.folder, "tag", "v2.0")
    git(there.folder, "fetch", "--quiet", "--tags", str(here.folder), "main")
    git(there.folder, "reset", "--quiet", "--hard", "FETCH_HEAD")
    git(here.folder, "tag", "liba-1.5", "HEAD~1")
    assert vcs.describe(here.folder) == vcs.describe(there.folder)
    assert here.asks(asked)
    assert there.asks(asked)


def test_a_checkout_with_changes_is_asked_each_time(checkouts, asked):
    """Its version may have the date in it."""
    (checkouts[1].folder / "layers.toml").write_text(MANIFEST + "\n")
    assert checkouts[1].asks(asked)
    assert checkouts[1].asks(asked)


@pytest.mark.parametrize("variable", ["", "_FOR_LIBA"])
def test_a_version_in_layers_toml_is_not_asked_for(checkouts, variable):
    """Where there is no git, too; of two the project's own counts."""
    folder = checkouts[0].folder
    shutil.rmtree(folder / ".git")
    env = f'SETUPTOOLS_SCM_PRETEND_VERSION{variable} = "7.1"'
    if variable:
        env += ', SETUPTOOLS_SCM_PRETEND_VERSION = "0"'
    (folder / "layers.toml").write_text(f"{MANIFEST}[projects.liba]\nenv = {{ {env} }}\n")
    project = load(folder / "layers.toml").projects["liba"]
    version = vcs.version(project, [checkouts[0].tool], store=checkouts[0].store, run=apart.run)

    assert "7.1" == version
    assert {"7.1"} == {*vcs.environment(project, version).values()}


def test_a_shallow_clone_without_tags_is_doubted(checkouts, tmp_path):
    """One of a tag's own commit is not, nor a whole one without tags."""
    here = checkouts[0].folder
    clones = Repository(tmp_path / "clones")

    def said(folder):
        return vcs.doubt(load(folder / "layers.toml").projects["liba"], "0.1.dev1")

    for place, words in (("tagged", ()), ("bare", ("--no-tags",))):
        clones.git("clone", "-q", "--depth=1", *words, here.as_uri(), place)
    clones.git("-C", str(here), "tag", "-d", "v1.0")

    assert ["", ""] == [said(folder) for folder in (here, clones.folder / "tagged")]
    assert "liba 0.1.dev1 may have the wrong version: the clone is shallow" in said(clones.folder / "bare")


@pytest.mark.skipif(not confinement.supported(), reason="nothing holds programs here")
@pytest.mark.parametrize("wrapped", [True, False], ids=["bubblewrap", "Landlock"])
def test_the_tool_reads_the_checkout_and_does_nothing_else(tmp_path, monkeypatch, wrapped):
    """It comes from an index, and a project can have it start programs: a build is no more trusted."""
    if not wrapped:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin/git").symlink_to(there(shutil.which("git")))
        monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    elif not bubblewrap.program(os.environ["PATH"]):
        pytest.skip("no bubblewrap that works here")
    monkeypatch.setenv("ITS_TOKEN", "secret")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "secret").write_text("secret")
    repository = Repository(tmp_path.resolve() / "mono")
    repository.commit(
        {"layers.toml": MANIFEST, "packages/liba/pyproject.toml": PYPROJECT.replace("NAME", "liba")}
    )
    repository.git("tag", "v1.0")
    repository.git("worktree", "add", "--quiet", "--detach", str(tmp_path.resolve() / "beside"))
    clone = tmp_path.resolve() / "clone"
    repository.git("clone", "--quiet", "--shared", str(repository.folder), str(clone))
    with socket.create_server(("127.0.0.1", 0)) as server:
        main = CURIOUS.replace("SECRET", str(tmp_path / "home" / "secret"))
        main = main.replace("PORT", str(server.getsockname()[1]))
        curious = wheels.read(tool(tmp_path, main.encode()))
        for number, folder in enumerate((repository.folder, tmp_path.resolve() / "beside", clone)):
            project = load(folder / "layers.toml").projects["liba"]
            found = vcs.version(project, [curious], store=Store(tmp_path / str(number)), run=apart.run)
            assert "1.0" == found


def test_what_a_worktree_shares_is_found_in_folders_of_any_name(tmp_path):
    """A tool that may read nothing else finds no tag without it."""
    made = Repository(tmp_path / "new\nline" / "made")
    made.commit({"a.py": ""})
    made.git("worktree", "add", "--quiet", "../beside")
    beside = made.folder.parent / "beside"
    assert {beside.resolve(), (made.folder / ".git").resolve()} <= {*vcs._history(beside)}
