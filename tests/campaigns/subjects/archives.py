"""Wheels, their RECORD and what is native in them → archives that everybody reads alike."""

from __future__ import annotations

import shutil
import struct
import subprocess
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from factories.wheels import record_of
from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.exceptions import InstallerError
from installer.records import InvalidRecordEntry
from installer.sources import WheelFile

from campaigns import mutations
from campaigns.subjects import Subject, scratch_file
from pylayer import recordfile, wheels
from pylayer.archives import archive as archives
from pylayer.checks import LayerArchive, check, elf
from pylayer.errors import ArchiveError
from pylayer.targets import Architecture, Target, load_runtimes
from pylayer.zips import integrity
from pylayer.zips.reader import Zip

if TYPE_CHECKING:
    from random import Random

_TARGET = Target(runtime=load_runtimes()["python3.13"], architecture=Architecture.X86_64)
_FILENAME = "thing-1.0-py3-none-any.whl"
_INSTALLED = 8  # one in so many is installed as well
CORPUS = Path(__file__).resolve().parents[2] / "fuzz" / "corpus"

# Names that have been somebody's undoing.
_NAMES = (
    *(
        "../x",
        "/etc/passwd",
        "a/../../x",
        "C:\\x",
        "a\\b",
        "a//b",
        "./a",
        "a/.",
        "..",
        "a\0b",
        "a\nb",
        "\x1b[31m",
    ),
    *(
        "thing.py/x",
        "thing.py",
        "THING.PY",
        "x" * 300,
        "x/" * 600 + "y",
        "thing-1.0.data/other/x",
        "\u202egnp.py",
    ),
    *("thing-1.0.data/data/../../x", "thing-1.0.data/scripts/python", "thing-1.0.data/headers/x.h", "dir/"),
    *(
        "other-2.0.dist-info/METADATA",
        "thing-1.0.dist-info/RECORD.jws",
        "__pycache__/x.pyc",
        "thing-1.0.data/x",
    ),
    *(
        "thing-1.0.data/purelib/thing.py",
        "thing-1.0.data/platlib/new.py",
        "thing.pth",
        "a.so",
        "ä/ö.py",
        "e\u0301",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A member as it is written; what is None follows from the content."""

    name: bytes
    content: bytes = b""
    method: int = 8
    flags: int = 0
    mode: int = 0o100644
    crc: int | None = None
    size: int | None = None
    packed_size: int | None = None
    local_name: bytes | None = None
    offset: int | None = None
    extra: bytes = b""
    packed: bytes | None = None
    descriptor: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wheel:
    """A wheel as it is written."""

    entries: tuple[_Entry, ...]
    before: bytes = b""
    comment: bytes = b""
    count: int | None = None
    zip64: bool = False
    gap: bytes = b""


def _written(wheel: _Wheel) -> bytes:
    body, directory = bytearray(wheel.before), bytearray()
    offsets: list[int] = []
    for entry in wheel.entries:
        compressor = zlib.compressobj(6, wbits=-15)
        packed = entry.packed
        if packed is None:
            deflated = compressor.compress(entry.content) + compressor.flush()
            packed = deflated if entry.method == 8 else entry.content
        crc = zlib.crc32(entry.content) if entry.crc is None else entry.crc
        size = len(entry.content) if entry.size is None else entry.size
        packed_size = len(packed) if entry.packed_size is None else entry.packed_size
        flags = entry.flags | (8 if entry.descriptor else 0)
        others = offsets[entry.offset :] if entry.offset is not None else ()
        offsets.append(others[0] if others else len(body))
        fields = (20, flags, entry.method, 0, 33, crc, packed_size & 0xFFFFFFFF, size & 0xFFFFFFFF)
        local = entry.name if entry.local_name is None else entry.local_name
        local_fields = (*fields[:5], 0, 0, 0) if entry.descriptor else fields
        body += struct.pack("<IHHHHHIIIHH", 0x04034B50, *local_fields, len(local), len(entry.extra))
        body += local + entry.extra + packed
        if entry.descriptor:
            body += struct.pack("<IIII", 0x08074B50, *fields[5:])
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 3 << 8 | 20, *fields, len(entry.name),
            len(entry.extra), 0, 0, 0, entry.mode << 16, offsets[-1])  # fmt: skip
        directory += entry.name + entry.extra
    body += wheel.gap
    start, count = len(body), len(wheel.entries) if wheel.count is None else wheel.count
    body += directory
    if wheel.zip64:
        end64 = len(body)
        body += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 45, 45, 0, 0, count, count, len(directory), start)
        body += struct.pack("<IIQI", 0x07064B50, 0, end64, 1)
        count, start_told, length = 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF
    else:
        start_told, length = start, len(directory)
    end = struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, length, start_told, len(wheel.comment))
    return bytes(body + end + wheel.comment)


def _right() -> _Wheel:
    files = {
        "thing.py": b"import json\n\ndef main():\n    return 1\n",
        "thing_more/__init__.py": b"",
        "thing_more/data.bin": bytes(range(256)) * 4,
        "thing_more/_fast.so": _LIBRARY,
        "thing-1.0.data/scripts/thing": b"#!python\nimport thing\n",
        "thing-1.0.data/data/share/thing.txt": b"text\n" * 20,
        "thing-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n"
        b"Requires-Dist: numpy>=2 ; extra == 's3'\nProvides-Extra: s3\nRequires-Python: >=3.9\n\nText.\n",
        "thing-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "thing-1.0.dist-info/RECORD"
    files[record] = record_of(files, record)
    return _Wheel(entries=tuple(_Entry(name=name.encode(), content=data) for name, data in files.items()))


def _mutated(dice: Random, seed: bytes) -> bytes:
    if dice.random() < 0.35:
        data = seed
        for _ in range(dice.choice((1, 1, 2))):
            place = data.rfind(b"PK\x01\x02", 0, dice.randint(0, len(data)))
            if place < 0 or dice.random() < 0.4:
                data = mutations.torn(dice, data)
            else:  # in the directory
                end = min(len(data), place + dice.choice((46, 80)))
                data = data[:place] + mutations.torn(dice, data[place:end]) + data[end:]
        return data
    wheel = _RIGHT
    for _ in range(dice.choice((1, 1, 1, 2, 3))):
        wheel = _changed(dice, wheel)
    return _written(wheel)


def _changed(dice: Random, wheel: _Wheel) -> _Wheel:
    if dice.random() < 0.1:
        return dice.choice(
            (
                replace(wheel, before=b"#!/bin/sh\nexit\n"),
                replace(wheel, comment=b"PK\x05\x06" + bytes(18)),
                replace(wheel, count=dice.choice((0, 1, 0xFFFF, len(wheel.entries) + 1))),
                replace(wheel, zip64=True),
                replace(wheel, gap=dice.randbytes(7)),
            )
        )
    entries = list(wheel.entries)
    place = dice.randrange(len(entries))
    entry = entries[place]
    if dice.random() < 0.12:
        entries.insert(place, replace(entry, content=dice.choice((entry.content, b"other"))))
    elif dice.random() < 0.08:
        del entries[place]
        if not entries:
            return wheel
    else:
        entries[place] = _changed_entry(dice, entry)
    return replace(wheel, entries=tuple(entries))


def _changed_entry(dice: Random, entry: _Entry) -> _Entry:
    name = dice.choice(_NAMES).encode()
    number = dice.choice((0, 1, len(entry.content) + 1, 1 << 20, 0xFFFFFFFF))
    # By hand: an evaluation of all would deflate a bomb for each.
    match dice.randrange(20):
        case 0 | 1 | 2:
            return replace(entry, name=name)
        case 3:
            return replace(entry, local_name=name)
        case 4:
            return replace(entry, name=mutations.torn(dice, entry.name)[:300])
        case 5:
            return replace(entry, method=dice.choice((0, 1, 9, 12, 14, 93, 99)))
        case 6:
            return replace(entry, flags=dice.choice((1, 0x20, 0x40, 0x800, 0x2000, 8)))
        case 7:
            return replace(entry, mode=dice.choice((0o120777, 0o40755, 0o100755, 0, 0o20644, 0o104755)))
        case 8:
            return replace(entry, crc=number)
        case 9:
            return replace(entry, size=number)
        case 10:
            return replace(entry, packed_size=number)
        case 11:
            return replace(entry, offset=dice.randrange(8))
        case 12:
            extra = struct.pack("<HHQQ", 1, 16, dice.choice((number, len(entry.content))), number)
            return replace(entry, extra=dice.choice((extra, dice.randbytes(5), b"\x01\0\xff\xff")))
        case 13:
            return replace(entry, packed=mutations.torn(dice, zlib.compress(entry.content)[2:-4]))
        case 14:
            return replace(entry, descriptor=True)
        case 15 if dice.random() < 0.02:
            return replace(entry, content=bytes(dice.choice((1 << 20, 9 << 20))), size=dice.choice((None, 5)))
        case _:
            return replace(entry, content=mutations.of_lines(dice, entry.content))


def read_wheel(content: bytes, folder: Path) -> None:
    """An archive whose members all readers find, with the same bytes, where an installer puts them."""
    path = scratch_file(folder, _FILENAME, content)
    wheel = wheels.read(path, filename=_FILENAME)
    with Zip(path, label=_FILENAME) as archive:
        hashes = wheels.recorded(archive)
        if wrong := [
            (what, member.name) for what, member in integrity.wrong(archive, archive.members, hashes=hashes)
        ]:
            raise ArchiveError(wrong[0][0], where=wrong[0][1])
    done = folder / "done"
    done.mkdir(exist_ok=True)
    number = zlib.crc32(content)
    destination = done / f"{number:08x}.zip"
    made = archives.assemble([wheel], destination, target=_TARGET)
    with zipfile.ZipFile(destination) as opened:
        names = opened.namelist()
        assert len(names) == len(set(names)) == made.members
        assert opened.testzip() is None
        found = {name: opened.read(name) for name in names}
    assert all(name.startswith("python/") and ".." not in name.split("/") for name in names)
    with Zip(destination) as own:
        assert found == {member.name: own.content(member) for member in own.members}
    for problem in check(LayerArchive(layer="thing", path=destination, wheels=(wheel,)), target=_TARGET):
        assert str(problem)
    wheels.canonicalise(path, folder / "canonical.whl")
    if number % _INSTALLED == 0:
        _installed(path, found, folder / "installed")


def _installed(path: Path, found: dict[str, bytes], into: Path) -> None:
    """Hold an archive to what an installer makes of its wheel; where that refuses it, there is nothing to."""
    shutil.rmtree(into, ignore_errors=True)
    scheme = {name: str(into) for name in ("purelib", "platlib", "data")}
    scheme |= {"scripts": str(into / "bin"), "headers": str(into.with_name("headers"))}
    destination = SchemeDictionaryDestination(
        scheme, interpreter="/var/lang/bin/python3.13", script_kind="posix"
    )
    try:
        with WheelFile.open(path) as source:
            install(source, destination, additional_metadata={})
    except (
        InstallerError,
        InvalidRecordEntry,
        zipfile.BadZipFile,
        KeyError,
        ValueError,
        OSError,
        AssertionError,
    ):
        return
    for name, content in found.items():
        placed = into / name.removeprefix("python/")
        if not name.endswith("/RECORD") and "/bin/" not in name:
            assert placed.read_bytes() == content, name


def unzipped(folder: Path) -> None:
    """`unzip -t` of every archive that was assembled, which are removed then."""
    done = folder / "done"
    if not done.is_dir() or not any(done.iterdir()):
        return
    for path in sorted(done.glob("*.zip")):
        assert path.stat().st_size
    if unzip := shutil.which("unzip"):
        ran = subprocess.run([unzip, "-tqq", f"{done}/*.zip"], capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    shutil.rmtree(done)


def read_record(content: bytes, folder: Path) -> None:
    """RECORD's rows, which are the same once it was written anew."""
    import csv

    try:
        rows = list(recordfile.rows(content))
    except csv.Error as error:
        raise ArchiveError(str(error)) from error
    again = list(recordfile.rows(recordfile.rewritten(content, {"x": recordfile.MovedFile("x")})))
    assert [row[0] for row in again] == [row[0] for row in rows]


def read_elf(content: bytes, folder: Path) -> None:
    """What an ELF file says of itself, or that it says nothing."""
    found = elf.read(content)
    if found is None:
        raise ArchiveError("is no ELF file")
    hash(found)
    assert isinstance(found.machine_name, str)


_LIBRARY = (CORPUS / "library.so").read_bytes()
_RIGHT = _right()
_SEED = _written(_RIGHT)
_RECORD = _RIGHT.entries[-1].content

SUBJECTS = (
    Subject(name="wheels", read=read_wheel, mutate=_mutated, seeds=(_SEED,), weight=20, finish=unzipped),
    Subject(name="RECORD", read=read_record, mutate=mutations.of_lines, seeds=(_RECORD,), weight=4),
    Subject(name="ELF files", read=read_elf, mutate=mutations.torn, seeds=(_LIBRARY,), weight=10),
)
