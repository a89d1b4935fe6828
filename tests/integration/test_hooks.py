"""What a build backend asks for, of a run that gives it no more than it may have."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.command

GOOD = "good-python3.11-x86_64"


@pytest.mark.timeout(120)
def test_hooks_in_a_circle_end_their_own_builds_alone(shop):
    """Each asks for the other, once it is there; nothing in a file says so beforehand."""
    shop.member("liba", asks=["libb"])
    shop.member("libb", asks=["liba"])
    shop.member("good")
    shop.layers()
    ran = shop.run("layers")
    assert [GOOD] == list(shop.catalogue())
    assert ran.status == 9
    assert "cannot be built without itself: lib" in ran.err
    assert "Traceback" not in ran.err


def test_a_hook_tells_nobody_anything_by_an_address(shop):
    """The host would ask for it, though the build has no network."""
    shop.member("liba", asks=[f"x @ {shop.index.root}/leak/DATA/x-1.0-py3-none-any.whl"])
    shop.member("good")
    shop.layers()
    ran = shop.run("layers")
    assert [GOOD] == list(shop.catalogue())
    assert not [path for path in shop.index.paths() if "leak" in path]
    assert ran.status == 9
    assert "by an address that it does not declare" in ran.err


def test_a_wheel_tells_nobody_anything_by_an_address(shop):
    """What it requires, the host asks for: of a server that the project names nowhere, a build made it up."""
    scheme, _, server = shop.index.root.partition("://")
    shop.member("liba", dynamic=["x @ SERVER/leak/DATA/x-1.0-py3-none-any.whl"])
    made_up = f'"{scheme}:" + "//" + ".".join({server.split(".")})'
    backend = (shop.root / "packages/liba/backend.py").read_text()
    shop.file(
        "packages/liba/backend.py",
        backend.replace("+ dynamic", f"+ [each.replace('SERVER', {made_up}) for each in dynamic]"),
    )
    shop.member("good")
    shop.layers()
    ran = shop.run("layers")
    assert [GOOD] == list(shop.catalogue())
    assert not [path for path in shop.index.paths() if "leak" in path]
    assert ran.status == 9, ran.text
    assert "liba for python3.11-x86_64: its build made a wheel that requires x@" in ran.err.replace(
        " @ ", "@"
    )
