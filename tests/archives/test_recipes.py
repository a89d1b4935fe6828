"""All that decides an archive, and the archive that stays while it does."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories.layers import target
from factories.wheels import make_wheel

from pylayer import wheels
from pylayer.archives.additions import pack
from pylayer.archives.archive import Compiled
from pylayer.archives.recipes import Recipe, assemble
from pylayer.config.extrafiles import extra_files

TARGET = target()


@pytest.fixture
def recipe(tmp_path):
    """One wheel and nothing else."""
    files = {"a/__init__.py": b"", "a/tests/x.py": b"x" * 2048}
    return Recipe(target=TARGET, wheels=(wheels.read(make_wheel(tmp_path, files)),))


def test_an_archive_is_written_once(tmp_path, store, recipe):
    """What it was told of it is told then."""
    recipe = replace(recipe, drop=("tests/",))
    first = assemble(recipe, tmp_path / "a.zip", store=store)
    second = assemble(recipe, tmp_path / "a.zip", store=store)
    assert (True, 1) == (first.fresh, len(first.notes))
    assert (False, first.archive, ()) == (second.fresh, second.archive, second.notes)


def test_an_archive_that_was_changed_is_written_again(tmp_path, store, recipe):
    """By its content, whatever its date says."""
    first = assemble(recipe, tmp_path / "a.zip", store=store)
    (tmp_path / "a.zip").write_bytes(b"other")
    second = assemble(recipe, tmp_path / "a.zip", store=store)
    assert (True, first.archive) == (second.fresh, second.archive)


def test_every_part_is_in_the_key(tmp_path, store, recipe):
    """Another of any of them is another archive."""
    (tmp_path / "one").write_bytes(b"1")
    files = pack(extra_files({"lib/a": "one"}), architecture=TARGET.architecture, root=tmp_path, store=store)
    others = [
        replace(recipe, target=target("python3.12-x86_64")),
        replace(recipe, wheels=()),
        replace(recipe, compiled=(Compiled(distribution="example", path=tmp_path, sha256="1" * 64),)),
        replace(recipe, only_bytecode=True),
        replace(recipe, files=files),
        replace(recipe, drop=("tests/",)),
        replace(recipe, drop=("docs/",)),
        replace(recipe, prefer=(("a/", "a"),)),
        replace(recipe, prefer=(("a/", "b"),)),
    ]
    assert len(others) + 1 == len({other.key for other in (recipe, *others)})


def test_architectures_share_what_is_the_same_for_both(recipe):
    """A pure archive is made once."""
    assert recipe.key == replace(recipe, target=target("python3.13-arm64")).key
