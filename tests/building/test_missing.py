"""Files of the repository that a failed build looked for."""

import pytest

from pylayer.building.missing import inputs

HOOK = '  File "/work/job-1/legacy/inside/hook.py", line 5, in main\n'


@pytest.fixture
def repository(tmp_path):
    for name in ("VERSION", "schemas/a.json", "packages/legacy/setup.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def found(repository, log, subdir="."):
    return inputs(log, folder=repository / "packages/legacy", subdir=subdir, repository=repository)


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("No such file or directory: '/work/job-1/legacy/src/../../VERSION'", ["../../VERSION"]),
        ("No such file or directory: '../../VERSION'", ["../../VERSION"]),
        ("Forced include not found: /work/job-1/schemas.", ["../../schemas"]),
        ("No such file or directory: '../../NOT'", []),
        ("No such file or directory: '/work/job-1/legacy/src/gone.txt'", []),
        ("looked in ../.. and ../", []),
        ("No such file or directory: '../../../../../etc/hosts'", []),
    ],
)
def test_what_the_repository_has_is_named_as_an_input(repository, said, named):
    """Relative to the project, whose folder was another one in the build."""
    assert found(repository, HOOK + said) == named


def test_a_project_may_have_been_in_a_larger_tree(repository):
    """Where it has inputs already."""
    said = "'/work/job-1/legacy/src/packages/legacy/../../VERSION'"
    assert found(repository, HOOK + said, "packages/legacy") == ["../../VERSION"]


def test_without_a_traceback_a_relative_path_still_tells(repository):
    """Tools print what they were given."""
    assert found(repository, "cannot open ../../VERSION, /etc/hosts") == ["../../VERSION"]
