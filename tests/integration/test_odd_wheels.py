"""Wheels as the public index has them, which an installer takes without a word."""

from __future__ import annotations

import pytest
from factories.wheels import make_wheel

pytestmark = pytest.mark.command

BUILD = "data-python3.11-x86_64"


def layer(shop, requirements, keys="", tables=""):
    """Write layers.toml with one layer of distributions, compiled."""
    listed = ", ".join(f'"{name}"' for name in requirements)
    head = f"[layers.data]\nrequirements = [{listed}]\nbytecode = true\n"
    shop.layers("", f"{head}{keys}\n{tables}")


def test_a_module_with_a_dot_in_its_name_is_compiled_as_any_other(shop):
    """Playwright and pyinstaller have such files; so has who keeps settings.local.py beside settings.py."""
    files = {"odd/__init__.py": b"", "odd/settings.py": b"A = 1\n", "odd/settings.local.py": b"A = 2\n"}
    make_wheel(shop.index.folder, files, name="odd")
    layer(shop, ["odd"])
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    names = [f"python/odd/__pycache__/{stem}.cpython-311.pyc" for stem in ("settings", "settings.local")]
    assert set(names) < set(shop.members(BUILD))


def test_what_a_distribution_vendors_contradicts_nobody(shop):
    """Neither in a layer with the same distribution, nor in a set with a layer of it."""
    vendored = {
        "big/_vendor/small.py": b"x = 2\n",
        "big/_vendor/small-2.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: small\nVersion: 2.0\n",
        "big/_vendor/small-2.0.dist-info/RECORD": b"small.py,sha256=of-another-file,6\n",
    }
    make_wheel(shop.index.folder, {"big/__init__.py": b"", **vendored}, name="big")
    shop.offer("small", "1.0")
    other = '[layers.other]\nrequirements = ["small"]\n[sets.both]\nlayers = ["data", "other"]\n'
    layer(shop, ["big"], tables=other)
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    assert "[twice]" not in ran.text
    layer(shop, ["big", "small"])
    ran = shop.run("layers")
    assert (0, False) == (ran.status, "[twice]" in ran.text), ran.text


def test_whose_file_is_taken_is_the_users_to_say(shop):
    """With its bytecode; what is not said is an error that says how to."""
    for name in ("one", "two"):
        files = {"tests/__init__.py": f"N = '{name}'\n".encode(), f"{name}.py": b""}
        make_wheel(shop.index.folder, files, name=name)
    layer(shop, ["one", "two"])
    ran = shop.run("layers")
    assert 10 == ran.status, ran.text
    assert 1 == ran.err.count("put different files there")
    assert 'prefer = { "tests/__init__.py" = "one" }' in ran.err

    layer(shop, ["one", "two"], 'prefer = { "tests/" = "two" }')
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    assert "prefer takes tests/__init__.py from two, not from one" in ran.out
    assert "[twice]" not in ran.text

    layer(shop, ["one", "two"], 'drop = ["tests/"]')
    assert 0 == shop.run("layers").status
    assert not [name for name in shop.members(BUILD) if "tests" in name]
