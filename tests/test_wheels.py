from __future__ import annotations

import csv
import hashlib
import json
import struct
import zipfile

import pytest
from factories.wheels import File, make_wheel, make_zip
from hypothesis import given, settings
from hypothesis import strategies as st

from pylayer import wheels
from pylayer.errors import ArchiveError, StoreError
from pylayer.recordfile import hash_and_size

ELF = b"\x7fELF\x02\x01\x01" + bytes(57)
PE = b"MZ" + bytes(58) + struct.pack("<I", 128) + bytes(64) + b"PE\0\0" + bytes(20)
MACH_O = struct.pack("<II", 0xFEEDFACF, 0x0100000C) + bytes(24)
FAT_MACH_O = struct.pack(">II", 0xCAFEBABE, 2) + bytes(40)


def test_metadata_is_read_and_normalised(tmp_path):
    """Name, version and extras in their normal forms, requirements as they stand."""
    path = make_wheel(
        tmp_path,
        {"my_lib/__init__.py": b""},
        name="My.Lib",
        version="1.0",
        metadata=[
            "Requires-Python: >=3.9",
            "Requires-Dist: numpy>=2; python_version>'3.9'",
            "Requires-Dist: boto3; extra == 's3'",
            "Provides-Extra: S3_Fast",
        ],
    )
    expected = wheels.Metadata(
        name="my-lib",
        version="1.0",
        requires=("numpy>=2; python_version>'3.9'", "boto3; extra == 's3'"),
        extras=("s3-fast",),
        requires_python=">=3.9",
        tags=("py3-none-any",),
        root_is_purelib=True,
        native=False,
    )
    assert expected == wheels.read(path).metadata


def test_a_wheel_knows_its_hash_and_its_name(tmp_path):
    """The name is the one it is told where the path does not say it."""
    path = make_wheel(tmp_path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    blob = path.rename(tmp_path / digest)
    wheel = wheels.read(blob, filename="example-1.0-py3-none-any.whl")
    assert (blob, "example-1.0-py3-none-any.whl", digest) == (wheel.path, wheel.filename, wheel.sha256)


def test_tags_are_expanded(tmp_path):
    """Compressed sets of tags become all that they stand for."""
    wheel = wheels.read(make_wheel(tmp_path, tag="py2.py3-none-any"))
    assert ("py2-none-any", "py3-none-any") == wheel.metadata.tags


@pytest.mark.parametrize("native", [ELF, PE, MACH_O, MACH_O[3::-1] + MACH_O[4:], FAT_MACH_O])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_native_code_is_known_by_its_first_bytes(tmp_path, native, method):
    """Whatever its name, and though the wheel says py3-none-any."""
    wheel = wheels.read(
        make_wheel(tmp_path, {"a.py": b"", "data/blob.bin": File(content=native, method=method)})
    )
    assert wheel.metadata.native
    assert wheel.metadata.root_is_purelib
    assert not wheel.pure


@pytest.mark.parametrize(
    "content",
    [
        b"MZ is how this text begins" * 9,
        b"\x7fEL",
        struct.pack(">IHH", 0xCAFEBABE, 0, 61) + bytes(40),
        b"import os\n" * 20,
        b"PE\0\0" * 20,
        b"",
    ],
    ids=["text MZ", "short", "java class", "python", "PE not first", "empty"],
)
def test_what_only_looks_a_little_native_is_pure(tmp_path, content):
    """Text and Java classes run everywhere."""
    assert wheels.read(make_wheel(tmp_path, {"thing.so": content})).pure


def test_a_wheel_for_platlib_is_not_pure(tmp_path):
    """Root-Is-Purelib says what no look at members can."""
    assert not wheels.read(make_wheel(tmp_path, pure=False)).pure


@given(
    st.builds(
        wheels.Metadata,
        name=st.just("a"),
        version=st.text(max_size=3),
        requires=st.lists(st.text(max_size=3), max_size=2).map(tuple),
        requires_python=st.none() | st.text(max_size=3),
        native=st.booleans(),
    )
)
def test_a_wheel_survives_json(tmp_path_factory, metadata):
    """What is written to the store comes back equal."""
    path = tmp_path_factory.getbasetemp() / "a"
    wheel = wheels.Wheel(path=path, filename="a.whl", sha256="0" * 64, metadata=metadata)
    assert wheel == wheels.from_json(json.loads(json.dumps(wheels.to_json(wheel))), path)


DIST_INFO = "example-1.0.dist-info"
METADATA = b"Metadata-Version: 2.1\nName: example\nVersion: 1.0\n"
WHEEL = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({f"{DIST_INFO}/METADATA": METADATA.replace(b"example", b"other")}, "METADATA says other"),
        ({f"{DIST_INFO}/METADATA": METADATA.replace(b"1.0", b"1.1")}, "METADATA says 1.1"),
        (
            {f"{DIST_INFO}/METADATA": METADATA.replace(b"1.0", b"new")},
            "without a valid version: Invalid version: 'new'",
        ),
        ({f"{DIST_INFO}/METADATA": b"\n"}, "METADATA says nothing"),
        ({f"{DIST_INFO}/WHEEL": WHEEL.replace(b"1.0", b"2.0")}, "has Wheel-Version 2.0: only 1.x is known"),
        ({f"{DIST_INFO}/WHEEL": b"Tag: py3-none-any\n"}, "has Wheel-Version missing"),
        (
            {f"{DIST_INFO}/WHEEL": WHEEL.replace(b"any", b"win_amd64")},
            "any platform, but its WHEEL says: py3-none-win_amd64",
        ),
        ({"other-1.0.dist-info/METADATA": b""}, "example-1.0.dist-info, other-1.0.dist-info"),
    ],
)
def test_a_wheel_that_contradicts_itself_is_refused_by_name(tmp_path, files, what):
    """Its name, its .dist-info, METADATA and WHEEL must say the same."""
    with pytest.raises(ArchiveError, match=r"(?m)^example-1\.0-py3-none-any\.whl: ") as caught:
        wheels.read(make_wheel(tmp_path, files))
    assert what in str(caught.value)


def test_all_contradictions_are_said_at_once(tmp_path):
    """Whoever mends the build backend wants the whole list."""
    path = make_wheel(tmp_path).rename(tmp_path / "other-2.0-py3-none-any.whl")
    with pytest.raises(ArchiveError) as caught:
        wheels.read(path)
    assert 3 == len(caught.value.faults)


@pytest.mark.parametrize("missing", ["METADATA", "WHEEL", "RECORD"])
def test_a_wheel_without_one_of_the_three_files_is_refused(tmp_path, missing):
    """Installers need them all."""
    whole = make_wheel(tmp_path / "whole")
    with zipfile.ZipFile(whole) as archive:
        files = {name: archive.read(name) for name in archive.namelist() if not name.endswith(missing)}
    with pytest.raises(ArchiveError, match=f"has no {missing}"):
        wheels.read(make_zip(tmp_path / whole.name, files))


def test_a_name_that_is_a_path_is_refused(tmp_path):
    """An index may call a file so; where wheels are installed from, the name is that of a file."""
    path = make_wheel(tmp_path)
    with pytest.raises(ArchiveError, match="is named by a path"):
        wheels.read(path, filename="example-1.0-py3-none-/../../any.whl")


@pytest.mark.parametrize("name", ["example.whl", "example-1.0.zip", "example-1.0-any.whl"])
def test_a_file_that_is_not_named_as_a_wheel_is_refused(tmp_path, name):
    """The name is what installers choose by."""
    with pytest.raises(ArchiveError, match="does not have a wheel's file name"):
        wheels.read(make_wheel(tmp_path).rename(tmp_path / name))


@pytest.mark.parametrize("tag", ["cp311-cp311-linux_x86_64", "py3-none-any"])
def test_tags_are_those_of_the_name(tmp_path, tag):
    """Published wheels say less in WHEEL than in their names, and installers go by the name."""
    path = make_wheel(tmp_path, tag=tag, pure=False)
    renamed = path.rename(tmp_path / "example-1.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.whl")
    expected = ("cp311-cp311-manylinux2014_x86_64", "cp311-cp311-manylinux_2_17_x86_64")
    assert expected == wheels.read(renamed).metadata.tags


def test_versions_are_compared_as_versions(tmp_path):
    """1.0.0-RC1 and 1.0rc1 are one."""
    path = make_wheel(tmp_path, {}, name="example", version="1.0.0rc1")
    assert (
        "1.0.0rc1" == wheels.read(path.rename(tmp_path / "example-1.0rc1-py3-none-any.whl")).metadata.version
    )


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06"])
def test_what_is_no_zip_is_refused_by_name(tmp_path, content):
    """A page of an index's error text, say."""
    path = tmp_path / "example-1.0-py3-none-any.whl"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match=r"^example-1\.0-py3-none-any\.whl: is not a zip file"):
        wheels.read(path)


def test_a_wheel_that_is_not_there_is_an_error_of_the_store(tmp_path):
    """Not a traceback."""
    with pytest.raises(StoreError, match="No such file"):
        wheels.read(tmp_path / "example-1.0-py3-none-any.whl")


CONTENTS: dict[str, File | bytes] = {
    "pkg/__init__.py": b"x = 1\n" * 50,
    "pkg/data.bin": bytes(range(256)),
    "pkg/empty": b"",
    "example-1.0.data/scripts/tool": File(content=b"#!python\n", mode=0o100755),
}


def canonical(tmp_path, wheel):
    """The canonical form of `wheel`."""
    (tmp_path / "out").mkdir(parents=True, exist_ok=True)
    destination = tmp_path / "out" / wheel.name
    wheels.canonicalise(wheel, destination)
    return destination


def test_the_canonical_form_depends_on_members_alone(tmp_path):
    """Not on their order, dates, modes beyond the executable bit, or how they were compressed."""
    one = canonical(tmp_path / "one", make_wheel(tmp_path / "one", CONTENTS)).read_bytes()
    other = {
        name: File(
            content=file.content if isinstance(file, File) else file,
            mode=0o100775 if isinstance(file, File) else 0o100600,
            method=zipfile.ZIP_STORED,
            date=(1999, 1, 2, 3, 4, 6),
        )
        for name, file in reversed(CONTENTS.items())
    }
    two = canonical(tmp_path / "two", make_wheel(tmp_path / "two", other)).read_bytes()
    assert one == two


def test_the_canonical_form_is_its_own(tmp_path):
    """A second time changes nothing."""
    once = canonical(tmp_path / "once", make_wheel(tmp_path / "once", CONTENTS))
    assert once.read_bytes() == canonical(tmp_path / "twice", once).read_bytes()


def test_the_canonical_form_is_sorted_dated_and_moded(tmp_path):
    """By name; 1980-01-01; 0644, and 0755 where something was executable."""
    with zipfile.ZipFile(canonical(tmp_path, make_wheel(tmp_path, CONTENTS))) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
    assert sorted(info.filename for info in infos) == [info.filename for info in infos]
    assert {(1980, 1, 1, 0, 0, 0)} == {info.date_time for info in infos}
    executable = [info.filename for info in infos if info.external_attr >> 16 == 0o100755]
    assert ["example-1.0.data/scripts/tool"] == executable
    assert {0o100644, 0o100755} == {info.external_attr >> 16 for info in infos}


def test_the_canonical_form_leaves_out_what_is_not_the_wheels(tmp_path):
    """Folders, bytecode, where it was built, and signatures of a RECORD that changed."""
    extra = {
        "pkg/": b"",
        "pkg/__pycache__/__init__.cpython-311.pyc": b"stale",
        f"{DIST_INFO}/direct_url.json": b"{}",
        f"{DIST_INFO}/RECORD.jws": b"{}",
    }
    with zipfile.ZipFile(canonical(tmp_path, make_wheel(tmp_path, {**CONTENTS, **extra}))) as archive:
        names = set(archive.namelist())
    assert {*CONTENTS, *(f"{DIST_INFO}/{name}" for name in ("METADATA", "WHEEL", "RECORD"))} == names


def test_the_canonical_record_says_what_is_there(tmp_path):
    """Sorted, each file but itself with its hash and size, whatever the old one said."""
    path = make_wheel(tmp_path, {**CONTENTS, f"{DIST_INFO}/RECORD": b"lies,sha256=x,1\n"})
    with zipfile.ZipFile(canonical(tmp_path, path)) as archive:
        rows = list(csv.reader(archive.read(f"{DIST_INFO}/RECORD").decode().splitlines()))
        expected = [
            [name, *hash_and_size(archive.read(name))]
            for name in sorted(archive.namelist())
            if not name.endswith("RECORD")
        ]
    assert [*expected, [f"{DIST_INFO}/RECORD", "", ""]] == rows


def test_a_damaged_wheel_is_not_made_canonical(tmp_path):
    """Every member's checksum is looked at, and nothing is left of the attempt."""
    path = make_wheel(tmp_path, {"pkg.py": File(content=b"abcdef", method=zipfile.ZIP_STORED)})
    path.write_bytes(path.read_bytes().replace(b"abcdef", b"abcdeX"))
    with pytest.raises(ArchiveError, match=r"pkg\.py: is damaged"):
        canonical(tmp_path, path)
    assert [] == list((tmp_path / "out").iterdir())


NAMES = st.text("abé _-.", min_size=1, max_size=6).filter(lambda name: name.strip(".") and "/" not in name)


@given(files=st.dictionaries(NAMES.map(lambda name: f"pkg/{name}"), st.binary(max_size=200), max_size=6))
@settings(max_examples=40, deadline=None)
def test_the_canonical_form_keeps_every_byte_and_is_a_wheel(tmp_path_factory, files):
    """Any members come through, and the installer's own validation accepts what comes out."""
    from installer.sources import WheelFile

    folder = tmp_path_factory.mktemp("wheel")
    path = canonical(folder, make_wheel(folder, files))
    with WheelFile.open(path) as source:
        source.validate_record()
    with zipfile.ZipFile(path) as archive:
        assert files == {name: archive.read(name) for name in files}
    assert wheels.read(path).pure


def test_no_path_of_a_neighbour_is_left(tmp_path):
    """What hatch and poetry-core make of a package beside it is its name again; all else stays as it is."""
    lines = [
        "Requires-Dist: My_Lib[fast] @ file:///home/somebody/mono/my-lib ; python_version >= '3.9'",
        "Requires-Dist: stranger @ file:///opt/stranger",
        "Requires-Dist: requests >=2",
        "Description-Content-Type: text/plain",
        "",
        "Requires-Dist: my-lib @ file:///in/the/description",
    ]
    wheel = make_wheel(tmp_path / "in", metadata=lines)
    wheels.canonicalise(wheel, tmp_path / "out.whl", neighbours={"my-lib"})
    found = wheels.read(tmp_path / "out.whl", filename=wheel.name)

    assert (
        'My_Lib[fast]; python_version >= "3.9"',
        "stranger @ file:///opt/stranger",
        "requests >=2",
    ) == found.metadata.requires
    with zipfile.ZipFile(tmp_path / "out.whl") as archive:
        text = archive.read("example-1.0.dist-info/METADATA").decode()
    assert ("home/somebody" not in text, "in/the/description" in text) == (True, True)


def test_poetry_s_alternatives_are_written_as_others_read_them(tmp_path):
    """Where there are words for it; what is no requirement stays."""
    lines = [
        "Requires-Dist: six (>=1.15,<2.0 || >=2.0,<3.0) ; extra == 'x'",
        "Requires-Dist: odd (1.0 || 2.0)",
        "Summary: this || that",
        "",
        "Requires-Dist: six (>=1,<2 || >=2,<3)",
    ]
    wheel = make_wheel(tmp_path / "in", metadata=lines)
    wheels.canonicalise(wheel, tmp_path / "out.whl")
    found = wheels.read(tmp_path / "out.whl", filename=wheel.name)

    assert ("six>=1.15,<3.0; extra == 'x'", "odd (1.0 || 2.0)") == found.metadata.requires
    with zipfile.ZipFile(tmp_path / "out.whl") as archive:
        text = archive.read("example-1.0.dist-info/METADATA").decode()
    assert ("this || that" in text, "six (>=1,<2 || >=2,<3)" in text) == (True, True)


def test_metadata_beyond_all_bounds_are_not_read(tmp_path):
    """A small file can have gigabytes of them, and parsing takes many times as much."""
    path = make_wheel(tmp_path, metadata=["X: " + "a" * (9 << 20)])
    with pytest.raises(ArchiveError, match=r"has a METADATA of 94\d+ bytes: more than 8388608 are not read"):
        wheels.read(path)
    many = {"example-1.0.dist-info/RECORD": b"a,," + b"\n" * (64 << 20)}
    with pytest.raises(ArchiveError, match=r"has a RECORD of \d+ bytes: more than 67108864 are not read"):
        wheels.read(make_wheel(tmp_path, many))


@pytest.mark.parametrize(
    "more", [b"\xffy3-none-any", b"py3", b".".join([b"a"] * 900) + b"-b-c.d", b"a-b-c-d"]
)
def test_a_tag_that_is_none_says_nothing(tmp_path, more):
    """Nor does a line that stands for more of them than any wheel has."""
    path = make_wheel(tmp_path, {f"{DIST_INFO}/WHEEL": WHEEL + b"Tag: " + more + b"\n"})
    assert ("py3-none-any",) == wheels.read(path).metadata.tags
