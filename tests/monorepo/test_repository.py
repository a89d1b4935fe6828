"""What git says of a folder."""

import os

import pytest
from factories import there
from factories.repositories import Repository as Made

from pylayer import process
from pylayer.errors import ToolError
from pylayer.monorepo import repository
from pylayer.monorepo.repository import Repository, refusal


@pytest.fixture
def made(tmp_path):
    made = Made(tmp_path.resolve() / "made")
    made.commit({".gitignore": "*.env\n/p/gen/\n", "p/a.py": "", "p/é\t.txt": "", "q/b.py": ""})
    for name in ("p/x.env", "p/gen/1.c", "p/new.py"):
        (made.folder / name).parent.mkdir(exist_ok=True)
        (made.folder / name).write_text("")
    return made


def test_a_folder_in_no_checkout_has_none(tmp_path):
    """That is no error."""
    assert Repository.of(tmp_path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_checkout_of_somebody_else_is_told_with_what_to_do(made):
    """As in a container that runs as root: git reads nothing, so nobody knows which files are tracked."""
    for path in (made.folder, made.folder / ".git"):
        os.chown(path, 1234, 1234)
    with pytest.raises(ToolError, match="git does not read this checkout: detected dubious") as told:
        Repository.of(made.folder / "p")
    (fault,) = told.value.faults
    assert str(made.folder) == fault.where
    assert f"git config --global --add safe.directory {made.folder}" in fault.hint


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("fatal: not a git repository (or any of the parent directories): .git\n", "not a git repository"),
        ("fatal: not a git repository (or any parent up to mount point /dev)\nStopping at …\n", "not a git"),
        ("warning: x\nfatal: bad\nTo mend it, call:\n\n\tgit mend\n", "bad"),
        ("error: it is so\n", "error: it is so"),
        ("", "git says nothing"),
    ],
)
def test_why_git_failed_is_its_own_line(said, reason):
    """Not what it advises after that."""
    assert refusal(said).startswith(reason)


@pytest.mark.parametrize("name", ["new\nline", "a\ntrue b", "at the end\n", "separator\u2028", "next\x85"])
@pytest.mark.parametrize("kind", ["checkout", "worktree"])
def test_a_folder_may_be_called_anything(tmp_path, name, kind):
    """Line feeds too: what nobody finds would let untracked files into wheels, without a word."""
    own = Made(tmp_path.resolve() / name / "made")
    commit = own.commit({".gitignore": "*.env\n", "p/a.py": ""})
    folder = own.folder
    if kind == "worktree":
        own.git("worktree", "add", "--quiet", "../beside")
        folder = own.folder.parent / "beside"
    found = there(Repository.of(folder / "p"))
    assert (folder, {"a.py": 0o100644}) == (found.root, found.tracked(folder / "p"))
    assert own.folder / ".git/info/exclude" == found.excludes
    (tmp_path / "pack").mkdir()
    assert 2 == len(found.pack([commit], tmp_path / "pack"))


@pytest.mark.parametrize("inner", ["evil", "evil/src"])
def test_a_folder_that_poses_as_a_git_directory_starts_nothing(made, tmp_path, inner):
    """Git would start what `core.fsmonitor` names in there: a commit can have such a folder."""
    ran = tmp_path / "ran"
    settings = f'[core]\n\trepositoryformatversion = 0\n\tworktree = .\n\tfsmonitor = "touch {ran}; false"\n'
    files = {
        "HEAD": "ref: refs/heads/main\n",
        "config": settings,
        "objects/x": "",
        "refs/x": "",
        "src/a.py": "",
    }
    made.commit({f"evil/{name}": text for name, text in files.items()})
    found = there(Repository.of(made.folder / inner))
    assert found.root == made.folder
    with pytest.raises(ToolError, match="git would take it for a git directory"):
        repository.ran(made.folder / inner, "status")
    assert found.changed(made.folder / inner) == frozenset()
    assert "evil/HEAD" in found.tracked(made.folder)
    assert not ran.exists()


def test_files_are_told_from_the_folder(made):
    """Whatever their names are."""
    found = there(Repository.of(made.folder / "p"))
    assert found.root == made.folder
    assert found.tracked(made.folder / "p") == {"a.py": 0o100644, "é\t.txt": 0o100644}
    assert found.committed(made.folder / "q") == {"b.py": 0o100644}
    assert sorted(found.ignored(made.folder / "p", ["."])) == ["gen/", "x.env"]
    assert found.patterns_above(made.folder / "p")[-2:] == ["*.env", "/gen/"]


def test_what_was_only_added_is_tracked_and_not_committed(made):
    """The index and HEAD are two things."""
    made.git("add", "--force", "p/x.env")
    found = there(Repository.of(made.folder))
    assert "x.env" in found.tracked(made.folder / "p")
    assert "x.env" not in there(found.committed(made.folder / "p"))
    assert found.ignored(made.folder / "p", ["."]) == ["gen/"]


def test_nothing_is_committed_in_a_new_repository(tmp_path):
    """None, not no files."""
    made = Made(tmp_path.resolve() / "new")
    assert there(Repository.of(made.folder)).committed(made.folder) is None


def test_a_folder_may_be_ignored_itself(made):
    """With all that is in it."""
    found = there(Repository.of(made.folder / "p/gen"))
    assert found.ignores(made.folder / "p/gen")
    assert not found.ignores(made.folder / "p")


def test_files_are_told_to_be_ignored(made):
    """Tracked ones are not; whatever the names are, and the folder above may be the one that is asked in."""
    (made.folder / 'p/"ü\n.env').write_text("")
    made.git("add", "--force", "p/x.env")
    found = there(Repository.of(made.folder / "p"))
    names = ["p/a.py", "p/gen/1.c", "p/x.env", 'p/"ü\n.env', "q/b.py"]
    ignored = {"p/gen/1.c", 'p/"ü\n.env'}
    assert there(found.ignored_among(made.folder, made.folder / "p", names)) == ignored
    own = [name.removeprefix("p/") for name in names[:4]]
    assert there(found.ignored_among(made.folder / "p", made.folder / "p", own)) == {"gen/1.c", '"ü\n.env'}
    assert found.ignored_among(made.folder, made.folder / "p/gen", names) is None


def test_links_and_other_checkouts_among_the_files_stop_nothing(made):
    """Git has no word on what is beyond them."""
    (made.folder / "p/link").symlink_to("../q")
    inner = Made(made.folder / "p/inner")
    inner.commit({"c.py": ""})
    made.git("add", "p/inner")
    found = there(Repository.of(made.folder))
    names = ["p/a.py", "p/gen/1.c", "p/inner/c.py", "p/link/b.py"]
    assert there(found.ignored_among(made.folder, made.folder / "p", names)) == {"p/gen/1.c"}
    assert found.ignored_among(made.folder, made.folder / "p/gen", names) is None


def test_git_is_asked_once_for_all_folders(made, monkeypatch):
    """Until the index changes."""
    asked = []
    run = process.run

    def counting(words, **options):
        asked.append(words[5])
        return run(words, **options)

    monkeypatch.setattr(process, "run", counting)
    for _ in range(2):
        for name in ("p", "q"):
            found = there(Repository.of(made.folder / name))
            assert set(found.tracked(made.folder / name)) == {"p": {"a.py", "é\t.txt"}, "q": {"b.py"}}[name]
    assert asked == ["rev-parse", "ls-files"]
    made.git("add", "p/new.py")
    assert "new.py" in there(Repository.of(made.folder)).tracked(made.folder / "p")
    assert asked.count("ls-files") == 2


def test_a_folder_is_not_taken_for_one_whose_name_begins_like_it(made):
    """What git sorts between them is in neither."""
    made.commit({"p-2/c.py": "", "p.py": "", "p0/d.py": ""})
    found = there(Repository.of(made.folder))
    assert set(found.tracked(made.folder / "p")) == {"a.py", "new.py", "é\t.txt"}


def test_attributes_of_folders_keep_files_back_from_archives(made):
    """As git archive does."""
    made.commit({".gitattributes": "p/docs/ export-ignore\nq/*.py export-ignore\n", "p/docs/a/b.md": ""})
    found = there(Repository.of(made.folder))
    assert found.export_ignored(made.folder, found.tracked(made.folder)) == {"p/docs/a/b.md", "q/b.py"}


def test_a_hooks_variables_name_no_other_repository(made, tmp_path, monkeypatch):
    """Git sets them for the hook in which pylayer may run."""
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert there(Repository.of(made.folder)).root == made.folder


def test_a_worktree_and_a_submodule_are_checkouts(made, tmp_path):
    """Their `.git` is a file."""
    made.git("worktree", "add", "--quiet", "../tree")
    tree = tmp_path.resolve() / "tree"
    assert there(Repository.of(tree / "p")).root == tree
    assert "a.py" in there(Repository.of(tree / "p")).tracked(tree / "p")
    outer = Made(tmp_path.resolve() / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(made.folder), "sub")
    assert there(Repository.of(outer.folder / "sub/p")).root == outer.folder / "sub"
