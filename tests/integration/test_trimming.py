"""What is put into layers by hand, and what is left out of them, from the command line."""

from __future__ import annotations

import zipfile

import pytest
from factories.wheels import make_wheel

pytestmark = pytest.mark.command

BUILD = "data-python3.11-x86_64"


@pytest.fixture
def shop(shop):
    """A layer of one third-party distribution, which brings its tests along."""
    files = {"heavy/__init__.py": b"", "heavy/tests/big.py": b"x = 1\n" * 4000}
    make_wheel(shop.index.folder, files, name="heavy")
    shop.member("other")
    return shop


def layer(shop, keys):
    """Write layers.toml with one layer, `data`."""
    shop.layers('discover = "listed"', f'[layers.data]\nrequirements = ["heavy"]\n{keys}')


def built(shop):
    """Run, and tell modes by name."""
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    with zipfile.ZipFile(shop.output / f"{BUILD}.zip") as file:
        return ran, {info.filename: oct(info.external_attr >> 16 & 0o777) for info in file.infolist()}


def test_files_are_put_where_they_belong(shop):
    """With the modes that they need there; no other run looks at them until they change."""
    shop.file("vendor/tool", "#!/bin/sh\n")
    shop.file("vendor/ca.pem", "one")
    layer(shop, 'files = { "bin/tool" = "vendor/tool", "etc/ca.pem" = { x86_64 = "vendor/ca.pem" } }')
    ran, found = built(shop)
    assert ("0o755", "0o644") == (found["bin/tool"], found["etc/ca.pem"])
    assert "1 cached in" in shop.run("layers").out
    shop.file("vendor/ca.pem", "two")
    ran, _ = built(shop)
    assert f"{BUILD}  built" in ran.out
    with zipfile.ZipFile(shop.output / f"{BUILD}.zip") as file:
        assert b"two" == file.read("etc/ca.pem")


def test_a_file_that_is_not_there_is_a_wrong_manifest(shop):
    """Before anything is resolved or built."""
    layer(shop, 'files = { "lib/libpq.so.5" = "vendor/libpq.so.5" }')
    ran = shop.run("layers")
    assert 3 == ran.status
    assert 'layers.toml: layers.data.files."lib/libpq.so.5": there is no file "vendor/libpq.so.5"' in ran.err


def test_a_file_over_a_wheels_own_is_refused(shop):
    """Which of the two is meant cannot be known."""
    shop.file("mine.py", "mine = 1\n")
    layer(shop, 'files = { "python/heavy/__init__.py" = "mine.py" }')
    ran = shop.run("layers")
    assert 10 == ran.status
    assert "python/heavy/__init__.py: heavy-1.0-py3-none-any.whl and `files` of layers.toml" in ran.err


def test_what_is_dropped_is_accounted_for(shop):
    """Once, below the build's line."""
    layer(shop, 'drop = ["**/tests/**"]')
    ran, found = built(shop)
    assert "drop saves 1 file, 23.4 KiB unzipped" in ran.out
    assert not any("/tests/" in name for name in found)
    assert "drop saves" not in shop.run("layers", "--jobs", "1").out


def test_why_tells_what_changed(shop):
    """A file, its content, a pattern."""
    shop.file("vendor/a", "one")
    layer(shop, 'files = { "etc/a" = "vendor/a" }')
    built(shop)
    shop.file("vendor/a", "two")
    layer(shop, 'files = { "etc/a" = "vendor/a" }\ndrop = ["**/tests/**"]\nstrip = true')
    told = shop.run("why", BUILD).out
    assert "files: etc/a changed" in told
    assert "drop: +**/tests/**" in told
    assert "strip changed" in told
