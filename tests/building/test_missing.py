"""Files of the repository that a failed build looked for."""

import pytest

from pylayer.building.missing import inputs, network, packages
from pylayer.wheels import Metadata

HOOK = '  File "/work/job-1/legacy/inside/hook.py", line 5, in main\n'


@pytest.fixture
def repository(tmp_path):
    for name in ("VERSION", "schemas/a.json", "packages/legacy/setup.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def found(repository, log, subdir=".", **more):
    folder = repository / "packages/legacy"
    return inputs(log, folder=folder, subdir=subdir, repository=repository, **more)


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


def test_what_the_build_saw_is_not_what_it_missed(repository):
    """It failed over something else, whatever its output names."""
    said = "'/work/job-1/legacy/src/VERSION' and /work/job-1/legacy/src/schemas and ../../schemas/a.json"
    seen = ["packages/legacy/setup.py", "schemas/a.json"]
    assert found(repository, HOOK + said, "packages/legacy", seen=seen) == ["../../VERSION"]


def test_a_neighbour_by_its_path_is_no_input(repository):
    """Of a dependency that poetry does not find where its build is, it warns, and goes on."""
    neighbour = repository / "packages/libb"
    neighbour.mkdir()
    said = "Path /work/job-1/legacy/src/packages/libb for libb does not exist"
    assert found(repository, HOOK + said, "packages/legacy", projects=[neighbour]) == []


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ("ModuleNotFoundError: No module named 'packaging'", ["packaging"]),
        ("SyntaxError: invalid syntax", []),
    ],
)
def test_a_package_whose_name_a_build_requirement_needs_is_named(log, found):
    """Not one that is there, nor what it needs on a condition."""
    backend = Metadata(
        name="hatchling",
        version="1.27.0",
        requires=("packaging>=24.2", "pluggy>=1", "pathspec", "tomli>=1; python_version < '3.11'"),
    )
    pluggy = Metadata(name="pluggy", version="1.5")
    names = {"packaging", "pluggy", "tomli"}
    told = packages(log, environment=[backend, pluggy], projects=names)

    assert [(name, backend) for name in found] == told


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("urllib.error.URLError: <urlopen error [Errno -3] Temporary failure in name resolution>", True),
        ("curl: (6) Could not resolve host: downloads.example", True),
        ("  failed to lookup address information: Try again", True),
        (
            "npm error errno EAI_AGAIN\nnpm error request failed, reason: getaddrinfo EAI_AGAIN r.example",
            True,
        ),
        ("connect: Network is unreachable", True),
        ("could not resolve the type of `host`", False),
    ],
)
def test_a_build_that_found_no_network_is_known(said, expected):
    """By what resolvers of names say; a refused connection may be one to the build's own machine."""
    assert expected == network(said)
