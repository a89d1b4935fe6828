"""A commit laid out beside a checkout, and what differs."""

from __future__ import annotations

import os

import pytest
from factories.repositories import commit, git

from pylayer.errors import UsageError
from pylayer.monorepo import pastcheckout
from pylayer.monorepo.repository import Repository


@pytest.fixture
def repository(tmp_path):
    """Two commits, and a change that is in neither."""
    root = tmp_path / "repository"
    (root / "a").mkdir(parents=True)
    git(root, "init", "--quiet", "--initial-branch=main")
    (root / "a/one.py").write_text("1\n")
    (root / "a/naïve.py").write_text("1\n")
    (root / "a/run").write_text("1\n")
    (root / "a/gone").write_text("1\n")
    (root / ".gitignore").write_text("*.log\nkept/\n")
    commit(root, "first")
    git(root, "tag", "v1")
    (root / "a/one.py").write_text("2\n")
    (root / "a/gone").unlink()
    commit(root, "second")
    return root


def past(root, ref, tmp_path, **options):
    into = tmp_path / "into"
    into.mkdir()
    return pastcheckout.of(root, ref, into=into, **options)


def test_what_was_is_there_and_what_differs_is_told(repository, tmp_path):
    """Changed, gone, new and other modes, committed or not; not what is ignored."""
    (repository / "a/naïve.py").write_text("2\n")
    (repository / "a/run").chmod(0o755)
    (repository / "new.py").write_text("")
    (repository / "x.log").write_text("")
    status = git(repository, "status", "--porcelain")
    found = past(repository / "a", "v1", tmp_path)

    assert {"a/one.py", "a/naïve.py", "a/run", "a/gone", "new.py"} == found.changed
    assert "1\n" == found.then(repository / "a/gone").read_text()
    assert found.touches(repository / "a")
    assert status == git(repository, "status", "--porcelain")
    assert "" == git(repository, "worktree", "list", "--porcelain").partition("\n\n")[2]


@pytest.mark.parametrize("name", ["new\nline", "separated\u2028line"])
def test_a_checkout_in_a_folder_of_any_name(repository, tmp_path, name):
    """The lines in which git tells paths are not split where those are."""
    root = repository.rename(tmp_path / name)
    found = past(root, "v1", tmp_path)
    assert (root.resolve(), "1\n") == (found.top, (found.past / "a/one.py").read_text())
    assert "a/one.py" in found.changed


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_somebody_else_is_told_with_what_to_do(repository, tmp_path):
    """As in a container; that layers.toml is under version control helps nobody there."""
    for path in (repository, repository / ".git"):
        os.chown(path, 1234, 1234)
    with pytest.raises(UsageError, match="dubious ownership") as told:
        past(repository / "a", "v1", tmp_path)
    assert f"git config --global --add safe.directory {repository}" in told.value.faults[0].hint


def test_git_answers_there_as_it_did_then(repository, tmp_path):
    """HEAD, tags and the index are those of the commit."""
    found = past(repository, "v1", tmp_path)

    then = Repository.of(found.past)
    assert then is not None
    assert found.commit == then.head()
    assert {"a/one.py", "a/naïve.py", "a/run", "a/gone", ".gitignore"} == then.tracked(found.past).keys()
    assert frozenset() == then.changed(found.past)
    assert "v1" == git(found.past, "describe", "--tags", "--dirty").strip()


def test_what_is_ignored_is_brought(repository, tmp_path):
    """With its content; of what tools left there are names alone."""
    (repository / "a/x.log").write_text("log")
    (repository / "a/kept").mkdir()
    (repository / "a/kept/y").write_text("kept")
    (repository / ".gitignore").write_text("*.log\nkept/\n.mypy_cache\n")
    (repository / "a/.mypy_cache").mkdir()
    (repository / "a/.mypy_cache/z").write_text("cache")
    found = past(repository, "HEAD", tmp_path)
    found.bring(repository / "a")

    there = found.past / "a"
    assert ["log", "kept", ""] == [
        (there / name).read_text() for name in ("x.log", "kept/y", ".mypy_cache/z")
    ]


@pytest.mark.parametrize("looked", [False, True])
def test_a_submodule_that_did_not_move_is_there(repository, tmp_path, looked):
    """Its commits are in another repository; where folders are left out, it is none of them."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "--quiet")
    (other / "lib.py").write_text("")
    commit(other)
    git(repository, "submodule", "--quiet", "add", str(other), "sub")
    (repository / "aside").mkdir()
    (repository / "aside/one.ts").write_text("")
    commit(repository)

    seen = {"seen": lambda: [repository / "a/run", repository / "sub"], "manifest": repository / "a/run"}
    found = past(repository, "HEAD", tmp_path, **(seen if looked else {}))
    assert (found.past / "sub/lib.py").is_file()
    assert looked != (found.past / "aside/one.ts").is_file()
    assert "" == git(found.past, "status", "--porcelain", "--ignore-submodules")


def test_where_a_branch_was_left(repository, tmp_path):
    """By `...`: what the other did since is no change of this one's."""
    left = git(repository, "rev-parse", "HEAD").strip()
    git(repository, "switch", "--quiet", "--create", "other")
    (repository / "theirs").write_text("")
    commit(repository)
    git(repository, "switch", "--quiet", "main")
    (repository / "ours").write_text("")
    commit(repository)
    found = past(repository, "other...", tmp_path)

    assert (left, {"ours"}) == (found.commit, found.changed)


@pytest.mark.parametrize(
    ("ref", "told"),
    [
        (
            "nowhere",
            '"nowhere" is no commit of this repository; a branch, a tag or a commit',
        ),
        ("--all", '"--all" is no commit'),
        ("0" * 40, "stands for no commit, as before the first one of a branch"),
        ("HEAD:a", '"HEAD:a" is no commit'),
    ],
)
def test_what_is_no_commit_is_refused(repository, tmp_path, ref, told):
    """In a line, with what to do."""
    with pytest.raises(UsageError) as caught:
        past(repository, ref, tmp_path)

    assert told in str(caught.value)


def test_a_shallow_clone_says_so(repository, tmp_path):
    """And how to have the rest."""
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", str(shallow))
    with pytest.raises(UsageError, match="the clone is shallow: `git fetch --unshallow`"):
        past(shallow, "v1", tmp_path)


def test_a_commit_that_was_fetched_alone_will_do(repository, tmp_path):
    """No history is needed."""
    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", str(shallow))
    git(shallow, "fetch", "--quiet", "--depth=1", "origin", "v1")

    assert {"a/one.py", "a/gone"} == past(shallow, "FETCH_HEAD", tmp_path).changed


def test_no_repository_says_so(tmp_path):
    """Also where git is not there."""
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError, match="is in no git checkout that can be read: not a git repository"):
        past(tmp_path / "plain", "HEAD", tmp_path)


@pytest.fixture
def polyglot(tmp_path):
    """Packages beside much that is none, and names that git writes in quotes."""
    root = tmp_path / "polyglot"
    for name in ("layers.toml", "py/a/x.py", "py/a/deep/y.py", "py/b/z.py", "web/app.ts", "web/naïve\tü.ts"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("1\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    git(root, "tag", "v1")
    return root


def names(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {".git"}


def test_what_nobody_looks_at_is_not_laid_out(polyglot, tmp_path):
    """Git takes it for unchanged; where something is other now, it is there with what is beside it."""
    (polyglot / "py/b/z.py").write_text("2\n")
    seen = [polyglot / "layers.toml", polyglot / "py/a", polyglot / "py/a/x.py"]
    found = past(polyglot, "v1", tmp_path, seen=lambda: seen, manifest=polyglot / "layers.toml")
    assert {"layers.toml", "py/a/x.py", "py/b/z.py"} == names(found.past)
    assert {"py/b/z.py"} == found.changed
    assert "" == git(found.past, "status", "--porcelain")
    assert "web/app.ts" in git(found.past, "ls-files")


def test_where_nothing_changed_nothing_is_laid_out(polyglot, tmp_path):
    """Nor is it asked what is looked at, unless the files are wanted all the same."""
    asked = []

    def seen():
        asked.append(1)
        return [polyglot / "py"]

    more = {"seen": seen, "manifest": polyglot / "layers.toml"}
    found = past(polyglot, "v1", tmp_path, unchanged=False, **more)
    assert (frozenset(), set(), []) == (found.changed, names(found.past), asked)
    (tmp_path / "into").rename(tmp_path / "before")
    assert "layers.toml" in names(past(polyglot, "v1", tmp_path, **more).past)
    assert [1] == asked


def test_a_checkout_reached_by_a_link_is_looked_at_by_its_own_name(polyglot, tmp_path):
    """Its packages are there."""
    (tmp_path / "link").symlink_to(polyglot)
    root = tmp_path / "link"
    found = past(root, "v1", tmp_path, seen=lambda: [root / "py/a/deep"], manifest=root / "layers.toml")
    assert {"layers.toml", "py/a/x.py", "py/a/deep/y.py"} == names(found.past)


@pytest.mark.parametrize("case", ["manifest", "link", "link that moved"])
def test_all_is_laid_out_where_something_else_may_have_been_looked_at(polyglot, tmp_path, case):
    """By another layers.toml, or through a symbolic link."""
    if case == "manifest":
        (polyglot / "layers.toml").write_text("2\n")
    else:
        (polyglot / "py/a/assets").symlink_to("../../web")
        commit(polyglot)
        git(polyglot, "tag", "--force", "v1")
    if case == "link that moved":
        (polyglot / "py/a/assets").unlink()
        (polyglot / "py/a/assets").symlink_to("../b")
    seen = [polyglot / "py/a/x.py", polyglot / "py/b"]
    found = past(polyglot, "v1", tmp_path, seen=lambda: seen, manifest=polyglot / "layers.toml")
    assert "web/app.ts" in names(found.past)


def test_nothing_is_laid_out_where_nothing_changed(repository, tmp_path):
    """Unless it is wanted all the same, as where git gives versions; what changed is known first."""
    (tmp_path / "other").mkdir()
    bare = pastcheckout.of(repository, "HEAD", into=tmp_path / "other", unchanged=False)
    assert ([".git"], frozenset()) == ([path.name for path in bare.past.iterdir()], bare.changed)
    whole = past(repository, "HEAD", tmp_path)
    assert "a" in [path.name for path in whole.past.iterdir()]
