"""Which versions of what is built from source go together with the rest."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from factories.resolving import Desk, add, python, resolved

from pylayer.errors import ResolveError
from pylayer.resolver.fitting import versions_that_fit, with_all_sdists
from pylayer.resolver.requirements import Request


@pytest.fixture
def desk(tmp_path):
    """A machine with no index yet."""
    with ExitStack() as stack:
        yield Desk(tmp_path, stack)


def fitting(desk, needs):
    """The version of what has sdists of three versions, and a newer wheel, where another `needs` it."""
    index = desk.index()
    for version in ("1.0", "2.0", "3.0a1"):
        (index.folder / f"thing-{version}.tar.gz").write_bytes(b"")
    add(index, "thing", "4.0")
    add(index, "theirs", "1.0", needs=[needs])
    request = Request(requirements=("theirs",))
    return versions_that_fit(["thing"], request, python=python(), settings=desk.settings(index))


@pytest.mark.parametrize(
    ("needs", "version"), [("thing", "2.0"), ("thing<2", "1.0"), ("thing>=3.0a0", "3.0a1")]
)
def test_what_others_require_decides(desk, needs, version):
    """What is a wheel alone is none of them."""
    assert {"thing": version} == fitting(desk, needs)


def test_what_does_not_go_together_in_any_version_is_explained(desk):
    """Whichever version would be built."""
    with pytest.raises(ResolveError, match="no versions go together") as error:
        fitting(desk, "gone")
    assert "gone was not found" in error.value.log


def test_all_that_would_have_to_be_built_is_told_at_once(desk):
    """However often the resolver would have stopped."""
    index = desk.index()
    for name in ("one", "two", "three"):
        (index.folder / f"{name}-1.0.tar.gz").write_bytes(b"")
    add(index, "theirs", "1.0", needs=["one==1.0", "others"])
    add(index, "others", "1.0", needs=["two", "three==1.0"])
    request, settings = Request(requirements=("theirs",)), desk.settings(index)
    with pytest.raises(ResolveError) as caught:
        resolved(settings, "theirs")
    found = with_all_sdists(caught.value, [], request, python=python(), settings=settings)
    assert 1 == len(caught.value.faults)
    assert {"one", "two", "three"} == {fault.about for fault in found.faults}
    assert found.log == caught.value.log


def test_an_error_about_something_else_stays(desk):
    """No index is asked for it again."""
    error = ResolveError("no versions go together")
    request, settings = Request(requirements=("x",)), desk.settings(desk.index())
    assert error is with_all_sdists(error, [], request, python=python(), settings=settings)
