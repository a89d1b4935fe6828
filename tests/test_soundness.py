"""Wheels of others are looked at once, and copied only if they are sound."""

from __future__ import annotations

import asyncio
import csv
import zipfile
from pathlib import Path

import pytest
from factories.wheels import File, make_wheel

from pylayer import soundness, wheels
from pylayer.errors import ArchiveError
from pylayer.graph import Graph

DATA = b"0123456789" * 1000
STORED = zipfile.ZIP_STORED


def damaged(path, old=b"0123456789012", new=b"0123456789013"):
    """The wheel at `path`, a byte of it changed."""
    data = path.read_bytes()
    assert old in data
    path.write_bytes(data.replace(old, new, 1))
    return path


def ensured(path, store):
    """Ensure that a wheel is sound; gives what was looked at."""
    steps = []
    wheel = wheels.read(path)

    async def ensure():
        graph = Graph(jobs=2, watcher=lambda keys, started, ended: steps.append(keys))
        await soundness.ensure(wheel, graph=graph, store=store)

    asyncio.run(ensure())
    return steps


def test_a_sound_wheel_is_looked_at_once(tmp_path, store):
    """That it is sound is known by its sha256."""
    path = make_wheel(tmp_path, {"a.dat": DATA})
    assert ensured(path, store)
    assert [] == ensured(path, store)


def test_a_damaged_member_is_told_each_time(tmp_path, store):
    """Nothing is kept of it."""
    path = damaged(make_wheel(tmp_path, {"a.dat": File(content=DATA, method=STORED)}))
    for _ in range(2):
        with pytest.raises(ArchiveError) as caught:
            ensured(path, store)
        (fault,) = caught.value.faults
        assert "example-1.0-py3-none-any.whl: a.dat" == fault.where
        assert "is damaged: it has not the size and CRC-32 that it should" == fault.what


def test_a_record_that_lies_is_told(tmp_path, store):
    """An installer that looks would refuse it too."""
    record = b"a.py,sha256=AAAA,0\nexample-1.0.dist-info/RECORD,,\n"
    path = make_wheel(tmp_path, {"a.py": b"", "b.py": b"", "example-1.0.dist-info/RECORD": record})
    with pytest.raises(ArchiveError, match=r"a\.py: is not the file that the wheel's RECORD lists"):
        ensured(path, store)


@pytest.mark.parametrize("record", [b"\xff,,\n", b"a" * (csv.field_size_limit() + 1)])
def test_a_record_that_cannot_be_read_is_told(tmp_path, store, record):
    """It would be copied as it is, and read by importlib.metadata."""
    path = make_wheel(tmp_path, {"a.py": b"", "example-1.0.dist-info/RECORD": record})
    with pytest.raises(ArchiveError, match="RECORD: cannot be read"):
        ensured(path, store)


def test_many_damaged_members_are_counted(tmp_path, store):
    """A page of them would say no more."""
    record = b"".join(b"%d.py,sha256=AAAA,0\n" % number for number in range(20))
    files = {f"{number}.py": b"" for number in range(20)}
    path = make_wheel(tmp_path, {**files, "example-1.0.dist-info/RECORD": record})
    with pytest.raises(ArchiveError) as caught:
        ensured(path, store)
    assert (6, "15 more of its files are damaged in this way") == (
        len(caught.value.faults),
        caught.value.faults[-1].what,
    )


def test_large_wheels_are_shared_out(tmp_path, store):
    """So that one of them keeps several processors busy."""
    files = {f"{number}.dat": File(content=bytes(1 << 22)) for number in range(5)}
    looked = ensured(make_wheel(tmp_path, files), store)
    assert 2 + 3 == len(looked)


@pytest.mark.command
def test_a_layer_with_a_damaged_wheel_fails(shop):
    """Exit status 0 and an archive that cannot be unpacked is the worst of ends; other layers are built."""
    folder = Path(shop.index.folder)
    bad = make_wheel(folder, {"a.dat": File(content=DATA, method=STORED), "a.py": b""}, name="bad")
    damaged(bad)
    make_wheel(folder, {"b.py": b""}, name="good")
    shop.layers("", '[layers.a]\nrequirements = ["bad"]\n[layers.b]\nrequirements = ["good"]\n')
    ran = shop.run("layers")
    assert 10 == ran.status, ran.text
    assert "bad-1.0-py3-none-any.whl: a.dat: is damaged" in ran.err
    assert ["b-python3.11-x86_64"] == list(shop.catalogue())
