"""Wheels of an index that would be more than they say."""

from __future__ import annotations

import pytest
from factories.wheels import make_wheel

pytestmark = pytest.mark.command

BUILD = "data-python3.11-x86_64"
FILES = {
    # Wherever an installer would put it, also beside the runtime's programs and libraries.
    "evil-1.0.data/data/bin/sh": b"#!/bin/sh\n",
    "evil-1.0.data/data/lib/libc.so.6.py": b"",
    "evil-1.0.data/data/python/data.txt": b"",
    "evil-1.0.data/scripts/python3": b"#!python\n",
    "evil-1.0.data/purelib/evil.py": b"",
    # In place of what is the runtime's.
    "json/__init__.py": b"",
    "boto3/__init__.py": b"",
    "evil.pth": b"import evil\n",
}


def test_a_wheel_puts_nothing_elsewhere_and_replaces_nothing_unsaid(shop):
    """All of it is below python/, and what goes before the runtime's own is told."""
    make_wheel(shop.index.folder, FILES, name="evil")
    shop.layers("", '[layers.data]\nrequirements = ["evil"]\n')
    ran = shop.run("layers")
    assert 0 == ran.status, ran.text
    members = shop.members(BUILD)
    assert [] == [name for name in members if not name.startswith("python/")]
    assert {"python/bin/sh", "python/bin/python3", "python/python/data.txt"} < set(members)
    for said in ("[stdlib]", "json", "[runtime]", "boto3", "evil.pth"):
        assert said in ran.text


OUTSIDE = ["../evil.py", "/evil.py", "evil2-1.0.data/data/../../../evil.py", "a\\..\\evil.py"]


def test_a_wheel_that_names_a_file_outside_is_refused(shop):
    """By the file's own name, and nothing of it is taken; others are built."""
    shop.offer("good", "1.0")
    for number, path in enumerate(OUTSIDE):
        make_wheel(shop.index.folder, {path: b""}, name=f"evil{number}")
    names = ["good", *(f"evil{number}" for number in range(len(OUTSIDE)))]
    shop.layers("", "".join(f'[layers.{name}]\nrequirements = ["{name}"]\n' for name in names))
    ran = shop.run("layers")
    assert ["good-python3.11-x86_64"] == list(shop.catalogue())
    assert ran.status == 10, ran.text
    for number in range(len(OUTSIDE)):
        assert f"evil{number}-1.0-py3-none-any.whl: " in ran.err
    assert "Traceback" not in ran.err
