"""What a build sees of version control."""

from __future__ import annotations

import subprocess

import pytest
from factories.repositories import Repository

from pylayer.monorepo.checkout import consulted, objects, seen
from pylayer.monorepo.workspace import load, tree

HEAD = '[defaults]\nruntimes = ["python3.11"]\narchitectures = ["x86_64"]\n'
PYPROJECT = """
[build-system]
requires = {requires}
build-backend = "{backend}"
[project]
name = "liba"
version = "1"
"""

BACKENDS = {
    "hatchling": "hatchling.build",
    "poetry-core": "poetry.core.masonry.api",
    "setuptools": "setuptools.build_meta",
}


@pytest.fixture
def made(tmp_path):
    """A repository with one project in it, by what that needs to be built."""

    def make(*requires: str, inputs: str = "", folder: str = "packages/liba"):
        repository = Repository(tmp_path.resolve() / "made")
        repository.commit(
            {
                ".gitignore": "*.env\n/packages/liba/gen/\n",
                "layers.toml": f'packages = ["{folder}"]\n{HEAD}{inputs}',
                "schemas/a.json": "",
                f"{folder}/pyproject.toml": PYPROJECT.format(
                    requires=list(requires), backend=BACKENDS[requires[0]]
                ),
                f"{folder}/liba.py": "",
            }
        )
        (repository.folder / folder / "x.env").write_text("")
        return repository.folder

    return make


def look(root):
    """What the project's build sees, by name."""
    project = load(root / "layers.toml").projects["liba"]
    found = seen(project, tree(project).entries)
    return ({entry.name: entry.source for entry in one} for one in (found.inside, found.around))


def test_hatchling_sees_the_nearest_ignore_file(made):
    """Above its folder; that of Mercurial is none, and ends the search there."""
    inside, around = look(made("hatchling"))
    assert inside == {}
    assert around == {".gitignore": b"*.env\n/packages/liba/gen/\n", ".hgignore": b""}


def test_a_backend_that_looks_at_nothing_sees_nothing(made):
    """So its wheel does not depend on it."""
    assert list(look(made("setuptools"))) == [{}, {}]


def test_poetry_sees_a_git_directory(made):
    """Beside its files, with what the ignore files above come to."""
    inside, around = look(made("poetry-core"))
    assert b"liba.py" in inside[".git/index"]
    assert b"x.env" not in inside[".git/index"]
    assert "/x.env" in around["home/.config/git/ignore"].decode().splitlines()
    assert "/gen/" in around["home/.config/git/ignore"].decode().splitlines()
    assert ".git/refs/heads/main" not in inside


def test_setuptools_scm_sees_a_commit(made):
    """Without one it lists nothing."""
    inside, _ = look(made("setuptools", "setuptools-scm"))
    assert ".git/refs/heads/main" in inside


def test_a_setup_script_may_ask_for_setuptools_scm(made):
    """Then the requirement is in there, and in no file that says so."""
    root = made("setuptools")
    (root / "packages/liba/pyproject.toml").unlink()
    script = 'from setuptools import setup\nsetup(name="liba", use_scm_version=True)\n'
    (root / "packages/liba/setup.py").write_text(script)
    inside, _ = look(root)
    assert ".git/refs/heads/main" in inside


def test_a_repository_may_begin_in_the_tree(made):
    """Where inputs reach up to its top."""
    root = made("poetry-core", inputs='[projects.liba]\ninputs = ["../../schemas/*"]\n')
    (root / "other.py").write_text("")
    inside, around = look(root)
    assert inside[".gitignore"].startswith(b"*.env")
    assert b"packages/liba/liba.py" in inside[".git/index"]
    assert b"schemas/a.json" in inside[".git/index"]
    assert b"layers.toml" not in inside[".git/index"]  # it is not in the tree
    assert around["home/.config/git/ignore"] == b"/packages/liba/x.env\n"


def test_patterns_that_ignore_the_project_itself_are_not_heeded(made):
    """By hatchling, whose own rule this is."""
    root = made("hatchling")
    (root / ".gitignore").write_text("packages/\n*.env\n")
    assert list(look(root)) == [{}, {".gitignore": b"", ".hgignore": b""}]


def test_a_project_of_which_nothing_is_tracked_may_be_ignored(made):
    """Then poetry-core does not ask further."""
    root = made("poetry-core")
    (root / ".gitignore").write_text("packages/\n")
    subprocess.run(["git", "rm", "--cached", "--quiet", "-r", "packages"], cwd=root, check=True)
    assert list(look(root)) == [{}, {}]


def test_what_takes_a_version_from_git_sees_the_history(made):
    """From the top of the checkout, where its tree begins: only there git can say what changed."""
    root = made("poetry-core", "poetry-dynamic-versioning")
    inside, _ = look(root)
    assert {".git/HEAD", ".git/index", ".git/packed-refs", ".gitignore"} <= set(inside)
    project = load(root / "layers.toml").projects["liba"]
    assert "packages/liba" == tree(project).subdir
    assert {".git/objects/pack/pack-history.pack", ".git/shallow"} < {
        entry.name for entry in objects(project)
    }


@pytest.mark.parametrize("leads", ["../secret", "/ABSOLUTE", ".git/config"])
@pytest.mark.parametrize(
    "requires", [["hatchling"], ["poetry-core"], ["poetry-core", "poetry-dynamic-versioning"]]
)
def test_an_ignore_file_that_leads_elsewhere_is_none(made, tmp_path, requires, leads):
    """Else a build would have what this machine keeps for itself; git follows no such link either."""
    root = made(*requires)
    (tmp_path / "secret").write_text("[http]\n\textraheader = s3cret\n")
    (root / ".git/config").write_text((root / ".git/config").read_text() + "[http]\n\textraheader = s3cret\n")
    for folder in (root, root / "packages"):
        for name in (".gitignore", ".hgignore"):
            (folder / name).unlink(missing_ok=True)
            up = "../" if folder != root and leads[0] == "." else ""
            (folder / name).symlink_to(up + leads.replace("/ABSOLUTE", str(tmp_path / "secret")))
            assert "s3cret" in (folder / name).read_text()
    inside, around = look(root)
    assert not [name for name, text in (*inside.items(), *around.items()) if b"s3cret" in text]


def test_an_ignore_file_may_be_a_link_in_the_repository(made):
    """Hatchling follows it."""
    root = made("hatchling")
    (root / ".gitignore").rename(root / "ignored.txt")
    (root / ".gitignore").symlink_to("ignored.txt")
    _, around = look(root)
    assert around[".gitignore"] == b"*.env\n/packages/liba/gen/\n"


@pytest.mark.parametrize(
    ("requires", "name"),
    [
        ("hatchling", ".gitignore"),
        ("poetry-core", ".gitignore"),
        ("poetry-core", ".git/index"),
        ("poetry-core", ".gitattributes"),
        ("poetry-core", ".git/info/attributes"),
    ],
)
def test_files_that_decide_are_known(made, requires, name):
    """A run without changes asks for their status."""
    root = made(requires)
    assert root / name in consulted(load(root / "layers.toml").projects["liba"])
