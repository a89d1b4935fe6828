"""Sources outside of a project's folder."""

from __future__ import annotations

import pytest

from pylayer.errors import ManifestError
from pylayer.monorepo.inputs import entries, matches, top


@pytest.fixture
def project(tmp_path):
    """Make a repository with a project two folders deep, and give the project's folder."""
    for name in ("packages/lib/a.py", "packages/other/b.py", "schemas/x.json", "schemas/deep/y.json"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (tmp_path / "schemas/__pycache__").mkdir()
    (tmp_path / "schemas/__pycache__/z.pyc").write_text("")
    return tmp_path / "packages/lib"


@pytest.mark.parametrize(
    ("globs", "climbs", "place"),
    [
        ([], 0, "."),
        (["gen/*.py"], 0, "."),
        (["../x"], 1, "lib"),
        (["../x", "../../y/*", "z"], 2, "packages/lib"),
        (["../../packages/other/*"], 2, "packages/lib"),
        (["a/../../x"], 1, "lib"),
    ],
)
def test_the_top_follows_from_how_far_the_globs_climb(project, globs, climbs, place):
    """Whether anything matches has no say."""
    assert top(project, globs) == ([project, *project.parents][climbs], place)


@pytest.mark.parametrize(
    ("globs", "expected"),
    [
        (["../../schemas/*.json"], {"schemas/x.json"}),
        (["../../schemas"], {"schemas/x.json", "schemas/deep/y.json"}),
        (["../../schemas/**"], {"schemas/x.json", "schemas/deep/y.json"}),
        (["../../schemas/**/*.json"], {"schemas/x.json", "schemas/deep/y.json"}),
        (["../other/*.py"], {"other/b.py"}),
        (["../other/*.py", "../../schemas/x.json"], {"packages/other/b.py", "schemas/x.json"}),
        (["../../schemas/__pycache__/*"], {"schemas/__pycache__/z.pyc"}),
        (["../*"], {"other/b.py"}),
        ([".."], {"other/b.py"}),
        (["a.py"], {"a.py"}),
    ],
)
def test_files_come_with_names_from_the_top(project, globs, expected):
    """Folders bring what is in them; caches come only by name; the project has its own walk."""
    assert {entry.name for entry in entries(project, globs)} == expected


def test_an_executable_input_is_one(project):
    """Its owner's bit counts, as in the project."""
    (project / "../../schemas/x.json").chmod(0o755)
    assert [entry.executable for entry in entries(project, ["../../schemas/*.json"])] == [True]


def test_a_glob_may_match_nothing(project):
    """Whoever reads the manifest makes that a fault."""
    assert list(matches(project, "../../schemas/*.xml")) == []


def test_an_input_stays_in_the_repository(project, tmp_path_factory):
    """A link on its way, or in what it matches, is followed no further."""
    repository = project.parents[1]
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.json").write_text("")
    (repository / "linked").symlink_to(elsewhere)
    (repository / "schemas/deep/in.json").symlink_to("../x.json")
    found = {entry.name for entry in entries(project, ["../../schemas"], repository=repository)}
    assert "schemas/deep/in.json" in found
    (repository / "schemas/deep/out.json").symlink_to(elsewhere / "secret.json")
    for glob in ("../../linked/*.json", "../../linked", "../../schemas", "../../schemas/deep/*.json"):
        with pytest.raises(ManifestError, match=r"symbolic link"):
            list(entries(project, [glob], repository=repository))
