"""What an archive weighs is divided among its distributions, and nothing is lost or counted twice."""

from __future__ import annotations

import zipfile
from dataclasses import replace

import pytest
from factories import there
from factories.dist import entry
from factories.reports import Workshop, module
from factories.wheels import make_zip

from pylayer.errors import StoreError
from pylayer.report.weighing import recall, weigh
from pylayer.store import hash_file

SOURCE = module(2000)


@pytest.fixture
def workshop(tmp_path):
    return Workshop(tmp_path)


@pytest.fixture
def listed(workshop):
    files = {
        "libetl/__init__.py": SOURCE,
        "libetl/fast.so": b"\x7fELF" * 500,
        "libetl/data.csv": b"1,2\n" * 9,
    }
    return workshop.build("etl", {"libetl 2.0": files, "requests 2.32": {"requests.py": SOURCE}})


def loose(folder, files):
    """An archive that nobody assembled, with its entry."""
    path = make_zip(folder / "loose.zip", files)
    with zipfile.ZipFile(path) as archive:
        unzipped = sum(info.file_size for info in archive.infolist())
    return path, replace(
        entry(), sha256=hash_file(path), size=path.stat().st_size, unzipped_size=unzipped, distributions=()
    )


def test_the_parts_make_up_the_sizes_of_layers_json(workshop, listed):
    """Packed sizes and the end of the directory are the zip's; unpacked ones are the unzipped size."""
    weights = weigh(workshop.output / "etl-python3.13-x86_64.zip", listed)

    assert sum(part.size for part in weights.parts) + weights.overhead == listed.size
    assert sum(part.unzipped_size for part in weights.parts) == listed.unzipped_size
    assert weights.overhead == 22  # the end record, without a comment


def test_unpacked_sizes_are_those_of_the_files(workshop, listed):
    """As zipfile reads them, by folder."""
    path = workshop.output / "etl-python3.13-x86_64.zip"
    with zipfile.ZipFile(path) as archive:
        expected = sum(
            member.file_size for member in archive.infolist() if member.filename.startswith("python/libetl")
        )

    assert there(weigh(path, listed).part("libetl")).unzipped_size == expected


def test_parts_have_versions_and_come_heaviest_first(workshop, listed):
    """Versions are those of layers.json."""
    weights = weigh(workshop.output / "etl-python3.13-x86_64.zip", listed)

    assert [(part.name, part.version) for part in weights.parts] == [("libetl", "2.0"), ("requests", "2.32")]


def test_kinds_of_files_divide_a_part(workshop, listed):
    """Sources, native code and the rest; together they are the whole part."""
    part = there(weigh(workshop.output / "etl-python3.13-x86_64.zip", listed).part("libetl"))

    assert (part.kinds["Python source"], part.kinds["native code"]) == (len(SOURCE), 2000)
    assert sum(part.kinds.values()) == part.unzipped_size


def test_bytecode_belongs_to_the_distribution_of_its_source(tmp_path):
    """RECORD never lists it, whether beside its source or in `__pycache__`."""
    path, listed = loose(
        tmp_path,
        {
            "python/lib-1.dist-info/RECORD": b"lib/a.py,,\nlib/b.py,,\nlib-1.dist-info/RECORD,,\n",
            "python/lib/__pycache__/a.cpython-313.pyc": b"a" * 10,
            "python/lib/b.pyc": b"b" * 20,
        },
    )

    assert there(weigh(path, listed).part("lib")).kinds["bytecode"] == 30


def test_what_is_nobodys_goes_by_its_folder(tmp_path):
    """A file that no RECORD lists is still weighed."""
    path, listed = loose(tmp_path, {"bin/tool": b"x" * 10, "python/stray.py": b"y" * 20})
    weights = weigh(path, listed)

    assert {part.name: part.unzipped_size for part in weights.parts} == {"bin/": 10, "python/": 20}


@pytest.mark.parametrize("ruin", [lambda path: path.unlink(), lambda path: path.write_bytes(b"PK")])
def test_another_file_than_layers_json_names_is_refused(workshop, listed, ruin):
    """The error names the archive and says what to do."""
    path = workshop.output / "etl-python3.13-x86_64.zip"
    ruin(path)

    with pytest.raises(StoreError, match=path.name) as caught:
        weigh(path, listed)
    assert caught.value.faults[0].where == path.name


def test_a_store_remembers_what_an_archive_weighed(workshop, listed):
    """So that a later build can be compared with one whose archive is gone."""
    weights = weigh(workshop.output / "etl-python3.13-x86_64.zip", listed, store=workshop.store)

    assert recall(listed.sha256, store=workshop.store) == weights
    assert recall("00" * 32, store=workshop.store) is None
