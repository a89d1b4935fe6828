"""Why nothing satisfies a request, in words that help."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories.resolving import python
from packaging.specifiers import SpecifierSet

from pylayer.index.simple import _of_name
from pylayer.resolver.explain import _hint, _newer, _patch, _problem, _wanted
from pylayer.resolver.requirements import Request


def files(*names, **row):
    """Files of `thing` as an index offers them."""
    return _of_name("thing", [{"filename": name, "url": name, **row} for name in names])


@pytest.mark.parametrize(
    ("wanted", "offered", "expected"),
    [
        ("", (), "thing is not on any index that is searched"),
        (">2", ("thing-1.0-py3-none-any.whl",), "thing has no version >2"),
        ("", ("thing-1.0.tar.gz",), "thing 1.0 has no wheel that runs there, only an sdist"),
        ("", ("thing-1.0-py3-none-any.whl", "thing-2.0.tar.gz"), ""),
        (
            "==1.0",
            ("thing-1.0-py3-none-x.whl", "thing-1.0-cp311-cp311-manylinux_2_28_x86_64.whl"),
            "thing 1.0 has no wheel that runs there: it has cp311-cp311-manylinux_2_28_x86_64, py3-none-x",
        ),
    ],
)
def test_names_what_is_missing(wanted, offered, expected):
    """A name, a version, or a wheel that fits; the closest tags come first."""
    assert expected == _problem("thing", SpecifierSet(wanted), files(*offered), python())


def test_names_the_python_that_is_needed():
    """Where a version has wheels, and none for a Python this old."""
    offered = files("thing-2.0-cp312-cp312-manylinux_2_17_x86_64.whl", requires_python=">=3.12")
    assert "thing >1 needs a Python >=3.12" == _problem("thing", SpecifierSet(">1"), offered, python())


@pytest.mark.parametrize(
    ("offered", "row", "expected"),
    [
        # By the glibc of their operating system, the Python of the wheel, and what the wheel asks for.
        (("thing-2.0-cp39-abi3-manylinux_2_28_x86_64.whl",), {}, ["python3.12", "python3.13", "python3.14"]),
        (("thing-2.0-cp313-cp313-manylinux_2_17_x86_64.whl",), {}, ["python3.13"]),
        (("thing-2.0-cp39-abi3-manylinux_2_28_x86_64.whl",), {"requires_python": "<3.13"}, ["python3.12"]),
        (("thing-2.0-cp39-abi3-manylinux_2_28_aarch64.whl",), {}, []),
        (("thing-2.0.tar.gz", "thing-1.0-cp39-abi3-manylinux_2_28_x86_64.whl"), {}, []),
    ],
)
def test_knows_the_runtimes_that_it_would_work_with(offered, row, expected):
    """Later ones, of the same machine, and in the version that is wanted."""
    assert expected == _newer(SpecifierSet(), files(*offered, **row), python())


@pytest.mark.parametrize("written", ["!=3.0*", ">=3.6.*", "nonsense"])
def test_a_python_that_is_none_is_passed_over(written):
    """As of pyzmq 19: what is wrong with a file is not what an error is about."""
    offered = files("thing-1.0-cp312-cp312-manylinux_2_17_x86_64.whl", requires_python=written)
    assert "thing 1.0 has no wheel that runs there" in _problem("thing", SpecifierSet(), offered, python())


def test_lists_only_some_of_many_tags():
    """A distribution may have a hundred wheels of one version."""
    offered = files(*(f"thing-1.0-cp3{minor}-cp3{minor}-win_amd64.whl" for minor in range(20, 30)))
    assert _problem("thing", SpecifierSet(), offered, python()).endswith(" and 4 more")


def test_collects_what_is_asked_of_a_name():
    """From requirements and constraints that apply, and from what uv says has no wheel."""
    request = Request(
        requirements=(
            "one<3",
            "two; python_version > '3.12'",
            "ours",
            "url @ https://index.example/u.whl",
            "four<1",
        ),
        constraints=("one>1", "unused<1"),
        overrides=("four>=4",),
        excludes=("ours",),
    )
    reasoning = "Because native==2.0 has no wheels with a matching platform tag and x==1.* has no wheels, "
    reasoning += "old[extra]>=1,<2 has no usable wheels and all versions of none have no usable wheels"
    found = _wanted(reasoning, request, python())
    assert {
        "one": SpecifierSet("<3,>1"),
        "four": SpecifierSet(">=4"),
        "native": SpecifierSet("==2.0"),
        "old": SpecifierSet(">=1,<2"),
        "none": SpecifierSet(),
    } == found


@pytest.mark.parametrize(
    ("wanted", "least"),
    [
        ([">=3.11.4"], 4),
        ([">=3.9.2", ">=3.11.4,<4", "!=3.11.0,>=3.9"], 4),
        (["!=3.11.0,!=3.11.1,>=3.9"], 2),
        ([">=3.9", ">=3.12", "<3.11", "", "nonsense"], None),
    ],
)
def test_knows_the_patch_release_that_would_do(wanted, least):
    """Where it is one of the runtime's own minor version."""
    said = f'if your functions run Python 3.11.{least} or later: [runtimes."python3.11"] patch = {least}'
    assert (said if least else "") == _patch(wanted, python())
    assert "" == _patch(wanted, replace(python(), executable="/usr/bin/python3.11"))


def test_says_what_to_do():
    """What would do, and what else may be allowed."""
    assert "the newest version that would work is 1.0; build it" == _hint("1.0", way="build it")
    assert "" == _hint(None)
    runtimes = "it would work with the runtime python3.12 or python3.13"
    assert f"{runtimes}; patch it" == _hint(None, newer=["python3.12", "python3.13"], patch="patch it")
