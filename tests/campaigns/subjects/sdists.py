"""What an index calls an sdist, and addresses of git repositories → files below one folder, and no option."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
from typing import TYPE_CHECKING

from factories import winding

from campaigns import mutations
from campaigns.subjects import Subject, scratch_file
from pylayer.building import sdists
from pylayer.index import gits
from pylayer.index.pins import Pin

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

_PIN = Pin(name="thing", version="1.0", filename="thing-1.0.tar", sha256="")
_TOP = "thing-1.0"
_PYPROJECT = b'[project]\nname = "thing"\nversion = "1.0"\n'
_KINDS = (
    *(tarfile.REGTYPE, tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE),
    *(tarfile.CONTTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.AREGTYPE, b"?"),
)
# Few, so that one often stands where another leads, or in its way.
_NAMES = (
    *("a", "A", "a/b", "a/b/c", "b", "b/c", "d", ".", "..", "../x", "../../victim", "a/..", "a/../../x"),
    *("/etc/passwd", "//x", "\x1b[31m", "ä", "x" * 300, "x/" * 60 + "y", "a\nb", "", "./a", "a//b"),
    *(winding.WAY, f"{winding.WAY}/../../victim", f"{winding.WAY}/../victim"),
)
_TARGETS = (*_NAMES, "../a", "../../..", "a/../../../victim", ".", "./", "thing-1.0/a", "thing-1.0/d")


def _packed(members: list[tuple[str, bytes, str]]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, text in [(f"{_TOP}/pyproject.toml", tarfile.REGTYPE, ""), *members]:
            info = tarfile.TarInfo(name)
            info.type = kind
            content = _PYPROJECT if name.endswith("pyproject.toml") else text.encode()
            info.linkname, info.size = text, len(content) if info.isreg() else 0
            archive.addfile(info, io.BytesIO(content))
    return written.getvalue()


def _mutated(dice: Random, seed: bytes) -> bytes:
    if dice.random() < 0.4:
        return mutations.torn(dice, seed)
    members: list[tuple[str, bytes, str]] = []
    if dice.random() < 0.02:  # it takes a hundred times as long
        for name, to in winding.members():
            members.append((f"{_TOP}/{name}", tarfile.SYMTYPE if to else tarfile.DIRTYPE, to))
    for _ in range(dice.randint(1, 6)):
        name = dice.choice(_NAMES)
        whole = name if dice.random() < 0.1 else f"{_TOP}/{name}"
        members.append((whole, dice.choice(_KINDS), dice.choice(_TARGETS)))
    content = _packed(members)
    return mutations.torn(dice, content) if dice.random() < 0.1 else content


def read_sdist(content: bytes, folder: Path) -> None:
    """Files and links below a folder that has nothing in it from elsewhere."""
    path = scratch_file(folder, _PIN.filename, content)
    into = folder / "into"
    shutil.rmtree(into, ignore_errors=True)
    try:
        sdists.unpack(path, _PIN, into=into)
        top = os.path.realpath(into)
        for place, folders, names in os.walk(into):
            for found in (os.path.join(place, name) for name in (*folders, *names)):  # noqa: PTH118
                if os.path.islink(found):  # noqa: PTH114
                    assert os.path.realpath(found).startswith(f"{top}/")
                else:
                    assert os.path.isdir(found) or os.path.isfile(found)  # noqa: PTH112, PTH113
    finally:
        shutil.rmtree(into, ignore_errors=True)


def read_address(content: bytes, folder: Path) -> None:
    """Nothing that git takes for an option, and no folder outside."""
    source = gits.origin("thing", content.decode(errors="replace"))
    assert not source.url.startswith("-")
    assert not source.ref.startswith("-")
    assert ".." not in source.subdirectory.split("/")


_ADDRESSES = (
    b"git+https://git.example/a/x.git@v1#subdirectory=python/x",
    b"git+ssh://git@git.example:22/a/x.git@feature/y",
)
SUBJECTS = (
    Subject(
        name="sdists",
        read=read_sdist,
        mutate=_mutated,
        seeds=(_packed([(f"{_TOP}/a", b"0", "x")]),),
        weight=10,
    ),
    Subject(name="addresses of git", read=read_address, mutate=mutations.of_lines, seeds=_ADDRESSES),
)
