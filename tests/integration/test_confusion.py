"""No index is asked for the name of a package of the monorepo, and none that offers it can slip one in."""

from __future__ import annotations

import shutil
import tarfile

import pytest
from factories.localindex import serving
from factories.wheels import make_wheel

pytestmark = pytest.mark.command

LIBA = "liba-python3.11-x86_64"
OURS = {"liba", "libb", "libtool", "lib-deep"}


@pytest.fixture
def shop(shop):
    """An index that offers all our names in a version of which any resolver would be glad."""
    for name in OURS:
        shop.offer(name, "99.0")
    shop.offer("third", "1.0")
    shop.layers()
    return shop


@pytest.fixture
def corp(tmp_path):
    """Where a wheel has an address."""
    (tmp_path / "corp").mkdir()
    with serving(tmp_path / "corp") as corp:
        make_wheel(corp.folder, name="private", version="1.0")
        yield corp


def built(shop, *words, status=0):
    """Build, and give what the layer holds; nobody was asked for our names."""
    shop.layers(*words)
    ran = shop.run("layers")
    assert status == ran.status, ran.text
    assert set() == shop.index.names() & OURS
    return shop.versions(LIBA) if status == 0 else ran.err


def test_a_dependency(shop):
    """A package that a package requires."""
    shop.member("liba", "libb")
    shop.member("libb")

    assert {"liba": "1.0", "libb": "1.0"} == built(shop)


def test_a_dependency_of_a_dependency(shop):
    """However deep, with an extra and under another spelling."""
    shop.member("liba", "libb[fast]")
    shop.member("libb", extras={"fast": ["Lib_Deep>=0.5"]})
    shop.member("lib-deep")

    assert {"liba": "1.0", "libb": "1.0", "lib-deep": "1.0"} == built(shop)


def test_what_a_distribution_from_the_index_requires(shop):
    """Third parties may require our names: for them too, they are ours."""
    shop.offer("evil", "1.0", "libb>=1")
    shop.member("liba", "evil")
    shop.member("libb", "third")

    assert {"liba": "1.0", "libb": "1.0", "evil": "1.0", "third": "1.0"} == built(shop)


def test_a_version_that_only_the_index_has(shop):
    """It is an error, not a reason to look there."""
    shop.offer("evil", "1.0", "libb>=99")
    shop.member("liba", "evil")
    shop.member("libb")

    assert "evil requires libb>=99, but the monorepo has 1.0" in built(shop, status=4)


def test_a_build_requirement(shop):
    """What builds a package runs its code."""
    shop.member("liba", building=["libtool"])
    shop.member("libtool", "third")

    assert {"liba": "1.0"} == built(shop)


def test_a_build_requirement_that_only_the_backend_asks_for(shop):
    """Also if it is asked for while it is built."""
    shop.member("liba", asks=["libtool"])
    shop.member("libtool")

    assert {"liba": "1.0"} == built(shop)


def test_a_build_requirement_of_a_build_requirement(shop):
    """A builder from the index that requires our name does not get the index's."""
    shop.offer("builder", "1.0", "libtool")
    shop.member("liba", building=["builder"])
    shop.member("libtool")

    assert {"liba": "1.0"} == built(shop)


def test_a_build_requirement_that_cannot_do_without_our_name(shop):
    """Nobody knows whether it means ours until the package says so, and without it the backend fails."""
    shop.offer("builder", "1.0", "libtool")
    shop.member("liba", building=["builder"])
    shop.more("packages/liba/backend.py", "import libtool\n")
    shop.member("libtool")

    said = built(shop, status=9)
    assert "builder 1.0, with which it is built, requires libtool: here that is a package of the" in said

    shop.member("liba", building=["builder", "libtool"])

    assert {"liba": "1.0"} == built(shop)


def test_an_upgrade(shop):
    """Choosing everything anew changes nothing about it."""
    shop.member("liba", "libb", "third")
    shop.member("libb")
    built(shop)

    assert 0 == shop.run("lock", "--upgrade").status
    assert set() == shop.index.names() & OURS


def test_a_project_that_takes_the_name_of_what_was_locked(shop):
    """From then on it is that project; the lock is stale."""
    shop.member("liba", "evil")
    shop.offer("evil", "1.0", "lib-deep")
    shop.member("lib-other")
    shop.manifest((shop.root / "layers.toml").read_text())
    assert "99.0" == _built_unguarded(shop)["lib-deep"]
    shop.member("lib-deep")
    ran = shop.run("layers", "--locked")

    assert (5, True) == (ran.status, "lib-deep is a project of the monorepo" in ran.err), ran.text
    assert 0 == shop.run("layers").status
    assert "1.0" == shop.versions(LIBA)["lib-deep"]


def test_an_explicit_index_with_our_name_pinned_to_it(shop):
    """Even layers.toml cannot make an index be asked for it."""
    shop.member("liba", "libb")
    shop.member("libb")
    tables = (
        f'[[index]]\nname = "corp"\nurl = "{shop.index.url}"\nexplicit = true\ndistributions = ["libb"]\n'
    )

    assert {"liba": "1.0", "libb": "1.0"} == built(shop, "", tables)


@pytest.mark.parametrize("way", ["source", "requirement", "constraints", "overrides"])
def test_what_has_an_address_and_may_be_built(shop, corp, way):
    """Nothing of that name is built that a stranger put on the index."""
    project = shop.member("private", version="99.0")
    shop.more("packages/private/backend.py", "raise SystemExit('a stranger runs')\n")
    with tarfile.open(shop.index.folder / "private-99.0.tar.gz", "w:gz") as archive:
        archive.add(project, "private-99.0")
    shutil.rmtree(project)
    direct = f"private @ {corp.root}/files/private-1.0-py3-none-any.whl"
    shop.member("liba", direct if way == "requirement" else "private")
    if way == "source":
        shop.more(
            "packages/liba/pyproject.toml",
            f'[tool.uv.sources]\nprivate = {{ url = "{direct.removeprefix("private @ ")}" }}\n',
        )
    top = f'{way} = ["{direct}"]' if way in {"constraints", "overrides"} else ""
    shop.layers(top, defaults='build-from-source = ["private"]')
    ran = shop.run("layers")

    assert 0 == ran.status, ran.text
    assert {"liba": "1.0", "private": "1.0"} == shop.versions(LIBA)
    assert [] == [asked.path for asked in shop.index.asked if "private" in asked.path]


def _built_unguarded(shop):
    shop.layers()
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    return shop.versions(LIBA)
